"""Way in 1, the socket that libpcsclite speaks: commands a second, two slots at once, a slow card beside a fast one.

Servers and clients are processes of their own, as in use. The floor is a server in Python that knows just enough of
the protocol to give every TRANSMIT the same answer, with the same client, in turns with ours.
"""

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

sys.path.append(str(Path(__file__).parents[1]))  # it is also run as a program, for its servers
from frame import ROUNDS, Result
from trivialserver import TrivialServer

TESTS = Path(__file__).parents[2] / "tests"
CLIENTS = TESTS / "reader" / "clients"
SUPPORT = TESTS / "support"
ONE, TWO = "R [CPS] 00 00", "R [Vitale] 00 01"
COMMAND = "0084000008"
ANSWER = bytes(8) + b"\x90\x00"
ATR = bytes.fromhex("3B800181")

SIGN = (
    "00A4040C0DE828BD080F8025000001FF0010,002000010431323334,002241A406840182800102,"
    "0088000023" + "3021300906052B0E03021A05000414" + "11" * 20
)
"""SELECT, VERIFY, MSE SET; then INTERNAL AUTHENTICATE over the DigestInfo of a SHA-1, again and again: RSA of 2048 bits."""

COUNT = 3000
SIGNATURES = 200
DEADLINE = 120


# The servers


class Fast:
    """A card that answers at once, or after *pause* seconds."""

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause

    def power_on(self) -> bytes:
        return ATR

    reset = power_on

    def power_off(self) -> None:
        return

    def transmit(self, command: bytes, /) -> bytes:
        if self.pause:
            time.sleep(self.pause)
        return ANSWER


def serve(kind: str, path: str) -> None:
    """A process of its own: serve until standard input ends."""
    if kind == "echo":
        echo(path)
        return
    sys.path.insert(0, str(SUPPORT))
    from bifente.reader import TwoSlotReader
    from bifente.reader.pcsclite import PcscServer

    reader = TwoSlotReader("R")
    if kind == "fast":
        reader.insert("CPS", Fast())
        reader.insert("Vitale", Fast())
    elif kind == "slow":
        reader.insert("CPS", Fast(0.02))
        reader.insert("Vitale", Fast())
    else:
        from issued import issued

        reader.insert("CPS", issued("gp"))
        reader.insert("Vitale", issued("nurse") if kind == "signing" else Fast())
    with reader, PcscServer(reader, path=Path(path), switch_seconds=0.0005):  # as bifente reader serve does
        print("ready", flush=True)
        sys.stdin.read()


def echo(path: str) -> None:
    """The floor."""
    TrivialServer(path, lambda _command: ANSWER, ATR, ONE, protocol=2)
    print("ready", flush=True)
    sys.stdin.read()


