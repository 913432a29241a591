"""A record of B2: one declaration that writes it, reads it, shows it and is checked against.

A declaration is a table of text, a field a line, as the norm prints it::

    37-38  N O  sequence   sequence    Séquence
    56     A F  in:OUI_NON code_x      Code x            [§1.4]

that is: columns, N or A, presence, use, name, label, and perhaps the clause it comes from. A use may be ``=X`` (always X),
``in:LIST`` (a list of :mod:`codelists`), or one of :class:`Use`; ``?`` after it says that spaces or zeros are a value of the mandatory
field.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from bifente.fse.b2.codelists import CODE_LISTS
from bifente.fse.b2.errors import B2Error
from bifente.fse.b2.fields import AS_INTEGER, DECIMALS, B2Field, B2Given, B2Value, Use, putter, scaled

LENGTH: Final = 128
"""Characters of every record."""

_LINE: Final = re.compile(
    r"(?P<first>\d+)(?:-(?P<last>\d+))?\s+(?P<type>[NA])\s+(?P<presence>O|F|I)\s+(?P<use>=\S*|in:\w+|\w+)(?P<blank>\?)?"
    r"\s+(?P<name>\S+)(?:\s+(?P<label>.*?))?(?:\s+\[(?P<source>.*)\])?\s*"
)


class B2Record:
    """A declared record: ``name`` as the norm calls it (``4M``), ``letter`` in column ``letter_column`` when it has one.

    Raises ValueError for a declaration whose fields do not cover the 128 columns without gap or overlap.
    """

    def __init__(self, name: str, title: str, table: str, *, letter_column: int = 36) -> None:
        self.name = name
        self.title = title
        self.type = name if len(name) == 3 else name[0]
        self.letter = "" if len(name) in (1, 3) else name[1:]
        self.letter_column = letter_column
        self.fields = declared(name, table)
        _gapless(self)
        self._blank: list[str] = [
            None if field.required else field.filling  # type: ignore[misc]  # None: build finds it
            for field in self.fields
        ]
        named = [(index, field) for index, field in enumerate(self.fields) if _valued(field)]
        self._by_name = {field.name: field for _, field in named}
        if len(self._by_name) != len(named):
            raise ValueError(f"record {name}: a field name occurs twice")
        self._puts = {field.name: (index, putter(field)) for index, field in named}
        self._names = tuple(self._by_name)
        self._pattern: re.Pattern[str] | None = None
        self._valued: Callable[[Sequence[str]], dict[str, B2Value]] | None = None

    def __repr__(self) -> str:
        return f"B2Record({self.name!r}, {self.title!r})"

    def __getitem__(self, name: str) -> B2Field:
        """The field called *name*. Raises KeyError."""
        return self._by_name[name]

    def find(self, name: str) -> B2Field | None:
        """The field called *name*, None when there is none."""
        return self._by_name.get(name)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields that have values: not the type, not the letter, no blanks."""
        return self._names

    def build(self, values: Mapping[str, B2Given]) -> bytes:
        """The 128 characters of the record. Raises B2ValueError, also for a name it does not have and a value it misses."""
        pieces = self._blank[:]
        puts = self._puts
        for name, value in values.items():
            found = puts.get(name)
            if found is None:
                raise B2Error(f"record {self.name} has no field {name!r}")
            pieces[found[0]] = found[1](value)
        try:
            return "".join(pieces).encode("ascii")
        except TypeError:  # a piece that nobody gave, and that has no filling
            missing = next(field for field, piece in zip(self.fields, pieces, strict=True) if piece is None)
            raise missing.refuse("mandatory, and no value is given") from None

    def parse(self, raw: bytes) -> dict[str, B2Value]:
        """The values of a record of 128 bytes, whatever they are worth: the validator judges. Raises B2Error for a length."""
        if len(raw) != LENGTH:
            raise B2Error(f"a record of {len(raw)} bytes, not {LENGTH}")
        if self._pattern is None or self._valued is None:
            self._pattern = re.compile("".join(map(self._cut, self.fields)), re.DOTALL)
            self._valued = _values_of(list(self._by_name.values()))
        text = raw.decode("latin-1")
        found = self._pattern.fullmatch(text)
        if found is None:  # a number is not made of digits
            return {
                name: field.get(text[field.first - 1 : field.last]) for name, field in self._by_name.items()
            }
        return self._valued(found.groups())

    def _cut(self, field: B2Field) -> str:
        """The field in a regular expression, which cuts faster than slices do and looks for digits at once."""
        group = "({})" if field.name in self._by_name else "{}"
        digits = field.holds_digits and field.name in self._by_name
        return group.format(f"{'[0-9]' if digits else '.'}{{{field.width}}}")


