"""``python benchmarks/soak.py [--seconds N] [--apdus N] [--clients N]``: the served reader under load, for long.

A hundred clients at once on both slots; clients killed between messages and inside them; garbage on the socket; cards
that come and go; then a million commands of one program. Prints the server's memory, descriptors and threads before
and after, and ends with 1 when something is left behind, a transaction is stuck or an event was lost.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "inreader"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from bench_pcsclite import ONE, TWO, Fast
from pcscwire import Wire

from bifente.reader import TwoSlotReader
from bifente.reader.pcsclite import PcscServer
from bifente.reader.pcsclite.codes import Disposition, Rv
from bifente.reader.pcsclite.messages import HEADER, LAYOUTS, Command

COMMAND = bytes.fromhex("0084000008")
TOLD = (
    Rv.SUCCESS,
    Rv.RESET_CARD,
    Rv.REMOVED_CARD,
    Rv.NO_SMARTCARD,
    Rv.SHARING_VIOLATION,
    Rv.NOT_TRANSACTED,
)
"""What a client may be told while others reset the card and take it out."""

DEADLINE = 60.0


def serve(path: str) -> None:
    """The server's process: lines on standard input take the first card out and put it in again."""
    sys.setswitchinterval(0.0005)
    first = Fast()
    with TwoSlotReader("R") as reader, PcscServer(reader, path=Path(path)):
        reader.insert("CPS", first)
        reader.insert("Vitale", Fast())
        print("ready", flush=True)
        for line in sys.stdin:
            if line == "out\n":
                reader.remove("CPS")
            else:
                reader.insert("CPS", first)
            print("done", flush=True)


class Watched:
    """The server's process, and what it holds."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve", path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._expect("ready\n")

    def _expect(self, line: str) -> None:
        assert self.process.stdout is not None
        if self.process.stdout.readline() != line:
            raise RuntimeError("the server has ended")

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()
        self._expect("done\n")

    def holds(self) -> dict[str, int]:
        """Memory in KiB, threads, descriptors."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
        return {
            "memory": int(fields["VmRSS"].split()[0]),
            "threads": int(fields["Threads"]),
            "descriptors": len(os.listdir(f"/proc/{self.process.pid}/fd")),
        }

    def idle(self) -> dict[str, int]:
        """What it holds once all clients' threads have ended: the main one, those that accept, look after the cards, wait
        for clients and relieve who waits are left.
        """
        deadline = time.monotonic() + DEADLINE
        while (now := self.holds())["threads"] > 5 and time.monotonic() < deadline:
            time.sleep(0.05)
        return now

    def stop(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(DEADLINE)
        self.process.stdout.close()


class Load:
    """Clients that do what clients do, and count it."""

    def __init__(self, path: Path, until: float) -> None:
        self.path, self.until = path, until
        self.done: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, what: str, *, wrong: bool = False) -> None:
        with self._lock:
            (self.wrong if wrong else self.done)[what] += 1

    def client(self, number: int) -> None:
        """Sessions, one after the other; each ends in its own way."""
        dice = random.Random(number)
        while time.monotonic() < self.until:
            try:
                self._session(dice)
            except OSError as error:
                self.count(f"a session broke: {type(error).__name__}", wrong=True)

    def _session(self, dice: random.Random) -> None:
        one = Wire(self.path)
        card, _, rv = one.connect(dice.choice((ONE, TWO)))
        if rv != Rv.SUCCESS:
            self.count("connect: not now" if rv in TOLD else f"connect: {rv:08X}", wrong=rv not in TOLD)
            one.close()
            return
        for _ in range(dice.randrange(1, 8)):
            held = dice.random() < 0.5 and one.begin(card) == Rv.SUCCESS
            rv, answer, _ = one.transmit(card, COMMAND)
            self.count("commands")
            if rv not in TOLD or (rv == Rv.SUCCESS and len(answer) != 10):
                self.count(f"transmit: {rv:08X}", wrong=True)
            if rv in (Rv.RESET_CARD, Rv.REMOVED_CARD):
                one.reconnect(card)
            if held:
                if dice.random() < 0.2:
                    break
                one.end(card, Disposition.RESET if dice.random() < 0.1 else Disposition.LEAVE)
        self._leave(one, card, dice)

    def _leave(self, one: Wire, card: int, dice: random.Random) -> None:
        way = dice.randrange(4)
        message = HEADER.pack(32, Command.TRANSMIT) + LAYOUTS[Command.TRANSMIT].pack(
            card, 2, 16, 5, 3, 16, 300, 0
        )
        if way == 0:
            one.disconnect(card)
            self.count("left in order")
        elif way == 1:
            self.count("killed between messages")
        elif way == 2:
            one.raw((message + COMMAND)[: dice.randrange(1, len(message) + 5)])
            self.count("killed inside a message")
        else:
            one.raw(dice.randbytes(dice.randrange(1, 400)))
            self.count("garbage")
        one.kill()

    def observer(self) -> None:
        """Waits for changes as SCardGetStatusChange does; a lost one would let it wait for ever."""
        with Wire(self.path) as one:
            while True:
                one.wait()
                if time.monotonic() > self.until:
                    return
                one.socket.settimeout(DEADLINE)
                one.news()


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120, help="length of the mixed load")
    parser.add_argument("--clients", type=int, default=100, help="clients at once")
    parser.add_argument("--apdus", type=int, default=1_000_000, help="commands of the last program")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return 0
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        server = Watched(f"{folder}/s")
        try:
            return soak(server, options.seconds, options.clients, options.apdus)
        finally:
            server.stop()


