"""What reading, recording, comparing and replaying traces costs, each against a floor of the same run."""

import io
import json
import random
import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from frame import Result, against_floor, pairs

from bifente.traces.cleaning.clean import Cleaner
from bifente.traces.comparison.diff import compare
from bifente.traces.files import TraceReader, TraceWriter, trace_bytes
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import Exchange, Item, Trace, TraceHeader
from bifente.traces.record import Recorder
from bifente.traces.replaying.replay import Policy, ReplayCard

ATR = bytes.fromhex("3BAC00402A001225006480000310009000")
COUNT = 2_000
MASKED = 4_000
MILLION = 1_000_000


class Silent:
    """The floor of a recorded card: one that answers 200 bytes and does nothing else."""

    def transmit(self, command: bytes, /) -> bytes:
        return ANSWER


ANSWER = bytes(200) + b"\x90\x00"
READ = bytes.fromhex("00B00000C8")


def trace_costs(trace: Trace) -> Iterator[Result]:
    """The lines of the table."""
    yield reading(trace)
    yield recording()
    yield from comparing()
    yield from replaying()


def reading(trace: Trace) -> Result:
    """Reading a trace against ``json.loads`` of its lines."""
    exchanges = list(trace.exchanges)
    raw = trace_bytes(Trace(trace.header, tuple(exchanges[at % len(exchanges)] for at in range(COUNT))))
    lines = raw.splitlines()[1:]

    def read() -> None:
        for _ in TraceReader(io.BytesIO(raw)):
            pass

    def loads() -> None:
        for line in lines:
            json.loads(line)

    return against_floor(f"read a trace, {COUNT:,} exchanges", read, loads, most=2, note="floor: json.loads")


def recording() -> Result:
    """What a recorder adds to each APDU, in microseconds; its file is written meanwhile."""

    def asking(card: Silent | Recorder) -> Callable[[], None]:
        def work() -> None:
            for _ in range(COUNT):
                card.transmit(READ)

        return work

    with (
        tempfile.TemporaryDirectory(prefix="bifente-bench-") as folder,
        TraceWriter.create(Path(folder) / "x.trace", TraceHeader()) as writer,
    ):
        recorder = Recorder(Silent(), writer)  # type: ignore[arg-type] # it is only asked to transmit
        subjects, floors = pairs(asking(recorder), asking(Silent()))
    added = statistics.median(
        (one - other) / COUNT * 1e6 for one, other in zip(subjects, floors, strict=True)
    )
    return Result("--record, added to an APDU of 200 bytes", "µs", added, most=5)


def exchanged(command: str, response: str) -> Exchange:
    """One exchange, of which the time is of no matter."""
    return Exchange(MaskedBytes.parse(command), MaskedBytes.parse(response), 5, 10, "CPS")


def two_traces() -> dict[str, tuple[list[Item], list[Item]]]:
    """Pairs that have cost much, or may."""
    chance = random.Random(1)
    select = [exchanged(f"00A4020C02{at:04X}", "9000") for at in range(COUNT)]
    read = [exchanged(f"00B0{at:04X}10", "30068001AA8101BB9000") for at in range(COUNT)]
    other = [exchanged(f"00B0{at:04X}10", "30068001AB8101CC9000") for at in range(COUNT)]
    poll = exchanged("0084000008", "00112233445566779000")
    usual: list[Item] = [
        each for four in zip(select, read, [poll] * COUNT, select, strict=True) for each in four
    ][:COUNT]
    return {
        "two equal ones": (usual, usual),
        "a poll, something between": (
            [poll if at % 2 else read[at] for at in range(COUNT)],
            [poll if at % 2 else select[at] for at in range(COUNT)],
        ),
        "a poll alone": ([poll] * COUNT, [poll if at % 2 else read[at] for at in range(COUNT)]),
        "nothing in common": (list(select), list(read)),
        "any order": (chance.choices(read[:50], k=COUNT), chance.choices(read[:50], k=COUNT)),
        "backwards": (usual, usual[::-1]),
        "every answer differs": (list(read), list(other)),
    }


def comparing() -> Iterator[Result]:
    """Any two traces against two equal ones; and how long a million exchanges of each take, as files are compared."""
    raw = {
        name: tuple(trace_bytes(Trace(TraceHeader(), tuple(each))) for each in both)
        for name, both in two_traces().items()
    }

    def comparison(name: str) -> Callable[[], None]:
        def work() -> None:
            one, other = (TraceReader(io.BytesIO(each)) for each in raw[name])
            compare(map(Cleaner().clean, one), map(Cleaner().clean, other))

        return work

    for name in raw:
        if name != "two equal ones":
            yield against_floor(
                f"diff, {name}",
                comparison(name),
                comparison("two equal ones"),
                most=3,
                note="floor: two equal ones",
            )
    slowest = max(raw, key=lambda name: pairs(comparison(name), comparison(name))[0][0])
    seconds = statistics.median(pairs(comparison(slowest), comparison(slowest))[0]) / COUNT * MILLION
    yield Result("diff of two traces of 10⁶ exchanges", "s", seconds, most=30, note=f"computed; {slowest}")


def replaying() -> Iterator[Result]:
    """A command to a card of which all commands are masked, in microseconds."""
    items = [
        exchanged(f"00DB{at:04X}08****************", "9000") if at % 2 else exchanged("0020000108****************", "9000")
        for at in range(MASKED)
    ]  # fmt: skip
    commands = [
        bytes.fromhex(f"00DB{at:04X}08{at:016X}" if at % 2 else f"0020000108{at:016X}")
        for at in range(MASKED)
    ]
    random.Random(1).shuffle(commands)
    for policy in Policy:
        card = ReplayCard(Trace(TraceHeader(atr=ATR), tuple(items)), policy)
        card.power_on()

        def ask(card: ReplayCard = card) -> None:
            for command in commands:
                card.transmit(command)

        seconds = statistics.median(pairs(ask, ask)[0])
        yield Result(f"replay, {MASKED:,} masked commands, {policy}", "µs", seconds / MASKED * 1e6, most=20)
