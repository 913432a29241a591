"""ASN.1 types in DER as declarations, for the few structures of a card that are ASN.1 (ISO/IEC 8825-1).

A :class:`Record` becomes a flat mapping: the members of its nested sequences side by side. Bit strings are lists of
names. Real cards hold some without the byte that counts unused bits (``03 01 07``, OpenSC #2224); those, and any other
that DER would write otherwise, stay as ``{"hex": "07"}``, so that they come back byte for byte.
"""

from collections.abc import Iterator, Mapping
from typing import Protocol

from bifente.apdu import tlv
from bifente.layouts.codec import JsonValue, from_hex, record, sequence, string
from bifente.layouts.errors import LayoutError
from bifente.slotted import dataclass

_INTEGER, _BIT_STRING, _OCTET_STRING, NULL, _OID = 0x02, 0x03, 0x04, 0x05, 0x06
_ENUMERATED, _UTF8, _GENERALIZED_TIME, SEQUENCE = 0x0A, 0x0C, 0x18, 0x30


class Shape(Protocol):
    """How one ASN.1 type is written; ``build`` and ``read`` deal with the content behind tag and length."""

    @property
    def tag(self) -> int: ...
    def build(self, value: JsonValue, what: str) -> bytes: ...
    def read(self, content: bytes, what: str) -> JsonValue: ...


@dataclass(frozen=True, slots=True)
class Utf8String:
    """A UTF8String: a text."""

    tag: int = _UTF8

    def build(self, value: JsonValue, what: str) -> bytes:
        try:
            return string(value, what).encode()
        except UnicodeEncodeError:
            raise LayoutError(f"{what}: not a text that UTF-8 can write") from None

    def read(self, content: bytes, what: str) -> JsonValue:
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise LayoutError(f"{what}: not UTF-8") from None


@dataclass(frozen=True, slots=True)
class OctetString:
    """An OCTET STRING: upper-case hexadecimal."""

    tag: int = _OCTET_STRING

    def build(self, value: JsonValue, what: str) -> bytes:
        return from_hex(string(value, what), what)

    def read(self, content: bytes, what: str) -> JsonValue:
        return content.hex().upper()


