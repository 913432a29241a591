"""The codecs that the others are made of: raw, padded, declared, values, templates."""

import pytest
from construct import Array, Byte, Bytes, Const, ConstructError, Int16ub, Struct, this
from hypothesis import given
from hypothesis import strategies as st

from bifente.layouts.codec import Codec, PaddedCodec, PrefixCodec, RawCodec
from bifente.layouts.codecs.ber import DER_LENGTH
from bifente.layouts.codecs.template import Element, ListOf, Template, Wrapped
from bifente.layouts.codecs.values import DATE, LATIN, UTF8, Bcd, Hex, Number, Text
from bifente.layouts.declared.constructcodec import ConstructCodec, plain
from bifente.layouts.errors import LayoutError

PERSON = Template(
    (
        Element(0x80, "nom", UTF8),
        Element(0x81, "ville", UTF8, optional=True),
        Element(0x82, "enfants", UTF8, many=True),
        Element(0xA3, "chien", Template((Element(0x80, "nom", LATIN),)), optional=True),
    )
)
NAMES = st.text(st.characters(codec="utf-8"), max_size=12)
PERSONS = st.fixed_dictionaries(
    {"nom": NAMES, "enfants": st.lists(NAMES, max_size=3)},
    optional={
        "ville": NAMES,
        "chien": st.fixed_dictionaries({"nom": st.text(st.characters(codec="latin-1"), max_size=8)}),
        "others": st.lists(
            st.fixed_dictionaries(
                {
                    "tag": st.sampled_from(["90", "9F25", "7F21"]),
                    "hex": st.binary(max_size=6).map(lambda raw: raw.hex().upper()),
                }
            ),
            min_size=1,
            max_size=2,
        ),
    },
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
CODECS: list[PrefixCodec] = [PERSON, Wrapped(0x65, PERSON), ListOf(0x61, PERSON), Wrapped(0x30, UTF8)]


@pytest.mark.parametrize("length", [0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000, 0xFFFFFF])
def test_der_lengths_in_their_shortest_form(length: int) -> None:
    short = bytes((length,)) if length < 0x80 else b""
    middle = bytes((0x81, length)) if 0x80 <= length < 0x100 else b""
    long = b"\x82" + length.to_bytes(2, "big") if 0x100 <= length < 0x10000 else b""
    longest = b"\x83" + length.to_bytes(3, "big") if length >= 0x10000 else b""
    assert DER_LENGTH.build(length) == short + middle + long + longest
    assert DER_LENGTH.parse(DER_LENGTH.build(length)) == length


@pytest.mark.parametrize(
    "data", ["", "80", "817F", "81", "8200FF", "8201", "8300FFFF", "830100", "8401000000", "FF"]
)
def test_other_der_lengths_are_refused(data: str) -> None:
    with pytest.raises(ConstructError):
        DER_LENGTH.parse(bytes.fromhex(data))


@given(st.binary(max_size=40))
def test_raw_content_comes_back(data: bytes) -> None:
    codec = RawCodec()
    assert codec.encode(codec.decode(data)) == data


@pytest.mark.parametrize(
    "value", [None, "00", [], {}, {"hex": 0}, {"hex": "0"}, {"hex": "XY"}, {"hex": "", "x": 1}]
)
def test_what_is_no_raw_content(value: object) -> None:
    with pytest.raises(LayoutError):
        RawCodec().encode(value)  # type: ignore[arg-type]


@given(PERSONS, st.integers(0, 20))
def test_padding_is_zeros_and_only_zeros(value: dict, room: int) -> None:
    content = PERSON.encode(value)
    codec = PaddedCodec(PERSON, len(content) + room)
    padded = codec.encode(value)
    assert padded == content + bytes(room)
    assert codec.decode(padded) == PERSON.decode(content)
    assert codec.decode(content) == PERSON.decode(content)
    with pytest.raises(LayoutError):
        codec.decode(padded + b"\0\1")
    with pytest.raises(LayoutError, match="do not fit"):
        PaddedCodec(PERSON, len(content) - 1).encode(value)


def test_a_file_of_zeros_holds_nothing() -> None:
    codec = PaddedCodec(PERSON, 9)
    assert codec.decode(bytes(9)) is None
    assert codec.decode(b"") is None
    assert codec.encode(None) == bytes(9)


DECLARED = ConstructCodec(
    "thing",
    Struct("magic" / Const(b"T"), "count" / Byte, "items" / Array(this.count, Int16ub), "tail" / Bytes(2)),
)


class Letters(ConstructCodec):
    """A declaration whose value is text."""

    def declared(self, value: object) -> object:
        if not isinstance(value, str):
            raise LayoutError("letters: a text was expected")
        return value.encode("ascii")

    def undeclared(self, parsed: object) -> str:
        assert isinstance(parsed, bytes)
        return parsed.decode("ascii")


def test_a_declaration_as_a_codec() -> None:
    data = bytes.fromhex("54 02 0001 0203 AABB")
    value = DECLARED.decode(data)
    assert value == {"magic": "54", "count": 2, "items": [1, 0x203], "tail": "AABB"}
    assert DECLARED.decode_prefix(data + b"rest") == (value, len(data))
    for size in range(len(data)):
        with pytest.raises(LayoutError, match="thing"):
            DECLARED.decode(data[:size])
    with pytest.raises(LayoutError, match="thing: 1 bytes follow"):
        DECLARED.decode(data + b"\0")


def test_a_subclass_gives_the_values_its_own_form() -> None:
    codec = Letters("letters", Bytes(3))
    assert codec.encode("abc") == b"abc"
    assert codec.decode(b"abc") == "abc"
    for wrong in ("ab", "abé", None):
        with pytest.raises(LayoutError):
            codec.encode(wrong)
    with pytest.raises(LayoutError):
        codec.decode(b"ab\xe9")


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(LayoutError, match="complex"):
        plain({"a": [1j]})


@given(VALUES)
def test_a_declaration_refuses_values_with_its_own_error(value: object) -> None:
    for codec in (
        DECLARED,
        Letters("letters", Bytes(3)),
        *CODECS,
        DATE,
        Bcd((2,)),
        Number(2),
        Hex((1,)),
        RawCodec(),
    ):
        try:
            data = codec.encode(value)  # type: ignore[arg-type]
        except LayoutError:
            continue
        assert codec.encode(codec.decode(data)) == data


def test_the_codecs_are_codecs() -> None:
    for codec in (RawCodec(), DECLARED, UTF8, DATE, Bcd((4,)), Number(1), Hex(), *CODECS):
        assert isinstance(codec, Codec)
    assert all(isinstance(codec, PrefixCodec) for codec in CODECS)


@pytest.mark.parametrize(
    ("codec", "value", "data"),
    [
        (UTF8, "é", "C3A9"),
        (LATIN, "é", "E9"),
        (DATE, "19421901", "3139343231393031"),
        (Bcd((4,)), "1234", "1234"),
        (Bcd((3, 4)), "123", "123F"),
        (Number(2), 258, "0102"),
        (Hex(), "AB", "AB"),
    ],
)
def test_values(codec: Codec, value: str | int, data: str) -> None:
    assert codec.encode(value) == bytes.fromhex(data)
    assert codec.decode(bytes.fromhex(data)) == value


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        (LATIN, "€"),
        (UTF8, "\ud800"),
        (UTF8, 5),
        (Text(at_most=2), "ééé"),
        (Text(at_least=1), ""),
        (DATE, "1942-01-01"),
        (DATE, "１9420101"),
        (Bcd((4,)), "123"),
        (Bcd((4,)), "12é4"),
        (Bcd((4,)), "12²4"),
        (Number(1), 256),
        (Number(1), -1),
        (Number(1), True),
        (Number(1), "1"),
        (Hex((2,)), "AB"),
    ],
)
def test_values_that_are_refused(codec: Codec, value: str | int) -> None:
    with pytest.raises(LayoutError):
        codec.encode(value)


