"""What is under test: cards by their kind, the way to them, and what may be done to them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from bifente.apdu.link import Link
from bifente.conformance.errors import ConformanceError
from bifente.reader.twoslot import TwoSlotReader


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


class Target(ABC):
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


class InProcessTarget(Target):
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


class PcscTarget(Target):
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
        from bifente.conformance.pcsc import PcscLink

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


@runtime_checkable
class Serialised(Protocol):
    """A session that knows its card's serial number."""

    def serial(self) -> str:
        """The serial number."""


def serial_of(link: Link, kind: str) -> str:
    """The serial number of a card: eight digits of a CPS or of the number of a Vitale; its ATR for others.

    Raises TerminalError, LinkError.
    """
    from bifente.terminal import CpsSession, VitaleSession

    if kind == "cps3":
        return CpsSession(link).serial()
    if kind == "vitale2":
        return VitaleSession(link).pan()[5:9].hex()
    return link.atr.hex().upper()


def require_pin(target: Target) -> None:
    """Present the PIN of each CPS once: a wrong one must not be presented by case after case until the card is blocked.

    Raises ConformanceError when only one try is left, WrongPin or PinBlocked.
    """
    from bifente.terminal import CpsSession

    for kind, card in target.cards.items():
        if kind != "cps3" or card.pin is None:
            continue
        link = target.link(kind)
        try:
            session = CpsSession(link)
            if session.pin_status().tries_left == 1:
                raise ConformanceError(
                    "the PIN has one try left, which is not risked",
                    hint="present it with other software first",
                )
            session.verify_pin(card.pin)
        finally:
            link.close()


def require_serial(target: Target, serial: str | None) -> None:
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
        raise ConformanceError(
            "a real card is tested only when its serial number is given",
            hint="read it from the card and give it with --serial",
        )
    others = [number for number in found.values() if number != serial]
    if others:
        raise ConformanceError(
            f"this is not the card {serial}", hint="the card in the reader has another serial number"
        )
