"""The options by which a command is told what a sheet bills, and the printing of what was made."""

import functools
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from bifente.cli.options import PATH, Day
from bifente.cli.visible import say, say_json

if TYPE_CHECKING:
    from bifente.workbench.sheets.making import MadeSheet
    from bifente.workbench.sheets.written import WrittenSheet

READERS = click.option(
    "--reader",
    "readers",
    multiple=True,
    metavar="NAME",
    help="A PC/SC reader that holds a card: its name, a part of it, or its number. Repeatable; which card is where is found out.",
)
VITALE = click.option("--vitale", metavar="X.card", type=PATH, help="The patient's card.")
OUT = click.option(
    "-o", "--out", "output", required=True, metavar="FILE", type=PATH, help="The file to make (mode 600)."
)
ACCEPT = click.option(
    "--accept", is_flag=True, help="Make the sheet whatever the rights are; it says so to the caisse."
)
TABLES = click.option(
    "--tables",
    metavar="DIR",
    type=PATH,
    help="Where imported tables of the tariff lie.  [default: your data folder]",
)
UNPRICED = click.option(
    "--no-tariff", "unpriced", is_flag=True, help="Do not ask the tariff: each act has its fee, and no price."
)


def cps_option(meaning: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """``--cps X.card``."""
    return click.option("--cps", metavar="X.card", type=PATH, help=meaning)


_OPTIONS = (
    click.option(
        "--act",
        "acts",
        multiple=True,
        metavar="ACT",
        help="An act: G, 'AMI 4', 'G fee=45.00 qualifier=D', 2xAMK*7.5+F, HBLD138. Repeatable.",
    ),
    click.option(
        "--from",
        "source",
        metavar="FILE",
        type=PATH,
        help="Acts and all the rest, as YAML or JSON (docs/sheet.md).",
    ),
    click.option(
        "--number",
        type=click.IntRange(1, 999_999_999),
        metavar="N",
        help="The number of the sheet.  [default: 1]",
    ),
    click.option("--date", "day", metavar="DATE", type=Day(), help="The day of care.  [default: today]"),
    click.option(
        "--beneficiary",
        type=click.IntRange(1, 19),
        metavar="N",
        help="The bénéficiaire, in card order.  [default: 1]",
    ),
    click.option(
        "--situation",
        type=click.IntRange(0, 255),
        metavar="N",
        help="The situation de facturation.  [default: the first]",
    ),
    click.option(
        "--pathway",
        metavar="LETTER",
        help="Parcours de soins: T médecin traitant, O orienté, S hors coordination …",
    ),
    click.option(
        "--nature",
        type=click.Choice(["10", "13", "30", "41", "90"]),
        help="Nature d'assurance: 10 maladie, 13 régime local, 30 maternité, 41 AT/MP, 90 prévention.",
    ),
    click.option(
        "--exoneration",
        metavar="CODE",
        help="Exonération du ticket modérateur: 3 soins particuliers, 4 ALD …",
    ),
    click.option("--prescriber", metavar="NUMBER", help="The prescriber's number of nine digits."),
    click.option("--prescribed", metavar="DATE", type=Day(), help="The day of the prescription."),
    click.option("--accident", metavar="DATE", type=Day(), help="The day of an accident."),
    click.option("--accident-number", metavar="DIGITS", help="The number of the accident du travail."),
    click.option("--maternity", metavar="DATE", type=Day(), help="The date of maternity."),
    click.option("--amo", is_flag=True, help="Tiers payant of the assurance maladie."),
    click.option(
        "--amc",
        metavar="vitale|NUMBER",
        help="Tiers payant of the complementary: the one on the card, or its number.",
    ),
)


def written_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say what is billed; it receives ``written: WrittenSheet``."""

    @functools.wraps(function)
    def command(**options: object) -> None:
        given = {name: options.pop(name) for name in _NAMES}
        function(written=_written(given), **options)

    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_NAMES = (
    "acts",
    "source",
    "number",
    "day",
    "beneficiary",
    "situation",
    "pathway",
    "nature",
    "exoneration",
    "prescriber",
    "prescribed",
    "accident",
    "accident_number",
    "maternity",
    "amo",
    "amc",
)


def _written(given: dict[str, object]) -> "WrittenSheet":
    """What the file says, with what the options say in its place."""
    from bifente.workbench.sheets.written import options_over, read_written

    def day(name: str) -> str | None:
        value = cast("datetime | None", given[name])
        return None if value is None else value.date().isoformat()

    if given["prescribed"] is not None and given["prescriber"] is None:
        raise click.UsageError("--prescribed needs --prescriber")
    if given["accident_number"] is not None and given["accident"] is None:
        raise click.UsageError("--accident-number needs --accident")
    source = cast("Path | None", given["source"])
    return options_over(
        None if source is None else read_written(source),
        acts=cast("tuple[str, ...]", given["acts"]),
        plain={
            name: cast("str | int | None", given[name])
            for name in ("number", "beneficiary", "situation", "pathway", "nature", "exoneration")
        }
        | {"date": day("day"), "maternity": day("maternity")},
        prescriber=(cast("str | None", given["prescriber"]), day("prescribed")),
        accident=(day("accident"), cast("str | None", given["accident_number"])),
        amo=bool(given["amo"]),
        amc=cast("str | None", given["amc"]),
    )


def say_made(made: "MadeSheet", output: Path, what: str, *, as_json: bool) -> None:
    """Say what was made and left in *output*."""
    from bifente.cli.sheet.verify import facts, told
    from bifente.cli.sheet.words import amounts, sheet_facts

    if as_json:
        verified = {} if made.verdict is None else facts(made.verdict)
        say_json(
            {
                "file": str(output),
                "bytes": len(made.content),
                "notes": list(made.notes),
                **sheet_facts(made.sheet),
                **verified,
            }
        )
        return
    say(f"{output}: {what}")
    for line in (*amounts(made.sheet), *(f"note: {note}" for note in made.notes)):
        say(line)
    for line in told(made.verdict) if made.verdict is not None else ():
        say(line)
