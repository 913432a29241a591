"""What the model of the ISO test card is made of: files, directories, channels, and how a command is refused."""

from dataclasses import dataclass, field

OK = 0x9000
ALWAYS, NEVER, HOLDER, UNBLOCKER = "always", "never", "holder", "unblocker"
ACTIVE, DEACTIVATED, TERMINATED = 5, 4, 12
MASTER = 0x3F00


class Refused(Exception):
    """The command is refused, or warned about, with a status word; *data* come with a warning."""

    def __init__(self, sw: int, data: bytes = b"") -> None:
        super().__init__(f"{sw:04X}")
        self.sw = sw
        self.data = data


@dataclass(eq=False)
class File:
    """An EF: bytes, or records."""

    fid: int
    sfi: int | None
    parent: "Folder"
    kind: str
    rules: dict[str, str]
    content: bytearray = field(default_factory=bytearray)
    records: list[bytes] = field(default_factory=list)
    size: int = 0
    most: int = 0
    combine: str = "or"
    state: int = ACTIVE


@dataclass(eq=False)
class Folder:
    """A DF."""

    fid: int
    parent: "Folder | None"
    rules: dict[str, str]
    name: bytes = b""
    children: "dict[int, File | Folder]" = field(default_factory=dict)
    state: int = ACTIVE
    permanent: bool = True


@dataclass
class Channel:
    """What a logical channel has."""

    folder: Folder
    file: File | None = None
    record: int = 0


def closed(node: "File | Folder | None") -> bool:
    """It, or what is around it, is deactivated or terminated."""
    while node is not None:
        if node.state in (DEACTIVATED, TERMINATED):
            return True
        node = node.parent
    return False


def inside(node: "File | Folder") -> "list[File | Folder]":
    """It and all in it."""
    found = [node]
    if isinstance(node, Folder):
        for each in node.children.values():
            found += inside(each)
    return found


def all_rules(rule: str) -> dict[str, str]:
    """The same rule for all that is done with an EF but its end."""
    return {
        **dict.fromkeys(("read", "update", "write", "delete", "activate", "deactivate"), rule),
        "terminate": HOLDER,
    }


NAME, NAME_2 = b"\xf0BIFENTE-ISO", b"\xf0BIFENTE-ISO-2"
FOLDER_RULES = {
    "terminate": HOLDER,
    "activate": HOLDER,
    "deactivate": HOLDER,
    "create": HOLDER,
    "delete child": HOLDER,
}


def put(file: File) -> None:
    """*file* is in its directory from now on."""
    file.parent.children[file.fid] = file


def fresh_files() -> Folder:
    """The MF of a new card with all that is in it."""
    mf = Folder(MASTER, None, {**FOLDER_RULES, "create": ALWAYS, "activate": ALWAYS}, NAME)
    free = all_rules(ALWAYS)
    put(File(0xE101, 1, mf, "bytes", free, bytearray(range(64))))
    put(File(0xE102, 2, mf, "bytes", free, bytearray(32), combine="once"))
    put(File(0xE103, 3, mf, "bytes", free, bytearray(b"\xff" * 32), combine="and"))
    fixed = [b"record 1", b"record 2", b"record 3"]
    put(File(0xE104, 4, mf, "fixed", free, records=fixed, size=8, most=8))
    variable = [b"un", b"quatre", b"a longer record"]
    put(File(0xE105, 5, mf, "variable", free, records=variable, size=40, most=16))
    put(File(0xE106, 6, mf, "cyclic", free, records=[b"third.", b"second", b"first."], size=6, most=4))
    guarded = Folder(0xE200, mf, FOLDER_RULES, NAME_2)
    mf.children[0xE200] = guarded
    held = all_rules(HOLDER)
    put(File(0xE201, 1, guarded, "fixed", held, records=[b"secret 1", b"secret 2"], size=8, most=4))
    put(File(0xE202, 2, guarded, "bytes", held, bytearray(b"a note".ljust(16, b"\0")), combine="once"))
    return mf


def parameters(fid: int, *, folder: bool) -> bytes:
    """The file control parameters of a new file of 8 bytes, or of a new directory; the identifier stands last."""
    identifier = b"\x83\x02" + fid.to_bytes(2, "big")
    objects = b"\x82\x01" + (b"\x38" if folder else b"\x01\x80\x02\x00\x08") + identifier
    return b"\x62" + bytes((len(objects),)) + objects
