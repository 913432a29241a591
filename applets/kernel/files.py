"""The files of one card: the layout's nodes joined with the contents in the card's store."""

import json
from collections.abc import Iterator, Mapping

from bifente.apdu.files.fcp import LifeCycle
from bifente.apdu.files.security import Operation
from bifente.applets.kernel.errors import CorruptCard
from bifente.applets.kernel.recordjson import read_json
from bifente.applets.store.stores import Store
from bifente.layouts.access import Rule
from bifente.layouts.codec import JsonValue
from bifente.layouts.errors import LayoutError
from bifente.layouts.nodes import DF, EF, Layout
from bifente.layouts.structures import Records
from bifente.slotted import replace


class File:
    """An EF of a card. Its content is stored decoded and encoded when somebody asks for it."""

    __slots__ = (
        "_content",
        "_fcp",
        "_records",
        "closed",
        "node",
        "parent",
        "path",
        "read_rule",
        "state",
        "store",
        "structure",
        "transparent",
        "update_rule",
        "write_rule",
    )

    def __init__(self, node: EF, path: str, store: Store, parent: "Directory") -> None:
        self.node = node
        self.path = path
        self.parent = parent
        self.structure = node.structure if isinstance(node.structure, Records) else None
        """How its records stand in the content; None for a transparent EF."""
        self.transparent = self.structure is None
        self.store = store
        self.state = LifeCycle.ACTIVATED
        self.closed = False
        """It, or a directory around it, is deactivated or terminated: its content cannot be reached."""
        self.read_rule: Rule = node.access[Operation.READ]
        self.update_rule: Rule = node.access[Operation.UPDATE]
        self.write_rule: Rule | None = node.access.get(Operation.WRITE)
        self._content: bytes | None = None
        self._records: tuple[bytes, ...] | None = None
        self._fcp: bytes | None = None

    @property
    def content(self) -> bytes:
        """The bytes that READ BINARY reads; all records where it has some."""
        content = self._content
        if content is None:
            name = file_record(self.path)
            content = self._content = encode_content(self.node, name, self.store.get(name))
        return content

    @property
    def records(self) -> tuple[bytes, ...]:
        """Its records, the first one first; none in a transparent EF."""
        records = self._records
        if records is None:
            records = self._records = () if self.structure is None else self.structure.split(self.content)
        return records

    @property
    def fcp(self) -> bytes:
        """The FCP that SELECT answers."""
        fcp = self._fcp
        if fcp is None:
            size = self.node.structure.data_size(self.content)
            fcp = self._fcp = _fcp_of(self.node, size, self.state)
        return fcp

    def enter(self, state: LifeCycle) -> None:
        """It is in another state of its life now."""
        self.state = state
        self._fcp = None
        self.close(around=self.parent.closed)

    def close(self, *, around: bool) -> None:
        """Take note of whether a directory *around* it is closed."""
        self.closed = around or self.state in CLOSED

    def record_of(self, content: bytes) -> bytes:
        """The record that will hold *content*: decoded, unless the codec cannot give these very bytes back."""
        return decode_content(self.node, content)

    def replace(self, content: bytes) -> None:
        """The store holds *content* now."""
        if self.structure is not None or len(content) != len(self.content):
            self._fcp = None
        self._content = content
        self._records = None


CLOSED = frozenset((LifeCycle.DEACTIVATED, LifeCycle.TERMINATED))
"""States in which nothing is done with a file but to end them, to delete it or to select it (ISO/IEC 7816-9:2017 §7)."""

_FCPS: dict[tuple[int, int | None, LifeCycle], tuple[EF | DF, bytes]] = {}
_KEPT = 1024


def _fcp_of(node: EF | DF, size: int | None, state: LifeCycle) -> bytes:
    """The FCP of a directory, or of a file of that size: one layout serves all cards of a kind, so what was encoded once is kept."""
    kept = _FCPS.get((id(node), size, state))
    if kept is not None:
        return kept[1]
    if len(_FCPS) >= _KEPT:
        _FCPS.clear()
    fcp = node.fcp() if isinstance(node, DF) else node.fcp(size or 0)
    if state is not LifeCycle.ACTIVATED:
        fcp = replace(fcp, life_cycle=state.value)
    encoded = fcp.encode()
    _FCPS[id(node), size, state] = node, encoded  # the node is kept too, so that its identity stays its own
    return encoded


