"""The chiffre de Vigenère, and the weakness that Kasiski published in 1863: a key that is repeated leaves distances."""

from collections import Counter
from typing import Final

from bifente.crypto.primer.lesson import (
    LETTERS,
    Lesson,
    PrimerError,
    PrimerStep,
    in_groups,
    letters_of,
    shifted,
)

_SHARES: Final = (
    *(7.6, 0.9, 3.3, 3.7, 14.7, 1.1, 0.9, 0.7, 7.5, 0.6, 0.05, 5.5, 3.0),
    *(7.1, 5.8, 2.5, 1.4, 6.7, 7.9, 7.2, 6.3, 1.8, 0.05, 0.4, 0.3, 0.1),
)
FRENCH: Final = dict(zip(LETTERS, _SHARES, strict=True))
"""How often a letter stands in French, in per cent, rounded."""

LONGEST: Final = 20_000
"""Letters of a cryptogram that are looked at."""


def table() -> tuple[str, ...]:
    """The table of Vigenère with its two edges: row of the letter, column of the key."""
    rows = (f"{row} {' '.join(shifted(row, column) for column in LETTERS)}" for row in LETTERS)
    return (f"  {' '.join(LETTERS)}", *rows)


def apply_key(text: str, key: str, sign: int = 1) -> str:
    """The letters of *text* by the key under them, repeated; with *sign* −1 the way back. Raises PrimerError."""
    keyed = letters_of(key, "key")
    return "".join(shifted(one, keyed[at % len(keyed)], sign) for at, one in enumerate(letters_of(text)))


def vigenere(text: str, key: str, *, back: bool = False, with_table: bool = False) -> Lesson:
    """*text* by *key*, or *back*. Raises PrimerError."""
    letters, keyed = letters_of(text), letters_of(key, "key")
    under = (keyed * (len(letters) // len(keyed) + 1))[: len(letters)]
    made = apply_key(letters, keyed, -1 if back else 1)
    clear = made if back else letters
    became = sorted(
        {other for one, other in zip(clear, letters if back else made, strict=True) if one == "E"}
    )
    first = (
        f"row {letters[0]}, column {under[0]}: {made[0]}"
        if not back
        else f"in column {under[0]}, {letters[0]} stands in row {made[0]}"
    )
    steps = [
        PrimerStep("The key is written under the text, again and again", (letters, under)),
        PrimerStep("The first letter, by the table", (first,)),
        PrimerStep("All letters", (letters, under, made)),
    ]
    if with_table:
        steps.insert(0, PrimerStep("The table", table()))
    if len(became) > 1:
        steps.append(PrimerStep("E does not always become the same letter", (", ".join(became),)))
    return Lesson("Chiffre de Vigenère", tuple(steps), {"result": made, "key": keyed, "e_becomes": became})


def repetitions(cryptogram: str, size: int = 3) -> dict[str, list[int]]:
    """Each run of *size* letters that stands more than once, and where."""
    places: dict[str, list[int]] = {}
    for at in range(len(cryptogram) - size + 1):
        places.setdefault(cryptogram[at : at + size], []).append(at)
    return {run: where for run, where in places.items() if len(where) > 1}


def coincidence(letters: str) -> float:
    """The chance that two letters of it, drawn without putting back, are the same (Friedman's *index of coincidence*)."""
    size = len(letters)
    return sum(n * (n - 1) for n in Counter(letters).values()) / (size * (size - 1)) if size > 1 else 0.0


def _column_key(column: str) -> str:
    """The key letter that makes *column* look most like French (least chi-squared)."""

    def distance(key: str) -> float:
        counts = Counter(shifted(one, key, -1) for one in column)
        expected = {letter: len(column) * share / 100 for letter, share in FRENCH.items()}
        return sum((counts[letter] - expected[letter]) ** 2 / expected[letter] for letter in LETTERS)

    return min(LETTERS, key=distance)


def kasiski(cryptogram: str, longest_key: int = 16) -> Lesson:
    """Find the key of a cryptogram of French text, without being told anything. Raises PrimerError."""
    letters = letters_of(cryptogram, "cryptogram")[:LONGEST]
    if longest_key < 1 or len(letters) < 20:
        raise PrimerError(
            f"{len(letters)} letters say too little: some 30 for each letter of the key are wanted"
        )
    longest_key = min(longest_key, len(letters) // 10)
    repeated = repetitions(letters)
    distances = [later - where[0] for where in repeated.values() for later in where[1:]]
    votes = {size: sum(not one % size for one in distances) for size in range(2, longest_key + 1)}
    alike = {
        size: sum(coincidence(letters[start::size]) for start in range(size)) / size
        for size in range(1, longest_key + 1)
    }
    best = max(alike.values())
    length = next(size for size, value in alike.items() if value >= 0.88 * best)
    key = "".join(_column_key(letters[start::length]) for start in range(length))
    clear = apply_key(letters, key, -1)
    most = sorted(repeated.items(), key=lambda one: (-len(one[1]), one[1][0]))[:8]
    return Lesson(
        "Kasiski: a repeated key gives itself away",
        (
            PrimerStep("The cryptogram", (in_groups(letters[:120]) + (" …" if len(letters) > 120 else ""),)),
            PrimerStep(
                "Runs of three letters that come again, and how far apart",
                tuple(f"{run}  {', '.join(str(at - where[0]) for at in where[1:])}" for run, where in most)
                or ("none",),
            ),
            PrimerStep(
                "The length of the key divides most of these distances; columns of one key letter look like French",
                tuple(
                    f"length {size:2}: divides {votes.get(size, len(distances))} of {len(distances)}, coincidence {alike[size]:.3f}"
                    for size in sorted(alike, key=lambda size: -alike[size])[:6]
                ),
            ),
            PrimerStep(
                f"With length {length} each column is a shift of its own; the likeliest one for French",
                (key,),
            ),
            PrimerStep("The text by that key", (clear[:120] + (" …" if len(clear) > 120 else ""),)),
        ),
        {"result": clear, "key": key, "length": length, "distances": distances[:200]},
        () if len(letters) >= 30 * length else ("a short cryptogram: some letters of the key may be wrong",),
    )
