"""``bifente primer``: a course of cryptology to play with, from substitution to certificates."""

import click

from bifente.cli.lazygroup import LazyGroup

COMMANDS: dict[str, tuple[str, str]] = {
    "substitution": ("bifente.cli.primer.classical:substitution", "Each letter becomes another one."),
    "polybe": ("bifente.cli.primer.classical:polybe", "Each letter becomes two digits (carré de Polybe)."),
    "vigenere": ("bifente.cli.primer.classical:vigenere", "A word is the key (chiffre de Vigenère)."),
    "kasiski": ("bifente.cli.primer.classical:kasiski", "Find the key of a Vigenère cryptogram."),
    "vernam": (
        "bifente.cli.primer.classical:vernam",
        "A key as long as the text; what its reuse gives away.",
    ),
    "des": ("bifente.cli.primer.modern:des", "Find a DES key by trying, most of which is told."),
    "aes": ("bifente.cli.primer.modern:aes", "AES: what one bit changes."),
    "keys": ("bifente.cli.primer.modern:keys", "How many keys partners need: n(n−1)/2."),
    "rsa": ("bifente.cli.primer.modern:rsa", "RSA by hand on small numbers, and on a card."),
    "envelope": (
        "bifente.cli.primer.modern:envelope",
        "The double envelope of Alice and Bob, with two cards.",
    ),
    "certificate": ("bifente.cli.primer.modern:certificate", "The certificate of Alice, checked by Bob."),
    "law": ("bifente.cli.primer.modern:law", "Le chiffrement et la Loi en France."),
}
"""Command → (module:attribute, short help)."""


@click.group(cls=LazyGroup, table=COMMANDS, short_help="Play through a course of cryptology, step by step.")
def primer() -> None:
    """A course of cryptology to play with, from substitution to certificates. Each step prints what it does; the modern half
    works with real cards. For learning: what the old ciphers hide is not hidden."""
