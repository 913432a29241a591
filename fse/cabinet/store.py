"""The store of a surgery: how it is made, opened, brought to the newest version, and written to.

A SQLite file by default: it belongs to its owner (0600), each commit is on the disk before it returns
(``synchronous=EXTRA``, rollback journal), what is purged is overwritten, and who finds it locked waits for a bounded time.
Any other database that SQLAlchemy reaches will do; PostgreSQL is tried. What fails becomes one line of :mod:`errors`.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, inspect, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError

from bifente.documents import new_file
from bifente.fse.cabinet.errors import (
    CabinetError,
    CabinetStoreBroken,
    CabinetStoreBusy,
    CabinetStoreMissing,
    CabinetStoreNewer,
)
from bifente.fse.cabinet.sendinglock import locked

if TYPE_CHECKING:
    from alembic.config import Config

NEWEST: Final = "0002"
"""The version that this release writes; a test compares it with the migrations."""

BUSY: Final = 10.0
"""Seconds that a command waits for another one that writes."""

_VERSIONS: Final = "alembic_version"

_KINDS: Final[Mapping[int, tuple[str, str, str]]] = {
    sqlite3.SQLITE_FULL: (
        "the disk is full",
        "write-failed",
        "free some space, then repeat the command; nothing was half written",
    ),
    sqlite3.SQLITE_IOERR: ("the disk does not take or give what it should", "write-failed", ""),
    sqlite3.SQLITE_READONLY: (
        "the store cannot be written",
        "no-permission",
        "look at the rights of the file and of its folder",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "the store cannot be opened",
        "no-permission",
        "look at the rights of the file and of its folder",
    ),
    sqlite3.SQLITE_PERM: ("the store cannot be opened", "no-permission", "look at the rights of the file"),
    sqlite3.SQLITE_NOTADB: ("not the store of a surgery", "input.no-cabinet", ""),
    sqlite3.SQLITE_CORRUPT: (
        "the store is damaged",
        "input.damaged-store",
        "put the last back-up in its place",
    ),
}
"""The primary result code of SQLite → words, kind and hint."""


class CabinetStore:
    """A surgery's database at its newest version. Use :meth:`create` or :meth:`open`."""

    def __init__(self, engine: Engine, place: str, path: Path | None = None) -> None:
        self.engine = engine
        self.place = place
        self.path = path

    @classmethod
    def create(cls, place: str | Path, *, busy: float = BUSY) -> "CabinetStore":
        """A new store at a path or SQLAlchemy URL. Raises FileExistsError, CabinetError when there is one already."""
        url, path = _url_of(place)
        if path is not None and not _is_empty(path):
            new_file(path, b"")
        store = cls(_engine(url, busy), _shown(url, path), path)
        with store._closing_on_error(), store.write() as connection:
            if inspect(connection).has_table(_VERSIONS):
                raise CabinetError(f"{store.place}: there is a store already")
            _migrate(connection)
        return store

    @classmethod
    def open(cls, place: str | Path, *, busy: float = BUSY) -> "CabinetStore":
        """The store that is there; one of an older version is brought to the newest, all or nothing.

        Raises CabinetStoreMissing, CabinetStoreNewer and other kinds of CabinetError.
        """
        url, path = _url_of(place)
        if path is not None and not path.is_file():
            raise CabinetStoreMissing(str(path))
        store = cls(_engine(url, busy), _shown(url, path), path)
        with store._closing_on_error():
            with store.read() as connection:
                found = version_of(connection)
            if found is None:
                raise CabinetStoreMissing(store.place)
            if found != NEWEST:
                if found not in known_versions():
                    raise CabinetStoreNewer(store.place, found)
                with store.write() as connection:
                    _migrate(connection)
        return store

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that changes the store: committed when the block ends well, else nothing of it stays."""
        engine = self.engine.execution_options(bifente_writes=True)
        with self._in_words(), engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the store."""
        engine = self.engine
        if engine.dialect.name == "postgresql":  # SQLite has no other
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with self._in_words(), engine.begin() as connection:
            yield connection

    @contextmanager
    def alone(self, doing: str) -> Iterator[None]:
        """Keep other processes from *doing* the same; who is killed gives it free. Raises CabinetStoreBusy at once.

        A lock beside a file of SQLite, an advisory lock of PostgreSQL; of another database the caller sees to it.
        """
        if self.path is not None:
            with locked(self.path.with_name(f"{self.path.name}.{doing}"), self.place, doing):
                yield
        elif self.engine.dialect.name == "postgresql":
            with self._in_words(), self.engine.connect() as connection:
                number = int.from_bytes(
                    sha256(f"bifente cabinet {doing}".encode()).digest()[:8], "big", signed=True
                )
                if not connection.execute(select(func.pg_try_advisory_lock(number))).scalar_one():
                    raise CabinetStoreBusy(self.place, f"is {doing}")
                try:
                    yield
                finally:
                    connection.execute(select(func.pg_advisory_unlock(number)))
        else:
            yield

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    @contextmanager
    def _closing_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise _explained(error, self.place) from error
        except SQLAlchemyError as error:
            raise CabinetStoreBroken(f"{self.place}: {_first_line(error)}") from error


