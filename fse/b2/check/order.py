"""What may follow what: the nesting of a file, and the order of the records that continue a line."""

from collections.abc import Iterator
from typing import Final

from bifente.fse.b2.check.fields import about
from bifente.fse.b2.check.rules import RULES, B2Finding
from bifente.fse.b2.record import B2Row

FOLLOWERS: Final[dict[str, frozenset[str]]] = {
    "": frozenset({"000"}),
    "000": frozenset({"1", "999"}),
    "1": frozenset({"2"}),
    "2": frozenset({"2+", "3", "4"}),
    "2+": frozenset({"2+", "3", "4"}),
    "3": frozenset({"3+", "3", "4", "5"}),
    "3+": frozenset({"3+", "3", "4", "5"}),
    "4": frozenset({"4+", "3", "4", "5"}),
    "4+": frozenset({"4+", "3", "4", "5"}),
    "5": frozenset({"2", "6"}),
    "6": frozenset({"1", "999"}),
    "999": frozenset(),
}
"""Type of a record (``+``: with a letter) → the types that may follow it."""

DETAIL_LIMITS: Final = {"4M": 26, "4B": 10, "4H": 10, "4F": 10, "3F": 10}
"""Records of a line at most (``spec/fse.md`` §1.1: the articles of the LPP are one in a record)."""

MOST_LINES: Final = 999

_AFTER_SEQUEL: Final = frozenset({"4B", "4H", "4M"})


def step(row: B2Row) -> str:
    """The type of *row* as :data:`FOLLOWERS` calls it."""
    return f"{row.record.type}+" if row.record.letter else row.record.type


def in_words(steps: frozenset[str]) -> str:
    """``2, 3 or 4``."""
    names = [f"a continuation of {one[0]}" if one.endswith("+") else one for one in sorted(steps)]
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else "nothing"


class LineOrder:
    """The records of one line, from its 3 or 4 on."""

    def __init__(self, norm: str) -> None:
        self._norm = norm
        self._names: list[str] = []
        self._counts: dict[str, int] = {}
        self._sequences: dict[str, int] = {}

    def begin(self) -> None:
        """A new line."""
        self._names.clear()
        self._counts.clear()
        self._sequences.clear()

    def add(self, row: B2Row) -> Iterator[B2Finding]:
        """What is wrong with where this continuation stands."""
        name = row.name
        if name == "4E" and "4S" not in self._names:
            yield _at(row, "4E-after-4S", "a 4E without a 4S before it")
        if name == "4S" and self._names:
            yield _at(row, "detail-after-4S", f"a 4S after a {self._names[-1]}")
        if name == "4E" and any(one not in ("4S", "4E") for one in self._names):
            yield _at(row, "detail-after-4S", f"a 4E after a {self._names[-1]}")
        if name in _AFTER_SEQUEL and self._norm == "CP" and not {"4S", "4E"} & set(self._names):
            yield _at(row, "detail-after-4S", f"a {name} without a 4S or 4E before it")
        self._names.append(name)
        count = self._counts[name] = self._counts.get(name, 0) + 1
        if count == DETAIL_LIMITS.get(name, count) + 1:
            yield _at(row, "too-many-details", f"more than {DETAIL_LIMITS[name]} records {name} for one line")
        yield from self._sequence(row)

    def _sequence(self, row: B2Row) -> Iterator[B2Finding]:
        if "sequence" not in row.record:
            return
        text = row.text("sequence")
        if not text.isdecimal() or not int(text):
            return
        before, number = self._sequences.get(row.name, 0), int(text)
        if number <= before:
            field = row.record["sequence"]
            yield about(row, field, text, "sequence", f"sequence {text} after {before:02d}")
        self._sequences[row.name] = max(before, number)


def _at(row: B2Row, rule: str, message: str) -> B2Finding:
    return B2Finding(RULES[rule], message, row.number, row.name, row.offset)
