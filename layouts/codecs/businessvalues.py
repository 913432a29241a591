"""Values of the business data of a CPS3: codes in a byte, digits with blanks, names that FF ends, objects of short lengths.

What the readers of the State take is public with their sources (ansforge/dops-cryptolib); the clauses are in
:mod:`bifente.layouts.codecs.businessdata`.
"""

import re
from collections.abc import Mapping, Sequence

from bifente.apdu import tlv
from bifente.apdu.errors import ApduError
from bifente.layouts.codec import Codec, JsonValue, PrefixCodec, record, sequence, string
from bifente.layouts.codecs.values import Text
from bifente.layouts.errors import LayoutError
from bifente.slotted import dataclass

NAME_END = 0xFF
"""What ends a name in a list of names."""


@dataclass(frozen=True, slots=True)
class Decimal:
    """A code of two decimal digits in one binary byte: ``"22"`` is 16."""

    def encode(self, value: JsonValue) -> bytes:
        """The byte; LayoutError."""
        text = string(value, "code")
        if re.fullmatch("[0-9]{2}", text, re.ASCII) is None:
            raise LayoutError("a code of two digits expected")
        return bytes((int(text),))

    def decode(self, data: bytes) -> JsonValue:
        """The two digits; LayoutError."""
        if len(data) != 1 or data[0] > 99:
            raise LayoutError("one byte from 0 to 99 expected")
        return f"{data[0]:02d}"


@dataclass(frozen=True, slots=True)
class Nibbles:
    """Digits packed two to a byte, in parts of a known number each: ``{"specialite": "01", "convention": "1"}``.

    Nibbles above 9 are blanks and written as F. A blank at the end of a part is left out of its text, before a digit it
    is a space; a part of blanks is an empty text.
    """

    parts: tuple[tuple[str, int], ...]

    @property
    def digits(self) -> int:
        """How many nibbles there are; an odd number of them is followed by an F."""
        return sum(size for _, size in self.parts)

    def encode(self, value: JsonValue) -> bytes:
        """The bytes of a mapping that may leave parts out; LayoutError naming the part."""
        given = record(value, "digits", (), [name for name, _ in self.parts])
        text = "".join(_blanked(name, size, given.get(name, "")) for name, size in self.parts)
        return bytes.fromhex(text if len(text) % 2 == 0 else text + "F")

    def decode(self, data: bytes) -> JsonValue:
        """All parts; LayoutError for another size."""
        text = re.sub("[A-F]", " ", data.hex().upper())
        if len(text) != self.digits + self.digits % 2 or text[self.digits :].strip():
            raise LayoutError(f"{self.digits} packed digits expected")
        value = {}
        for name, size in self.parts:
            value[name], text = text[:size].rstrip(), text[size:]
        return value


@dataclass(frozen=True, slots=True)
class Digits:
    """Packed digits in ``size`` bytes, followed by nibbles F: ``"8025000001"`` in six is 8025000001FF.

    ``counts`` are the numbers of digits that may stand there.
    """

    size: int
    counts: tuple[int, ...]

    def encode(self, value: JsonValue) -> bytes:
        """The bytes of a text of digits; LayoutError."""
        text = string(value, "digits")
        if len(text) not in self.counts or re.fullmatch("[0-9]*", text, re.ASCII) is None:
            raise LayoutError(f"{' or '.join(map(str, self.counts))} digits expected")
        return bytes.fromhex(text.ljust(2 * self.size, "F"))

    def decode(self, data: bytes) -> JsonValue:
        """The digits; LayoutError."""
        text = re.sub("[A-F]+$", "", data.hex().upper())
        if len(data) != self.size or len(text) not in self.counts or (text and not text.isdigit()):
            raise LayoutError(f"{' or '.join(map(str, self.counts))} packed digits expected")
        return text


@dataclass(frozen=True, slots=True)
class EndedTexts:
    """Up to ``at_most`` texts, each followed by FF: ``["CAMILLE", "", ""]``. The letter ÿ is FF: no text can hold it."""

    text: Text
    at_most: int

    def encode(self, value: JsonValue) -> bytes:
        """The bytes of a list of texts; LayoutError."""
        items = sequence(value, "names")
        if len(items) > self.at_most:
            raise LayoutError(f"at most {self.at_most} texts expected, not {len(items)}")
        content = b""
        for number, item in enumerate(items, 1):
            try:
                part = self.text.encode(item)
            except LayoutError as error:
                raise LayoutError(f"{number}: {error}") from None
            if NAME_END in part:
                raise LayoutError(f"{number}: 'ÿ' ends a name there and cannot stand in it")
            content += part + bytes((NAME_END,))
        return content

    def decode(self, data: bytes) -> JsonValue:
        """The texts; LayoutError."""
        *parts, rest = data.split(bytes((NAME_END,)))
        if rest or len(parts) > self.at_most:
            raise LayoutError(f"at most {self.at_most} texts expected, each ended by FF")
        return [self.text.decode(part) for part in parts]


@dataclass(frozen=True, slots=True)
class First:
    """A first part of one byte and what may follow it: ``{"mode": "00", "statut": "10"}``, the second key optional."""

    key: str
    first: Codec
    rest_key: str
    rest: Codec

    def encode(self, value: JsonValue) -> bytes:
        """The bytes of both parts; LayoutError naming the part."""
        given = record(value, self.key, (self.key,), (self.rest_key,))
        content = b""
        for key, codec in ((self.key, self.first), (self.rest_key, self.rest)):
            if key in given:
                try:
                    content += codec.encode(given[key])
                except LayoutError as error:
                    raise LayoutError(f"{key}: {error}") from None
        return content

    def decode(self, data: bytes) -> JsonValue:
        """Both parts; LayoutError."""
        value = {self.key: self.first.decode(data[:1])}
        return value if len(data) == 1 else {**value, self.rest_key: self.rest.decode(data[1:])}


