"""What is said between terminal and card: pure values and codecs, no I/O, no state."""

from bifente.apdu.classbyte import ClassByte, ClassRange, SecureMessaging
from bifente.apdu.command import Case, CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.link import (
    Card,
    CardAbsent,
    CardRemoved,
    Link,
    LinkError,
    LinkTimeout,
    ReaderGone,
    TransmissionProtocol,
)
from bifente.apdu.response import ResponseAPDU
from bifente.apdu.status import SW

__all__ = [
    "SW",
    "ApduError",
    "Card",
    "CardAbsent",
    "CardRemoved",
    "Case",
    "ClassByte",
    "ClassRange",
    "CommandAPDU",
    "Link",
    "LinkError",
    "LinkTimeout",
    "ReaderGone",
    "ResponseAPDU",
    "SecureMessaging",
    "TransmissionProtocol",
]
