"""The annuaire: extracts imported, and a million entries searched by each key.

The floor of an import gives the same rows, cut already, to SQLite itself: one flat table with all 56 columns and a unique index, and a
full-text index of names, in one transaction. No structure is told apart, no label kept, nothing of an earlier import looked for.
The floor of a search is the bare statement that finds the numbers; an annuaire sorts what it finds by name and looks up what a
line of an answer says.
"""

import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import frame
from frame import Result, against_floor, median_of, per_second

from bifente.igc.annuaire import Annuaire, AnnuaireQuery, EntryKind, ExtractKind
from bifente.igc.annuaire.columns import ACTIVITY_HEADINGS, CODED, ActivityColumn
from bifente.igc.annuaire.extracts import Extract, opened_extract

ENTRIES = 1_000_000
IMPORTED = 20_000
LEAST = 20_000.0
MOST_MILLISECONDS = 50.0

_SYLLABLES = [
    "ma",
    "ri",
    "lo",
    "be",
    "du",
    "ser",
    "gé",
    "no",
    "va",
    "ti",
    "pel",
    "ron",
    "che",
    "fa",
    "qui",
    "jo",
    "lu",
    "san",
    "ber",
    "tou",
]
_GIVEN = ("Marie", "Jean-Pierre", "Élodie", "Paul", "Chloé", "Hugo", "Zoé", "André", "François", "Lucie")
_PROFESSIONS = ("10", "60", "40", "21", "70")


def rows(count: int, seed: int = 1) -> Iterator[list[str]]:
    """Invented activities, one for each person; three persons share a structure."""
    chance = random.Random(seed)
    empty = [""] * len(ACTIVITY_HEADINGS)
    for number in range(count):
        row = empty.copy()
        identifier = f"9{number:010}"
        place = f"{chance.randint(1, 95):02}"
        structure = chance.randint(0, count // 3)
        row[:3] = ["8", identifier, f"8{identifier}"]
        row[ActivityColumn.FAMILY_NAME] = "".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4))).upper()
        row[ActivityColumn.GIVEN_NAME] = chance.choice(_GIVEN)
        row[CODED["profession"]] = chance.choice(_PROFESSIONS)
        row[CODED["skill"]] = f"SM{chance.randint(1, 60):02}"
        row[CODED["mode"]], row[CODED["sector"]], row[CODED["civility"]] = "L", "SA07", "M"
        row[ActivityColumn.SIRET] = f"{structure:014}"
        row[ActivityColumn.STRUCTURE] = f"R{structure:013}"
        row[ActivityColumn.NAME] = f"CABINET {row[ActivityColumn.FAMILY_NAME]}"
        row[ActivityColumn.POSTCODE], row[ActivityColumn.COMMUNE] = f"{place}000", f"VILLE{place}"
        row[ActivityColumn.MAIL] = f"c{structure}@exemple.invalid"
        row[ActivityColumn.DEPARTEMENT] = place
        yield row


def bare_import(path: Path, cut: Sequence[Sequence[str]]) -> None:
    """What SQLite takes for the same rows."""
    _remove(path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    columns = ", ".join(f"c{number}" for number in range(len(ACTIVITY_HEADINGS)))
    connection.execute(f"CREATE TABLE activity({columns})")
    connection.execute("CREATE UNIQUE INDEX by_identifier ON activity(c2)")
    connection.execute(
        "CREATE VIRTUAL TABLE names USING fts5(family, given, prefix='3', content='', columnsize=0)"
    )
    connection.execute("BEGIN")
    marks = ", ".join("?" * len(ACTIVITY_HEADINGS))
    connection.executemany(f"INSERT INTO activity VALUES({marks})", cut)
    connection.execute("INSERT INTO names(rowid, family, given) SELECT rowid, c7, c8 FROM activity")
    connection.execute("COMMIT")
    connection.close()


def our_import(path: Path, extract: Path) -> None:
    """The extract, from its file, into a new annuaire."""
    _remove(path)
    with Annuaire.make(path) as annuaire, opened_extract(extract) as opened:
        annuaire.take(opened)


def results() -> Iterator[Result]:
    """Import, then a search by each key."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from imports(folder, 200 if frame.quick else IMPORTED)
        count = 2000 if frame.quick else ENTRIES
        path = folder / "annuaire.db"
        with Annuaire.make(path) as annuaire:
            annuaire.take(Extract(ExtractKind.ACTIVITIES, "invented", 1, rows(count), lambda: 0))
            yield from searches(annuaire, path, count)


def imports(folder: Path, count: int) -> Iterator[Result]:
    """An extract of *count* rows into a new annuaire."""
    extract = folder / "extract.txt"
    cut = list(rows(count))
    extract.write_text("\n".join("|".join(row) for row in (ACTIVITY_HEADINGS, *cut)) + "\n", encoding="utf-8")
    yield per_second(
        "annuaire: rows of an extract imported",
        lambda: our_import(folder / "ours.db", extract),
        count,
        unit="rows/s",
        floor=lambda: bare_import(folder / "bare.db", cut),
        least=None if frame.quick else LEAST,
    )


def searches(annuaire: Annuaire, path: Path, count: int) -> Iterator[Result]:
    """By each key; the entry in the middle is looked for."""
    identifier = f"89{count // 2:010}"
    structure = EntryKind.STRUCTURE
    bare = sqlite3.connect(path)
    bare.execute("PRAGMA mmap_size=1073741824")

    def statement(sql: str, *values: object) -> Callable[[], object]:
        return lambda: bare.execute(sql, values).fetchall()

    fts = "SELECT rowid FROM professional_text WHERE professional_text MATCH ? LIMIT 1001"
    asked: list[tuple[str, AnnuaireQuery, Callable[[], object] | None]] = [
        (
            "identifier",
            AnnuaireQuery(identifier=identifier),
            statement("SELECT id FROM professional WHERE identifier = ?", identifier),
        ),
        ("three letters of a name", AnnuaireQuery(text="mar"), statement(fts, '{family given} : "mar"*')),
        (
            "three letters in a département",
            AnnuaireQuery(text="mar", departement="88"),
            statement(fts, '{family given} : "mar"* AND {places} : "d88"'),
        ),
        ("name and given name", AnnuaireQuery(text="marilobe elo"), None),
        ("département and profession", AnnuaireQuery(departement="88", profession="10"), None),
        ("commune and savoir-faire", AnnuaireQuery(commune="ville88", skill="SM26"), None),
        ("structure by name", AnnuaireQuery(structure, text="cabinet marilobe"), None),
        ("structure by SIRET", AnnuaireQuery(structure, text=f"{count // 6:014}"), None),
        ("structure by mail", AnnuaireQuery(structure, mail=f"c{count // 6}@exemple.invalid"), None),
    ]
    for what, query, floor in asked:
        name = f"annuaire of {count:,}: by {what}"
        if floor is not None:
            yield against_floor(name, lambda query=query: annuaire.search(query), floor, repeat=3)  # type: ignore[misc]
        else:
            yield median_of(
                name,
                lambda query=query: annuaire.search(query),  # type: ignore[misc]
                repeat=3,
                most=MOST_MILLISECONDS,
            )
    yield median_of(
        f"annuaire of {count:,}: an entry whole",
        lambda: annuaire.professional(identifier),
        repeat=3,
        most=MOST_MILLISECONDS,
    )
    bare.close()


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).unlink()
