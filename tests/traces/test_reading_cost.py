"""What reading a log costs: operations are counted, not seconds, and must grow with its length and no faster."""

import io
import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType

import pytest
from sentlogs import LOGS, WAYS

from bifente.traces.errors import TraceError
from bifente.traces.formats import read_stream


def operations(work: Callable[[], object]) -> int:
    """How many calls, of Python and of C, *work* makes."""
    count = 0

    def seen(frame: FrameType, event: str, argument: object) -> None:  # the signature of setprofile
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def read(raw: bytes) -> int:
    return sum(1 for _ in read_stream(io.BytesIO(raw))[1].items)


@pytest.mark.parametrize("name", LOGS)
def test_reading_grows_with_the_length(name: str) -> None:
    short, long = (LOGS[name].encode() * times for times in (40, 160))
    one, four = operations(lambda: read(short)), operations(lambda: read(long))
    assert four < 4.5 * one


@pytest.mark.parametrize("way", ["UTF-16", "quoted twice", "the journal", "colours"])
def test_so_does_what_is_undone(way: str) -> None:
    short, long = (WAYS[way](LOGS["pcscd"] * times) for times in (40, 160))
    one, four = operations(lambda: read(short)), operations(lambda: read(long))
    assert four < 4.5 * one


@pytest.mark.parametrize("name", ["pcscd", "hex", "opensc"])
def test_memory_does_not_grow(name: str) -> None:
    peaks = []
    for size in (200_000, 600_000):
        raw = LOGS[name].encode() * (size // len(LOGS[name]))
        tracemalloc.start()
        read(raw)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


HOSTILE = {
    "arrows": "> 00 " * 200_000,
    "words": "apdu: 00 sw: " * 80_000,
    "colons": ":" * 1_000_000,
    "places": "a:1:b() " * 120_000,
    "hexadecimal": "00" * 500_000,
    "blanks": "A>> " + " " * 1_000_000,
    "brackets": "[" * 1_000_000,
    "colours": "\x1b[" * 500_000,
    "dots": "." * 1_000_000,
    "stars": "> " + "*" * 999_998,
    "quotes": ">" * 1_000_000,
    "numbers": "10:11:12." * 110_000,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize(
    "log", ["", LOGS["pcscd"], LOGS["opensc"], LOGS["gppro"], LOGS["hex"], LOGS["pcsc-spy"]]
)
def test_one_long_line_costs_its_length(name: str, log: str) -> None:
    """Its regular expressions look at each place a bounded number of times: with more, this would not end."""
    text = log + "\n" + HOSTILE[name][: 1 << 18] + "\n"
    outcome = attempt(text.encode())
    assert not isinstance(outcome, TraceError) or outcome.line is not None


def attempt(raw: bytes) -> int | TraceError:
    try:
        return read(raw)
    except TraceError as error:
        return error
