"""The recipes of ``docs/recipes`` are followed to the letter in a copy of the sources, and what they take is counted."""

import configparser
import importlib.util
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from recipe import RECIPES, ROOT, Change, Copy, Step, steps

TAKES: Mapping[str, Change] = {
    "file.md": Change((), {"layouts/cards/t1test.py": 10}),
    "instruction.md": Change(
        ("applets/commands/erasing.py",),
        {"applets/families/t1test/instructions.py": 2},
    ),
    "kind.md": Change(
        (
            "layouts/cards/library.py",
            "applets/families/library/__init__.py",
            "applets/perso/profiles/library.yaml",
        ),
        {"layouts/registry.py": 1},
    ),
    "trace-format.md": Change(("traces/formats/logs/arrows.py",), {"traces/formats/__init__.py": 2}),
    "b2-record.md": Change(("fse/b2/records/message.py",), {"fse/b2/records/__init__.py": 2}),
    "command.md": Change(("cli/kind/__init__.py", "cli/kind/commands.py"), {"cli/main.py": 1}),
}
"""What each page makes and changes: an entry of a layout has a line for each of its facts."""


def packages() -> dict[str, str]:
    """Import name → folder, as ``setup.cfg`` maps them, ``bifente`` itself first."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    pairs = (line.split("=") for line in config["options"]["package_dir"].strip().splitlines())
    return dict(sorted((name.strip(), folder.strip()) for name, folder in pairs))


def test_every_page_is_tried() -> None:
    assert {path.name for path in RECIPES.glob("*.md")} - {"index.md"} == TAKES.keys()


@pytest.mark.parametrize("page", TAKES)
def test_a_recipe_does_what_it_says_and_takes_no_more(page: str, tmp_path: Path) -> None:
    copy = Copy(tmp_path, packages())
    recipe = steps(page)
    assert sum(step.language == "console" for step in recipe) >= 1
    assert copy.follow(recipe) == TAKES[page]


MODULES = [step for page in TAKES for step in steps(page) if step.language == "python"]


@pytest.mark.parametrize("step", MODULES, ids=[step.path for step in MODULES])
def test_what_is_copied_from_a_page_passes_the_checks(step: Step, tmp_path: Path) -> None:
    if importlib.util.find_spec("ruff") is None:
        pytest.skip("ruff is not installed")
    for work in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *work, "--config", str(ROOT / "pyproject.toml"),
             "--stdin-filename", step.path, "-"],
            input=step.content, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_page_that_has_fallen_behind_is_caught(tmp_path: Path) -> None:
    copy = Copy(tmp_path, packages())
    with pytest.raises(AssertionError, match="0 times"):
        copy.follow([Step("diff", "cli/main.py", " no such line\n+another\n")])
    with pytest.raises(AssertionError, match="there already"):
        copy.follow([Step("python", "cli/main.py", "")])
    with pytest.raises(AssertionError, match="the page says"):
        copy.follow([Step("console", "", "$ echo this\nthat\n")])
