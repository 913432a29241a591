"""BER-TLV: tags and lengths of each size, what is refused, round trips."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu import ApduError
from bifente.apdu.tlv import (
    MAX_DEPTH,
    Tlv,
    arrange,
    decode,
    decode_one,
    encode,
    encode_length,
    encode_tag,
    find,
    is_constructed,
    join,
    walk,
)

EF_ATR = bytes.fromhex(
    "4301B8460404B0ECC147039401804F088025000001FF0100E010020201040202010402020100020201007808"
    "06062B8122F8780282029000"
)
"""EF.ATR of a real CPS3 without its leading category byte (OpenSC PR #2220)."""


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (0x01, "01"),
        (0x80, "80"),
        (0x8C, "8C"),
        (0xE0, "E0"),
        (0xFE, "FE"),
        (0x1F1F, "1F1F"),
        (0x5F37, "5F37"),
        (0x7F49, "7F49"),
        (0x7F21, "7F21"),
        (0x9F7F, "9F7F"),
        (0xBF8101, "BF8101"),
        (0xBF9001, "BF9001"),
        (0xBFFB05, "BFFB05"),
        (0x1FFF7F, "1FFF7F"),
    ],
)
def test_tags(tag: int, text: str) -> None:
    assert encode_tag(tag) == bytes.fromhex(text)
    assert decode(bytes.fromhex(text + "01AA")) == [Tlv(tag, b"\xaa")]


@pytest.mark.parametrize(
    "tag",
    [
        0,
        -1,
        0xFF,
        0x1F,
        0x3F,
        0x7F00,
        0x7F1E,
        0x7F80,
        0x8001,
        0xFF20,
        0xBF8001,
        0xBF2001,
        0xBF8180,
        0xBF818101,
    ],
)
def test_no_tags(tag: int) -> None:
    with pytest.raises(ApduError):
        encode_tag(tag)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (0, "00"),
        (1, "01"),
        (127, "7F"),
        (128, "8180"),
        (255, "81FF"),
        (256, "820100"),
        (65535, "82FFFF"),
        (65536, "83010000"),
        (0xFFFFFF, "83FFFFFF"),
    ],
)
def test_lengths(length: int, text: str) -> None:
    assert encode_length(length) == bytes.fromhex(text)
    if length <= 65536:
        assert decode(b"\x80" + bytes.fromhex(text) + bytes(length)) == [Tlv(0x80, bytes(length))]


def test_no_longer_objects() -> None:
    with pytest.raises(ApduError):
        encode_length(0x1000000)


@pytest.mark.parametrize(
    ("text", "value"),
    [("80 81 02 AABB", "AABB"), ("80 82 0002 AABB", "AABB"), ("80 83 000002 AABB", "AABB"), ("80 81 00", "")],
)
def test_long_lengths_are_read_and_written_short(text: str, value: str) -> None:
    items = decode(bytes.fromhex(text))
    assert items == [Tlv(0x80, bytes.fromhex(value))]
    assert join(items) == encode(0x80, bytes.fromhex(value))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("80", "length is missing"),
        ("8001", "announces 1 bytes, 0 follow"),
        ("8003AABB", "announces 3 bytes, 2 follow"),
        ("3080AABB0000", "indefinite"),
        ("8080", "indefinite"),
        ("8081", "length is cut"),
        ("808201", "length is cut"),
        ("80830100", "length is cut"),
        ("808400000001AA", "84 is not a length"),
        ("80FF", "FF is not a length"),
        ("7F", "tag is cut"),
        ("7F49", "length is missing"),
        ("BF81", "tag is cut"),
        ("BF818101", "at most three bytes"),
        ("7F1E00", "shorter form"),
        ("7F8000", "shorter form"),
        ("0000", "does not begin a data object"),
        ("FF00", "does not begin a data object"),
        ("8001AA00", "byte 3"),
    ],
)
def test_what_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ApduError, match=reason):
        decode(bytes.fromhex(text))


def test_padding_is_skipped_on_demand() -> None:
    padded = bytes.fromhex("0000 8001AA 00 8100 000000")
    assert decode(padded, padding=True) == [Tlv(0x80, b"\xaa"), Tlv(0x81, b"")]
    assert decode(b"\0\0", padding=True) == []
    with pytest.raises(ApduError):
        decode(padded)


@pytest.mark.parametrize(
    ("tag", "constructed"),
    [
        (0x30, True),
        (0x62, True),
        (0x80, False),
        (0x5F37, False),
        (0x7F21, True),
        (0xBF8101, True),
        (0x9F7F, False),
        (0, False),
    ],
)
def test_constructed(tag: int, constructed: bool) -> None:
    assert is_constructed(tag) == constructed


