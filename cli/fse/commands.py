"""``bifente fse``: a group whose commands are imported only when they are called."""

import click

from bifente.cli.lazygroup import LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "day": (
        "bifente.cli.fse.day:day",
        "A surgery's whole day, from the first consultation to the last payment.",
    ),
    "noemie": ("bifente.cli.fse.noemie:noemie", "Check NOEMIE files, and show them in words."),
    "cabinet": ("bifente.cli.fse.cabinet:cabinet", "A surgery: keep, send, follow and archive sheets."),
    "b2": ("bifente.cli.fse.b2:b2", "Check B2 files, and show them in words."),
    "chaining": (
        "bifente.cli.fse.chaining:chaining",
        "Chain what belongs to one person without saying who it is.",
    ),
    "caisse": ("bifente.cli.fse.caisse:caisse", "Judge, acknowledge and pay lots as an insurer's centre."),
    "price": ("bifente.cli.fse.price:price", "Price acts and explain each amount; run files of cases."),
    "services": (
        "bifente.cli.fse.services:services",
        "Show each security service at work, and attacks on it refused.",
    ),
    "statistics": (
        "bifente.cli.fse.statistics:statistics",
        "Rates, delays and rejects in the store of a caisse, counted and drawn.",
    ),
    "tables": (
        "bifente.cli.fse.tables:tables",
        "Show, search, check and extend the dated tables of the tariff.",
    ),
}
"""Command → (module:attribute, short help)."""


@click.group(cls=LazyGroup, table=COMMANDS, short_help="Price, send, judge and pay care sheets.")
def fse() -> None:
    """The journey of a care sheet: tariff, lots and B2 files, the surgery, the caisse, and what it answers."""
