"""Security attributes in compact format (ISO/IEC 7816-4:2020 §9.3), as IAS-ECC cards give them.

An *access mode byte* (AM) says which operations have a condition, one *security condition byte* (SCB) follows for
each of them, from the most significant bit down. What a bit means depends on what the attributes protect. IAS-ECC
puts one such string per interface into a template: ``A1 {8C contact, 9C contactless}``. The operations of data objects
are those that OpenSC's ``iasecc`` driver knows.
"""

from collections.abc import Iterator, Mapping
from enum import Enum, StrEnum

from bifente.apdu import tlv
from bifente.apdu.errors import ApduError
from bifente.slotted import dataclass

CONTACT_TAG = 0x8C
CONTACTLESS_TAG = 0x9C
INTERFACE_TAG = 0xA1


@dataclass(frozen=True, slots=True)
class Scb:
    """A security condition byte (ISO/IEC 7816-4:2020 §9.3). Each of the 256 values is one."""

    value: int

    def __post_init__(self) -> None:
        if not 0 <= self.value <= 0xFF:
            raise ApduError(f"a security condition is one byte, not {self.value}")

    @classmethod
    def build(
        cls,
        *,
        need_all: bool = False,
        secure_messaging: bool = False,
        external_authentication: bool = False,
        user_authentication: bool = False,
        environment: int = 0,
    ) -> "Scb":
        """The byte for these conditions, in the security environment *environment* (1 to 14, 0 names none).

        Raises ApduError when the number is out of range or no condition is named: ``00`` is :data:`ALWAYS`.
        """
        if not 0 <= environment <= 14:
            raise ApduError(f"a security environment has a number 0 to 14, not {environment}")
        if not (secure_messaging or external_authentication or user_authentication):
            raise ApduError(
                "a security condition names at least one of messaging, external and user authentication"
            )
        bits = need_all << 7 | secure_messaging << 6 | external_authentication << 5 | user_authentication << 4
        return cls(bits | environment)

    @property
    def always(self) -> bool:
        """No condition (``00``)."""
        return self.value == 0x00

    @property
    def never(self) -> bool:
        """Forbidden (``FF``)."""
        return self.value == 0xFF

    @property
    def need_all(self) -> bool:
        """All the named conditions are needed, not just one of them (bit 8)."""
        return self.value != 0xFF and bool(self.value & 0x80)

    @property
    def secure_messaging(self) -> bool:
        """Bit 7."""
        return self.value != 0xFF and bool(self.value & 0x40)

    @property
    def external_authentication(self) -> bool:
        """Bit 6."""
        return self.value != 0xFF and bool(self.value & 0x20)

    @property
    def user_authentication(self) -> bool:
        """Bit 5: a PIN, for example."""
        return self.value != 0xFF and bool(self.value & 0x10)

    @property
    def environment(self) -> int | None:
        """The number of the security environment that holds the details, None when none is named."""
        return None if self.value == 0xFF else (self.value & 0x0F or None)

    def explain(self) -> str:
        """The condition in words, e.g. ``user authentication in SE#3``."""
        if self.always:
            return "always"
        if self.never:
            return "never"
        names = [
            name
            for name, named in (
                ("secure messaging", self.secure_messaging),
                ("external authentication", self.external_authentication),
                ("user authentication", self.user_authentication),
            )
            if named
        ]
        text = (" and " if self.need_all else " or ").join(names) or "no condition"
        return text if self.environment is None else f"{text} in SE#{self.environment}"

    def __repr__(self) -> str:
        return f"Scb({self.value:02X})"


ALWAYS = Scb(0x00)
NEVER = Scb(0xFF)


class Operation(StrEnum):
    """What an access mode bit can stand for."""

    DELETE = "delete"
    TERMINATE = "terminate"
    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"
    WRITE = "write"
    UPDATE = "update"
    READ = "read"
    CREATE_DF = "create DF"
    CREATE_EF = "create EF"
    DELETE_CHILD = "delete child"
    CHANGE = "change"
    VERIFY = "verify"
    RESET = "reset"
    COMPUTE_SIGNATURE = "compute digital signature"
    INTERNAL_AUTHENTICATE = "internal authenticate"
    DECIPHER = "decipher"
    GENERATE = "generate"
    EXTERNAL_AUTHENTICATE = "external authenticate"
    MUTUAL_AUTHENTICATE = "mutual authenticate"
    PUT = "put data"
    GET = "get data"


class Target(Enum):
    """What attributes protect; it decides the meaning of the access mode bits 7 to 1."""

    EF = "EF"
    DF = "DF"
    CHV = "cardholder verification"
    RSA_KEY = "RSA key"
    KEYSET = "symmetric key set"
    SDO = "security data object"

    @property
    def operations(self) -> dict[int, Operation]:
        """The operation of each access mode bit (``40`` to ``01``); bits without a known meaning are missing."""
        return _OPERATIONS[self]

    def bit(self, operation: Operation) -> int:
        """The access mode bit of *operation*. Raises ApduError when this target has none for it."""
        for mask, candidate in _OPERATIONS[self].items():
            if candidate is operation:
                return mask
        raise ApduError(f"{self.value}: no access mode bit stands for {operation.value!r}")


_DATA_OBJECT = {0x02: Operation.PUT, 0x01: Operation.GET}