def test_real_ef_atr() -> None:
    assert [f"{item.tag:02X}" for item in decode(EF_ATR)] == ["43", "46", "47", "4F", "E0", "78", "82"]
    assert find(EF_ATR, 0x4F) == bytes.fromhex("8025000001FF0100")
    assert find(EF_ATR, 0xE0, 0x02) == bytes.fromhex("0104")
    assert find(EF_ATR, 0xE0, 0x03) is None
    assert find(EF_ATR, 0x50) is None
    assert join(decode(EF_ATR)) == EF_ATR
    assert [(level, item.tag) for level, item in walk(EF_ATR)][3:9] == [
        (0, 0x4F),
        (0, 0xE0),
        (1, 0x02),
        (1, 0x02),
        (1, 0x02),
        (1, 0x02),
    ]


def test_find_in_objects_and_through_primitives() -> None:
    items = [Tlv(0x65, encode(0x80, b"NOM")), Tlv(0x65, encode(0x81, b"PRENOM"))]
    assert find(items, 0x65, 0x80) == b"NOM"
    assert find(items, 0x65, 0x81) is None
    assert find([], 0x65) is None
    with pytest.raises(ApduError, match="primitive"):
        find(encode(0x80, b"\x81\0"), 0x80, 0x81)


def test_decode_one() -> None:
    assert decode_one(bytes.fromhex("8001AA8100FF")) == (Tlv(0x80, b"\xaa"), bytes.fromhex("8100FF"))
    with pytest.raises(ApduError, match="nothing is there"):
        decode_one(b"")
    assert decode(b"") == []


def _nested(levels: int) -> bytes:
    raw = b""
    for _ in range(levels):
        raw = encode(0x30, raw)
    return raw


def test_depth_is_bounded() -> None:
    assert [level for level, _ in walk(_nested(MAX_DEPTH))] == list(range(MAX_DEPTH))
    with pytest.raises(ApduError, match="nested"):
        list(walk(_nested(MAX_DEPTH + 1)))
    with pytest.raises(ApduError, match="nested"):
        list(walk(_nested(3000)))


def test_a_value_is_not_shown() -> None:
    assert repr(Tlv(0x7F48, b"\xc0\xff\xee")) == "Tlv(7F48, 3 bytes)"
    assert "c0ffee" not in repr(decode(bytes.fromhex("8003C0FFEE"))).lower()


def test_arrange() -> None:
    items = [Tlv(0x80, b"1"), Tlv(0x81, b"2"), Tlv(0x80, b"3")]
    assert arrange(items, (0x81, 0x80)) == [items[1], items[0], items[2]]
    assert arrange(items, ()) == items
    assert arrange(items, (0x99,)) == items


tags = st.one_of(
    st.integers(1, 0xFE).filter(lambda tag: tag & 0x1F != 0x1F),
    st.builds(
        lambda first, second: first << 8 | second,
        st.sampled_from([0x1F, 0x5F, 0x7F, 0xBF]),
        st.integers(0x1F, 0x7F),
    ),
    st.builds(
        lambda first, second, third: first << 16 | second << 8 | third,
        st.sampled_from([0x1F, 0x9F, 0xBF]),
        st.integers(0x81, 0xFF),
        st.integers(0, 0x7F),
    ),
)
objects = st.builds(Tlv, tags, st.binary(max_size=300))


@given(st.lists(objects, max_size=5))
def test_round_trip(items: list[Tlv]) -> None:
    assert decode(join(items)) == items
    for item in items:
        assert decode_one(item.encode() + b"\x80") == (item, b"\x80")


@given(objects)
def test_truncation_at_each_byte(item: Tlv) -> None:
    raw = item.encode()
    for size in range(1, len(raw)):
        with pytest.raises(ApduError):
            decode(raw[:size])


@given(st.binary(max_size=200), st.booleans())
def test_garbage_is_read_or_refused(raw: bytes, padding: bool) -> None:
    try:
        items = decode(raw, padding=padding)
        list(walk(raw, padding=padding))
    except ApduError:
        return
    assert decode(join(items)) == items


@given(st.recursive(st.binary(max_size=8), lambda inner: st.lists(inner, max_size=4), max_leaves=12))
def test_trees_come_back_from_a_walk(tree: list[object] | bytes) -> None:
    def build(node: object) -> bytes:
        if isinstance(node, bytes):
            return encode(0x80, node)
        assert isinstance(node, list)
        return encode(0x30, b"".join(build(child) for child in node))

    def leaves(node: object) -> list[bytes]:
        return [node] if isinstance(node, bytes) else [leaf for child in node for leaf in leaves(child)]

    assert [item.value for _, item in walk(build(tree)) if item.tag == 0x80] == leaves(tree)
