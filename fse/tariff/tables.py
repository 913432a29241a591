"""The tables, and what of them holds on a day.

The shipped ones are CSV files beside this module; prices of the official CCAM base that a user has imported join them.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from bifente.documents import read_text
from bifente.fse.tariff import rows
from bifente.fse.tariff.daytables import DayTables
from bifente.fse.tariff.errors import TariffError
from bifente.fse.tariff.facts import Situation
from bifente.fse.tariff.rows import Origin, PlainRow, RuleParameter

MAKERS: Final[Mapping[str, Callable[[Mapping[str, str], Origin], Any]]] = {
    "ngap": rows.letter,
    "dom": rows.zone,
    "associations": rows.plain,
    "coefficients": rows.plain,
    "ccam": rows.ccam,
    "modifiers": rows.modifier,
    "association_codes": rows.plain,
    "rates": rows.rate,
    "parameters": rows.parameter,
    "situations": rows.plain,
    "exonerations": rows.plain,
    "pathway": rows.plain,
    "prestations": rows.plain,
    "regimes": rows.plain,
    "caisses": rows.plain,
    "specialities": rows.plain,
    "coverages": rows.plain,
    "pharmacy": rows.plain,
    "medicines": rows.plain,
    "dental_forfaits": rows.plain,
}
"""Table → what makes its rows. A file of its name lies in ``data/``."""

IMPORTED: Final = ("ccam", "modifiers")
"""The tables that an import adds to."""

MAX_TABLE: Final = 64 << 20
"""Bytes of an imported table that are read at most."""


class Tables:
    """Rows by table; immutable. ``on`` gives what holds on a day, the same object for all days between two changes."""

    def __init__(self, by_table: Mapping[str, Iterable[Any]]) -> None:
        self._rows = {name: tuple(by_table.get(name, ())) for name in MAKERS}
        days = {
            row.origin.first for one in self._rows.values() for row in one if row.origin.first is not None
        }
        days |= {
            row.origin.last + timedelta(days=1)
            for one in self._rows.values()
            for row in one
            if row.origin.last is not None
        }
        self._changes = sorted(days)
        self._coverages = {
            row["situation"].removeprefix(".."): Situation(row["means"])
            for row in self._rows["coverages"]
            if row["means"]
        }
        self.outdated: Mapping[tuple[str, Decimal], PlainRow] = {
            (row["code"], Decimal(row["coefficient"])): row
            for row in self._rows["coefficients"]
            if row["becomes"]
        }
        """Coefficients of acts that have become others, by letter and coefficient."""
        self._made: dict[int, DayTables] = {}

    @classmethod
    def shipped(cls) -> "Tables":
        """Those of the package."""
        return _shipped()

    def rows(self, table: str) -> tuple[Any, ...]:
        """The rows of one table, in the order of its file; TariffError for a table that there is not."""
        if table not in self._rows:
            raise TariffError(f"there is no table {table[:30]!r}", hint=f"there are {', '.join(self._rows)}")
        return self._rows[table]

    def names(self) -> tuple[str, ...]:
        """The tables there are."""
        return tuple(self._rows)

    def on(self, day: date) -> DayTables:
        """What holds on *day*."""
        place = bisect_right(self._changes, day)
        found = self._made.get(place)
        if found is None:
            held = {
                name: tuple(row for row in one if row.origin.holds(day)) for name, one in self._rows.items()
            }
            found = self._made[place] = DayTables(held)
        return found

    def with_parameter(self, name: str, value: str) -> "Tables":
        """The same tables with another value of a parameter on all days, as for the reading of a rule that is not
        settled; TariffError for one that there is not."""
        before = self._rows["parameters"]
        if not any(one.name == name for one in before):
            known = ", ".join(sorted({one.name for one in before}))
            raise TariffError(f"there is no parameter {name[:40]!r}", hint=f"there are {known}")
        changed = [
            replace(
                one, value=value, origin=replace(one.origin, source="changed by the caller", confidence="?")
            )
            if one.name == name
            else one
            for one in before
        ]
        made = Tables({**self._rows, "parameters": changed})
        made.check_parameters()
        return made

    def with_imports(self, folder: Path) -> "Tables":
        """With the tables that an import has left in *folder*; the same where there are none.

        An act that is imported is taken from there alone: official prices and those of press articles do not mix.
        Raises TariffError, DocumentError, OSError.
        """
        added: dict[str, list[Any]] = {}
        for name in IMPORTED:
            path = folder / f"{name}.csv"
            if path.is_file():
                added[name] = rows.read_rows(read_text(path, MAX_TABLE), path.name, MAKERS[name])
        if not added:
            return self
        codes = {name: {row.code for row in one} for name, one in added.items()}
        return Tables(
            {
                **self._rows,
                **{
                    name: [*(row for row in self._rows[name] if row.code not in codes[name]), *one]
                    for name, one in added.items()
                },
            }
        )

    def coverages(self) -> Mapping[str, Situation]:
        """What the second half of a *code situation* means (``synthetic``)."""
        return self._coverages

    def check_parameters(self) -> None:
        """Read all parameters on all days. Raises TariffError for a value that is none."""
        for day in [date(1900, 1, 1), *self._changes]:
            self.on(day)

    def parameters(self, name: str) -> list[RuleParameter]:
        """The values of one parameter over time."""
        return [one for one in self._rows["parameters"] if one.name == name]


@cache
def _shipped() -> Tables:
    folder = files("bifente.fse.tariff") / "data"
    return Tables(
        {
            name: rows.read_rows((folder / f"{name}.csv").read_text("utf-8"), f"{name}.csv", make)
            for name, make in MAKERS.items()
        }
    )
