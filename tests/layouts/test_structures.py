"""The codecs that slice by hand, held against their declarations: the same values and bytes, or both refuse.

Every file of every layout is tried, with values made from its own description, cut, spoiled and replaced by garbage.
"""

from collections.abc import Callable
from functools import singledispatch
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifente.apdu import ApduError, tlv
from bifente.apdu.tlv import Tlv
from bifente.layouts.cards import cps3, t1test, vitale2
from bifente.layouts.codec import Codec, EmptyOr, JsonValue, PaddedCodec, RawCodec
from bifente.layouts.codecs import der, groupfiles, identity, pkcs15
from bifente.layouts.codecs.businessvalues import (
    Decimal,
    Digits,
    EndedTexts,
    First,
    Flags,
    Forms,
    Nibbles,
    ShortObject,
    ShortObjects,
)
from bifente.layouts.codecs.cps2terdata import DecimalOrNone, Establishment
from bifente.layouts.codecs.template import Element, ListOf, Template, Wrapped
from bifente.layouts.codecs.values import DATE, LATIN, UTF8, Bcd, Hex, Number, Text
from bifente.layouts.declared import derstructures, structures
from bifente.layouts.declared.constructcodec import ConstructCodec
from bifente.layouts.errors import LayoutError
from bifente.layouts.nodes import EF
from bifente.ssv.groups import GROUPS

Values = st.SearchStrategy[JsonValue]
Given = TypeVar("Given")
Result = TypeVar("Result")

PERSON = Template(
    (
        Element(0x80, "nom", UTF8),
        Element(0x5F20, "ville", Text("ascii", at_least=1, at_most=5), optional=True),
        Element(0x82, "enfants", UTF8, many=True),
        Element(0xA3, "chien", Template((Element(0x80, "nom", LATIN),)), optional=True),
        Element(0x84, "puce", Bcd((3, 4)), optional=True),
        Element(0x85, "vaccins", Hex((1, 2)), optional=True),
    )
)
OTHER_CODECS: dict[str, Codec] = {
    "template": PERSON,
    "list": ListOf(0x7F21, PERSON),
    "padded": PaddedCodec(PERSON, 40),
    "padded list": PaddedCodec(ListOf(0x61, Wrapped(0x30, PERSON)), 60, empty=[]),
    "groups in a file of fixed size": groupfiles.GroupsCodec(size=60),
    "group 105 and 111": groupfiles.GroupsCodec((105, 111)),
    "text": UTF8,
    "date": DATE,
    "digits": Bcd((0, 2, 3)),
    "number": Number(2),
    "hexadecimal": Hex((0, 2)),
}


def _codecs() -> dict[str, Codec]:
    """The codecs of all files by the name of the first file that has it, and some more that combine them."""
    found: dict[str, Codec] = {}
    for module in (cps3, vitale2, t1test):
        for path, node in module.LAYOUT.walk():
            if isinstance(node, EF) and not any(node.codec == known for known in found.values()):
                found[f"{module.LAYOUT.kind} {path} {node.name}"] = node.codec
    return {**found, **OTHER_CODECS}


CODECS = _codecs()
EACH = pytest.mark.parametrize(
    ("codec", "told"),
    [(codec, ConstructCodec(name, structures.declaration(codec))) for name, codec in CODECS.items()],
    ids=CODECS,
)


