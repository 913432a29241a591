"""Rules about one record beyond its fields: a function for each record, by its name."""

from collections.abc import Callable, Iterator
from typing import Final

from bifente.codes.luhn import luhn_valid
from bifente.fse.b2.check.fields import about
from bifente.fse.b2.check.rules import B2Finding
from bifente.fse.b2.fields import day_of
from bifente.fse.b2.record import B2Row

WORK_ACCIDENT: Final = "41"


def _header(row: B2Row) -> Iterator[B2Finding]:
    yield from _accident(row)
    if (row.text("regime"), row.text("caisse")) == ("96", "196") and not row.text("centre").endswith("0"):
        centre = row.text("centre")
        yield about(row, row.record["centre"], centre, "centre-96", f"{centre!r} does not end with 0")


def _accident(row: B2Row) -> Iterator[B2Finding]:
    number, field = row.text("accident"), row.record["accident"]
    if not number.strip(" 0"):
        if row.text("nature_assurance") == WORK_ACCIDENT:
            why = "an accident du travail without its number or date"
            yield about(row, field, number, "accident-missing", why)
        return
    if not number.isdecimal():
        return  # said of the field itself
    if number.startswith("000"):
        if day_of(number[3:]) is None:
            yield about(
                row, field, number, "accident", f"{number[3:]!r} is not a day of the calendar (AAMMJJ)"
            )
    elif not luhn_valid(number):
        yield about(row, field, number, "accident-key", f"{number} does not end with a Luhn key")


def _ccam(row: B2Row) -> Iterator[B2Finding]:
    for group in ("modificateur_", "modificateur_oc_"):
        hole = None
        for name in (f"{group}{number}" for number in range(1, 5)):
            code = row.text(name)
            if code == " ":
                hole = hole or name
            elif hole is not None:
                why = f"modifier {code!r} stands after an empty one ({hole})"
                yield about(row, row.record[name], code, "modifiers", why)
                return


RECORD_RULES: Final[dict[str, Callable[[B2Row], Iterator[B2Finding]]]] = {"2": _header, "4M": _ccam}
