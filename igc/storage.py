"""An authority's folder: written whole or not at all, readable by its owner only."""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from bifente.documents import DocumentError, read_bytes
from bifente.igc.errors import AuthorityDamaged, AuthorityMissing, DirectoryOccupied

DESCRIPTION = "authority.json"
"""The file whose presence makes a folder an authority."""

_LONGEST = 1 << 16
"""Bytes of one file of an authority; a description has some two thousand, a key of 4096 bits three."""


def holds_authority(directory: Path) -> bool:
    """True when *directory* is an authority. Raises DirectoryOccupied when it is anything but that or empty; OSError."""
    try:
        entries = os.listdir(directory)
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        raise DirectoryOccupied(directory, "is a file") from None
    except OSError as error:
        raise _named(directory, error) from None
    if DESCRIPTION in entries:
        return True
    if entries:
        raise DirectoryOccupied(directory)
    return False


def check_place(directory: Path) -> None:
    """Say before the work that a folder cannot be made at *directory*. Raises OSError about it."""
    above = directory.parent
    while not above.exists() and above != above.parent:
        above = above.parent
    if not above.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(above))
    if os.access(above, os.W_OK | os.X_OK):
        return
    read_only = hasattr(os, "statvfs") and os.statvfs(above).f_flag & os.ST_RDONLY
    code = errno.EROFS if read_only else errno.EACCES
    raise OSError(code, os.strerror(code), str(directory))


def write_directory(
    directory: Path, files: Mapping[str, bytes], made_meanwhile: Callable[[Path], bool] = holds_authority
) -> bool:
    """Create *directory* (0700) with *files* (0600) in one step, below a parent that is made if need be.

    Everything is written and synced in a folder beside it, which then takes the name; an error or interruption
    removes that folder. Returns False, with nothing written, when another process made the like there meanwhile,
    which *made_meanwhile* tells. Raises OSError about *directory*.
    """
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", suffix=".part", dir=directory.parent))
    except OSError as error:
        raise _named(directory, error) from None
    try:
        for name, content in files.items():
            _write_private(draft / name, content)
        _sync_directory(draft)
        try:
            if os.name == "nt" and directory.is_dir():
                directory.rmdir()
            os.rename(draft, directory)  # takes the place of an empty folder, refuses a full one
        except OSError:
            if made_meanwhile(directory):
                shutil.rmtree(draft)
                return False
            raise
    except BaseException as error:
        shutil.rmtree(draft, ignore_errors=True)
        if isinstance(error, OSError):
            raise _named(directory, error) from None
        raise
    _sync_directory(directory.parent)
    return True


def read_file(directory: Path, name: str) -> bytes:
    """One file of an authority.

    Raises AuthorityMissing without the folder or its description, AuthorityDamaged without another file, OSError.
    """
    path = directory / name
    try:
        return read_bytes(path, _LONGEST)
    except DocumentError as error:
        raise AuthorityDamaged(path, error.message) from None
    except (FileNotFoundError, NotADirectoryError):
        if name == DESCRIPTION:
            raise AuthorityMissing(directory) from None
        raise AuthorityDamaged(path, "is missing") from None
    except OSError as error:
        raise _named(path, error) from None


def _write_private(path: Path, content: bytes) -> None:
    """Create exclusively with mode 0600: the bytes are never readable by others, not even for a moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _named(path: Path, error: OSError) -> OSError:
    """The same error about the folder that the caller knows, not about the draft beside it."""
    return OSError(error.errno, error.strerror or str(error), str(path))
