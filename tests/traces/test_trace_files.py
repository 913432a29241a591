"""The canonical form: what is written comes back, and what is damaged names its line."""

import io
import json
import resource
import stat
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu.link import TransmissionProtocol
from bifente.documents.visible import visible
from bifente.traces.errors import TraceError
from bifente.traces.files import MAX_LINE, TraceList, TraceReader, TraceWriter, read_trace, trace_bytes
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import (
    EventKind,
    Exchange,
    Item,
    Level,
    ReaderEvent,
    Trace,
    TraceHeader,
    item_line,
    parse_line,
)

ATR = bytes.fromhex("3B751300004709EA9000")
EXAMPLE = Trace(
    TraceHeader("bifente [CPS] 00 00", ATR, TransmissionProtocol.T0, datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
    (
        ReaderEvent(EventKind.COLD_RESET, 0, "CPS", ATR),
        Exchange(
            MaskedBytes.parse("0020000104********"), MaskedBytes.parse("9000"), 12, 340, "CPS", Level.TPDU
        ),
        Exchange(MaskedBytes.parse("00A4"), MaskedBytes(b""), 400, 1),
        ReaderEvent(EventKind.REMOVED, 500, "CPS"),
    ),
)
EXAMPLE_TEXT = """\
{"bifente-trace":1,"reader":"bifente [CPS] 00 00","atr":"3B751300004709EA9000","protocol":"T=0",\
"date":"2026-03-01T09:30:00.000000Z","masked":true}
{"time":0,"slot":"CPS","event":"cold reset","atr":"3B751300004709EA9000"}
{"time":12,"duration":340,"slot":"CPS","level":"TPDU","command":"0020000104********","response":"9000"}
{"time":400,"duration":1,"slot":"","level":"APDU","command":"00A4","response":""}
{"time":500,"slot":"CPS","event":"removed","atr":""}
"""

masked_bytes = st.builds(
    MaskedBytes.hiding,
    st.binary(max_size=40),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=3),
)
times = st.integers(0, 10**15)
names = st.text(max_size=20).filter(lambda text: visible(text) == text)
items = st.one_of(
    st.builds(Exchange, masked_bytes, masked_bytes, times, times, names, st.sampled_from(Level), st.none()),
    st.builds(ReaderEvent, st.sampled_from(EventKind), times, names, st.binary(max_size=33)),
)
headers = st.builds(
    TraceHeader,
    names,
    st.none() | st.binary(max_size=33),
    st.none() | st.sampled_from(TransmissionProtocol),
    st.none()
    | st.datetimes(
        min_value=datetime(1000, 1, 3),
        max_value=datetime(9999, 12, 28),
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))]),
    ),
    st.booleans(),
)
traces = st.builds(Trace, headers, st.lists(items, max_size=6).map(tuple))


def test_the_canonical_form() -> None:
    assert trace_bytes(EXAMPLE).decode("ascii") == EXAMPLE_TEXT
    assert read_trace(EXAMPLE_TEXT.encode()) == EXAMPLE
    assert [str(each.level) for each in EXAMPLE.exchanges] == ["TPDU", "APDU"]


@given(items)
def test_the_short_way_and_the_long_one_agree(item: Item) -> None:
    text = item_line(item).decode().rstrip("\n")
    spread = text.replace(",", ", ")
    assert parse_line(text.encode(), 1) == parse_line(f"{text}\n".encode(), 1) == item
    if spread.count(", ") == text.count(",") and not item.slot.count(","):
        assert parse_line(spread.encode(), 1) == item


@given(traces)
def test_round_trip(trace: Trace) -> None:
    raw = trace_bytes(trace)
    assert raw.isascii()
    assert raw.count(b"\n") == 1 + len(trace.items)
    again = read_trace(raw)
    assert again == trace
    assert trace_bytes(again) == raw


@given(traces, st.data())
def test_cut_anywhere(trace: Trace, data: st.DataObject) -> None:
    raw = trace_bytes(trace)
    at = data.draw(st.integers(0, len(raw)))
    cut = raw[:at]
    if not cut or not cut.endswith(b"\n"):
        with pytest.raises(TraceError) as caught:
            read_trace(cut)
        assert caught.value.line == cut.count(b"\n") + 1
    else:
        assert read_trace(cut).items == trace.items[: cut.count(b"\n") - 1]


