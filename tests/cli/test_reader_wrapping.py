"""``bifente reader`` with latency, faults, a recording, and behind a vpcd driver."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from issued import records

from bifente.applets.store.stores import create_card_file
from bifente.traces.files import read_trace

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="serving a reader is for Linux")

BIFENTE = Path(sys.executable).with_name("bifente")
SECONDS = 30


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    (tmp_path / "run").mkdir(mode=0o700)
    paths = [tmp_path / "a doctor.card", tmp_path / "vitale.card"]
    for path, profile in zip(paths, ("gp", "vitale-single"), strict=True):
        create_card_file(path, records(profile))
    return [str(path) for path in paths]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIFENTE, "reader", "run", *arguments], capture_output=True, text=True, timeout=SECONDS, check=False
    )


def test_a_recording_holds_the_dialogue_without_secrets(
    cards: list[str], tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    opensc = require_tool("opensc-tool")
    trace = tmp_path / "said.jsonl"
    command = [opensc, "-r", "0", "-s", "00A40404088025000001FF0100", "-s", "002000010431323334"]
    done = run(*cards, "--record", str(trace), "--", *command)
    assert done.returncode == 0, done.stderr
    said = [exchange.command.hex() for exchange in read_trace(trace).exchanges]
    assert any(line.startswith("00A40404088025000001FF0100") for line in said)
    assert "0020000104********" in said
    assert b"31323334" not in trace.read_bytes()


def test_faults_happen_and_a_wrong_file_says_where(
    cards: list[str], tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    opensc = require_tool("opensc-tool")
    faults = tmp_path / "faults.yaml"
    faults.write_text("faults:\n  - ins: 84\n    fault: status\n    sw: '6F00'\n")
    done = run(*cards, "--faults", str(faults), "--", opensc, "-r", "0", "-s", "0084000010")
    assert "SW1=0x6F, SW2=0x00" in done.stdout
    faults.write_text("faults:\n  - ins: 84\n    fault: explode\n")
    done = run(*cards, "--faults", str(faults), "--", "true")
    assert done.returncode == 3
    assert f"{faults}:3" in done.stderr


@pytest.mark.parametrize("given", ["300", "no-such-trace.jsonl", "-5"])
def test_a_latency_that_is_none_is_refused(cards: list[str], given: str) -> None:
    done = run(*cards, f"--latency={given}", "--", "true")
    assert done.returncode != 0
    assert done.stderr.count("\n") <= 2
    assert "Traceback" not in done.stderr


def test_latency_takes_its_time(cards: list[str], require_tool: Callable[[str], str]) -> None:
    opensc = require_tool("opensc-tool")
    done = run(*cards, "--latency", "9600", "--", opensc, "-r", "0", "-s", "0084000010")
    assert done.returncode == 0
    assert "SW1=0x90" in done.stdout


def test_help_needs_no_program() -> None:
    assert run("--help").returncode == 0


def two_ports() -> tuple[list[socket.socket], int]:
    """Two listening sockets on neighbouring ports, as a vpcd driver with two slots has them."""
    for _ in range(50):
        first = socket.create_server(("127.0.0.1", 0))
        port = first.getsockname()[1]
        try:
            return [first, socket.create_server(("127.0.0.1", port + 1))], port
        except OSError:
            first.close()
    raise AssertionError("no two ports beside each other are free")


def test_behind_a_vpcd_driver(cards: list[str]) -> None:
    drivers, port = two_ports()
    served = subprocess.Popen(
        [BIFENTE, "reader", "serve", *cards, "--ephemeral", "--vpcd", "--vpcd-port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        for driver, atr in zip(
            drivers, ("3BAC00402A001225006480000310009000", "3B751300004709EA9000"), strict=True
        ):
            driver.settimeout(SECONDS)
            link, _ = driver.accept()
            with link:
                link.settimeout(SECONDS)
                link.sendall(b"\x00\x01\x01")
                link.sendall(b"\x00\x01\x04")
                size = int.from_bytes(link.recv(2, socket.MSG_WAITALL), "big")
                assert link.recv(size, socket.MSG_WAITALL).hex().upper() == atr
        served.send_signal(signal.SIGINT)
        out, err = served.communicate(timeout=SECONDS)
        assert served.returncode == 0, err
        assert f"calling the driver on port {port}" in out.decode()
    finally:
        if served.poll() is None:
            served.kill()
            served.wait()
        for driver in drivers:
            driver.close()


def test_only_unmask_keeps_a_pin_in_a_recording(
    cards: list[str], tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    opensc = require_tool("opensc-tool")
    trace = tmp_path / "said.jsonl"
    done = run(
        *cards, "--record", str(trace), "--unmask", "--", opensc, "-r", "0", "-s", "002000010431323334"
    )
    assert done.returncode == 0, done.stderr
    recorded = read_trace(trace)
    assert not recorded.header.masked
    assert "002000010431323334" in [exchange.command.hex() for exchange in recorded.exchanges]
