"""The one way in which a document of somebody else's comes into memory: whole, with a bound on its size and on the wait.

Regular files are read, and pipes: a PIN or a profile may come from another program (``--pin-file <(pass show pin)``).
Everything else that a path may lead to is refused before it is opened: opening a device can already have an effect.
"""

import io
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from bifente.documents.errors import DocumentError, DocumentTooLong, NotADocument

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

FOR_A_WRITER: Final = 2.0
"""Seconds until a pipe that nobody has opened for writing is given up."""
FOR_A_PIECE: Final = 60.0
"""Seconds until a writer that sends nothing is given up: it may be a program that asks a person."""

LONGEST_STREAM: Final = 2 << 30
"""Bytes of a pipe that are copied to the disk at most: ten million exchanges of a trace."""

_AT_ONCE: Final = 1 << 16
"""Bytes that a stream reads from its file at a time."""

_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a pipe opens at once, with or without a writer
)
_REFUSED: Final = (
    (stat.S_ISDIR, "a folder, not a file"),
    (stat.S_ISCHR, "a device, not a file"),
    (stat.S_ISBLK, "a device, not a file"),
    (stat.S_ISSOCK, "a socket, not a file"),
)


def read_bytes(path: Path, limit: int, *, inspect: Callable[[os.stat_result], None] | None = None) -> bytes:
    """All bytes of the file or pipe at *path*, at most *limit*.

    *inspect* sees the status of what was opened before it is read. Raises NotADocument, DocumentTooLong and OSError about
    *path*.
    """
    _check(path, os.stat(path))
    with open(os.open(path, _FLAGS), "rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        _check(path, status)
        if inspect is not None:
            inspect(status)
        with _about(path):
            pipe = stat.S_ISFIFO(status.st_mode)
            content = _from_pipe(path, file.fileno(), limit) if pipe else _from_file(file.fileno(), limit)
    if len(content) > limit:
        raise DocumentTooLong(str(path), limit)
    return content


def open_stream(path: Path, limit: int = LONGEST_STREAM) -> BinaryIO:
    """The file at *path*, to be read again and again; of a pipe a copy on the disk, of at most *limit* bytes.

    The stream is the caller's to close. Raises NotADocument, DocumentTooLong and OSError about *path*.
    """
    _check(path, os.stat(path))
    file = io.BufferedReader(_NamedFile(path), _AT_ONCE)
    try:
        status = os.fstat(file.fileno())
        _check(path, status)
        if not stat.S_ISFIFO(status.st_mode):
            return file
        copied = copy_of(_pieces(path, file.fileno()), str(path), limit)
    except BaseException:
        file.close()
        raise
    file.close()
    return copied


class _NamedFile(io.FileIO):
    """A file whose errors name it: those of a descriptor name nothing."""

    def __init__(self, path: Path) -> None:
        super().__init__(os.open(path, _FLAGS), "rb")
        self._path = path

    def readinto(self, buffer: "WriteableBuffer", /) -> int | None:
        with _about(self._path):
            return super().readinto(buffer)

    def readall(self) -> bytes:
        with _about(self._path):
            return super().readall() or b""


@contextmanager
def _about(path: Path) -> Iterator[None]:
    """Name *path* in the OSError of a descriptor."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None


def copy_of(pieces: Iterable[bytes], source: str, limit: int = LONGEST_STREAM) -> BinaryIO:
    """A nameless file on the disk with *pieces*, at its beginning. Raises DocumentTooLong, OSError."""
    import tempfile

    copied = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - the caller's
    size = 0
    try:
        for piece in pieces:
            size += len(piece)
            if size > limit:
                raise DocumentTooLong(source, limit)
            copied.write(piece)
        copied.seek(0)
    except BaseException:
        copied.close()
        raise
    return copied


def read_text(path: Path, limit: int) -> str:
    """The text in the file or pipe at *path*: UTF-8, at most *limit* bytes. Raises DocumentError, also with the line; OSError."""
    return decoded(read_bytes(path, limit), str(path))


def decoded(content: bytes, source: str) -> str:
    """UTF-8 with or without a byte order mark. Raises DocumentError with the line of the first wrong byte."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # counted in what was decoded, which begins behind a byte order mark
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DocumentError(source, "not UTF-8", line=line) from None


def _check(path: Path, status: os.stat_result) -> None:
    for is_kind, what in _REFUSED:
        if is_kind(status.st_mode):
            raise NotADocument(str(path), what, hint="name a file")


def _from_file(descriptor: int, limit: int) -> bytes:
    content = bytearray()
    while len(content) <= limit and (piece := os.read(descriptor, min(1 << 20, limit + 1 - len(content)))):
        content += piece
    return bytes(content)


def _from_pipe(path: Path, descriptor: int, limit: int) -> bytes:
    """What a pipe gives until its writers close it, and of more than *limit* one byte more."""
    content = bytearray()
    for piece in _pieces(path, descriptor):
        content += piece[: limit + 1 - len(content)]
        if len(content) > limit:
            break
    return bytes(content)


def _pieces(path: Path, descriptor: int) -> Iterator[bytes]:
    """What a pipe gives, piece by piece. Raises NotADocument when its writers are silent for too long."""
    import select

    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    opened = False
    deadline = monotonic() + FOR_A_WRITER
    while True:
        try:
            with _about(path):
                piece = os.read(descriptor, 1 << 16)
        except BlockingIOError:  # there is a writer, and nothing yet
            if not opened:
                opened, deadline = True, monotonic() + FOR_A_PIECE
        else:
            if piece:
                yield piece
                opened, deadline = True, monotonic() + FOR_A_PIECE
                continue
            if opened:
                return
        left = deadline - monotonic()
        if left <= 0:
            what = "a pipe that sends nothing" if opened else "a pipe that nobody writes to"
            raise NotADocument(str(path), what, hint="name a file, or a pipe with a program behind it")
        # True also at the end of its last writer, which the next read then finds
        opened = bool(poll.poll(1000 * left)) or opened
