"""Beside other emulators: ``python benchmarks/peers.py [--json]``.

The peers are not part of this project and not needed by it: whoever wants the table installs them, on Debian

    apt-get install vsmartcard-vpicc libcacard-dev libnss3-tools gcc pkg-config
    .venv/bin/pip install pycryptodome      # vicc wants it under a name that Debian's own package has not

A peer that is not installed is named as missing. Each is measured in the way in which it can be reached:

- in process: our kernel, the honest minimal card of ``honestcard.py`` and libcacard (C) answer SELECT of an application;
- on vpcd's wire: this script plays the driver; ``bifente reader serve --vpcd`` and ``vicc`` connect to it.
"""

import argparse
import importlib.util
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from frame import ROUNDS, pinned, timed

HERE = Path(__file__).parent
sys.path.append(str(HERE / "incard"))
TURNS = 5_000
LIBCACARD_TURNS = 100_000
WIRE_TURNS = 1_000
START = 30.0
"""Seconds in which a peer has to connect."""

DEBIAN_VICC = "/usr/lib/python3/site-packages/virtualsmartcard"
"""Where Debian 12 puts the module of vicc, which its interpreter does not look for."""

SELECT_MF = bytes.fromhex("00A4000C023F00")


@dataclass(frozen=True, slots=True)
class Row:
    """One peer in one way: commands a second, or why there is no figure."""

    way: str
    peer: str
    rate: float | None
    note: str = ""


def in_process() -> Iterator[Row]:
    """The cards that are called, not connected to."""
    from bench_kernel import APPLICATION, SELECT_APPLICATION
    from cards import powered
    from honestcard import HonestCard

    way = "in process, SELECT application"
    for name, card in (
        ("bifente", powered("gp")),
        ("honest minimal card", HonestCard(APPLICATION, {}, b"1234")),
    ):
        yield Row(way, name, _rate(card.transmit, SELECT_APPLICATION))
    yield _libcacard(way)


def _rate(transmit: Callable[[bytes], bytes], command: bytes) -> float:
    if transmit(command)[-2:] != b"\x90\x00":
        raise RuntimeError("the card does not answer 9000")

    def work() -> None:
        for _ in range(TURNS):
            transmit(command)

    with pinned():
        return TURNS / statistics.median(timed(work) for _ in range(ROUNDS))


def _libcacard(way: str) -> Row:
    name = "libcacard"
    for program in ("gcc", "pkg-config", "certutil"):
        if shutil.which(program) is None:
            return Row(way, name, None, f"{program} is not installed")
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "libcacard"], capture_output=True, text=True, check=False
    )
    if flags.returncode:
        return Row(way, name, None, "libcacard-dev is not installed")
    with tempfile.TemporaryDirectory(prefix="bifente-peers-") as folder:
        program = Path(folder, "peers")
        source = HERE / "peers.c"
        subprocess.run(["gcc", "-O2", "-o", program, source, *flags.stdout.split()], check=True)
        noise = Path(folder, "noise")
        noise.write_bytes(os.urandom(64))
        database = f"sql:{folder}"
        make = ["certutil", "-d", database]
        subprocess.run([*make, "-N", "--empty-password"], check=True, capture_output=True)
        subprocess.run(
            [*make, "-S", "-x", "-n", "bench", "-s", "CN=TEST bench", "-t", "CTu,Cu,Cu", "-z", noise],
            check=True,
            capture_output=True,
        )
        command = [program, database, "bench", str(LIBCACARD_TURNS)]
        with pinned():
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        return Row(way, name, None, done.stderr.strip() or f"ended with {done.returncode}")
    seconds, status = done.stdout.split()
    return Row(way, name, LIBCACARD_TURNS / float(seconds), f"C; its CAC card manager answers {status}")


def on_the_wire() -> Iterator[Row]:
    """The cards that connect to vpcd's port; this script listens there."""
    way = "vpcd's wire, SELECT MF"
    with tempfile.TemporaryDirectory(prefix="bifente-peers-") as folder:
        bifente = Path(sys.executable).with_name("bifente")
        card = Path(folder, "gp.card")
        environment = {**os.environ, "XDG_DATA_HOME": folder}
        subprocess.run(
            [bifente, "card", "create", "gp", "-o", card], env=environment, check=True, capture_output=True
        )
        yield _wire(way, "bifente", [bifente, "reader", "serve", card, "--vpcd", "--vpcd-port"], environment)
        vicc = shutil.which("vicc")
        if vicc is None:
            yield Row(way, "vicc", None, "vsmartcard-vpicc is not installed")
        elif importlib.util.find_spec("Crypto") is None:
            yield Row(way, "vicc", None, "pycryptodome is not installed in this environment")
        else:
            where = {**environment, "PYTHONPATH": DEBIAN_VICC}
            command = [sys.executable, vicc, "--type", "iso7816", "--hostname", "127.0.0.1", "--port"]
            yield _wire(way, "vicc", command, where)


def _wire(way: str, name: str, command: list[str | Path], environment: dict[str, str]) -> Row:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(START)
        port = listening.getsockname()[1]
        with _started([*command, str(port)], environment):
            try:
                connection, _ = listening.accept()
            except TimeoutError:
                return Row(way, name, None, f"did not connect within {START:.0f} s")
            with connection, pinned(1):
                connection.settimeout(START)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _send(connection, b"\x01")
                _exchange(connection, b"\x04")
                answer = _exchange(connection, SELECT_MF)

                def work() -> None:
                    for _ in range(WIRE_TURNS):
                        _exchange(connection, SELECT_MF)

                rate = WIRE_TURNS / statistics.median(timed(work) for _ in range(ROUNDS))
                return Row(way, name, rate, f"answers {answer[-2:].hex()}")


@contextmanager
def _started(command: list[str | Path], environment: dict[str, str]) -> Iterator[None]:
    with pinned(0):
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _send(connection: socket.socket, message: bytes) -> None:
    connection.sendall(len(message).to_bytes(2) + message)


def _exchange(connection: socket.socket, message: bytes) -> bytes:
    _send(connection, message)
    length = int.from_bytes(_exactly(connection, 2))
    return _exactly(connection, length)


def _exactly(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        piece = connection.recv(count - len(received))
        if not piece:
            raise RuntimeError("the peer closed the connection")
        received += piece
    return received


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    begin = time.perf_counter()
    rows: list[Row] = []
    for source in (in_process, on_the_wire):
        for row in source():
            rows.append(row)
            if not options.json:
                rate = "–" if row.rate is None else f"{row.rate:,.0f}"
                print(f"{row.way:34} {row.peer:22} {rate:>12} APDU/s  {row.note}", flush=True)
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        print(f"{time.perf_counter() - begin:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
