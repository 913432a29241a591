"""Paths to the fields of a card: ``G101/3``, ``BEN02/105[2]/1``, ``EF.ID/nom``, ``3F00/0001/D105/prenoms/1``.

The first part names a file as the layout does (small letters do), or by its FID or its path of FIDs. The rest goes into
its decoded value: a key, a position from 1, or ``key[position]``. In a file of SSV groups it is the number of the group,
which may be left out when there is only one, then the number or the French name of the field. A key that stands only
once in the value may be named without the ones above it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from bifente.applets.perso.errors import NoSuchField, NoSuchFile, PathError
from bifente.documents import DocumentError, parse_json
from bifente.layouts.codec import JsonValue
from bifente.layouts.codecs.groupfiles import GroupsCodec
from bifente.layouts.errors import LayoutError
from bifente.layouts.nodes import EF, Layout
from bifente.ssv.groups import GROUPS

_FID = re.compile(r"[0-9A-Fa-f]{4}")
_INDEXED = re.compile(r"(.+)\[(\d{1,4})\]", re.ASCII)

Steps = tuple[str | int, ...]
"""Keys and positions from 0 into a decoded value."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file and the parts of the path that lie inside of it."""

    path: str
    node: EF
    parts: tuple[str, ...]


def locate(layout: Layout, text: str) -> Place:
    """The file that *text* begins with. Raises PathError."""
    parts = [part for part in text.strip("/").split("/") if part]
    if not parts:
        raise PathError("a path begins with the name of a file", hint="e.g. G101/3 or EF.ID/nom")
    files = {path: node for path, node in layout.walk() if isinstance(node, EF)}
    fids = [part.upper() for part in parts if _FID.fullmatch(part)]
    for size in range(len(parts), 0, -1):
        path = "/".join(fids[:size])
        if len(fids) >= size and parts[:size] == parts[: len(fids[:size])] and path in files:
            return Place(path, files[path], tuple(parts[size:]))
    wanted = parts[0].casefold()
    found = [path for path, node in files.items() if node.name.casefold() == wanted]
    if not found and _FID.fullmatch(parts[0]):
        found = [path for path in files if path.endswith(parts[0].upper())]
    if len(found) > 1:
        raise PathError(f"{parts[0]} is more than one file: {', '.join(found)}", hint="name it by its path")
    if not found:
        names = {node.name.casefold(): node.name for node in files.values()}
        close = get_close_matches(wanted, names, 1)
        raise NoSuchFile(parts[0], hint=f"did you mean {names[close[0]]}?" if close else "")
    return Place(found[0], files[found[0]], tuple(parts[1:]))


def places(records: Mapping[str, bytes]) -> list[str]:
    """The places of all fields of a card, in the order of the layout, as :func:`locate` and :func:`steps_to` take them."""
    from bifente.applets.perso.cardrecords import card_files, content_value, layout_of

    found = []
    layout = layout_of(records)
    names = [node.name for _, node in layout.walk() if isinstance(node, EF)]
    for path, node in card_files(records, layout):
        name = node.name if names.count(node.name) == 1 else path
        found.append(name)
        value = content_value(records, path)
        if isinstance(node.codec, GroupsCodec):
            found += [f"{name}/{inner}" for inner in _places_in_groups(value)]
        else:
            found += [f"{name}/{inner}" for inner in _places_in(value)]
    return found


