"""The data objects of secure messaging: what stands in the data field of a protected command, and of an answer.

``[87 | 85] [97] 8E`` and ``[87 | 85] 99 8E`` (ISO/IEC 7816-4:2020 §10.4), read strictly. What they mean is in
:mod:`bifente.apdu.messaging`.
"""

from enum import Enum
from typing import Final, NamedTuple

from bifente.apdu import tlv
from bifente.apdu.classbyte import CLASS_BYTES, SecureMessaging
from bifente.apdu.errors import ApduError

CRYPTOGRAM_TAG: Final = 0x87
"""A padding indicator and the enciphered data."""
BER_CRYPTOGRAM_TAG: Final = 0x85
"""The enciphered data, which are BER-TLV: no padding indicator."""
LE_TAG: Final = 0x97
STATUS_TAG: Final = 0x99
CHECKSUM_TAG: Final = 0x8E
CHECKSUM_SIZE: Final = 8

CHECKSUM_HEAD: Final = bytes((CHECKSUM_TAG, CHECKSUM_SIZE))
CHECKSUM_WHOLE: Final = 2 + CHECKSUM_SIZE
_INDICATOR: Final = 0x01
"""Padding by ``80 00 …`` (ISO/IEC 7816-4:2020 table 55)."""


class MessagingFault(Enum):
    """What is wrong with a protected command or answer."""

    MISSING = "missing"
    """An object that must be there is not: status word 6987."""
    INCORRECT = "incorrect"
    """An object is there that cannot be read, or does not hold: 6988."""


class MessagingError(ApduError):
    """A protected command or answer that must be refused; :attr:`fault` says how. The session is over."""

    def __init__(self, fault: MessagingFault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


class ProtectedObjects(NamedTuple):
    """The objects of a protected data field. ``covered`` is what the checksum is over, as it came."""

    cryptogram: bytes | None
    """Of 87 without its padding indicator, or of 85."""
    le: bytes | None
    status: bytes | None
    covered: bytes
    checksum: bytes


def is_protected(cla: int) -> bool:
    """The class byte announces secure messaging as these functions make it."""
    return CLASS_BYTES[cla].secure_messaging is SecureMessaging.HEADER_AUTHENTICATED


def read_objects(field: bytes, *, odd: bool, answer: bool) -> ProtectedObjects:
    """Read the data field of a protected command, or that of an *answer*; *odd* as the INS is.

    Strict in order and number. Raises MessagingError.
    """
    if field[-CHECKSUM_WHOLE:-CHECKSUM_SIZE] != CHECKSUM_HEAD:
        raise MessagingError(
            MessagingFault.MISSING, f"no checksum of {CHECKSUM_SIZE} bytes (8E) ends the data field"
        )
    covered = field[:-CHECKSUM_WHOLE]
    wanted = BER_CRYPTOGRAM_TAG if odd else CRYPTOGRAM_TAG
    last = STATUS_TAG if answer else LE_TAG
    try:
        items = tlv.decode(covered)
    except ApduError as error:
        raise MessagingError(MessagingFault.INCORRECT, f"before the checksum: {error}") from None
    tags = [item.tag for item in items]
    if tags not in ([], [wanted], [last], [wanted, last]):
        raise MessagingError(
            MessagingFault.INCORRECT,
            f"the objects are {' '.join(f'{tag:02X}' for tag in tags)} 8E, not [{wanted:02X}] "
            f"{'' if answer else '['}{last:02X}{'' if answer else ']'} 8E",
        )
    values = {item.tag: item.value for item in items}
    if answer and last not in values:
        raise MessagingError(MessagingFault.MISSING, "no status word (99) stands before the checksum")
    cryptogram = values.get(wanted)
    if cryptogram is not None and not odd:
        if cryptogram[:1] != b"\x01":
            raise MessagingError(
                MessagingFault.INCORRECT, "object 87 does not begin with padding indicator 01"
            )
        cryptogram = cryptogram[1:]
    return ProtectedObjects(
        cryptogram,
        values.get(LE_TAG),
        values.get(STATUS_TAG),
        covered,
        field[-CHECKSUM_SIZE:],
    )
