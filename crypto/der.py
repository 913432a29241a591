"""DER (ITU-T X.690) by hand, for the few structures that are written or taken apart thousands of times a second.

A general library builds a tree of each structure first. Only tags of one byte and definite, shortest lengths are taken:
that is DER, and the reason why one structure has one form.
"""

from typing import Final

INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
SEQUENCE: Final = 0x30
SET: Final = 0x31
CONTEXT_0: Final = 0xA0
"""The constructed element [0]."""


def length(size: int) -> bytes:
    """The length octets (X.690 §8.1.3) in their shortest form (§10.1)."""
    if size < 0x80:
        return bytes((size,))
    digits = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((0x80 | len(digits),)) + digits


def encode(tag: int, content: bytes) -> bytes:
    """One element."""
    return bytes((tag,)) + length(len(content)) + content


def first(data: bytes, tag: int | None = None) -> tuple[bytes, bytes]:
    """The content of the first element of *data* and what follows the element.

    Raises ValueError when it is not DER, or has another tag than the expected one.
    """
    start, end = _bounds(data, tag)
    return data[start:end], data[end:]


def split(data: bytes) -> tuple[bytes, bytes]:
    """The first element of *data* whole, and what follows it. Raises ValueError."""
    end = _bounds(data, None)[1]
    return data[:end], data[end:]


def only(data: bytes, tag: int) -> bytes:
    """The content of the one element that *data* is. Raises ValueError."""
    content, rest = first(data, tag)
    if rest:
        raise ValueError(f"{len(rest)} bytes too many")
    return content


def elements(data: bytes) -> list[bytes]:
    """The elements that stand one after the other in *data*, each whole. Raises ValueError."""
    found = []
    while data:
        one, data = split(data)
        found.append(one)
    return found


def _bounds(data: bytes, tag: int | None) -> tuple[int, int]:
    """Where the content of the first element begins and ends."""
    if len(data) < 2:
        raise ValueError("DER ends within an element")
    if tag is not None and data[0] != tag:
        raise ValueError(f"tag {data[0]:02X} where {tag:02X} is expected")
    if data[0] & 0x1F == 0x1F:
        raise ValueError("a tag of more than one byte")
    size, start = data[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[2:start])
        if data[1:start] != length(size):
            raise ValueError("a length that is not DER")
    if start + size > len(data):
        raise ValueError("DER ends within an element")
    return start, start + size
