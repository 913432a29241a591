"""Programs that nobody here wrote, and two that go through the real libpcsclite, on the reader that is served."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pcscd
import pytest
from issued import issued
from pcscwire import T0_ATR, FakeCard, serving, until

from bifente.reader import TwoSlotReader
from bifente.reader.pcsclite import PcscServer
from bifente.reader.pinpad import PinPad, Scripted

CLIENTS = Path(__file__).parent / "clients"
CPS, VITALE = "R [CPS] 00 00", "R [Vitale] 00 01"

Run = Callable[..., str]


def run(server: PcscServer, *arguments: str | Path, fails: bool = False) -> str:
    """What a program prints that sees the served reader."""
    done = subprocess.run(
        arguments,
        env={**os.environ, **server.environment, "PCSCLITE_NO_BLOCKING": "1", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert fails or done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def pyscard() -> None:
    pytest.importorskip("smartcard")


EXPECTED = """\
establish 00000000
establish 00000000
valid 00000000
readers 00000000
reader R [CPS] 00 00
reader R [Vitale] 00 01
unknown 80100009
empty 8010000C
mismatch 8010000F
connect 00000000
protocol 2
transmit 00000000 02AABB9000
small 80100008
wrong pci 8010000F
status 00000000 R [CPS] 00 00 0034 2 3B800181
atr 00000000 3B800181
small attribute 80100008
needed 4
no attribute 8010001F
set attribute 8010001F
exclusive 8010000B
connect 00000000
begin 00000000
others 8010000B
others 8010000B
end 00000000
end again 80100016
reset 00000000
told 80100068
again 00000000
good 00000000
unpower 00000000
told 80100068
leave 00000000
gone 80100003
exclusive 00000000
violation 8010000B
eject 00000000
direct 00000000
features 00000000 0604423300060704423300070A044233000A120442330012
no control 8010001F
leave 00000000
change 00000000
state 0022
timeout 8010000A
cancel 00000000
release 00000000
release 00000000
gone 80100003
"""


def test_what_a_c_program_sees(tmp_path: Path, compiled: Callable[[str], Path]) -> None:
    with serving(tmp_path, FakeCard(), pin_pad=PinPad(Scripted(["1234"]))) as (_, server):
        assert run(server, compiled("semantics"), CPS, VITALE) == EXPECTED


DRIVER_DEPENDENT = ("reader", "atr", "small attribute", "needed", "set attribute", "features")


def _steps(said: str) -> list[str]:
    """The lines that pcscd itself decides, not the driver of a reader."""
    named = said.replace("Virtual PCD 00 00", CPS).replace("Virtual PCD 00 01", VITALE)
    return [line for line in named.splitlines() if not line.startswith(DRIVER_DEPENDENT)]


def test_a_real_pcscd_says_the_same(
    compiled: Callable[[str], Path], require_tool: Callable[[str], str]
) -> None:
    reason = pcscd.unavailable()
    if reason is not None:
        pytest.skip(reason)
    require_tool("vpcd-config")
    said = _behind_pcscd(FakeCard(), compiled("semantics"), "Virtual PCD 00 00", "Virtual PCD 00 01")
    assert _steps(said) == _steps(EXPECTED)


class Opened(FakeCard):
    """A T=0 card that opens with VERIFY, is read when open, and deciphers; a reset closes it."""

    speaks_tpdu = True

    def __init__(self) -> None:
        super().__init__(T0_ATR)
        self.open = False
        self.waiting = b""

    def power_on(self) -> bytes:
        self.open, self.waiting = False, b""
        return super().power_on()

    def reset(self) -> bytes:
        self.open, self.waiting = False, b""
        return super().reset()

    def transmit(self, command: bytes, /) -> bytes:
        match command[1]:
            case 0x20:
                self.open = True
                return b"\x90\x00"
            case 0xB0:
                return b"read\x90\x00" if self.open else b"\x69\x82"
            case 0x2A:
                self.waiting = b"bare"
                return b"\x61\x04"
            case 0xC0 if self.waiting:
                answer, self.waiting = self.waiting + b"\x90\x00", b""
                return answer
        return b"\x69\x85"


LEFT = """\
establish 00000000
keeper 00000000 1
closed 00000000 6982
connect 00000000 1
open 00000000 9000
read 00000000 726561649000
still open 00000000 726561649000
connect 00000000 1
begin 00000000
open 00000000 9000
read 00000000 726561649000
told 80100068
again 00000000
closed 00000000 6982
open 00000000 9000
first 00000000 1
second 00000000 1
decipher 00000000 6104
other fetches 00000000 626172659000
begin 00000000
decipher 00000000 6104
other may not 8010000B
first fetches 00000000 626172659000
end 00000000
told 80100068
again 00000000
nothing waits 00000000 6985
leave 00000000
leave 00000000
unpower 00000000
raw 00000000 4
leave 00000000
mismatch 8010000F
mismatch 8010000F
direct 00000000 4
reset 00000000
protocol 1
leave 00000000
connect 00000000 1
leave 00000000
release 00000000
"""
"""What one client leaves to the next (decision 0008): what it has opened, unless it died or ended in a transaction; an
answer that waits, unless it is in a transaction; RAW, until a reset."""


def test_what_one_program_leaves_to_the_next(tmp_path: Path, compiled: Callable[[str], Path]) -> None:
    with serving(tmp_path, Opened()) as (_, server):
        assert run(server, compiled("leftovers"), CPS) == LEFT


def test_a_real_pcscd_leaves_the_same(
    compiled: Callable[[str], Path], require_tool: Callable[[str], str]
) -> None:
    reason = pcscd.unavailable()
    if reason is not None:
        pytest.skip(reason)
    require_tool("vpcd-config")
    assert _behind_pcscd(Opened(), compiled("leftovers"), "Virtual PCD 00 00") == LEFT


def _behind_pcscd(fake: FakeCard, *program: str | Path) -> str:
    """What a program says that sees *fake* behind Debian's pcscd."""
    with pcscd.isolated_pcscd() as daemon:
        card = daemon.inside(lambda: socket.create_connection(("127.0.0.1", pcscd.PORT)))
        thread = threading.Thread(target=pcscd.be_a_card, args=(card, fake), daemon=True)
        thread.start()
        daemon.await_card()
        said = subprocess.run(
            program,
            env={**daemon.environment, "PCSCLITE_NO_BLOCKING": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
    thread.join(30)
    return said


def test_many_commands_of_a_c_program(tmp_path: Path, compiled: Callable[[str], Path]) -> None:
    fake = FakeCard()
    with serving(tmp_path, fake) as (_, server):
        seconds, median, p99, status = run(server, compiled("apdurate"), CPS, "2000", "00B0000004").split()
        assert status == "9000"
        assert 0 < float(median) <= float(p99) <= float(seconds) * 1e6
        assert len(fake.seen) == 1 + 20 + 2000
        until(lambda: server.clients == 0)


TOUR = """\
readers|R [CPS] 00 00|R [Vitale] 00 01
atr 3B800181 True
echo 2 170 187 144 0
extended 16387 144 0
reconnected 1 17 144 0
exclusive 1 34 144 0
excluded
empty
request R [CPS] 00 00
by atr R [CPS] 00 00
features|FEATURE_VERIFY_PIN_DIRECT|FEATURE_MODIFY_PIN_DIRECT|FEATURE_IFD_PIN_PROPERTIES|FEATURE_GET_TLV_PROPERTIES
pin 16
tlv 65536
"""


@pytest.mark.usefixtures("pyscard")
def test_pyscards_own_interface(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard(), pin_pad=PinPad(Scripted(["1234"]))) as (_, server):
        said = run(server, sys.executable, CLIENTS / "pyscard_tour.py")
    assert said.translate(str.maketrans("", "", "[],")) == TOUR.translate(str.maketrans("", "", "[],"))


class Lines:
    """A running program, read line by line with a bound."""

    def __init__(self, server: PcscServer, *arguments: str | Path) -> None:
        self.process = subprocess.Popen(
            arguments,
            env={**os.environ, **server.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def seen(self, line: str) -> None:
        try:
            until(lambda: line in self.lines)
        except AssertionError:
            pytest.fail(f"never said: {line}; said: {self.lines}")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(30)
        self.thread.join(30)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()


@pytest.fixture
def monitored(tmp_path: Path) -> Iterator[tuple[TwoSlotReader, Lines, FakeCard]]:
    pytest.importorskip("smartcard")
    fake = FakeCard()
    with serving(tmp_path, fake) as (reader, server):
        lines = Lines(server, sys.executable, CLIENTS / "monitor.py")
        try:
            yield reader, lines, fake
        finally:
            lines.stop()


def test_pyscards_monitors_see_cards_come_and_go(
    monitored: tuple[TwoSlotReader, Lines, FakeCard],
) -> None:
    reader, lines, fake = monitored
    lines.seen(f"reader {CPS}")
    lines.seen(f"reader {VITALE}")
    lines.seen(f"card in {CPS} 3B800181")
    reader.remove("CPS")
    lines.seen(f"card out {CPS} 3B800181")
    reader.insert("Vitale", fake)
    lines.seen(f"card in {VITALE} 3B800181")


def test_opensc_tool(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    tool = require_tool("opensc-tool")
    with serving(tmp_path) as (reader, server):
        reader.insert("CPS", issued("gp"))
        listed = run(server, tool, "-l").splitlines()
        assert [line.split(maxsplit=2)[1:] for line in listed[2:]] == [["Yes", CPS], ["No", VITALE]]
        said = run(server, tool, "-a", "-n", "-r", "0").split("\n")
        assert said[:2] == ["3b:ac:00:40:2a:00:12:25:00:64:80:00:03:10:00:90:00", "IAS-ECC"]
        assert run(server, tool, "-r", "0", "-s", "0084000008").startswith("Sending: 00 84 00 00 08")


def test_pcsc_scan(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    scan = require_tool("pcsc_scan")
    with serving(tmp_path, FakeCard(T0_ATR)) as (_, server):
        # It goes on until its standard output closes or it is killed.
        lines = Lines(server, scan, "-n")
        try:
            until(
                lambda: any(
                    "ATR: 3B AC 00 40 2A 00 12 25 00 64 80 00 03 10 00 90 00" in line for line in lines.lines
                )
            )
            until(lambda: any(f"Reader 1: {VITALE}" in line for line in lines.lines))
        finally:
            lines.stop()
