"""Cards of the shipped profiles under a throw-away TEST authority, made once in a process."""

import atexit
import shutil
import tempfile
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from bifente.applets import SmartCard, card_of
from bifente.applets.perso import personalise, read_profile
from bifente.applets.perso.cardrecords import meta_of
from bifente.applets.store.stores import MemoryStore
from bifente.crypto import rsa
from bifente.igc import Authority

TODAY = date(2026, 11, 23)


@cache
def authority(environment: str = "T") -> Authority:
    """An authority whose keys have 2048 bits where a real one has 4096, for speed."""
    folder = Path(tempfile.mkdtemp(prefix="bifente-test-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Authority.init(
        folder / "igc", environment=environment, key_source=lambda _bits: rsa.generate(2048)
    )


@cache
def records(profile: str) -> Mapping[str, bytes]:
    """The records of a shipped profile."""
    return personalise(read_profile(profile), authority(), today=TODAY)


def issued(profile: str) -> SmartCard:
    """A fresh, powered card of a shipped profile, in memory."""
    made = card_of(MemoryStore(records(profile)), meta_of(dict(records(profile))).kind)
    made.power_on()
    return made
