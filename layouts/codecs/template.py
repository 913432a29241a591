"""Content made of BER-TLV data objects, declared as a list of elements (ISO/IEC 7816-4:2020 §6.3)."""

from collections.abc import Mapping, Sequence

from bifente.apdu import tlv
from bifente.apdu.errors import ApduError
from bifente.layouts.codec import Codec, JsonValue, record, sequence
from bifente.layouts.codecs.values import Hex
from bifente.layouts.errors import LayoutError
from bifente.slotted import dataclass, field

OTHERS = "others"
"""The key of the data objects that a template does not name: ``[{"tag": "9F01", "hex": "…"}]``."""


@dataclass(frozen=True, slots=True)
class Element:
    """One data object of a template, ``key`` its name in the value. With ``many`` it may stand several times and the
    value is a list, empty when it is absent. An optional one that is absent has no key in the value.
    """

    tag: int
    key: str
    content: Codec
    optional: bool = False
    many: bool = False
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A codec of a mapping: the data objects of its elements, in their order.

    Decoding takes them in any order, keeps unknown ones under ``others`` and stops before bytes 00 (padding);
    encoding writes the declared order, then the others.
    """

    elements: tuple[Element, ...]
    _by_tag: Mapping[int, Element] = field(init=False, repr=False, compare=False)
    _required: Sequence[str] = field(init=False, repr=False, compare=False)
    _optional: Sequence[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_tag", {element.tag: element for element in self.elements})
        required = [element.key for element in self.elements if not element.optional and not element.many]
        optional = [element.key for element in self.elements if element.optional or element.many]
        object.__setattr__(self, "_required", tuple(required))
        object.__setattr__(self, "_optional", (*optional, OTHERS))

    @property
    def keys(self) -> list[str]:
        """The keys of all elements, in their order."""
        return [element.key for element in self.elements]

    def element(self, key: str) -> Element:
        """The element of that key; KeyError without one."""
        for element in self.elements:
            if element.key == key:
                return element
        raise KeyError(key)

    def encode(self, value: JsonValue) -> bytes:
        """The data objects of a mapping; LayoutError naming the key."""
        given = record(value, "template", self._required, self._optional)
        content = b""
        for element in self.elements:
            if element.key in given:
                item = given[element.key]
                for one in sequence(item, element.key) if element.many else [item]:
                    content += _wrap(element.tag, _encode(element, one), element.key)
        others = sequence(given.get(OTHERS, ()), OTHERS)
        return content + b"".join(self._other(other) for other in others)

    def _other(self, value: JsonValue) -> bytes:
        entry = record(value, OTHERS, ("tag", "hex"))
        tag = int.from_bytes(Hex((1, 2, 3)).encode(entry["tag"]), "big")
        if tag in self._by_tag:
            raise LayoutError(f"{OTHERS}: {tag:02X} has a name here")
        return _wrap(tag, Hex().encode(entry["hex"]), OTHERS)

    def decode(self, data: bytes) -> JsonValue:
        """The mapping of *data*, all of it; LayoutError."""
        value, end = self.decode_prefix(data)
        if end != len(data):
            raise LayoutError(f"offset {end}: {len(data) - end} bytes that are not a data object")
        return value

    def decode_prefix(self, data: bytes) -> tuple[JsonValue, int]:
        """The mapping of the data objects up to the end or to a byte 00, and how many bytes they take; LayoutError."""
        value: dict[str, JsonValue] = {}
        lists: dict[str, list[JsonValue]] = {}
        others: list[JsonValue] = []
        by_tag = self._by_tag
        rest = data
        while rest and rest[0] != 0:
            try:
                (tag, content), rest = tlv.decode_one(rest)
            except ApduError as error:
                raise LayoutError(f"offset {len(data) - len(rest)}: {error}") from None
            element = by_tag.get(tag)
            if element is None:
                others.append({"tag": _tag(tag), "hex": content.hex().upper()})
                continue
            key = element.key
            if key in value:
                raise LayoutError(f"{key} ({_tag(tag)}) stands twice")
            try:
                decoded = element.content.decode(content)
            except LayoutError as error:
                raise LayoutError(f"{key} ({_tag(tag)}): {error}") from None
            if element.many:
                lists.setdefault(key, []).append(decoded)
            else:
                value[key] = decoded
        ordered: dict[str, JsonValue] = {}
        for element in self.elements:
            key = element.key
            if key in value:
                ordered[key] = value[key]
            elif element.many:
                ordered[key] = lists.get(key, [])
            elif not element.optional:
                raise LayoutError(f"{key} ({_tag(element.tag)}) is missing")
        if others:
            ordered[OTHERS] = others
        return ordered, len(data) - len(rest)


@dataclass(frozen=True, slots=True)
class Wrapped:
    """One data object ``tag`` around another content, whose value it has."""

    tag: int
    inner: Codec

    def encode(self, value: JsonValue) -> bytes:
        """The data object; LayoutError."""
        return _wrap(self.tag, self.inner.encode(value), _tag(self.tag))

    def decode(self, data: bytes) -> JsonValue:
        """The value inside; LayoutError, also when something follows the object."""
        value, end = self.decode_prefix(data)
        if end != len(data):
            raise LayoutError(f"offset {end}: {len(data) - end} bytes follow {_tag(self.tag)}")
        return value

    def decode_prefix(self, data: bytes) -> tuple[JsonValue, int]:
        """The value inside the first object and its size; LayoutError."""
        try:
            item, rest = tlv.decode_one(data)
        except ApduError as error:
            raise LayoutError(str(error)) from None
        if item.tag != self.tag:
            raise LayoutError(f"{_tag(self.tag)} expected, not {_tag(item.tag)}")
        return self.inner.decode(item.value), len(data) - len(rest)


@dataclass(frozen=True, slots=True)
class ListOf:
    """Any number of data objects ``tag``: a list of the values inside."""

    tag: int
    inner: Codec

    def encode(self, value: JsonValue) -> bytes:
        """The data objects one after the other; LayoutError."""
        items = sequence(value, _tag(self.tag))
        return b"".join(_wrap(self.tag, self.inner.encode(item), _tag(self.tag)) for item in items)

    def decode(self, data: bytes) -> JsonValue:
        """The list; LayoutError."""
        value, end = self.decode_prefix(data)
        if end != len(data):
            raise LayoutError(f"offset {end}: {len(data) - end} bytes that are not a data object")
        return value

    def decode_prefix(self, data: bytes) -> tuple[JsonValue, int]:
        """The list of the objects up to the end or to a byte 00, and how many bytes they take; LayoutError."""
        wrapped = Wrapped(self.tag, self.inner)
        values: list[JsonValue] = []
        at = 0
        while at < len(data) and data[at] != 0:
            value, size = wrapped.decode_prefix(data[at:])
            values.append(value)
            at += size
        return values, at


def _tag(tag: int) -> str:
    text = f"{tag:X}"
    return text if len(text) % 2 == 0 else "0" + text


def _wrap(tag: int, content: bytes, key: str) -> bytes:
    try:
        return tlv.encode(tag, content)
    except ApduError as error:
        raise LayoutError(f"{key}: {error}") from None


def _encode(element: Element, value: JsonValue) -> bytes:
    try:
        return element.content.encode(value)
    except LayoutError as error:
        raise LayoutError(f"{element.key}: {error}") from None
