"""SIGTERM, SIGHUP and their like: what a command has started, locked or offered is not left behind."""

import os
import pty
import signal
import subprocess
import sys
import termios
import warnings
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from issued import records
from pcscwire import Wire, until

from bifente.apdu.link import TransmissionProtocol
from bifente.applets.store.stores import create_card_file
from bifente.cli.main import main
from bifente.reader.pcsclite.messages import Command
from bifente.traces import Exchange, TraceHeader, TraceWriter
from bifente.traces.maskedbytes import MaskedBytes
from bifente.workbench.errors import WorkbenchError
from bifente.workbench.served.running import run_program

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="readers are served on Linux")

BIFENTE = str(Path(sys.executable).with_name("bifente"))
WAIT = 30
ALONE = "echo started; exec sleep 300"
WITH_CHILD = "echo started; sleep 300; true"
DEAF = "trap '' TERM HUP; echo started; sleep 300; true"
ORDERLY = "trap 'exit 7' TERM HUP; echo started; sleep 300 & wait"


@pytest.fixture
def runtime() -> Iterator[Path]:
    """Where the sockets lie. A socket's path has 107 bytes at most, a test's folder often more."""
    with TemporaryDirectory(prefix="bf-") as folder:
        yield Path(folder)


@pytest.fixture
def environment(runtime: Path) -> dict[str, str]:
    return {**os.environ, "XDG_RUNTIME_DIR": str(runtime), "PYTHONUNBUFFERED": "1", "TMPDIR": str(runtime)}


@pytest.fixture
def cps(tmp_path: Path) -> Path:
    path = tmp_path / "cps.card"
    create_card_file(path, records("gp"))
    return path


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "one.trace"
    with TraceWriter.create(path, TraceHeader("a", b"\x3b\x00", TransmissionProtocol.T1)) as writer:
        writer.write(Exchange(MaskedBytes(bytes.fromhex("0084000008")), MaskedBytes(b"\x90\x00")))
    return path


def start(environment: dict[str, str], *arguments: str | Path, first: str = "") -> "subprocess.Popen[str]":
    """``bifente``, when it or its program has printed a line that begins so."""
    process = subprocess.Popen(
        [BIFENTE, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.startswith(first):
        process.kill()
        raise AssertionError((line, *process.communicate(timeout=WAIT)))
    return process


def end(process: "subprocess.Popen[str]", number: int) -> int:
    """Send the signal; the code, once everybody who could still write to the output has ended."""
    process.send_signal(number)
    try:
        _, errors = process.communicate(timeout=WAIT)
    finally:
        process.kill()
    assert "Traceback" not in errors
    return process.returncode


@pytest.mark.parametrize(
    ("number", "program"),
    [
        *((number, ALONE) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT)),
        (signal.SIGTERM, WITH_CHILD),
    ],
)
def test_a_program_in_a_reader(
    number: int, program: str, environment: dict[str, str], cps: Path, runtime: Path
) -> None:
    running = start(environment, "reader", "run", cps, "--", "sh", "-c", program, first="started")
    sockets = list((runtime / "bifente").iterdir())
    assert len(sockets) == 2  # the socket and its lock
    assert end(running, number) == 128 + number
    assert not list((runtime / "bifente").iterdir())
    assert main(["apdu", "send", str(cps), "0084000008="]) == 0, "the card is free again"


def test_a_program_that_ends_in_order_says_how(environment: dict[str, str], cps: Path, runtime: Path) -> None:
    running = start(environment, "reader", "run", cps, "--", "sh", "-c", ORDERLY, first="started")
    assert end(running, signal.SIGTERM) == 7
    assert not list((runtime / "bifente").iterdir())


def test_what_nohup_ignores_stays_ignored(environment: dict[str, str], cps: Path) -> None:
    program = "echo started; kill -HUP $PPID; exit 5"
    process = subprocess.run(
        ["nohup", BIFENTE, "reader", "run", cps, "--", "sh", "-c", program],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=WAIT,
        check=False,
    )
    assert process.returncode == 5, process.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM])
def test_a_program_that_will_not_end_is_killed(number: int) -> None:
    """In a process of its own, with little patience."""
    code = (
        "import os, sys\nfrom bifente.workbench.served.running import run_program\n"
        "sys.exit(run_program(['sh', '-c', sys.argv[1]], dict(os.environ), patience=0.3))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, DEAF], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    assert end(process, number) == 128 + number


def test_a_program_that_cannot_be_started(tmp_path: Path) -> None:
    for name, word in (("none", "no such program"), ("", "denied")):
        with pytest.raises(WorkbenchError, match=word):
            run_program([str(tmp_path / name)], {})
    (tmp_path / "odd").write_bytes(b"\0\1")
    (tmp_path / "odd").chmod(0o700)
    with pytest.raises(WorkbenchError, match="format"):
        run_program([str(tmp_path / "odd")], {})
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_what_serves_until_it_is_told_to_stop(
    number: int, environment: dict[str, str], cps: Path, trace: Path, runtime: Path
) -> None:
    for command in (("reader", "serve", cps), ("trace", "replay", trace)):
        running = start(environment, *command, first="export PCSCLITE_CSOCK_NAME=")
        assert list((runtime / "bifente").iterdir())
        assert end(running, number) == 0
        assert not list((runtime / "bifente").iterdir())
    running = start(
        environment, "reader", "serve", "--vpcd-listen", "--vpcd-port", "35990", cps, first="CPS: "
    )
    assert end(running, number) == 0
    assert not list((runtime / "bifente").iterdir())


@pytest.mark.parametrize("number", [signal.SIGHUP])
def test_a_program_with_a_recorded_card(
    number: int, environment: dict[str, str], trace: Path, runtime: Path
) -> None:
    running = start(environment, "trace", "replay", trace, "--", "sh", "-c", WITH_CHILD, first="started")
    assert end(running, number) == 128 + number
    assert not list((runtime / "bifente").iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM])
