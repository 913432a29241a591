"""A disk that loses its supply: an SQLite VFS in memory which knows what was synced and what was not.

It does what SQLite's own unix VFS does, one step at a time (create, write, truncate, sync of a file, sync of the
folder, delete), and at a chosen step the power goes. What a real disk may hold then is enumerated by
:meth:`Disk.images`: POSIX promises a change of a file only after an fsync of the file, a new or removed name only
after an fsync of the folder, and no order before that. A write in flight may land in part.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import apsw

SECTOR = 512
_numbers = itertools.count()

Image = dict[str, bytes]
"""What a disk holds: contents by file name."""


class PowerCut(BaseException):
    """The supply is gone. Not an Exception: no handler of the card's own may take it for a failed command."""


@dataclass(frozen=True, slots=True)
class Write:
    """`data` at `offset`; what lies between the end of the file and `offset` becomes zero."""

    offset: int
    data: bytes

    def apply(self, content: bytearray) -> None:
        content.extend(bytes(max(0, self.offset - len(content))))
        content[self.offset : self.offset + len(self.data)] = self.data

    def sectors(self) -> Iterator["Write"]:
        """The write in pieces that each lie in one sector."""
        start, end = self.offset, self.offset + len(self.data)
        while start < end:
            stop = min(end, (start // SECTOR + 1) * SECTOR)
            yield Write(start, self.data[start - self.offset : stop - self.offset])
            start = stop


@dataclass(frozen=True, slots=True)
class Truncate:
    """The file ends at `size`, filled with zeros when it was shorter."""

    size: int

    def apply(self, content: bytearray) -> None:
        del content[self.size :]
        content.extend(bytes(self.size - len(content)))


@dataclass(slots=True, eq=False)
class Inode:
    """One file: what the process sees, what the last sync has made safe, and what came since."""

    content: bytearray = field(default_factory=bytearray)
    durable: bytes = b""
    pending: list[Write | Truncate] = field(default_factory=list)
    folder_owed: bool = False

    def landed(self, changes: list[Write | Truncate]) -> bytes:
        content = bytearray(self.durable)
        for change in changes:
            change.apply(content)
        return bytes(content)


class Disk:
    """Files in memory, and the step at which the power goes (`cut_at`, counted from 1 once `armed`).

    `fault` is asked before each step and may raise another error than a power cut (a full disk, say).
    """

    def __init__(
        self, image: Image, cut_at: int | None = None, fault: Callable[[str, str], None] | None = None
    ) -> None:
        self.names = {name: Inode(bytearray(data), data) for name, data in image.items()}
        self.durable_names = dict(self.names)
        self.pending_names: list[tuple[str, Inode | None]] = []
        self.cut_at = cut_at
        self.fault = fault
        self.armed = False
        self.dead = False
        self.steps: list[str] = []
        self.in_flight: tuple[Inode, Write] | None = None
        self._vfs: _Vfs | None = None

    def connect(self, path: Path) -> apsw.Connection:
        """What :class:`SqliteStore` takes as its `connect`. The real file at `path` is not touched."""
        if self._vfs is None:
            self._vfs = _Vfs(self)
        return apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=self._vfs.name)

    def unplug(self) -> None:
        """Forget the VFS; every connection must be closed."""
        if self._vfs is not None:
            self._vfs.unregister()
            self._vfs = None

    # --- steps -----------------------------------------------------------------------------------------------------

    def _step(
        self, kind: str, name: str, detail: str = "", flight: tuple[Inode, Write] | None = None
    ) -> None:
        if self.dead:
            raise PowerCut
        if self.fault is not None:
            self.fault(kind, name)
        if not self.armed:
            return
        self.steps.append(f"{kind} {name}{detail}")
        if len(self.steps) == self.cut_at:
            self.dead = True
            self.in_flight = flight
            raise PowerCut

    def create(self, name: str) -> None:
        self._step("create", name)
        inode = Inode(folder_owed=True)
        self.names[name] = inode
        self.pending_names.append((name, inode))

    def write(self, name: str, inode: Inode, change: Write) -> None:
        self._step("write", name, f" {len(change.data)}@{change.offset}", (inode, change))
        change.apply(inode.content)
        inode.pending.append(change)

    def truncate(self, name: str, inode: Inode, size: int) -> None:
        self._step("truncate", name, f" {size}")
        Truncate(size).apply(inode.content)
        inode.pending.append(Truncate(size))

    def sync(self, name: str, inode: Inode) -> None:
        self._step("sync", name)
        inode.durable = bytes(inode.content)
        inode.pending.clear()
        if inode.folder_owed:
            # The unix VFS syncs the folder with the first sync of a journal that it has created.
            self.sync_folder()
            inode.folder_owed = False

    def sync_folder(self) -> None:
        self._step("sync", "folder")
        self.durable_names = dict(self.names)
        self.pending_names.clear()

    def delete(self, name: str, sync_folder: bool) -> None:
        self._step("delete", name)
        del self.names[name]
        self.pending_names.append((name, None))
        if sync_folder:
            self.sync_folder()

    # --- after the cut ---------------------------------------------------------------------------------------------

    def images(self, random: Random, tries: int = 3) -> dict[str, Image]:
        """What may be found afterwards, by the fate of what was not synced; `tries` draws of each random one."""
        fates = {
            "all landed": self._image(self._everything, self.names),
            "nothing landed": self._image(lambda _: [], self.durable_names),
            "names without contents": self._image(lambda _: [], self.names),
            "contents without names": self._image(self._everything, self.durable_names),
        }
        if self.in_flight is not None:
            torn_inode, flying = self.in_flight
            for length in sorted({1, len(flying.data) // 2, len(flying.data) - 1}):
                torn = Write(flying.offset, flying.data[:length])

                def with_prefix(inode: Inode, torn: Write = torn) -> list[Write | Truncate]:
                    return [*inode.pending, torn] if inode is torn_inode else inode.pending

                fates[f"torn after {length} bytes"] = self._image(with_prefix, self.names)
        for number in range(tries):
            fates[f"sectors out of order, draw {number}"] = self._image(
                lambda inode: self._some_sectors(inode, random), self.names
            )
            fates[f"reordered, draw {number}"] = self._image(
                lambda inode: [change for change in inode.pending if random.random() < 0.5],
                self._some_names(random),
            )
        return fates

    @staticmethod
    def _everything(inode: Inode) -> list[Write | Truncate]:
        return inode.pending

    def _some_sectors(self, inode: Inode, random: Random) -> list[Write | Truncate]:
        changes: list[Write | Truncate] = list(inode.pending)
        if self.in_flight is not None and self.in_flight[0] is inode:
            changes.append(self.in_flight[1])
        pieces: list[Write | Truncate] = []
        for change in changes:
            pieces += change.sectors() if isinstance(change, Write) else [change]
        landed = [piece for piece in pieces if random.random() < 0.5]
        longest = max(
            (piece.offset + len(piece.data) for piece in pieces if isinstance(piece, Write)), default=0
        )
        if longest > len(inode.durable) and random.random() < 0.5:
            landed.insert(0, Truncate(longest))  # the new length was written, most of the contents was not
        return landed

    def _some_names(self, random: Random) -> dict[str, Inode]:
        names = dict(self.durable_names)
        for name, inode in self.pending_names[: random.randint(0, len(self.pending_names))]:
            if inode is None:
                names.pop(name, None)
            else:
                names[name] = inode
        return names

    @staticmethod
    def _image(landed: Callable[[Inode], list[Write | Truncate]], names: dict[str, Inode]) -> Image:
        return {name: inode.landed(landed(inode)) for name, inode in names.items()}


class _Vfs(apsw.VFS):
    """SQLite's view of a :class:`Disk`; clock, randomness and path names are those of the default VFS."""

    def __init__(self, disk: Disk) -> None:
        self.name = f"powercut-{next(_numbers)}"
        self._disk = disk
        super().__init__(self.name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> "_File":  # type: ignore[override]
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        assert path is not None, "a temporary file: the store keeps these in memory"
        short = Path(path).name
        if short not in self._disk.names:
            if not flags[0] & apsw.SQLITE_OPEN_CREATE:
                raise apsw.CantOpenError(short)
            self._disk.create(short)
        flags[1] = flags[0]
        return _File(self._disk, short)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        short = Path(filename).name
        if short not in self._disk.names:
            error = apsw.IOError(short)
            error.extendedresult = apsw.SQLITE_IOERR_DELETE_NOENT  # type: ignore[attr-defined]  # as its manual says
            raise error
        self._disk.delete(short, syncdir)

    def xAccess(self, pathname: str, flags: int) -> bool:
        return Path(pathname).name in self._disk.names


class _File:
    """One open file. There is one connection: locks are always granted."""

    def __init__(self, disk: Disk, name: str) -> None:
        self._disk = disk
        self._name = name
        self._inode = disk.names[name]

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(self._inode.content[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.write(self._name, self._inode, Write(offset, bytes(data)))

    def xTruncate(self, size: int) -> None:
        self._disk.truncate(self._name, self._inode, size)

    def xSync(self, flags: int) -> None:
        self._disk.sync(self._name, self._inode)

    def xFileSize(self) -> int:
        return len(self._inode.content)

    def xLock(self, level: int) -> None:
        pass

    def xUnlock(self, level: int) -> None:
        pass

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, op: int, ptr: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return 4096

    def xDeviceCharacteristics(self) -> int:
        # What the unix VFS says: bytes beside those written survive a cut. The fates above are of that kind.
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE

    def xClose(self) -> None:
        pass
