"""What a content codec is, and the ones that everything else is made of.

A codec turns a JSON-able value into the bytes of a file or data object and back. Its only error is
:class:`bifente.layouts.errors.LayoutError`. ``decode(encode(value))`` gives the value back, up to what the codec's
docstring says it normalises.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Protocol, TypeAlias, runtime_checkable

from construct import Construct, ConstructError, Container, ListContainer

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


# What a declaration raises for values and bytes that it does not take: its expressions are plain Python.
_DECLARATION_ERRORS = (ConstructError, KeyError, TypeError, ValueError, AttributeError, ArithmeticError)


class ConstructCodec:
    """A codec made of a construct declaration.

    Used as it is, structs become dicts, arrays lists, bytes upper-case hexadecimal. A subclass gives the values
    another form by :meth:`declared` (value to what construct builds) and :meth:`undeclared` (the way back).
    """

    __slots__ = ("declaration", "name")

    def __init__(self, name: str, declaration: Construct) -> None:
        self.name = name
        self.declaration = declaration

    def declared(self, value: JsonValue) -> object:
        """What the declaration builds for *value*; LayoutError."""
        return value

    def undeclared(self, parsed: object) -> JsonValue:
        """The value of what the declaration parsed; LayoutError."""
        return plain(parsed)

    def encode(self, value: JsonValue) -> bytes:
        """The bytes of *value*; LayoutError when the declaration does not take it."""
        try:
            built: bytes = self.declaration.build(self.declared(value))
        except LayoutError:
            raise
        except _DECLARATION_ERRORS as error:
            raise LayoutError(f"{self.name}{_told(error)}") from error
        return built

    def decode(self, data: bytes) -> JsonValue:
        """The value of *data*; LayoutError, also when bytes are left over."""
        value, end = self.decode_prefix(data)
        if end != len(data):
            raise LayoutError(f"{self.name}: {len(data) - end} bytes follow the content at offset {end}")
        return value

    def decode_prefix(self, data: bytes) -> tuple[JsonValue, int]:
        """The value at the beginning of *data* and its size in bytes; LayoutError."""
        try:
            stream = BytesIO(data)
            value = self.undeclared(self.declaration.parse_stream(stream))
        except LayoutError:
            raise
        except _DECLARATION_ERRORS as error:
            raise LayoutError(f"{self.name}{_told(error)}") from error
        return value, stream.tell()


def plain(parsed: object) -> JsonValue:
    """A construct result as JSON-able value; LayoutError for what JSON cannot say."""
    if isinstance(parsed, Container | dict):
        return {str(key): plain(item) for key, item in parsed.items() if not str(key).startswith("_")}
    if isinstance(parsed, ListContainer | list | tuple):
        return [plain(item) for item in parsed]
    if isinstance(parsed, bytes):
        return parsed.hex().upper()
    if parsed is None or isinstance(parsed, bool | int | float | str):
        return parsed
    raise LayoutError(f"{type(parsed).__name__} is no JSON value")


def record(
    value: JsonValue, what: str, required: Sequence[str] = (), optional: Sequence[str] = ()
) -> Mapping[str, JsonValue]:
    """*value* as a mapping with all *required* keys and no others than these and *optional*; LayoutError."""
    if not isinstance(value, Mapping):
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
    if isinstance(value, str) or not isinstance(value, Sequence):
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


def _told(error: Exception) -> str:
    """The field, where construct names one (``(building) -> files -> name``), and the last line of its message."""
    fields = [part.strip() for part in str(getattr(error, "path", None) or "").split("->")[1:]]
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{', '.join(['', *fields])}: {lines[-1].strip() if lines else type(error).__name__}"
