"""The tables of the tariff as a person works with them: shown, searched, checked, added to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.fse.tariff.ccamimport import CcamImport, Told
    from bifente.fse.tariff.checking import TableFinding
    from bifente.fse.tariff.rows import Origin
    from bifente.fse.tariff.tables import Tables


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row as it is shown: its table, its cells by column, and its origin."""

    table: str
    cells: dict[str, str]
    origin: "Origin"


@dataclass(frozen=True, slots=True)
class TableSummary:
    """A table in one line: how many rows, how many of them with each confidence."""

    name: str
    rows: int
    confidences: dict[str, int]


def tables_folder() -> Path:
    """Where imported tables lie when nobody names another folder."""
    from platformdirs import user_data_path

    return user_data_path("bifente") / "tables"


def open_tables(folder: Path | None = None, settings: Sequence[str] = ()) -> "Tables":
    """The shipped tables with what was imported, and with parameters changed as ``name=value``.

    Raises WorkbenchError for a setting that is none, TariffError, DocumentError, OSError.
    """
    from bifente.fse.tariff.tables import IMPORTED

    where = folder or tables_folder()
    files = [path.stat() for name in IMPORTED if (path := where / f"{name}.csv").is_file()]
    tables = _opened(where, tuple((one.st_ino, one.st_mtime_ns, one.st_size) for one in files))
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise WorkbenchError(f"{setting[:40]!r}: NAME=VALUE was expected", "usage")
        tables = tables.with_parameter(name, value)
    return tables


@lru_cache(maxsize=4)
def _opened(folder: Path, stamps: tuple[tuple[int, int, int], ...]) -> "Tables":  # noqa: ARG001 - what makes it new
    from bifente.fse.tariff.tables import Tables

    return Tables.shipped().with_imports(folder)


def summaries(tables: "Tables") -> list[TableSummary]:
    """Each table in a line."""
    from bifente.fse.tariff.tables import MAKERS

    found = []
    for name in MAKERS:
        counted: dict[str, int] = {}
        rows = tables.rows(name)
        for row in rows:
            counted[row.origin.confidence] = counted.get(row.origin.confidence, 0) + 1
        found.append(TableSummary(name, len(rows), counted))
    return found


def table_rows(
    tables: "Tables", table: str | None = None, *, day: date | None = None, word: str = ""
) -> list[TableRow]:
    """The rows of one table or of all: on a day, or all there ever were, of which a cell holds *word*.

    A code that *word* is stands before texts that hold it. Raises TariffError for a table that there is not.
    """
    from bifente.fse.tariff.tables import MAKERS

    wanted = word.casefold()
    exact: list[TableRow] = []
    others: list[TableRow] = []
    for name in [table] if table else list(MAKERS):
        for row in tables.rows(name):
            if day is not None and not row.origin.holds(day):
                continue
            cells = cells_of(row)
            if wanted and not any(wanted in cell.casefold() for cell in cells.values()):
                continue
            shown = TableRow(name, cells, row.origin)
            (exact if wanted and wanted in {cell.casefold() for cell in cells.values()} else others).append(
                shown
            )
    return exact or others


def cells_of(row: Any) -> dict[str, str]:
    """The cells of a row of any table by column, empty ones left out, amounts in euros."""
    from decimal import Decimal

    from bifente.fse.tariff.money import euros
    from bifente.fse.tariff.rows import EVERY_DAY, PlainRow

    if isinstance(row, PlainRow):
        return {
            name: _euros(name, value) for name, value in row.values.items() if value and name not in EVERY_DAY
        }
    cells: dict[str, str] = {}
    for name in row.__slots__:
        value = getattr(row, name)
        if name == "origin" or not (value or (value == 0 and value is not False)):
            continue
        if isinstance(value, frozenset):
            cells[name] = " ".join(map(str, sorted(value)))
        elif isinstance(value, bool):
            cells[name] = "yes"
        elif isinstance(value, Decimal):
            cells[name] = f"{value:f}"
        elif name in ("unit", "night", "holiday", "flat"):
            cells[name] = euros(value)
        else:
            cells[name] = str(value)
    return cells


def _euros(name: str, value: str) -> str:
    from bifente.fse.tariff.money import euros

    return euros(int(value)) if name in ("amount", "price", "support_charged") else value


def import_ccam_base(
    archives: Sequence[Path], folder: Path | None = None, told: "Told | None" = None
) -> "tuple[CcamImport, Path]":
    """Take the official CCAM base in; what was made, and where. Raises TariffError, DocumentError, OSError."""
    from bifente.fse.tariff.ccamimport import import_ccam

    where = folder or tables_folder()
    return import_ccam(archives, where, told), where


def check_tables(tables: "Tables") -> "list[TableFinding]":
    """Gaps, overlaps and codes that no table knows."""
    from bifente.fse.tariff.checking import check

    return check(tables)