@given(traces, st.data())
def test_a_changed_byte_is_read_or_named(trace: Trace, data: st.DataObject) -> None:
    raw = bytearray(trace_bytes(trace))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] = data.draw(st.integers(0, 255))
    try:
        read_trace(bytes(raw))
    except TraceError as error:
        line = bytes(raw[:at]).count(b"\n") + 1
        assert error.line in (line, line + 1)  # noqa: PT017  # a line break more or less moves the place by one


@given(st.binary(max_size=200))
def test_garbage(raw: bytes) -> None:
    with pytest.raises(TraceError):
        read_trace(raw)


LINES = EXAMPLE_TEXT.splitlines(keepends=True)


@pytest.mark.parametrize(
    ("line", "old", "new", "message"),
    [
        (1, '"bifente-trace":1', '"bifente-trace":2', "version 2, this program reads version 1"),
        (1, '"bifente-trace":1,', "", "bifente-trace is missing"),
        (1, "T=0", "T=2", "protocol is T=0 or T=1"),
        (1, "true", "1", "masked is true or false"),
        (1, '"3B75', '"3**5', "atr: these are not pairs"),
        (1, '"3B75', '"**75', "an ATR is not masked"),
        (1, "00.000000Z", "00", "not a date and time with a time zone"),
        (1, "2026-03", "2026-13", "not a date and time with a time zone"),
        (2, "cold reset", "explosion", "no event is called 'explosion'"),
        (2, '"atr"', '"extra":0,"atr"', "unknown field 'extra'"),
        (2, '"time":0', '"time":-1', "time is a whole number from 0"),
        (2, '"time":0', '"time":true', "time is a whole number from 0"),
        (2, '"time":0', '"time":0.5', "time is a whole number from 0"),
        (3, "TPDU", "QPDU", "level is TPDU or APDU"),
        (3, "0020", "00G0", "command: these are not pairs"),
        (3, "********", "*********", "command: these are not pairs"),
        (3, '"9000"', "9000", "response is a string"),
        (4, "{", "[", "this is not JSON"),
        (4, '{"time":400', '"time"\n{"time":400', "one object is wanted"),
        (5, "removed", "rémoved", "a trace is ASCII"),
        (5, "}\n", "}", "the line is cut off"),
        (5, "}\n", "}\n\n", "this is not JSON"),
    ],
)
def test_damaged_lines_are_named(line: int, old: str, new: str, message: str) -> None:
    assert old in LINES[line - 1]
    damaged = "".join((*LINES[: line - 1], LINES[line - 1].replace(old, new, 1), *LINES[line:]))
    with pytest.raises(TraceError, match=message) as caught:
        read_trace(damaged.encode())
    assert caught.value.line == line + (new == "}\n\n")


def test_a_line_has_a_limit() -> None:
    with pytest.raises(TraceError, match="line 2: the line is too long"):
        read_trace(LINES[0].encode() + b"[" * (MAX_LINE + 1))
    deep = LINES[0].encode() + b"[" * 100_000 + b"\n"
    with pytest.raises(TraceError, match="line 2"):
        read_trace(deep)


def test_an_apdu_of_any_length_fits() -> None:
    trace = Trace(items=(Exchange(MaskedBytes(bytes(65_544)), MaskedBytes(bytes(65_538))),))
    assert read_trace(trace_bytes(trace)) == trace


