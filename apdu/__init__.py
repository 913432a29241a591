"""What is said between terminal and card: pure values and codecs, no I/O, no state.

What every dialogue needs is named here. The codecs of what is inside (``tlv``, ``cvc``, and those of the rooms
``files`` and ``reset``) are imported from their modules by whoever uses them, which keeps this import cheap; only
``declared`` loads construct.
"""

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
