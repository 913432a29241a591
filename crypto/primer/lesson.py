"""What a lesson returns: its steps in their order, and what came of them."""

import unicodedata
from collections.abc import Mapping
from string import ascii_uppercase
from typing import Final

from bifente.slotted import dataclass, field

Fact = str | int | float | bool | list[str] | list[int]
LETTERS: Final = ascii_uppercase
_LIGATURES: Final = str.maketrans({"Œ": "OE", "Æ": "AE", "œ": "OE", "æ": "AE"})


class PrimerError(ValueError):
    """A text, a key or a number that the lesson cannot work with."""

    kind: str = "input.primer"


@dataclass(frozen=True, slots=True)
class PrimerStep:
    """One step: what is done, and the lines that come of it."""

    what: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson that was worked through. ``facts`` are its results by name, ``notes`` what should be known about it."""

    title: str
    steps: tuple[PrimerStep, ...]
    facts: Mapping[str, Fact] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def folded(text: str) -> str:
    """*text* in capitals without accents; everything that is no letter stays."""
    plain = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return "".join(one for one in plain if not unicodedata.combining(one)).upper()


def letters_of(text: str, what: str = "text") -> str:
    """The letters A to Z of *text*, accents folded. Raises PrimerError when there is none."""
    found = "".join(one for one in folded(text) if one in LETTERS)
    if not found:
        raise PrimerError(f"the {what} has no letter A to Z")
    return found


def words_of(text: str) -> list[str]:
    """The words of *text* in letters A to Z. Raises PrimerError when there is none."""
    letters_of(text)
    only = "".join(one if one in LETTERS else " " for one in folded(text))
    return only.split()


def shifted(letter: str, key: str, sign: int = 1) -> str:
    """The letter in row *letter* and column *key* of the table of Vigenère; with *sign* −1 the way back."""
    return LETTERS[(LETTERS.index(letter) + sign * LETTERS.index(key)) % 26]


def in_groups(text: str, size: int = 5) -> str:
    """*text* in groups, as cryptograms are written."""
    return " ".join(text[at : at + size] for at in range(0, len(text), size))
