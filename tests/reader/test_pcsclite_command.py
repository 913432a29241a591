"""``bifente reader``: serving card files, running programs, changing cards from another terminal."""

import contextlib
import io
import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from issued import records
from pcscwire import Wire, until

from bifente.applets.store.stores import copy_card_file, create_card_file, read_snapshot
from bifente.cli.main import main
from bifente.reader.pcsclite.codes import Rv
from bifente.reader.pcsclite.messages import LAYOUTS, Command

BIFENTE = Path(sys.executable).with_name("bifente")
NAME = "Bifente Lecteur bi-fente"
CPS, VITALE = f"{NAME} [CPS] 00 00", f"{NAME} [Vitale] 00 01"
WRONG_PIN = bytes.fromhex("002000010439393939")


@pytest.fixture
def cards(tmp_path: Path) -> dict[str, Path]:
    made = {}
    for name, profile in (("cps", "gp"), ("vitale", "vitale-single"), ("t1", "t1test")):
        made[name] = tmp_path / f"{name}.card"
        create_card_file(made[name], records(profile))
    return made


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    return {**os.environ, "XDG_RUNTIME_DIR": str(runtime), "PYTHONUNBUFFERED": "1"}


def bifente(
    environment: dict[str, str], *arguments: str | Path, code: int = 0
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [BIFENTE, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def from_here(
    environment: dict[str, str], *arguments: str | Path, code: int = 0
) -> subprocess.CompletedProcess[str]:
    """The same in this process, for tests of many commands: what they talk to is another one all the same."""
    texts = [io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2)]
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(texts[0]),
        contextlib.redirect_stderr(texts[1]),
    ):
        for name, value in environment.items():
            patch.setenv(name, value)
        found = main([str(each) for each in arguments])
    for text in texts:
        text.seek(0)
    output, errors = (text.read() for text in texts)
    assert found == code, output + errors
    assert "Traceback" not in errors
    return subprocess.CompletedProcess([*map(str, arguments)], found, output, errors)


