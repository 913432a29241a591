"""The two protocols on which everything composes, and the errors of a link.

A *card* is what a slot holds; a *link* is what a terminal holds. Emulated cards, relayed real cards and replayed
traces are cards; recorders, fault injectors and the T=0 front are cards around a card.
"""

from contextlib import AbstractContextManager
from enum import IntEnum
from typing import Protocol, runtime_checkable


class TransmissionProtocol(IntEnum):
    """The transmission protocol of a contact card (ISO/IEC 7816-3:2006 §8.2.3), as bits in PC/SC's order."""

    T0 = 1
    T1 = 2


@runtime_checkable
class Card(Protocol):
    """What a slot holds. Not thread-safe: whoever holds it serialises the calls."""

    def power_on(self) -> bytes:
        """Cold reset. Returns the ATR (2 to 33 bytes)."""

    def reset(self) -> bytes:
        """Warm reset. Returns the ATR."""

    def power_off(self) -> None:
        """Remove the supply: volatile state is gone, the card is at rest."""

    def transmit(self, command: bytes, /) -> bytes:
        """Answer one command APDU of any content; the answer has at least two bytes (data and status word)."""


@runtime_checkable
class Link(Protocol):
    """What a terminal holds: one card in one slot. Raises only :class:`LinkError` kinds."""

    @property
    def atr(self) -> bytes:
        """The ATR of the card's last reset."""

    @property
    def protocol(self) -> TransmissionProtocol:
        """The protocol that was chosen with the card."""

    def transmit(self, command: bytes, /) -> bytes:
        """Send one command APDU, return the answer (at least two bytes)."""

    def transaction(self) -> AbstractContextManager[None]:
        """Exclusive use of the card while the block runs."""

    def reset(self) -> bytes:
        """Warm reset. Returns the ATR."""

    def close(self) -> None:
        """Let go of the card. A closed link answers with :class:`CardRemoved`. Closing twice is allowed."""


class LinkError(Exception):
    """The link to a card failed; nothing is known of the last command's effect."""

    kind: str = "no-card"


class CardAbsent(LinkError):
    """There is no card in the slot."""

    def __init__(self, slot: str) -> None:
        super().__init__(f"no card in slot {slot}")
        self.slot = slot


class CardRemoved(LinkError):
    """The card left the slot while the link was open."""

    def __init__(self, slot: str) -> None:
        super().__init__(f"the card was removed from slot {slot}")
        self.slot = slot


class ReaderGone(LinkError):
    """The reader itself went away."""

    def __init__(self, reader: str) -> None:
        super().__init__(f"reader {reader} is gone")
        self.reader = reader


class LinkTimeout(LinkError):
    """The card or the reader did not answer in time."""

    def __init__(self, what: str, seconds: float | None) -> None:
        """*seconds* is None where nobody says how long was waited."""
        super().__init__(f"{what}: no answer {'in time' if seconds is None else f'within {seconds:g} s'}")
        self.what = what
        self.seconds = seconds
