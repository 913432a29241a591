"""Files that are whole or not there: written beside their place, synced, then given their name.

They belong to their owner only (mode 600) unless the caller says otherwise. An error, a full disk or an interruption leaves
what was there before, and no draft.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

PRIVATE = 0o600


@contextmanager
def writing(path: Path, *, replace: bool = False, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """A stream whose bytes become the file *path* when the block ends well.

    Without *replace*, what stands there is an error, before the block and, should it appear meanwhile, after it. With it, a
    regular file is replaced (a link's target, not the link), and nothing else is. Raises OSError about *path*.
    """
    check_place(path, replace=replace)
    target = path.resolve() if replace else path
    draft = draft_beside(target)
    try:
        with create(draft, mode=mode) as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if replace:
            draft.replace(target)
        else:
            _name(draft, target)
        sync_folder(target.parent)
    except BaseException as error:
        with suppress(OSError):
            draft.unlink()
        if isinstance(error, OSError) and error.filename in (None, str(draft)):
            raise OSError(error.errno, error.strerror or str(error), str(path)) from None
        raise


def make_folder(path: Path, mode: int = 0o777, *, parents: bool = True) -> None:
    """The folder *path*, made if need be, above it too with *parents*. Raises OSError, which says of a file that it is one."""
    try:
        path.mkdir(mode=mode, parents=parents, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, "is a file, not a folder", str(path)) from None


def create(path: Path, *, mode: int = PRIVATE) -> BinaryIO:
    """A new file, open for writing: nobody else can read it, not even for a moment. For what grows while it is written.

    The stream is the caller's to close. Raises OSError, FileExistsError among them.
    """
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb")


def draft_beside(path: Path) -> Path:
    """A name that is free, in the folder of *path*: for a file that takes the name of *path* when it is fit to."""
    return path.with_name(f".bifente-{os.urandom(8).hex()}.tmp")


def new_file(path: Path, content: bytes, *, replace: bool = False, mode: int = PRIVATE) -> None:
    """A file that holds *content*, as :func:`writing` makes it."""
    with writing(path, replace=replace, mode=mode) as stream:
        stream.write(content)


def replace_file(path: Path, content: bytes, *, mode: int = PRIVATE) -> None:
    """A file that holds *content*, in the place of whatever file was there."""
    new_file(path, content, replace=True, mode=mode)


def check_place(path: Path, *, replace: bool = False) -> None:
    """Refuse early what :func:`writing` would refuse after the work. Raises OSError about *path*."""
    try:
        status = path.stat() if replace else path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        parent = path.resolve().parent if replace else path.parent
        if not parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, "its folder does not exist", str(path)) from None
        return
    if not replace:
        raise FileExistsError(errno.EEXIST, "already exists", str(path))
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "a folder, not a file", str(path))
    if not stat.S_ISREG(status.st_mode):
        raise FileExistsError(errno.EEXIST, "is not a regular file", str(path))


def sync_folder(folder: Path) -> None:
    """Make the names in *folder* durable where the system can; the file has its name in any case."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _name(draft: Path, path: Path) -> None:
    """Give the finished file its name, which must still be free."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise FileExistsError(errno.EEXIST, "already exists", str(path)) from None
    except OSError:  # a file system without links
        draft.rename(path)
    else:
        draft.unlink()
