"""Traces: read and explained, imported, masked, compared and replayed; and how much memory a long one takes."""

import io
import os
import random
import statistics
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

from frame import Result, median_of, pairs, per_second
from tracecosts import trace_costs

from bifente.apdu.link import Card
from bifente.reader import TwoSlotReader
from bifente.reader.pcsclite import PcscServer
from bifente.traces.cleaning.clean import Cleaner
from bifente.traces.cleaning.pseudonyms import Pseudonyms
from bifente.traces.comparison.diff import compare
from bifente.traces.explanation.explain import Follower
from bifente.traces.files import read_trace
from bifente.traces.formats import Source, by_name, read_stream
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import Exchange, Item, Trace, header_line, item_line
from bifente.traces.replaying.replay import Policy, ReplayCard

CORPUS = Path(__file__).parents[1] / "traces" / "corpus"
ATR = bytes.fromhex("3BAC00402A001225006480000310009000")
TURNS = 10_000
LONG = int(os.environ.get("BENCH_TRACE_ITEMS", "20000"))
"""Items of the long trace; the limits on memory were set with 1 000 000."""
MEGABYTES = 16


def recorded() -> Trace:
    """What pkcs15-tool of OpenSC said to an emulated CPS3."""
    return read_trace(CORPUS / "pkcs15-tool-0.23.trace")


def lines(items: list[Item]) -> bytes:
    """A canonical trace of these items."""
    return b"".join([header_line(recorded().header), *map(item_line, items)])


def repeated(items: tuple[Item, ...], count: int) -> list[Item]:
    """*count* items, the recorded ones again and again."""
    return [items[at % len(items)] for at in range(count)]


def different(items: tuple[Item, ...], count: int) -> list[Item]:
    """The recorded ones again and again, no two exchanges with the same bytes."""
    chance = random.Random(1)
    made: list[Item] = []
    for item in repeated(items, count):
        if not isinstance(item, Exchange):
            made.append(item)
            continue
        command, response = bytearray(item.command.shown), item.response.shown
        number = len(made)
        if command[1] in (0xB0, 0xC0, 0x84):
            command[2:4] = (number >> 8 & 0x7F, number & 0xFF)
        data = chance.randbytes(max(len(response) - 2, 8)) if response[-2] != 0x61 else b""
        made.append(Exchange(MaskedBytes(bytes(command)), MaskedBytes(data + response[-2:]), number))
    return made


def explain(raw: bytes) -> Callable[[], None]:
    """Read the canonical form and put each item in words."""

    def work() -> None:
        follower = Follower()
        for item in read_stream(io.BytesIO(raw))[1].items:
            follower.explain(item)

    return work


class Echo:
    """The floor of a replayed card: one that says the command back."""

    def power_on(self) -> bytes:
        return ATR

    reset = power_on

    def power_off(self) -> None:
        pass

    def transmit(self, command: bytes, /) -> bytes:
        return command


CLIENT = """
import sys
from smartcard import scard
commands = [list(bytes.fromhex(line)) for line in open(sys.argv[1])]
_, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
handles = [scard.SCardConnect(context, name, scard.SCARD_SHARE_SHARED, 3)[1] for name in sys.argv[2:]]
print("ready", flush=True)
for line in sys.stdin:
    handle = handles[int(line)]
    scard.SCardReconnect(handle, scard.SCARD_SHARE_SHARED, 3, scard.SCARD_RESET_CARD)
    for command in commands:
        scard.SCardTransmit(handle, scard.SCARD_PCI_T0, command)
    print("done", flush=True)
"""
"""Asks the reader whose number it reads for everything, through libpcsclite."""


