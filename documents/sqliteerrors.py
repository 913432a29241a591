"""What an error of SQLite about a file is: somebody else at work, what the system says, or a file that is not what it should be."""

import errno
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_SYSTEM: Final[Mapping[int, int]] = {
    sqlite3.SQLITE_FULL: errno.ENOSPC,
    sqlite3.SQLITE_IOERR: errno.EIO,
    sqlite3.SQLITE_PERM: errno.EACCES,
    sqlite3.SQLITE_READONLY: errno.EACCES,
    sqlite3.SQLITE_CANTOPEN: errno.EACCES,
}
"""Primary result code → what the system calls it."""


def is_busy(error: sqlite3.Error) -> bool:
    """Another process holds the file."""
    return _primary(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def system_error(path: Path, error: sqlite3.Error) -> OSError | None:
    """The error of the system about *path* that is behind *error*; None when it is the file's own fault."""
    number = _SYSTEM.get(_primary(error))
    return None if number is None else OSError(number, os.strerror(number), str(path))


def _primary(error: sqlite3.Error) -> int:
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else 0
