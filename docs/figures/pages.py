"""Writes the figures, and the tables that belong to them, beside the pages that show them."""

from collections.abc import Iterator
from pathlib import Path

import login
import roads
import rooms
import states

from bifente.layouts.registry import kinds


def write(folder: Path) -> None:
    """Every figure in *folder*, written only when it changes."""
    folder.mkdir(exist_ok=True)
    for name, content in _all():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8")


def _all() -> Iterator[tuple[str, str]]:
    yield from rooms.figures()
    yield from roads.figures()
    yield from states.figures()
    yield from login.tables()
    yield "instructions.md", "\n".join(roads.dispatch_table(kinds())) + "\n"
