"""Options that several commands of ``bifente mail`` have in common."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.options import PATH
from bifente.cli.secretinput import SecretSource

if TYPE_CHECKING:
    from bifente.workbench.mail.trust import GivenCertificate
    from bifente.workbench.mail.writing import CardAsked

MESSAGE = click.argument("file", metavar="MAIL.eml", type=PATH)
OUT = click.option(
    "-o", "--out", "output", required=True, metavar="FILE", type=PATH, help="The file to make (mode 600)."
)
CPS = click.option("--cps", metavar="X.card", type=PATH, help="The card, as a card file.")
READERS = click.option(
    "--reader",
    "readers",
    multiple=True,
    metavar="NAME",
    help="The PC/SC reader that holds the card: its name, a part of it, or its number.",
)
OPAQUE = click.option(
    "--opaque",
    is_flag=True,
    help="Sign in the form that servers cannot break, which programs without S/MIME cannot read.",
)


def card_asked(cps: Path | None, readers: tuple[str, ...], pin: SecretSource) -> "CardAsked":
    """The card of the options, and its PIN."""
    from bifente.workbench.mail.writing import CardAsked

    return CardAsked(cps, readers, pin.read)


def given_certificates(values: tuple[str, ...]) -> "list[GivenCertificate]":
    """``FILE`` or ``ADDRESS=FILE``, each a certificate."""
    from bifente.workbench.mail.trust import GivenCertificate

    found = []
    for value in values:
        address, equals, file = value.partition("=")
        if equals and "@" in address and "/" not in address:
            found.append(GivenCertificate(Path(file), address))
        else:
            found.append(GivenCertificate(Path(value)))
    return found


TO_CERT: Callable[[Callable[..., None]], Callable[..., None]] = click.option(
    "--to-cert",
    "certificates",
    multiple=True,
    metavar="[ADDRESS=]FILE",
    help="A recipient's certificate (PEM or DER), in the place of the annuaire's. Repeatable.",
)