def _places_in(value: JsonValue) -> Iterator[str]:
    parts: Iterator[tuple[str, JsonValue]] = iter(())
    if isinstance(value, Mapping) and set(value) != {"hex"}:
        parts = iter(value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        parts = ((str(number), item) for number, item in enumerate(value, 1))
    for name, item in parts:
        yield name
        yield from (f"{name}/{inner}" for inner in _places_in(item))


def _places_in_groups(value: JsonValue) -> Iterator[str]:
    groups = [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
    numbers = [group.get("group") for group in groups]
    for index, number in enumerate(numbers):
        assert isinstance(number, int)
        occurrence = numbers[: index + 1].count(number)
        name = str(number) if numbers.count(number) == 1 else f"{number}[{occurrence}]"
        above = f"{name}/" if len(groups) > 1 else ""
        yield from (f"{above}{field}" for field in range(1, len(GROUPS[number].fields) + 1))


def steps_to(place: Place, value: JsonValue) -> Steps:
    """Where in the decoded *value* of the file the path ends. Raises PathError. The last key may not be there yet."""
    if isinstance(place.node.codec, GroupsCodec):
        return _in_groups(place, value)
    steps: Steps = ()
    for number, part in enumerate(place.parts, 1):
        steps += _step(place, at(value, steps), part, last=number == len(place.parts))
    return steps


def at(value: JsonValue, steps: Steps) -> JsonValue:
    """The part of *value* that *steps* lead to, None when it is absent."""
    for step in steps:
        if isinstance(step, str) and isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, Sequence) and not isinstance(value, str):
            value = value[step] if step < len(value) else None
        else:
            return None
    return value


def replaced(value: JsonValue, steps: Steps, part: JsonValue) -> JsonValue:
    """*value* with *part* at *steps*; the original stays as it is."""
    if not steps:
        return part
    step, rest = steps[0], steps[1:]
    if isinstance(step, str) and isinstance(value, Mapping):
        return {**value, step: replaced(value.get(step), rest, part)}
    if isinstance(step, int) and isinstance(value, Sequence) and not isinstance(value, str):
        items = list(value)
        if step < len(items):
            items[step] = replaced(items[step], rest, part)
        else:
            items.append(replaced(None, rest, part))
        return items
    raise PathError("the path goes into a value that has no parts")


def read_value(text: str, old: JsonValue, *, as_json: bool) -> JsonValue:
    """What somebody typed as a value in the place of *old*: text, a number for a number, JSON. Raises PathError."""
    if as_json or isinstance(old, Mapping | bool) or (isinstance(old, Sequence) and not isinstance(old, str)):
        if isinstance(old, Mapping) and set(old) == {"hex"} and not as_json:
            return {"hex": text}
        try:
            return parse_json(text, "value")
        except DocumentError:
            raise PathError(
                "a value in JSON was expected there",
                hint="name one field, or give the whole value as JSON in quotes",
            ) from None
    if isinstance(old, int):
        try:
            return int(text)
        except ValueError:
            raise PathError("a number was expected there") from None
    return text


def _step(place: Place, value: JsonValue, part: str, *, last: bool) -> Steps:
    indexed = _INDEXED.fullmatch(part)
    if indexed is not None:
        head = _step(place, value, indexed[1], last=False)
        return head + _step(place, at(value, head), indexed[2], last=last)
    if isinstance(value, Mapping):
        if part in value:
            return (part,)
        below = [steps for steps in _keys(value) if steps[-1] == part]
        if len(below) == 1:
            return below[0]
        if len(below) > 1:
            raise PathError(
                f"{part} stands more than once in {place.node.name}", hint="name the keys above it too"
            )
        lists = [key for key, item in value.items() if isinstance(item, list)]
        if (
            part.isascii() and part.isdigit() and len(value) == len(lists) == 1
        ):  # a list under a name of its own
            return (lists[0], *_step(place, value[lists[0]], part, last=last))
        if last:
            return (part,)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if part.isascii() and part.isdigit() and 1 <= int(part) <= len(value) + int(last):
            return (int(part) - 1,)
        raise PathError(f"{place.node.name}: a position from 1 to {len(value)} was expected, not {part}")
    raise NoSuchField(place.node.name, str(part))


def _keys(value: JsonValue, above: Steps = ()) -> Iterator[Steps]:
    """The steps to each key in nested mappings."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield (*above, key)
            yield from _keys(item, (*above, key))


def _in_groups(place: Place, value: JsonValue) -> Steps:
    groups = [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
    parts = list(place.parts)
    if not parts:
        return ()
    number, occurrence = _group_number(parts[0])
    if number in GROUPS and groups and (len(parts) > 1 or len(groups) > 1):
        parts.pop(0)
        positions = [index for index, group in enumerate(groups) if group.get("group") == number]
    elif len(groups) == 1:
        positions, occurrence = [0], 1
    else:
        known = ", ".join(sorted({str(group.get("group")) for group in groups}))
        raise PathError(f"{place.node.name} holds groups {known}: {parts[0]} is none of them")
    if not 1 <= occurrence <= len(positions):
        raise PathError(f"{place.node.name} holds {len(positions)} groups {number}")
    index = positions[occurrence - 1]
    if not parts:
        return (index, "fields")
    if len(parts) > 1:
        raise PathError(f"{place.node.name}: a field has no parts")
    return (index, "fields", _field(groups[index], parts[0]))


def _group_number(text: str) -> tuple[int, int]:
    indexed = _INDEXED.fullmatch(text)
    name, occurrence = (indexed[1], int(indexed[2])) if indexed else (text, 1)
    return (
        (int(name), occurrence) if name.isascii() and name.isdigit() and len(name) < 6 else (-1, occurrence)
    )


def _field(group: Mapping[str, JsonValue], text: str) -> int:
    number = group["group"]
    assert isinstance(number, int)
    described = GROUPS[number].fields
    if text.isascii() and text.isdigit():
        if 1 <= int(text) <= len(described):
            return int(text) - 1
    else:
        for index, field in enumerate(described):
            if field.name.casefold() == text.casefold():
                return index
    close = get_close_matches(text, [field.name for field in described], 1)
    raise PathError(
        f"group {number} has no field {text}: it has {len(described)}",
        hint=f"did you mean {close[0]!r}?" if close else "",
    )


def encoded(place: Place, value: JsonValue, old: JsonValue = None) -> bytes:
    """The bytes of the file with that value. Raises PathError when the value does not fit; *old* says what was meant."""
    try:
        return place.node.codec.encode(value)
    except LayoutError as error:
        known = {str(steps[-1]) for steps in _keys(old)}
        new = {str(steps[-1]) for steps in _keys(value)} - known
        close = [name for one in new for name in get_close_matches(one, sorted(known), 1)]
        hint = f"did you mean {close[0]}?" if close else ""
        raise PathError(f"{place.node.name}: {error}", hint=hint) from None
