"""The transmission protocols that a reader can speak with a card, and which of them its ATR offers."""

from typing import Final

from bifente.apdu.errors import ApduError
from bifente.apdu.link import TransmissionProtocol
from bifente.apdu.reset.atr import Atr

T0: Final = TransmissionProtocol.T0
T1: Final = TransmissionProtocol.T1


def offered_protocols(atr: bytes) -> tuple[TransmissionProtocol, ...]:
    """Which of T=0 and T=1 an ATR announces, in its order (ISO/IEC 7816-3:2006 §8.2.3); T=0 when it cannot be read."""
    try:
        numbers = Atr.parse(atr).protocols
    except ApduError:
        return (T0,)
    known = tuple(T0 if number == 0 else T1 for number in numbers if number in (0, 1))
    return known or (T0,)


def protocol_name(protocol: TransmissionProtocol) -> str:
    """``T=0`` or ``T=1``."""
    return "T=0" if protocol is T0 else "T=1"
