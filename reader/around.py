"""What the wrappers of this folder share: a ``Card`` around a ``Card``, on the terminal's side of the T=0 front.

Faults and delays happen between terminal and card: there, a T=0 card is asked in TPDUs and ``61xx`` and
GET RESPONSE are commands like any other. A wrapper therefore stands outside the T=0 front, and puts one before a card
that needs it.
"""

from bifente.apdu.link import Card, TransmissionProtocol
from bifente.apdu.refusal import Refusal, refusal_of
from bifente.reader.seat import offered_protocols
from bifente.reader.t0 import T0Front


class AroundCard:
    """A ``Card`` that passes everything on to the card inside; wrappers override what they change.

    *front* says whether a T=0 front stands between wrapper and card: None puts one before a card whose ATR offers T=0
    alone and that does not say ``speaks_tpdu``; False leaves it out; True puts one in any case.
    """

    def __init__(self, card: Card, *, front: bool | None = None) -> None:
        self._card = card
        self._front = front
        self._asked: Card = T0Front(card) if front else card
        self.protocol = TransmissionProtocol.T0
        """What the ATR leads a reader to choose; T=0 before the first reset."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._card!r})"

    @property
    def serial(self) -> str | None:
        """The serial number of the card inside, when it tells one."""
        serial = getattr(self._card, "serial", None)
        return serial if isinstance(serial, str) else None

    @property
    def last_refusal(self) -> Refusal | None:
        """Why the last command was answered as it was, when the card inside says so."""
        return refusal_of(self._asked)

    @property
    def speaks_tpdu(self) -> bool:
        """A T=0 front is in here already: the reader puts no second one before."""
        return isinstance(self._asked, T0Front) or bool(getattr(self._asked, "speaks_tpdu", False))

    def power_on(self) -> bytes:
        """Cold reset of the card inside."""
        return self._look_at(self._asked.power_on())

    def reset(self) -> bytes:
        """Warm reset of the card inside."""
        return self._look_at(self._asked.reset())

    def power_off(self) -> None:
        """Power the card inside off."""
        self._asked.power_off()

    def transmit(self, command: bytes, /) -> bytes:
        """One command to the card inside."""
        return self._asked.transmit(command)

    def _look_at(self, atr: bytes) -> bytes:
        """Choose the front by the ATR; nothing can be waiting in a new one, for the card was just reset."""
        offered = offered_protocols(atr)
        t1 = TransmissionProtocol.T1 in offered
        self.protocol = TransmissionProtocol.T1 if t1 else TransmissionProtocol.T0
        if self._front is None and not self.speaks_tpdu and not t1:
            self._asked = T0Front(self._card)
        return atr
