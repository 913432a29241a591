"""What the wrappers of this folder share: a ``Card`` around a ``Card``, on the terminal's side of the T=0 front.

Faults and delays happen between terminal and card: there, a T=0 card is asked in TPDUs and ``61xx`` and
GET RESPONSE are commands like any other. A wrapper therefore stands outside the T=0 front, and puts one before a card
that needs it.
"""

from bifente.apdu.facets import CardAround
from bifente.apdu.link import Card, TransmissionProtocol
from bifente.reader.protocols import offered_protocols
from bifente.reader.wrappers.t0front import T0Front


class TerminalSideWrapper(CardAround):
    """A ``Card`` that passes everything on to the card inside; wrappers override what they change.

    *front* says whether a T=0 front stands between wrapper and card: None puts one before a card whose ATR offers T=0
    alone and that does not say ``speaks_tpdu``; False leaves it out; True puts one in any case.
    """

    def __init__(self, card: Card, *, front: bool | None = None) -> None:
        super().__init__(T0Front(card) if front else card)
        self._front = front
        self.protocol = TransmissionProtocol.T0
        """What the ATR leads a reader to choose; T=0 before the first reset."""

    def power_on(self) -> bytes:
        """Cold reset of the card inside."""
        return self._look_at(super().power_on())

    def reset(self) -> bytes:
        """Warm reset of the card inside."""
        return self._look_at(super().reset())

    def _look_at(self, atr: bytes) -> bytes:
        """Choose the front by the ATR; nothing can be waiting in a new one, for the card was just reset."""
        offered = offered_protocols(atr)
        t1 = TransmissionProtocol.T1 in offered
        self.protocol = TransmissionProtocol.T1 if t1 else TransmissionProtocol.T0
        if self._front is None and not self.speaks_tpdu and not t1:
            self._stand_around(T0Front(self._card))
        return atr