@contextmanager
def server(kind: str) -> Iterator[Mapping[str, str]]:
    """A server in a process; the environment of its clients."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = f"{folder}/s"
        process = subprocess.Popen(
            [sys.executable, __file__, kind, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            if process.stdout.readline() != "ready\n":
                raise RuntimeError(f"the server {kind} did not start")
            yield {**os.environ, "PCSCLITE_CSOCK_NAME": path}
        finally:
            process.stdin.close()
            process.wait(DEADLINE)
            process.stdout.close()


# The clients


class Run:
    """One run of a client: seconds in all, median and p99 of a command in µs."""

    def __init__(self, line: str) -> None:
        seconds, median, p99, status = line.split()
        if status[:2] not in ("90", "61"):
            raise RuntimeError(f"the card answered {status}")
        self.seconds, self.median, self.p99 = float(seconds), float(median), float(p99)


def start(
    environment: Mapping[str, str],
    client: list[str | Path],
    reader: str,
    count: int,
    command: str,
    *more: str,
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*client, reader, str(count), command, *more],
        env=dict(environment),
        stdout=subprocess.PIPE,
        text=True,
    )


def end(process: "subprocess.Popen[str]") -> Run:
    said, _ = process.communicate(timeout=DEADLINE)
    if process.returncode:
        raise RuntimeError(f"the client ended with {process.returncode}")
    return Run(said)


def results() -> Iterator[Result]:
    """See the module."""
    if shutil.which("gcc") is None or shutil.which("pkg-config") is None:
        print("bench_pcsclite: gcc, pkg-config and libpcsclite-dev are needed", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        flags = subprocess.run(
            ["pkg-config", "--cflags", "--libs", "libpcsclite"], capture_output=True, text=True, check=True
        ).stdout.split()
        program = Path(folder) / "apdurate"
        subprocess.run(["gcc", "-O2", "-o", program, CLIENTS / "apdurate.c", *flags], check=True)
        yield from _rates("C client", [program], COUNT, least=10_000, share=0.7)
        many = Path(folder) / "manyclients"
        subprocess.run(["gcc", "-O2", "-o", many, CLIENTS / "manyclients.c", *flags, "-lpthread"], check=True)
        for clients, count in ((10, 500), (100, 50)):
            yield from _crowd(many, clients, count)
        yield from _connections(many)
        yield from _rates("pyscard", [sys.executable, CLIENTS / "pyscard_rate.py"], COUNT, share=0.8)
        yield _two_slots([program])
        yield from _neighbours([program])


def _rates(
    name: str, client: list[str | Path], count: int, *, share: float, least: float | None = None
) -> Iterator[Result]:
    """Commands a second of ours and of the floor, in turns."""
    runs: dict[str, list[Run]] = {"fast": [], "echo": []}
    with server("fast") as ours, server("echo") as floor:
        places = {"fast": ours, "echo": floor}
        for number in range(ROUNDS + 1):
            for kind in sorted(places, reverse=bool(number % 2)):
                run = end(start(places[kind], client, ONE, count, COMMAND))
                if number:
                    runs[kind].append(run)
    rate, floor_rate = (
        count / statistics.median(run.seconds for run in runs[kind]) for kind in ("fast", "echo")
    )
    ratio = statistics.median(
        echoed.seconds / run.seconds for run, echoed in zip(runs["fast"], runs["echo"], strict=True)
    )
    median = statistics.median(run.median for run in runs["fast"])
    p99 = statistics.median(run.p99 for run in runs["fast"])
    yield Result(
        f"pcsclite: {name}, APDU/s",
        "APDU/s",
        rate,
        floor_rate,
        least=least,
        note=f"median {median:.0f} µs, p99 {p99:.0f} µs; floor: a trivial server in Python",
    )
    yield Result(f"pcsclite: {name}, share of the floor", "", ratio, least=share, note="median of the pairs")


def _crowd(program: Path, clients: int, count: int) -> Iterator[Result]:
    """Many clients of one card at once, as fast as they can; the floor serves each by a thread as well."""
    ratios, rates, floors, p99 = [], [], [], []
    with server("fast") as ours, server("echo") as floor:
        for number in range(ROUNDS + 1):
            pair = [(ours, rates), (floor, floors)]
            runs = [
                (end(start(place, [program], ONE, clients, str(count), COMMAND)), kept)
                for place, kept in (pair if number % 2 else reversed(pair))
            ]
            if number:
                for run, kept in runs:
                    kept.append(clients * count / run.seconds)
                ratios.append(rates[-1] / floors[-1])
                p99.append(next(run.p99 for run, kept in runs if kept is rates) / 1000)
    yield Result(
        f"pcsclite: {clients} clients at once, share of the floor",
        "",
        statistics.median(ratios),
        least=0.8,
        note=f"{statistics.median(rates):,.0f} APDU/s; median of the pairs; floor: a trivial server in Python",
    )
    yield Result(f"pcsclite: {clients} clients at once, p99", "ms", statistics.median(p99), most=10.0)


def _connections(program: Path) -> Iterator[Result]:
    """SCardConnect and SCardDisconnect, with and without clients that wait for changes, against Debian's pcscd."""
    sys.path.insert(0, str(SUPPORT))
    import pcscd

    reason = pcscd.unavailable() or (None if pcscd.DRIVER.exists() else "vsmartcard-vpcd is not installed")
    if reason is not None:
        print(f"bench_pcsclite: no pcscd to compare with: {reason}", file=sys.stderr)
        return
    with server("fast") as ours, pcscd.isolated_pcscd() as daemon:
        card = daemon.inside(lambda: socket.create_connection(("127.0.0.1", pcscd.PORT)))
        Thread(target=pcscd.be_a_card, args=(card, Fast()), daemon=True).start()
        daemon.await_card()
        for waiters in (0, 100):
            took: list[float] = []
            floors: list[float] = []
            for number in range(ROUNDS + 1):
                mine = end(start(ours, [program], ONE, -waiters, "500"))
                floor = end(start(daemon.environment, [program], "Virtual PCD 00 00", -waiters, "500"))
                if number:
                    took.append(mine.median)
                    floors.append(floor.median)
            yield Result(
                f"pcsclite: connect and disconnect, {waiters} waiting",
                "µs",
                statistics.median(took),
                statistics.median(floors),
                statistics.median(mine / floor for mine, floor in zip(took, floors, strict=True)),
                most=3.0,
                note="floor: Debian's pcscd",
            )


def _two_slots(client: list[str | Path]) -> Result:
    """Signatures of two cards at once, against those of one. The floor: the same two in servers of their own."""
    ratios, floors, rates = [], [], []
    with server("signing") as place, server("signing") as other:
        for number in range(ROUNDS + 1):
            alone = end(start(place, client, ONE, SIGNATURES, SIGN))
            both = [start(place, client, reader, SIGNATURES, SIGN) for reader in (ONE, TWO)]
            slowest = max(run.seconds for run in [end(process) for process in both])
            apart = [start(where, client, ONE, SIGNATURES, SIGN) for where in (place, other)]
            slowest_apart = max(run.seconds for run in [end(process) for process in apart])
            if number:
                ratios.append(2 * alone.seconds / slowest)
                floors.append(2 * alone.seconds / slowest_apart)
                rates.append(2 * SIGNATURES / slowest)
    ratio, floor = statistics.median(ratios), statistics.median(floors)
    return Result(
        "pcsclite: two CPS signing at once, against one",
        "×",
        ratio,
        floor,
        ratio / floor,
        least=1.6,
        note=f"{statistics.median(rates):,.0f} signatures/s, RSA 2048, {os.cpu_count()} cores; floor: two processes",
    )


def _neighbours(client: list[str | Path]) -> Iterator[Result]:
    """How much a card at work in one slot adds to the p99 of a command in the other."""
    for kind, what, work, repeat in (
        ("slow", "one of 20 ms a command", COMMAND, 60),
        ("signer", "one that signs", SIGN, 500),
    ):
        added, alone_p99 = [], []
        with server(kind) as place:
            for number in range(ROUNDS + 1):
                alone = end(start(place, client, TWO, 500, COMMAND, "200"))
                busy = start(place, client, ONE, repeat * 20, work)
                time.sleep(0.1)
                beside = end(start(place, client, TWO, 500, COMMAND, "200"))
                busy.kill()
                busy.communicate()
                if number:
                    added.append((beside.p99 - alone.p99) / 1000)
                    alone_p99.append(alone.p99)
        yield Result(
            f"pcsclite: a card beside {what}, added p99",
            "ms",
            statistics.median(added),
            most=1.0,
            note=f"alone {statistics.median(alone_p99):.0f} µs",
        )


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2])
