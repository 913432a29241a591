"""``bifente card export``: a Vitale in the form in which virtual card contents are handed on."""

from pathlib import Path

import click

from bifente.cli.options import CARD, FORCE, JSON, PATH
from bifente.cli.visible import say, say_json


@click.command("export", short_help="Write a Vitale as a virtual card content (.in).")
@CARD
@click.option(
    "-o",
    "--out",
    "output",
    required=True,
    metavar="FILE.in",
    type=PATH,
    help="The file to make (mode 600).",
)
@FORCE
@JSON
def export(card: Path, output: Path, force: bool, as_json: bool) -> None:
    """Write the rights of a carte Vitale as a virtual card content (.in), which bifente card import reads.

    Keys, certificates and volets are not in that form: bifente card dump keeps the whole card.

    \b
    bifente card export patient.card -o patient.in
    """
    from bifente.applets import read_card
    from bifente.applets.families.vitale2.exporter import groups_of
    from bifente.documents.writing import new_file
    from bifente.ssv import wire

    groups = groups_of(read_card(card))
    content = wire.encode(groups)
    new_file(output, content, replace=force)
    beneficiaries = sum(group.id == 104 for group in groups)
    if as_json:
        said = {
            "file": str(output),
            "groups": len(groups),
            "beneficiaries": beneficiaries,
            "bytes": len(content),
        }
        say_json(said, indent=None)
    else:
        say(f"{output}: {len(groups)} groups, {beneficiaries} beneficiaries, {len(content)} bytes")
