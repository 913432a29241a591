"""What a content codec is, and the ones that everything else is made of.

A codec turns a JSON-able value into the bytes of a file or data object and back. Its only error is
:class:`bifente.layouts.errors.LayoutError`. ``decode(encode(value))`` gives the value back, up to what the codec's
docstring says it normalises.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

from bifente.layouts.errors import LayoutError
from bifente.slotted import dataclass

JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
"""What JSON can say. Decoders give plain ``dict`` and ``list``; encoders accept any mapping and sequence."""


@runtime_checkable
class Codec(Protocol):
    """Value to bytes and back."""

    def encode(self, value: JsonValue) -> bytes:
        """The bytes of *value*; LayoutError when it is not a value of this content."""
        ...

    def decode(self, data: bytes) -> JsonValue:
        """The value of *data*, all of it; LayoutError when it is not such content."""
        ...


@runtime_checkable
class PrefixCodec(Codec, Protocol):
    """A codec that can tell where its content ends, so that padding may follow."""

    def decode_prefix(self, data: bytes) -> tuple[JsonValue, int]:
        """The value at the beginning of *data* and how many bytes it takes; LayoutError."""
        ...


@dataclass(frozen=True, slots=True)
class RawCodec:
    """Content of which nothing is known: ``{"hex": "…"}``, upper case."""

    def encode(self, value: JsonValue) -> bytes:
        """The bytes of ``{"hex": …}``; spaces between the digits are allowed."""
        text = string(record(value, "raw content", ("hex",))["hex"], "hex")
        return from_hex(text, "raw content")

    def decode(self, data: bytes) -> JsonValue:
        """Any bytes as ``{"hex": …}``."""
        return {"hex": data.hex().upper()}


@dataclass(frozen=True, slots=True)
class EmptyOr:
    """Content of *inner*, or none at all, which is ``{"hex": ""}``: cards made before the file had a content keep it so.

    A value of *inner* that takes no bytes comes back as that.
    """

    inner: Codec

    def encode(self, value: JsonValue) -> bytes:
        """The bytes of *value*; LayoutError."""
        return b"" if value == _NOTHING else self.inner.encode(value)

    def decode(self, data: bytes) -> JsonValue:
        """The value of *data*; LayoutError."""
        return self.inner.decode(data) if data else dict(_NOTHING)


_NOTHING = {"hex": ""}


@dataclass(frozen=True, slots=True)
class PaddedCodec:
    """Content at the beginning of a file of fixed *size*, followed by zeros.

    A file of zeros only holds *empty* (None unless told), and *empty* is written as zeros.
    """

    inner: PrefixCodec
    size: int
    empty: JsonValue = None

    def encode(self, value: JsonValue) -> bytes:
        """Exactly *size* bytes; LayoutError when the content does not fit."""
        content = b"" if value == self.empty else self.inner.encode(value)
        if len(content) > self.size:
            raise LayoutError(f"{len(content)} bytes do not fit into a file of {self.size}")
        return content.ljust(self.size, b"\0")

    def decode(self, data: bytes) -> JsonValue:
        """The content of a file, of whatever length it was read with; only zeros may follow it."""
        if not any(data):
            return self.empty
        value, end = self.inner.decode_prefix(data)
        if any(data[end:]):
            raise LayoutError(f"offset {end}: only zeros may follow the content")
        return value


def record(
    value: JsonValue, what: str, required: Sequence[str] = (), optional: Sequence[str] = ()
) -> Mapping[str, JsonValue]:
    """*value* as a mapping with all *required* keys and no others than these and *optional*; LayoutError."""
    if type(value) is not dict and not isinstance(value, Mapping):
        raise LayoutError(f"{what}: a mapping was expected, not {type(value).__name__}")
    for key in required:
        if key not in value:
            raise LayoutError(f"{what}: {key} is missing")
    for key in value:
        if key not in required and key not in optional:
            raise LayoutError(f"{what}: {key!r} is not known")
    return value


def sequence(value: JsonValue, what: str) -> Sequence[JsonValue]:
    """*value* as a list; LayoutError when it is none (a text is none)."""
    if type(value) is not list and (isinstance(value, str) or not isinstance(value, Sequence)):
        raise LayoutError(f"{what}: a list was expected, not {type(value).__name__}")
    return value


def string(value: JsonValue, what: str) -> str:
    """*value* as a text; LayoutError when it is none (quote numbers in a profile)."""
    if not isinstance(value, str):
        raise LayoutError(f"{what}: a text was expected, not {type(value).__name__}")
    return value


def from_hex(text: str, what: str) -> bytes:
    """The bytes of hexadecimal digits; LayoutError."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise LayoutError(f"{what}: pairs of hexadecimal digits were expected") from None
