"""The characters of a B2 record: upper-case ASCII without accents.

Norme B2, general rules (``spec/fse.md`` §1.1, after FIDES and SVIEW): alphanumeric fields are in capitals, unaccented.
"""

import unicodedata
from typing import Final

_WRITTEN_AS: Final = {
    "Æ": "AE",
    "Œ": "OE",
    "Ø": "O",
    "Đ": "D",
    "Ð": "D",
    "Þ": "TH",
    "Ł": "L",
    "ẞ": "SS",
    "‘": "'",
    "’": "'",
    "ʼ": "'",
    "“": '"',
    "”": '"',
    "«": '"',
    "»": '"',
    "‐": "-",
    "‑": "-",
    "‒": "-",
    "–": "-",
    "—": "-",
    "−": "-",
}
"""Letters that Unicode does not decompose, and typographic signs."""


def capitals(text: str) -> str:
    """*text* as B2 writes it: ``Noël Œuvrard`` → ``NOEL OEUVRARD``; a letter without such a form stays as it is."""
    if text.isascii():
        return text.upper()
    letters: list[str] = []
    for letter in text.upper():
        plain = _WRITTEN_AS.get(letter)
        if plain is None:
            decomposed = unicodedata.normalize("NFKD", letter)
            plain = "".join(part for part in decomposed if not unicodedata.combining(part))
        letters.append(plain if plain.isascii() else letter)
    return "".join(letters)


def unwritable(text: str) -> str | None:
    """The first character of *text* that no B2 record holds: a control, or one that is not ASCII; None if there is none."""
    return next((letter for letter in text if not " " <= letter <= "~"), None)


def named(letter: str) -> str:
    """A character in words: ``'Ж' (CYRILLIC CAPITAL LETTER ZHE)``, ``U+0007``."""
    name = unicodedata.name(letter, "")
    return f"{letter!r} ({name})" if name else f"U+{ord(letter):04X}"
