"""Progress on stderr when a person watches it, else nothing."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bifente.documents.visible import visible

Told = Callable[[int, int, str], None]
"""Told how many are done, of how many, and which one it was."""


@contextmanager
def progress(what: str) -> Iterator[Told | None]:
    """A bar that is gone when the work is done; None when stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)

        def told(done: int, total: int, name: str) -> None:
            bar.update(task, completed=done, total=total, description=f"{what} ({visible(name)})")

        yield told
