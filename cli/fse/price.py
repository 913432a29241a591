"""``bifente fse price``: what acts cost and who pays it, each amount explained; files of cases."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.errors import CliError
from bifente.cli.fse.tables import TABLES
from bifente.cli.options import JSON, PATH, Day
from bifente.cli.visible import say, say_json

if TYPE_CHECKING:
    from bifente.fse.tariff.cases import CaseResult
    from bifente.workbench.pricing import Quote


@click.command(short_help="Price acts and explain each amount; run files of cases.")
@click.option(
    "--act",
    "acts",
    multiple=True,
    metavar="ACT",
    help="An act: G, G=45.00, AMI*1.5, 2xAMK*7.5+F, DEQP003, a CIP13. Repeatable.",
)
@click.option("--case", "case", metavar="FILE.json", type=PATH, help="Run the cases of this file instead.")
@click.option("--on", "day", metavar="DATE", type=Day(), help="The day of care.  [default: today]")
@click.option(
    "--speciality", type=click.IntRange(1, 99), metavar="N", help="The code spécialité: 1 médecine générale."
)
@click.option("--ips", "pathway", default="", metavar="LETTER", help="Parcours de soins: T, O, S …")
@click.option(
    "--exo", "exoneration", default="0", type=click.Choice(list("0345679")), help="Exonération of the sheet."
)
@click.option(
    "--nature",
    default="10",
    type=click.Choice(["10", "13", "30", "41", "90"]),
    help="Nature d'assurance: 10 maladie, 30 maternité, 41 AT/MP.",
)
@click.option("--regime", default="01", metavar="NN", help="The régime.  [default: 01]")
@click.option(
    "--zone",
    default="",
    type=click.Choice(["", "antilles", "guyane-reunion", "mayotte"]),
    help="Prices of a DOM.",
)
@click.option("--age", type=click.IntRange(0, 130), metavar="YEARS", help="The age of the patient.")
@click.option(
    "--situation",
    "situations",
    multiple=True,
    type=click.Choice(["C2S", "AME", "ASPA", "RLAM", "RENTE-AT", "EXONERATED", "DETAINEE"]),
    help="A situation of the patient. Repeatable.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another value of a parameter: pathway.reading=uncapped. Repeatable.",
)
@TABLES
@JSON
def price(
    acts: tuple[str, ...],
    case: Path | None,
    day: datetime | None,
    speciality: int | None,
    pathway: str,
    exoneration: str,
    nature: str,
    regime: str,
    zone: str,
    age: int | None,
    situations: tuple[str, ...],
    settings: tuple[str, ...],
    folder: Path | None,
    as_json: bool,
) -> None:
    """Price acts by the tables of the day of care, and say of each amount which rule and which row it comes from.

    With --case, price the cases of a file and print what differs: objects with id, kind, input and expected. The
    command fails when one differs or is not understood. [?] marks what public sources do not settle.

    \b
    bifente fse price --act G --on 2026-01-05 --ips T
    bifente fse price --act G --on 2026-01-05 --ips S --set pathway.reading=uncapped
    bifente fse price --case cases.json --json
    """
    from bifente.workbench.pricing import quote, run_cases
    from bifente.workbench.tables import open_tables

    if (case is None) == (not acts):
        raise click.UsageError("give acts (--act), or a file of cases (--case)")
    opened = open_tables(folder, settings)
    if case is not None:
        _report(run_cases(case, opened), as_json)
        return
    asked = quote(
        acts,
        opened,
        day=(day or datetime.now()).date(),
        speciality=speciality,
        pathway=pathway,
        exoneration=exoneration,
        nature=nature,
        regime=regime,
        zone=zone,
        age=age,
        situations=situations,
    )
    if as_json:
        say_json(_facts(asked))
    else:
        _print(asked)


def _report(results: "list[CaseResult]", as_json: bool) -> None:
    failed = [one for one in results if not one.passed]
    if as_json:
        say_json(
            {
                "passed": len(results) - len(failed),
                "failed": len(failed),
                "cases": [
                    {
                        "id": one.id,
                        "kind": one.kind,
                        "passed": one.passed,
                        "differences": [
                            {"key": each.key, "expected": each.expected, "found": each.found}
                            for each in one.differences
                        ],
                        "problems": list(one.problems),
                    }
                    for one in results
                ],
            }
        )
    else:
        for one in failed:
            for each in one.differences:
                say(f"{one.id}: {each.key}: expected {each.expected}, found {each.found}")
            for problem in one.problems:
                say(f"{one.id}: {problem}")
        say(f"{len(results) - len(failed)} of {len(results)} cases as expected")
    if failed:
        raise CliError(f"{len(failed)} of {len(results)} cases differ or were not understood")


def _facts(asked: "Quote") -> dict[str, object]:
    return {
        "lines": [
            {
                "code": line.code,
                "date": line.date.isoformat(),
                **one._asdict(),
                "rest": one.rest,
                "explanation": [str(step) for step in asked.steps if step.line == place],
            }
            for place, (line, one) in enumerate(zip(asked.facts.lines, asked.amounts, strict=True))
        ],
        "deductions": [
            {"line": one.line, "code": one.code, "amount": one.amount, "words": one.words}
            for one in asked.deductions
        ],
        "refunded": asked.refunded,
        "notes": list(asked.notes),
    }


def _print(asked: "Quote") -> None:
    for place, (line, one) in enumerate(zip(asked.facts.lines, asked.amounts, strict=True)):
        say(
            f"{line.code} of {line.date}: base {_euros(one.base)}, {one.rate} %, assurance maladie {_euros(one.amo)}, "
            f"complementary {_euros(one.amc)}, patient {_euros(one.rest)}"
        )
        for step in asked.steps:
            if step.line == place:
                say(f"    {step}")
    for kept in asked.deductions:
        what = "participation forfaitaire" if kept.code == "PF" else "franchise"
        say(f"kept back at payment: {what} {_euros(kept.amount)} ({kept.words})")
    say(f"paid by the caisse: {_euros(asked.refunded)}")
    for note in asked.notes:
        say(f"note: {note}")


def _euros(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"