def test_reading_is_a_stream() -> None:
    class Stream(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            read.append(1)
            return super().readline(size)

    read: list[int] = []
    reader = TraceReader(Stream(EXAMPLE_TEXT.encode() + b"nonsense\n"))
    assert reader.header == EXAMPLE.header
    assert len(read) == 1
    iterator = iter(reader)
    assert [next(iterator) for _ in range(4)] == list(EXAMPLE.items)
    with pytest.raises(TraceError, match="line 6"):
        next(iterator)


def test_files_are_their_owners(tmp_path: Path) -> None:
    path = tmp_path / "dialogue.jsonl"
    with TraceWriter.create(path, EXAMPLE.header) as writer:
        for item in EXAMPLE.items:
            writer.write(item)
            assert path.read_bytes().endswith(b"\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_trace(path) == EXAMPLE
    with pytest.raises(FileExistsError):
        TraceWriter.create(path, EXAMPLE.header)


def test_two_slots_write_whole_lines() -> None:
    stream = io.BytesIO()
    writer = TraceWriter(stream, TraceHeader())
    item = EXAMPLE.items[1]
    threads = [threading.Thread(target=lambda: [writer.write(item) for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert list(read_trace(stream.getvalue()).items) == [item] * 800
    writer.close()
    assert not stream.closed


def test_the_list_is_a_trace() -> None:
    kept = TraceList()
    for item in EXAMPLE.items:
        kept.write(item)
    assert kept.trace(EXAMPLE.header) == EXAMPLE
    assert kept.trace().header == TraceHeader()


def test_a_date_without_zone_is_refused() -> None:
    with pytest.raises(TraceError, match="time zone"):
        trace_bytes(Trace(TraceHeader(date=datetime(2026, 1, 1))))


def test_lines_are_plain_json() -> None:
    assert [list(json.loads(line)) for line in LINES] == [
        ["bifente-trace", "reader", "atr", "protocol", "date", "masked"],
        ["time", "slot", "event", "atr"],
        ["time", "duration", "slot", "level", "command", "response"],
        ["time", "duration", "slot", "level", "command", "response"],
        ["time", "slot", "event", "atr"],
    ]


def test_a_line_is_in_its_file_while_the_card_is_silent(tmp_path: Path) -> None:
    """Recording does not wait for the disk, and a reader of the file does not wait for the next command."""
    path = tmp_path / "said.trace"
    with TraceWriter.create(path, EXAMPLE.header) as writer:
        for item in EXAMPLE.items:
            writer.write(item)
        bound = time.monotonic() + 20
        while path.read_bytes() != EXAMPLE_TEXT.encode():
            assert time.monotonic() < bound
            time.sleep(0.01)


def test_what_cannot_be_written_is_not_lost_silently(tmp_path: Path) -> None:
    """A file may not grow any more, as on a full disk: whoever records hears of it, at the latest at the end."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with (  # noqa: PT012  # which of the lines it is nobody can know
            pytest.raises(OSError, match="too large"),
            TraceWriter.create(tmp_path / "x", EXAMPLE.header) as file,
        ):
            for _ in range(10_000):
                file.write(EXAMPLE.items[1])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"reader":"bifente', '"reader":"\\u001b[2Jbifente', "line 1: reader holds the character U\\+001B"),
        (
            '"slot":"CPS","event":"cold',
            '"slot":"C\\nPS","event":"cold',
            "line 2: slot holds the character U\\+000A",
        ),
        ('"slot":"CPS","level', '"slot":"\\u202eCPS","level', "line 3: slot holds the character U\\+202E"),
        ('"slot":"CPS","level', '"slot":"C\\u009bPS","level', "line 3: slot holds the character U\\+009B"),
        (
            '"slot":"CPS","level',
            f'"slot":"{"C" * 300}","level',
            "line 3: slot has 300 characters, more than 256",
        ),
    ],
)
def test_names_are_checked_when_they_are_read(old: str, new: str, message: str) -> None:
    with pytest.raises(TraceError, match=message):
        read_trace(EXAMPLE_TEXT.replace(old, new, 1).encode())


def test_names_are_written_so_that_they_can_be_read(tmp_path: Path) -> None:
    odd = Trace(TraceHeader("a\x1b]0;b\n\x9b"), (ReaderEvent(EventKind.REMOVED, 0, "\u202eCPS" + 300 * "S"),))
    again = read_trace(trace_bytes(odd))
    assert again.header.reader == "a\\x1b]0;b\\x0a\\x9b"
    assert again.items[0].slot.startswith("\\u202eCPSS")