def test_a_program_that_is_recorded(
    number: int, environment: dict[str, str], cps: Path, runtime: Path, tmp_path: Path
) -> None:
    pytest.importorskip("smartcard")
    served = start(environment, "reader", "serve", "--as", "real", cps, first="export PCSCLITE_CSOCK_NAME=")
    try:
        real = {**environment, "PCSCLITE_CSOCK_NAME": str(runtime / "bifente" / "real.comm")}
        command = (
            "trace",
            "record",
            "--reader",
            "CPS",
            "-o",
            tmp_path / "out.trace",
            "--",
            "sh",
            "-c",
            WITH_CHILD,
        )
        running = start(real, *command, first="started")
        assert end(running, number) == 128 + number
        left = sorted(path.name for path in (runtime / "bifente").iterdir())
        assert left == ["real.comm", "real.comm.lock", "real.control", "real.control.lock"]
        assert (tmp_path / "out.trace").stat().st_size > 0
    finally:
        assert end(served, signal.SIGTERM) == 0


@pytest.mark.parametrize("number", [signal.SIGHUP])
def test_a_command_that_works_gives_back_what_it_had(
    number: int, environment: dict[str, str], runtime: Path
) -> None:
    """``conform`` over a socket and ``demo``: sockets and folders that nobody has been told of."""
    pytest.importorskip("smartcard")
    running = start(environment, "conform", "--over", "socket", "--card", "t1test", "-v", first="ok")
    assert list(runtime.glob("bifente-*/pcscd.comm"))
    assert end(running, number) == 128 + number
    assert not list(runtime.glob("bifente-*"))


def test_a_signal_may_come_at_any_point_of_the_wait() -> None:
    """At each line that is executed on the way into the wait, and in the wait itself: a lock held there would be for ever."""
    code = """
import signal, sys
from bifente.workbench.served.serving import Stop, until_signal

for at in range(20):
    stop, seen = Stop(), [0]

    def trace(frame, event, argument):
        if event == "line":
            if seen[0] == at:
                signal.raise_signal(signal.SIGTERM)
            seen[0] += 1
        return trace

    with until_signal(stop):
        signal.signal(signal.SIGALRM, lambda *_: stop.set())
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        sys.settrace(trace)
        stop.wait()
        sys.settrace(None)
        signal.setitimer(signal.ITIMER_REAL, 0)
        stop.wait()
print("done")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "done\n", done.stderr


def test_one_line_for_sigterm(environment: dict[str, str], runtime: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [BIFENTE, "apdu", "explain", "-"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        # It waits for its input when its signals are what they will be.
        until(lambda: _handles(process.pid, signal.SIGTERM))
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        assert process.stderr.read() == "bifente: terminated\n"
    assert process.returncode == 143


def test_the_terminal_is_not_left_silent(environment: dict[str, str], cps: Path) -> None:
    """A reader that is ended while its PIN pad asks."""
    request = bytes.fromhex("1e00820000" + "0804" + "02010c0400" + "000000" + "04000000" + "00200001")
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # of forking beside threads; it becomes another program
        child, terminal = pty.fork()
    if not child:
        os.execve(BIFENTE, [BIFENTE, "reader", "serve", "--pin-pad", "ask", str(cps)], environment)
    try:
        shown = b""
        while b"\n" not in shown:
            shown += os.read(terminal, 4096)
        with Wire(Path(shown.decode().partition("=")[2].strip())) as one:
            card = one.card("Bifente Lecteur bi-fente [CPS] 00 00")
            one.send(Command.CONTROL, card, 0x42330006, len(request), 300, 0, 0, extra=request)
            while b"digits" not in shown:
                shown += os.read(terminal, 4096)
            assert not termios.tcgetattr(terminal)[3] & termios.ECHO
            os.kill(child, signal.SIGTERM)
            _, status = os.waitpid(child, 0)
            child = 0
        assert os.waitstatus_to_exitcode(status) == 0
        assert termios.tcgetattr(terminal)[3] & termios.ECHO
    finally:
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        os.close(terminal)


def _handles(pid: int, number: int) -> bool:
    """The process catches that signal (proc(5), ``SigCgt``)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False
