"""A post without a server: a folder with a Maildir for each address, as mail programs and servers read it.

A mail gets its name from its Message-ID, so that the same mail handed over twice is one. It is written and synced in ``tmp``
and then linked into ``new``: whoever is killed leaves it there whole or not at all, and no process waits for another.
What is dealt with goes to the sub-folder ``.Archive`` (Maildir++), from where nothing is fetched again.
"""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from bifente.documents import DocumentError, DocumentTooLong, read_bytes
from bifente.documents.writing import create, sync_folder
from bifente.fse.post.bounce import undelivered
from bifente.fse.post.delivery import Delivered
from bifente.fse.post.envelope import message_id
from bifente.fse.post.errors import PostError, PostUnreachable, SendingRefused
from bifente.fse.post.letter import check_address
from bifente.fse.post.mime import LONGEST_MAIL

_FOLDERS: Final = ("tmp", "new", "cur")
_ARCHIVE: Final = ".Archive"
_SEEN: Final = ":2,S"
"""The flags of a mail that was read (Maildir)."""
_ABANDONED: Final = 36 * 3600.0
"""Seconds after which a draft in ``tmp`` is given up, as Maildir has it."""


class MaildirPost:
    """The post in the folder *root* for the owner of *address*, whose box is made when it is not there.

    Boxes are 0700 and mails 0600. A mail for an address that has no box is refused; with *bounces* it comes back as an
    undelivered mail in the sender's box instead, as a server does it later. Raises PostError, LetterRefused.
    """

    def __init__(self, root: str | os.PathLike[str], address: str, *, bounces: bool = False) -> None:
        self.root = Path(root)
        self.address = address
        self.bounces = bounces
        self._box = self._box_of(address, "owner")
        with _told(self._box):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for place in (self._box, self._box / _ARCHIVE):
                for folder in (place, *(place / name for name in _FOLDERS)):
                    folder.mkdir(mode=0o700, exist_ok=True)
            self._drop_abandoned()

    def send(self, message: bytes, *, sender: str, recipient: str) -> None:
        """Put *message* into the recipient's box; one of the same Message-ID that is or was there is the same mail.

        Raises SendingRefused without such a box or for a mail that is too long, PostUnreachable when it cannot be written.
        """
        if len(message) > LONGEST_MAIL:
            raise SendingRefused(f"the mail has {len(message) >> 20} MiB, a box takes {LONGEST_MAIL >> 20}")
        box = self._box_of(recipient, "recipient")
        if not (box / "new").is_dir():
            if not self.bounces:
                raise SendingRefused(
                    f"nobody has the address {recipient} in {self.root}",
                    hint="have its owner open the box first",
                )
            box = self._box_of(sender, "sender")
            message = undelivered(message, sender=sender, recipient=recipient, why="5.1.1 unknown box")
        self._deliver(box, message)

    def fetch(self) -> Iterator[Delivered]:
        """The mails in the box, the oldest first; of two of one name, one of which is in the archive, none."""
        with _told(self._box):
            names = sorted(self._waiting(), key=lambda path: (path.stat().st_mtime_ns, path.name))
        for path in names:
            if self._archived(path.name.partition(":")[0]).exists():
                with _told(self._box):
                    path.unlink(missing_ok=True)
                continue
            yield from self._read(path)

    def done(self, id: str) -> None:
        """Move the mail to the archive."""
        if os.sep in id or id.startswith("."):
            raise PostError(f"not the name of a mail: {id!r}")
        with _told(self._box):
            for path in (self._box / "new" / id, *(self._box / "cur").glob(f"{_literal(id)}:*")):
                with suppress(FileNotFoundError):
                    path.replace(self._archived(id))
            sync_folder(self._box / _ARCHIVE / "cur")
            sync_folder(self._box / "new")

    def _deliver(self, box: Path, message: bytes) -> None:
        name = f"{sha256(message_id(message).encode()).hexdigest()[:40]}.bifente"
        draft = box / "tmp" / f"{name}.{os.getpid()}.{os.urandom(4).hex()}"
        with _told(box):
            if (box / _ARCHIVE / "cur" / f"{name}{_SEEN}").exists() or any((box / "cur").glob(f"{name}:*")):
                return
            try:
                with create(draft) as stream:
                    stream.write(message)
                    stream.flush()
                    os.fsync(stream.fileno())
                with suppress(FileExistsError):
                    os.link(draft, box / "new" / name)
                sync_folder(box / "new")
            finally:
                draft.unlink(missing_ok=True)

    def _read(self, path: Path) -> Iterator[Delivered]:
        name = path.name.partition(":")[0]
        with _told(self._box):
            try:
                yield Delivered(name, read_bytes(path, LONGEST_MAIL))
            except FileNotFoundError:  # another process has dealt with it
                return
            except DocumentTooLong:
                yield Delivered(name, b"", path.stat().st_size)
            except DocumentError as error:
                raise PostError(str(error)) from None

    def _waiting(self) -> Iterator[Path]:
        """New mails, and those that a mail program has looked at: it moves them to ``cur``."""
        for folder in ("new", "cur"):
            yield from (path for path in (self._box / folder).iterdir() if not path.name.startswith("."))

    def _archived(self, name: str) -> Path:
        return self._box / _ARCHIVE / "cur" / f"{name}{_SEEN}"

    def _drop_abandoned(self) -> None:
        for path in (self._box / "tmp").iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - _ABANDONED:
                    path.unlink()

    def _box_of(self, address: str, whose: str) -> Path:
        check_address(address, whose)
        if "/" in address or address.startswith("."):
            raise SendingRefused(f"the address {address!r} cannot be the name of a folder")
        return self.root / address.lower()


def _literal(name: str) -> str:
    """*name* for a glob."""
    return "".join(f"[{one}]" if one in "*?[" else one for one in name)


class _told:
    """An OSError about the box becomes one line; what was there stays there."""

    def __init__(self, box: Path) -> None:
        self.box = box

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, OSError) and not isinstance(error, FileNotFoundError | FileExistsError):
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise PostUnreachable(
                f"the box {error.filename or self.box}: {error.strerror or error}",
                hint="free some space, then try again" if full else "look at the rights of the folder",
            ) from None
