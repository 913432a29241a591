"""What stands behind the calls: two slots of a reader, its clock, and who is trusted.

This room knows no reader: it is given links and cannot tell an emulated card from a replayed trace or from plastic.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from bifente.apdu.cvc import CvKey
from bifente.apdu.link import Link
from bifente.slotted import dataclass


@dataclass(frozen=True, slots=True)
class CardPresence:
    """Whether a card is in a slot, and a number that changes with every insertion, removal and reset."""

    present: bool
    epoch: int


class CardSlot(Protocol):
    """One slot of the reader. Methods raise LinkError kinds."""

    def link(self) -> Link:
        """A new link to the card that is there now."""

    def state(self) -> CardPresence:
        """What is in the slot now."""

    def power_on(self) -> bytes:
        """Cold reset. Returns the ATR."""

    def power_off(self) -> None:
        """Take the supply away until the next command or reset."""


class ReaderClock:
    """The clock of the reader: that of *now*, and how far it was set from it."""

    def __init__(self, now: Callable[[], datetime] = datetime.now) -> None:
        self._now = now
        self._lock = Lock()
        self._offset = timedelta()

    def read(self) -> datetime:
        """Date and time of the reader."""
        with self._lock:
            return self._now() + self._offset

    def set(self, moment: datetime) -> None:
        """From now on it is *moment*."""
        with self._lock:
            self._offset = moment - self._now()


class NothingOpposed:
    """No list of opposed cards: none is."""

    empty = True

    def professional(self, _serial: str) -> bool:
        """Whether a CPS is opposed."""
        return False

    def insured(self, _serial: str) -> bool:
        """Whether a carte Vitale is opposed."""
        return False


class Oppositions(Protocol):
    """Whether a card is on the list of opposed ones, by its serial number."""

    @property
    def empty(self) -> bool:
        """No card is: nobody needs to read a serial number."""

    def professional(self, serial: str, /) -> bool:
        """Whether a CPS is opposed."""

    def insured(self, serial: str, /) -> bool:
        """Whether a carte Vitale is opposed."""


@dataclass(frozen=True, slots=True)
class CardDesk:
    """The two slots, the clock, the keys of the authorities (none: the cards judge alone) and the opposed cards."""

    cps: CardSlot
    vitale: CardSlot
    clock: ReaderClock
    anchors: Collection[CvKey] = ()
    opposed: Oppositions = NothingOpposed()