class Served:
    """A running ``bifente reader serve``."""

    def __init__(self, environment: dict[str, str], arguments: Sequence[str | Path]) -> None:
        self.process = subprocess.Popen(
            [BIFENTE, "reader", "serve", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline().strip()
        self.path = Path(self.said.partition("=")[2])
        self.errors: list[str] = []
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.errors.extend(line.rstrip("\n") for line in self.process.stderr)

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        code = self.process.wait(30)
        self.thread.join(30)
        return code


@contextlib.contextmanager
def served(environment: dict[str, str], *arguments: str | Path) -> Iterator[Served]:
    running = Served(environment, arguments)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait(30)
        running.thread.join(30)
        for stream in (running.process.stdout, running.process.stderr):
            assert stream is not None
            stream.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_until_it_is_told_to_stop(
    cards: dict[str, Path], environment: dict[str, str], number: int
) -> None:
    with served(environment, cards["cps"], cards["vitale"]) as running:
        folder = Path(environment["XDG_RUNTIME_DIR"]) / "bifente"
        assert running.said == f"export PCSCLITE_CSOCK_NAME={folder / 'pcscd.comm'}"
        with Wire(running.path) as one:
            assert [state.name for state in one.states()[:2]] == [CPS, VITALE]
            assert one.transmit(one.card(CPS), bytes.fromhex("0084000008"), protocol=1)[1][-2:] == b"\x90\x00"
            assert running.stop(number) == 0
        assert not list(folder.iterdir())
        assert running.errors == []


def test_another_program_hears_why_by_the_control_socket(
    cards: dict[str, Path], environment: dict[str, str]
) -> None:
    """The answer comes by the PC/SC service, the reason beside it."""
    pytest.importorskip("smartcard")
    with served(environment, cards["cps"]) as running:
        there = {**environment, "PCSCLITE_CSOCK_NAME": str(running.path)}
        said = bifente(there, "apdu", "send", "--reader", "CPS", "--why", "A4020C:DEAD").stdout.splitlines()
        assert said[1:] == [
            "> 00A4020C02DEAD",
            "< 6A82 (file not found)",
            "  3F00 has no EF DEAD (ISO/IEC 7816-4:2020 §11.2.2)",
        ]


def test_cards_come_and_go_from_another_terminal(cards: dict[str, Path], environment: dict[str, str]) -> None:
    with served(environment, cards["cps"]) as running, Wire(running.path) as one:
        control = Path(environment["XDG_RUNTIME_DIR"]) / "bifente" / "pcscd.control"
        assert control.stat().st_mode & 0o777 == 0o600
        said = from_here(environment, "reader", "status").stdout.splitlines()
        assert said == [f"1  {CPS}: {cards['cps']}", f"2  {VITALE}: empty"]
        # A carte Vitale goes where it belongs.
        from_here(environment, "reader", "insert", cards["vitale"])
        assert one.state(VITALE).bits == 0x34
        assert (
            "holds a card already"
            in from_here(environment, "reader", "insert", cards["t1"], "--slot", "1", code=3).stderr
        )
        assert "every slot" in from_here(environment, "reader", "insert", cards["t1"], code=3).stderr
        from_here(environment, "reader", "remove", "cps")
        assert one.state(CPS).bits == 2
        from_here(environment, "reader", "remove", "1", code=8)
        from_here(environment, "reader", "swap", "Vitale", cards["t1"])
        assert one.state(VITALE).counter == 3
        slots = json.loads(from_here(environment, "reader", "status", "--json").stdout)
        assert [slot["kind"] for slot in slots] == [None, "t1test"]
        # What was taken out is free again, what is in is not.
        from_here(environment, "apdu", "send", cards["cps"], "0084000008")
        from_here(environment, "apdu", "send", cards["t1"], "0084000008", code=5)
        assert (
            "there is no slot '7'; there are: 1 Bif"
            in from_here(environment, "reader", "remove", "7", code=3).stderr
        )
        from_here(environment, "reader", "insert", cards["cps"].with_name("none.card"), code=4)
        assert running.stop() == 0


def test_a_reader_comes_and_goes_from_another_terminal(
    cards: dict[str, Path], environment: dict[str, str]
) -> None:
    with served(environment, cards["cps"]) as running:
        with Wire(running.path) as one:
            card = one.card(CPS)
            said = from_here(environment, "reader", "unplug").stdout.splitlines()
            assert said == [
                f"1  {CPS}: {cards['cps']}, reader unplugged",
                f"2  {VITALE}: empty, reader unplugged",
            ]
            assert [state.name for state in one.states()[:2]] == ["", ""]
            assert one.connect(CPS)[2] == Rv.UNKNOWN_READER
            for command in (
                ("unplug",),
                ("remove", "1"),
                ("insert", cards["vitale"]),
                ("swap", "1", cards["t1"]),
            ):
                assert "bifente reader plug" in from_here(environment, "reader", *command, code=8).stderr
            # It is still in there.
            from_here(environment, "apdu", "send", cards["cps"], "0084000008", code=5)
            slots = json.loads(from_here(environment, "reader", "plug", "1", "--json").stdout)
            assert [(slot["plugged"], slot["powered"]) for slot in slots] == [(True, True), (True, False)]
            assert "plugged in already" in from_here(environment, "reader", "plug", code=3).stderr
            assert (
                "there is no reader '2'; there is: 1 "
                in from_here(environment, "reader", "unplug", "2", code=3).stderr
            )
            assert one.status(card) == Rv.INVALID_VALUE
            assert one.card(CPS)
            from_here(environment, "reader", "restart", "--down", "0.1")
            assert one.hung_up()
        with Wire(running.path) as one:
            assert one.state(CPS).counter == 0
        for down in ("-1", "31", "nan", "soon"):
            assert (
                "0 to 30 seconds"
                in from_here(environment, "reader", "restart", "--down", down, code=3).stderr
            )
        assert running.stop() == 0


def test_a_card_that_a_fault_pulls_out_is_free_again(
    cards: dict[str, Path], environment: dict[str, str], tmp_path: Path
) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text("faults: [{ins: 84, nth: 1, fault: removed}]")
    with served(environment, cards["cps"], "--faults", faults) as running, Wire(running.path) as one:
        assert one.transmit(one.card(CPS), bytes.fromhex("0084000008"), protocol=1)[0] == Rv.NOT_TRANSACTED
        assert one.state(CPS).bits == 2
        until(lambda: "empty" in from_here(environment, "reader", "status").stdout.splitlines()[0])
        from_here(environment, "apdu", "send", cards["cps"], "0084000008")
        from_here(environment, "reader", "insert", cards["cps"])
        assert one.transmit(one.card(CPS), bytes.fromhex("00A4000C023F00"), protocol=1)[0] == Rv.SUCCESS
        assert running.stop() == 0


def test_a_second_reader_of_the_same_name_is_told_how_to_have_another(environment: dict[str, str]) -> None:
    with served(environment) as running:
        assert "--as NAME" in from_here(environment, "reader", "serve", code=3).stderr
        assert running.stop() == 0


def test_a_swap_that_is_refused_leaves_the_card_where_it_is(
    cards: dict[str, Path], environment: dict[str, str], tmp_path: Path
) -> None:
    twin, other = tmp_path / "twin.card", tmp_path / "other.card"
    copy_card_file(cards["vitale"], twin)
    copy_card_file(cards["t1"], other)
    with served(environment, cards["cps"], cards["vitale"]) as running, Wire(running.path) as one:
        before, counter = from_here(environment, "reader", "status").stdout, one.state(CPS).counter
        assert "already" in from_here(environment, "reader", "swap", "CPS", twin, code=3).stderr
        from_here(environment, "reader", "swap", "CPS", cards["vitale"], code=5)
        from_here(environment, "reader", "swap", "CPS", tmp_path / "none.card", code=4)
        assert from_here(environment, "reader", "status").stdout == before
        assert one.state(CPS).counter == counter
        # The twin may take the place of the card whose twin it is, and a card its own.
        from_here(environment, "reader", "swap", "Vitale", twin)
        from_here(environment, "reader", "swap", "CPS", cards["cps"])
        assert one.state(CPS).bits & 0x20
        # What was refused is free.
        from_here(environment, "reader", "swap", "Vitale", other)
        from_here(environment, "apdu", "send", twin, "0084000008")
        assert running.stop() == 0


def test_a_card_in_a_slot_stays_ours_when_it_has_no_supply(
    cards: dict[str, Path], environment: dict[str, str]
) -> None:
    with served(environment, cards["cps"]) as running, Wire(running.path) as one:
        card = one.card(CPS)
        assert one.disconnect(card, 2) == 0
        assert one.state(CPS).bits == 4
        from_here(environment, "apdu", "send", cards["cps"], "0084000008", code=5)
        assert one.card(CPS)
        assert running.stop() == 0


def test_nothing_is_kept_of_an_ephemeral_card(cards: dict[str, Path], environment: dict[str, str]) -> None:
    before = read_snapshot(cards["cps"])
    for options, kept in ((["--ephemeral"], True), ([], False)):
        with served(environment, *options, cards["cps"]) as running:
            with Wire(running.path) as one:
                assert one.transmit(one.card(CPS), WRONG_PIN, protocol=1)[1] == b"\x63\xc2"
            assert running.stop() == 0
        assert (read_snapshot(cards["cps"]) == before) is kept


def test_run_gives_a_program_the_reader_and_ends_as_it_does(
    cards: dict[str, Path], environment: dict[str, str]
) -> None:
    program = "import os, sys; print(os.environ['PCSCLITE_CSOCK_NAME']); sys.exit(int(sys.argv[1]))"
    done = bifente(
        environment, "reader", "run", cards["cps"], "--", sys.executable, "-c", program, "42", code=42
    )
    assert done.stdout.strip().endswith(".comm")
    assert not Path(done.stdout.strip()).exists()
    bifente(environment, "reader", "run", cards["cps"], "--", "sh", "-c", "kill -9 $$", code=137)
    bifente(environment, "reader", "run", cards["cps"], "--", "no-such-program", code=3)
    bifente(environment, "reader", "run", cards["cps"], code=2)
    bifente(environment, "reader", "run", cards["cps"], "--", code=2)


def test_ctrl_c_is_for_the_program_that_runs(cards: dict[str, Path], environment: dict[str, str]) -> None:
    program = (
        "import signal, sys, time\n"
        # It gets the signal from the group, and perhaps once more from us: the second is not to end it while it ends.
        "signal.signal(signal.SIGINT, lambda *_: (signal.signal(signal.SIGINT, signal.SIG_IGN), sys.exit(9)))\n"
        "print('ready', flush=True)\n"
        "time.sleep(30)\n"
    )
    process = subprocess.Popen(
        [BIFENTE, "reader", "run", cards["cps"], "--", sys.executable, "-c", program],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) == 9
    finally:
        process.kill()
        process.communicate(timeout=30)


def test_trace_shows_commands_and_hides_pins(cards: dict[str, Path], environment: dict[str, str]) -> None:
    with served(environment, "--trace", cards["cps"]) as running:
        with Wire(running.path) as one:
            one.transmit(one.card(CPS), WRONG_PIN, protocol=1)
        until(lambda: bool(running.errors))
        assert running.stop() == 0
    assert running.errors[0].startswith("[1] 0020000104******** -> 63C2 (")


@pytest.mark.parametrize(
    ("lines", "answer"), [("1234\n", "9000"), ("cancel\n", "6401"), ("timeout\n", "6400"), (None, "6401")]
)
def test_pin_pad(
    cards: dict[str, Path], environment: dict[str, str], tmp_path: Path, lines: str | None, answer: str
) -> None:
    # PIN_VERIFY: ASCII, as long as the PIN, 4 to 8 digits
    request = bytes.fromhex("1e00820000" + "0804" + "02010c0400" + "000000" + "04000000" + "00200001")
    script: str | Path = "cancel"
    if lines is not None:
        script = tmp_path / "entries"
        script.write_text(lines)
    with served(environment, "--pin-pad", script, cards["cps"]) as running:
        with Wire(running.path) as one:
            assert one.control(one.card(CPS), 0x42330006, request)[1].hex() == answer
        assert running.stop() == 0


@pytest.mark.parametrize(
    ("typed", "answer"), [(b"1234\n", "9000"), (b"\n", "6401"), (b"99\n", "6403"), (b"", "6400")]
)
def test_pin_typed_at_the_terminal_that_serves(
    cards: dict[str, Path], environment: dict[str, str], typed: bytes, answer: str
) -> None:
    # One second to answer in, so that nobody's answer is awaited for long.
    seconds = "1e" if typed else "01"
    request = bytes.fromhex(seconds + "00820000" + "0804" + "02010c0400" + "000000" + "04000000" + "00200001")
    with warnings.catch_warnings():
        # Of forking beside threads, since Python 3.12; the child becomes another program at once.
        warnings.simplefilter("ignore", DeprecationWarning)
        child, terminal = pty.fork()
    if child == 0:
        os.execve(BIFENTE, ["bifente", "reader", "serve", "--pin-pad", "ask", str(cards["cps"])], environment)
    shown = b""

    def read_until(word: bytes) -> None:
        nonlocal shown
        while word not in shown:
            assert select.select([terminal], [], [], 30)[0], shown
            shown += os.read(terminal, 4096)

    try:
        read_until(b"\n")
        with Wire(Path(shown.decode().partition("=")[2].strip())) as one:
            card = one.card(CPS)
            one.send(Command.CONTROL, card, 0x42330006, len(request), 300, 0, 0, extra=request)
            read_until(b"PIN (4 to 8 digits): ")
            os.write(terminal, typed)
            *_, length, rv = LAYOUTS[Command.CONTROL].unpack(one.receive(24))
            assert (rv, length) == (0, 2)
            assert one.receive(2).hex() == answer
        assert b"1234" not in shown
        os.write(terminal, b"\x03")
        _, status = os.waitpid(child, 0)
        child = 0
        assert os.waitstatus_to_exitcode(status) == 0
    finally:
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        os.close(terminal)


def test_scripts_that_are_none(cards: dict[str, Path], environment: dict[str, str], tmp_path: Path) -> None:
    script = tmp_path / "entries"
    for content in ("", "1234\n47x1\n"):
        script.write_text(content)
        said = from_here(environment, "reader", "serve", "--pin-pad", script, cards["cps"], code=3).stderr
        assert "47" not in said
        assert str(script) in said


def test_two_readers_at_once_under_two_names(cards: dict[str, Path], environment: dict[str, str]) -> None:
    with served(environment, cards["cps"]) as first:
        done = from_here(environment, "reader", "serve", cards["vitale"], code=3)
        assert "another process serves" in done.stderr
        with served(environment, "--as", "second", "--name", "Other", cards["vitale"]) as second:
            assert second.path.name == "second.comm"
            with Wire(second.path) as one:
                assert one.states()[0].name == "Other [CPS] 00 00"
            assert second.stop() == 0
        assert first.stop() == 0


def test_the_same_card_twice_is_refused(cards: dict[str, Path], environment: dict[str, str]) -> None:
    from_here(environment, "reader", "serve", cards["cps"], cards["cps"], code=5)
    from_here(environment, "reader", "serve", "--ephemeral", cards["cps"], cards["cps"], code=3)


def test_nobody_serves(environment: dict[str, str]) -> None:
    assert "no reader is being served" in from_here(environment, "reader", "status", code=8).stderr
    from_here(environment, "reader", "status", "--as", "a/b", code=2)
