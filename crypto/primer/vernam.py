"""Vernam's chiffre à usage unique: a key as long as the text, drawn by chance, used once; and what a second use gives away."""

from collections.abc import Callable

from bifente.crypto.primer.lesson import LETTERS, Lesson, PrimerError, PrimerStep, letters_of
from bifente.crypto.primer.vigenere import FRENCH, apply_key

Below = Callable[[int], int]
"""A random number below another, as ``secrets.randbelow``."""


def drawn_pad(length: int, below: Below) -> str:
    """A pad of *length* letters."""
    return "".join(LETTERS[below(26)] for _ in range(length))


def vernam(text: str, pad: str, *, decoy: str | None = None) -> Lesson:
    """*text* by a *pad* as long as it, and the pad by which the same cryptogram says *decoy*. Raises PrimerError."""
    letters, key = letters_of(text), _pad(pad, len(letters_of(text)))
    made = apply_key(letters, key)
    steps = [
        PrimerStep("The pad has as many letters as the text, drawn by chance", (letters, key)),
        PrimerStep("Letter by letter, as Vigenère", (made,)),
        PrimerStep("By the same pad the text comes back", (apply_key(made, key, -1),)),
    ]
    facts: dict[str, str | int | float | bool | list[str] | list[int]] = {"result": made, "pad": key}
    if decoy is not None:
        other = letters_of(decoy, "other text")
        if len(other) != len(letters):
            raise PrimerError(
                f"the other text has {len(other)} letters, the first {len(letters)}: as many are wanted"
            )
        facts["decoy_pad"] = fits = apply_key(made, other, -1)
        steps.append(
            PrimerStep(
                "Another pad makes another text of it: the cryptogram alone says nothing", (fits, other)
            )
        )
    return Lesson(
        "Chiffre de Vernam", tuple(steps), facts, ("absolutely sure if the pad serves once (Shannon, 1949)",)
    )


def reuse(first: str, second: str, pad: str, crib: str) -> Lesson:
    """Two texts by one *pad*: the pad falls out, and a word *crib* that is in one of them opens the other. Raises PrimerError."""
    one, other = letters_of(first), letters_of(second, "second text")
    key, word = _pad(pad, max(len(one), len(other))), letters_of(crib, "guessed word")
    sent = [apply_key(text, key) for text in (one, other)]
    size = min(map(len, sent))
    if len(word) > size:
        raise PrimerError(f"the guessed word has {len(word)} letters, the shorter text {size}")
    between = apply_key(sent[0][:size], sent[1][:size], -1)
    tried = [(at, apply_key(sent[0][at : at + len(word)], apply_key(sent[1][at : at + len(word)], word, -1), -1))
             for at in range(size - len(word) + 1)]  # fmt: skip
    ranked = sorted(tried, key=lambda found: (-_likely(found[1]), found[0]))[:5]
    return Lesson(
        "Vernam with a pad that serves twice",
        (
            PrimerStep("Both texts by the same pad", tuple(sent)),
            PrimerStep("One minus the other: the pad is gone, what is left is text minus text", (between,)),
            PrimerStep(
                f"If {word} stands in the second text, the first says there (the likeliest French first)",
                tuple(f"at {at + 1:3}: {shown}" for at, shown in ranked),
            ),
        ),
        {
            "cryptograms": sent,
            "difference": between,
            "places": [at + 1 for at, _ in ranked],
            "readings": [shown for _, shown in ranked],
        },
    )


def _likely(text: str) -> float:
    """The product of the frequencies of its letters: one W or K, and it is hardly French."""
    product = 1.0
    for one in text:
        product *= FRENCH[one]
    return product


def _pad(pad: str, length: int) -> str:
    key = letters_of(pad, "pad")
    if len(key) < length:
        raise PrimerError(f"the pad has {len(key)} letters, the text {length}: it must be as long")
    return key[:length]
