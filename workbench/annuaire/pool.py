"""Opened annuaires for who renders pages in several threads: each borrows one, and gives it back."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bifente.igc.annuaire import Annuaire


class AnnuairePool:
    """As many connections as are in use at once, at most."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._free: LifoQueue[Annuaire] = LifoQueue()

    @contextmanager
    def borrowed(self) -> "Iterator[Annuaire]":
        """An annuaire for one request. Raises AnnuaireError, OSError."""
        from bifente.igc.annuaire import Annuaire

        try:
            annuaire = self._free.get_nowait()
        except Empty:
            annuaire = Annuaire.open(self.path)
        try:
            yield annuaire
        finally:
            self._free.put(annuaire)

    def close(self) -> None:
        """Close those that are given back."""
        while True:
            try:
                self._free.get_nowait().close()
            except Empty:
                return
