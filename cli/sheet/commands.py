"""``bifente sheet``: signed care sheets as files."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.options import JSON, PATH, Day, igc_option
from bifente.cli.visible import say, say_json, visible

if TYPE_CHECKING:
    from bifente.fse.sheet.verification import VerifiedSheet


@click.group(short_help="Verify signed care sheets.")
def sheet() -> None:
    """Verify signed care sheets, as the demonstration leaves them (sheet.p7m)."""


@sheet.command("verify", short_help="Verify both signatures of a signed care sheet.")
@click.argument("file", metavar="SHEET.p7m", type=PATH)
@igc_option
@click.option(
    "--date",
    "day",
    metavar="DATE",
    type=Day(),
    help="The day by which the certificates are judged.  [default: the care date]",
)
@JSON
def verify(file: Path, igc: Path | None, day: datetime | None, as_json: bool) -> None:
    """Verify a signed care sheet: both signatures, the certificates, and what the cards' issuers have signed.

    Sheets of version 1, and those of cards without their issuer's signature, are accepted and say what is not proven.
    Revocation is not looked at.

    \b
    bifente demo -o day1
    bifente sheet verify day1/sheet.p7m
    bifente sheet verify day1/sheet.p7m --igc igc --json
    """
    from bifente.workbench.sheets import verify_sheet

    verdict = verify_sheet(file, authority=igc, day=day.date() if day is not None else None)
    if as_json:
        say_json({"file": str(file), **facts(verdict)})
        return

    what = verdict.sheet
    say(
        f"{visible(str(file))}: both signatures hold; feuille de soins n° {what.number} of {what.care_date}, "
        f"version {verdict.version} (synthetic form)"
    )
    for line in told(verdict):
        say(line)


def told(verdict: "VerifiedSheet") -> list[str]:
    """What the issuers have signed, and what is not proven: a line for each."""
    lines = [
        f"{what} signed by their issuer {signature.car.decode('ascii')} on {signature.day}"
        for what, signature in (
            ("rights", verdict.rights_issued),
            ("names and situation de facturation", verdict.professional_issued),
        )
        if signature is not None
    ]
    return lines + [f"note: {words}" for words in verdict.not_proven]


def facts(verdict: "VerifiedSheet") -> dict[str, object]:
    """A verified sheet for a program."""
    from bifente.documents import parse_json
    from bifente.fse.sheet import canonical
    from bifente.fse.sheet.signer import card_number

    def day_of(signed: date | None) -> str | None:
        return signed.isoformat() if signed is not None else None

    rights, professional = verdict.rights_issued, verdict.professional_issued
    return {
        "version": verdict.version,
        "provenance": canonical.PROVENANCE,
        "verified": {"cps": True, "vitale": verdict.vitale is not None},
        "issued": {
            "rights": day_of(rights.day if rights is not None else None),
            "professional": day_of(professional.day if professional is not None else None),
        },
        "not_proven": list(verdict.not_proven),
        "signer": card_number(verdict.signer),
        "vitale": verdict.vitale_number or None,
        "sheet": parse_json(canonical.encode(verdict.sheet), "sheet"),
    }
