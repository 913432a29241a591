"""Messages and zones: what is written is read again, and what is none is refused, whatever it is."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.sesam.calls import CALLS
from bifente.sesam.errors import SesamError, WireBroken
from bifente.sesam.service import SesamService
from bifente.sesam.wire import Question, build_answer, build_question, parse_question, split_zones
from bifente.sesam.zones import ZoneGroup, decode_zone, encode_zone

FIELDS = st.lists(st.none() | st.binary(max_size=300), max_size=12)
GROUPS = st.lists(
    st.builds(ZoneGroup, st.integers(1, 65535), st.lists(st.binary(max_size=300), max_size=8).map(tuple)),
    max_size=6,
)


@given(call=st.integers(0, 65535), fields=FIELDS)
def test_a_question_is_read_as_it_was_written(call: int, fields: list[bytes | None]) -> None:
    message = build_question(call, fields)
    assert int.from_bytes(message[:4], "little") == len(message) - 4
    assert parse_question(message[4:]) == Question(call, tuple(fields))
    for end in range(len(message) - 5):
        with pytest.raises(WireBroken):
            parse_question(message[4 : 4 + end])
    with pytest.raises(WireBroken):
        parse_question(message[4:] + b"\0")


@given(st.binary(max_size=200))
def test_a_question_of_any_bytes_is_read_or_refused(garbage: bytes) -> None:
    with contextlib.suppress(WireBroken):
        read = parse_question(garbage)
        assert build_question(read.call, read.fields)[4:] == garbage


@given(GROUPS)
def test_a_zone_is_read_as_it_was_written(groups: list[ZoneGroup]) -> None:
    zone = encode_zone(groups)
    assert decode_zone(zone) == groups
    ends = {len(encode_zone(groups[:count])) for count in range(len(groups) + 1)}
    for end in range(len(zone)):
        if end not in ends and zone[max(one for one in ends if one < end) : end].strip(b"\0"):
            with pytest.raises(SesamError):
                decode_zone(zone[:end])


@given(st.binary(max_size=200))
def test_a_zone_of_any_bytes_is_read_or_refused(garbage: bytes) -> None:
    with contextlib.suppress(SesamError):
        decode_zone(garbage)


@given(st.lists(st.binary(max_size=50), max_size=5))
def test_zones_of_an_array(zones: list[bytes]) -> None:
    packed = b"".join(len(zone).to_bytes(4, "little") + zone for zone in zones)
    assert split_zones(packed) == zones
    with pytest.raises(WireBroken):
        split_zones(packed + b"\1\0\0\0")


@given(number=st.sampled_from(sorted(set(CALLS) - {0})), data=st.data())
def test_no_parameters_whatever_make_a_call_fail_by_a_fault_of_ours(number: int, data: st.DataObject) -> None:
    """Each call with parameters of any content: a code, or a connection that is closed, and never 0001."""
    service = empty_service()
    caller = service.arrived((0, 1), "somebody", initialised=True)
    fields = tuple(
        data.draw(
            st.none()
            | st.binary(max_size=40)
            | st.integers(0, 2**32 - 1).map(lambda n: n.to_bytes(4, "little"))
        )
        for _ in CALLS[number].parameters
    )
    if CALLS[number].name == "Hn_LectureVitaleDonneesIdentification":
        fields = (bytes(4),)
    with contextlib.suppress(WireBroken):
        answer = service.answer(caller, Question(number, fields))
        assert answer[4:6] != build_answer(1)[4:6]


def empty_service() -> SesamService:
    from bifente.reader import TwoSlotReader
    from bifente.sesam.configuration import SesamConfiguration, configuration
    from bifente.sesam.desk import CardDesk, ReaderClock
    from bifente.workbench.sesam.slots import BenchSlot

    reader = TwoSlotReader()
    desk = CardDesk(BenchSlot(reader, "CPS"), BenchSlot(reader, "Vitale"), ReaderClock())
    return SesamService(desk, SesamConfiguration(configuration().groups, pause=0, attempts=0))
