"""Opening a store: SQLite in a file of its owner, or PostgreSQL by its address; brought to the newest version first."""

import os
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from bifente.documents.writing import create
from bifente.fse.caisse.errors import CaisseError, CaisseStoreMissing, CaisseStoreNewer

NEWEST: Final = "0001"
"""The version that this release writes; the newest module of ``migrations/versions``."""

_WAIT_SECONDS: Final = 30
_SYNCHRONOUS: Final = "FULL"
"""An ARL promises that the lot is kept, also when the power fails."""


def store_url(address: str, folder: Path) -> URL:
    """The address of a store: a URL of SQLAlchemy, or the path of a SQLite file relative to *folder*. Raises CaisseError."""
    if "://" not in address:
        return URL.create("sqlite+pysqlite", database=str(folder / address))
    try:
        url = make_url(address)
    except ArgumentError:
        raise CaisseError(
            "the address of the store cannot be read", hint="postgresql://user@host/name"
        ) from None
    if url.get_backend_name() == "postgresql" and url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise CaisseError(
            f"no store is kept on {url.get_backend_name()}",
            hint="a path (SQLite), or postgresql://user@host/name",
        )
    return url


def open_engine(url: URL, *, make: bool = False) -> Engine:
    """The engine of a store, at the newest version. With *make* a store that is not there yet is made.

    Raises CaisseStoreMissing, CaisseStoreNewer, CaisseError when the server does not answer; OSError.
    """
    engine = _sqlite(url, make=make) if url.get_backend_name() == "sqlite" else _postgres(url)
    try:
        with engine.begin() as connection:
            _upgrade(connection, make=make)
    except DBAPIError as error:
        engine.dispose()
        raise CaisseError(
            f"the store {url.render_as_string()} does not open: {first_line(error)}",
            hint="see that the server runs, and that this user may use the database"
            if url.get_backend_name() == "postgresql"
            else "see that the file is a store, and that its folder can be written",
        ) from None
    except BaseException:
        engine.dispose()
        raise
    return engine


def first_line(error: DBAPIError) -> str:
    """What the database says, in one line."""
    return (str(error.orig).splitlines() or [type(error.orig).__name__])[0]


def _sqlite(url: URL, *, make: bool) -> Engine:
    path = Path(url.database or "")
    if not path.exists():
        if not make:
            raise CaisseStoreMissing(f"there is no store {path}")
        create(path).close()  # 0600 from the first moment on; SQLite gives its journal the same rights
    engine = create_engine(url, connect_args={"timeout": _WAIT_SECONDS, "isolation_level": None})
    _configure(engine)
    return engine


def _configure(engine: Engine) -> None:
    """Transactions are begun by us, and for writing: two processes then wait for each other instead of failing."""

    @event.listens_for(engine, "connect")
    def _connected(connection: object, _record: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]  # DBAPI
        for pragma in (
            "journal_mode = WAL",
            f"synchronous = {_SYNCHRONOUS}",
            "foreign_keys = ON",
            "temp_store = MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        readonly = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")


def _postgres(url: URL) -> Engine:
    try:
        return create_engine(url, connect_args={"connect_timeout": _WAIT_SECONDS})
    except (ModuleNotFoundError, NoSuchModuleError):
        raise CaisseError(
            "a store on PostgreSQL needs psycopg",
            hint="install bifente with its extra: pip install '.[postgres]'",
        ) from None


def _upgrade(connection: Connection, *, make: bool) -> None:
    found = _version(connection)
    if found == NEWEST:
        return
    if found is None and not make:
        raise CaisseStoreMissing("there is nothing in the store")
    migrate(connection)


def _version(connection: Connection) -> str | None:
    """The version of a store, None of an empty database. Raises CaisseStoreNewer, CaisseError for what is none of ours."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if not {"alembic_version", "lot", "journal"} <= tables:
        raise CaisseError("the database holds something else than a caisse", hint="name another one")
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    if found > NEWEST:
        raise CaisseStoreNewer(
            f"the store is of version {found}, this release knows {NEWEST}", hint="use the newer release"
        )
    return str(found)


def migrate(connection: Connection, target: str = "head") -> None:
    """Bring a store, or an empty database, to the version *target*."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option(
        "script_location", os.fspath(Path(__file__).parent / "migrations").replace("%", "%%")
    )
    config.attributes["connection"] = connection
    command.upgrade(config, target)
