"""What a card may tell beside answering, and the base of what stands around a card.

A *facet* is something that some cards have and a slot or a terminal can use: a serial number, the word that it is spoken
to in TPDUs, the reason of a refusal (:class:`~bifente.apdu.refusal.ExplainsRefusals`). Each is a declared protocol here or
where its values are declared. Whoever asks calls the facet's function, which has an answer for a card without it.

:class:`CardAround` passes all of them on. A new facet is a protocol, a function, and a property there: every wrapper
then has it.
"""

from typing import Protocol, runtime_checkable

from bifente.apdu.link import Card
from bifente.apdu.refusal import ExplainsRefusals, Refusal


@runtime_checkable
class HasSerial(Protocol):
    """A card that tells its serial number, so that a reader can refuse to hold it twice."""

    @property
    def serial(self) -> str | None:
        """The serial number as the card's holder would read it; None when it has none to tell."""


@runtime_checkable
class SpeaksTpdu(Protocol):
    """A card that may be spoken to in TPDUs of T=0, as a real one is: no front has to stand before it."""

    @property
    def speaks_tpdu(self) -> bool:
        """It answers ``61xx`` and ``6Cxx`` and knows GET RESPONSE; some cards know it only once they are powered."""


@runtime_checkable
class CountsResets(Protocol):
    """A link that knows of the resets of its card, also of those that others have made."""

    @property
    def resets(self) -> int:
        """How often the card has been reset since its insertion, by whomsoever: security states end there."""


def serial_of(card: object) -> str | None:
    """The serial number of *card*; None when it has none to tell."""
    return card.serial if isinstance(card, HasSerial) else None


def speaks_tpdu(card: object) -> bool:
    """True for a card that takes TPDUs of T=0; False for one that does not say so."""
    return isinstance(card, SpeaksTpdu) and card.speaks_tpdu


class CardAround:
    """A ``Card`` around a ``Card``: passes each call and each facet on to the card inside.

    Recorders, fault injectors, latency and the T=0 front derive from it and override what they change.
    """

    __slots__ = ("_card", "_explains")

    def __init__(self, card: Card) -> None:
        self._stand_around(card)

    def _stand_around(self, card: Card) -> None:
        """Let *card* be the one inside. Its explanations are looked for once, for they are wanted at every command."""
        self._card = card
        self._explains = card if isinstance(card, ExplainsRefusals) else None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._card!r})"

    @property
    def serial(self) -> str | None:
        """The serial number of the card inside, when it tells one."""
        return serial_of(self._card)

    @property
    def speaks_tpdu(self) -> bool:
        """The card inside needs no T=0 front: it is spoken to in TPDUs already."""
        return speaks_tpdu(self._card)

    @property
    def last_refusal(self) -> Refusal | None:
        """Why the last command was answered as it was, when the card inside says so."""
        return None if self._explains is None else self._explains.last_refusal

    def _refusal_behind(self, answer: bytes) -> Refusal | None:
        """Why the card inside gave *answer*; None when its last refusal is another one's, or it keeps silent."""
        if self._explains is None:
            return None
        refusal = self._explains.last_refusal
        return refusal if refusal is not None and refusal.sw.to_bytes_be() == answer[-2:] else None

    def power_on(self) -> bytes:
        """Cold reset of the card inside."""
        return self._card.power_on()

    def reset(self) -> bytes:
        """Warm reset of the card inside."""
        return self._card.reset()

    def power_off(self) -> None:
        """Power the card inside off."""
        self._card.power_off()

    def transmit(self, command: bytes, /) -> bytes:
        """One command to the card inside."""
        return self._card.transmit(command)
