"""Connections to an authority's register: its tables and their versions, its errors as ours.

SQLite with a rollback journal, so that a folder at rest, copied, is whole. A connection lives for one transaction: a register
at rest holds no descriptor, and any thread or process may use it. The standard library's driver, not an ORM: each card that
is made writes here, and importing one would take longer than making the card.
"""

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bifente.documents.sqliteerrors import is_busy, system_error
from bifente.documents.writing import create
from bifente.igc.errors import AuthorityBusy, AuthorityDamaged, AuthorityNewer

FILE: Final = "register.db"
APPLICATION_ID: Final = int.from_bytes(b"BFRG", "big")
WAIT_SECONDS: Final = 15.0
"""How long a writer waits for another."""

_FIRST: Final = (
    """CREATE TABLE certificate(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        authority TEXT NOT NULL, serial TEXT NOT NULL, purpose TEXT NOT NULL,
        holder TEXT NOT NULL, card TEXT NOT NULL,
        not_before TEXT, not_after TEXT, issued TEXT NOT NULL, der BLOB,
        revoked TEXT, reason TEXT,
        UNIQUE(authority, serial)) STRICT""",
    "CREATE INDEX certificate_serial ON certificate(serial)",
    "CREATE INDEX certificate_card ON certificate(card) WHERE card <> ''",
    "CREATE INDEX certificate_holder ON certificate(holder)",
    "CREATE INDEX certificate_revoked ON certificate(authority) WHERE revoked IS NOT NULL",
    """CREATE TABLE change(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        certificate INTEGER NOT NULL REFERENCES certificate(id),
        authority TEXT NOT NULL, made TEXT NOT NULL, revoked TEXT, reason TEXT) STRICT""",
    "CREATE INDEX change_authority ON change(authority, id)",
    """CREATE TABLE opposition(
        kind TEXT NOT NULL, card TEXT NOT NULL, since TEXT NOT NULL, pan TEXT NOT NULL, gamme TEXT NOT NULL,
        certificates TEXT NOT NULL, PRIMARY KEY(kind, card)) STRICT""",
    """CREATE TABLE publication(
        authority TEXT PRIMARY KEY, number INTEGER NOT NULL, this_update TEXT NOT NULL, next_update TEXT NOT NULL,
        change INTEGER NOT NULL, complete BLOB NOT NULL,
        base_number INTEGER NOT NULL, base_change INTEGER NOT NULL, base_update TEXT NOT NULL, delta BLOB NOT NULL) STRICT""",
)

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (_FIRST,)
"""What leads from version n to n + 1. A published one is never changed."""

VERSION: Final = len(MIGRATIONS)


def connect(
    path: Path, *, write: bool, first: Callable[[sqlite3.Connection], None] | None = None
) -> sqlite3.Connection:
    """A connection in a transaction, on a register of the newest version. With *write* one that is not there is made, 0600;
    *first* fills it. Raises FileNotFoundError without *write*, IgcError, OSError."""
    if write:
        _see_that_it_is_there(path)
    elif not path.exists():
        raise FileNotFoundError(errno.ENOENT, "no register yet", str(path))
    connection = _opened(path, write=write)
    try:
        _configure(connection)
        connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        _upgrade(connection, path, write=write, first=first)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise register_error(path, error) from None
        raise
    return connection


def _see_that_it_is_there(path: Path) -> None:
    """Make an empty file, which SQLite takes for an empty database: never one that others may read."""
    if not path.exists():
        try:
            create(path).close()
        except FileExistsError:
            return  # somebody else made it just now
        except OSError as error:
            raise OSError(error.errno, error.strerror or str(error), str(path)) from None


def _opened(path: Path, *, write: bool) -> sqlite3.Connection:
    # to read, too, one opens for writing where one may: a journal that a killed writer left is rolled back then
    mode = "rw" if write or os.access(path, os.W_OK) else "ro"
    try:
        return sqlite3.connect(
            f"{path.as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            timeout=WAIT_SECONDS,
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        raise register_error(path, error) from None


def _configure(connection: sqlite3.Connection) -> None:
    for pragma in (
        "trusted_schema=OFF",
        "cell_size_check=ON",
        "temp_store=MEMORY",
        "foreign_keys=ON",
        "synchronous=EXTRA",  # a certificate that left is recorded, also when the power fails
        "fullfsync=ON",  # macOS; elsewhere without effect
    ):
        connection.execute(f"PRAGMA {pragma}")


def _upgrade(
    connection: sqlite3.Connection,
    path: Path,
    *,
    write: bool,
    first: Callable[[sqlite3.Connection], None] | None,
) -> None:
    [(version,)] = connection.execute("PRAGMA user_version")
    [(application,)] = connection.execute("PRAGMA application_id")
    if version > VERSION and application == APPLICATION_ID:
        raise AuthorityNewer(path, version, VERSION)
    if version == VERSION and application == APPLICATION_ID:
        return
    [(tables,)] = connection.execute("SELECT count(*) FROM sqlite_schema")
    if application not in (0, APPLICATION_ID) or (application == 0 and tables):
        raise AuthorityDamaged(path, "is the database of something else")
    if not write:
        raise FileNotFoundError(errno.ENOENT, "no register yet", str(path))
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    for step in MIGRATIONS[version:]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version={VERSION}")
    if version == 0 and first is not None:
        first(connection)


def register_error(path: Path, error: sqlite3.Error) -> Exception:
    """What an error of SQLite is for a person."""
    if is_busy(error):
        return AuthorityBusy(path)
    system = system_error(path, error)
    if system is not None:
        return system
    return AuthorityDamaged(path, f"cannot be read ({' '.join(str(error).split())[:120]})")
