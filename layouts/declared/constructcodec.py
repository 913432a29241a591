"""A codec made of a construct declaration: what the tests hold the codecs against, which no card loads."""

from io import BytesIO

from construct import Construct, ConstructError, Container, ListContainer

from bifente.layouts.codec import JsonValue
from bifente.layouts.errors import LayoutError

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
    raise LayoutError(f"{type(parsed).__name__} is not a JSON value")


def _told(error: Exception) -> str:
    """The field, where construct names one (``(building) -> files -> name``), and the last line of its message."""
    fields = [part.strip() for part in str(getattr(error, "path", None) or "").split("->")[1:]]
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{', '.join(['', *fields])}: {lines[-1].strip() if lines else type(error).__name__}"
