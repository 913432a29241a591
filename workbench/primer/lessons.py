"""Lessons with a clock, with chance, and with texts out of files; those of cards are in :mod:`bifente.workbench.primer.cards`."""

import secrets
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Final

from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.crypto.primer.lesson import Lesson

MOST_BYTES: Final = 200_000
"""Bytes of a text that is read from a file."""

SAMPLE: Final = (
    "Le médecin pose le diagnostic et rédige une ordonnance que le patient porte à la pharmacie de son quartier. "
    "La pharmacienne lit la carte, prépare les médicaments et envoie la feuille de soins à la caisse le soir même. "
    "La caisse vérifie la signature de la feuille, calcule la part qui revient au patient et rembourse en quelques "
    "jours. Personne sur le chemin ne doit pouvoir lire ce que le patient a confié à son médecin, ni changer le "
    "montant de la feuille. C'est pourquoi les messages sont chiffrés, et pourquoi chaque professionnel porte une "
    "carte dont la clé ne sort jamais. Le patient garde la sienne dans son portefeuille et la montre à chaque visite."
)
"""A French text of our own, to be enciphered and broken."""


def text_of(given: str | None, file: Path | None) -> str | None:
    """What the command was given, or what stands in *file* (UTF-8). Raises WorkbenchError, OSError, DocumentError."""
    if file is None:
        return given
    if given is not None:
        raise WorkbenchError("the text is given twice: as an argument and in a file", "usage")
    from bifente.documents import read_bytes

    try:
        return read_bytes(file, MOST_BYTES).decode("utf-8")
    except UnicodeDecodeError:
        raise WorkbenchError(f"{file} is no text in UTF-8") from None


def break_vigenere(cryptogram: str | None, longest_key: int) -> "Lesson":
    """Find the key of *cryptogram*; without one, of a text of ours under the lecture's key. Raises PrimerError."""
    from bifente.crypto.primer.vigenere import apply_key, kasiski

    return kasiski(apply_key(SAMPLE, "MATHWEB") if cryptogram is None else cryptogram, longest_key)


def use_pad(text: str, pad: str | None, second: str | None, crib: str | None, decoy: str | None) -> "Lesson":
    """Vernam by *pad* or one that is drawn; with a *second* text the same pad serves twice. Raises PrimerError."""
    from bifente.crypto.primer.lesson import letters_of
    from bifente.crypto.primer.vernam import drawn_pad, reuse, vernam

    longest = max(len(letters_of(one)) for one in (text, second) if one is not None)
    key = drawn_pad(longest, secrets.randbelow) if pad is None else pad
    if second is None:
        return vernam(text, key, decoy=decoy)
    return reuse(text, second, key, crib or max(letters_words(second), key=len))


def letters_words(text: str) -> list[str]:
    """The words of *text* in letters A to Z. Raises PrimerError."""
    from bifente.crypto.primer.lesson import words_of

    return words_of(text)


def break_des(
    text: str,
    key: str | None,
    unknown_bits: int,
    told: Callable[[int, int], None] | None = None,
    clock: Callable[[], float] = perf_counter,
) -> "Lesson":
    """Encipher the first 8 bytes of *text* by *key* (hexadecimal) or one that is drawn, and find it. Raises PrimerError."""
    from bifente.crypto.primer.blocks import des_block, des_lesson, effective, search

    secret = key_bytes(key, (8,)) or secrets.token_bytes(8)
    clear = text.encode("utf-8", "replace")[:8].ljust(8)
    begin = clock()
    found = list(search(clear, des_block(secret, clear), effective(secret), unknown_bits, told))
    return des_lesson(clear, secret, unknown_bits, found, clock() - begin)


def use_aes(text: str, key: str | None) -> "Lesson":
    """AES over *text* by *key* (hexadecimal) or one of 16 bytes that is drawn. Raises PrimerError."""
    from bifente.crypto.primer.blocks import aes_lesson

    secret = key_bytes(key, (16, 24, 32)) or secrets.token_bytes(16)
    return aes_lesson(text.encode("utf-8", "replace"), secret, secrets.token_bytes(12))


def key_bytes(text: str | None, sizes: tuple[int, ...]) -> bytes | None:
    """A key in hexadecimal; None without one. Raises WorkbenchError, which does not show it."""
    if text is None:
        return None
    try:
        key = bytes.fromhex(text)
    except ValueError:
        raise WorkbenchError("the key is not hexadecimal") from None
    if len(key) not in sizes:
        raise WorkbenchError(f"the key has {len(key)} bytes; {' or '.join(map(str, sizes))} are wanted")
    return key
