"""``bifente fse statistics``: what the store of a caisse says of télétransmission."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.options import FORCE, JSON, PATH
from bifente.cli.progress import progress
from bifente.cli.visible import say, say_json, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bifente.workbench.statistics.report import CaisseFigures, TransmissionRate

_STORE = click.argument("store", metavar="STORE")


@click.group(short_help="Rates, delays and rejects in the store of a caisse, counted and drawn.")
def statistics() -> None:
    """Rates, delays and rejects in the store of a caisse, counted and drawn.

    STORE is the folder of a caisse, its SQLite file, or the address of its database. The rate of télétransmission is the
    share of invoices that both cards have signed.

    \b
    bifente fse statistics year -o year.db --invoices 2000
    bifente fse statistics show year.db
    bifente fse statistics plot year.db -o plots
    """


@statistics.command("show", short_help="Print the figures of a store.")
@_STORE
@JSON
def show(store: str, as_json: bool) -> None:
    """Print the figures of STORE: rates by profession and département, delays, rejects by code."""
    from bifente.workbench.statistics.report import figures_of

    figures = figures_of(store)
    if as_json:
        say_json(_plain(figures))
        return
    if figures.synthetic:
        say(f"synthetic: {visible(figures.synthetic)}")
    say(f"{figures.invoices} invoices, {_percent(figures.rate)} signed by both cards")
    for title, rows in (("profession", figures.professions), ("département", figures.departments)):
        if rows:
            say("")
            say(f"{title:<28} {'invoices':>9} {'rate':>7}")
        for row in rows:
            say(f"{visible(row.group) or '-':<28} {row.invoices:>9} {_percent(row.rate):>7}")
    if figures.delays:
        settled = sum(figures.delays.values())
        say(
            f"\n{settled} settled, half of them within {figures.median_delay} days, all within {max(figures.delays)}"
        )
    if figures.rejects:
        say("")
        say(f"{'reject':<10} {'invoices':>9}")
    for code, count in figures.rejects.items():
        say(f"{visible(code):<10} {count:>9}  {visible(figures.labels.get(code, ''))}")


@statistics.command("plot", short_help="Draw the figures of a store.")
@_STORE
@click.option(
    "-o",
    "--out",
    "output",
    required=True,
    metavar="DIR",
    type=PATH,
    help="The folder for the pictures; without --force none of them must be there yet.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["svg", "png"], case_sensitive=False),
    default="svg",
    show_default=True,
    help="The format of the pictures.",
)
@FORCE
def plot(store: str, output: Path, kind: str, force: bool) -> None:
    """Draw the figures of STORE: professions, a map of the départements, delays, rejects, days."""
    from bifente.workbench.statistics.figures import draw_all
    from bifente.workbench.statistics.report import figures_of

    made = draw_all(figures_of(store), output, kind, replace=force)
    if not made:
        say("nothing to draw: there is no invoice in this store")
    for path in made:
        say(visible(str(path)))


@statistics.command("year", short_help="Make the store of a year that nobody lived.")
@click.option(
    "-o",
    "--out",
    "output",
    required=True,
    metavar="FILE",
    type=PATH,
    help="The SQLite file to make; without --force it must not be there yet.",
)
@click.option(
    "--invoices",
    type=click.IntRange(1),
    metavar="N",
    default=100_000,
    show_default=True,
    help="How many invoices.",
)
@click.option(
    "--seed",
    type=int,
    metavar="N",
    default=2009,
    show_default=True,
    help="The same seed gives the same year.",
)
@FORCE
def year(output: Path, invoices: int, seed: int, force: bool) -> None:
    """Make the store of a year like 2009, to draw: synthetic, and marked so in every picture.

    A few rates by profession are public; all else is invented.
    """
    from bifente.workbench.statistics.year import make_year

    with progress("invoices") as told:
        made = make_year(output, invoices, seed, told=told, replace=force)
    say(f"{visible(str(output))}: {made} invoices of a year that nobody lived (synthetic)")


def _percent(rate: float) -> str:
    return f"{100 * rate:.1f} %"


def _plain(figures: "CaisseFigures") -> dict[str, object]:
    def rates(rows: "Iterable[TransmissionRate]") -> list[dict[str, object]]:
        return [{"group": row.group, "invoices": row.invoices, "rate": round(row.rate, 6)} for row in rows]

    return {
        "synthetic": figures.synthetic or None,
        "invoices": figures.invoices,
        "rate": round(figures.rate, 6),
        "professions": rates(figures.professions),
        "departments": rates(figures.departments),
        "delays": [{"days": days, "invoices": count} for days, count in figures.delays.items()],
        "median_delay": figures.median_delay,
        "rejects": [
            {"code": code, "label": figures.labels.get(code, ""), "invoices": count}
            for code, count in figures.rejects.items()
        ],
        "days": [{"day": day.isoformat(), "invoices": count} for day, count in figures.days.items()],
    }
