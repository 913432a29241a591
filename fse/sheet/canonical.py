"""The one byte string of a care sheet: what both cards sign.

Canonical JSON, close to RFC 8785: UTF-8, no white space, keys sorted by code point, no floating point number. Dates
are ``AAAA-MM-JJ``, coefficients decimal texts without trailing zeros, amounts integers of cents; texts are in Unicode
normalisation form C. A sheet has exactly one such form, and :func:`decode` refuses every other.
"""

import json
import types
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache, partial
from operator import attrgetter
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from bifente.codes.dates import LooseDate
from bifente.fse.errors import CanonicalError, InvalidSheet
from bifente.fse.sheet.acts import Act
from bifente.fse.sheet.model import SINCE_3, VERSION, VERSIONS, CareSheet
from bifente.fse.sheet.rights import Rights

FORMATS: Final = {version: f"bifente-sheet/{version}" for version in VERSIONS}
"""What a sheet of each version begins with. From version 2 on it says itself where its form comes from."""

PROVENANCE: Final = "synthetic"
MAX_SIZE: Final = 0x100000
"""No sheet is longer: what is longer is not read. The largest has 979 acts of about 500 bytes."""


_NOT_CANONICAL: Final = "the bytes are not in canonical form"


def encode(sheet: CareSheet) -> bytes:
    """The canonical bytes. Raises CanonicalError for a text that is not in normalisation form C or no Unicode."""
    head = {"format": FORMATS[sheet.version]} | ({} if sheet.version == 1 else {"provenance": PROVENANCE})
    return _dump(head | {"sheet": _without(_plain(sheet), sheet.version)})


@cache
def _not_written(version: int) -> Mapping[str, Mapping[str, object]]:
    """What the values have and a version does not write, by the field of the sheet ("" for itself), with what that means.

    The version itself stands in the format.
    """
    if version >= VERSION:
        return {}
    unwritten = {"": {name: _plain(default) for name, default in SINCE_3.items()}, "acts": _defaults(Act)}
    return unwritten | ({"rights": _defaults(Rights)} if version == 1 else {})


def _defaults(kind: type) -> dict[str, object]:
    return {one.name: _plain(one.default) for one in fields(kind) if one.default is not MISSING}


def _without(value: object, version: int) -> object:
    """The plain *value* without what this version does not write."""
    if not isinstance(value, dict):
        return value
    bare = {name: item for name, item in value.items() if name != "version"}
    for name, unwritten in _not_written(version).items():
        bare = _at(bare, name, partial(_cut, unwritten))
    return bare