def soak(server: Watched, seconds: float, clients: int, apdus: int) -> int:
    """See the module; 0 when nothing was wrong."""
    wrong: Counter[str] = Counter()
    # The first round lets the allocator reach its size; the second one must not add to it.
    measured = []
    changes = 0
    for length in (seconds / 4, seconds * 3 / 4):
        load = Load(server.path, time.monotonic() + length)
        threads = [threading.Thread(target=load.client, args=(number,)) for number in range(clients)]
        threads.append(threading.Thread(target=load.observer))
        for thread in threads:
            thread.start()
        while time.monotonic() < load.until:
            server.tell("out\n")
            server.tell("in\n")
            changes += 2
            time.sleep(0.05)
        server.tell("out\n")
        server.tell("in\n")
        changes += 2
        for thread in threads:
            thread.join(DEADLINE)
        if any(thread.is_alive() for thread in threads):
            load.wrong["a client hangs"] += 1
        with Wire(server.path) as one:
            counter = one.state(ONE).counter
            # The first card came in after the server had begun, which is an event as well.
            if counter != changes + 1 & 0xFFFF:
                load.wrong[f"{changes + 1} changes, {counter} counted"] += 1
            for name in (ONE, TWO):
                card = one.card(name)
                if one.begin(card) != Rv.SUCCESS or one.transmit(card, COMMAND)[0] != Rv.SUCCESS:
                    load.wrong["a transaction is stuck"] += 1
                one.end(card)
                one.disconnect(card)
            if {state.sharing for state in one.states()} != {0}:
                load.wrong["handles are left"] += 1
        measured.append(server.idle())
        print(
            f"{length:.0f} s of {clients} clients:",
            *(f"{what} {many:,};" for what, many in sorted(load.done.items())),
        )
        print("  the server holds", *(f"{what} {many:,};" for what, many in measured[-1].items()))
        wrong += load.wrong
    with Wire(server.path) as one:
        card = one.card(TWO)
        begin = time.monotonic()
        for _ in range(apdus):
            if one.transmit(card, COMMAND)[0] != Rv.SUCCESS:
                wrong["a command of the million"] += 1
        took = time.monotonic() - begin
    measured.append(server.idle())
    print(f"{apdus:,} commands in {took:.0f} s, {apdus / took:,.0f}/s")
    print("  the server holds", *(f"{what} {many:,};" for what, many in measured[-1].items()))
    first, *later = measured
    for now in later:
        for what in ("threads", "descriptors"):
            if now[what] > first[what]:
                wrong[f"{what}: {first[what]} before, {now[what]} after"] += 1
        if now["memory"] > first["memory"] * 1.1 + 2048:
            wrong[f"memory: {first['memory']} KiB before, {now['memory']} KiB after"] += 1
    for what, many in wrong.items():
        print(f"WRONG: {what} ({many} times)")
    print("nothing was wrong" if not wrong else "something was wrong")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
