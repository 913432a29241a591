"""The errors of a card's store: one line, a hint, and attributes instead of text to parse."""

import errno
import os
import sqlite3
from pathlib import Path

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.ELOOP})
_TOO_MANY = frozenset({errno.EMFILE, errno.ENFILE})
_MISSING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EINVAL})


_READ_IT = "you may not read the card file: look at its owner and its rights"
_WRITE_IT = "the card file and its folder (which holds the journal and the lock) must be writable"


class StoreError(Exception):
    """A card's store refuses. ``str()`` is one line that names the file; `hint` says what cures it."""

    kind: str = "card-file"

    def __init__(self, path: Path, reason: str, hint: str) -> None:
        shown = str(path)
        super().__init__(f"{shown if shown.isprintable() else ascii(shown)}: {reason}")
        self.path = path
        self.reason = reason
        self.hint = hint


class CardFileMissing(StoreError):
    """There is no such file (or no such folder to create it in)."""

    kind = "card-file.missing"

    def __init__(self, path: Path, reason: str = "no such card file") -> None:
        super().__init__(path, reason, "check the path")


class CardFileExists(StoreError):
    """A card is never created over something that is there."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "already exists", "choose another name, or remove it first")


class NotACardFile(StoreError):
    """Not a card file, or a damaged or half-copied one. Nothing was written to it."""

    def __init__(
        self, path: Path, reason: str, hint: str = "create it again, or restore it from a copy"
    ) -> None:
        super().__init__(path, f"not a card file ({reason})", hint)


class LinkedCardFile(StoreError):
    """The file has another name (a hard link), by which another program could have the card at the same time."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            "the file has another name (hard link)",
            "remove the other name, or make a copy of its own: cp, then use the copy",
        )


class NewerCardFile(StoreError):
    """A card file of a later release: version `found`, while this release knows up to `known`."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            path,
            f"card file of version {found}, this release knows {known}",
            "use a newer release of bifente",
        )
        self.found = found
        self.known = known


class CardFileForbidden(StoreError):
    """The rights on the file or on its folder do not allow it."""

    kind = "no-permission"

    def __init__(self, path: Path, reason: str = "permission denied") -> None:
        # The folder need not be writable for what only reads.
        unreadable = os.path.exists(path) and not os.access(path, os.R_OK)
        super().__init__(path, reason, _READ_IT if unreadable else _WRITE_IT)


class CardFileReadOnly(CardFileForbidden):
    """The file system takes no writing, whoever asks."""

    kind = "write-failed"

    def __init__(self, path: Path) -> None:
        super().__init__(path, "read-only file system")
        self.hint = "work in a folder that can be written"


class CardInUse(StoreError):
    """Somebody else holds the card: process `pid` running `program`, when they are known."""

    kind = "card-in-use"

    def __init__(self, path: Path, pid: int | None = None, program: str | None = None) -> None:
        owner = "another program" if pid is None else f"{program or 'process'} (pid {pid})"
        hint = "wait until it lets go of the card, or stop it"
        if pid == os.getpid():
            owner, hint = (
                "this very program",
                "one card cannot be in two places: name another, or close it first",
            )
        super().__init__(path, f"in use by {owner}", hint)
        self.pid = pid
        self.program = program


class StoreClosed(StoreError):
    """Read or write on a store that was not opened: a fault of the caller."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "the store is not open", "power the card on first")


class StoreReadError(StoreError):
    """The file cannot be read: input/output error, too many open files…"""

    def __init__(self, path: Path, reason: str, hint: str = "check the disk") -> None:
        super().__init__(path, f"cannot be read ({reason})", hint)


class StoreWriteError(StoreError):
    """The change was not written: input/output error, or a reader that does not finish."""

    kind = "write-failed"

    def __init__(self, path: Path, reason: str, hint: str = "check the disk, then try again") -> None:
        super().__init__(path, f"cannot be written ({reason})", hint)


class StoreFull(StoreWriteError):
    """The disk, or the user's share of it, is full."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "disk full", "free some space, then try again")


def from_os_error(path: Path, error: OSError, *, writing: bool) -> StoreError:
    """The kind that an error of the operating system is; `writing` says which of the two general ones is the last."""
    code = error.errno
    if code in _FULL:
        return StoreFull(path)
    if code == errno.EROFS:
        return CardFileReadOnly(path)
    if code in _FORBIDDEN:
        return CardFileForbidden(path, (error.strerror or "permission denied").lower())
    if code in _MISSING:
        return CardFileMissing(path)
    if code == errno.EEXIST:
        return CardFileExists(path)
    reason = error.strerror or type(error).__name__
    if code in _TOO_MANY:
        return StoreReadError(
            path, reason, "each card in use holds two descriptors: close some, or raise ulimit -n"
        )
    return StoreWriteError(path, reason) if writing else StoreReadError(path, reason)


# Result codes of SQLite that are told apart here (https://www.sqlite.org/rescode.html).
_PERM, _BUSY, _LOCKED, _READONLY, _IOERR, _CORRUPT, _SQL_FULL, _CANTOPEN, _NOTADB = (
    3,
    5,
    6,
    8,
    10,
    11,
    13,
    14,
    26,
)
READONLY_ROLLBACK = 776
_READONLY_DBMOVED = 1032


def moved_away(path: Path) -> StoreWriteError:
    """The file of a card in use is not there any more, or another one is."""
    return StoreWriteError(
        path, "moved or removed while in use", "put the file back, then power the card on again"
    )


def sqlite_code(error: BaseException) -> int | None:
    """The extended result code that an error of ``sqlite3`` or ``apsw`` carries, None for any other exception."""
    for attribute in ("sqlite_errorcode", "extendedresult"):
        code = getattr(error, attribute, None)
        if isinstance(code, int):
            return code
    return None


def store_error(path: Path, error: BaseException, *, writing: bool) -> StoreError | None:
    """The kind that an error of SQLite or of the operating system is; None when it is not one of the file's (an
    interruption, a fault of the program)."""
    if isinstance(error, OSError):
        return from_os_error(path, error, writing=writing)
    # Damaged text shows as one of these, without a code: a name that is not UTF-8, and a message that quotes one.
    if isinstance(error, UnicodeDecodeError):
        return NotACardFile(path, "damaged")
    code = sqlite_code(error)
    if code is None:
        return (
            NotACardFile(path, "damaged")
            if isinstance(error, sqlite3.OperationalError) and not writing
            else None
        )
    kind = code & 0xFF
    if kind == _SQL_FULL:
        return StoreFull(path)
    if code == _READONLY_DBMOVED:
        return moved_away(path)
    if kind in (_NOTADB, _CORRUPT):
        return NotACardFile(path, "damaged or incomplete")
    if kind in (_BUSY, _LOCKED):
        if writing:
            return StoreWriteError(
                path, "another program keeps reading it", "wait until it has finished, try again"
            )
        return CardInUse(path)
    if kind == _CANTOPEN and os.access(path, os.R_OK | os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK):
        reason = "it, or its journal, cannot be opened"
        return StoreWriteError(path, reason) if writing else StoreReadError(path, reason)
    if kind in (_READONLY, _PERM, _CANTOPEN):
        return CardFileForbidden(path)
    if kind == _IOERR:
        return StoreWriteError(path, "I/O error") if writing else StoreReadError(path, "I/O error")
    return None if writing else NotACardFile(path, "damaged")
