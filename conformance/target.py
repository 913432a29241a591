"""What is under test: cards by their kind, the way to them, and what may be done to them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bifente.apdu.link import Link
from bifente.conformance.errors import ConformanceError, SerialMissing
from bifente.layouts.registry import layout_of
from bifente.reader.slots.twoslot import TwoSlotReader


class ColdLink(Link, Protocol):
    """A link that can also take the supply of the card away."""

    def cold_reset(self) -> bytes:
        """Take the supply away and give it back. Returns the ATR."""


class Hands(Protocol):
    """Whoever takes cards out of their slots and puts them back. Nobody does it with a real reader."""

    def take_out(self, kind: str) -> None:
        """The card of that kind leaves its slot."""

    def put_back(self, kind: str) -> None:
        """It comes back."""


@dataclass(frozen=True, slots=True)
class CardUnderTest:
    """One card. *pin* and *puk* are its digits, None when nobody has told them; they never show.

    *real*: its data are those of a person, or may be. They never stand in a report.
    """

    kind: str
    place: str
    """The slot or the PC/SC reader it is in."""
    pin: bytes | None = field(default=None, repr=False)
    puk: bytes | None = field(default=None, repr=False)
    real: bool = False


def card_under_test(
    kind: str, place: str, pin: bytes | None, puk: bytes | None, *, real: bool = False
) -> CardUnderTest:
    """A card with its digits, which count only for a kind that has a PIN."""
    has_pin = bool(layout_of(kind).pins)
    return CardUnderTest(kind, place, pin if has_pin else None, puk if has_pin else None, real)


class ConformanceTarget(ABC):
    """Cards in one reader. ``name`` stands in reports."""

    name: str
    cards: Mapping[str, CardUnderTest]
    destructive: bool = False
    """PIN tries and PUK uses may be consumed, files written."""
    pcsc: bool = False
    """The reader is reached through PC/SC: its API can be examined. ``place`` is then a PC/SC reader's name."""
    hands: Hands | None = None

    @abstractmethod
    def link(self, kind: str) -> ColdLink:
        """A link to the card of that kind. Raises LinkError."""


class InProcessTarget(ConformanceTarget):
    """Cards in a reader of this process; no PC/SC is needed."""

    def __init__(
        self, reader: TwoSlotReader, cards: Mapping[str, CardUnderTest], *, name: str = "in process"
    ) -> None:
        self.name = name
        self.reader = reader
        self.cards = cards
        self.destructive = True
        self.hands = ReaderHands(reader, cards)

    def link(self, kind: str) -> ColdLink:
        """A link to the card in its slot."""
        return self.reader.link(self.cards[kind].place)


class PcscTarget(ConformanceTarget):
    """Cards behind PC/SC readers: a real reader, or an emulated one over its socket."""

    def __init__(
        self,
        cards: Mapping[str, CardUnderTest],
        *,
        name: str,
        destructive: bool = False,
        hands: Hands | None = None,
    ) -> None:
        self.name = name
        self.cards = cards
        self.destructive = destructive
        self.hands = hands
        self.pcsc = True

    def link(self, kind: str) -> ColdLink:
        """A shared link to the card in its PC/SC reader."""
        from bifente.conformance.pcsc.functions import PcscLink

        return PcscLink(self.cards[kind].place)


class ReaderHands:
    """Hands at a reader of this process, whose slots hold the cards at *places* (kind → slot)."""

    def __init__(self, reader: TwoSlotReader, cards: Mapping[str, CardUnderTest] | Mapping[str, str]) -> None:
        self._reader = reader
        self._slots = {kind: card if isinstance(card, str) else card.place for kind, card in cards.items()}
        self._held = {slot: card for slot in self._slots.values() if (card := reader.card(slot)) is not None}

    def take_out(self, kind: str) -> None:
        """Remove the card, unless it is out."""
        if self._reader.card(self._slots[kind]) is not None:
            self._reader.remove(self._slots[kind])

    def put_back(self, kind: str) -> None:
        """Insert the card, unless it is in."""
        slot = self._slots[kind]
        if self._reader.card(slot) is None:
            self._reader.insert(slot, self._held[slot])


def serial_of(link: Link, kind: str) -> str:
    """The serial number of a card: eight digits of a CPS or of the number of a Vitale; its ATR for others.

    Raises TerminalError, LinkError.
    """
    from bifente.terminal.sessions import session_of

    session = session_of(kind, link)
    return session.serial() if session is not None else link.atr.hex().upper()


def require_pin(target: ConformanceTarget) -> None:
    """Present each PIN once: a wrong one must not be presented by case after case until the card is blocked.

    Raises ConformanceError when only one try is left or nobody knows how to present it, WrongPin or PinBlocked.
    """
    from bifente.terminal import CpsSession
    from bifente.terminal.sessions import session_of

    for kind, card in target.cards.items():
        if card.pin is None:
            continue
        link = target.link(kind)
        try:
            session = session_of(kind, link)
            if not isinstance(session, CpsSession):
                raise ConformanceError(f"nothing here presents the PIN of a card of kind {kind}")
            if session.pin_status().tries_left == 1:
                raise ConformanceError(
                    "the PIN has one try left, which is not risked",
                    hint="present it with other software first",
                )
            session.verify_pin(card.pin)
        finally:
            link.close()


def require_serial(target: ConformanceTarget, serial: str | None) -> None:
    """Refuse a real card other than the one of that serial number, and one when no serial is given.

    A card that somebody works with must not be tested by mistake. Raises ConformanceError, LinkError, TerminalError.
    """
    found = {}
    for kind, card in target.cards.items():
        if card.real:
            link = target.link(kind)
            try:
                found[kind] = serial_of(link, kind)
            finally:
                link.close()
    if found and serial is None:
        raise SerialMissing(
            "a real card is tested only when its serial number is given", hint="read it from the card"
        )
    others = [number for number in found.values() if number != serial]
    if others:
        raise ConformanceError(
            f"this is not the card {serial}", hint="the card in the reader has another serial number"
        )