def version_of(connection: Connection) -> str | None:
    """The version of the store behind *connection*; None when there is none."""
    if not inspect(connection).has_table(_VERSIONS):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {_VERSIONS}")).scalars().all()  # noqa: S608 - a constant
    return str(found[0]) if len(found) == 1 else None


def known_versions() -> tuple[str, ...]:
    """The versions that there are migrations for, the oldest first."""
    from alembic.script import ScriptDirectory

    steps = ScriptDirectory.from_config(_alembic(None)).walk_revisions()
    return tuple(step.revision for step in steps)[::-1]


def _migrate(connection: Connection, version: str = "head") -> None:
    from alembic.command import upgrade

    upgrade(_alembic(connection), version)


def _alembic(connection: Connection | None) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _url_of(place: str | Path) -> tuple[URL, Path | None]:
    """The URL of a place, and the path when it is a file of SQLite."""
    if isinstance(place, Path) or "://" not in place:
        path = Path(place)
        return URL.create("sqlite", database=str(path)), path
    try:
        url = make_url(place)
    except ArgumentError:
        raise CabinetError("the place of the store is neither a path nor an SQLAlchemy URL") from None
    if url.drivername == "postgresql":
        return url.set(drivername="postgresql+psycopg"), None
    if url.get_backend_name() != "sqlite":
        return url, None
    if not url.database or url.database == ":memory:":
        raise CabinetError("a surgery's store is not kept in memory", hint="name a file")
    return url, Path(url.database)


def _shown(url: URL, path: Path | None) -> str:
    return str(path) if path is not None else url.render_as_string(hide_password=True)


def _engine(url: URL, busy: float) -> Engine:
    try:
        if url.get_backend_name() != "sqlite":
            return create_engine(url, pool_pre_ping=True)
        engine = create_engine(url, connect_args={"timeout": busy, "isolation_level": None})
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise CabinetError(f"the driver of this database is not installed: {_first_line(error)}") from None
    event.listen(engine, "connect", _settle_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _settle_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    for setting in ("journal_mode=DELETE", "synchronous=EXTRA", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {setting}")


def _begin_sqlite(connection: Connection) -> None:
    """A transaction that will write takes its lock at once: two that both read first could not both go on."""
    writes = connection.get_execution_options().get("bifente_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _explained(error: DBAPIError, place: str) -> CabinetError:
    """What a database says, in a line."""
    found = error.orig
    if isinstance(found, sqlite3.Error):
        code = getattr(found, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return CabinetStoreBusy(place)
        if code in _KINDS:
            what, kind, hint = _KINDS[code]
            return CabinetStoreBroken(f"{place}: {what}", kind, hint=hint)
    elif isinstance(error, OperationalError):
        return CabinetStoreBroken(f"{place}: the database does not answer: {_first_line(found)}")
    return CabinetStoreBroken(f"{place}: {_first_line(found)}", "input.damaged-store")


def _first_line(error: object) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _is_empty(path: Path) -> bool:
    """A file without a byte: what a process leaves that was killed before its store was made."""
    return path.is_file() and not path.is_symlink() and path.stat().st_size == 0
