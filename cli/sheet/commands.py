"""``bifente sheet``: care sheets made by cards, signed later, shown, explained, printed, verified."""

import click

from bifente.cli.lazygroup import LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "make": ("bifente.cli.sheet.make:make", "Make a care sheet: both cards sign it."),
    "holder": ("bifente.cli.sheet.steps:holder", "Write what a secretariat needs of a doctor."),
    "prepare": ("bifente.cli.sheet.steps:prepare", "Prepare a care sheet that the doctor signs later."),
    "sign": ("bifente.cli.sheet.steps:sign", "Sign a prepared care sheet."),
    "show": ("bifente.cli.sheet.show:show", "Show what a care sheet says."),
    "explain": ("bifente.cli.sheet.show:explain", "Say how each amount of a care sheet came about."),
    "pdf": ("bifente.cli.sheet.show:pdf", "Print a care sheet and the patient's receipt."),
    "verify": ("bifente.cli.sheet.verify:verify", "Verify the signatures of a care sheet."),
}
"""Command → (module:attribute, short help)."""


@click.group(cls=LazyGroup, table=COMMANDS, short_help="Make, sign, show and verify care sheets.")
def sheet() -> None:
    """Care sheets (feuilles de soins électroniques): made by the cards, signed at once or later, shown, explained, printed,
    verified. Their form is synthetic: the deployed one is not public."""
