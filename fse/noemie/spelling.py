"""How a text is written in a NOEMIE file: capitals without accents, in ASCII, without the character that ends an entity."""

import unicodedata
from typing import Final

_SPELT: Final = str.maketrans(
    {
        "œ": "OE",
        "Œ": "OE",
        "æ": "AE",
        "Æ": "AE",
        "ß": "SS",
        "’": "'",
        "‘": "'",
        "“": '"',
        "”": '"',
        "«": '"',
        "»": '"',
    }
    | {"–": "-", "—": "-", "…": "...", "€": "EUR", "°": "O", "@": " "}
)


def spelt(text: str, most: int) -> str:
    """*text* as a file takes it, cut to *most* characters; what has no capital without accent becomes ``?``."""
    plain = unicodedata.normalize("NFKD", text.translate(_SPELT)).upper()
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = " ".join(kept.split())
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in words)[
        :most
    ].rstrip(" ")
