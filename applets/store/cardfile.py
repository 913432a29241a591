"""What a card file is: its header and its table, created whole, checked before use, read without disturbing.

A card is one SQLite database with a rollback journal, so that the file of a card at rest, copied, is whole. Three traps
decide the shape of this module. POSIX record locks vanish when *any* descriptor of the file is closed in the process,
so that a plain ``open()`` is allowed only while no connection of this process is on the file. A database that is not
ours must not even be opened by SQLite, which would roll back its journal. And lock and journal go by the file's name:
a file of two names (hard links) would have two owners, and PIN tries twice.
"""

import contextlib
import io
import os
import sqlite3
import stat
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from bifente.applets.store.errors import (
    READONLY_ROLLBACK,
    CardFileExists,
    CardFileForbidden,
    CardFileMissing,
    CardInUse,
    LinkedCardFile,
    NewerCardFile,
    NotACardFile,
    StoreError,
    StoreReadError,
    from_os_error,
    sqlite_code,
    store_error,
)
from bifente.applets.store.lock import CardLock

APPLICATION_ID = int.from_bytes(b"BFNT", "big")
VERSION = 1
BUSY_TIMEOUT_MS = 2000
MOST_BYTES = 8_000_000
"""The largest file that is taken for a card's: one has some 100 KB, the T=1 test card 400 KB."""
_MAGIC = b"SQLite format 3\x00"
_HEADER_LENGTH = 100
_TABLE = "CREATE TABLE record(name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID"
_SNAPSHOT_ATTEMPTS = 5
_DRAFT = ".bifente-{}.tmp"
_UNREADABLE = (sqlite3.Error, OSError, UnicodeDecodeError)


class Database(Protocol):
    """What is needed of a connection; ``sqlite3`` (with ``isolation_level=None``) and ``apsw`` both have it."""

    @property
    def in_transaction(self) -> bool: ...
    def execute(
        self, sql: str, parameters: tuple[str | bytes, ...] = (), /
    ) -> Iterable[tuple[str | bytes | int, ...]]: ...
    def close(self) -> None: ...


Connect = Callable[[Path], Database]


def connect_sqlite(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """A connection of the standard library on a file that exists; `mode` is ``rw`` or ``ro``."""
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_TIMEOUT_MS / 1000,
        cached_statements=5,
        check_same_thread=False,
    )


