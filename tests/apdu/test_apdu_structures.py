"""The codecs that slice by hand, held against the declarations: the same values, or both refuse."""

from collections.abc import Callable
from functools import reduce
from operator import xor
from typing import TypeVar

import pytest
from construct import Construct, ConstructError, Container
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu import ApduError, Case, CommandAPDU, ResponseAPDU, tlv
from bifente.apdu.declared.structures import (
    ATR,
    COMMAND,
    COMMANDS,
    COMPACT_TLV,
    DOCP_VALUES,
    FCP_VALUES,
    FILE_DESCRIPTOR,
    LENGTH,
    RESPONSE,
    SDO_REQUEST,
    SECURITY_ATTRIBUTES,
    TAG,
    TLVS,
)
from bifente.apdu.files.fcp import Fcp, FileDescriptor
from bifente.apdu.files.sdo import Docp, SdoClass, SdoRequest
from bifente.apdu.files.security import SecurityAttributes, Target
from bifente.apdu.reset.atr import Atr
from bifente.apdu.reset.historical import HistoricalBytes

Given = TypeVar("Given")
Value = TypeVar("Value")


def declared(declaration: Construct, raw: bytes) -> Container | None:
    """What the declaration makes of *raw*, None when it refuses."""
    try:
        return declaration.parse(raw)
    except ConstructError:
        return None


def sliced(parse: Callable[[Given], Value], raw: Given) -> Value | None:
    """What the codec makes of *raw*, None when it refuses."""
    try:
        return parse(raw)
    except ApduError:
        return None


def assert_same_command(raw: bytes) -> None:
    hand, told = sliced(CommandAPDU.parse, raw), declared(COMMAND, raw)
    assert (hand is None) == (told is None), raw.hex()
    if hand is not None and told is not None:
        fields = told.fields
        assert (hand.cla, hand.ins, hand.p1, hand.p2) == (fields.cla, fields.ins, fields.p1, fields.p2)
        assert (hand.data, hand.ne) == (fields.data, fields.ne)
        assert hand.case is told.case


@given(st.binary(max_size=40))
def test_any_bytes_as_a_command(raw: bytes) -> None:
    assert_same_command(raw)


@given(
    st.binary(min_size=4, max_size=4),
    st.one_of(st.binary(max_size=4), st.integers(0, 300).map(lambda n: b"\0" + n.to_bytes(2, "big"))),
    st.integers(0, 600),
)
def test_any_length_field_before_any_length(header: bytes, lengths: bytes, size: int) -> None:
    assert_same_command(header + lengths + bytes(index % 251 for index in range(size)))


@pytest.mark.parametrize("p3", [0, 1, 2, 3, 127, 128, 254, 255])
def test_each_size_around_the_short_lengths(p3: int) -> None:
    for size in {*range(12), *range(p3, p3 + 12)}:
        assert_same_command((bytes((0x00, 0xD6, 0x00, 0x00, p3)) + b"\xa5" * 300)[:size])


@pytest.mark.parametrize("length", [0, 1, 2, 255, 256, 257, 65534, 65535])
def test_each_size_around_the_extended_lengths(length: int) -> None:
    whole = bytes((0x00, 0xD6, 0x00, 0x00, 0x00)) + length.to_bytes(2, "big") + b"\xa5" * (length + 6)
    for size in (
        {*range(12), *range(length, len(whole) + 1)} if length < 300 else range(length + 2, len(whole) + 1)
    ):
        assert_same_command(whole[:size])


@given(
    st.integers(0, 255),
    st.binary(max_size=300),
    st.one_of(st.none(), st.integers(1, 65536), st.sampled_from([256, 257, 65536])),
    st.booleans(),
)
def test_commands_are_built_alike(ins: int, data: bytes, ne: int | None, extended: bool) -> None:
    command = CommandAPDU.build(0x10, ins, 1, 2, data, ne, extended=extended)
    declaration = COMMANDS[command.case]
    assert (
        declaration.build({"cla": 0x10, "ins": ins, "p1": 1, "p2": 2, "data": data, "ne": ne}) == command.raw
    )


