"""Substitution simple: each letter becomes another one, always the same; and the carré de Polybe, where it becomes two digits."""

from collections import Counter
from typing import Final

from bifente.crypto.primer.lesson import (
    LETTERS,
    Lesson,
    PrimerError,
    PrimerStep,
    folded,
    letters_of,
    words_of,
)

LECTURE_ALPHABET: Final = "WXEYZTKCPJIUADGLQMNRSFVBO"
"""The lecture's *texte codé*: it has 25 letters, H is missing, so Z of the clear text has none."""

DEFAULT_ALPHABET: Final = LECTURE_ALPHABET + "H"
"""The lecture's, completed by the letter that it lacks."""

SQUARE: Final = ("ABCDE", "FGHIK", "LMNOP", "QRSTU", "VWXYZ")
"""The carré de Polybe: I and J share a place."""


def substitute(text: str, alphabet: str = DEFAULT_ALPHABET, *, back: bool = False) -> Lesson:
    """*text* by the disordered *alphabet*, or *back*. Raises PrimerError."""
    key = letters_of(alphabet, "alphabet")
    if sorted(key) != list(LETTERS):
        twice = "".join(letter for letter, count in Counter(key).items() if count > 1)
        missing = "".join(sorted(set(LETTERS) - set(key)))
        said = [f"{word} {which}" for word, which in (("lacks", missing), ("repeats", twice)) if which]
        raise PrimerError(f"the alphabet {' and '.join(said)}: it wants each of the 26 letters once")
    letters_of(text)
    source, target = (key, LETTERS) if back else (LETTERS, key)
    made = folded(text).translate(str.maketrans(source, target))
    counts = Counter(one for one in made if one in LETTERS).most_common(3)
    often = ", ".join(f"{letter} ×{count}" for letter, count in counts)
    return Lesson(
        "Substitution simple",
        (
            PrimerStep("The two alphabets, one under the other", (f"clair  {LETTERS}", f"codé   {key}")),
            PrimerStep("Each letter is replaced by that of the other row", (folded(text), made)),
            PrimerStep("The commonest letters stay the commonest: that is how it is broken", (often,)),
        ),
        {"result": made, "alphabet": key},
        ("the lecture's alphabet has 25 letters; H, which it lacks, stands here for Z",)
        if key == DEFAULT_ALPHABET
        else (),
    )


def _place(letter: str) -> str:
    wanted = "I" if letter == "J" else letter
    return next(f"{row}{cells.index(wanted) + 1}" for row, cells in enumerate(SQUARE, 1) if wanted in cells)


def polybius(text: str) -> Lesson:
    """*text* by the carré de Polybe: row, then column. Raises PrimerError."""
    words = words_of(text)
    made = ["".join(map(_place, word)) for word in words]
    return Lesson(
        "Carré de Polybe",
        (
            _square(),
            PrimerStep(
                "Each letter becomes its row, then its column",
                tuple(f"{word}  {' '.join(map(_place, word))}" for word in words),
            ),
            PrimerStep("Word by word", (" ".join(made),)),
        ),
        {"result": " ".join(made)},
    )


def polybius_back(digits: str) -> Lesson:
    """The text of pairs of *digits*; J comes back as I. Raises PrimerError."""
    words = digits.split()
    for word in words:
        if len(word) % 2 or not set(word) <= set("12345"):
            raise PrimerError(f"{word[:40]!r} is not made of pairs of digits 1 to 5")
    if not words:
        raise PrimerError("there is no digit to read")
    made = [
        "".join(SQUARE[int(word[at]) - 1][int(word[at + 1]) - 1] for at in range(0, len(word), 2))
        for word in words
    ]
    return Lesson(
        "Carré de Polybe",
        (
            _square(),
            PrimerStep(
                "Each pair of digits is a row and a column",
                tuple(map("  ".join, zip(words, made, strict=True))),
            ),
        ),
        {"result": " ".join(made)},
        ("I and J share a place: J comes back as I",),
    )


def _square() -> PrimerStep:
    rows = (f"{number}   {' '.join(cells)}" for number, cells in enumerate(SQUARE, 1))
    return PrimerStep("The square: I and J share a place", ("    1 2 3 4 5", *rows))
