"""The full-text indexes: words added and removed, and what a person typed as a question to them.

FTS5's query language never reaches a stranger: of what is typed only letters and figures are taken, each word is quoted and
asked for as the beginning of one.
"""

import re
import sqlite3
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache
from itertools import pairwise

_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS = 8
_LONGEST_WORD = 64


class WordIndex(Enum):
    """An index, with the columns of its view."""

    PROFESSIONAL = ("professional_text", "professional_words", "family, given, places, trades")
    STRUCTURE = ("structure_text", "structure_words", "name, places")
    SERVER = ("server_text", "server_words", "name, places")


def add_words(connection: sqlite3.Connection, text: WordIndex, numbers: Iterable[int]) -> None:
    """Index the entries of these numbers, as they are stored now."""
    table, view, columns = text.value
    ordered = sorted(numbers)
    if (
        ordered
        and ordered[-1] - ordered[0] == len(ordered) - 1
        and all(b - a == 1 for a, b in pairwise(ordered))
    ):
        connection.execute(
            f"INSERT INTO {table}(rowid, {columns}) SELECT id, {columns} FROM {view} WHERE id BETWEEN ? AND ?",  # noqa: S608
            (ordered[0], ordered[-1]),
        )
        return
    connection.executemany(
        f"INSERT INTO {table}(rowid, {columns}) SELECT id, {columns} FROM {view} WHERE id = ?",  # noqa: S608
        [(number,) for number in ordered],
    )


def remove_words(connection: sqlite3.Connection, text: WordIndex, numbers: Iterable[int]) -> None:
    """Take the entries of these numbers out of the index, before they change."""
    table, view, columns = text.value
    connection.executemany(
        f"INSERT INTO {table}({table}, rowid, {columns}) SELECT 'delete', id, {columns} FROM {view} WHERE id = ?",  # noqa: S608
        [(number,) for number in numbers],
    )


def words_of(typed: str) -> list[str]:
    """The words of what somebody typed, as far as a search looks at them."""
    spread = typed.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae").replace("Æ", "AE")
    return [word[:_LONGEST_WORD] for word in _WORD.findall(spread)[:_MOST_WORDS]]


def beginning_with(columns: str, typed: str) -> str:
    """A condition: each word of *typed* begins a word of *columns*. Empty when there is no word."""
    words = " AND ".join(f'"{word}"*' for word in words_of(typed))
    return f"{{{columns}}} : ({words})" if words else ""


@lru_cache(4096)
def tag(letter: str, code: str) -> str:
    """The word that stands for a code: ``p10``, ``d88``. Empty without a code."""
    words = words_of(code)
    return letter + "".join(words) if words else ""


def tagged(column: str, letter: str, code: str) -> str:
    """A condition: the entry has the tag of that code. Empty without a code."""
    found = tag(letter, code)
    return f'{{{column}}} : "{found}"' if found else ""