@pytest.mark.parametrize(
    ("codec", "data"),
    [
        (UTF8, "C3"),
        (DATE, "41"),
        (Bcd((4,)), "12FF"),
        (Bcd((4,)), "12A4"),
        (Bcd((3,)), "FFFF"),
        (Bcd((2,)), "12FF"),
        (Bcd((0, 2)), "F0"),
        (Number(1), ""),
        (Hex((2,)), "AB"),
    ],
)
def test_bytes_that_are_refused(codec: Codec, data: str) -> None:
    with pytest.raises(LayoutError):
        codec.decode(bytes.fromhex(data))


@given(PERSONS)
def test_a_template_comes_back(value: dict) -> None:
    data = PERSON.encode(value)
    assert PERSON.decode(data) == value
    assert list(PERSON.decode(data)) == [
        key for key in ("nom", "ville", "enfants", "chien", "others") if key in value
    ]
    assert PERSON.decode_prefix(data + b"\0\0") == (value, len(data))


def test_a_template_takes_its_objects_in_any_order() -> None:
    assert PERSON.decode(bytes.fromhex("8201 62 8001 61 8201 63")) == {"nom": "a", "enfants": ["b", "c"]}
    assert PERSON.encode({"enfants": ["b", "c"], "nom": "a"}) == bytes.fromhex("8001 61 8201 62 8201 63")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "nom is missing"),
        ({"nom": "a", "nam": "b"}, "'nam' is not known"),
        ({"nom": 1}, "nom: text"),
        ({"nom": "a", "enfants": "b"}, "enfants: a list"),
        ({"nom": "a", "chien": {}}, "chien: template: nom is missing"),
        ({"nom": "a", "others": [{"tag": "80", "hex": ""}]}, "has a name here"),
        ({"nom": "a", "others": [{"tag": "FF", "hex": ""}]}, "others"),
        ([], "mapping"),
    ],
)
def test_a_template_refuses_values_by_name(value: object, message: str) -> None:
    with pytest.raises(LayoutError, match=message):
        PERSON.encode(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "nom .80. is missing"),
        ("8001 61 8001 62", "stands twice"),
        ("8001 C3", "nom"),
        ("8001 61 A302 8000 00", "offset 7"),
        ("8001 61 A301 80", "chien"),
        ("8001 61 82", "offset 3"),
    ],
)
def test_a_template_refuses_bytes_by_name(data: str, message: str) -> None:
    with pytest.raises(LayoutError, match=message):
        PERSON.decode(bytes.fromhex(data))


@given(st.lists(PERSONS, max_size=3))
def test_lists_and_wrappers_come_back(values: list[dict]) -> None:
    codec = ListOf(0x61, PERSON)
    data = codec.encode(values)
    assert codec.decode(data) == values
    assert codec.decode_prefix(data + b"\0") == (values, len(data))
    if len(values) == 1:
        assert Wrapped(0x61, PERSON).decode(data) == values[0]


def test_a_wrapper_wants_its_tag_and_nothing_after_it() -> None:
    codec = Wrapped(0x65, UTF8)
    for wrong in ("", "6400", "650141 00", "6502 41"):
        with pytest.raises(LayoutError):
            codec.decode(bytes.fromhex(wrong))


@given(PERSONS)
def test_templates_cut_at_each_byte(value: dict) -> None:
    codec = Wrapped(0x65, PERSON)
    data = codec.encode(value)
    for size in range(len(data)):
        with pytest.raises(LayoutError):
            codec.decode(data[:size])


@given(st.binary(max_size=60), st.sampled_from(CODECS))
def test_garbage_gives_layout_errors_only(data: bytes, codec: PrefixCodec) -> None:
    try:
        value = codec.decode(data)
    except LayoutError:
        return
    assert codec.decode(codec.encode(value)) == value
