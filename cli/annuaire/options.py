"""What the commands of the annuaire have in common."""

import click

from bifente.cli.options import PATH

annuaire_option = click.option(
    "--annuaire",
    "annuaire",
    metavar="FILE",
    type=PATH,
    help="The annuaire.  [default: annuaire.db in your data folder]",
)
