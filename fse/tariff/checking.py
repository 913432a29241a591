"""What can be wrong with dated tables: a price that stops and goes on later, two prices on one day, a code of nowhere."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from itertools import pairwise
from typing import Any, Final

from bifente.fse.tariff.rows import Origin
from bifente.fse.tariff.tables import Tables

FAMILIES: Final = frozenset({"CCAM", "NGAP", "LPP"})
"""What an association may name in the place of a code."""


class TableFault(Enum):
    """What was found."""

    GAP = "gap"
    OVERLAP = "overlap"
    UNKNOWN = "unknown code"


@dataclass(frozen=True, slots=True)
class TableFinding:
    """One thing that was found, in a table at a line, about a code."""

    kind: TableFault
    table: str
    line: int
    code: str
    words: str


def check(tables: Tables) -> list[TableFinding]:
    """All findings, table by table."""
    return [*_periods(tables), *_unknown(tables)]


def _keys(table: str, row: Any) -> Iterator[tuple[Any, ...]]:
    """What a row gives a price or a meaning to: two rows with one key must not hold on one day."""
    match table:
        case "ngap":
            for speciality in sorted(row.specialities) or (None,):
                yield row.code, speciality
        case "dom":
            yield row.code, row.zone
        case "ccam":
            for grid in sorted(row.grids) or ("",):
                yield row.code, row.activity, row.phase, grid
        case "modifiers":
            yield row.code, row.grid
        case "rates":
            for code in sorted(row.codes) or (None,):
                for speciality in sorted(row.specialities) or (None,):
                    yield code, speciality
        case "parameters":
            yield (row.name,)
        case "caisses":
            yield row["regime"], row["code"]
        case "coefficients":
            yield row["code"], row["coefficient"]
        case "prestations":
            yield row["code"], row["nature"]
        case _:
            yield (next(iter(row.values.values())),)


def _periods(tables: Tables) -> Iterator[TableFinding]:
    for table in tables.names():
        by_key: dict[tuple[Any, ...], list[Any]] = {}
        for row in tables.rows(table):
            for key in _keys(table, row):
                by_key.setdefault(key, []).append(row)
        said: set[tuple[TableFault, int, int]] = set()
        for key, rows in by_key.items():
            for kind, one, words in _between(rows):
                what = (kind, one[0].line, one[1].line)
                if what not in said:
                    said.add(what)
                    name = " ".join(str(part) for part in key if part not in (None, ""))
                    yield TableFinding(kind, table, one[1].line, name, words)


def _between(rows: Iterable[Any]) -> Iterator[tuple[TableFault, tuple[Origin, Origin], str]]:
    ordered = sorted((row.origin for row in rows), key=lambda one: (one.first or date.min, one.line))
    for before, after in pairwise(ordered):
        if before.last is None or (after.first or date.min) <= before.last:
            if _same(rows, before, after):
                continue
            first = after.first or date.min
            yield (
                TableFault.OVERLAP,
                (before, after),
                f"lines {before.line} and {after.line} both hold "
                + (f"from {first}" if after.first else "on all days"),
            )
        elif after.first is not None and after.first > before.last + timedelta(days=1):
            yield (
                TableFault.GAP,
                (before, after),
                f"nothing between {before.last} (line {before.line}) and {after.first} (line {after.line})",
            )


def _same(rows: Iterable[Any], before: Origin, after: Origin) -> bool:
    """Whether two rows of one key say the same of it: a source may have it twice."""
    one, other = (next(row for row in rows if row.origin is origin) for origin in (before, after))
    price = ("unit", "coefficient", "flat", "rate", "value")
    return all(getattr(one, name, None) == getattr(other, name, None) for name in price) and any(
        hasattr(one, name) for name in price
    )


def _unknown(tables: Tables) -> Iterator[TableFinding]:
    letters = {row.code for row in tables.rows("ngap")}
    known = letters | {row["code"] for row in tables.rows("prestations")} | FAMILIES
    for row in tables.rows("associations"):
        for code in [row["code"], *row["follows"].split()]:
            if code not in known:
                yield TableFinding(
                    TableFault.UNKNOWN, "associations", row.origin.line, code, "no table has it"
                )
    for row in tables.rows("dom"):
        if row.code not in letters:
            yield TableFinding(
                TableFault.UNKNOWN, "dom", row.origin.line, row.code, "the NGAP table has no such letter"
            )
    acts = {row.code for row in tables.rows("ccam")}
    for row in tables.rows("dental_forfaits"):
        if row["support"] not in acts:
            yield TableFinding(
                TableFault.UNKNOWN, "dental_forfaits", row.origin.line, row["support"], "no CCAM row"
            )
    natures = {row["code"] for row in tables.rows("pharmacy")}
    for row in tables.rows("medicines"):
        if row["nature"] not in natures:
            yield TableFinding(
                TableFault.UNKNOWN, "medicines", row.origin.line, row["nature"], "no such nature"
            )
    regimes = {row["code"] for row in tables.rows("regimes")}
    for row in tables.rows("caisses"):
        if row["regime"] not in regimes:
            yield TableFinding(
                TableFault.UNKNOWN, "caisses", row.origin.line, row["regime"], "no such régime"
            )
