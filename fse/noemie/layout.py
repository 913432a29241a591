"""What an entity of NOEMIE looks like: its fields one after the other, each with what may stand in it.

An entity is a text of fixed fields: three digits of type, two of *niveau de rupture*, its own fields, and ``@`` at the end.
The header 000 and the trailer 999 have 128 characters, neither level nor delimiter. Texts stand left-aligned and filled with
blanks, numbers right-aligned and filled with zeros, amounts in cents without a sign (which is a field of its own), dates as
AAMMJJ (``spec/fse.md`` §1.1, §2.2).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import cached_property
from typing import Final

from bifente.fse.noemie.errors import EntityRefused

DELIMITER: Final = "@"
"""Ends an entity."""

_NO_DATE: Final = "000000"
_CENTURY: Final = 2000


class FieldShape(Enum):
    """How the characters of a field are meant."""

    TEXT = "text"
    NUMBER = "number"
    AMOUNT = "amount in cents"
    DATE = "date AAMMJJ"
    BIRTH = "date of birth AAMMJJ, which need not be in the calendar"


@dataclass(frozen=True, slots=True)
class EntityField:
    """One field: ``first`` counts characters from 1, as the published tables do; ``label`` is theirs, in French.

    ``numeric`` is the class N or A of the tables, ``mandatory`` their O or F. ``codes`` maps each value to its meaning and is
    empty when any value may stand there; ``fixed`` is the only value, or empty. ``blank`` says of a mandatory text that
    nothing may stand in it all the same.
    """

    name: str
    first: int
    length: int
    numeric: bool
    mandatory: bool
    label: str
    shape: FieldShape
    codes: Mapping[str, str]
    fixed: str
    blank: bool

    @property
    def last(self) -> int:
        """Its last character, counted from 1."""
        return self.first + self.length - 1

    def of(self, text: str) -> str:
        """The characters of this field in the text of an entity."""
        return text[self.first - 1 : self.last]

    def fill(self, value: "str | int | date") -> str:
        """The characters for *value*. Raises EntityRefused naming the field."""
        text = self._text(value)
        filled = text.rjust(self.length, "0") if self.numeric and text else text.ljust(self.length)
        if len(filled) > self.length:
            raise EntityRefused(
                f"{self.name}: {text[:40]!r} is longer than the {self.length} characters of {self.label!r}"
            )
        return filled

    def _text(self, value: "str | int | date") -> str:
        if isinstance(value, date):
            if not _CENTURY <= value.year < _CENTURY + 100:
                raise EntityRefused(f"{self.name}: the year {value.year} cannot be written with two digits")
            return f"{value:%y%m%d}"
        if isinstance(value, int):
            if value < 0:
                raise EntityRefused(f"{self.name}: {value} is negative; its sign is a field of its own")
            return str(value)
        if self.numeric and value and not (value.isascii() and value.isdigit()):
            raise EntityRefused(f"{self.name}: {value[:40]!r} is not a number")
        if not (value.isascii() and (value.isprintable() or not value)):
            raise EntityRefused(f"{self.name}: {value[:40]!r} is not written in printable ASCII characters")
        if DELIMITER in value and self.fixed != DELIMITER:
            raise EntityRefused(f"{self.name}: {value[:40]!r} contains {DELIMITER}, which ends an entity")
        return value

    @property
    def empty(self) -> str:
        """What stands in it when nothing is said: its fixed value, zeros or blanks."""
        return self.fixed or ("0" if self.numeric else " ") * self.length

    @property
    def form(self) -> str:
        """What may stand in it, as a regular expression; whether a date is one does not show in it."""
        blank = f" {{{self.length}}}"
        if self.fixed:
            return re.escape(self.fixed)
        if self.codes:
            forms = [re.escape(code.ljust(self.length)) for code in self.codes]
            if not self.mandatory or self.blank:
                forms.append(blank)
            return f"(?:{'|'.join(forms)})"
        if self.numeric:
            digits = f"[0-9]{{{self.length}}}"
            return digits if self.mandatory else f"(?:{digits}|{blank})"
        return f"{f'(?!{blank})' if self.mandatory and not self.blank else ''}[ -~]{{{self.length}}}"


@dataclass(frozen=True)
class EntityLayout:
    """The declaration of one entity. ``level`` is its *niveau de rupture* where the source fixes it, else empty."""

    number: str
    title: str
    level: str
    fields: tuple[EntityField, ...]

    @cached_property
    def length(self) -> int:
        """Characters of the whole entity, its delimiter among them."""
        return self.fields[-1].last

    @cached_property
    def by_name(self) -> Mapping[str, EntityField]:
        """The fields by their names."""
        return {field.name: field for field in self.fields}

    @cached_property
    def spans(self) -> Mapping[str, slice]:
        """Where the characters of each field stand in the text."""
        return {field.name: slice(field.first - 1, field.last) for field in self.fields}

    @cached_property
    def form(self) -> re.Pattern[str]:
        """What an entity without fault looks like, dates aside: almost all are, and need no look at each field."""
        return re.compile("".join(field.form for field in self.fields))

    @cached_property
    def dates(self) -> tuple[EntityField, ...]:
        """The fields that are dates of the calendar."""
        return tuple(field for field in self.fields if field.shape is FieldShape.DATE)

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {field.name: at for at, field in enumerate(self.fields)}

    @cached_property
    def _empty(self) -> tuple[str, ...]:
        return tuple(field.empty for field in self.fields)

    @property
    def delimited(self) -> bool:
        """It has a level and ends with ``@``: all but the header and the trailer."""
        return self.fields[-1].fixed == DELIMITER

    def build(self, **values: "str | int | date") -> "Entity":
        """The entity with *values*; a field that is not given is empty. Raises EntityRefused."""
        parts = list(self._empty)
        try:
            for name, value in values.items():
                at = self._places[name]
                parts[at] = self.fields[at].fill(value)
        except KeyError as error:
            raise EntityRefused(f"entity {self.number} has no field {error.args[0]}") from None
        except EntityRefused as error:
            raise EntityRefused(f"entity {self.number}: {error}") from None
        return Entity(self, "".join(parts))


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity as it stands in a file: its declaration and its characters, the delimiter among them.

    What is read from a file of others may be shorter or longer than declared: a missing field is empty.
    """

    layout: EntityLayout
    text: str

    @property
    def number(self) -> str:
        """Its type, three digits."""
        return self.layout.number

    @property
    def level(self) -> int:
        """Its *niveau de rupture*; 0 for the header, the trailer and what is not a number."""
        return self.integer("level") if self.layout.delimited else 0

    def value(self, name: str) -> str:
        """The characters of a field without the blanks that fill it."""
        return self.text[self.layout.spans[name]].rstrip(" ")

    def integer(self, name: str) -> int:
        """The number in a field; 0 when there is none."""
        text = self.value(name)
        return int(text) if text.isascii() and text.isdigit() else 0

    def signed(self, name: str, sign: str = "sign") -> int:
        """The amount in a field, in cents, with the sign that stands in the field *sign* (N: negative)."""
        return -self.integer(name) if self.value(sign) == "N" else self.integer(name)

    def day(self, name: str) -> date | None:
        """The date in a field, of the years 2000 to 2099; None for zeros, blanks and what is in no calendar."""
        return day_of(self.value(name))

    def values(self) -> dict[str, str]:
        """All fields but the delimiter."""
        return {
            field.name: self.value(field.name) for field in self.layout.fields if field.fixed != DELIMITER
        }


def day_of(text: str) -> date | None:
    """The date AAMMJJ, of the years 2000 to 2099; None when it is not one."""
    if len(text) != 6 or not (text.isascii() and text.isdigit()) or text == _NO_DATE:
        return None
    try:
        return date(_CENTURY + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        return None
