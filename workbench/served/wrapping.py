"""What can be put around the cards that are served: faults, latency, a recorder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.apdu.link import Card
    from bifente.reader.wrappers.latency import LatencyModel
    from bifente.traces.files import Sink
    from bifente.traces.record import Stopwatch
    from bifente.workbench.served.slots import Wrapper


def _nothing_else(_sink: "Sink", _clock: "Callable[[], int]") -> None:
    """Nothing but what is said to the cards is written."""


@contextmanager
def wrappers(
    latency: str | None,
    faults: Path | None,
    record: Path | None,
    *,
    force: bool = False,
    unmask: bool = False,
    recorded_by: str = "bifente",
    sink: "Sink | None" = None,
    also: "Callable[[Sink, Callable[[], int]], None]" = _nothing_else,
) -> "Iterator[list[Wrapper]]":
    """The wrappers that are asked for, innermost first; *sink* gets what is said as well, and *also* is told where a record
    is written and by which clock, when there is one.

    *recorded_by* is the reader of which the trace speaks. Raises WorkbenchError for a latency that is none, ReaderError,
    TraceError.
    """
    made: list[Wrapper] = []
    if faults is not None:
        made.append(_faulty(faults))
    if latency is not None:
        made.append(_slow(latency))
    if sink is not None:
        made.append(_recorded(sink))
    if record is None:
        yield made
        return
    from bifente.traces.files import TraceWriter
    from bifente.traces.model import TraceHeader
    from bifente.traces.record import Stopwatch

    with TraceWriter.create(
        record, TraceHeader(reader=recorded_by, masked=not unmask), replace=force
    ) as trace:
        clock = Stopwatch()
        made.append(_recorded(trace, unmask=unmask, clock=clock))
        also(trace, clock)
        yield made


def _faulty(path: Path) -> "Wrapper":
    from bifente.reader.wrappers.faults import Faulty, read_faults

    rules = read_faults(path)

    def wrap(card: "Card", slot: str) -> "Card":
        return Faulty(card, rules, slot=slot)

    return wrap


def _slow(given: str) -> "Wrapper":
    from bifente.reader.wrappers.latency import Latency

    _model(given)  # refused before anything is served

    def wrap(card: "Card", slot: str) -> "Card":  # noqa: ARG001 - all wrappers are called alike
        return Latency(card, _model(given))

    return wrap


def _model(given: str) -> "LatencyModel":
    """A model of its own for each card: a recording starts at its first sample for each."""
    from bifente.reader.wrappers.latency import LineSpeed, Recorded

    try:
        if given.isdecimal():
            return LineSpeed(int(given))
        from bifente.traces.files import read_trace

        trace = read_trace(Path(given))
        return Recorded(
            (exchange.command.shown[1], exchange.duration / 1e6)
            for exchange in trace.exchanges
            if len(exchange.command) > 1
        )
    except ValueError as error:
        raise WorkbenchError(
            f"latency {given}: {error}", hint="give a number of bit/s, or a recorded trace"
        ) from None


def _recorded(sink: "Sink", *, unmask: bool = False, clock: "Stopwatch | None" = None) -> "Wrapper":
    from bifente.traces.record import Recorder, Stopwatch

    clock = clock or Stopwatch()

    def wrap(card: "Card", slot: str) -> "Card":
        return Recorder(card, sink, slot=slot, unmask=unmask, clock=clock)

    return wrap
