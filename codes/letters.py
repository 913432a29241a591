"""Letters that people type and Latin-1 has not, as it can hold them: for names on cards, which are in ISO/IEC 8859-1."""

import unicodedata

from bifente.codes.errors import CodeError

_WRITTEN = str.maketrans(
    {
        "œ": "oe",
        "Œ": "OE",
        "\u2018": "'",
        "\u2019": "'",
        "\u02bc": "'",
        "\u2010": "-",
        "\u2011": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\u2009": " ",
        "\u202f": " ",
    }
)
"""Ligatures, apostrophes, hyphens and dashes, thin spaces."""


def latin(text: str) -> str:
    """*text* in normalisation form C, with what Latin-1 can say otherwise said so (œ is oe, ’ is ').

    Raises CodeError that names the first letter for which that does not help, and nothing else of the text.
    """
    written = simplified(text)
    try:
        written.encode("latin-1")
    except UnicodeEncodeError as error:
        raise CodeError("text", f"{named(written[error.start])} is not in Latin-1") from None
    return written


def simplified(text: str) -> str:
    """As :func:`latin`, but letters for which that does not help stay as they are."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", text).translate(_WRITTEN)


def named(letter: str) -> str:
    """A letter as an error names it: ``'ő' (U+0151, LATIN SMALL LETTER O WITH DOUBLE ACUTE)``."""
    name = unicodedata.name(letter, "")
    code = f"U+{ord(letter):04X}" + (f", {name}" if name else "")
    return f"{letter!r} ({code})"


def composed(value: object) -> object:
    """All texts in a JSON value in normalisation form C; the keys stay."""
    if isinstance(value, dict):
        return {key: composed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [composed(item) for item in value]
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value