FEWER = settings(max_examples=settings().max_examples // 6)
"""For what is tried with each of the codecs, which share most of their parts: together they see all of it often."""


def outcome(act: Callable[[Given], Result], argument: Given) -> tuple[Result] | None:
    """What comes out, in a tuple; None when it is refused."""
    try:
        return (act(argument),)
    except LayoutError:
        return None


# Values, from the description of what holds them.

WORDS = st.text(max_size=6)
HEXADECIMAL = st.binary(max_size=6).map(lambda raw: raw.hex().upper())
DIGITS = st.text("0123456789", min_size=20, max_size=20)


@singledispatch
def values(codec: object) -> Values:
    raise TypeError(f"no values for {type(codec).__name__}")


@values.register(RawCodec)
def _(codec: RawCodec) -> Values:
    return st.fixed_dictionaries({"hex": HEXADECIMAL})


@values.register(EmptyOr)
def _(codec: EmptyOr) -> Values:
    return st.just({"hex": ""}) | values(codec.inner).filter(bool)


@values.register(Text)
def _(codec: Text) -> Values:
    if codec.pattern:
        return st.from_regex(codec.pattern, fullmatch=True)
    return st.text(
        st.characters(codec=codec.encoding), min_size=codec.at_least, max_size=min(codec.at_most, 12)
    )


@values.register(Number)
def _(codec: Number) -> Values:
    return st.integers(0, (1 << 8 * codec.size) - 1)


@values.register(Bcd)
def _(codec: Bcd) -> Values:
    return st.tuples(DIGITS, st.sampled_from(codec.sizes)).map(lambda drawn: drawn[0][: drawn[1]])


@values.register(Hex)
def _(codec: Hex) -> Values:
    if not codec.sizes:
        return HEXADECIMAL
    return st.one_of(*(st.binary(min_size=size, max_size=size) for size in codec.sizes)).map(bytes.hex)


@values.register(Template)
def _(codec: Template) -> Values:
    required, optional = {}, {}
    for element in codec.elements:
        content = values(element.content)
        if element.many:
            content = st.lists(content, max_size=3)
        (optional if element.optional or element.many else required)[element.key] = content
    other = st.fixed_dictionaries({"tag": st.sampled_from(["BE", "9F25", "7F8101"]), "hex": HEXADECIMAL})
    optional["others"] = st.lists(other, max_size=2)
    return st.fixed_dictionaries(required, optional=optional)


@values.register(Wrapped)
def _(codec: Wrapped) -> Values:
    return values(codec.inner)


@values.register(ListOf)
def _(codec: ListOf) -> Values:
    return st.lists(values(codec.inner), max_size=3)


@values.register(PaddedCodec)
def _(codec: PaddedCodec) -> Values:
    return st.just(codec.empty) | values(codec.inner)


values.register(Decimal, lambda _: st.integers(0, 99).map(lambda code: f"{code:02d}"))
values.register(Flags, lambda _: st.text("ON", min_size=8, max_size=8))


values.register(DecimalOrNone, lambda _: st.just("") | st.integers(0, 99).map(lambda code: f"{code:02d}"))


@values.register(Establishment)
def _(codec: Establishment) -> Values:
    codes = {name: values(DecimalOrNone()) for name in ("secteur", "forme_juridique")}
    return st.fixed_dictionaries({**codes, "structure": st.text("0123456789ABCDE", max_size=15)})


@values.register(Digits)
def _(codec: Digits) -> Values:
    return st.tuples(DIGITS, st.sampled_from(codec.counts)).map(lambda drawn: drawn[0][: drawn[1]])


@values.register(Nibbles)
def _(codec: Nibbles) -> Values:
    return st.fixed_dictionaries(
        {}, optional={name: st.text("0123456789 ", max_size=size) for name, size in codec.parts}
    )


@values.register(EndedTexts)
def _(codec: EndedTexts) -> Values:
    return st.lists(values(codec.text), max_size=codec.at_most + 1)


@values.register(First)
def _(codec: First) -> Values:
    return st.fixed_dictionaries(
        {codec.key: values(codec.first)}, optional={codec.rest_key: values(codec.rest)}
    )


@values.register(ShortObject)
def _(codec: ShortObject) -> Values:
    return values(codec.inner)


@values.register(ShortObjects)
def _(codec: ShortObjects) -> Values:
    return st.fixed_dictionaries({codec.key: st.lists(values(codec.inner), max_size=codec.at_most + 1)})


@values.register(Forms)
def _(codec: Forms) -> Values:
    return values(codec.now) | values(codec.before)


@values.register(identity.SerialCodec)
def _(codec: identity.SerialCodec) -> Values:
    digits = {"emetteur": 10, "numero": 9}
    parts = {key: DIGITS.map(lambda text, size=size: text[:size]) for key, size in digits.items()}
    parts["numero"] |= DIGITS.map(lambda text: text[:8])
    return st.fixed_dictionaries(parts, optional={"cle": st.sampled_from("0123456789")})


@values.register(identity.PointersCodec)
def _(codec: identity.PointersCodec) -> Values:
    application = st.fixed_dictionaries(
        {"id": st.integers(0, 2), "aid": HEXADECIMAL}, optional={"reserved": st.integers(0, 0xFFFF)}
    )
    name = st.from_regex("[ -~]{0,8}", fullmatch=True)
    fid = st.binary(min_size=2, max_size=2).map(bytes.hex)
    file = st.fixed_dictionaries({"name": name, "application": st.integers(0, 2), "fid": fid})
    return st.fixed_dictionaries(
        {"applications": st.lists(application, max_size=3), "files": st.lists(file, max_size=3)}
    )


@values.register(groupfiles.GroupsCodec)
def _(codec: groupfiles.GroupsCodec) -> Values:
    texts = st.text(st.characters(codec="latin-1"), max_size=3) | st.just("x" * 130)
    groups = [
        st.fixed_dictionaries(
            {
                "group": st.just(identifier),
                "fields": st.lists(texts, min_size=len(description.fields), max_size=len(description.fields)),
            }
        )
        for identifier, description in GROUPS.items()
        if identifier in (codec.groups or GROUPS)
    ]
    return st.lists(st.one_of(groups), max_size=3)


@values.register(pkcs15.CiaCodec)
def _(codec: pkcs15.CiaCodec) -> Values:
    kinds = [
        values(shape).map(lambda fields, kind=kind: {"type": kind, **fields} if kind else fields)
        for kind, shape in codec.shapes.items()
    ]
    return st.one_of(kinds) if codec.single else st.lists(st.one_of(kinds), max_size=3)


values.register(
    der.Utf8String, lambda _: st.text(st.characters(codec="utf-8"), max_size=6) | st.just("x" * 200)
)
values.register(der.OctetString, lambda _: HEXADECIMAL)
values.register(der.Integer, lambda _: st.integers(0, 300) | st.integers(0, (1 << 64) - 1))
values.register(der.Time, lambda _: st.from_regex("[0-9]{14}Z", fullmatch=True))
values.register(
    der.ObjectIdentifier,
    lambda _: st.from_regex(r"([01]\.[1-3]?[0-9]|2\.[0-9]{1,19})(\.[0-9]{1,19}){0,3}", fullmatch=True),
)


values.register(der.Constant, lambda _: st.none())


@values.register(der.Named)
def _(shape: der.Named) -> Values:
    return st.sampled_from(shape.names) | st.integers(0, 300)


@values.register(der.Bits)
def _(shape: der.Bits) -> Values:
    return st.lists(st.sampled_from(shape.names), max_size=4) | st.fixed_dictionaries({"hex": HEXADECIMAL})


@values.register(der.SequenceOf)
def _(shape: der.SequenceOf) -> Values:
    return st.lists(values(shape.item), max_size=3)


@values.register(der.Record)
def _(shape: der.Record) -> Values:
    parts: list[Values] = [st.just({})]
    for member in shape.members:
        if member.key is None:
            if isinstance(member.shape, der.Record):
                parts.append(values(member.shape))
            continue
        own = {member.key: values(member.shape)}
        parts.append(
            st.fixed_dictionaries({}, optional=own) if member.optional else st.fixed_dictionaries(own)
        )
    return st.tuples(*parts).map(lambda drawn: {key: one for part in drawn for key, one in part.items()})


ODD = st.sampled_from(
    [None, True, 0, -1, 65536, 1.5, "", "x", "é", "\ud800", "€", "0", "00", "３", " 0 0", "9F", [], ["x"], {}]
)


def altered(data: st.DataObject, value: JsonValue) -> JsonValue:
    """*value* with one thing in it left out, put in or replaced."""
    if isinstance(value, dict) and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(["hex", "cle", "others", *value]))
        if key in value and data.draw(st.booleans()):
            return {name: one for name, one in value.items() if name != key}
        return {**value, key: altered(data, value.get(key))}
    if isinstance(value, list) and value and data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(value) - 1))
        return [*value[:at], altered(data, value[at]), *value[at + 1 :]]
    return data.draw(ODD)


