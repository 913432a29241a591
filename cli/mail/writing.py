"""``bifente mail compose|sign|encrypt``: from a text to a mail that only its recipients read."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.annuaire.options import annuaire_option
from bifente.cli.mail.options import (
    CPS,
    MESSAGE,
    OPAQUE,
    OUT,
    READERS,
    TO_CERT,
    card_asked,
    given_certificates,
)
from bifente.cli.options import FORCE, JSON, PATH, igc_option, typed_text
from bifente.cli.secretinput import SecretSource, pin_options
from bifente.cli.visible import say, say_json

if TYPE_CHECKING:
    from bifente.crypto.cms import CipherName


@click.command(short_help="Write a mail with attachments into a file.")
@click.option("--from", "sender", required=True, metavar="ADDRESS", help="Your mail address.")
@click.option("--name", default="", metavar="NAME", help="Your name, for people.")
@click.option("--to", required=True, multiple=True, metavar="ADDRESS", help="A recipient. Repeatable.")
@click.option("--cc", multiple=True, metavar="ADDRESS", help="A recipient of a copy. Repeatable.")
@click.option("--subject", default="", metavar="TEXT", help="What it is about.")
@click.option("--text", default=None, metavar="TEXT", help="The text itself.")
@click.option("--text-file", metavar="FILE", type=PATH, help="The file that holds the text (UTF-8).")
@click.option(
    "--attach", "attached", multiple=True, metavar="FILE", type=PATH, help="A document. Repeatable."
)
@OUT
@FORCE
@JSON
def compose(
    sender: str,
    name: str,
    to: tuple[str, ...],
    cc: tuple[str, ...],
    subject: str,
    text: str | None,
    text_file: Path | None,
    attached: tuple[Path, ...],
    output: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Write a mail with attachments into a file, for the other commands. Accents are encoded as mail wants them.

    \b
    bifente mail compose --from alice@cabinet.example --to guy@infirmier.example --subject 'Résultats' --text 'Ci-joint.' -o mail.eml
    """
    from bifente.workbench.mail.writing import compose_mail

    if (text is None) == (text_file is None):
        raise click.UsageError("one of --text and --text-file is needed")
    size = compose_mail(
        output,
        sender=sender,
        name=typed_text(name),
        to=to,
        cc=cc,
        subject=typed_text(subject),
        text=text_file if text_file is not None else typed_text(text or "") + "\n",
        attached=attached,
        force=force,
    )
    if as_json:
        say_json({"file": str(output), "bytes": size, "recipients": [*to, *cc], "attachments": len(attached)})
    else:
        say(f"{output}: a mail to {', '.join((*to, *cc))}, neither signed nor enciphered yet")


@click.command(short_help="Sign a mail by the CPS.")
@MESSAGE
@CPS
@READERS
@pin_options()
@OPAQUE
@igc_option
@OUT
@FORCE
@JSON
def sign(
    file: Path,
    cps: Path | None,
    readers: tuple[str, ...],
    pin: SecretSource,
    opaque: bool,
    igc: Path | None,
    output: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Sign a mail by the signature key of the CPS. The signature covers text, attachments, and the headers (RFC 9788).

    \b
    bifente mail compose --from alice@cabinet.example --to guy@infirmier.example --subject 'Résultats' --text 'Ci-joint.' -o mail.eml
    bifente mail sign mail.eml --cps doctor.card --pin 1234 -o signed.eml
    """
    from bifente.workbench.mail.writing import sign_mail

    who = sign_mail(file, output, card_asked(cps, readers, pin), authority=igc, opaque=opaque, force=force)
    if as_json:
        say_json({"file": str(output), "signer": who})
    else:
        say(f"{output}: signed by {who}")


@click.command(short_help="Encipher a mail for its recipients, signed before if wanted.")
@MESSAGE
@TO_CERT
@click.option(
    "--cipher",
    type=click.Choice(["aes-128-cbc", "aes-256-cbc", "aes-128-gcm", "aes-256-gcm"]),
    default="aes-256-cbc",
    show_default=True,
    help="GCM finds every change on the way; older programs read CBC only.",
)
@click.option("--sign", "signed", is_flag=True, help="Sign by the CPS first.")
@CPS
@READERS
@pin_options()
@OPAQUE
@igc_option
@annuaire_option
@OUT
@FORCE
@JSON
def encrypt(
    file: Path,
    certificates: tuple[str, ...],
    cipher: "CipherName",
    signed: bool,
    cps: Path | None,
    readers: tuple[str, ...],
    pin: SecretSource,
    opaque: bool,
    igc: Path | None,
    annuaire: Path | None,
    output: Path,
    force: bool,
    as_json: bool,
) -> None:
    """Encipher a mail for everybody in its To and Cc. Nobody else reads it, its subject neither; sender and recipients are seen.

    Certificates are those of the annuaire, or given. Of several valid ones the newest is taken. A mail that is signed keeps its
    signature, inside.

    \b
    bifente annuaire fill copy.card --mail guy@infirmier.example
    bifente mail compose --from alice@cabinet.example --to guy@infirmier.example --subject 'Résultats' --text 'Ci-joint.' -o mail.eml
    bifente mail encrypt mail.eml --sign --cps doctor.card --pin 1234 -o sealed.eml
    bifente mail certificate --cps copy.card -o guy.pem
    bifente mail encrypt mail.eml --to-cert guy.pem -o sealed.eml
    """
    from bifente.workbench.mail.trust import MailTrust
    from bifente.workbench.mail.writing import encrypt_mail

    if not signed and (cps is not None or readers or opaque):
        raise click.UsageError("a card and --opaque have an effect with --sign only")
    made = encrypt_mail(
        file,
        output,
        MailTrust(igc, annuaire=annuaire),
        given=given_certificates(certificates),
        cipher=cipher,
        card=card_asked(cps, readers, pin) if signed else None,
        opaque=opaque,
        force=force,
    )
    if as_json:
        say_json(
            {
                "file": str(output),
                "recipients": list(made.recipients),
                "signed": made.signed,
                "cipher": cipher,
                "notes": list(made.notes),
            }
        )
        return
    what = "signed and enciphered" if made.signed else "enciphered, not signed"
    say(f"{output}: {what} for {', '.join(made.recipients)}")
    for note in made.notes:
        say(f"note: {note}")
