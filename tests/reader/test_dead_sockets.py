"""What a killed process leaves in the folder of the sockets, and who removes it."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bifente.workbench.served.serving import socket_of_a_run

if not sys.platform.startswith("linux"):
    pytest.skip("the socket of pcsc-lite is Linux's", allow_module_level=True)

from bifente.reader.pcsclite.ownsocket import OwnSocket, remove_dead

KILLED = """
import os, signal, sys
from pathlib import Path
from bifente.reader.pcsclite.ownsocket import OwnSocket
own = OwnSocket(Path(sys.argv[1]))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A socket's path has 107 bytes at most, a test's folder often more."""
    with tempfile.TemporaryDirectory(prefix="bf-") as made:
        yield Path(made)


def left_by_a_killed_process(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.is_socket()
    assert path.with_name(f"{path.name}.lock").exists()


def test_what_a_killed_run_has_left_goes_and_the_rest_stays(folder: Path) -> None:
    left_by_a_killed_process(folder / "run-4000001.comm")
    left_by_a_killed_process(folder / "pcscd.comm")
    (folder / "run-4000002.comm").write_text("not a socket")
    living = OwnSocket(folder / "run-4000003.comm")
    try:
        assert remove_dead(folder, "run-[0-9]*.comm") == [folder / "run-4000001.comm"]
        assert {path.name for path in folder.iterdir()} == {
            "pcscd.comm",
            "pcscd.comm.lock",
            "run-4000002.comm",
            "run-4000003.comm",
            "run-4000003.comm.lock",
        }
    finally:
        living.close()


def test_the_next_run_removes_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    (folder / "bifente").mkdir(mode=0o700)
    left_by_a_killed_process(folder / "bifente" / "run-4000001.comm")
    assert socket_of_a_run("run") == folder / "bifente" / f"run-{os.getpid()}.comm"
    assert list((folder / "bifente").iterdir()) == []
