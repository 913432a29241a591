"""A lock between processes that ends with the process that has it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bifente.fse.cabinet.errors import CabinetStoreBusy

try:
    import fcntl
except (
    ImportError
):  # Windows: two commands at once are the user's to avoid; a mail keeps its Message-ID all the same
    fcntl = None  # type: ignore[assignment]


@contextmanager
def locked(path: Path, place: str, doing: str) -> Iterator[None]:
    """Hold the lock in the file *path*, which is made for it and stays. Raises CabinetStoreBusy, OSError."""
    if fcntl is None:
        yield
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CabinetStoreBusy(place, f"is {doing}") from None
        yield
    finally:
        os.close(descriptor)