_OPERATIONS: dict[Target, dict[int, Operation]] = {
    Target.EF: {
        0x40: Operation.DELETE,
        0x20: Operation.TERMINATE,
        0x10: Operation.ACTIVATE,
        0x08: Operation.DEACTIVATE,
        0x04: Operation.WRITE,
        0x02: Operation.UPDATE,
        0x01: Operation.READ,
    },
    Target.DF: {
        0x40: Operation.DELETE,
        0x20: Operation.TERMINATE,
        0x10: Operation.ACTIVATE,
        0x08: Operation.DEACTIVATE,
        0x04: Operation.CREATE_DF,
        0x02: Operation.CREATE_EF,
        0x01: Operation.DELETE_CHILD,
    },
    Target.CHV: {0x40: Operation.CHANGE, 0x20: Operation.VERIFY, 0x10: Operation.RESET, **_DATA_OBJECT},
    Target.RSA_KEY: {
        0x40: Operation.COMPUTE_SIGNATURE,
        0x20: Operation.INTERNAL_AUTHENTICATE,
        0x10: Operation.DECIPHER,
        0x08: Operation.GENERATE,
        **_DATA_OBJECT,
    },
    Target.KEYSET: {
        0x20: Operation.EXTERNAL_AUTHENTICATE,
        0x08: Operation.MUTUAL_AUTHENTICATE,
        **_DATA_OBJECT,
    },
    Target.SDO: _DATA_OBJECT,
}


@dataclass(frozen=True, slots=True)
class SecurityAttributes:
    """An access mode byte and its security condition bytes.

    ``access_mode`` is the AM byte as it is. Its bit 8 carries no condition: IAS-ECC cards set it in data objects,
    where bits 7 to 4 are their own. ``conditions`` has one SCB per bit set among bits 7 to 1, from the left.
    """

    target: Target
    access_mode: int
    conditions: tuple[Scb, ...]

    def __post_init__(self) -> None:
        if not 0 <= self.access_mode <= 0xFF:
            raise ApduError(f"an access mode is one byte, not {self.access_mode}")
        expected = (self.access_mode & 0x7F).bit_count()
        if len(self.conditions) != expected:
            raise ApduError(
                f"access mode {self.access_mode:02X} needs {expected} condition bytes, {len(self.conditions)} are there"
            )

    @classmethod
    def parse(cls, data: bytes, target: Target) -> "SecurityAttributes":
        """Read AM and SCBs (2 to 8 bytes as a rule). Raises ApduError when their number does not fit."""
        if not data:
            raise ApduError("security attributes have an access mode byte, nothing is there")
        return cls(target, data[0], tuple(_SCBS[value] for value in data[1:]))

    @classmethod
    def build(
        cls, target: Target, conditions: Mapping[Operation, Scb], *, bit8: bool = False
    ) -> "SecurityAttributes":
        """Attributes with a condition for each operation named. *bit8* sets the bit of the same name in AM."""
        by_bit = sorted(
            ((target.bit(name), scb) for name, scb in conditions.items()), reverse=True, key=_first
        )
        access_mode = sum(mask for mask, _ in by_bit) | bit8 << 7
        return cls(target, access_mode, tuple(scb for _, scb in by_bit))

    def get(self, operation: Operation) -> Scb | None:
        """The condition of *operation*, None when AM names none: then the card decides without saying so."""
        for mask, scb in self.bits():
            if self.target.operations.get(mask) is operation:
                return scb
        return None

    def bits(self) -> Iterator[tuple[int, Scb]]:
        """Each access mode bit that is set (``40`` down to ``01``) with its condition."""
        masks = [mask for mask in (0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01) if self.access_mode & mask]
        return zip(masks, self.conditions, strict=True)

    def encode(self) -> bytes:
        """AM and SCBs."""
        return bytes((self.access_mode, *(scb.value for scb in self.conditions)))

    def explain(self) -> list[str]:
        """One line per operation, e.g. ``read: always``."""
        names = self.target.operations
        return [
            f"{names[mask].value if mask in names else f'operation {mask:02X}'}: {scb.explain()}"
            for mask, scb in self.bits()
        ]


def _first(pair: tuple[int, Scb]) -> int:
    return pair[0]


_SCBS = tuple(Scb(value) for value in range(256))


@dataclass(frozen=True, slots=True)
class InterfaceAttributes:
    """The attributes of a file or data object per interface: the content of template ``A1`` of IAS-ECC."""

    contact: SecurityAttributes | None = None
    contactless: SecurityAttributes | None = None

    @classmethod
    def parse(cls, content: bytes, target: Target) -> "InterfaceAttributes":
        """Read what template ``A1`` holds. Raises ApduError on other objects than ``8C`` and ``9C``."""
        found: dict[int, SecurityAttributes] = {}
        for item in tlv.decode(content):
            if item.tag not in (CONTACT_TAG, CONTACTLESS_TAG) or item.tag in found:
                raise ApduError(f"template A1 holds one 8C and one 9C, not (again) {item.tag:02X}")
            found[item.tag] = SecurityAttributes.parse(item.value, target)
        return cls(found.get(CONTACT_TAG), found.get(CONTACTLESS_TAG))

    def protects(self, target: Target) -> bool:
        """True when all the attributes here are made for *target*."""
        return all(
            attributes is None or attributes.target is target
            for attributes in (self.contact, self.contactless)
        )

    def encode(self) -> bytes:
        """The content of template ``A1``."""
        content = b""
        if self.contact is not None:
            content += tlv.encode(CONTACT_TAG, self.contact.encode())
        if self.contactless is not None:
            content += tlv.encode(CONTACTLESS_TAG, self.contactless.encode())
        return content

    def explain(self) -> list[str]:
        """One line per interface and operation."""
        lines = []
        for name, attributes in (("contact", self.contact), ("contactless", self.contactless)):
            if attributes is not None:
                lines += [f"{name}, {line}" for line in attributes.explain()]
        return lines
