"""The numbers of PC/SC as pcsc-lite has them (``PCSC/pcsclite.h``, ``PCSC/reader.h``)."""

from enum import IntEnum
from typing import Final


class Rv(IntEnum):
    """The results of PC/SC calls that this server gives."""

    SUCCESS = 0x00000000
    INTERNAL_ERROR = 0x80100001
    CANCELLED = 0x80100002
    INVALID_HANDLE = 0x80100003
    INVALID_PARAMETER = 0x80100004
    NO_MEMORY = 0x80100006
    INSUFFICIENT_BUFFER = 0x80100008
    UNKNOWN_READER = 0x80100009
    SHARING_VIOLATION = 0x8010000B
    NO_SMARTCARD = 0x8010000C
    PROTO_MISMATCH = 0x8010000F
    INVALID_VALUE = 0x80100011
    NOT_TRANSACTED = 0x80100016
    READER_UNAVAILABLE = 0x80100017
    SERVICE_STOPPED = 0x8010001E
    UNSUPPORTED_FEATURE = 0x8010001F
    UNRESPONSIVE_CARD = 0x80100066
    UNPOWERED_CARD = 0x80100067
    RESET_CARD = 0x80100068
    REMOVED_CARD = 0x80100069


class Share(IntEnum):
    """How a handle shares its reader."""

    EXCLUSIVE = 1
    SHARED = 2
    DIRECT = 3


class Disposition(IntEnum):
    """What becomes of the card."""

    LEAVE = 0
    RESET = 1
    UNPOWER = 2
    EJECT = 3


class ReaderState:
    """The bits of ``readerState``: plain integers, for the flags of :mod:`enum` cost a microsecond each time."""

    UNKNOWN: Final = 0x01
    ABSENT: Final = 0x02
    PRESENT: Final = 0x04
    SWALLOWED: Final = 0x08
    POWERED: Final = 0x10
    NEGOTIABLE: Final = 0x20
    SPECIFIC: Final = 0x40


PROTOCOL_UNDEFINED: Final = 0
PROTOCOL_T0: Final = 1
PROTOCOL_T1: Final = 2
PROTOCOL_RAW: Final = 4
PROTOCOL_ANY_OLD: Final = 0x1000
"""What old programs say for "either of T=0 and T=1"."""

SHARING_EXCLUSIVE: Final = -1
SCOPES: Final = frozenset(range(4))

MAX_READERS: Final = 16
MAX_NAME: Final = 128
"""Bytes of a reader's name with its terminator."""
MAX_ATR: Final = 33
MAX_BUFFER: Final = 264
MAX_BUFFER_EXTENDED: Final = 65548
"""Bytes of the longest command or answer: 4 + 3 + 65 536 + 3 + 2."""

MAJOR: Final = 4
OLDEST_MINOR: Final = 4
NEWEST_MINOR: Final = 6
"""Versions of the protocol: 4:4 since pcsc-lite 1.8.24, 4:5 since 2.3.0, 4:6 since 2.5.0."""
