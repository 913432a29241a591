"""The slots: the two-slot reader in process, the links to its cards, and the T=0 front before them."""

from bifente.apdu.facets import HasSerial
from bifente.reader.errors import (
    CardMute,
    CardWasReset,
    DuplicateCard,
    ProtocolMismatch,
    ReaderError,
    SlotInUse,
    SlotOccupied,
    UnknownSlot,
)
from bifente.reader.slots.events import SlotChange, SlotEvent, Subscription
from bifente.reader.slots.link import SlotLink
from bifente.reader.slots.twoslot import CPS_SLOT, VITALE_SLOT, SlotStatus, TwoSlotReader
from bifente.reader.wrappers.t0front import T0Front

__all__ = [
    "CPS_SLOT",
    "VITALE_SLOT",
    "CardMute",
    "CardWasReset",
    "DuplicateCard",
    "HasSerial",
    "ProtocolMismatch",
    "ReaderError",
    "SlotChange",
    "SlotEvent",
    "SlotInUse",
    "SlotLink",
    "SlotOccupied",
    "SlotStatus",
    "Subscription",
    "T0Front",
    "TwoSlotReader",
    "UnknownSlot",
]