@dataclass(frozen=True, slots=True)
class Integer:
    """A number that is not negative, as all those of these files."""

    tag: int = _INTEGER

    def build(self, value: JsonValue, what: str) -> bytes:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 64:
            raise LayoutError(f"{what}: a whole number was expected")
        return value.to_bytes(value.bit_length() // 8 + 1, "big")

    def read(self, content: bytes, what: str) -> JsonValue:
        if not 1 <= len(content) <= 9 or content[0] & 0x80:
            raise LayoutError(f"{what}: not a number of zero or more")
        return int.from_bytes(content, "big")


@dataclass(frozen=True, slots=True)
class Named:
    """A number with a name for each value that the standard knows; another value stays a number."""

    names: tuple[str, ...]
    tag: int = _ENUMERATED

    def build(self, value: JsonValue, what: str) -> bytes:
        if isinstance(value, str):
            if value not in self.names:
                raise LayoutError(f"{what}: {value!r} is none of {', '.join(self.names)}")
            value = self.names.index(value)
        return Integer().build(value, what)

    def read(self, content: bytes, what: str) -> JsonValue:
        number = Integer().read(content, what)
        assert isinstance(number, int)
        return self.names[number] if number < len(self.names) else number


@dataclass(frozen=True, slots=True)
class Bits:
    """A named bit list (ISO/IEC 8825-1 §11.2.2: without trailing zero bits)."""

    names: tuple[str, ...]
    tag: int = _BIT_STRING

    def build(self, value: JsonValue, what: str) -> bytes:
        if isinstance(value, Mapping):
            return from_hex(string(record(value, what, ("hex",))["hex"], what), what)
        places = set()
        for name in sequence(value, what):
            if name not in self.names:
                raise LayoutError(f"{what}: {name!r} is none of {', '.join(self.names)}")
            places.add(self.names.index(str(name)))
        if not places:
            return b"\0"
        size = max(places) // 8 + 1
        bits = sum(1 << (8 * size - 1 - place) for place in places)
        return bytes((7 - max(places) % 8,)) + bits.to_bytes(size, "big")

    def read(self, content: bytes, what: str) -> JsonValue:
        set_bits = [
            8 * at + place
            for at, byte in enumerate(content[1:])
            for place in range(8)
            if byte & 0x80 >> place
        ]
        if all(place < len(self.names) for place in set_bits):
            names = [self.names[place] for place in set_bits]
            if self.build(names, what) == content:
                return names
        return {"hex": content.hex().upper()}


@dataclass(frozen=True, slots=True)
class Time:
    """GeneralizedTime in UTC: ``20100316110000Z``."""

    tag: int = _GENERALIZED_TIME

    def build(self, value: JsonValue, what: str) -> bytes:
        text = string(value, what)
        if len(text) != 15 or not (text.isascii() and text[:14].isdigit() and text[14] == "Z"):
            raise LayoutError(f"{what}: a time such as 20100316110000Z was expected")
        return text.encode("ascii")

    def read(self, content: bytes, what: str) -> JsonValue:
        text = content.decode("latin-1")
        self.build(text, what)
        return text


@dataclass(frozen=True, slots=True)
class ObjectIdentifier:
    """``1.2.840.113549.1.1.11`` (ISO/IEC 8825-1 §8.19)."""

    tag: int = _OID

    def build(self, value: JsonValue, what: str) -> bytes:
        parts = string(value, what).split(".")
        if len(parts) < 2 or not all(part.isascii() and part.isdigit() and len(part) < 20 for part in parts):
            raise LayoutError(f"{what}: an object identifier was expected")
        first, second, *rest = map(int, parts)
        if first > 2 or (first < 2 and second >= 40):
            raise LayoutError(f"{what}: an object identifier does not begin with {first}.{second}")
        return b"".join(map(_base_128, (40 * first + second, *rest)))

    def read(self, content: bytes, what: str) -> JsonValue:
        numbers = []
        number = 0
        for byte in content:
            number = number << 7 | byte & 0x7F
            if not byte & 0x80:
                numbers.append(number)
                number = 0
        if not content or content[-1] & 0x80:
            raise LayoutError(f"{what}: the object identifier is cut")
        first = min(numbers[0] // 40, 2)
        return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def _base_128(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))


@dataclass(frozen=True, slots=True)
class Member:
    """One element of a sequence. Without a key it is either constant (no value) or a record whose members rise."""

    key: str | None
    shape: "Shape | Record"
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Constant:
    """An element that says nothing, such as NULL."""

    tag: int
    content: bytes = b""

    def build(self, value: JsonValue, what: str) -> bytes:
        return self.content

    def read(self, content: bytes, what: str) -> JsonValue:
        if content != self.content:
            raise LayoutError(f"{what}: {content.hex().upper()} was not expected")
        return None


@dataclass(frozen=True, slots=True)
class Record:
    """A sequence, or an explicit tag around something: its members one after the other."""

    tag: int
    members: tuple[Member, ...]

    def keys(self) -> Iterator[tuple[str, bool]]:
        """Each key of the flat mapping, and whether it may be absent."""
        for member in self.members:
            if member.key is not None:
                yield member.key, member.optional
            elif isinstance(member.shape, Record):
                yield from member.shape.keys()

    def build(self, value: JsonValue, what: str) -> bytes:
        known = dict(self.keys())
        fields = record(value, what, [key for key, optional in known.items() if not optional], list(known))
        return self._join(fields, what)

    def _join(self, fields: Mapping[str, JsonValue], what: str) -> bytes:
        parts = []
        for member in self.members:
            if member.key is None:
                shape = member.shape
                content = shape._join(fields, what) if isinstance(shape, Record) else shape.build(None, what)
            elif member.key in fields:
                content = member.shape.build(fields[member.key], f"{what}, {member.key}")
            else:
                continue
            parts.append(tlv.encode(member.shape.tag, content))
        return b"".join(parts)

    def read(self, content: bytes, what: str) -> dict[str, JsonValue]:
        fields: dict[str, JsonValue] = {}
        items = tlv.decode(content)
        at = 0
        for member in self.members:
            if at == len(items) or items[at].tag != member.shape.tag:
                if not member.optional:
                    raise LayoutError(
                        f"{what}: {member.key or 'an element'} ({member.shape.tag:02X}) is missing"
                    )
                continue
            value = member.shape.read(items[at].value, f"{what}, {member.key}" if member.key else what)
            if member.key is not None:
                fields[member.key] = value
            elif isinstance(value, dict):
                fields.update(value)
            at += 1
        if at != len(items):
            raise LayoutError(f"{what}: element {items[at].tag:02X} is not known here")
        return fields


@dataclass(frozen=True, slots=True)
class SequenceOf:
    """A SEQUENCE OF, or another tag in its place."""

    item: Record
    tag: int = SEQUENCE

    def build(self, value: JsonValue, what: str) -> bytes:
        return b"".join(
            tlv.encode(self.item.tag, self.item.build(entry, f"{what} {number}"))
            for number, entry in enumerate(sequence(value, what), 1)
        )

    def read(self, content: bytes, what: str) -> JsonValue:
        values: list[JsonValue] = []
        for number, item in enumerate(tlv.decode(content), 1):
            if item.tag != self.item.tag:
                raise LayoutError(f"{what} {number}: {item.tag:02X} instead of {self.item.tag:02X}")
            values.append(self.item.read(item.value, f"{what} {number}"))
        return values


def members(**shapes: "Shape | Record") -> tuple[Member, ...]:
    """Elements of a sequence that must be there, in this order."""
    return tuple(Member(key, shape) for key, shape in shapes.items())


def rising(tag: int, *members: Member) -> Member:
    """A nested sequence whose members belong to the record around it."""
    return Member(None, Record(tag, members))
