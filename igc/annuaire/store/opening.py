"""Connections to an annuaire: its tables and their versions, SQLite's errors as ours.

SQLite through the standard library's driver, not an ORM: an extract of two million rows goes through here, row by row. The
full-text index (FTS5) folds case and accents itself; its columns are those of a view, so that it can be made anew from what
is stored. A write-ahead log lets the pages be read while an import runs; a file that nobody has open is whole by itself.
"""

import errno
import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

from bifente.documents.sqliteerrors import is_busy, system_error
from bifente.documents.writing import create
from bifente.igc.annuaire.errors import AnnuaireBusy, AnnuaireError, AnnuaireMissing, AnnuaireNewer
from bifente.igc.annuaire.store.schema import MIGRATIONS, VERSION

APPLICATION_ID: Final = int.from_bytes(b"BFAN", "big")
WAIT_SECONDS: Final = 15.0
"""How long a writer waits for another."""


def connect(path: Path, *, make: bool = False) -> sqlite3.Connection:
    """A connection to the annuaire in *path*, at its newest version; with *make* one that is not there is made (0600).

    Raises AnnuaireMissing, AnnuaireNewer, AnnuaireError, OSError.
    """
    path = path.absolute()
    if not path.exists():
        if not make:
            raise AnnuaireMissing(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):  # somebody else made it just now
            create(path).close()
    elif path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "a folder, not a file", str(path))
    try:
        connection = sqlite3.connect(
            f"{path.as_uri()}?{_mode(path)}",
            uri=True,
            isolation_level=None,
            timeout=WAIT_SECONDS,
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        raise annuaire_error(path, error) from None
    try:
        _configure(connection)
        _upgrade(connection, path, make=make)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise annuaire_error(path, error) from None
        raise
    return connection


def _mode(path: Path) -> str:
    """Where neither the file nor the log beside it can be written, nobody else writes either."""
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return "mode=rw"
    return "mode=ro" if path.with_name(f"{path.name}-shm").exists() else "immutable=1"


def _configure(connection: sqlite3.Connection) -> None:
    for pragma in (
        "trusted_schema=OFF",
        "cell_size_check=ON",
        "temp_store=MEMORY",
        "foreign_keys=ON",
        "synchronous=NORMAL",  # with the log: a power failure may take the last change, never spoil the file
        "cache_size=-65536",
        "mmap_size=1073741824",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _upgrade(connection: sqlite3.Connection, path: Path, *, make: bool) -> None:
    [(version,)] = connection.execute("PRAGMA user_version")
    [(application,)] = connection.execute("PRAGMA application_id")
    if application == APPLICATION_ID and version >= VERSION:
        if version > VERSION:
            raise AnnuaireNewer(path, version, VERSION)
        return
    [(tables,)] = connection.execute("SELECT count(*) FROM sqlite_schema")
    if application not in (0, APPLICATION_ID) or (application == 0 and tables):
        raise AnnuaireError(f"{path}: is the database of something else", hint="name another file")
    if not tables and not make:
        raise AnnuaireMissing(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("BEGIN IMMEDIATE")
    [(version,)] = connection.execute("PRAGMA user_version")  # somebody else may have been faster
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    for step in MIGRATIONS[version:]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")


def annuaire_error(path: Path, error: sqlite3.Error) -> Exception:
    """What an error of SQLite is for a person."""
    if is_busy(error):
        return AnnuaireBusy(path)
    system = system_error(path, error)
    if system is not None:
        return system
    return AnnuaireError(
        f"{path}: cannot be read ({' '.join(str(error).split())[:120]})",
        hint="name an annuaire, or import the extracts into a new one",
    )
