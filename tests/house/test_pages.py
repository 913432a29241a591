"""The pages say what is there: the table of folders is that of the test of arrows, and files that are named exist."""

import re
from pathlib import Path

import pytest
from recipe import RECIPES, steps

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for pattern in ("README*.md", "CONTRIBUTING.md", "docs/**/*.md")
    for path in ROOT.glob(pattern)
    if not {"_build", "drawn", "examples"} & set(path.parts)
)
NAMED = re.compile(r"`((?:[\w-]+/)+[\w.-]+\.(?:py|md|yaml|cfg|toml))`")
TO_COME = {step.path for page in RECIPES.glob("*.md") for step in steps(page.name)}
"""What the recipes add."""


def told_arrows() -> dict[str, frozenset[str]]:
    """The table of ``docs/architecture.md``: folder → what it may import, of the folders with a list of names."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)/` \| .* \| ([\w, ]+) \|$", page, re.MULTILINE)
    return {
        folder: frozenset() if told == "nothing of ours" else frozenset(told.split(", "))
        for folder, told in rows
        if not told.startswith("everything")
    }


def test_the_table_of_folders_is_the_one_that_is_held() -> None:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("arrows", Path(__file__).with_name("test_arrows.py"))
    assert spec is not None
    assert spec.loader is not None
    arrows = module_from_spec(spec)
    spec.loader.exec_module(arrows)
    assert told_arrows() == arrows.MAY_IMPORT


@pytest.mark.parametrize("page", PAGES, ids=[page.relative_to(ROOT).as_posix() for page in PAGES])
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = set(NAMED.findall(page.read_text(encoding="utf-8"))) - TO_COME
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_files_are_named() -> None:
    named = {name for page in PAGES for name in NAMED.findall(page.read_text(encoding="utf-8"))}
    assert len(named - TO_COME) > 20
