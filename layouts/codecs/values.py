"""Codecs of single values: texts, digits, packed BCD, numbers, hexadecimal. JSON text (or int) to bytes and back."""

import re

from bifente.codes.errors import CodeError
from bifente.codes.letters import latin, named
from bifente.layouts.codec import JsonValue, from_hex, string
from bifente.layouts.errors import LayoutError
from bifente.slotted import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A text. ``at_most`` and ``at_least`` count bytes; ``pattern`` must match all of it when given.

    In Latin-1 it is written as :func:`bifente.codes.letters.latin` can write it: œ as oe, ’ as '. Messages tell what was expected and never the text: it may name a person.
    """

    encoding: str = "utf-8"
    at_most: int = 0xFFFF
    at_least: int = 0
    pattern: str = ""
    expected: str = ""

    def encode(self, value: JsonValue) -> bytes:
        """The bytes of a text; LayoutError."""
        text = string(value, "text")
        try:
            if self.encoding == "latin-1":
                text = latin(text)
            data = text.encode(self.encoding)
        except CodeError as error:
            raise LayoutError(error.reason) from None
        except UnicodeEncodeError as error:
            raise LayoutError(f"{named(text[error.start])} cannot be written in {self.encoding}") from None
        self._check(text, len(data))
        return data

    def decode(self, data: bytes) -> JsonValue:
        """The text of *data*; LayoutError."""
        try:
            text = data.decode(self.encoding)
        except UnicodeDecodeError as error:
            raise LayoutError(f"byte {error.start} is no {self.encoding} text") from None
        self._check(text, len(data))
        return text

    def _check(self, text: str, size: int) -> None:
        if not self.at_least <= size <= self.at_most:
            raise LayoutError(f"a text of {self.at_least} to {self.at_most} bytes was expected, not {size}")
        if self.pattern and re.fullmatch(self.pattern, text) is None:
            raise LayoutError(f"{self.expected or self.pattern} expected")


LATIN = Text("latin-1")
UTF8 = Text("utf-8")
DATE = Text("ascii", pattern="[0-9]{8}", expected="a date of eight digits AAAAMMJJ")
"""Digits only: the date may be out of the calendar (month 19, day 00), as dates of birth are."""


@dataclass(frozen=True, slots=True)
class Bcd:
    """Decimal digits, packed two to a byte; an odd number of them is followed by the nibble F. ``sizes`` in digits."""

    sizes: tuple[int, ...]

    def encode(self, value: JsonValue) -> bytes:
        """The bytes of a text of digits; LayoutError."""
        text = string(value, "digits")
        if len(text) not in self.sizes or re.fullmatch("[0-9]*", text) is None:
            raise LayoutError(f"{' or '.join(map(str, self.sizes))} digits expected")
        return bytes.fromhex(text if len(text) % 2 == 0 else text + "F")

    def decode(self, data: bytes) -> JsonValue:
        """The digits of *data*; LayoutError."""
        text = data.hex().upper().removesuffix("F")
        if len(text) not in self.sizes or (text and not text.isdigit()):
            raise LayoutError(f"{' or '.join(map(str, self.sizes))} packed digits expected")
        return text


@dataclass(frozen=True, slots=True)
class Number:
    """A number without sign, big-endian, of fixed size in bytes."""

    size: int

    def encode(self, value: JsonValue) -> bytes:
        """The bytes of an int; LayoutError when it is none or does not fit."""
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 8 * self.size:
            raise LayoutError(f"a number from 0 to {(1 << 8 * self.size) - 1} was expected")
        return value.to_bytes(self.size, "big")

    def decode(self, data: bytes) -> JsonValue:
        """The int; LayoutError for another size."""
        if len(data) != self.size:
            raise LayoutError(f"{self.size} bytes expected, not {len(data)}")
        return int.from_bytes(data, "big")


@dataclass(frozen=True, slots=True)
class Hex:
    """Bytes as upper-case hexadecimal text, of one of ``sizes`` in bytes (none = any)."""

    sizes: tuple[int, ...] = ()

    def encode(self, value: JsonValue) -> bytes:
        """The bytes of hexadecimal text; LayoutError."""
        return self._checked(from_hex(string(value, "hexadecimal"), "value"))

    def decode(self, data: bytes) -> JsonValue:
        """The text of *data*; LayoutError for another size."""
        return self._checked(data).hex().upper()

    def _checked(self, data: bytes) -> bytes:
        if self.sizes and len(data) not in self.sizes:
            raise LayoutError(f"{' or '.join(map(str, self.sizes))} bytes expected, not {len(data)}")
        return data
