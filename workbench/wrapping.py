"""What ``bifente reader`` can put around the cards that it serves: faults, latency, a recorder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from bifente.cli.errors import CliError
from bifente.cli.options import FORCE, PATH
from bifente.cli.trace.files import UNMASK

if TYPE_CHECKING:
    from bifente.apdu.link import Card
    from bifente.reader.latency import LatencyModel
    from bifente.traces.files import Sink
    from bifente.workbench.slots import Wrapper

F = TypeVar("F", bound=Callable[..., object])


def wrapping_options(command: F) -> F:
    """The options ``--latency``, ``--faults``, ``--record`` and ``--unmask``."""
    for option in (
        UNMASK,
        FORCE,
        click.option(
            "--record",
            type=PATH,
            metavar="FILE",
            help="Record what is said in a new trace; PINs are masked unless --unmask says otherwise.",
        ),
        click.option(
            "--faults", type=PATH, metavar="FILE", help="Break the cards by the rules of a YAML file."
        ),
        click.option(
            "--latency",
            metavar="BITS|TRACE",
            help="As slow as a line of so many bit/s (9600 to 115200), or as the cards of a recorded trace.",
        ),
    ):
        command = option(command)
    return command


@contextmanager
def wrappers(
    latency: str | None,
    faults: Path | None,
    record: Path | None,
    *,
    force: bool = False,
    unmask: bool = False,
    sink: "Sink | None" = None,
) -> "Iterator[list[Wrapper]]":
    """The wrappers that the options ask for, innermost first; *sink* gets what is said as well."""
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

    with TraceWriter.create(
        record, TraceHeader(reader="bifente reader serve", masked=not unmask), replace=force
    ) as trace:
        made.append(_recorded(trace, unmask=unmask))
        yield made


def _faulty(path: Path) -> "Wrapper":
    from bifente.reader.faults import Faulty, read_faults

    rules = read_faults(path)

    def wrap(card: "Card", slot: str) -> "Card":
        return Faulty(card, rules, slot=slot)

    return wrap


def _slow(given: str) -> "Wrapper":
    from bifente.reader.latency import Latency

    _model(given)  # refused before anything is served

    def wrap(card: "Card", slot: str) -> "Card":  # noqa: ARG001 - all wrappers are called alike
        return Latency(card, _model(given))

    return wrap


def _model(given: str) -> "LatencyModel":
    """A model of its own for each card: a recording starts at its first sample for each."""
    from bifente.reader.latency import LineSpeed, Recorded

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
        raise CliError(
            f"--latency {given}: {error}", hint="give a number of bit/s, or a recorded trace"
        ) from None


def _recorded(sink: "Sink", *, unmask: bool = False) -> "Wrapper":
    from bifente.traces.record import Recorder, Stopwatch

    clock = Stopwatch()

    def wrap(card: "Card", slot: str) -> "Card":
        return Recorder(card, sink, slot=slot, unmask=unmask, clock=clock)

    return wrap
