"""``bifente sheet holder|prepare|sign``: the signature in two steps, by secretariat and doctor."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.options import FORCE, JSON, PATH, igc_option
from bifente.cli.secretinput import SecretSource, pin_options
from bifente.cli.sheet.written import (
    ACCEPT,
    OUT,
    READERS,
    TABLES,
    UNPRICED,
    VITALE,
    cps_option,
    say_made,
    written_options,
)
from bifente.cli.visible import say, say_json

if TYPE_CHECKING:
    from bifente.workbench.sheets.written import WrittenSheet


@click.command(short_help="Write what a secretariat needs of a doctor.")
@cps_option("The doctor's card.")
@READERS
@pin_options()
@OUT
@FORCE
@JSON
def holder(
    cps: Path | None, readers: tuple[str, ...], pin: SecretSource, output: Path, force: bool, as_json: bool
) -> None:
    """Write what the issuer has signed of a doctor's card: names and situations de facturation, for bifente sheet prepare.

    \b
    bifente sheet holder --cps doctor.card --pin 1234 -o doctor.holder
    """
    from bifente.workbench.sheets.files import check_output, leave
    from bifente.workbench.sheets.making import Desk, export_professional

    check_output(output, force=force)
    content = export_professional(Desk(cps, None, readers), pin.read)
    leave(output, content, force=force)
    if as_json:
        say_json({"file": str(output), "bytes": len(content), "provenance": "synthetic"})
    else:
        say(f"{output}: what the issuer has signed of the holder (synthetic form)")


@click.command(short_help="Prepare a care sheet that the doctor signs later.")
@cps_option("The secretariat's own card (CPE, CPA or CPS): it opens the Vitale and signs nothing.")
@VITALE
@READERS
@click.option(
    "--for",
    "professional",
    required=True,
    metavar="FILE",
    type=PATH,
    help="Who will sign: the file that bifente sheet holder writes.",
)
@written_options
@ACCEPT
@TABLES
@UNPRICED
@pin_options()
@igc_option
@OUT
@FORCE
@JSON
def prepare(
    written: "WrittenSheet",
    cps: Path | None,
    vitale: Path | None,
    readers: tuple[str, ...],
    professional: Path,
    accept: bool,
    tables: Path | None,
    unpriced: bool,
    pin: SecretSource,
    igc: Path | None,
    output: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Prepare a care sheet (desynchronised signature): the Vitale signs now, the doctor's CPS later, without it.

    How the deployed system does this is not public: ours is synthetic. The Vitale signs the whole sheet, with the doctor
    who will sign and the card that opened it; nothing of either can be changed afterwards.

    \b
    bifente sheet holder --cps doctor.card --pin 1234 -o doctor.holder
    bifente sheet prepare --cps copy.card --vitale patient.card --for doctor.holder --act G --pin 1234 -o prepared.der
    bifente sheet sign prepared.der --cps doctor.card --pin 1234 -o sheet.p7m
    """
    from bifente.workbench.sheets.files import check_output, leave
    from bifente.workbench.sheets.making import Desk, prepare_sheet

    check_output(output, force=force)
    desk = Desk(cps, vitale, readers, igc, tables=tables)
    made = prepare_sheet(written, professional, desk, pin.read, accept=accept, priced=not unpriced)
    leave(output, made.content, force=force)
    say_made(
        made,
        output,
        "a prepared care sheet, signed by the Vitale; the doctor's CPS is still to sign",
        as_json=as_json,
    )


@click.command(short_help="Sign a prepared care sheet.")
@click.argument("file", metavar="PREPARED", type=PATH)
@cps_option("The doctor's card.")
@READERS
@pin_options()
@igc_option
@OUT
@FORCE
@JSON
def sign(
    file: Path,
    cps: Path | None,
    readers: tuple[str, ...],
    pin: SecretSource,
    igc: Path | None,
    output: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Sign a care sheet that a secretariat has prepared, by the CPS of the doctor whom it names.

    \b
    bifente sheet holder --cps doctor.card --pin 1234 -o doctor.holder
    bifente sheet prepare --cps copy.card --vitale patient.card --for doctor.holder --act G --pin 1234 -o prepared.der
    bifente sheet sign prepared.der --cps doctor.card --pin 1234 -o sheet.p7m
    """
    from bifente.workbench.sheets.files import check_output, leave
    from bifente.workbench.sheets.making import Desk, sign_prepared

    check_output(output, force=force)
    made = sign_prepared(file, Desk(cps, None, readers, igc), pin.read)
    leave(output, made.content, force=force)
    say_made(made, output, "a care sheet, signed by the doctor's CPS and verified", as_json=as_json)
