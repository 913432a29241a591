"""One part of a card: a file, a directory, a PIN, a key, or what stands inside of a file; and the names they go by."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.slotted import dataclass
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.applets.perso.cardrecords import Records
    from bifente.applets.perso.edit.view import CardView, DirectoryView, FileView, KeyView, PinView
    from bifente.layouts.codec import JsonValue

    Shown = FileView | PinView | KeyView | DirectoryView


@dataclass(frozen=True, slots=True)
class Inside:
    """What stands in a file at the end of a path."""

    where: str
    value: "JsonValue"


class NothingThere(WorkbenchError):
    """A path leads into a file and to nothing there."""

    kind = "input.nothing-there"

    def __init__(self, what: str, file: str) -> None:
        super().__init__(f"there is nothing at {what}")
        self.file = file


def part_of(records: "Records", seen: "CardView", what: str) -> "Shown | Inside":
    """The part of the card that *what* names. Raises WorkbenchError, which lists what there is."""
    from bifente.applets.perso.cardrecords import layout_of
    from bifente.applets.perso.edit.cardpath import at, locate, steps_to
    from bifente.applets.perso.errors import PathError

    wanted = what.strip("/ ").casefold()
    found = [shown for names, shown in _parts(seen) if wanted in names]
    if len(found) == 1:
        return found[0]
    if len(found) > 1:
        paths = ", ".join(getattr(one, "path", one.name) for one in found)
        raise WorkbenchError(
            f"{what} is more than one part of this card: {paths}", hint="name it by its path"
        )
    groups = _groups_numbered(seen, wanted)
    if groups:
        return Inside(what, groups)
    try:
        place = locate(layout_of(records), what)
    except PathError as error:
        raise _unknown(seen, what) from error
    file = next((one for one in all_files(seen) if one.path == place.path), None)
    if file is None or not place.parts:
        raise _unknown(seen, what)
    steps = steps_to(place, file.value)
    if steps[-1] == "fields":
        value: JsonValue = [at(file.value, steps[:-1])]  # the whole group
    else:
        value = at(file.value, steps)
    if value is None:
        raise NothingThere(what, file.name)
    return Inside(what, value)


def part_names(seen: "CardView") -> list[str]:
    """The first name of each part, in the order of the card."""
    return [names[0] for names, _ in _parts(seen, fold=False)]


def field_places(card: Path) -> list[str]:
    """The paths of the fields of a card file, as far as they go. Raises StoreError, CorruptCard."""
    from bifente.applets.perso.edit.cardpath import places
    from bifente.applets.store.stores import read_snapshot

    return list(places(read_snapshot(card)))


def names_in(card: Path) -> list[str]:
    """The names of the parts of a card file; none when it cannot be read."""
    from bifente.applets import read_card
    from bifente.applets.kernel.errors import CorruptCard
    from bifente.applets.perso.edit.view import view
    from bifente.applets.store.stores import StoreError

    try:
        return part_names(view(read_card(card)))
    except (OSError, StoreError, CorruptCard):
        return []


def all_files(seen: "CardView") -> "Iterator[FileView]":
    """The files of a card in its order."""
    for directory in _directories(seen):
        yield from directory.files


def _groups_numbered(seen: "CardView", number: str) -> "list[JsonValue]":
    """All SSV groups of that number on the card."""
    return [
        item
        for file in all_files(seen)
        for item in (file.value if isinstance(file.value, list) else ())
        if isinstance(item, dict) and set(item) == {"group", "fields"} and str(item["group"]) == number
    ]


def _unknown(seen: "CardView", what: str) -> WorkbenchError:
    names = part_names(seen)
    near = [name for name in names if what.casefold() in name.casefold()]
    listed = ", ".join(near or names)
    return WorkbenchError(
        f"there is no {what} on this card; {'near it are' if near else 'it has'}: {listed}",
        hint="a file may be named by its FID or path too, and what is inside by what follows: G101/3, EF.ID/nom",
    )


def _parts(seen: "CardView", *, fold: bool = True) -> "Iterator[tuple[list[str], Shown]]":
    """Each part with the names it goes by, the one to be listed first."""
    for names, shown in _named_parts(seen):
        yield ([name.casefold() for name in names] if fold else names), shown


def _named_parts(seen: "CardView") -> "Iterator[tuple[list[str], Shown]]":
    for directory in _directories(seen):
        short = directory.name.removeprefix("ADF ").removeprefix("DF ")
        aid = [directory.aid] if directory.aid else []
        yield [short, directory.name, directory.path, directory.fid, *aid], directory
        for pin in directory.pins:
            kind = pin.use.upper()
            yield [f"{kind}-{pin.reference}", kind, pin.reference, pin.name], pin
        for key in directory.keys:
            yield [key.name, key.reference, f"key {key.reference}"], key
        for file in directory.files:
            yield [file.name, file.path, file.fid], file


def _directories(seen: "CardView") -> "Iterator[DirectoryView]":
    def below(directory: "DirectoryView") -> "Iterator[DirectoryView]":
        yield directory
        for child in directory.directories:
            yield from below(child)

    if seen.root is not None:
        yield from below(seen.root)


def as_json(seen: object) -> object:
    """What is seen of a card as JSON says it: a mapping of its fields, and so what is in it."""
    if hasattr(seen, "__match_args__"):
        return {name: as_json(getattr(seen, name)) for name in seen.__match_args__}
    return list(map(as_json, seen)) if isinstance(seen, list | tuple) else seen


def parts_json(found: "Mapping[str, Shown | Inside]") -> object:
    """One part as JSON says it; several by what they were asked for as."""
    values = {what: part.value if isinstance(part, Inside) else as_json(part) for what, part in found.items()}
    return values if len(values) > 1 else next(iter(values.values()))


def card_json(seen: "CardView", *, brief: bool) -> object:
    """The whole card; in brief its facts and the names, identifiers and sizes of its files."""
    if not brief:
        return as_json(seen)
    facts = {
        name: getattr(seen, name)
        for name in ("kind", "title", "serial", "environment", "opposed", "business_form")
    }
    files = [
        {"name": file.name, "path": file.path, "size": file.size, "decoded": file.decoded}
        for file in all_files(seen)
    ]
    pins = [
        {"reference": pin.reference, "tries_left": pin.tries_left, "tries": pin.tries}
        for directory in _directories(seen)
        for pin in directory.pins
    ]
    return {**facts, "pins": pins, "files": files, "findings": len(seen.findings)}