@dataclass(frozen=True, slots=True)
class B2Row:
    """A record as it stands in a file: the ``number``-th, from 1, at ``offset`` bytes from the beginning of the file."""

    record: B2Record
    raw: bytes
    number: int = 0
    offset: int = 0

    @property
    def name(self) -> str:
        """``4M``."""
        return self.record.name

    @property
    def values(self) -> dict[str, B2Value]:
        """All values, read anew at each call."""
        return self.record.parse(self.raw)

    def __getitem__(self, name: str) -> B2Value:
        """The value of one field. Raises KeyError."""
        field = self.record[name]
        return field.get(self.text(name))

    def text(self, name: str) -> str:
        """The characters of one field as they stand. Raises KeyError."""
        field = self.record[name]
        return self.raw[field.first - 1 : field.last].decode("latin-1")

    def cents(self, name: str) -> int:
        """The amount or count in the field, 0 where there is no such field or no number in it."""
        field = self.record.find(name)
        if field is None:
            return 0
        digits = self.raw[field.first - 1 : field.last]
        return int(digits) if digits.isdigit() else 0

    def changed(self, **values: B2Given) -> "B2Row":
        """The same row with other values. Raises B2ValueError."""
        return B2Row(self.record, self.record.build({**self.values, **values}), self.number, self.offset)


def declared(name: str, table: str) -> tuple[B2Field, ...]:
    """The fields of a declaration. Raises ValueError with the line that is not one."""
    fields = []
    for line in table.strip().splitlines():
        if not line.strip():
            continue
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise ValueError(f"record {name}: {line.strip()!r} does not declare a field")
        use, codes, fixed = found["use"], "", None
        if use.startswith("="):
            use, fixed = "fixed", use[1:]
        elif use.startswith("in:"):
            use, codes = "code", use[3:]
            if codes not in CODE_LISTS:
                raise ValueError(f"record {name}: there is no list of codes {codes}")
        first = int(found["first"])
        fields.append(
            B2Field(
                name,
                first,
                int(found["last"] or first),
                found["type"] == "N",
                found["presence"],
                Use(use),
                found["name"],
                found["label"] or "Blanc",
                codes,
                fixed,
                found["blank"] is not None,
                found["source"] or "§1.2",
            )
        )
    return tuple(fields)


def _gapless(record: B2Record) -> None:
    column = 1
    for field in record.fields:
        if field.first != column or field.last < field.first:
            raise ValueError(f"record {record.name}: column {column} expected, {field.columns} declared")
        column = field.last + 1
    if column != LENGTH + 1:
        raise ValueError(f"record {record.name}: {column - 1} columns declared, not {LENGTH}")


def _valued(field: B2Field) -> bool:
    """Type and letter are what the record is, blanks hold nothing."""
    is_identity = field.name in ("type", "complement")
    return not is_identity and field.use is not Use.BLANK and field.name != "-"


def _values_of(fields: Sequence[B2Field]) -> Callable[[Sequence[str]], dict[str, B2Value]]:
    """What makes the values of a record of its pieces: one expression, written from the declaration as dataclasses write theirs.

    A loop over the fields costs three times as much, and a file has a hundred thousand records.
    """
    known: dict[str, object] = {}
    members = []
    for place, field in enumerate(fields):
        conversion = _conversion(field)
        if conversion is None:
            members.append(f"{field.name!r}: pieces[{place}]")
        elif conversion is str.rstrip:
            members.append(f"{field.name!r}: pieces[{place}].rstrip()")
        else:
            known[f"convert_{place}"] = conversion
            members.append(f"{field.name!r}: convert_{place}(pieces[{place}])")
    made: Callable[[Sequence[str]], dict[str, B2Value]] = eval(  # noqa: S307 - of declared names alone
        f"lambda pieces: {{{', '.join(members)}}}", {"__builtins__": {}, **known}
    )
    return made


def _conversion(field: B2Field) -> Callable[..., B2Value] | None:
    """What makes the value of the characters; None where they are the value."""
    if field.use in AS_INTEGER:
        return int
    if field.use in DECIMALS:
        return partial(scaled, places=field.places)
    return None if field.holds_digits else str.rstrip
