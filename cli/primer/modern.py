"""``bifente primer des|aes|keys|rsa|envelope|certificate|law``: the ciphers of today, by hand and by cards."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bifente.cli.authority import open_authority
from bifente.cli.options import JSON, PATH, igc_option, typed_text
from bifente.cli.primer.shown import show
from bifente.cli.progress import progress
from bifente.cli.secretinput import SecretSource, pin_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from bifente.igc import Authority

CPS = click.option(
    "--cps", metavar="X.card", type=PATH, help="A card file.  [default: a card made for the lesson]"
)


def issuer(igc: Path | None) -> "Callable[[], Authority]":
    """The authority of the options, opened (or made) when a card needs it."""
    return lambda: open_authority(igc)


@click.command(short_help="Find a DES key by trying, most of which is told.")
@click.argument("text", default="Vitale")
@click.option("--key", metavar="HEX", help="8 bytes.  [default: drawn by chance]")
@click.option(
    "--unknown-bits",
    metavar="N",
    type=click.IntRange(1, 24),
    default=14,
    show_default=True,
    help="How many of the 56 bits are searched; each one doubles the time.",
)
@JSON
def des(text: str, key: str | None, unknown_bits: int, as_json: bool) -> None:
    """Encipher the first 8 bytes of TEXT by DES, forget some bits of the key, and find them by trying all.

    \b
    bifente primer des Vitale --key 133457799BBCDFF1 --unknown-bits 12
    """
    from bifente.workbench.primer.lessons import break_des

    with progress("trying keys") as told:
        lesson = break_des(
            typed_text(text),
            key,
            unknown_bits,
            None if told is None else lambda done, total: told(done, total, "DES"),
        )
    show(lesson, as_json=as_json)


@click.command(short_help="AES: what one bit changes.")
@click.argument("text", default="Feuille de soins")
@click.option("--key", metavar="HEX", help="16, 24 or 32 bytes.  [default: 16, drawn by chance]")
@JSON
def aes(text: str, key: str | None, as_json: bool) -> None:
    """Encipher TEXT by AES, alone and in GCM; change one bit before it, and one bit after.

    \b
    bifente primer aes 'Feuille de soins' --key 000102030405060708090a0b0c0d0e0f
    """
    from bifente.workbench.primer.lessons import use_aes

    show(use_aes(typed_text(text), key), as_json=as_json)


@click.command(short_help="How many keys partners need: n(n−1)/2.")
@click.argument("partners", type=int, default=4)
@JSON
def keys(partners: int, as_json: bool) -> None:
    """Count the secret keys of PARTNERS, each two of whom share one.

    \b
    bifente primer keys 4
    bifente primer keys 50
    """
    from bifente.workbench.primer.paper import key_count

    show(key_count(partners), as_json=as_json)


@click.command(short_help="RSA by hand on small numbers, and on a card.")
@click.argument("message", required=False)
@click.option("--p", "p", metavar="N", type=int, default=61, show_default=True, help="The first prime.")
@click.option("--q", "q", metavar="N", type=int, default=53, show_default=True, help="The second prime.")
@click.option("--e", "e", metavar="N", type=int, default=17, show_default=True, help="The public exponent.")
@click.option(
    "--card", "on_card", is_flag=True, help="Have a card sign MESSAGE in the place of small numbers."
)
@CPS
@pin_options()
@igc_option
@JSON
def rsa(
    message: str | None,
    p: int,
    q: int,
    e: int,
    on_card: bool,
    cps: Path | None,
    pin: SecretSource,
    igc: Path | None,
    as_json: bool,
) -> None:
    """Make small keys, encipher, decipher and sign a number by them; or see what stands in a card's signature over a text.

    \b
    bifente primer rsa 65 --p 61 --q 53 --e 17
    bifente primer rsa 'Feuille de soins' --card
    bifente primer rsa 'Feuille de soins' --cps doctor.card --pin 1234
    """
    if on_card or cps is not None:
        from bifente.workbench.primer.cards import sign_on_card

        text = typed_text(message or "Feuille de soins")
        show(sign_on_card(text, cps, issuer(igc), pin.read), as_json=as_json)
        return
    from bifente.workbench.primer.paper import rsa_by_hand

    text = message or "65"
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise click.UsageError("by hand MESSAGE is a number; a card signs a text (--card)")
    show(rsa_by_hand(int(text), p, q, e), as_json=as_json)


@click.command(short_help="The double envelope of Alice and Bob, with two cards.")
@click.argument("text", default="Rendez-vous à dix heures")
@click.option("--alice", metavar="X.card", type=PATH, help="Her card.  [default: one made for the lesson]")
@click.option("--bob", metavar="X.card", type=PATH, help="His card.  [default: one made for the lesson]")
@pin_options()
@igc_option
@JSON
def envelope(
    text: str, alice: Path | None, bob: Path | None, pin: SecretSource, igc: Path | None, as_json: bool
) -> None:
    """Alice's card signs TEXT, it is enciphered for Bob's card, which opens it; her public key tells that it is hers.

    \b
    bifente primer envelope 'Rendez-vous à dix heures'
    bifente primer envelope 'Rendez-vous à dix heures' --alice doctor.card --pin 1234
    """
    from bifente.workbench.primer.cards import send_between_cards

    show(send_between_cards(typed_text(text), alice, bob, issuer(igc), pin.read), as_json=as_json)


@click.command(short_help="The certificate of Alice, checked by Bob.")
@click.option(
    "--card", "on_card", is_flag=True, help="Check the certificate of a card in the place of the lecture's."
)
@CPS
@igc_option
@JSON
def certificate(on_card: bool, cps: Path | None, igc: Path | None, as_json: bool) -> None:
    """Have the lecture's organisme certify Alice over MD5, check it as Bob, and see why MD5 is not used today.

    \b
    bifente primer certificate
    bifente primer certificate --cps doctor.card
    """
    from bifente.workbench.primer.cards import check_card_certificate, check_lecture_certificate

    if on_card or cps is not None:
        show(check_card_certificate(cps, issuer(igc)), as_json=as_json)
    else:
        show(check_lecture_certificate(), as_json=as_json)


@click.command(short_help="Le chiffrement et la Loi en France.")
@JSON
def law(as_json: bool) -> None:
    """The lecture's table of what the law wanted of ciphers, and the dates around it.

    \b
    bifente primer law
    """
    from bifente.workbench.primer.paper import law as said

    show(said(), as_json=as_json)
