"""The slots of a reader of ours as the calls need them."""

from bifente.apdu.link import Link, ReaderGone
from bifente.reader import TwoSlotReader
from bifente.sesam.desk import CardPresence

_RESETS = 1 << 32


class BenchSlot:
    """One slot of *reader*."""

    def __init__(self, reader: TwoSlotReader, slot: str) -> None:
        self._reader = reader
        self._slot = slot

    def link(self) -> Link:
        """A new link to the card that is there now."""
        return self._reader.link(self._slot)

    def state(self) -> CardPresence:
        """What is in the slot now."""
        status = self._reader.status(self._slot)
        if not status.plugged:
            raise ReaderGone(self._reader.name)
        return CardPresence(status.present, status.counter * _RESETS + status.resets)

    def power_on(self) -> bytes:
        """Cold reset. Returns the ATR."""
        return self._reader.cold_reset(self._slot)

    def power_off(self) -> None:
        """Take the supply away."""
        self._reader.power_off(self._slot)