@dataclass(frozen=True, slots=True)
class Flags:
    """One byte as eight letters O (oui) or N (non), the highest bit first."""

    def encode(self, value: JsonValue) -> bytes:
        """The byte; LayoutError."""
        text = string(value, "flags")
        if re.fullmatch("[ON]{8}", text) is None:
            raise LayoutError("eight letters O or N expected")
        return bytes((int(text.replace("O", "1").replace("N", "0"), 2),))

    def decode(self, data: bytes) -> JsonValue:
        """The eight letters; LayoutError."""
        if len(data) != 1:
            raise LayoutError(f"one byte expected, not {len(data)}")
        return f"{data[0]:08b}".replace("1", "O").replace("0", "N")


@dataclass(frozen=True, slots=True)
class ShortObject:
    """One data object ``tag`` whose length has at most ``length_bytes`` bytes, and zeros or nothing behind it.

    Its readers take no other: a longer content cannot be written, and a longer form of the length is refused.
    """

    tag: int
    inner: Codec
    length_bytes: int = 1

    def encode(self, value: JsonValue) -> bytes:
        """The data object, nothing behind it; LayoutError."""
        return short_object(self.tag, self.inner.encode(value), self.length_bytes)

    def decode(self, data: bytes) -> JsonValue:
        """The value inside; LayoutError, also when something else than zeros follows."""
        value, end = self.decode_prefix(data)
        if any(data[end:]):
            raise LayoutError(f"offset {end}: only zeros may follow {self.tag:02X}")
        return value

    def decode_prefix(self, data: bytes) -> tuple[JsonValue, int]:
        """The value inside and the size of the object; LayoutError."""
        content, end = read_short(data, self.tag, self.length_bytes)
        return self.inner.decode(content), end


@dataclass(frozen=True, slots=True)
class ShortObjects:
    """At most ``at_most`` data objects ``tag`` of short lengths, zeros or nothing behind them: ``{key: [value, …]}``."""

    key: str
    tag: int
    inner: Codec
    at_most: int

    def encode(self, value: JsonValue) -> bytes:
        """The objects one after the other; LayoutError."""
        items = sequence(record(value, self.key, (self.key,))[self.key], self.key)
        if len(items) > self.at_most:
            raise LayoutError(f"{self.key}: at most {self.at_most} expected, not {len(items)}")
        content = b""
        for number, item in enumerate(items, 1):
            try:
                content += short_object(self.tag, self.inner.encode(item), 1)
            except LayoutError as error:
                raise LayoutError(f"{self.key}, {number}: {error}") from None
        return content

    def decode(self, data: bytes) -> JsonValue:
        """The values in their order; LayoutError."""
        values: list[JsonValue] = []
        at = 0
        while any(data[at:]):
            content, end = read_short(data[at:], self.tag, 1)
            values.append(self.inner.decode(content))
            at += end
        if len(values) > self.at_most:
            raise LayoutError(f"{self.key}: at most {self.at_most} expected, not {len(values)}")
        return {self.key: values}


@dataclass(frozen=True, slots=True)
class Forms:
    """An object of which there are two forms: ``now``, and the one of cards that were made ``before``.

    Neither their bytes nor their values can be mistaken: an earlier object begins with ``before_tag``, and each form has
    a part that must be there and the other does not know. An earlier value that is a list is that of an object which is
    a mapping now.
    """

    now: PrefixCodec
    now_key: str
    before: PrefixCodec
    before_key: str = ""
    before_tag: int = 0x30

    def encode(self, value: JsonValue) -> bytes:
        """The object in the form that *value* has; LayoutError."""
        return (self.before if self.is_before_value(value) else self.now).encode(value)

    def decode(self, data: bytes) -> JsonValue:
        """The value of either form; LayoutError."""
        return (self.before if self.is_before(data) else self.now).decode(data)

    def is_before(self, data: bytes) -> bool:
        """Whether *data* begin as the earlier form does."""
        return data[:1] == bytes((self.before_tag,))

    def is_before_value(self, value: JsonValue) -> bool:
        """Whether *value* is one of the earlier form."""
        if isinstance(value, Mapping):
            return self.before_key in value and self.now_key not in value
        return not self.before_key and isinstance(value, Sequence) and not isinstance(value, str)


def short_object(tag: int, content: bytes, length_bytes: int) -> bytes:
    """A data object whose length has at most so many bytes; LayoutError when *content* is too long for that."""
    most = (0x7F, 0xFF, 0xFFFF)[length_bytes - 1]
    if len(content) > most:
        raise LayoutError(f"{tag:02X}: at most {most} bytes can stand in it, not {len(content)}")
    return tlv.encode(tag, content)


def read_short(data: bytes, tag: int, length_bytes: int) -> tuple[bytes, int]:
    """The content of the data object at the beginning of *data*, and its size; LayoutError."""
    try:
        item, rest = tlv.decode_one(data)
    except ApduError as error:
        raise LayoutError(str(error)) from None
    if item.tag != tag:
        raise LayoutError(f"{tag:02X} expected, not {item.tag:02X}")
    if data[1] >= 0x80 + length_bytes:
        raise LayoutError(f"{tag:02X}: a length of at most {length_bytes} bytes expected")
    return item.value, len(data) - len(rest)


def _blanked(name: str, size: int, value: JsonValue) -> str:
    text = string(value, name)
    if len(text) > size or re.fullmatch("[0-9 ]*", text, re.ASCII) is None:
        raise LayoutError(f"{name}: {size} digits expected")
    return text.ljust(size).replace(" ", "F")
