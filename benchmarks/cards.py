"""The cards that the benchmarks use: shipped profiles under a throw-away TEST authority, in memory."""

import atexit
import shutil
import tempfile
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from bifente.applets import SmartCard, card_of
from bifente.applets.kinds import kind_of
from bifente.applets.perso import personalise, read_profile
from bifente.applets.store.stores import MemoryStore
from bifente.crypto import rsa
from bifente.igc import Authority

TODAY = date(2026, 11, 23)


@cache
def authority() -> Authority:
    """Keys of 2048 bits where a real one has 4096: no benchmark here measures issuing."""
    folder = Path(tempfile.mkdtemp(prefix="bifente-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Authority.init(folder / "igc", key_source=lambda _bits: rsa.generate(2048))


@cache
def records(profile: str) -> Mapping[str, bytes]:
    """A shipped profile, personalised."""
    return personalise(read_profile(profile), authority(), today=TODAY)


def powered(profile: str) -> SmartCard:
    """A fresh powered card of a shipped profile."""
    card = card_of(MemoryStore(records(profile)), kind_of(records(profile)))
    card.power_on()
    return card
