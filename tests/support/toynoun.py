"""A noun of the command line in one module: it asks the workbench, and prints."""

from pathlib import Path

import click

from bifente.cli.options import CARD, JSON
from bifente.cli.visible import say, say_json


@click.command(short_help="Say what kind of card a file is.")
@CARD
@JSON
def toy(card: Path, as_json: bool) -> None:
    """Say what kind of card a file is."""
    from bifente.workbench.cards.kinds import kind_of_file

    kind = kind_of_file(card)
    if as_json:
        say_json({"kind": kind})
    else:
        say(kind)
