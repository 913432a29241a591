"""Small card files, and that they are refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bifente.applets.store.stores import (
    SqliteStore,
    StoreError,
    read_snapshot,
)

RECORDS = {"pin/01": b"\x03", "key/81": b"k" * 6000, "meta": b"{}"}


def open_and_close(path: Path) -> object:
    with SqliteStore(path):
        return None


# Both ways to a card file refuse the same files with the same errors.
WAYS: list[Callable[[Path], object]] = [open_and_close, read_snapshot]
both_ways = pytest.mark.parametrize("use", WAYS, ids=["open", "snapshot"])


def assert_refused(use: Callable[[Path], object], path: Path, kind: type[StoreError]) -> StoreError:
    """`use` is refused with one line that names the file and a hint; the folder stays as it was."""
    before = (
        {entry: entry.lstat().st_mtime_ns for entry in path.parent.iterdir()} if path.parent.is_dir() else {}
    )
    with pytest.raises(StoreError) as caught:
        use(path)
    assert type(caught.value) is kind
    assert caught.value.path == path
    assert str(caught.value).isprintable()
    assert caught.value.hint
    after = (
        {entry: entry.lstat().st_mtime_ns for entry in path.parent.iterdir()} if path.parent.is_dir() else {}
    )
    assert after == before
    return caught.value
