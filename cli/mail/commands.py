"""``bifente mail``: mails written, signed, enciphered, sent, fetched, deciphered and verified, by the professional's card."""

import click

from bifente.cli.lazygroup import LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "compose": ("bifente.cli.mail.writing:compose", "Write a mail with attachments into a file."),
    "sign": ("bifente.cli.mail.writing:sign", "Sign a mail by the CPS."),
    "encrypt": (
        "bifente.cli.mail.writing:encrypt",
        "Encipher a mail for its recipients, signed before if wanted.",
    ),
    "decrypt": ("bifente.cli.mail.reading:decrypt", "Decipher a mail by the CPS."),
    "verify": ("bifente.cli.mail.reading:verify", "Say who signed a mail, and what is in it."),
    "send": ("bifente.cli.mail.posting:send", "Send a mail by SMTP."),
    "fetch": ("bifente.cli.mail.posting:fetch", "Fetch the mails of an account by POP3 or IMAP."),
    "certificate": (
        "bifente.cli.mail.reading:certificate",
        "Write the certificate by which others encipher for a card.",
    ),
}
"""Command → (module:attribute, short help)."""


@click.group(
    cls=LazyGroup, table=COMMANDS, short_help="Sign, encipher, send, open and verify mails with the CPS."
)
def mail() -> None:
    """Secure mail (messagerie sécurisée): S/MIME with the professional's card. Its signature key signs, its authentication key
    deciphers. Each command takes one file and makes another; mail programs with S/MIME read what comes of it."""
