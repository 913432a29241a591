"""``bifente fse tables``: the dated tables of the tariff."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.errors import CliError
from bifente.cli.options import JSON, PATH, Day
from bifente.cli.visible import say, say_json

if TYPE_CHECKING:
    from bifente.workbench.tables import TableRow

TABLES = click.option(
    "--tables",
    "folder",
    metavar="DIR",
    type=PATH,
    help="Where imported tables lie.  [default: your data folder]",
)
_ON = click.option("--on", "day", metavar="DATE", type=Day(), help="Only what holds on this day.")


@click.group(short_help="Show, search, check and extend the dated tables of the tariff.")
def tables() -> None:
    """Show, search, check and extend the tables that acts are priced by.

    Each row has the days on which it holds, its source, and a confidence: S seen in the source named, 2 secondary, D
    derived, G general knowledge, ? doubtful, synthetic ours.
    """


@tables.command("show", short_help="Show the tables there are, or the rows of one.")
@click.argument("table", metavar="[TABLE]", required=False)
@_ON
@TABLES
@JSON
def show(table: str | None, day: datetime | None, folder: Path | None, as_json: bool) -> None:
    """Show the tables there are, or the rows of TABLE.

    \b
    bifente fse tables show
    bifente fse tables show parameters --on 2026-01-01
    """
    from bifente.workbench.tables import open_tables, summaries, table_rows

    opened = open_tables(folder)
    if table is not None:
        _print(table_rows(opened, table, day=None if day is None else day.date()), as_json)
        return
    found = summaries(opened)
    if as_json:
        say_json([{"table": one.name, "rows": one.rows, "confidence": one.confidences} for one in found])
        return
    for one in found:
        marks = ", ".join(f"{count} {mark}" for mark, count in one.confidences.items())
        say(f"{one.name:<18} {one.rows:>5} rows  {marks}")


@tables.command("search", short_help="Search the tables for a code or a word.")
@click.argument("word", metavar="WORD")
@_ON
@TABLES
@JSON
def search(word: str, day: datetime | None, folder: Path | None, as_json: bool) -> None:
    """Search all tables for WORD: rows of that code if there are any, else rows with a text that holds it.

    \b
    bifente fse tables search G
    bifente fse tables search AMI --on 2026-01-01 --json
    """
    from bifente.workbench.tables import open_tables, table_rows

    rows = table_rows(open_tables(folder), word=word, day=None if day is None else day.date())
    if not rows and not as_json:
        raise CliError(f"no table has {word!r}" + (f" on {day:%Y-%m-%d}" if day is not None else ""))
    _print(rows, as_json)


@tables.command("check", short_help="Look for gaps, overlaps and unknown codes.")
@TABLES
@JSON
def check(folder: Path | None, as_json: bool) -> None:
    """Look for prices that stop and go on later, for two prices on one day, and for codes that no table has.

    \b
    bifente fse tables check
    """
    from bifente.workbench.tables import check_tables, open_tables

    findings = check_tables(open_tables(folder))
    if as_json:
        say_json(
            [
                {
                    "kind": one.kind.value,
                    "table": one.table,
                    "line": one.line,
                    "code": one.code,
                    "what": one.words,
                }
                for one in findings
            ]
        )
    else:
        for one in findings:
            say(f"{one.table}.csv:{one.line}: {one.kind.value}: {one.code}: {one.words}")
    if findings:
        raise CliError(f"{len(findings)} finding{'s' if len(findings) > 1 else ''} in the tables")
    if not as_json:
        say("no gaps, no overlaps, no unknown codes")


@tables.command("import-ccam", short_help="Take the official CCAM base in.")
@click.argument("archives", metavar="ZIP...", nargs=-1, required=True, type=PATH)
@TABLES
@JSON
def import_base(archives: tuple[Path, ...], folder: Path | None, as_json: bool) -> None:
    """Take the prices and modifiers of the official CCAM base in: the zips of DBF tables that ameli.fr publishes.

    The base comes in three zips; give all of them. Its acts are then priced by it alone, each by its date of care; acts
    that it does not have keep the shipped prices. An import before is replaced.

    \b
    bifente fse tables import-ccam ~/Downloads/CCAM08400_DBF_PART1.zip ~/Downloads/CCAM08400_DBF_PART2.zip …
    """
    from bifente.cli.progress import progress
    from bifente.workbench.tables import import_ccam_base

    with progress("CCAM tables") as told:
        made, where = import_ccam_base(archives, folder, told)
    if as_json:
        say_json(
            {
                "folder": str(where),
                "acts": made.acts,
                "prices": len(made.ccam),
                "without_price": made.without_price,
                "modifiers": len(made.modifiers),
            }
        )
        return
    say(
        f"{where}: {made.acts} acts with {len(made.ccam)} prices, {len(made.modifiers)} values of modifiers; "
        f"{made.without_price} phases without a price"
    )


def _print(rows: "list[TableRow]", as_json: bool) -> None:
    if as_json:
        say_json(
            [
                {
                    "table": row.table,
                    **row.cells,
                    "from": None if row.origin.first is None else row.origin.first.isoformat(),
                    "to": None if row.origin.last is None else row.origin.last.isoformat(),
                    "source": row.origin.source,
                    "confidence": row.origin.confidence,
                    "note": row.origin.note,
                    "line": row.origin.line,
                }
                for row in rows
            ]
        )
        return
    for row in rows:
        cells = "  ".join(f"{name} {value}" for name, value in row.cells.items())
        say(f"{row.table}: {cells}")
        period = f"{row.origin.first or '…'} to {row.origin.last or '…'}"
        note = f"; {row.origin.note}" if row.origin.note else ""
        say(f"    {period}  [{row.origin.confidence}] {row.origin.source}{note}")