def test_each_case_is_declared() -> None:
    assert set(COMMANDS) == set(Case)


@given(st.binary(max_size=20))
def test_responses(raw: bytes) -> None:
    hand, told = sliced(ResponseAPDU.parse, raw), declared(RESPONSE, raw)
    assert (hand is None) == (told is None)
    if hand is not None and told is not None:
        assert (hand.data, hand.sw) == (told["data"], told["sw"])
        assert RESPONSE.build(told) == hand.raw == raw


raw_objects = st.lists(
    st.one_of(
        st.binary(max_size=6),
        st.builds(
            lambda tag, value: tag + bytes((len(value),)) + value,
            st.sampled_from(
                [b"\x80", b"\x7f\x49", b"\xbf\x90\x01", b"\x5f\x20", b"\x9f\x1e", b"\x1f\x80\x01"]
            ),
            st.binary(max_size=9),
        ),
        st.builds(
            lambda form, value: b"\x81" + form + bytes((len(value),)) + value,
            st.sampled_from([b"\x81", b"\x82\0", b"\x83\0\0", b"\x84\0\0\0"]),
            st.binary(max_size=9),
        ),
    ),
    max_size=4,
).map(b"".join)


@given(raw_objects)
def test_data_objects(raw: bytes) -> None:
    hand, told = sliced(tlv.decode, raw), declared(TLVS, raw)
    assert (hand is None) == (told is None), raw.hex()
    if hand is not None and told is not None:
        assert [(item.tag, item.value) for item in hand] == [(item.tag, item.value) for item in told]


def test_each_tag_of_one_and_two_bytes() -> None:
    for first in range(256):
        for second in (0x00, 0x1E, 0x1F, 0x20, 0x7F, 0x80, 0x81, 0xFF):
            for third in (0x00, 0x7F, 0x80):
                raw = bytes((first, second, third))
                tag = declared(TAG, raw)
                assert sliced(lambda data: tlv.read_tag(data, 0)[0], raw) == tag, raw.hex()
                if tag is not None:
                    assert tlv.encode_tag(tag) == TAG.build(tag)


@given(st.integers(0, 0x1000100))
def test_lengths(length: int) -> None:
    try:
        told = LENGTH.build(length)
    except ConstructError:
        told = None
    assert sliced(tlv.encode_length, length) == told


atrs = st.one_of(
    st.builds(
        lambda ts, rest: bytes((ts,)) + rest, st.sampled_from([0x3B, 0x3F, 0x3D]), st.binary(max_size=36)
    ),
    st.builds(
        lambda groups, history: _with_tck(b"\x3b" + groups + history),
        st.sampled_from(
            [b"\x82\x01", b"\x82\x80\x01", b"\xf2\x13\0\0\x81\x31\xfe\x45", b"\x82\x11\x40", b"\x92\x95\x0f"]
        ),
        st.binary(min_size=1, max_size=3),
    ),
)


def _with_tck(raw: bytes) -> bytes:
    return raw + bytes((reduce(xor, raw[1:]),))


@given(atrs)
def test_answers_to_reset(raw: bytes) -> None:
    hand, told = sliced(Atr.parse, raw), declared(ATR, raw)
    assert (hand is None) == (told is None), raw.hex()
    if hand is None or told is None:
        return
    assert hand.inverse == (told.ts == 0x3F)
    assert hand.historical == told.body.value.historical
    assert hand.tck == told.tck
    groups = told.body.value.groups
    assert [(group.ta, group.tb, group.tc) for group in hand.groups] == [
        (group.ta, group.tb, group.tc) for group in groups
    ]
    assert [group.protocol for group in hand.groups[1:]] == [group.lead & 0x0F for group in groups[1:]]


@given(st.integers(1, 8), st.binary(max_size=14))
def test_compact_objects(tag: int, value: bytes) -> None:
    raw = bytes((tag << 4 | len(value),)) + value
    told = COMPACT_TLV.parse(raw)
    assert (told.tag, told.value) == (tag, value)
    assert HistoricalBytes.parse(b"\x80" + raw).objects == ((tag, value),)


