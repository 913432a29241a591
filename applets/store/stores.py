"""The persistent state of a card: named records, changed by atomic and durable commits.

`SqliteStore` keeps them in a card file, `MemoryStore` in a dictionary. Neither is made for two users at a time: whoever
holds the card serialises the calls. A commit that returned is on the disk, whatever happens then; a commit that raised left the
records as they were (only when the disk fails at the very last step, the removal of the journal, they may already be
the new ones: whoever keeps a decoded copy reads it again after a :class:`StoreError`).
"""

import contextlib
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, cast

from bifente.applets.store.cardfile import (
    APPLICATION_ID,
    CONNECTIONS,
    VERSION,
    Connect,
    Database,
    configure,
    connect_sqlite,
    copy_card_file,
    create_card_file,
    locate,
    prepare,
    read_snapshot,
)
from bifente.applets.store.errors import (
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
    moved_away,
    store_error,
)
from bifente.applets.store.lock import CardLock

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

    At rest it holds nothing, in use the card's lock. The connection, with its cache of 8 pages, is there while the store
    is one of the :data:`MOST_CONNECTIONS` used last in this process: whoever holds a thousand cards works with a few.
    """

    def __init__(self, path: Path | str, connect: Connect | None = None) -> None:
        self.path = Path(path)
        self._connect: Connect = connect or connect_sqlite
        self._database: Database | None = None
        self._in_place = False
        """How the connection commits now: by overwriting one byte, or by a journal."""
        self._lock: CardLock | None = None
        self._key: tuple[int, int] | None = None
        """Device and inode of the file, while the connection is there."""
        self._file: tuple[int, int] | None = None
        """The same, while the store is open: another file of that name is not our card."""
        self._turn = threading.Lock()
        """Whoever uses the connection; another store of this process may want to close it meanwhile."""

    def __repr__(self) -> str:
        return f"SqliteStore({str(self.path)!r}, {'open' if self._lock else 'closed'})"

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
        if self._lock is not None:
            return
        real = locate(self.path)
        try:
            self._lock = CardLock(real)
            self._lock.acquire()
            self._key = self._file = CONNECTIONS.enter(real)
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
        _CONNECTED.used(self)

    def close(self) -> None:
        with self._turn:
            lock, self._lock = self._lock, None
            try:
                self._disconnect()
            finally:
                if lock is not None:
                    lock.release()

    def rest(self) -> bool:
        """Close the connection and stay the card's owner; False while somebody uses it."""
        if not self._turn.acquire(blocking=False):
            return False
        try:
            self._disconnect()
        finally:
            self._turn.release()
        return True

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
        """Write the records in one transaction; they are on the disk when it returns."""
        with self._turn:
            database: Database | None = None
            try:
                database = self._opened()
                if not (len(changes) == 1 and self._overwritten(database, changes)):
                    self._written(database, changes)
            except BaseException as error:
                if database is not None:
                    _roll_back(database)
                failure = store_error(self.path, error, writing=True)
                if failure is None:
                    raise
                raise failure from error
        _CONNECTED.used(self)

    def _written(self, database: Database, changes: Mapping[str, bytes | None]) -> None:
        """Any changes, by way of the journal."""
        self._commit_by(database, in_place=False)
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

    def _overwritten(self, database: Database, changes: Mapping[str, bytes | None]) -> bool:
        """One byte in the place of one byte, as counters change: with one sync instead of five. False for anything else.

        SQLite overwrites a value of the same length where it stands; of this one, and of the counters in the file's
        header, each lies in one sector. Whatever of the two sectors a power cut lets land, the file is whole and the
        value the old or the new one, so that no journal is needed. The sweep in ``tests/tearing`` shows it.
        """
        [(name, value)] = changes.items()
        if type(value) is not bytes or len(value) != 1 or sqlite3.sqlite_version_info < _OVERWRITES_IN_PLACE:
            return False
        self._commit_by(database, in_place=True)
        return bool(list(database.execute(_OVERWRITE, (value, name))))

    def _commit_by(self, database: Database, *, in_place: bool) -> None:
        if in_place != self._in_place:
            list(database.execute(f"PRAGMA journal_mode={'MEMORY' if in_place else 'DELETE'}"))
            self._in_place = in_place

    def _select(self, query: str, parameter: str) -> list[str | bytes | int]:
        with self._turn:
            try:
                found = [value for (value,) in self._opened().execute(query, (parameter,))]
            except Exception as error:
                failure = store_error(self.path, error, writing=False)
                if failure is None:
                    raise
                raise failure from error
        _CONNECTED.used(self)
        return found

    def _opened(self) -> Database:
        if self._lock is None:
            raise StoreClosed(self.path)
        return self._database or self._reconnected()

    def _reconnected(self) -> Database:
        """The connection again, on the very file that was opened."""
        real = self._lock.card if self._lock is not None else self.path
        try:
            self._key = CONNECTIONS.enter(real)
            if self._key != self._file:
                raise FileNotFoundError(real)
        except FileNotFoundError as error:
            self._disconnect()
            raise moved_away(self.path) from error
        try:
            self._database = self._connect(real)
            configure(self._database)
        except BaseException:
            self._disconnect()
            raise
        return self._database

    def _disconnect(self) -> None:
        database, self._database = self._database, None
        key, self._key = self._key, None
        self._in_place = False
        _CONNECTED.forget(self)
        try:
            if database is not None:
                database.close()
        finally:
            if key is not None:
                CONNECTIONS.leave(key)


_OVERWRITE = "UPDATE record SET value = ? WHERE name = ? AND length(value) = 1 RETURNING 1"
_OVERWRITES_IN_PLACE = (3, 35, 0)
"""The release of SQLite that has RETURNING; since 3.24 an UPDATE by a value of the same length writes its bytes only."""

MOST_CONNECTIONS = 16
"""How many connections a process keeps, some 75 KB each."""


class _Connected:
    """The stores of this process that have a connection, the one that was used last at the end."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._stores: dict[SqliteStore, None] = {}

    def used(self, store: SqliteStore) -> None:
        """*store* has just used its connection; who has not for longest gives up his, unless he is using it."""
        with self._guard:
            self._stores.pop(store, None)
            self._stores[store] = None
            idle = list(self._stores)[:-MOST_CONNECTIONS]
        for each in idle:
            each.rest()

    def forget(self, store: SqliteStore) -> None:
        """*store* has no connection any more."""
        with self._guard:
            self._stores.pop(store, None)


_CONNECTED = _Connected()


def _roll_back(database: Database) -> None:
    """End a failed transaction. When even that fails, the journal stays and SQLite rolls it back at the next use."""
    with contextlib.suppress(Exception):
        if database.in_transaction:
            database.execute("ROLLBACK")
        # After an error of the disk SQLite leaves its journal to the next reader; a full disk wants the space now.
        list(database.execute("SELECT name FROM record LIMIT 1"))
