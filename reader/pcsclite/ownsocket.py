"""Where the sockets are: a folder of the user's own, closed to others."""

import contextlib
import fcntl
import os
import socket
import stat
import sys
import tempfile
from pathlib import Path
from typing import Final

from bifente.reader.pcsclite.errors import ServerRunning, SocketPathRefused

MAX_PATH: Final = 107
"""Bytes of a socket's path without terminator (``sun_path`` of unix(7)); libpcsclite cuts a longer one silently."""


def runtime_folder() -> Path:
    """``$XDG_RUNTIME_DIR/bifente``, or ``bifente-<uid>`` among the temporary files; made with mode 0700.

    Raises SocketPathRefused when what is there is not this user's own closed folder.
    """
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(runtime) and os.path.isdir(runtime):
        folder = Path(runtime) / "bifente"
    else:
        folder = Path(tempfile.gettempdir()) / f"bifente-{os.getuid()}"
    own_folder(folder)
    return folder


def own_folder(folder: Path) -> None:
    """Make *folder* with mode 0700, or see that it is one. Raises SocketPathRefused."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise SocketPathRefused(folder, "is not a folder")
    if found.st_uid != os.getuid():
        raise SocketPathRefused(folder, "belongs to another user")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise SocketPathRefused(folder, "is open to others; chmod 700")


def remove_dead(folder: Path, pattern: str) -> list[Path]:
    """Remove sockets in *folder* whose owner was killed and could not: their lock is nobody's. Returns what was removed.

    *pattern* (``run-*.comm``) is for names that no later owner takes: there another would only replace them.
    """
    removed = []
    for path in folder.glob(pattern):
        try:
            lock = _locked(path)
        except (ServerRunning, OSError):
            continue  # it lives, or another process is just removing it
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(path.lstat().st_mode):
                path.unlink()
                removed.append(path)
        Path(f"{path}.lock").unlink(missing_ok=True)
        os.close(lock)
    return removed


class OwnSocket:
    """A listening Unix socket of mode 0600 and the lock that says whose it is.

    A socket that a dead process left behind is replaced. Raises ServerRunning while its owner lives, and
    SocketPathRefused for a path that is too long or holds something else.
    """

    def __init__(self, path: Path, *, backlog: int = 128) -> None:
        if len(os.fsencode(path)) > MAX_PATH:
            raise SocketPathRefused(
                path, f"a socket's path has at most {MAX_PATH} bytes; set XDG_RUNTIME_DIR"
            )
        self.path = path
        self._backlog = backlog
        self._lock = _locked(path)
        try:
            self.listening = self._listen()
        except BaseException:
            os.close(self._lock)
            raise

    def _listen(self) -> socket.socket:
        self._remove_left_over()
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # The folder is closed to others, so nobody comes in between bind and chmod.
            listening.bind(str(self.path))
            os.chmod(self.path, 0o600)
            listening.listen(self._backlog)
        except BaseException:
            listening.close()
            raise
        return listening

    def vanish(self) -> None:
        """Be no more for clients; the path stays ours until :meth:`close`."""
        self.listening.close()
        self.path.unlink(missing_ok=True)

    def come_back(self) -> None:
        """After :meth:`vanish`: a new socket on the same path. Raises SocketPathRefused, OSError."""
        self.listening = self._listen()

    def _remove_left_over(self) -> None:
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(found.st_mode):
            raise SocketPathRefused(self.path, "is there and is not a socket")
        self.path.unlink()

    def wake(self) -> None:
        """Make a thread that waits in ``accept`` return with an error."""
        try:
            self.listening.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def close(self) -> None:
        """Take the socket away. Closing twice is allowed."""
        if self._lock < 0:
            return
        self.listening.close()
        self.path.unlink(missing_ok=True)
        Path(f"{self.path}.lock").unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = -1


def _locked(path: Path) -> int:
    """The descriptor of the lock beside *path*. Raises ServerRunning."""
    name = f"{path}.lock"
    while True:
        lock = os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The last owner may have taken the file away between open and lock.
            if os.path.exists(name) and os.path.samestat(os.fstat(lock), os.stat(name)):
                return lock
        except BlockingIOError:
            os.close(lock)
            raise ServerRunning(path) from None
        except FileNotFoundError:
            pass  # taken away between the two looks: once more
        os.close(lock)


def same_user(connection: socket.socket) -> bool:
    """The peer runs under our user id, or is root (SO_PEERCRED, unix(7))."""
    size = 12
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    user = int.from_bytes(credentials[4:8], sys.byteorder)
    return user in (os.getuid(), 0)