@given(st.binary(max_size=10), st.sampled_from(Target))
def test_security_attributes(raw: bytes, target: Target) -> None:
    hand = sliced(lambda data: SecurityAttributes.parse(data, target), raw)
    told = declared(SECURITY_ATTRIBUTES, raw)
    assert (hand is None) == (told is None)
    if hand is not None and told is not None:
        assert hand.access_mode == told.access_mode
        assert [scb.value for scb in hand.conditions] == list(told.conditions)


@given(st.binary(max_size=8))
def test_file_descriptors(raw: bytes) -> None:
    hand, told = sliced(FileDescriptor.parse, raw), declared(FILE_DESCRIPTOR, raw)
    assert (hand is None) == (told is None)
    if hand is not None and told is not None:
        names = ("byte", "data_coding", "record_size", "record_count")
        assert [getattr(hand, name) for name in names] == [told.get(name) for name in names]
        assert hand.wide_count == bool(told.get("wide_count"))


@pytest.mark.parametrize(
    ("tag", "name"),
    [(0x80, "size"), (0x81, "total_size"), (0x83, "fid"), (0x88, "sfi"), (0x8A, "life_cycle")],
)
@given(value=st.integers(0, 0x20000))
def test_control_parameters(tag: int, name: str, value: int) -> None:
    built = sliced(lambda number: Fcp(**{name: number}).encode(), value)
    try:
        told = FCP_VALUES[tag].build(value)
    except ConstructError:
        told = None
    assert (built is None) == (told is None)
    if built is not None and told is not None:
        assert built == tlv.encode(0x62, tlv.encode(tag, told))
        assert getattr(Fcp.parse(built), name) == value


def test_an_ef_without_short_identifier() -> None:
    assert FCP_VALUES[0x88].build(0) == b""
    assert FCP_VALUES[0x88].parse(b"") == 0


requests = st.one_of(
    st.binary(max_size=16),
    st.builds(
        lambda tag, wanted: tlv.encode(0x4D, tlv.encode(0x70, tag + bytes((len(wanted),)) + wanted)),
        st.sampled_from(
            [b"\xbf\x81\x01", b"\xbf\x90\x02", b"\xbf\x80\x01", b"\xbf\x01", b"\x7f\x49", b"\xbe\x81\x01"]
        ),
        st.sampled_from(
            [
                b"\xa0\x80",
                b"\x7f\x41\x80",
                b"\x7b\x80",
                b"\xa0\0",
                b"",
                b"\xa0",
                b"\xa0\x80\x7f\x49\x80",
                b"\0\x80",
            ]
        ),
    ),
)


@given(requests, st.sampled_from([b"", b"\0"]))
def test_requests_for_security_data_objects(raw: bytes, more: bytes) -> None:
    hand, told = sliced(SdoRequest.parse, raw + more), declared(SDO_REQUEST, raw + more)
    assert (hand is None) == (told is None), raw.hex()
    if hand is not None and told is not None:
        assert hand.sdo.tag == told.sdo
        assert list(hand.wanted) == list(told.wanted)


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        (0x9A, "max_tries"),
        (0x9B, "tries_left"),
        (0x9C, "max_uses"),
        (0x9D, "uses_left"),
        (0x80, "size"),
        (0x9E, "non_repudiation"),
    ],
)
@given(value=st.one_of(st.integers(0, 300), st.integers(0, 0x10100)))
def test_parameters_of_security_data_objects(tag: int, name: str, value: int) -> None:
    built = sliced(lambda number: Docp(SdoClass.CHV, **{name: number}).encode(), value)
    try:
        told = DOCP_VALUES[tag].build(value)
    except ConstructError:
        told = None
    assert (built is None) == (told is None)
    if built is not None and told is not None:
        assert built == tlv.encode(0xA0, tlv.encode(tag, told))
