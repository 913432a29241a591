"""The declared records, by norm: which record a line is.

A record is added by its declaration in a module of this package and its name in :data:`RECORDS`.
"""

from collections.abc import Callable
from typing import Final

from bifente.fse.b2.fields import B2Given
from bifente.fse.b2.record import B2Record, B2Row
from bifente.fse.b2.records import acts, envelope, hospital, invoice, transport

RECORDS: Final[dict[str, list[B2Record]]] = {
    "PS": [*envelope.RECORDS, *invoice.PS, *acts.PS, *transport.RECORDS],
    "CP": [*envelope.RECORDS, *invoice.CP, *hospital.RECORDS, *acts.CP, *transport.RECORDS],
}
"""Norm (record 000, columns 62–65) → its records. PS: professionals; CP: establishments."""

OTHER_NORMS: Final = {"FR": "suppliers", "PH": "pharmacists", "LB": "laboratories", "TS": "transport"}
"""Norms that sources name and whose layouts are not public: recognised and named, and read as PS."""


def norm_of(text: str) -> str:
    """The norm by whose declarations a file is read that names *text* in record 000: CP for CP, PS for all others."""
    return "CP" if text.strip() == "CP" else "PS"


def find_record(norm: str, name: str) -> B2Record:
    """The record called *name* (``000``, ``4M``) in *norm* (PS or CP). Raises KeyError."""
    for record in RECORDS[norm]:
        if record.name == name:
            return record
    raise KeyError(f"norm {norm} has no record {name}")


def build_row(norm: str, name: str, **values: B2Given) -> B2Row:
    """The record *name* of *norm* with *values*. Raises B2ValueError, and KeyError for an unknown record."""
    record = find_record(norm, name)
    return B2Row(record, record.build(values))


def recogniser(norm: str) -> Callable[[bytes], B2Record | None]:
    """What says which record of *norm* 128 bytes are, by their type and their letter; None for none that is declared."""
    plain: dict[bytes, B2Record] = {}
    letters: dict[int, dict[int, dict[int, B2Record]]] = {}
    for record in RECORDS[norm]:
        kind = record.type.encode()
        if record.letter:
            columns = letters.setdefault(kind[0], {})
            columns.setdefault(record.letter_column - 1, {})[ord(record.letter)] = record
        else:
            plain[kind] = record
    # Column 36 first: where a letter stands there, column 39 may hold anything.
    by_column = {first: tuple(sorted(columns.items())) for first, columns in letters.items()}

    def recognised(raw: bytes) -> B2Record | None:
        for column, records in by_column.get(raw[0], ()):
            found = raw[column]
            if found in records:
                return records[found]
            if 0x41 <= found <= 0x5A:  # a continuation that nobody declared
                return None
        return plain.get(raw[:3]) or plain.get(raw[:1])

    return recognised


__all__ = ["OTHER_NORMS", "RECORDS", "build_row", "find_record", "norm_of", "recogniser"]
