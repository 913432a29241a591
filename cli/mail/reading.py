"""``bifente mail decrypt|verify|certificate``: what came, and by what others write."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.annuaire.options import annuaire_option
from bifente.cli.mail.options import CPS, MESSAGE, OUT, READERS, card_asked
from bifente.cli.options import FORCE, JSON, PATH, Day, igc_option
from bifente.cli.secretinput import SecretSource, pin_options
from bifente.cli.visible import say, say_json, say_text

if TYPE_CHECKING:
    from bifente.workbench.mail.reading import ReadMail

_NAMED_BY = {
    "certificate": "as the certificate says",
    "directory": "as the annuaire says",
    "nobody": "nobody vouches for the address",
}


@click.command(short_help="Decipher a mail by the CPS.")
@MESSAGE
@CPS
@READERS
@pin_options()
@click.option("--legacy", is_flag=True, help="Read Triple DES too.")
@OUT
@FORCE
@JSON
def decrypt(
    file: Path,
    cps: Path | None,
    readers: tuple[str, ...],
    pin: SecretSource,
    legacy: bool,
    output: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Decipher a mail by the authentication key of the CPS, which is the one that others encipher for.

    What is made is a mail again, with its subject; if it is signed, bifente mail verify says by whom. The PIN is presented only
    when the mail is for this card.

    \b
    bifente mail compose --from alice@cabinet.example --to guy@infirmier.example --subject 'Résultats' --text 'Ci-joint.' -o mail.eml
    bifente mail certificate --cps doctor.card -o guy.pem
    bifente mail encrypt mail.eml --to-cert guy.pem -o sealed.eml
    bifente mail decrypt sealed.eml --cps doctor.card --pin 1234 -o opened.eml
    """
    from bifente.workbench.mail.reading import decrypt_mail

    opened = decrypt_mail(file, output, card_asked(cps, readers, pin), legacy=legacy, force=force)
    if as_json:
        say_json(
            {
                "file": str(output),
                "cipher": opened.cipher,
                "authenticated": opened.authenticated,
                "signed": opened.signed,
            }
        )
        return
    say(f"{output}: deciphered ({opened.cipher})")
    if opened.signed:
        say("it is signed: bifente mail verify says by whom")
    elif opened.authenticated:
        say("note: it is not signed: anybody may have written it")
    else:
        say(
            "note: it is not signed: anybody may have written it, and this cipher does not show what was changed"
        )


@click.command(short_help="Say who signed a mail, and what is in it.")
@MESSAGE
@igc_option
@annuaire_option
@click.option(
    "--date", "day", metavar="DATE", type=Day(), help="The day by which the signer is judged.  [default: now]"
)
@click.option("--text", "show_text", is_flag=True, help="Print the text that is signed.")
@click.option(
    "--save", "folder", metavar="DIR", type=PATH, help="Write the signed attachments into this folder."
)
@FORCE
@JSON
def verify(
    file: Path,
    igc: Path | None,
    annuaire: Path | None,
    day: datetime | None,
    show_text: bool,
    folder: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Verify a signed mail: the signature, the signer's certificate and its card's opposition, the sender, the headers.

    A mail that was altered, whose signature was taken off or is that of another mail or sender, is refused with the reason (exit
    code 11), and nothing of it is shown or written.

    \b
    bifente mail compose --from alice@cabinet.example --to guy@infirmier.example --subject 'Résultats' --text 'Ci-joint.' -o mail.eml
    bifente mail sign mail.eml --cps doctor.card --pin 1234 -o signed.eml
    bifente mail verify signed.eml --text
    """
    from bifente.workbench.mail.reading import save_attachments, verify_mail
    from bifente.workbench.mail.trust import MailTrust

    found = verify_mail(file, MailTrust(igc, day.date() if day is not None else None, annuaire))
    saved = [] if folder is None else save_attachments(found, folder, force=force)
    if as_json:
        say_json(_facts(found, file, saved, show_text))
        return
    for line in _lines(found, str(file), saved):
        say(line)
    if show_text:
        say()
        say_text(found.text)


def _lines(found: "ReadMail", file: str, saved: list[Path]) -> list[str]:
    verified, signer = found.verified, found.signer
    when = f"{verified.signed_at:%Y-%m-%d %H:%M:%S} UTC" if verified.signed_at is not None else "not said"
    lines = [
        f"{file}: the signature holds",
        f"  signer       {signer.words}",
        f"  certificate  {signer.serial}" + (f" of card {signer.card}" if signer.card else ""),
        f"  signed at    {when}",
        f"  from         {found.headers['From']} ({_NAMED_BY[verified.named_by]})",
    ]
    covered = "" if verified.headers_signed else "  (not signed)"
    lines += [
        f"  {name.lower():<11}  {found.headers[name]}{covered}"
        for name in ("To", "Cc", "Subject", "Date")
        if found.headers[name]
    ]
    lines += [
        f"  attachment   {name or 'without a name'} ({media}, {len(content)} bytes)"
        for name, media, content in found.attachments
    ]
    return lines + [f"note: {note}" for note in verified.notes] + [f"written: {path}" for path in saved]


def _facts(found: "ReadMail", file: Path, saved: list[Path], show_text: bool) -> dict[str, object]:
    verified, signer = found.verified, found.signer
    return {
        "file": str(file),
        "signer": {
            "identifier": signer.identifier,
            "name": signer.name,
            "title": signer.title or None,
            "organisation": signer.organisation or None,
            "card": signer.card or None,
            "serial": signer.serial,
            "issuer": signer.issuer,
        },
        "signed_at": verified.signed_at.isoformat() if verified.signed_at is not None else None,
        "sender": verified.sender,
        "sender_named_by": verified.named_by,
        "headers_signed": verified.headers_signed,
        "headers": found.headers,
        "attachments": [
            {"name": name, "type": media, "bytes": len(content)} for name, media, content in found.attachments
        ],
        "saved": [str(path) for path in saved],
        "notes": list(verified.notes),
        **({"text": found.text} if show_text else {}),
    }


@click.command(short_help="Write the certificate by which others encipher for a card.")
@CPS
@READERS
@OUT
@FORCE
@JSON
def certificate(cps: Path | None, readers: tuple[str, ...], output: Path, force: bool, as_json: bool) -> None:
    """Write the authentication certificate of a CPS (PEM), for those who encipher for its holder. No PIN is needed.

    \b
    bifente mail certificate --cps doctor.card -o alice.pem
    """
    from bifente.workbench.mail.cards import card_certificate
    from bifente.workbench.sheets.files import check_output, leave

    check_output(output, force=force)
    content = card_certificate(cps, readers)
    leave(output, content, force=force)
    if as_json:
        say_json({"file": str(output)})
    else:
        say(f"{output}: the certificate by which others encipher for this card")
