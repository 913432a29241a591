"""``bifente sheet verify``: whose signatures hold, and what is not proven."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.options import JSON, PATH, Day, igc_option
from bifente.cli.visible import say, say_json

if TYPE_CHECKING:
    from bifente.fse.sheet.verification import VerifiedSheet


@click.command(short_help="Verify the signatures of a care sheet.")
@click.argument("file", metavar="SHEET.p7m", type=PATH)
@igc_option
@click.option(
    "--date",
    "day",
    metavar="DATE",
    type=Day(),
    help="The day by which the certificates are judged.  [default: the care date]",
)
@click.option(
    "--revocation",
    type=click.Choice(["register", "online", "off"]),
    default="register",
    show_default=True,
    help="Who is asked whether the CPS is revoked: the authority's register, what its certificate names (OCSP, lists), nobody.",
)
@click.option(
    "--hard-fail", is_flag=True, help="Refuse the sheet when nobody knows whether the CPS is revoked."
)
@JSON
def verify(
    file: Path, igc: Path | None, day: datetime | None, revocation: str, hard_fail: bool, as_json: bool
) -> None:
    """Verify a signed care sheet: the signatures, the certificates, and what the cards' issuers have signed.

    What is not proven is said: of sheets of version 1, of cards without their issuer's signature, of sheets without Vitale,
    of rights told online. A CPS that was revoked by that day has signed in vain.

    \b
    bifente demo -o day1
    bifente sheet verify day1/sheet.p7m
    bifente sheet verify day1/sheet.p7m --igc igc --json
    """
    from bifente.workbench.sheets.verifying import verify_sheet

    verdict = verify_sheet(
        file,
        authority=igc,
        day=day.date() if day is not None else None,
        revocation=revocation,
        hard_fail=hard_fail,
    )
    if as_json:
        say_json({"file": str(file), **facts(verdict)})
        return

    for line in verdict_words(verdict, str(file)):
        say(line)


def verdict_words(verdict: "VerifiedSheet", file: str) -> list[str]:
    """Whose signatures hold, what issuers have signed and what is not proven: a line for each."""
    what = verdict.sheet
    whose = "both signatures hold" if verdict.vitale is not None else "the signature of the CPS holds"
    if verdict.certified:
        whose = "the signature of the CPS and the MAC of the Vitale 1 hold"
    lines = [
        (
            f"{file}: {whose}; feuille de soins n° {what.number} of {what.care_date}, "
            f"version {verdict.version} (synthetic form)"
        )
    ]
    if what.prepared_by:
        lines.append(
            f"prepared with card {what.prepared_by}, signed later by {what.professional.family_name}"
        )
    return lines + told(verdict)


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
        "verified": {"cps": True, "vitale": verdict.vitale is not None or bool(verdict.certified)},
        "vitale_proof": "mac" if verdict.certified is not None else "signature" if verdict.vitale else None,
        "issued": {
            "rights": day_of(rights.day if rights is not None else None),
            "professional": day_of(professional.day if professional is not None else None),
        },
        "not_proven": list(verdict.not_proven),
        "signer": card_number(verdict.signer),
        "vitale": verdict.vitale_number or None,
        "sheet": parse_json(canonical.encode(verdict.sheet), "sheet"),
    }
