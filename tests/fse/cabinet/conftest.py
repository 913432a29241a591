"""A surgery in a temporary folder, whose clock is turned by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copy

import pytest

from bifente.fse.cabinet import Cabinet


class Hands:
    """A clock that stands until it is turned."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Hands:
    return Hands(datetime(2026, 3, 3, 9, 0, tzinfo=UTC))  # a Tuesday


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new store, to be copied: its migrations take longer than most of what is tried with it."""
    path = tmp_path_factory.mktemp("cabinet") / "empty.db"
    Cabinet.create(path).close()
    return path


@pytest.fixture
def cabinet(tmp_path: Path, clock: Hands, empty_store: Path) -> Iterator[Cabinet]:
    copy(empty_store, tmp_path / "surgery.db")
    with Cabinet.open(tmp_path / "surgery.db", clock=clock) as made:
        yield made