def spoiled(data: st.DataObject, raw: bytes) -> bytes:
    """*raw* with some bytes changed, put in or left out, or with a length in a longer form."""
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw)))
        new = data.draw(st.one_of(st.binary(max_size=2), st.just(b"\x81" + raw[at : at + 1])))
        raw = raw[:at] + new + raw[at + data.draw(st.integers(0, 2)) :]
    return raw


def rearranged(data: st.DataObject, raw: bytes) -> bytes:
    """*raw* with one data object in it left out, doubled, moved or spoiled, and all lengths right."""
    try:
        items = tlv.decode(raw.rstrip(b"\0"))
    except ApduError:
        items = []
    if not items:
        return spoiled(data, raw)
    at = data.draw(st.integers(0, len(items) - 1))
    item = items.pop(at)
    change = rearranged if item.constructed else spoiled
    new = data.draw(st.sampled_from([[], [item, item], [item], None]))
    if new is None:
        new = [Tlv(item.tag, change(data, item.value))]
    else:
        at = data.draw(st.integers(0, len(items)))
    return tlv.join([*items[:at], *new, *items[at:]])


@EACH
@FEWER
@given(data=st.data())
def test_values_are_written_alike_and_come_back(codec: Codec, told: Codec, data: st.DataObject) -> None:
    value = data.draw(values(codec))
    written = outcome(codec.encode, value)
    assert outcome(told.encode, value) == written
    if written is not None:
        read = codec.decode(written[0])
        assert told.decode(written[0]) == read
        assert codec.encode(read) == written[0]


