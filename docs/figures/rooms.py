"""Who imports whom, as it is in the sources, beside what the table of the house allows."""

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

from calls import ROOT
from drawing import matrix

sys.path += [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "house")]

HIGHEST = ("workbench", "testing", "cli")
"""What may import everything below it, and stands last."""


def arrows() -> dict[str, frozenset[str]]:
    """The table that ``tests/house/test_arrows.py`` holds against every module."""
    table: dict[str, frozenset[str]] = import_module("test_arrows").MAY_IMPORT
    return table


def allowed(table: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """*table*, with those who may import everything: the faces may ask the workbench, which knows no face."""
    below = frozenset(table)
    faces = frozenset(HIGHEST)
    return {**table, "workbench": below, "testing": below | faces, "cli": below | faces}


def imports(root: Path = ROOT) -> Counter[tuple[str, str]]:
    """(folder, folder that it imports) → how many modules do."""
    return Counter(pair for path in _modules(root) for pair in _imported(path, root))


def _modules(root: Path) -> Iterator[Path]:
    for folder in (*arrows(), *HIGHEST):
        yield from sorted((root / folder).rglob("*.py"))


def _imported(path: Path, root: Path) -> set[tuple[str, str]]:
    imported_names = import_module("importnames").imported_names
    own = path.relative_to(root).parts[0]
    names = (name.split(".") for _, name in imported_names(ast.parse(path.read_text(encoding="utf-8"))))
    return {
        (own, parts[1]) for parts in names if parts[0] == "bifente" and len(parts) > 1 and parts[1] != own
    }


def rooms(table: Mapping[str, frozenset[str]], used: Mapping[tuple[str, str], int]) -> str:
    """The figure: folders from the ground floor upward, each with those that it imports."""
    return matrix("Which folder imports which", [*_sorted(table), *HIGHEST], allowed(table), used)


def _sorted(table: Mapping[str, frozenset[str]]) -> list[str]:
    """Each folder behind all that it may import."""
    names: list[str] = []
    while len(names) < len(table):
        ready = [name for name in table if name not in names and table[name] <= set(names)]
        if not ready:
            raise ValueError("the table of arrows has a circle")
        names.append(ready[0])
    return names


def figures() -> Iterator[tuple[str, str]]:
    """Name and content of the figure."""
    yield "rooms.svg", rooms(arrows(), imports())
