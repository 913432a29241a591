"""``bifente sheet make``: a care sheet from acts and cards, in one of its three modes."""

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

if TYPE_CHECKING:
    from bifente.workbench.sheets.written import WrittenSheet

_MADE = {
    "S": "a care sheet, signed by both cards and verified",
    "F": "a care sheet without Vitale (mode F), signed by the CPS and verified",
    "D": "a degraded care sheet (mode D), not signed: print it, and sign the paper",
}


@click.command(short_help="Make a care sheet: both cards sign it.")
@cps_option("The professional's card.")
@VITALE
@READERS
@written_options
@click.option(
    "--mode",
    type=click.Choice(["S", "F", "D"]),
    default="S",
    show_default=True,
    help="S: both cards sign. F (SESAM sans Vitale): the insured is typed in, the CPS signs. D (degraded): paper.",
)
@click.option(
    "--rights",
    metavar="FILE",
    type=PATH,
    help="Rights told online in place of the card's: SSV groups of the same insured (.in, or JSON).",
)
@ACCEPT
@TABLES
@UNPRICED
@pin_options()
@igc_option
@OUT
@FORCE
@JSON
def make(
    written: "WrittenSheet",
    cps: Path | None,
    vitale: Path | None,
    readers: tuple[str, ...],
    mode: str,
    rights: Path | None,
    accept: bool,
    tables: Path | None,
    unpriced: bool,
    pin: SecretSource,
    igc: Path | None,
    output: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Make a care sheet: PIN, mutual recognition, rights, prices, both signatures, verification.

    \b
    bifente sheet make --cps doctor.card --vitale patient.card --act G --pin 1234 -o sheet.p7m
    bifente sheet make --cps doctor.card --vitale patient.card --act 'G fee=45.00' --pathway T --amo --pin 1234 -o sheet.p7m

    An act is its code, perhaps a coefficient, and name=value: fee (what is charged for the line), quantity, complement (N, F,
    U), qualifier, place (practice, home), date, exoneration; of the CCAM also activity, phase, modifiers, association, teeth.
    The tariff prices it; without a fee its base is charged.
    """
    from bifente.workbench.sheets.files import check_output, leave
    from bifente.workbench.sheets.making import Desk, make_sheet, make_without_vitale
    from bifente.workbench.sheets.reading import read_rights_answer

    check_output(output, force=force)
    desk = Desk(cps, vitale, readers, igc, tables=tables)
    if mode == "S":
        source = None if rights is None else read_rights_answer(rights)
        made = make_sheet(written, desk, pin.read, source=source, accept=accept, priced=not unpriced)
    else:
        for name, given in (("--vitale", vitale), ("--rights", rights)):
            if given is not None:
                raise click.UsageError(f"{name} has no effect in mode {mode}: no Vitale is asked")
        made = make_without_vitale(written, desk, pin.read, degraded=mode == "D", priced=not unpriced)
    leave(output, made.content, force=force)
    say_made(made, output, _MADE[mode], as_json=as_json)
