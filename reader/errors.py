"""What can go wrong with a reader itself; the failures of a link are those of ``bifente.apdu.link``."""

from typing import Final

from bifente.apdu.link import CardRemoved, LinkError, ReaderGone


class ReaderError(Exception):
    """A request that a reader refuses. Nothing has changed. ``hint`` says what a person can do; it may be empty."""

    kind: str = "input"
    hint: str = ""


class UnknownReader(LinkError):
    """PC/SC knows no reader of that name; it may never have been there."""

    kind = "no-card.unknown-reader"

    def __init__(self, reader: str) -> None:
        super().__init__(f"PC/SC knows no reader {reader}")
        self.reader = reader


class ServiceAbsent(LinkError):
    """No PC/SC service answers: it does not run, or may not be used."""

    kind = "no-card.no-service"
    hint = "start it (systemctl start pcscd.socket)"

    def __init__(self, reason: str) -> None:
        super().__init__(f"no PC/SC service answers ({reason.rstrip('.')})")


class UnknownSlot(ReaderError):
    """The reader has no slot of that name."""

    def __init__(self, slot: str, slots: tuple[str, ...]) -> None:
        super().__init__(f"no slot {slot}; this reader has {', '.join(slots)}")
        self.slot = slot


class SlotOccupied(ReaderError):
    """There is a card in the slot already."""

    def __init__(self, slot: str) -> None:
        super().__init__(f"slot {slot} holds a card already")
        self.slot = slot


class DuplicateCard(ReaderError):
    """The card, or another of the same serial number, is in a slot already: middleware would take them for one."""

    def __init__(self, serial: str | None, slot: str) -> None:
        what = "this card" if serial is None else f"a card with serial number {serial}"
        super().__init__(f"{what} is in slot {slot} already")
        self.hint = "give two different cards; a clone is the same card to every reader"
        self.serial = serial
        self.slot = slot


class CardMute(LinkError):
    """The card does not start again after a reset or at the return of its supply: its file is gone or taken, say."""

    def __init__(self, slot: str, reason: Exception) -> None:
        super().__init__(f"the card in slot {slot} does not start: {reason}")
        self.slot = slot


class CardPulled(CardRemoved):
    """Raised by a card that is pulled out: the reader takes it out, and puts it in again after *seconds*, unless None."""

    def __init__(self, slot: str, seconds: float | None = None) -> None:
        super().__init__(slot)
        self.seconds = seconds


class ReaderUnplugged(ReaderGone):
    """Raised by a card whose reader is unplugged: the reader goes, and comes back after *seconds*, unless None."""

    def __init__(self, reader: str, seconds: float | None = None) -> None:
        super().__init__(reader)
        self.seconds = seconds


MAX_DOWN: Final = 30.0
"""Seconds for which a PC/SC service may be gone: clients that ask for a change wait no longer."""


class ServiceRestarts(LinkError):
    """Raised by a card under whose command the PC/SC service ends; it is there again after *seconds*."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__("the PC/SC service restarts")
        self.seconds = seconds


class SlotInUse(LinkError):
    """Another link excludes this one: one of the two wants the card for itself."""

    def __init__(self, slot: str) -> None:
        super().__init__(f"the card in slot {slot} is in exclusive use")
        self.slot = slot


class ProtocolMismatch(LinkError):
    """The card does not speak the transmission protocol that was asked for."""

    def __init__(self, slot: str, wanted: str, offered: str) -> None:
        super().__init__(f"the card in slot {slot} speaks {offered}, not {wanted}")
        self.slot = slot


class CardWasReset(LinkError):
    """Somebody else has reset the card since this link last looked: what was proven to it holds no more.

    Only links that asked to be told raise it, for each command until they reset the card or say that they know.
    """

    def __init__(self, slot: str) -> None:
        super().__init__(f"the card in slot {slot} was reset by another")
        self.slot = slot
