"""What two cards differ in, field by field."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from bifente.applets.kernel.records import INITIAL
from bifente.applets.kernel.state import DATE_RECORD, META_RECORD
from bifente.applets.perso.cardrecords import Records, content_value, layout_of, meta_of
from bifente.applets.perso.make.keys import fingerprint
from bifente.crypto import rsa
from bifente.crypto.errors import CryptoError
from bifente.layouts.codec import JsonValue
from bifente.layouts.codecs.certificate import read_certificate
from bifente.layouts.errors import LayoutError
from bifente.layouts.nodes import EF, Layout

_ABSENT = "absent"
_SHOWN = 96


@dataclass(frozen=True, slots=True)
class CardDifference:
    """``where`` is a path as :mod:`bifente.applets.perso.edit.cardpath` takes it, or says what else differs."""

    where: str
    first: str
    second: str


def compare(first: Records, second: Records) -> list[CardDifference]:
    """The differences of two cards in the order of the layout. Raises CorruptCard. Empty when they are the same."""
    one, other = meta_of(first), meta_of(second)
    found = [
        CardDifference(name, left or _ABSENT, right or _ABSENT)
        for name, left, right in (
            ("kind", one.kind, other.kind),
            ("serial", one.serial, other.serial),
            ("environment", one.environment, other.environment),
            ("created", one.created, other.created),
            ("atr", one.atr, other.atr),
            ("opposed", one.opposed, other.opposed),
        )
        if left != right
    ]
    if one.kind != other.kind:
        return found
    found += _files(first, second, layout_of(first))
    found += _others(first, second)
    if not found and first.get(META_RECORD) != second.get(META_RECORD):
        found.append(CardDifference("profile", "the cards were made from", "different profiles"))
    return found


def _files(first: Records, second: Records, layout: Layout) -> Iterator[CardDifference]:
    for path, node in layout.walk():
        name = f"file/{path}"
        if not isinstance(node, EF) or first.get(name) == second.get(name):
            continue
        if name not in first or name not in second:
            there = ("there", _ABSENT) if name in first else (_ABSENT, "there")
            yield CardDifference(node.name, *there)
            continue
        yield from _values(node.name, content_value(first, path), content_value(second, path))


def _values(where: str, first: JsonValue, second: JsonValue) -> Iterator[CardDifference]:
    """The leaves in which two decoded values differ."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in dict.fromkeys((*first, *second)):
            if first.get(key) != second.get(key):
                yield from _values(f"{where}/{key}", first.get(key), second.get(key))
    elif (groups := _groups(first)) and groups == _groups(second):
        for name, left, right in zip(groups, _items(first), _items(second), strict=True):
            yield from _fields(f"{where}/{name}", left, right)
    elif _items(first) and len(_items(first)) == len(_items(second)):
        for number, (left, right) in enumerate(zip(_items(first), _items(second), strict=True), 1):
            if left != right:
                yield from _values(f"{where}/{number}", left, right)
    elif first != second:
        yield CardDifference(where, _shown(first), _shown(second))


def _groups(value: JsonValue) -> list[str]:
    """The names of SSV groups in a path, ``105[2]`` the second of its kind; empty when the value is something else."""
    names: list[str] = []
    seen: Counter[str] = Counter()
    for item in _items(value):
        if not isinstance(item, Mapping) or set(item) != {"group", "fields"}:
            return []
        number = str(item["group"])
        seen[number] += 1
        names.append(number if seen[number] == 1 else f"{number}[{seen[number]}]")
    return names


def _fields(where: str, first: JsonValue, second: JsonValue) -> Iterator[CardDifference]:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        pairs = zip(_items(first["fields"]), _items(second["fields"]), strict=False)
        for number, (left, right) in enumerate(pairs, 1):
            if left != right:
                yield CardDifference(f"{where}/{number}", _shown(left), _shown(right))


def _items(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _others(first: Records, second: Records) -> Iterator[CardDifference]:
    """Everything that is not a file; secrets are not shown."""
    for name in sorted({*first, *second}):
        if name == META_RECORD or name.startswith(("file/", INITIAL)):
            continue
        left, right = first.get(name), second.get(name)
        if left != right:
            yield CardDifference(name, _secretly(name, left), _secretly(name, right, other=True))


def _secretly(name: str, record: bytes | None, *, other: bool = False) -> str:
    if record is None:
        return _ABSENT
    if name.startswith("key/"):
        try:
            return fingerprint(rsa.load_private(record, validate=False).public_key())
        except CryptoError as error:
            return str(error)
    if name.endswith(("/left", "/uses")):
        return str(int.from_bytes(record, "big"))
    if name.startswith("pin/"):
        return "another value" if other else "a value"
    if name == DATE_RECORD:
        return record.decode("ascii", "replace")
    return record.hex().upper()[:_SHOWN] if name == "identity" else "another key" if other else "a key"


def _shown(value: JsonValue) -> str:
    if value is None:
        return _ABSENT
    text = str(value) or "empty"
    if len(text) > _SHOWN:
        with suppress(
            LayoutError, ValueError
        ):  # of what is not a certificate the beginning is shown as it is
            read = read_certificate(bytes.fromhex(text))
            return f"certificate {read.serial:x}, {read.not_before:%Y-%m-%d} to {read.not_after:%Y-%m-%d}"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