class _Connections:
    """The files on which this process holds connections, by device and inode."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._open: Counter[tuple[int, int]] = Counter()

    @contextlib.contextmanager
    def unconnected(self, path: Path) -> Iterator[bool]:
        """While the block runs nobody connects; True when no connection of ours is on `path`."""
        with self._guard:
            found = path.stat()
            yield not self._open[found.st_dev, found.st_ino]

    def enter(self, path: Path) -> tuple[int, int]:
        with self._guard:
            found = path.stat()
            key = (found.st_dev, found.st_ino)
            self._open[key] += 1
            return key

    def leave(self, key: tuple[int, int]) -> None:
        with self._guard:
            self._open[key] -= 1
            self._open += Counter()  # drops what has come to zero


CONNECTIONS = _Connections()


_ANOTHER = "name a card file: this was never one"


def locate(path: Path) -> Path:
    """The real path of the card at `path` (links resolved: lock and journal stand beside the file itself), once its
    header says that it is a card of a version known here."""
    try:
        real = Path(os.path.realpath(path, strict=True))
        found = real.stat()
        if not stat.S_ISREG(found.st_mode):
            raise NotACardFile(path, "not a regular file", _ANOTHER)
        _check_size(path, real, found.st_size)
        with CONNECTIONS.unconnected(real) as free:
            if not free:  # its header was read when the first connection was made
                _check_only_name(path, real)
                return real
            with real.open("rb", buffering=0) as file:
                header = file.read(_HEADER_LENGTH)
        _check_header(path, header)
        _check_only_name(path, real)
    except OSError as error:
        raise from_os_error(path, error, writing=False) from error
    except ValueError as error:  # a NUL in the path
        raise CardFileMissing(path) from error
    return real


def _check_size(path: Path, real: Path, size: int) -> None:
    """Refuse what would be read, or rolled back, for ever. A card takes less than 200 KB, its journal no more than it."""
    with contextlib.suppress(FileNotFoundError):
        size = max(size, real.with_name(real.name + "-journal").stat().st_size)
    if size > MOST_BYTES:
        reason = f"{size / 1e6:,.0f} MB: no card has more than {MOST_BYTES / 1e6:.0f}"
        raise NotACardFile(path, reason, _ANOTHER)


def _check_only_name(path: Path, real: Path) -> None:
    """Refuse a card file of several names. A draft of :func:`create_card_file`, killed between link and unlink, is
    removed: nobody opens a card by that name."""
    if real.stat().st_nlink <= 1:
        return
    for draft in real.parent.glob(_DRAFT.format("*")):
        with contextlib.suppress(OSError):
            if draft.samefile(real):
                draft.unlink()
    if real.stat().st_nlink > 1:
        raise LinkedCardFile(path)


def _check_header(path: Path, header: bytes) -> None:
    """Fields of the database header (https://www.sqlite.org/fileformat.html §1.3) that no commit changes, so that
    they hold whatever a journal has yet to roll back."""
    if len(header) < _HEADER_LENGTH:
        raise NotACardFile(path, "empty" if not header else "incomplete")
    if not header.startswith(_MAGIC):
        raise NotACardFile(path, "not a database")
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise NotACardFile(path, "a database of another application", _ANOTHER)
    version = int.from_bytes(header[60:64], "big")
    if version > VERSION:
        raise NewerCardFile(path, version, VERSION)
    if version < VERSION:
        raise NotACardFile(path, f"version {version}")
    if header[18:20] != b"\x01\x01":
        raise NotACardFile(path, "in write-ahead mode: its journal would be a second file")


def prepare(database: Database, path: Path) -> None:
    """Set a connection up, roll back what a cut has left, and check that the whole file is a card's."""
    configure(database)
    check(database, path, path)
    list(
        database.execute("PRAGMA shrink_memory")
    )  # a thousand cards in use in one process is a case we serve


def configure(database: Database) -> None:
    """Set a connection up.

    ``synchronous=EXTRA`` makes a commit durable *including* the removal of its journal: otherwise the journal could
    come back after a power cut and roll back a try that was consumed before the answer left.
    """
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "trusted_schema=OFF",
        "cell_size_check=ON",
        "temp_store=MEMORY",
        "cache_size=8",
        "journal_mode=DELETE",
        "synchronous=EXTRA",
        "fullfsync=ON",  # macOS; elsewhere without effect
        "secure_delete=ON",  # an old PIN or key does not linger in a free page
    ):
        list(database.execute(f"PRAGMA {pragma}"))


def check(database: Database, path: Path, named: Path) -> None:
    """Raise :class:`NotACardFile` unless the schema is a card's alone and every page is in order; the error
    speaks of `named`."""
    schema = list(database.execute("SELECT sql FROM sqlite_schema"))
    if schema != [(_TABLE,)]:
        raise NotACardFile(named, "its table is not a card's")
    if list(database.execute("PRAGMA quick_check(1)")) != [("ok",)]:
        raise NotACardFile(named, "damaged")
    # SQLite refuses a file that lacks whole pages, and reads zeros where the last one ends too early.
    [(page_size,)] = database.execute("PRAGMA page_size")
    if not isinstance(page_size, int) or path.stat().st_size % page_size:
        raise NotACardFile(named, "incomplete")


def read_snapshot(path: Path) -> dict[str, bytes]:
    """Every record as the last commit left it, without taking the card's lock: its owner may be at work.

    Raises the same :class:`StoreError` kinds as opening the card, and waits two seconds at most for a commit to end.
    A journal left by a killed process is rolled back first: in place, as the next owner would do, or in a private
    copy when file or folder are not ours to write.
    """
    path = Path(path)
    real = locate(path)
    for _ in range(_SNAPSHOT_ATTEMPTS):
        try:
            return _read(real)
        except _UNREADABLE as error:
            if sqlite_code(error) != READONLY_ROLLBACK:
                raise _failure(path, error) from error
        recovered = _recover(real)
        if recovered is not None:
            return recovered
    raise CardInUse(path)


def _read(real: Path, mode: str = "ro", named: Path | None = None) -> dict[str, bytes]:
    key = CONNECTIONS.enter(real)
    try:
        with contextlib.closing(connect_sqlite(real, mode)) as database:
            database.execute("BEGIN")
            check(database, real, named or real)
            return dict(database.execute("SELECT name, value FROM record ORDER BY name"))
    finally:
        CONNECTIONS.leave(key)


