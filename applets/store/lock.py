"""Who has the card: a file ``X.card.lock`` beside the card, held by a lock of the operating system.

The kernel gives the lock back when its owner dies, however it dies; what the file says (process and program) only
serves the message for the others. SQLite's own locks cannot do this: they last for one transaction, so that a
snapshot can be read while the card is in use.
"""

import contextlib
import errno
import io
import json
import os
import sys
from pathlib import Path

from bifente.applets.store.errors import CardInUse, StoreWriteError, from_os_error
from bifente.documents import DocumentError, parse_json

_ATTEMPTS = 100
_HELD_ERRORS = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK})

if sys.platform == "win32":
    import msvcrt

    # Windows locks are mandatory: the locked byte lies far behind the text, which others must be able to read.
    _LOCKED_BYTE = 1 << 30

    def _try_lock(descriptor: int) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


class CardLock:
    """The right to use one card file, for one owner on this machine, this process included."""

    def __init__(self, card: Path) -> None:
        self.card = card
        self.path = card.with_name(card.name + ".lock")
        self._file: io.FileIO | None = None

    def acquire(self) -> None:
        """Take the lock at once or raise :class:`CardInUse`; never waits."""
        for _ in range(_ATTEMPTS):
            file = self._open()
            try:
                held_elsewhere = self._held_elsewhere(file)
                if not self._is_current(file):
                    # Its owner removed this file between our open and our lock: the lock is worth nothing.
                    file.close()
                    continue
                if held_elsewhere:
                    raise CardInUse(self.card, *_read_owner(file))
                _write_owner(file)
            except BaseException:
                file.close()
                raise
            self._file = file
            return
        raise CardInUse(self.card)

    def release(self) -> None:
        """Give the lock back and remove its file. Releasing twice is allowed."""
        file, self._file = self._file, None
        if file is None:
            return
        with contextlib.suppress(OSError):
            # Removed while still held, so that nobody can lock the old file; not somebody else's, should ours be gone.
            if os.name != "nt" and self._is_current(file):
                self.path.unlink()
        with contextlib.suppress(OSError):
            # A forked child shares the descriptor: closing ours alone would leave the card in use.
            _unlock(file.fileno())
        file.close()
        if os.name == "nt":
            with contextlib.suppress(OSError):
                self.path.unlink()

    def _open(self) -> io.FileIO:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
        try:
            return io.FileIO(os.open(self.path, flags, 0o600), "r+")
        except OSError as error:
            raise from_os_error(self.card, error, writing=True) from error

    def _held_elsewhere(self, file: io.FileIO) -> bool:
        try:
            _try_lock(file.fileno())
        except OSError as error:
            if error.errno in _HELD_ERRORS:
                return True
            raise StoreWriteError(
                self.card, f"no lock on this file system: {error.strerror}", "keep cards on a local disk"
            ) from error
        return False

    def _is_current(self, file: io.FileIO) -> bool:
        try:
            there = self.path.stat()
        except OSError:
            return False
        return os.path.samestat(os.fstat(file.fileno()), there)


def _write_owner(file: io.FileIO) -> None:
    """Say who we are. Only for the others' message: a full disk must not keep a card from being read."""
    with contextlib.suppress(OSError):
        file.truncate(0)
        file.seek(0)
        file.write(json.dumps({"pid": os.getpid(), "program": _program()}).encode())


def _read_owner(file: io.FileIO) -> tuple[int | None, str | None]:
    try:
        file.seek(0)
        owner = parse_json(file.read(4096), "owner")
    except (OSError, DocumentError):
        return None, None
    if not isinstance(owner, dict):
        return None, None
    pid, program = owner.get("pid"), owner.get("program")
    if not isinstance(pid, int) or not isinstance(program, str):
        return None, None
    return pid, program if program.isprintable() else ascii(program)


def _program() -> str:
    """The program's name without its arguments, which may hold a PIN."""
    path = Path(sys.argv[0] if sys.argv and sys.argv[0] else sys.executable or "python")
    return path.parent.name if path.name == "__main__.py" else path.name