def decode(data: bytes) -> CareSheet:
    """The sheet of canonical bytes; anything else raises CanonicalError."""
    if len(data) > MAX_SIZE:
        raise CanonicalError(f"a sheet has at most {MAX_SIZE} bytes, not {len(data)}")
    try:
        value = _DECODER.decode(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise CanonicalError(f"not JSON: {str(error).splitlines()[0]}") from error
    version = _version(value)
    try:
        sheet = _builder(CareSheet)(_completed(value["sheet"], version))
    except _Misfit as misfit:
        raise CanonicalError(f"sheet{misfit.place}: {misfit.why}") from misfit
    except InvalidSheet as error:
        raise CanonicalError(str(error)) from error
    if not isinstance(sheet, CareSheet) or _said_again(value, version, sheet) != data:
        raise CanonicalError(_NOT_CANONICAL)
    return sheet


def _said_again(value: Mapping[str, Any], version: int, sheet: CareSheet) -> bytes:
    """The canonical bytes of *sheet*, which was built from *value*.

    Where a version writes all fields, and no text has another form than the value that it became (see
    :func:`_text_builder`), they are those of *value* itself.
    """
    return _dump(value) if version >= VERSION and "version" not in value["sheet"] else encode(sheet)


def _version(value: Any) -> int:
    """The version of a document; CanonicalError for one of another format."""
    if isinstance(value, dict):
        for version, name in FORMATS.items():
            head = {"format": name} | ({} if version == 1 else {"provenance": PROVENANCE})
            if {key: item for key, item in value.items() if key != "sheet"} == head and "sheet" in value:
                return version
    raise CanonicalError(f"not of format {' or '.join(FORMATS.values())}")


def _completed(sheet: object, version: int) -> object:
    """The plain sheet with what this version does not write; one that writes it all the same is left to be refused."""
    if not isinstance(sheet, dict) or "version" in sheet:
        return sheet
    whole = {**sheet, "version": version}
    for name, unwritten in _not_written(version).items():
        whole = _at(whole, name, partial(_filled, unwritten))
    return whole


def _cut(unwritten: Mapping[str, object], plain: dict[str, object]) -> dict[str, object]:
    return {name: item for name, item in plain.items() if name not in unwritten}


def _filled(unwritten: Mapping[str, object], plain: dict[str, object]) -> dict[str, object]:
    return {**unwritten, **plain}


Change = Callable[[dict[str, object]], dict[str, object]]
"""Makes another record of a plain one."""


def _at(sheet: dict[str, object], name: str, change: Change) -> dict[str, object]:
    """The plain *sheet* with *change* made in its field *name*, or in itself; what is no record there stays as it is."""
    if not name:
        return change(sheet)
    return {**sheet, name: _each(sheet[name], change)} if name in sheet else sheet


def _each(value: object, change: Change) -> object:
    if isinstance(value, list):
        return [_each(one, change) for one in value]
    return change(value) if isinstance(value, dict) else value


def _no_float(text: str) -> object:
    raise ValueError(f"{text[:20]}: floating point numbers do not occur")


_DECODER: Final = json.JSONDecoder(parse_float=_no_float, parse_constant=_no_float)
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _dump(value: object) -> bytes:
    text = _ENCODER.encode(value)
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        raise CanonicalError("a text is not in Unicode normalisation form C")
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CanonicalError("a text holds a lone surrogate") from error


@cache
def _names(kind: type) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(kind)
    return tuple((name, hints[name]) for name in vars(kind)["__match_args__"])


def _is_record(kind: Any) -> bool:
    """Whether *kind* is a dataclass; asked so that one of :mod:`bifente.slotted` need not describe itself, which takes long."""
    return isinstance(kind, type) and "__dataclass_fields__" in vars(kind)


def _plain(value: object) -> object:
    """A value of the sheet as JSON can say it."""
    simplify = _SIMPLIFIERS[type(value)]
    return value if simplify is None else simplify(value)


Simplifier = Callable[[Any], object]
"""Makes a value plain."""


class _Simplifiers(dict[type, Simplifier | None]):
    """By the type of a value: what makes it plain, None when it is; worked out once for each type."""

    def __missing__(self, kind: type) -> Simplifier | None:
        made = self[kind] = _simplifier(kind)
        return made


_SIMPLIFIERS: Final = _Simplifiers()


def _simplifier(kind: type) -> Simplifier | None:
    if issubclass(kind, Enum):
        return attrgetter("value")
    if issubclass(kind, Decimal):
        return _decimal
    if issubclass(kind, date):
        return kind.isoformat
    if issubclass(kind, LooseDate):
        return attrgetter("text")
    if issubclass(kind, tuple):
        return _plain_items
    if _is_record(kind):
        return _record_simplifier(vars(kind)["__match_args__"])
    return None


def _plain_items(value: tuple[object, ...]) -> object:
    return [_plain(item) for item in value]


def _record_simplifier(names: tuple[str, ...]) -> Simplifier:
    def simplify(value: object) -> object:
        plain: dict[str, object] = {}
        for name in names:
            item = getattr(value, name)
            inner = _SIMPLIFIERS[type(item)]
            plain[name] = item if inner is None else inner(item)
        return plain

    return simplify


def _decimal(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


class _Misfit(Exception):
    """A plain value that says no value of its type; ``place`` is where under what was built, ``why`` what was expected."""

    def __init__(self, why: str, place: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.place = place


Builder = Callable[[object], object]
"""Makes the value that a plain one says; _Misfit when it says none."""


@cache
def _builder(kind: Any) -> Builder:
    """How values of type *kind* are made: worked out once for each type."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        inner = _builder(next(one for one in get_args(kind) if one is not types.NoneType))
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        return _tuple_builder(_builder(get_args(kind)[0]))
    if kind is not LooseDate and _is_record(kind):
        return _record_builder(kind)
    if kind is bool:
        return _boolean
    if kind is str:
        return _text
    return _integer if kind is int else _text_builder(kind)


def _boolean(value: object) -> object:
    if not isinstance(value, bool):
        raise _Misfit("true or false was expected")
    return value


def _integer(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Misfit("an integer was expected")
    return value


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise _Misfit("a text was expected")
    return value


def _tuple_builder(item: Builder) -> Builder:
    def build(value: object) -> object:
        if not isinstance(value, list):
            raise _Misfit("a list was expected")
        built: list[object] = []
        try:
            for one in value:
                built.append(item(one))  # noqa: PERF401  (the place of a misfit is how many there are)
        except _Misfit as misfit:
            misfit.place = f"[{len(built)}]{misfit.place}"
            raise
        return tuple(built)

    return build


def _record_builder(kind: type) -> Builder:
    builders = {name: _builder(hint) for name, hint in _names(kind)}
    # A value that has exactly this type needs no builder.
    steps = tuple((name, _AS_THEY_ARE.get(one), one) for name, one in builders.items())

    def build(value: object) -> object:
        if not isinstance(value, dict) or value.keys() != builders.keys():
            raise _Misfit(f"exactly the fields {', '.join(builders)} were expected")
        built: dict[str, object] = {}
        name = ""
        try:
            for name, plain, one in steps:
                item = value[name]
                built[name] = item if type(item) is plain else one(item)
        except _Misfit as misfit:
            misfit.place = f".{name}{misfit.place}"
            raise
        return kind(**built)

    return build


def _text_builder(kind: Any) -> Builder:
    """For a type that a text says. A text that says the value otherwise than its canonical form is refused here."""
    make: Callable[[str], object] = date.fromisoformat if kind is date else kind
    expected = "date AAAAMMJJ" if kind is LooseDate else kind.__name__

    def build(value: object) -> object:
        if not isinstance(value, str):
            raise _Misfit("a text was expected")
        try:
            made = make(value)
        except (ValueError, InvalidOperation) as error:
            raise _Misfit(f"{value[:40]!r} is not a {expected}") from error
        # No exponent is written out here: a short one makes a text of a gigabyte.
        if (kind is Decimal and "E" in value.upper()) or _plain(made) != value:
            raise CanonicalError(_NOT_CANONICAL)
        return made

    return build


_AS_THEY_ARE: Final[Mapping[Builder, type]] = {_text: str, _integer: int, _boolean: bool}
