"""``bifente primer substitution|polybe|vigenere|kasiski|vernam``: the ciphers of paper and pencil."""

from pathlib import Path

import click

from bifente.cli.options import JSON, typed_text
from bifente.cli.primer.options import BACK, FILE, TEXT, given_text, wanted_text
from bifente.cli.primer.shown import show


@click.command(short_help="Each letter becomes another one.")
@TEXT
@FILE
@click.option(
    "--alphabet", metavar="LETTERS", help="26 letters, each once.  [default: the lecture's, completed]"
)
@BACK
@JSON
def substitution(
    text: str | None, file: Path | None, alphabet: str | None, back: bool, as_json: bool
) -> None:
    """Replace each letter by another one, always the same (substitution mono-alphabétique).

    \b
    bifente primer substitution 'Feuille de soins'
    bifente primer substitution 'TZSPUUZ YZ NGPDN' --decipher
    """
    from bifente.workbench.primer.paper import DEFAULT_ALPHABET, substitute

    key = DEFAULT_ALPHABET if alphabet is None else typed_text(alphabet)
    show(substitute(wanted_text(text, file), key, back=back), as_json=as_json)


@click.command(short_help="Each letter becomes two digits (carré de Polybe).")
@TEXT
@FILE
@BACK
@JSON
def polybe(text: str | None, file: Path | None, back: bool, as_json: bool) -> None:
    """Replace each letter by its row and column in the carré de Polybe, where I and J share a place.

    \b
    bifente primer polybe 'LONGTEMPS JE ME SUIS COUCHE DE BONNE HEURE'
    bifente primer polybe '313433224415323543 2415 3215' --decipher
    """
    from bifente.workbench.primer.paper import polybius, polybius_back

    show((polybius_back if back else polybius)(wanted_text(text, file)), as_json=as_json)


@click.command(short_help="A word is the key (chiffre de Vigenère).")
@TEXT
@FILE
@click.option("--key", required=True, metavar="WORD", help="The key.")
@click.option("--table", "with_table", is_flag=True, help="Show the table too.")
@BACK
@JSON
def vigenere(
    text: str | None, file: Path | None, key: str, with_table: bool, back: bool, as_json: bool
) -> None:
    """Encipher by a word that is written under the text again and again.

    \b
    bifente primer vigenere 'CRYPTOGRAPHIE DE VIGENERE' --key MATHWEB --table
    bifente primer vigenere ORRWPSHDAIOEIEQVBNARFDE --key MATHWEB --decipher
    """
    from bifente.workbench.primer.paper import vigenere as enciphered

    show(
        enciphered(wanted_text(text, file), typed_text(key), back=back, with_table=with_table),
        as_json=as_json,
    )


@click.command(short_help="Find the key of a Vigenère cryptogram.")
@TEXT
@FILE
@click.option(
    "--longest",
    metavar="N",
    type=click.IntRange(1, 64),
    default=16,
    show_default=True,
    help="The longest key looked for.",
)
@JSON
def kasiski(text: str | None, file: Path | None, longest: int, as_json: bool) -> None:
    """Find the key of a cryptogram of French text: runs that come again are whole keys apart. Without a TEXT, of a text of ours
    that the lecture's key enciphers. Some 30 letters for each letter of the key are wanted.

    \b
    bifente primer kasiski
    """
    from bifente.workbench.primer.lessons import break_vigenere

    show(break_vigenere(given_text(text, file), longest), as_json=as_json)


@click.command(short_help="A key as long as the text; what its reuse gives away.")
@TEXT
@FILE
@click.option("--pad", metavar="LETTERS", help="As many letters as the text.  [default: drawn by chance]")
@click.option("--decoy", metavar="TEXT", help="Another text of that length: the pad that makes it.")
@click.option("--reuse", "second", metavar="TEXT", help="A second text by the same pad.")
@click.option("--crib", metavar="WORD", help="A word guessed in the second text.  [default: its longest]")
@JSON
def vernam(
    text: str | None,
    file: Path | None,
    pad: str | None,
    decoy: str | None,
    second: str | None,
    crib: str | None,
    as_json: bool,
) -> None:
    """Encipher by a pad of chance letters that serves once; or twice (--reuse), and see it opened.

    \b
    bifente primer vernam RENDEZVOUS --decoy ORDONNANCE
    bifente primer vernam 'le patient prend le médicament' --reuse 'la pharmacie ferme à dix heures' --crib PHARMACIE
    """
    from bifente.workbench.primer.lessons import use_pad

    if second is not None and decoy is not None:
        raise click.UsageError("--decoy is for a pad that serves once: not with --reuse")
    if crib is not None and second is None:
        raise click.UsageError("--crib is a word in the second text: it wants --reuse")
    given = [None if one is None else typed_text(one) for one in (pad, second, crib, decoy)]
    show(use_pad(wanted_text(text, file), *given), as_json=as_json)
