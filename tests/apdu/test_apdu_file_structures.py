"""What SELECT and GET DATA answer, historical bytes and class bytes, held against their declarations."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import pytest
from construct import Construct, ConstructError
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu import ApduError, tlv
from bifente.apdu.classbyte import CLASS_BYTES, SecureMessaging
from bifente.apdu.declared.structures import (
    CLASS_BYTE,
    DOCP_CONTENT,
    FCP,
    HISTORICAL,
    INTERFACE_ATTRIBUTES,
    SDO_ANSWER,
)
from bifente.apdu.files.fcp import Fcp, FcpTemplate, FileDescriptor
from bifente.apdu.files.sdo import Docp, SdoClass, encode_answer, parse_answer
from bifente.apdu.files.security import InterfaceAttributes, SecurityAttributes, Target
from bifente.apdu.reset.historical import HistoricalBytes
from bifente.apdu.tlv import Tlv

Value = TypeVar("Value")
Items = list[tuple[int, object]]


def refused(act: Callable[[bytes], Value], raw: bytes) -> Value | None:
    """What *act* gives, None when it refuses."""
    try:
        return act(raw)
    except (ApduError, ConstructError):
        return None


def any_template(raw: bytes) -> tuple[FcpTemplate, Items] | None:
    found = [(kind, parsed) for kind, told in FCP.items() if (parsed := refused(told.parse, raw)) is not None]
    assert len(found) <= 1, "one template at most fits"
    return (found[0][0], shown(found[0][1])) if found else None


def shown(items: Sequence[Construct]) -> Items:
    """Parsed data objects as pairs of tag and plain value."""
    return [(item.tag, _plain(item.tag, item.value)) for item in items]


def _plain(tag: int, value: Construct) -> object:
    if tag == 0xA1:
        return {item.tag: _plain(0x8C, item.value) for item in value}
    if isinstance(value, Mapping):
        return {
            key: list(one) if isinstance(one, list) else one
            for key, one in value.items()
            if one is not None and not key.startswith("_")
        }
    return value


def descriptor(value: FileDescriptor) -> dict[str, int]:
    names = ("byte", "data_coding", "record_size", "record_count")
    told = {name: getattr(value, name) for name in names if getattr(value, name) is not None}
    return {**told, "wide_count": True} if value.wide_count else told


def attributes(value: SecurityAttributes) -> dict[str, object]:
    return {"access_mode": value.access_mode, "conditions": [scb.value for scb in value.conditions]}


def interfaces(value: InterfaceAttributes) -> dict[int, object]:
    both = {0x8C: value.contact, 0x9C: value.contactless}
    return {tag: attributes(one) for tag, one in both.items() if one is not None}


def buildable(items: Items) -> list[dict[str, object]]:
    return [
        {
            "tag": tag,
            "value": buildable(list(value.items())) if isinstance(value, dict) and tag == 0xA1 else value,
        }
        for tag, value in items
    ]


def objects_of(tags: Sequence[int], known: Mapping[int, object], others: Sequence[Tlv]) -> Items:
    rest = iter(others)
    return [(tag, known[tag]) if tag in known else (tag, next(rest).value) for tag in tags]


def parameters(fcp: Fcp) -> Items:
    known: dict[int, object] = {
        0x80: fcp.size,
        0x81: fcp.total_size,
        0x82: fcp.descriptor and descriptor(fcp.descriptor),
        0x83: fcp.fid,
        0x84: fcp.df_name,
        0x88: fcp.sfi,
        0x8A: fcp.life_cycle,
    }
    if fcp.security is not None:
        bare = fcp.bare_security and fcp.contact is not None
        known[0x8C if bare else 0xA1] = attributes(fcp.contact) if bare else interfaces(fcp.security)
    return objects_of(fcp.tags(), known, fcp.others)


CONDITIONS = st.integers(0, 255).flatmap(
    lambda mode: st.binary(min_size=(mode & 0x7F).bit_count(), max_size=(mode & 0x7F).bit_count()).map(
        lambda scbs: bytes((mode,)) + scbs
    )
)
INTERFACES = st.lists(
    st.builds(tlv.encode, st.sampled_from([0x8C, 0x9C]), CONDITIONS), max_size=2, unique_by=lambda raw: raw[0]
).map(b"".join)
GOOD = {
    0x80: st.binary(min_size=1, max_size=4),
    0x81: st.binary(min_size=1, max_size=4),
    0x82: st.binary(min_size=1, max_size=6),
    0x83: st.binary(min_size=2, max_size=2),
    0x84: st.binary(min_size=1, max_size=16),
    0x88: st.integers(0, 31).map(lambda sfi: bytes((sfi << 3,))) | st.just(b""),
    0x8A: st.binary(min_size=1, max_size=1),
    0x8C: CONDITIONS,
    0x9A: st.binary(min_size=1, max_size=1),
    0x9B: st.binary(min_size=1, max_size=1),
    0x9C: st.binary(min_size=2, max_size=2),
    0x9D: st.binary(min_size=2, max_size=2),
    0x9E: st.binary(min_size=1, max_size=1),
    0xA1: INTERFACES,
    0xA5: st.binary(max_size=4),
    0x50: st.binary(max_size=4),
}
OBJECT = st.sampled_from(sorted(GOOD)).flatmap(
    lambda tag: st.builds(tlv.encode, st.just(tag), GOOD[tag] | st.binary(max_size=3))
)
SOUND = st.sampled_from(sorted(GOOD)).flatmap(lambda tag: GOOD[tag].map(lambda raw: tlv.encode(tag, raw)))
CONTENT = st.one_of(
    st.lists(SOUND, max_size=6, unique_by=lambda raw: raw[0]), st.lists(OBJECT, max_size=4)
).map(b"".join)
ANSWERS = st.recursive(
    CONTENT,
    lambda inner: st.builds(
        lambda tag, raw, before, after: before + tlv.encode(tag, raw) + after,
        st.sampled_from([0x62, 0x64, 0x6F, 0x6F, 0x70, 0xBF8101]),
        inner,
        *[st.sampled_from([b"", b"", b"", b"\x50\x01x", b"\x64\0"])] * 2,
    ),
    max_leaves=3,
)


def assert_same_fcp(raw: bytes) -> None:
    hand, told = refused(Fcp.parse, raw), any_template(raw)
    assert (hand is None) == (told is None), raw.hex()
    if hand is not None and told is not None:
        assert told == (hand.template, parameters(hand))
        assert FCP[hand.template].build(buildable(parameters(hand))) == hand.encode()


def assert_same_answer(raw: bytes) -> None:
    hand, told = refused(parse_answer, raw), refused(SDO_ANSWER.parse, raw)
    assert (hand is None) == (told is None), raw.hex()
    if hand is not None and told is not None:
        sdo, items = hand
        assert told.sdo == sdo.tag
        assert [(item.tag, item.value) for item in items] == [
            (item.tag, item.value) for item in told["items"]
        ]
        assert SDO_ANSWER.build(told) == encode_answer(sdo, tlv.join(items))


EACH_ANSWER = pytest.mark.parametrize("same", [assert_same_fcp, assert_same_answer])


@EACH_ANSWER
@given(raw=ANSWERS)
def test_answers_and_each_cut_of_them(same: Callable[[bytes], None], raw: bytes) -> None:
    for size in range(len(raw) + 1):
        same(raw[:size])


@pytest.mark.parametrize("outer", [(0x62,), (0x6F,), (0x6F, 0x62)])
@given(content=CONTENT, after=st.sampled_from([b"", b"\0", b"\x62\0"]))
def test_control_parameters_in_each_template(outer: tuple[int, ...], content: bytes, after: bytes) -> None:
    for tag in reversed(outer):
        content = tlv.encode(tag, content)
    assert_same_fcp(content + after)


@EACH_ANSWER
@given(content=st.binary(max_size=40), tag=st.sampled_from([b"", b"\x62", b"\x64", b"\x6f", b"\x70"]))
def test_garbage_for_an_answer(same: Callable[[bytes], None], content: bytes, tag: bytes) -> None:
    same(tag + bytes((len(content),)) + content if tag else content)


@given(INTERFACES | CONTENT | st.binary(max_size=12), st.sampled_from(Target))
def test_attributes_of_the_interfaces(raw: bytes, target: Target) -> None:
    for size in range(len(raw) + 1):
        cut = raw[:size]
        hand = refused(lambda data: InterfaceAttributes.parse(data, target), cut)
        told = refused(INTERFACE_ATTRIBUTES.parse, cut)
        assert (hand is None) == (told is None), cut.hex()
        if hand is not None and told is not None:
            assert dict(shown(told)) == interfaces(hand)
            assert INTERFACE_ATTRIBUTES.build(buildable(list(interfaces(hand).items()))) == hand.encode()


@given(CONTENT | st.binary(max_size=30), st.sampled_from([*SdoClass, 0x33]))
def test_control_parameters_of_security_data_objects(raw: bytes, sdo_class: int) -> None:
    for size in range(len(raw) + 1):
        cut = raw[:size]
        hand = refused(lambda data: Docp.parse(data, sdo_class), cut)
        told = refused(DOCP_CONTENT.parse, cut)
        assert (hand is None) == (told is None), cut.hex()
        if hand is None or told is None:
            continue
        known: dict[int, object] = {
            0x84: hand.name,
            0x9A: hand.max_tries,
            0x9B: hand.tries_left,
            0x9C: hand.max_uses,
            0x9D: hand.uses_left,
            0xA1: hand.security and interfaces(hand.security),
            0x80: hand.size,
            0x9E: hand.non_repudiation,
        }
        items = objects_of([item.tag for item in told], known, hand.others)
        assert shown(told) == items
        assert tlv.encode(0xA0, DOCP_CONTENT.build(buildable(items))) == hand.encode()


HISTORIES = st.one_of(
    st.binary(max_size=15),
    st.builds(
        lambda category, objects, end: category + b"".join(objects) + end,
        st.sampled_from([b"\0", b"\x80", b"\x10"]),
        st.lists(
            st.builds(
                lambda tag, value: bytes((tag << 4 | len(value),)) + value,
                st.sampled_from([1, 2, 3, 8, 15, 9]),
                st.binary(max_size=4) | st.sampled_from([b"\x82", b"\0\x82"]),
            ),
            max_size=3,
        ),
        st.sampled_from([b"", b"\x05\x90\0", b"\x82\x90\0", b"\x81\x05", b"\x83\x05\x90\0", b"\x31"]),
    ),
)


@given(HISTORIES)
def test_historical_bytes(raw: bytes) -> None:
    hand = HistoricalBytes.parse(raw)
    if not raw:
        assert hand.category is None
        return
    told = HISTORICAL.parse(raw)
    content = told.content
    assert hand.category == told.category
    assert hand.objects == tuple((item.tag, item.value) for item in content.get("objects", ()))
    assert hand.rest == content.get("rest", b"")
    status = content.status
    assert (hand.status and (hand.status.life_cycle, hand.status.sw)) == (
        status and (status.life_cycle, status.sw)
    )


def test_each_class_byte() -> None:
    messaging = tuple(SecureMessaging)
    for known in CLASS_BYTES:
        told = refused(CLASS_BYTE.parse, bytes((known.value,)))
        assert (told is not None) == known.interindustry
        if told is not None:
            assert (told.chaining, told.channel) == (known.chaining, known.channel)
            assert messaging[told.messaging] is known.secure_messaging
            assert CLASS_BYTE.build(told) == bytes((known.value,))
