"""``bifente fse noemie``: NOEMIE files of anybody, checked and shown in words."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.errors import ExitCode
from bifente.cli.options import JSON, PATH
from bifente.cli.visible import say, say_json, visible

if TYPE_CHECKING:
    from bifente.fse.noemie import NoemieFinding
    from bifente.workbench.noemiefiles import ShownEntity

_FILE = click.argument("file", metavar="FILE", type=PATH)


@click.group(short_help="Check NOEMIE files, and show them in words.")
def noemie() -> None:
    """NOEMIE files: what a caisse answers, payments, rejects and signalements (RSP).

    Files may be compressed with gzip, have line ends or none, and be of other programs. The layout is a public description; what it
    leaves open (levels, order, what is counted) is our reading, and findings that rest on it say so.
    """


@noemie.command("check", short_help="Check a NOEMIE file: structure, fields, totals.")
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
    """Check a NOEMIE file: entity, block, byte, field, rule and value of whatever is wrong; then the exit code is 3.

    \b
    bifente fse noemie check return.noemie
    bifente fse noemie check return.noemie --json
    """
    from bifente.workbench.noemiefiles import is_reading, noemie_finding_values, noemie_findings

    findings = noemie_findings(file)
    shown = list(islice(findings, limit))
    readings = sum(map(is_reading, shown))
    more = 0
    for one in findings:
        more += 1
        readings += is_reading(one)
    count = len(shown) + more
    if as_json:
        told = [noemie_finding_values(one) for one in shown]
        say_json({"file": str(file), "valid": not count, "findings": told, "not_printed": more})
    else:
        for one in shown:
            say(one.line())
        if more:
            say(f"… and {more} more (--limit {count} prints them)")
        what = f"{count} finding{'s' if count > 1 else ''}" if count else "valid"
        if readings:
            what += f", {readings} of them by our reading of what is not public"
        say(f"{visible(str(file))}: {what}")
    return ExitCode.BAD_INPUT if count else ExitCode.OK


@noemie.command("show", short_help="Show a NOEMIE file in words.")
@_FILE
@click.option("--all", "everything", is_flag=True, help="Empty fields too.")
@JSON
def show(file: Path, everything: bool, as_json: bool) -> None:
    """Show a NOEMIE file as a tree: who is paid, lots, invoices, and what was decided.

    What cannot be read on the way is said on stderr; "check" judges the fields and the totals too.

    \b
    bifente fse noemie show return.noemie
    bifente fse noemie show return.noemie --all
    bifente fse noemie show return.noemie --json
    """
    from bifente.workbench.noemiefiles import (
        ShownEntity,
        noemie_entity_values,
        noemie_finding_values,
        noemie_in_words,
    )

    if as_json:
        found = list(noemie_in_words(file))
        say_json(
            {
                "file": str(file),
                "entities": [noemie_entity_values(one) for one in found if isinstance(one, ShownEntity)],
                "findings": [noemie_finding_values(one) for one in found if not isinstance(one, ShownEntity)],
            }
        )
        return
    for one in noemie_in_words(file):
        if isinstance(one, ShownEntity):
            _say_entity(one, everything)
        else:
            _say_finding(one)


def _say_finding(finding: "NoemieFinding") -> None:
    say(finding.line(), err=True)


def _say_entity(shown: "ShownEntity", everything: bool) -> None:
    indent = "  " * shown.depth
    level = f", level {shown.entity.value('level')}" if shown.entity.layout.delimited else ""
    place = f"(block {shown.place.block}, byte {shown.place.byte}{level})"
    say(f"{indent}{shown.entity.number}  {shown.entity.layout.title}  {place}")
    told = [one for one in shown.fields if everything or not one.is_empty]
    width = max((len(one.field.label) for one in told), default=0)
    for one in told:
        meaning = f"  {one.meaning}" if one.meaning else ""
        say(f"{indent}    {one.field.label:<{width}}  {one.text}{meaning}".rstrip())