class ReplayClient:
    """A PC/SC program in a process of its own, and two cards for it on our socket: the replayed one, and the floor."""

    def __init__(self, folder: Path, card: Card, commands: list[bytes]) -> None:
        self.reader = TwoSlotReader(slots=("replay", "echo"))
        self.reader.insert("replay", card, front=False)
        self.reader.insert("echo", Echo(), front=False)
        listed = folder / "commands"
        listed.write_text("\n".join(command.hex() for command in commands))
        folder.chmod(0o700)
        self.server = PcscServer(self.reader, path=folder / "pcscd.comm")
        self.server.start()
        self.process = subprocess.Popen(
            [sys.executable, "-c", CLIENT, str(listed), *self.server.names],
            env={**os.environ, **self.server.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._await()

    def _await(self) -> None:
        assert self.process.stdout is not None
        if not self.process.stdout.readline():
            raise RuntimeError("the client has ended")

    def ask(self, number: int) -> Callable[[], None]:
        """All commands to one of the two."""

        def work() -> None:
            assert self.process.stdin is not None
            self.process.stdin.write(f"{number}\n")
            self.process.stdin.flush()
            self._await()

        return work

    def close(self) -> None:
        """End both sides."""
        self.process.communicate(timeout=10)
        self.server.close()
        self.reader.close()


def memory(name: str, work: Callable[[], object]) -> Result:
    """The most that *work* holds at a time."""
    tracemalloc.start()
    try:
        work()
        most = tracemalloc.get_traced_memory()[1] / 1_000_000
    finally:
        tracemalloc.stop()
    return Result(f"{name}, {LONG:,} items", "MB", most, most=MEGABYTES, note="what Python holds at most")


def results() -> Iterator[Result]:
    """The figures of the traces."""
    trace = recorded()
    yield per_second(
        "read + explain, a recorded trace",
        explain(lines(repeated(trace.items, TURNS))),
        TURNS,
        unit="exchanges/s",
        least=20_000,
    )
    yield per_second(
        "read + explain, every exchange differs",
        explain(lines(different(trace.items, TURNS))),
        TURNS,
        unit="exchanges/s",
        least=8_000,
    )
    yield from trace_costs(trace)
    commands = [each.command.shown for each in trace.exchanges] * 20
    whole = Trace(trace.header, tuple(trace.exchanges) * 20)
    for policy in Policy:
        with tempfile.TemporaryDirectory(prefix="bifente-bench-") as folder:
            client = ReplayClient(Path(folder), ReplayCard(whole, policy), commands)
            try:
                yield against_echo(f"replay over the socket, {policy}", client, len(commands))
            finally:
                client.close()
    with tempfile.TemporaryDirectory(prefix="bifente-bench-") as folder:
        yield from long_trace(trace, Path(folder))


def against_echo(name: str, client: ReplayClient, count: int) -> Result:
    """The rate of the replayed card against that of the echo; the limit is on the ratio of the two rates."""
    subjects, floors = pairs(client.ask(0), client.ask(1))
    ratio = statistics.median(floor / subject for subject, floor in zip(subjects, floors, strict=True))
    rate = count / statistics.median(subjects)
    floor_rate = count / statistics.median(floors)
    return Result(name, "APDU/s", rate, floor_rate, ratio, least=0.8 * floor_rate)


def long_trace(trace: Trace, folder: Path) -> Iterator[Result]:
    """A long trace, never held whole."""
    log, canonical = folder / "long.log", folder / "long.trace"
    header = trace.header
    with log.open("wb") as stream:
        items = (trace.items[at % len(trace.items)] for at in range(LONG))
        by_name("pcscd").write(Source(header, items), stream)

    def imported() -> None:
        with log.open("rb") as source, canonical.open("wb") as stream:
            by_name("bifente").write(read_stream(source)[1], stream)

    def masked() -> None:
        cleaner = Cleaner(Pseudonyms())
        with canonical.open("rb") as source, (folder / "masked.trace").open("wb") as stream:
            found = read_stream(source)[1]
            by_name("bifente").write(Source(found.header, map(cleaner.clean, found.items)), stream)

    def compared() -> None:
        with canonical.open("rb") as one, (folder / "masked.trace").open("rb") as other:
            compare(read_stream(one)[1].items, read_stream(other)[1].items)

    for name, work in (("import of a pcscd log", imported), ("mask", masked), ("diff", compared)):
        yield memory(f"memory of {name}", work)
        once = median_of(name, work, rounds=1)
        yield Result(f"{name}, {LONG:,} items", "items/s", LONG / once.value * 1000)