class Directory:
    """A DF of a card with what is in it."""

    __slots__ = ("_fcp", "by_fid", "by_sfi", "closed", "node", "parent", "path", "state")

    def __init__(self, node: DF, path: str, parent: "Directory | None") -> None:
        self.node = node
        self.path = path
        self.parent = parent
        self.by_fid: dict[int, File | Directory] = {}
        self.by_sfi: dict[int, File] = {}
        self.state = LifeCycle.ACTIVATED
        self.closed = False
        """It, or one around it, is deactivated or terminated."""
        self._fcp: bytes | None = None

    @property
    def fcp(self) -> bytes:
        """The FCP that SELECT answers."""
        fcp = self._fcp
        if fcp is None:
            fcp = self._fcp = _fcp_of(self.node, None, self.state)
        return fcp

    def enter(self, state: LifeCycle) -> None:
        """It is in another state of its life now, and all that is in it is closed with it."""
        self.state = state
        self._fcp = None
        self.close(around=self.parent is not None and self.parent.closed)

    def close(self, *, around: bool) -> None:
        """Take note of whether a directory *around* it is closed."""
        self.closed = around or self.state in CLOSED
        for child in self.by_fid.values():
            child.close(around=self.closed)

    def add(self, child: "File | Directory") -> None:
        """A file is in it from now on."""
        self.by_fid[child.node.fid] = child
        if isinstance(child, File) and child.node.sfi is not None:
            self.by_sfi[child.node.sfi] = child

    def remove(self, child: "File | Directory") -> None:
        """A file is no longer in it."""
        del self.by_fid[child.node.fid]
        if isinstance(child, File) and child.node.sfi is not None:
            del self.by_sfi[child.node.sfi]

    def within(self) -> "Iterator[File | Directory]":
        """Itself and all that is in it, however deep."""
        yield self
        for child in self.by_fid.values():
            if isinstance(child, Directory):
                yield from child.within()
            else:
                yield child

    def directories(self) -> "Iterator[Directory]":
        """The DFs directly inside."""
        return (child for child in self.by_fid.values() if isinstance(child, Directory))


class Tree:
    """All files of a card."""

    __slots__ = ("_apart", "_root", "applications", "mf")

    def __init__(self, layout: Layout, store: Store, *, apart: bool = False) -> None:
        """With *apart* those that belong to another applet of the chip (EF.apart), and no others."""
        present = set(store.names("file/"))
        self._apart, self._root = apart, layout.mf
        self.applications: list[tuple[bytes, Directory]] = []
        self.mf = self._directory(layout.mf, "", None, store, present)
        states = {name: store.get(name) for name in store.names(LIFE_PREFIX)}
        if states:
            for child in self.mf.within():
                state = states.get(f"{LIFE_PREFIX}{child.path}")
                if state is not None:
                    child.enter(LifeCycle(state[0]))

    def apart(self) -> bool:
        """Whether any directory is closed."""
        return any(each.closed for each in self.mf.within() if isinstance(each, Directory))

    def _directory(
        self, node: DF, prefix: str, parent: Directory | None, store: Store, present: set[str]
    ) -> Directory:
        path = f"{prefix}{node.fid:04X}"
        made = Directory(node, path, parent)
        if node.aid is not None:
            self.applications.append((node.aid, made))
        for child in node.children:
            child_path = f"{path}/{child.fid:04X}"
            if child.apart is not self._apart and node is self._root:
                continue
            if isinstance(child, DF):
                made.by_fid[child.fid] = self._directory(child, f"{path}/", made, store, present)
            elif file_record(child_path) in present:
                made.add(File(child, child_path, store, made))
            elif not child.optional:
                raise CorruptCard(file_record(child_path), "it is missing")
        return made


LIFE_PREFIX = "life/"


def life_record(path: str) -> str:
    """The name of the record that holds the state of a file's life; without it the file is activated."""
    return f"{LIFE_PREFIX}{path}"


def file_record(path: str) -> str:
    """The name of a file's record."""
    return f"file/{path}"


def value_record(value: JsonValue) -> bytes:
    """A decoded content as a record."""
    return json.dumps({"value": value}, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def record_value(name: str, record: bytes) -> tuple[bool, JsonValue]:
    """What a file's record holds: (True, decoded value) or (False, hexadecimal bytes)."""
    fields = read_json(name, record, "the content of a file")
    if isinstance(fields, Mapping):
        if isinstance(raw := fields.get("raw"), str):
            return False, raw
        if "value" in fields:
            return True, fields["value"]
    raise CorruptCard(name, "not the content of a file")


def encode_content(node: EF, name: str, record: bytes) -> bytes:
    """The bytes on the card for a file's record. Raises CorruptCard."""
    return encode_value(node, name, *record_value(name, record))


def encode_value(node: EF, name: str, decoded: bool, value: JsonValue) -> bytes:
    """The bytes on the card for what :func:`record_value` gives. Raises CorruptCard."""
    try:
        return node.codec.encode(value) if decoded else bytes.fromhex(str(value))
    except (LayoutError, ValueError) as error:
        raise CorruptCard(name, str(error)) from None


def decode_content(node: EF, content: bytes) -> bytes:
    """The record for bytes on the card: decoded where that loses nothing, else raw."""
    try:
        value = node.codec.decode(content)
        same = node.codec.encode(value) == content
    except LayoutError:
        same = False
    if same:
        return value_record(value)
    return json.dumps({"raw": content.hex().upper()}).encode()