def _recover(real: Path) -> dict[str, bytes] | None:
    """Roll back a journal whose owner is dead. Returns the records when that had to be done in a copy."""
    lock = CardLock(real)
    try:
        lock.acquire()
    except CardInUse:
        return None  # its new owner is rolling it back
    except CardFileForbidden:
        return _read_copy(real)
    try:
        return _read(real, "rw")
    except _UNREADABLE as error:
        failure = _failure(real, error)
        if isinstance(failure, CardFileForbidden):
            return _read_copy(real)
        raise failure from error
    finally:
        lock.release()


def _read_copy(real: Path) -> dict[str, bytes] | None:
    """The records from a private copy of file and journal; None when either changed meanwhile."""
    import shutil  # of hardly any card: a command was interrupted in its writing
    import tempfile

    journal = real.with_name(real.name + "-journal")
    with tempfile.TemporaryDirectory(prefix="bifente-") as folder:
        copy = Path(folder) / "snapshot"
        try:
            before = _stamp(real), _stamp(journal)
            with CONNECTIONS.unconnected(real) as free:
                if not free:
                    return None
                shutil.copyfile(real, copy)
            shutil.copyfile(journal, copy.with_name("snapshot-journal"))
            if before != (_stamp(real), _stamp(journal)):
                return None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise from_os_error(real, error, writing=False) from error
        try:
            return _read(copy, "rw", real)
        except _UNREADABLE as error:
            raise _failure(real, error) from error


def _stamp(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _failure(path: Path, error: Exception) -> StoreError:
    return store_error(path, error, writing=False) or StoreReadError(path, str(error))


def create_card_file(path: Path, records: Mapping[str, bytes]) -> None:
    """Make a card file that holds `records`: 0600 from its first byte, complete or not there at all.

    The file is written under a temporary name in the same folder, synced, and then given its name, which must be
    free (:class:`CardFileExists`). An interruption at any point leaves neither.
    """
    path = Path(path)
    image = _image(records)
    draft = path.with_name(_DRAFT.format(os.urandom(8).hex()))
    file: io.FileIO | None = None
    written: os.stat_result | None = None
    try:
        if os.path.lexists(path):
            raise CardFileExists(path)
        file = open(draft, "xb", buffering=0, opener=_private)  # noqa: SIM115 - closed in each case below
        written = os.fstat(file.fileno())
        remaining = memoryview(image)
        while remaining:
            remaining = remaining[file.write(remaining) :]
        _sync(file.fileno())
        file.close()
        _name_exclusively(draft, path)
        _sync_folder(path.parent)
    except BaseException as error:
        if file is not None:
            file.close()
        with contextlib.suppress(OSError, ValueError):
            draft.unlink()
        with contextlib.suppress(OSError, ValueError):
            # Only the file made here, never one that somebody else has put there.
            if written is not None and os.path.samestat(path.lstat(), written):
                path.unlink()
        if isinstance(error, FileNotFoundError | NotADirectoryError | ValueError):
            raise CardFileMissing(path, "its folder does not exist") from error
        if isinstance(error, OSError):
            raise from_os_error(path, error, writing=True) from error
        raise


def copy_card_file(source: Path, copy: Path) -> None:
    """A second card file with what `source` holds now, made as :func:`create_card_file` makes one."""
    create_card_file(copy, read_snapshot(source))


def _image(records: Mapping[str, bytes]) -> bytes:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.execute("PRAGMA page_size=4096")
        database.execute(f"PRAGMA application_id={APPLICATION_ID}")
        database.execute(f"PRAGMA user_version={VERSION}")
        database.execute(_TABLE)
        database.execute("BEGIN")
        database.executemany("INSERT INTO record VALUES(?, ?)", sorted(records.items()))
        database.execute("COMMIT")
        return database.serialize()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _name_exclusively(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:
        # A file system without links (FAT, some shares): the name is claimed empty, then replaced by what we wrote.
        claim: io.FileIO | None = None
        try:
            claim = open(path, "xb", buffering=0, opener=_private)  # noqa: SIM115
            claim.close()
            draft.replace(path)
        except BaseException:
            if claim is not None:
                claim.close()
                path.unlink()
            raise
    else:
        draft.unlink(missing_ok=True)  # whoever opened the card meanwhile has removed it


def _sync(descriptor: int) -> None:
    os.fsync(descriptor)
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)  # there fsync stops at the drive's cache


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows has no handle on a folder; NTFS journals its names
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