@EACH
@FEWER
@given(data=st.data())
def test_other_values_are_written_alike_or_refused(codec: Codec, told: Codec, data: st.DataObject) -> None:
    value = altered(data, data.draw(values(codec)))
    assert outcome(told.encode, value) == outcome(codec.encode, value)


@EACH
@settings(max_examples=max(2, settings().max_examples // 20))
@given(data=st.data())
def test_content_cut_at_any_byte_is_read_alike_also_with_one_more(
    codec: Codec, told: Codec, data: st.DataObject
) -> None:
    """At each of the first and last bytes; long contents between them at some, others in each example."""
    written = outcome(codec.encode, data.draw(values(codec)))
    if written is not None:
        length = len(written[0].rstrip(b"\0"))
        step = length // 24 + 1
        between = range(data.draw(st.integers(0, step - 1)), length, step)
        for size in sorted({*range(min(length, 12)), *between, *range(max(0, length - 12), length + 1)}):
            for cut in (written[0][:size], written[0][:size] + b"\x01"):
                assert outcome(told.decode, cut) == outcome(codec.decode, cut), cut.hex()


@EACH
@FEWER
@given(data=st.data())
def test_spoiled_content_is_read_alike(codec: Codec, told: Codec, data: st.DataObject) -> None:
    written = outcome(codec.encode, data.draw(values(codec)))
    if written is not None:
        raw = data.draw(st.sampled_from([spoiled, rearranged, rearranged]))(data, written[0])
        assert outcome(told.decode, raw) == outcome(codec.decode, raw), raw.hex()


@EACH
@FEWER
@given(raw=st.binary(max_size=60))
def test_garbage_is_read_alike(codec: Codec, told: Codec, raw: bytes) -> None:
    assert outcome(told.decode, raw) == outcome(codec.decode, raw)


def test_what_is_not_declared_says_so() -> None:
    with pytest.raises(TypeError, match="object"):
        structures.declaration(object())
    with pytest.raises(TypeError, match="object"):
        derstructures.content_of(object())


@pytest.mark.parametrize("long", ["5A810A8025000001990000001F", "5A82000A8025000001990000001F"])
def test_a_length_in_a_longer_form_is_read_by_both(long: str) -> None:
    raw = bytes.fromhex(long)
    told = ConstructCodec("serial", structures.declaration(identity.SERIAL))
    assert told.decode(raw) == identity.SERIAL.decode(raw)


SHAPES = [
    der.Utf8String(),
    der.OctetString(),
    der.Integer(),
    der.Named(("a", "b")),
    der.Bits(tuple("abcdefghi")),
    der.Time(),
    der.ObjectIdentifier(),
    der.Constant(der.NULL, b"\0"),
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
@given(data=st.data())
def test_asn1_types_are_read_alike(shape: der.Shape, data: st.DataObject) -> None:
    """A file is refused when it would not be written again byte for byte; so is here a content."""
    raw = shape.build(data.draw(values(shape)), "value") + data.draw(st.binary(max_size=1))
    told = ConstructCodec("value", derstructures.content_of(shape))
    for content in (raw, raw[:-1], spoiled(data, raw)):
        read = outcome(lambda known: shape.read(known, "value"), content)
        if read is not None and outcome(lambda value: shape.build(value, "value"), read[0]) != (content,):
            read = None
        parsed = outcome(told.decode, content)
        if isinstance(shape, der.Constant):
            read, parsed = read and (True,), parsed and (True,)
        assert parsed == read, content.hex()
