"""Records in words: each field with its name, what stands there, and what that means."""

from dataclasses import dataclass
from typing import Final

from bifente.fse.b2.fields import AS_INTEGER, DECIMALS, B2Field, B2Value, Use, day_of
from bifente.fse.b2.record import B2Row


@dataclass(frozen=True, slots=True)
class FieldInWords:
    """A field of a record: ``text`` as it stands, ``value`` read, ``meaning`` in words (empty when the value says it all)."""

    field: B2Field
    text: str
    value: B2Value
    meaning: str

    @property
    def is_empty(self) -> bool:
        """Spaces or zeros."""
        return not self.text.strip(" 0")


DEPTHS: Final = {"000": 0, "999": 0, "1": 1, "6": 1, "2": 2, "5": 2, "3": 3, "4": 3}
"""Type of a record → how deep it lies in the tree of a file; a continuation lies one deeper than its record."""


def depth(row: B2Row) -> int:
    """How deep a record lies in the tree: file 0, lot 1, invoice 2, line 3."""
    return DEPTHS[row.record.type] + bool(row.record.letter)


def fields_in_words(row: B2Row) -> list[FieldInWords]:
    """All fields with a value, in the order of their columns."""
    found = []
    for name in row.record.names:
        field, text = row.record[name], row.text(name)
        found.append(FieldInWords(field, text, field.get(text), meaning(field, text)))
    return found


def meaning(field: B2Field, text: str) -> str:
    """What the characters *text* mean in *field*: an amount, a day, the label of a code; empty when there is nothing to say."""
    if field.codes:
        return field.labels.get(text.strip(" "), "")
    if field.use in AS_INTEGER or field.use in DECIMALS:
        return _number(field, text)
    if field.use is Use.DAY:
        day = day_of(text)
        return day.isoformat() if day is not None else ""
    if field.use is Use.BIRTH and text.strip(" 0"):
        return f"{text[4:6]}/{text[2:4]}/{text[:2]}"
    if field.use is Use.HOUR and text.isdecimal():
        return f"{text} h"
    if field.use is Use.MINUTE and text.isdecimal():
        return f"{text[:2]}:{text[2:]}"
    return ""


def _number(field: B2Field, text: str) -> str:
    value = field.get(text)
    if isinstance(value, str):
        return ""
    if field.use is Use.CENTS:
        return f"{int(value) // 100}.{int(value) % 100:02d} €"
    if field.use is Use.RATE:
        return f"{value} %"
    return str(value)
