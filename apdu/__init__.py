"""What is said between terminal and card: pure values and codecs, no I/O, no state.

The names that nearly everybody needs are here; :mod:`bifente.apdu.tlv`, :mod:`~bifente.apdu.sdo`,
:mod:`~bifente.apdu.cvc` and :mod:`~bifente.apdu.structures` are imported where they are used. Only the last two
import construct.
"""

from bifente.apdu.atr import Atr
from bifente.apdu.classbyte import ClassByte, ClassRange, SecureMessaging
from bifente.apdu.command import Case, CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.fcp import Fcp, FileDescriptor, Fmd, LifeCycle
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
from bifente.apdu.security import InterfaceAttributes, Operation, Scb, SecurityAttributes, Target
from bifente.apdu.status import SW
from bifente.apdu.tlv import Tlv

__all__ = [
    "SW",
    "ApduError",
    "Atr",
    "Card",
    "CardAbsent",
    "CardRemoved",
    "Case",
    "ClassByte",
    "ClassRange",
    "CommandAPDU",
    "Fcp",
    "FileDescriptor",
    "Fmd",
    "InterfaceAttributes",
    "LifeCycle",
    "Link",
    "LinkError",
    "LinkTimeout",
    "Operation",
    "ReaderGone",
    "ResponseAPDU",
    "Scb",
    "SecureMessaging",
    "SecurityAttributes",
    "Target",
    "Tlv",
    "TransmissionProtocol",
]
