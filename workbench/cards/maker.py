"""Emulated cards in memory: made once from a profile, then as fresh as often as a test wants one."""

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

from bifente.applets import SmartCard, card_of
from bifente.applets.perso import personalise, read_profile
from bifente.applets.perso.make.build import needs_issuer
from bifente.applets.store.stores import MemoryStore
from bifente.crypto import rsa
from bifente.igc import Authority

PIN: Final = b"1234"
PUK: Final = b"12345678"
"""What the shipped profiles set."""

Records = dict[str, bytes]


class CardMaker:
    """Makes cards of profiles (shipped ones by name, others by the path of their file), all of one authority.

    Without an *authority* one is made in a temporary folder, with short CA keys; nobody outside trusts it.
    Card keys are generated once for each profile: cards of the same profile share keys and serial number, and are
    otherwise each their own.
    """

    def __init__(self, authority: Authority | None = None, *, today: date | None = None) -> None:
        self._authority = authority
        self.today = today or date.today()
        self._made: dict[str, tuple[str, Records]] = {}

    @property
    def authority(self) -> Authority:
        """The authority that certifies the cards, made when first needed."""
        if self._authority is None:
            folder = tempfile.mkdtemp(prefix="bifente-igc-")
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            self._authority = Authority.init(Path(folder) / "T", key_source=lambda _bits: rsa.generate())
        return self._authority

    def records(self, profile: str) -> tuple[str, Records]:
        """Kind and records of a card of *profile*. Raises PersoError."""
        if profile not in self._made:
            read = read_profile(profile)
            issuer = self.authority if needs_issuer(read) else None
            self._made[profile] = (read.kind, personalise(read, issuer, today=self.today))
        return self._made[profile]

    def card(self, profile: str, changes: Mapping[str, bytes] | None = None) -> SmartCard:
        """A fresh card of *profile*; *changes* replace records, as ``{"pin/01/left": b"\\0"}`` blocks the PIN."""
        kind, records = self.records(profile)
        return card_of(MemoryStore({**records, **(changes or {})}), kind)


_maker: CardMaker | None = None


def emulated_card(profile: str = "gp") -> SmartCard:
    """A fresh card of *profile*, in memory and without supply; its PIN is 1234, its PUK 12345678.

    A profile is a shipped one by its name, or the path of a file. Every card of a process is of one authority that nobody
    outside trusts. Raises PersoError, DocumentError.
    """
    global _maker  # noqa: PLW0603 - one authority for the process: cards of two would not recognise each other
    if _maker is None:
        _maker = CardMaker()
    return _maker.card(profile)
