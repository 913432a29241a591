"""What the read-me pages show works as shown."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "README.fr.md")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


def commands(page: str) -> list[str]:
    """The lines that call bifente, without their comments."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [line.split(" #")[0].strip() for line in re.findall(r"^    (bifente .*)$", text, re.MULTILINE)]


@pytest.fixture
def folder(tmp_path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "0101.in").write_bytes((shared_data / "vitale-virtual" / "0101.in").read_bytes())
    return tmp_path


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_python_example(page: str, folder: Path) -> None:
    program = Path(sys.executable).with_name("bifente")
    tried = 0
    for line in commands(page):
        for part in line.split(" && "):
            words = shlex.split(part)[1:]
            if words[:2] in (["reader", "run"], ["reader", "serve"], ["trace", "show"]):
                continue  # they have tests of their own, with the programs they need
            done = subprocess.run(
                [program, *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False
            )
            assert done.returncode == 0, f"{part}: {done.stderr}"
            tried += 1
    assert tried >= 10
    # the PIN has been changed by the commands: the example is for a fresh card
    for name in folder.glob("*.card"):
        subprocess.run(
            [program, "card", "restore", name.name], cwd=folder, timeout=60, check=True, capture_output=True
        )
    (example,) = blocks(page, "python")
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("101 ")


def test_both_pages_name_the_same_targets() -> None:
    english, french = (
        re.findall(r"^    make (\w+)", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
        for page in PAGES
    )
    assert english == french
