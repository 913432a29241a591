"""The socket of the PC/SC service: closing, its rights, its folder, and who else would be there."""

import os
import socket
import stat
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from pcscwire import FakeCard, Wire, serving, until

from bifente.reader import TwoSlotReader
from bifente.reader.pcsclite import PcscServer, ServerRunning, SocketPathRefused, ownsocket, runtime_folder

CPS = "R [CPS] 00 00"


def test_closing_ends_every_client_and_thread(tmp_path: Path) -> None:
    before = threading.active_count()
    with serving(tmp_path, FakeCard()) as (_, server):
        wires = [Wire(server.path) for _ in range(5)]
        wires[0].begin(wires[0].card(CPS))
        wires[1].wait()
    assert all(wire.hung_up() for wire in wires[2:])
    until(lambda: threading.active_count() <= before)
    assert not server.path.exists()
    server.close()
    for wire in wires:
        wire.close()


# Sockets


def test_rights_of_the_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with PcscServer(TwoSlotReader("R")) as server:
        assert server.path == tmp_path / "bifente" / "pcscd.comm"
        assert stat.S_IMODE(server.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(server.path.parent.stat().st_mode) == 0o700
        assert server.environment == {"PCSCLITE_CSOCK_NAME": str(server.path)}
    assert not list(server.path.parent.iterdir())


def test_without_a_runtime_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert runtime_folder() == tmp_path / f"bifente-{os.getuid()}"


def test_a_folder_that_is_not_ours_alone_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = tmp_path / "bifente"
    folder.mkdir(mode=0o755)
    with pytest.raises(SocketPathRefused, match="open to others"):
        runtime_folder()
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(SocketPathRefused, match="not a folder"):
        runtime_folder()


def test_a_path_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SocketPathRefused, match="107 bytes"):
        PcscServer(TwoSlotReader("R"), path=tmp_path / ("x" * 108)).start()


def test_a_path_of_the_greatest_length_is_served() -> None:
    folder = Path(f"/tmp/bifente-long-{os.getpid()}")
    path = folder / ("x" * (ownsocket.MAX_PATH - len(os.fsencode(folder)) - 1))
    folder.mkdir(mode=0o700)
    try:
        with PcscServer(TwoSlotReader("R"), path=path), Wire(path) as one:
            assert one.states()
    finally:
        folder.rmdir()


def test_one_server_on_a_socket_and_dead_ones_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(path))
    with serving(tmp_path, FakeCard()) as (_, server):
        with pytest.raises(ServerRunning):
            PcscServer(TwoSlotReader("R"), path=path).start()
        with Wire(server.path) as one:
            assert one.card(CPS)
    path.write_text("mine")
    with pytest.raises(SocketPathRefused, match="not a socket"):
        PcscServer(TwoSlotReader("R"), path=path).start()
    assert path.read_text() == "mine"


ANOTHER = """
import socket, sys
one = socket.socket(socket.AF_UNIX)
one.settimeout(10)
one.connect(sys.argv[1])
print("sent away" if one.recv(1) == b"" else "served")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a program as another user")
def test_another_user_is_sent_away() -> None:
    """Even where the rights of folder and socket would let that user in."""
    with tempfile.TemporaryDirectory(prefix="bifente-user-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with serving(folder) as (_, server):
            server.path.chmod(0o666)
            said = subprocess.run(
                ["/usr/bin/python3", "-c", ANOTHER, server.path],
                user=65534,
                group=65534,
                extra_groups=[],
                cwd="/",
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
            assert said.stdout == "sent away\n", said.stderr
