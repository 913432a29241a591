"""A card handle, and the refusal of a PC/SC call."""

from typing import TYPE_CHECKING

from bifente.reader.pcsclite.codes import Rv

if TYPE_CHECKING:
    from bifente.reader.pcsclite.slot import PcscSlot


class ClientGone(Exception):
    """The client has closed its end, or is to lose its connection without an answer."""


class Refused(Exception):
    """A PC/SC call that fails with :attr:`rv`."""

    def __init__(self, rv: Rv) -> None:
        super().__init__(rv.name)
        self.rv = rv


class Handle:
    """A card handle (SCARDHANDLE) of one client."""

    __slots__ = ("event", "gone", "number", "slot")

    def __init__(self, number: int, slot: "PcscSlot") -> None:
        self.number = number
        self.slot = slot
        self.event: Rv | None = None
        """RESET_CARD or REMOVED_CARD until the handle is reconnected."""
        self.gone = False
        """Its reader was unplugged: the handle is good for nothing any more, though the reader may be back."""
