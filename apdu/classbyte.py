"""The class byte CLA (ISO/IEC 7816-4:2020 §5.4.1)."""

from enum import Enum

from bifente.apdu.errors import ApduError
from bifente.slotted import dataclass


class ClassRange(Enum):
    """Which coding of CLA applies."""

    FIRST = "first interindustry"
    FURTHER = "further interindustry"
    RESERVED = "reserved"
    PROPRIETARY = "proprietary"
    INVALID = "invalid"


class SecureMessaging(Enum):
    """Secure messaging as indicated by CLA (ISO/IEC 7816-4:2020 table 2 and 3)."""

    NONE = "none"
    PROPRIETARY = "proprietary"
    HEADER_CLEAR = "header not authenticated"
    HEADER_AUTHENTICATED = "header authenticated"


@dataclass(frozen=True, slots=True)
class ClassByte:
    """CLA, decoded. ``channel`` is 0 to 19; for the proprietary range channel, chaining and secure messaging
    keep their defaults, for their coding is the card's own.
    """

    value: int
    range: ClassRange
    channel: int = 0
    chaining: bool = False
    secure_messaging: SecureMessaging = SecureMessaging.NONE

    @classmethod
    def of(cls, value: int) -> "ClassByte":
        """The decoded class byte for a value 0 to 255 (a shared instance: there are 256).

        Raises ApduError for other values.
        """
        if not 0 <= value <= 0xFF:
            raise ApduError(f"CLA is one byte, not {value}")
        return CLASS_BYTES[value]

    @classmethod
    def build(
        cls,
        channel: int = 0,
        chaining: bool = False,
        secure_messaging: SecureMessaging = SecureMessaging.NONE,
    ) -> "ClassByte":
        """The interindustry class byte with these properties; ApduError when no coding has them all."""
        for candidate in CLASS_BYTES:
            if (
                candidate.range in (ClassRange.FIRST, ClassRange.FURTHER)
                and candidate.channel == channel
                and candidate.chaining == chaining
                and candidate.secure_messaging is secure_messaging
            ):
                return candidate
        raise ApduError(f"no class byte for channel {channel} with secure messaging {secure_messaging.value}")

    @property
    def interindustry(self) -> bool:
        """First or further interindustry range."""
        return self.range in (ClassRange.FIRST, ClassRange.FURTHER)

    def __int__(self) -> int:
        return self.value


_FIRST_SM = (
    SecureMessaging.NONE,
    SecureMessaging.PROPRIETARY,
    SecureMessaging.HEADER_CLEAR,
    SecureMessaging.HEADER_AUTHENTICATED,
)


def _decode(value: int) -> ClassByte:
    if value == 0xFF:
        return ClassByte(value, ClassRange.INVALID)
    if value & 0x80:
        return ClassByte(value, ClassRange.PROPRIETARY)
    chaining = bool(value & 0x10)
    if value & 0x40:
        messaging = SecureMessaging.HEADER_CLEAR if value & 0x20 else SecureMessaging.NONE
        return ClassByte(value, ClassRange.FURTHER, 4 + (value & 0x0F), chaining, messaging)
    if value & 0x20:
        return ClassByte(value, ClassRange.RESERVED)
    return ClassByte(value, ClassRange.FIRST, value & 0x03, chaining, _FIRST_SM[value >> 2 & 0x03])


CLASS_BYTES: tuple[ClassByte, ...] = tuple(_decode(value) for value in range(256))
