"""Rows of the extracts into the database, some thousands at a time.

An entry keeps its number for ever, so what was published for somebody stays when a newer extract comes. What the extract
says of a person replaces what an earlier one said; the rows of a person need not stand together.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, Final

from bifente.codes.departements import departement_of_postcode
from bifente.igc.annuaire.columns import CODED, ActivityColumn, CardColumn
from bifente.igc.annuaire.store.words import WordIndex, add_words, remove_words, tag

Row = Sequence[str]

_STRUCTURE: Final = [
    "identifier",
    "name",
    "sign",
    "siret",
    "siren",
    "finess",
    "finess_legal",
    "former",
    "recipient",
    "location",
    "number",
    "repetition",
    "way_type",
    "way",
    "distribution",
    "cedex",
    "postcode",
    "commune_code",
    "commune",
    "country",
    "phone",
    "phone_2",
    "fax",
    "mail",
    "departement",
]
_STRUCTURE_ROW: Final = itemgetter(
    24, 25, 19, 20, 21, 22, 46, 26, 27, 28, 29, 30, 32, 33, 34, 35, 36, 37, 38, 40, 41, 42, 43
)
"""The columns behind ``identifier`` in the order of a row, up to ``mail``."""

_PRACTICE_ROW: Final = itemgetter(9, 11, 13, 15, 17, 47, 48, 50, 52, 54)
_CODED: Final = tuple(CODED.items())


class ActivityWriter:
    """Takes rows of activities, in one transaction of the caller's."""

    def __init__(self, connection: sqlite3.Connection, number: int) -> None:
        self._connection = connection
        self._number = number
        self._labels: dict[str, dict[str, str]] = {kind: {} for kind in CODED}
        self._hidden = {identifier for (identifier,) in connection.execute("SELECT identifier FROM opt_out")}
        self._next_person = _next(connection, "professional")
        self._next_structure = _next(connection, "structure")

    def add(self, rows: Sequence[Row]) -> None:
        """Take *rows*: 56 columns each."""
        structures = self._structures(rows)
        self._take_labels(rows)
        new, again, practices = self._people(rows, structures)
        connection = self._connection
        connection.executemany("INSERT INTO professional VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", new)
        if again:
            remove_words(connection, WordIndex.PROFESSIONAL, (person[0] for person in again))
            connection.executemany(
                "UPDATE professional SET identifier = ?2, family_name = ?3, given_name = ?4, civility = ?5,"
                " exercise_civility = ?6, places = ?7, trades = ?8, hidden = ?9, import = ?10 WHERE id = ?1",
                again,
            )
            connection.executemany(
                "DELETE FROM practice WHERE professional = ? AND import <> ?",
                [(person[0], self._number) for person in again],
            )
        connection.executemany(
            "INSERT INTO practice(professional, structure, profession, category, skill_kind, skill, mode, registered_by,"
            " sector, section, role, activity_kind, import) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            practices,
        )
        add_words(connection, WordIndex.PROFESSIONAL, [person[0] for person in (*new, *again)])

    def finish(self) -> None:
        """Store the labels that were met."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO label VALUES(?, ?, ?)",
            [
                (kind, code, text)
                for kind, found in self._labels.items()
                for code, text in found.items()
                if code and text
            ],
        )

    def _take_labels(self, rows: Sequence[Row]) -> None:
        for kind, at in _CODED:
            known = self._labels[kind]
            new = {row[at] for row in rows} - known.keys()
            if new:
                known.update({row[at]: row[at + 1] for row in rows if row[at] in new})

    def _structures(self, rows: Sequence[Row]) -> dict[str, int]:
        """See that the structures of *rows* are there; their numbers by identifier."""
        found: dict[str, Row] = {}
        for row in rows:
            identifier = structure_of(row)
            if identifier and identifier not in found:
                found[identifier] = row
        numbers = {}
        known = {
            identifier: (number, at)
            for identifier, number, at in self._connection.execute(
                "SELECT identifier, id, import FROM structure WHERE identifier IN (SELECT value FROM json_each(?))",
                (json.dumps(list(found)),),
            )
        }
        new, again = [], []
        for identifier in found:
            before = known.get(identifier)
            if before is None:
                number = self._next_structure
                self._next_structure += 1
                new.append(number)
            else:
                number = before[0]
                if before[1] == self._number:
                    numbers[identifier] = number
                    continue
                again.append(number)
            numbers[identifier] = number
        remove_words(self._connection, WordIndex.STRUCTURE, again)
        changed = {*new, *again}
        self._connection.executemany(
            _UPSERT_STRUCTURE,
            [
                (
                    number,
                    identifier,
                    *_STRUCTURE_ROW(found[identifier]),
                    _departement(found[identifier]),
                    self._number,
                )
                for identifier, number in numbers.items()
                if number in changed
            ],
        )
        add_words(self._connection, WordIndex.STRUCTURE, [*new, *again])
        return numbers

    def _people(
        self, rows: Sequence[Row], structures: dict[str, int]
    ) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """The people of *rows*, new ones and known ones, as rows of the table; and their practices."""
        by_person: dict[str, list[Row]] = {}
        for row in rows:
            identifier = row[ActivityColumn.IDENTIFIER]
            mine = by_person.get(identifier)
            if mine is None:
                by_person[identifier] = [row]
            else:
                mine.append(row)
        known = {
            identifier: rest
            for identifier, *rest in self._connection.execute(
                "SELECT identifier, id, import, places, trades FROM professional"
                " WHERE identifier IN (SELECT value FROM json_each(?))",
                (json.dumps(list(by_person)),),
            )
        }
        new: list[tuple[Any, ...]] = []
        again: list[tuple[Any, ...]] = []
        practices: list[tuple[Any, ...]] = []
        number = self._number
        for identifier, mine in by_person.items():
            places, trades = _tags(mine)
            before = known.get(identifier)
            if before is None:
                person = self._next_person
                self._next_person += 1
                into = new
            else:
                person = before[0]
                into = again
                if before[1] == number:  # met earlier in this extract
                    places, trades = f"{before[2]} {places}".strip(), f"{before[3]} {trades}".strip()
            row = mine[0]
            into.append(
                (
                    person,
                    identifier,
                    row[7],
                    row[8],
                    row[5],
                    row[3],
                    places,
                    trades,
                    int(identifier in self._hidden),
                    number,
                )
            )
            practices += [
                (person, structures.get(structure_of(row)), *_PRACTICE_ROW(row), number) for row in mine
            ]
        return new, again, practices


class CardWriter:
    """Takes rows of the extract of cards, in one transaction of the caller's."""

    def __init__(self, connection: sqlite3.Connection, number: int) -> None:
        self._connection = connection
        self._number = number
        self._labels: dict[tuple[str, str], str] = {}

    def add(self, rows: Sequence[Row]) -> None:
        """Take *rows*, in the order of :class:`CardColumn`; who is not listed yet is listed."""
        for row in rows:
            for kind, at in (("card", CardColumn.KIND), ("profession", CardColumn.PROFESSION)):
                if row[at + 1]:
                    self._labels[kind, row[at]] = row[at + 1]
        identifiers = {row[CardColumn.IDENTIFIER]: row for row in rows}
        found = self._known(identifiers)
        new = [row for identifier, row in identifiers.items() if identifier not in found]
        if new:
            found |= self._add_people(new)
        self._connection.executemany(
            "INSERT OR REPLACE INTO card VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    row[CardColumn.NUMBER],
                    found[row[CardColumn.IDENTIFIER]],
                    row[CardColumn.KIND],
                    row[CardColumn.INSIDE],
                    *(row[at] or None for at in range(CardColumn.START, CardColumn.UPDATED + 1)),
                    self._number,
                )
                for row in rows
            ],
        )

    def finish(self) -> None:
        """Store the labels that were met."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO label VALUES(?, ?, ?)",
            [(kind, code, text) for (kind, code), text in self._labels.items()],
        )

    def _known(self, identifiers: Iterable[str]) -> dict[str, int]:
        return dict(
            self._connection.execute(
                "SELECT identifier, id FROM professional WHERE identifier IN (SELECT value FROM json_each(?))",
                (json.dumps(list(identifiers)),),
            )
        )

    def _add_people(self, rows: Sequence[Row]) -> dict[str, int]:
        first = _next(self._connection, "professional")
        numbers = {row[CardColumn.IDENTIFIER]: first + place for place, row in enumerate(rows)}
        hidden = {identifier for (identifier,) in self._connection.execute("SELECT identifier FROM opt_out")}
        self._connection.executemany(
            "INSERT INTO professional VALUES(?, ?, ?, ?, '', '', '', ?, ?, 0)",
            [
                (
                    numbers[row[CardColumn.IDENTIFIER]],
                    row[CardColumn.IDENTIFIER],
                    row[CardColumn.FAMILY_NAME],
                    row[CardColumn.GIVEN_NAME],
                    tag("p", row[CardColumn.PROFESSION]),
                    int(row[CardColumn.IDENTIFIER] in hidden),
                )
                for row in rows
            ],
        )
        self._connection.executemany(
            "INSERT INTO practice(professional, structure, profession, category, skill_kind, skill, mode, registered_by,"
            " sector, section, role, activity_kind) VALUES(?, NULL, ?, '', '', '', '', '', '', '', '', '')",
            [
                (numbers[row[CardColumn.IDENTIFIER]], row[CardColumn.PROFESSION])
                for row in rows
                if row[CardColumn.PROFESSION]
            ],
        )
        add_words(self._connection, WordIndex.PROFESSIONAL, list(numbers.values()))
        return numbers


_UPSERT_STRUCTURE: Final = (
    f"INSERT INTO structure(id, {', '.join(_STRUCTURE)}, import) VALUES({', '.join('?' * (len(_STRUCTURE) + 2))})"
    " ON CONFLICT(id) DO UPDATE SET "
    + ", ".join(f"{column} = excluded.{column}" for column in (*_STRUCTURE, "import"))
)


def structure_of(row: Row) -> str:
    """The identifier of a row's structure: the technical one, else FINESS or SIRET with its type digit; empty without any."""
    if row[23]:
        return row[23]
    if row[21]:
        return f"1{row[21]}"
    return f"3{row[19]}" if row[19] else ""


def _departement(row: Row) -> str:
    return row[44] or departement_of_postcode(row[35]) or ""


def _tags(rows: Iterable[Row]) -> tuple[str, str]:
    """What of the activities is searched for: places (départements, communes, postcodes) and trades (professions, skills)."""
    places: dict[str, None] = {}
    trades: dict[str, None] = {}
    for row in rows:
        departement = _departement(row)
        if departement:
            places[tag("d", departement)] = None
        if row[37]:
            places[row[37]] = None
        if row[9]:
            trades[tag("p", row[9])] = None
        if row[15]:
            trades[tag("q", row[15])] = None
    return " ".join(places), " ".join(trades)


def _next(connection: sqlite3.Connection, table: str) -> int:
    [(last,)] = connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}")  # noqa: S608 - ours
    return int(last) + 1


def batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """*rows* in lists of *size*."""
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
