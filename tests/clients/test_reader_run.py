"""``bifente reader run``: a program and its reader in one command, with cards that are files."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from clients import PIN, records

from bifente.applets.store.stores import create_card_file

Run = Callable[..., "subprocess.CompletedProcess[str]"]

BIFENTE = str(Path(sys.executable).with_name("bifente"))


@pytest.fixture
def run(tmp_path: Path, require_tool: Callable[[str], str]) -> Iterator[Run]:
    require_tool("pkcs15-tool")
    create_card_file(tmp_path / "CPS.card", records("gp"))
    create_card_file(tmp_path / "VITALE.card", records("vitale-single"))

    outside = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}

    def run_in_reader(*command: str, options: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [BIFENTE, "reader", "run", *options, "CPS.card", "VITALE.card", "--", *command],
            cwd=tmp_path,
            env={**outside, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": runtime},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    # A socket's path has 107 bytes at most, a test's folder often more.
    with TemporaryDirectory(prefix="bf-") as runtime:
        yield run_in_reader


def test_a_program_sees_the_cards_and_its_exit_code_comes_back(run):
    seen = run("opensc-tool", "-l", "-n")
    assert seen.returncode == 0, seen
    assert "[CPS] 00 00" in seen.stdout
    assert "[Vitale] 00 01" in seen.stdout
    assert seen.stdout.endswith("IAS-ECC\n")
    assert run("sh", "-c", "exit 7").returncode == 7


def test_what_a_program_changes_stays_in_the_card_unless_it_is_ephemeral(run):
    change = ("pkcs15-tool", "--change-pin", "--pin", PIN, "--new-pin", "112358")
    assert run(*change, options=("--ephemeral",)).returncode == 0
    assert run("pkcs15-tool", "--verify-pin", "--pin", PIN).returncode == 0
    assert run(*change).returncode == 0
    assert "PIN code or key incorrect" in run("pkcs15-tool", "--verify-pin", "--pin", PIN).stderr
    assert run("pkcs15-tool", "--verify-pin", "--pin", "112358").returncode == 0


def test_the_trace_hides_the_pin(run):
    traced = run("pkcs15-tool", "--verify-pin", "--pin", PIN, options=("--trace",))
    assert "0020000104******** -> 9000" in traced.stderr, traced
    assert "31323334" not in traced.stderr
