"""``bifente fse b2``: B2 files of anybody, checked and shown in words."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.errors import ExitCode
from bifente.cli.options import JSON, PATH
from bifente.cli.visible import say, say_json, visible

if TYPE_CHECKING:
    from bifente.fse.b2.check import B2Finding
    from bifente.workbench.fse.b2files import RowInWords

_FILE = click.argument("file", metavar="FILE", type=PATH)

_HEAD = ("numero_ps", "nir", "cle_nir", "rang_beneficiaire", "numero_facture")
"""What every record of an invoice repeats from its record 2."""


@click.group(short_help="Check B2 files, and show them in words.")
def b2() -> None:
    """B2 files: what professionals and establishments send to the caisses (norms PS and CP).

    Files may have line ends or none, and be of other programs: what departs from the norm is named. The layouts are public
    descriptions of 2004 to 2007, for establishments with what they write today; there is no official copy to compare with.
    """


@b2.command("check", short_help="Check a B2 file by every public rule.")
@_FILE
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="Print at most N findings; the others are counted.",
)
@JSON
def check(file: Path, limit: int, as_json: bool) -> int:
    """Check a B2 file: record, byte, columns, rule and value of whatever is wrong, with the clause of the rule.

    Remarks leave the file valid; any other finding makes the exit code 3.

    \b
    bifente fse b2 check day.b2
    bifente fse b2 check day.b2 --json
    """
    from bifente.workbench.fse.b2files import as_plain, findings_of

    findings = findings_of(file)
    shown = list(islice(findings, limit))
    wrong = sum(not one.is_remark for one in shown)
    more = 0
    for one in findings:
        more += 1
        wrong += not one.is_remark
    valid = wrong == 0
    if as_json:
        say_json(
            {
                "file": str(file),
                "valid": valid,
                "findings": [as_plain(one) for one in shown],
                "not_printed": more,
            }
        )
    else:
        for one in shown:
            say(_line(one, file))
        if more:
            say(f"… and {more} more (--limit {limit + more} prints them)")
        what = "valid" if valid else f"{wrong} finding{'s' if wrong > 1 else ''}"
        say(f"{visible(str(file))}: {what}")
    return ExitCode.OK if valid else ExitCode.BAD_INPUT


def _line(finding: "B2Finding", file: Path) -> str:
    where = f"record {finding.number}" if finding.number else visible(str(file))
    if finding.record:
        where += f" ({finding.record})"
    if finding.number:
        where += f", byte {finding.offset}"
    if finding.columns:
        where += f", columns {finding.columns}"
    if finding.field:
        where += f" {finding.field}"
    value = f" [{finding.value}]" if finding.value else ""
    remark = "remark: " if finding.is_remark else ""
    return f"{where}: {remark}{finding.message}{value} ({finding.rule.name}, {finding.rule.clause})"


@b2.command("show", short_help="Show a B2 file in words.")
@_FILE
@click.option(
    "--all", "everything", is_flag=True, help="Empty and repeated fields too, each with its columns."
)
@JSON
def show(file: Path, everything: bool, as_json: bool) -> None:
    """Show a B2 file as a tree: file, lots, invoices, lines, and what their fields say.

    \b
    bifente fse b2 show day.b2
    bifente fse b2 show day.b2 --all
    bifente fse b2 show day.b2 --json
    """
    from bifente.workbench.fse.b2files import rows_in_words, tree_of

    if as_json:
        say_json({"file": str(file), **tree_of(file)})
        return
    for row in rows_in_words(file):
        _say_row(row, everything)


def _say_row(shown: "RowInWords", everything: bool) -> None:
    indent = "  " * shown.depth
    say(
        f"{indent}{shown.row.name}  {shown.row.record.title}  (record {shown.row.number}, byte {shown.row.offset})"
    )
    repeats = shown.depth > 2 or shown.row.name == "5"
    width = max(len(one.field.name) for one in shown.fields)
    for one in shown.fields:
        if not everything and (one.is_empty or (repeats and one.field.name in _HEAD)):
            continue
        columns = f"{one.field.columns:>8}  " if everything else ""
        text = one.text.rstrip(" ")
        line = f"{indent}    {columns}{one.field.name:<{width}}  {text}"
        if one.meaning and one.meaning != text:
            line += f"  {one.meaning}"
        say(line.rstrip())
