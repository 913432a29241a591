"""Files that commands have created: records of their own, and the layout of the card with them in it."""

from collections.abc import Iterator, Mapping

from bifente.apdu.errors import ApduError
from bifente.apdu.files.fcp import Fcp, LifeCycle
from bifente.applets.kernel.errors import CorruptCard
from bifente.applets.kernel.files import LIFE_PREFIX, file_record
from bifente.applets.kernel.objects import OBJECT_PREFIX
from bifente.applets.kernel.state import key_record
from bifente.layouts.created import node_of
from bifente.layouts.errors import LayoutError
from bifente.layouts.nodes import DF, EF, Layout, SecurityEnvironment
from bifente.slotted import replace

CREATED_PREFIX = "created/"
MAX_CREATED = 100
"""Files that commands can add to a card (synthetic)."""
MAX_DEPTH = 8
"""Directories that can stand in one another (synthetic)."""
OF_COMMANDS = (LIFE_PREFIX, CREATED_PREFIX, OBJECT_PREFIX)
"""How the names of records begin that commands make, beside contents."""


def created_record(path: str) -> str:
    """The name of the record with the parameters of a file that a command has created."""
    return f"{CREATED_PREFIX}{path}"


def created_paths(records: Mapping[str, bytes]) -> list[str]:
    """The paths of created files, directories before what is in them."""
    return sorted(name.removeprefix(CREATED_PREFIX) for name in records if name.startswith(CREATED_PREFIX))


def grown(layout: Layout, records: Mapping[str, bytes]) -> Layout:
    """*layout* with the files that commands have created on the card of *records*. Raises CorruptCard."""
    paths = created_paths(records)
    if not paths:
        return layout
    mf = layout.mf
    for path in paths:
        mf = _with(mf, path, records[created_record(path)])
    return replace(layout, mf=mf)


def _with(mf: DF, path: str, record: bytes) -> DF:
    """The tree of *mf* with one more file."""
    name = created_record(path)
    try:
        fids = [int(part, 16) for part in path.split("/")]
        chain = [mf]
        for fid in fids[1:-1]:
            chain.append(next(each for each in chain[-1].directories() if each.fid == fid))
        node = node_of(Fcp.parse(record), list(environments_of(chain)))
        if len(fids) < 2 or fids[0] != mf.fid or node.fid != fids[-1]:
            raise CorruptCard(name, "not the parameters of a file at that place")
    except (StopIteration, ValueError, ApduError, LayoutError) as error:
        raise CorruptCard(name, str(error) or "it stands in a directory that is not there") from None
    taken = {child.fid for child in chain[-1].children}
    if node.fid in taken:
        raise CorruptCard(name, "there is another file of that identifier")
    changed: DF | EF = node
    for directory in reversed(chain):
        others = tuple(child for child in directory.children if child.fid != changed.fid)
        changed = replace(directory, children=(*others, changed))
    assert isinstance(changed, DF)
    return changed


def environments_of(chain: list[DF]) -> Iterator[SecurityEnvironment]:
    """The security environments that count in the last of nested directories: its own before those around it."""
    for directory in reversed(chain):
        yield from directory.environments


def of_commands(records: Mapping[str, bytes], layout: Layout) -> list[str]:
    """The names of records that are there because of commands: states of life, created files with their contents, keys."""
    contents = {file_record(path) for path in created_paths(records)}
    contents |= {
        key_record(path, key.reference)
        for path, directory in layout.directories()
        for key in directory.keys
        if key.generated
    } & records.keys()
    return [name for name in records if name.startswith(OF_COMMANDS) or name in contents]


def check_life(name: str, record: bytes) -> None:
    """Raise CorruptCard unless *record* is the state of a file's life."""
    if len(record) != 1 or record[0] not in set(LifeCycle):
        raise CorruptCard(name, "not a state of a file's life: one byte, 00, 01, 03, 04, 05 or 0C")
