"""BER-TLV data objects (ISO/IEC 8825-1, in the profile of ISO/IEC 7816-4:2020 §6.3).

Tags have one to three bytes and are integers here (``0x80``, ``0x7F49``, ``0xBF9001``); lengths have one to four
bytes. The indefinite length and lengths of five bytes or more are refused. A length that is longer than it need be
(``81 05``) is read, as ISO/IEC 7816-4 allows it, and written in its shortest form: bytes that were written
canonically come back unchanged, and whoever must refuse the others compares them with their own re-encoding.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from bifente.apdu.errors import ApduError

MAX_DEPTH = 16
"""How deep :func:`walk` follows constructed objects. Those of a card are seldom more than five levels deep."""

_MAX_LENGTH = 0xFFFFFF

_new = tuple.__new__
"""Makes a Tlv without the detour of its generated constructor: reading a file makes hundreds."""


class Tlv(NamedTuple):
    """One data object. ``value`` is the raw content, also of a constructed object."""

    tag: int
    value: bytes

    @property
    def constructed(self) -> bool:
        """The content is itself a sequence of data objects (bit 6 of the first tag byte)."""
        return is_constructed(self.tag)

    def children(self) -> list["Tlv"]:
        """The objects inside. Raises ApduError when the object is primitive or its content is not BER-TLV."""
        if not self.constructed:
            raise ApduError(f"data object {self.tag:02X} is primitive and holds no others")
        return decode(self.value)

    def encode(self) -> bytes:
        """Tag, shortest length and value."""
        return encode(self.tag, self.value)

    def __repr__(self) -> str:
        # Key material and reference data travel in data objects, so a value is never shown.
        return f"Tlv({self.tag:02X}, {len(self.value)} bytes)"


def is_constructed(tag: int) -> bool:
    """True when *tag* announces a constructed object."""
    return bool(tag >> (8 * ((tag.bit_length() - 1) // 8)) & 0x20) if tag else False


def encode_tag(tag: int) -> bytes:
    """The one to three bytes of a tag. Raises ApduError when *tag* is not the tag of a data object."""
    if 0 < tag < 0xFF and tag & 0x1F != 0x1F:
        return bytes((tag,))
    raw = tag.to_bytes(max(1, (tag.bit_length() + 7) // 8), "big") if tag > 0 else b""
    if 2 <= len(raw) <= 3 and read_tag(raw, 0) == (tag, len(raw)):
        return raw
    raise ApduError(f"{tag:X} is not a BER-TLV tag of one to three bytes")


def encode_length(length: int) -> bytes:
    """The shortest length field, of one to four bytes. Raises ApduError above 16 777 215."""
    if length < 0x80:
        return bytes((length,))
    if length < 0x100:
        return bytes((0x81, length))
    if length < 0x10000:
        return b"\x82" + length.to_bytes(2, "big")
    if length <= _MAX_LENGTH:
        return b"\x83" + length.to_bytes(3, "big")
    raise ApduError(f"a data object of {length} bytes is too long")


def encode(tag: int, value: bytes) -> bytes:
    """One data object: tag, shortest length, *value*."""
    size = len(value)
    if 0 < tag < 0xFF and tag & 0x1F != 0x1F:
        if size < 0x80:
            return bytes((tag, size)) + value
        if size < 0x100:
            return bytes((tag, 0x81, size)) + value
    return encode_tag(tag) + encode_length(size) + value


def join(items: Iterable[Tlv]) -> bytes:
    """The concatenation of data objects."""
    return b"".join(item.encode() for item in items)


def arrange(items: list[Tlv], order: Sequence[int]) -> list[Tlv]:
    """*items* in the order of the tags in *order*; those that it does not name follow as they are."""
    left = list(items)
    arranged = []
    for tag in order:
        chosen = next((item for item in left if item.tag == tag), None)
        if chosen is not None:
            left.remove(chosen)
            arranged.append(chosen)
    return arranged + left


def read_tag(data: bytes, at: int) -> tuple[int, int]:
    """The tag at *at* and where it ends: for header lists, where no length follows. Raises ApduError."""
    size = len(data)
    if at >= size:
        raise ApduError(f"byte {at}: a tag was expected, nothing is there")
    first = data[at]
    if first in (0x00, 0xFF):
        raise ApduError(f"byte {at}: {first:02X} does not begin a data object")
    if first & 0x1F != 0x1F:
        return first, at + 1
    if at + 1 >= size:
        raise ApduError(f"byte {at}: the tag is cut after {first:02X}")
    second = data[at + 1]
    if second < 0x1F or second == 0x80:
        raise ApduError(f"byte {at}: {first:02X}{second:02X} is not a tag, its number has a shorter form")
    if second < 0x80:
        return first << 8 | second, at + 2
    if at + 2 >= size:
        raise ApduError(f"byte {at}: the tag is cut after {first:02X}{second:02X}")
    third = data[at + 2]
    if third & 0x80:
        raise ApduError(f"byte {at}: a tag has at most three bytes")
    return first << 16 | second << 8 | third, at + 3


def _read_length(data: bytes, at: int) -> tuple[int, int]:
    """The length at *at* and where the value begins."""
    if at >= len(data):
        raise ApduError(f"byte {at}: the length is missing")
    first = data[at]
    if first < 0x80:
        return first, at + 1
    if first == 0x80:
        raise ApduError(f"byte {at}: the indefinite length is not allowed")
    if first > 0x83:
        raise ApduError(f"byte {at}: {first:02X} is not a length of a data object")
    end = at + 1 + (first & 0x03)
    if end > len(data):
        raise ApduError(f"byte {at}: the length is cut")
    return int.from_bytes(data[at + 1 : end], "big"), end


def _read(data: bytes, at: int) -> tuple[Tlv, int]:
    tag, position = read_tag(data, at)
    length, position = _read_length(data, position)
    end = position + length
    if end > len(data):
        raise ApduError(
            f"byte {at}: object {tag:02X} announces {length} bytes, {len(data) - position} follow"
        )
    return _new(Tlv, (tag, data[position:end])), end


def _plain_end(data: bytes, at: int, size: int) -> int:
    """Where the object at *at* ends when its tag and its length have one byte each and all of it is there, else 0."""
    if at + 1 < size:
        first, length = data[at], data[at + 1]
        if length < 0x80 and first and first & 0x1F != 0x1F and (end := at + 2 + length) <= size:
            return end
    return 0


def decode_one(data: bytes) -> tuple[Tlv, bytes]:
    """The first data object of *data* and what follows it. Raises ApduError; empty input is an error too."""
    if not data:
        raise ApduError("a data object was expected, nothing is there")
    end = _plain_end(data, 0, len(data))
    if end:
        return _new(Tlv, (data[0], data[2:end])), data[end:]
    item, end = _read(data, 0)
    return item, data[end:]


def decode(data: bytes, *, padding: bool = False) -> list[Tlv]:
    """All data objects of *data* on its outermost level, in order.

    With *padding*, bytes ``00`` before, between and after the objects are skipped, as they stand in the files of
    several cards (ISO/IEC 7816-4:2020 §6.3 allows it there). Raises ApduError when the bytes do not add up.
    """
    items = []
    at = 0
    size = len(data)
    while at < size:
        if padding and data[at] == 0:
            at += 1
            continue
        end = _plain_end(data, at, size)
        if end:
            items.append(_new(Tlv, (data[at], data[at + 2 : end])))
            at = end
        else:
            item, at = _read(data, at)
            items.append(item)
    return items


def find(data: bytes | Iterable[Tlv], tag: int, *path: int) -> bytes | None:
    """The value of the first object *tag*, or of the first object further down *path* inside it; None without it.

    Raises ApduError when a level that must be read is not BER-TLV.
    """
    items = decode(data) if isinstance(data, bytes) else data
    for item in items:
        if item.tag == tag:
            return find(item.children(), *path) if path else item.value
    return None


def walk(data: bytes, *, padding: bool = False) -> Iterator[tuple[int, Tlv]]:
    """Each object of *data* and of the constructed ones among them, depth first, with its level (0 outermost).

    Raises ApduError when objects are nested more than :data:`MAX_DEPTH` levels deep or do not add up.
    """
    pending = [(0, item) for item in reversed(decode(data, padding=padding))]
    while pending:
        level, item = pending.pop()
        yield level, item
        if item.constructed:
            if level + 1 == MAX_DEPTH and item.value:
                raise ApduError(f"data objects are nested more than {MAX_DEPTH} levels deep")
            pending += [(level + 1, child) for child in reversed(item.children())]
