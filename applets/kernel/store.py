"""The persistent state of a card: named records, changed by atomic and durable commits.

`SqliteStore` keeps them in a card file, `MemoryStore` in a dictionary. Neither is thread-safe: whoever holds the card
serialises the calls. A commit that returned is on the disk, whatever happens then; a commit that raised left the
records as they were (only when the disk fails at the very last step, the removal of the journal, they may already be
the new ones: whoever keeps a decoded copy reads it again after a :class:`StoreError`).
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, cast

from bifente.applets.kernel.cardfile import (
    APPLICATION_ID,
    CONNECTIONS,
    VERSION,
    Connect,
    Database,
    connect_sqlite,
    copy_card_file,
    create_card_file,
    locate,
    prepare,
    read_snapshot,
)
from bifente.applets.kernel.lock import CardLock
from bifente.applets.kernel.storeerrors import (
    CardFileExists,
    CardFileForbidden,
    CardFileMissing,
    CardFileReadOnly,
    CardInUse,
    LinkedCardFile,
    NewerCardFile,
    NotACardFile,
    StoreClosed,
    StoreError,
    StoreFull,
    StoreReadError,
    StoreWriteError,
    store_error,
)

__all__ = [
    "APPLICATION_ID",
    "VERSION",
    "CardFileExists",
    "CardFileForbidden",
    "CardFileMissing",
    "CardFileReadOnly",
    "CardInUse",
    "Database",
    "LinkedCardFile",
    "MemoryStore",
    "NewerCardFile",
    "NotACardFile",
    "SqliteStore",
    "Store",
    "StoreClosed",
    "StoreError",
    "StoreFull",
    "StoreReadError",
    "StoreWriteError",
    "copy_card_file",
    "create_card_file",
    "read_snapshot",
]


class Store(Protocol):
    """Named records of bytes. Every method but `open` and `close` raises :class:`StoreClosed` on a closed store."""

    def open(self) -> None:
        """Make the records available; takes the card's lock. Opening twice is allowed."""

    def close(self) -> None:
        """Give lock and descriptors back. Closing twice is allowed."""

    def names(self, prefix: str = "") -> list[str]:
        """The names that begin with `prefix`, sorted."""

    def get(self, name: str) -> bytes:
        """The record; KeyError when there is none of that name."""

    def commit(self, changes: Mapping[str, bytes | None]) -> None:
        """Set the given records (None removes one), all or none of them; durable when it returns."""


class MemoryStore:
    """A store that lives and dies with the process. Closing it forgets nothing."""

    def __init__(self, records: Mapping[str, bytes] | None = None) -> None:
        self._records: dict[str, bytes] = dict(records or {})
        self._is_open = False

    def open(self) -> None:
        self._is_open = True

    def close(self) -> None:
        self._is_open = False

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def names(self, prefix: str = "") -> list[str]:
        return sorted(name for name in self._opened() if name.startswith(prefix))

    def get(self, name: str) -> bytes:
        return self._opened()[name]

    def commit(self, changes: Mapping[str, bytes | None]) -> None:
        records = self._opened()
        if None not in changes.values():
            records.update(cast("Mapping[str, bytes]", changes))
            return
        # One assignment at the end: an interruption (Ctrl-C) falls before or after it, as it does with update().
        merged: dict[str, bytes | None] = {**records, **changes}
        self._records = {name: value for name, value in merged.items() if value is not None}

    def snapshot(self) -> dict[str, bytes]:
        """A copy of all records, as :func:`read_snapshot` gives it of a card file."""
        return dict(self._records)

    def _opened(self) -> dict[str, bytes]:
        if not self._is_open:
            raise StoreClosed(Path("card in memory"))
        return self._records


class SqliteStore:
    """A store in the card file at `path`; `connect` makes the connection (the tests put a failing disk there).

    At rest it holds nothing; in use two descriptors and a cache of 8 pages.
    """

    def __init__(self, path: Path | str, connect: Connect | None = None) -> None:
        self.path = Path(path)
        self._connect: Connect = connect or connect_sqlite
        self._database: Database | None = None
        self._lock: CardLock | None = None
        self._key: tuple[int, int] | None = None

    def __repr__(self) -> str:
        return f"SqliteStore({str(self.path)!r}, {'open' if self._database else 'closed'})"

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Take the card: check the file, lock it, roll back what a cut left. Raises :class:`StoreError` kinds and
        then holds nothing."""
        if self._database is not None:
            return
        real = locate(self.path)
        try:
            self._lock = CardLock(real)
            self._lock.acquire()
            self._key = CONNECTIONS.enter(real)
            self._database = self._connect(real)
            prepare(self._database, real)
            # Proves that the file can be written (SQLite would fall back to reading it) and that no foreign program
            # is writing it.
            self._database.execute("BEGIN IMMEDIATE")
            self._database.execute("DELETE FROM record WHERE FALSE")
            self._database.execute("ROLLBACK")
        except BaseException as error:
            self.close()
            failure = store_error(self.path, error, writing=False)
            if failure is None:
                raise
            raise failure from error

    def close(self) -> None:
        database, self._database = self._database, None
        key, self._key = self._key, None
        lock, self._lock = self._lock, None
        try:
            if database is not None:
                database.close()
        finally:
            if key is not None:
                CONNECTIONS.leave(key)
            if lock is not None:
                lock.release()

    def names(self, prefix: str = "") -> list[str]:
        rows = self._select("SELECT name FROM record WHERE name >= ? ORDER BY name", prefix)
        return [name for name in map(str, rows) if name.startswith(prefix)]

    def get(self, name: str) -> bytes:
        rows = self._select("SELECT value FROM record WHERE name = ?", name)
        if not rows:
            raise KeyError(name)
        [value] = rows
        assert isinstance(value, bytes)
        return value

    def commit(self, changes: Mapping[str, bytes | None]) -> None:
        database = self._opened()
        try:
            database.execute("BEGIN IMMEDIATE")
            for name, value in changes.items():
                if value is None:
                    database.execute("DELETE FROM record WHERE name = ?", (name,))
                else:
                    database.execute(
                        "INSERT INTO record VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value",
                        (name, value),
                    )
            database.execute("COMMIT")
        except BaseException as error:
            _roll_back(database)
            failure = store_error(self.path, error, writing=True)
            if failure is None:
                raise
            raise failure from error

    def _select(self, query: str, parameter: str) -> list[str | bytes | int]:
        try:
            return [value for (value,) in self._opened().execute(query, (parameter,))]
        except Exception as error:
            failure = store_error(self.path, error, writing=False)
            if failure is None:
                raise
            raise failure from error

    def _opened(self) -> Database:
        if self._database is None:
            raise StoreClosed(self.path)
        return self._database


def _roll_back(database: Database) -> None:
    """End a failed transaction. When even that fails, the journal stays and SQLite rolls it back at the next use."""
    with contextlib.suppress(Exception):
        if database.in_transaction:
            database.execute("ROLLBACK")
        # After an error of the disk SQLite leaves its journal to the next reader; a full disk wants the space now.
        list(database.execute("SELECT name FROM record LIMIT 1"))
