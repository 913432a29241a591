"""``bifente igc``: what it prints, and one line with a hint when it cannot."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bifente.cli.main import main
from bifente.igc import Authority
from bifente.igc import authority as module
from bifente.igc.keys import KeySource


@pytest.fixture
def bifente(
    capsys: pytest.CaptureFixture[str], key_source: KeySource, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Run the command in this process, with keys from the pool: (exit code, stdout, stderr)."""
    original = module.make_keys
    monkeypatch.setattr(
        module, "make_keys", lambda sizes, source, progress: original(sizes, key_source, progress)
    )

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


Bifente = Callable[..., tuple[int, str, str]]


def test_init_makes_an_authority_and_shows_it(bifente: Bifente, tmp_path: Path) -> None:
    code, out, err = bifente("igc", "init", tmp_path / "igc")
    assert (code, err) == (0, "")
    assert out.startswith(f"TEST authority in {tmp_path / 'igc'}\n")
    for words in (
        "CN=TEST AC RACINE BIFENTE FORT,",
        "CN=TEST AC BIFENTE STANDARD PERSONNES,",
        "FRCTBF01",
        "FRVTBF01",
    ):
        assert words in out
    assert Authority.open(tmp_path / "igc").is_test
    again = bifente("igc", "init", tmp_path / "igc")
    assert again == (0, out.replace("igc\n", "igc (was there already)\n", 1), "")
    assert bifente("igc", "show", tmp_path / "igc") == (0, out, "")


def test_json_says_the_same_and_whether_it_was_made(bifente: Bifente, tmp_path: Path) -> None:
    made = json.loads(bifente("igc", "init", "--environment", "P", "--json", tmp_path / "igc")[1])
    assert (made["environment"], made["created"]) == ("P", True)
    assert [item["name"] for item in made["certificates"]] == [
        "root-fort",
        "root-standard",
        "persons-fort",
        "persons-standard",
    ]
    assert [root["car"] for root in made["cv_roots"]] == ["FRCPBF01", "FRVPBF01"]
    again = json.loads(bifente("igc", "init", "--environment", "P", "--json", tmp_path / "igc")[1])
    assert again == {**made, "created": False}
    del made["created"]
    assert json.loads(bifente("igc", "show", "--json", tmp_path / "igc")[1]) == made


def test_refusals_are_one_line_and_a_hint(bifente: Bifente, tmp_path: Path) -> None:
    code, out, err = bifente("igc", "show", tmp_path / "nothing")
    assert (code, out) == (3, "")
    assert err.splitlines() == [
        f"bifente: there is no authority in {tmp_path / 'nothing'}",
        f"hint: make one: bifente igc init {tmp_path / 'nothing'}",
    ]
    bifente("igc", "init", tmp_path / "igc")
    code, out, err = bifente("igc", "init", "--environment", "P", tmp_path / "igc")
    assert (code, out, len(err.splitlines())) == (3, "", 2)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").write_bytes(b"x")
    code, out, err = bifente("igc", "init", tmp_path / "other")
    assert (code, out, len(err.splitlines())) == (3, "", 2)
    assert bifente("igc", "init", "--environment", "X", tmp_path / "other")[0] == 2


@pytest.mark.skipif(os.name != "posix", reason="the modes of a folder are POSIX's")
def test_a_folder_that_may_not_be_written_has_its_exit_code(
    tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    """Root may write anywhere, so it gives up that right first."""
    (tmp_path / "closed").mkdir(mode=0o500)
    limited = [require_tool("setpriv"), "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    program = Path(sys.executable).with_name("bifente")
    done = subprocess.run(
        [*limited, program, "igc", "init", tmp_path / "closed" / "igc"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = done.stderr.splitlines()
    assert (done.returncode, done.stdout, len(said)) == (13, "", 2), done.stderr
    assert "Permission denied" in said[0]
    assert os.listdir(tmp_path / "closed") == []


def test_a_full_disk_has_its_exit_code(
    bifente: Bifente, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bifente.igc.storage.os.fsync", full)
    code, _, err = bifente("igc", "init", tmp_path / "igc")
    assert code == 12
    assert err.startswith(f"bifente: {tmp_path / 'igc'}: No space left on device\n")
    assert os.listdir(tmp_path) == []


def test_ctrl_c_leaves_nothing(bifente: Bifente, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bifente.igc.storage.os.fsync", interrupted)
    assert bifente("igc", "init", tmp_path / "igc")[0] == 130
    assert os.listdir(tmp_path) == []
