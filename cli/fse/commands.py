"""``bifente fse``: a group whose commands are imported only when they are called."""

import click

from bifente.cli.lazygroup import LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {}
"""Command → (module:attribute, short help)."""


@click.group(cls=LazyGroup, table=COMMANDS, short_help="Price, send, judge and pay care sheets.")
def fse() -> None:
    """The journey of a care sheet: tariff, lots and B2 files, the surgery, the caisse, and what it answers."""
