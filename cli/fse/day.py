"""``bifente fse day``: a surgery's whole day, from the first consultation to the last payment."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.options import JSON, PATH, Day, igc_option
from bifente.cli.progress import progress
from bifente.cli.visible import say, say_json, visible

if TYPE_CHECKING:
    from bifente.workbench.day.simulation import DayReport


@click.command("day", short_help="A surgery's whole day, from the first consultation to the last payment.")
@click.option(
    "-o",
    "--out",
    "output",
    metavar="DIR",
    type=PATH,
    help="A folder, new or empty, for stores, mails and the picture day.svg.  [default: none is kept]",
)
@click.option(
    "--patients",
    type=click.IntRange(1, 400),
    metavar="N",
    default=30,
    show_default=True,
    help="How many come.",
)
@click.option(
    "--seed", type=int, metavar="N", default=1, show_default=True, help="The same seed gives the same day."
)
@click.option(
    "--date",
    "day",
    metavar="DATE",
    type=Day(),
    help="The day, a working day to come.  [default: the next one]",
)
@click.option(
    "--rules",
    metavar="RULES.yaml",
    type=PATH,
    help="How the caisses misbehave (bifente fse caisse serve --rules).  [default: a little of everything]",
)
@click.option("--calm", is_flag=True, help="Nothing goes wrong.")
@click.option(
    "--engine",
    metavar="serial|processes[:N]|dask[:N]|dask:tcp://HOST:PORT",
    default="serial",
    show_default=True,
    help="Where the sheets are made: here, in N processes, on N workers of a Dask cluster of this machine, or elsewhere.",
)
@igc_option
@JSON
def day(
    output: Path | None,
    patients: int,
    seed: int,
    day: datetime | None,
    rules: Path | None,
    calm: bool,
    engine: str,
    igc: Path | None,
    as_json: bool,
) -> None:
    """Simulate a surgery's day: consultations, sheets signed by both cards, lots, mails, caisses that judge and pay.

    Cards, signatures, stores and mails are real and on this machine; people are invented, and only the clock is simulated.
    With the same --seed the same people come, and the same goes wrong.

    \b
    bifente fse day -o monday --patients 8 --calm
    """
    from bifente.workbench.day.running import run_day

    with progress("the day") as told:
        report = run_day(
            output,
            patients=patients,
            seed=seed,
            day=day.date() if day is not None else None,
            rules=rules,
            calm=calm,
            igc=igc,
            engine=engine,
            told=told,
        )
    if as_json:
        say_json(_facts(report))
        return
    _show(report)


def _show(report: "DayReport") -> None:
    from bifente.workbench.day.timeline import SIGNS, timeline

    say(
        f"{report.patients} patients on {report.day}: {len(report.stories)} invoices in {report.lots} lots, "
        f"{report.mails} returns until {report.until} (synthetic: simulated clock, invented people)"
    )
    say("")
    for line in timeline(report):
        say(line)
    say("")
    say("   ".join(f"{sign} {name}" for sign, name in SIGNS))
    say("")
    for state, count in report.counts.items():
        say(f"{state:<12} {count:>4}")
    say("")
    say(f"charged {_euros(report.charged)}, paid to the surgery {_euros(report.paid)}")
    for path in report.kept:
        say(visible(str(path)))


def _facts(report: "DayReport") -> dict[str, object]:
    return {
        "synthetic": "simulated clock, invented people",
        "day": report.day.isoformat(),
        "until": report.until.isoformat(),
        "patients": report.patients,
        "seed": report.seed,
        "lots": report.lots,
        "returns": report.mails,
        "charged": report.charged,
        "paid": report.paid,
        "states": report.counts,
        "sheets": [
            {
                "number": story.number,
                "replaces": story.replaces,
                "caisse": story.caisse,
                "amount": story.amount,
                "paid": story.paid,
                "states": [{"at": at.isoformat(), "state": state} for at, state in story.states],
            }
            for story in report.stories
        ],
    }


def _euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02} €"
