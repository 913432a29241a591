"""The public extracts of the Annuaire Santé, read a piece at a time: text with ``|`` between columns, or a zip of it.

Nothing is quoted in them: a value has no ``|`` and no line end. A file is some hundreds of megabytes; at most one piece of it is
in memory.
"""

import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from enum import Enum
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, Final

from bifente.documents import open_stream
from bifente.igc.annuaire.columns import (
    ACTIVITY_HEADINGS,
    CARD_HEADINGS,
    ActivityColumn,
    CardColumn,
    places_of,
)
from bifente.igc.annuaire.errors import ExtractRefused

_PIECE: Final = 1 << 20
_LONGEST_LINE: Final = 1 << 16
_LONGEST_EXTRACT: Final = 8 << 30
_DATES: Final = range(CardColumn.START, CardColumn.UPDATED + 1)


class ExtractKind(Enum):
    """Which of the extracts a file is; its headings tell."""

    ACTIVITIES = "PS_LibreAcces_Personne_activite"
    CARDS = "Porteurs_CPS_CPF"


@dataclass(frozen=True, slots=True)
class Extract:
    """An opened extract: rows in the order of our columns. ``size`` is the file's, of which ``read`` tells the progress."""

    kind: ExtractKind
    source: str
    size: int
    rows: Iterator[Sequence[str]]
    read: Callable[[], int]


@contextmanager
def opened_extract(path: Path) -> Iterator[Extract]:
    """The extract in *path*, which may be a zip with one in it. Raises ExtractRefused, DocumentError, OSError."""
    with open_stream(path, _LONGEST_EXTRACT) as stream:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        archive = zipfile.is_zipfile(stream)
        stream.seek(0)
        if not archive:
            yield _extract(stream, str(path), size, stream.tell)
            return
        try:
            with zipfile.ZipFile(stream) as zipped, zipped.open(_member(zipped, path)) as member:
                yield _extract(member, str(path), size, stream.tell)  # type: ignore[arg-type]  # read() is all it needs
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
            raise ExtractRefused(str(path), f"the zip cannot be read ({error})") from None


def _member(zipped: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    names = (ExtractKind.ACTIVITIES.value, ExtractKind.CARDS.value)
    texts = [entry for entry in zipped.infolist() if entry.filename.casefold().endswith((".txt", ".csv"))]
    wanted = [entry for entry in texts if Path(entry.filename).name.startswith(names)] or texts
    if len(wanted) != 1:
        raise ExtractRefused(
            str(path), "the zip holds no extract, or several", hint="unpack it and name the text file"
        )
    if wanted[0].file_size > _LONGEST_EXTRACT:
        raise ExtractRefused(str(path), "what the zip holds is too long")
    return wanted[0]


def _extract(stream: BinaryIO, source: str, size: int, read: Callable[[], int]) -> Extract:
    lines = _lines(stream, source)
    headings = next(lines, "").lstrip("\ufeff").split("|")
    kinds = ((ExtractKind.ACTIVITIES, ACTIVITY_HEADINGS), (ExtractKind.CARDS, CARD_HEADINGS))
    tried = {kind: places_of(wanted, headings) for kind, wanted in kinds}
    for kind, (places, missing) in tried.items():
        if not missing:
            checked = _activities if kind is ExtractKind.ACTIVITIES else _cards
            return Extract(
                kind, source, size, checked(_rows(lines, len(headings), places, source), source), read
            )
    nearest = min((missing for _, missing in tried.values()), key=len)
    what = (
        f"its first line lacks the column {nearest[0]!r}"
        if len(nearest) < 10
        else "not an extract of the annuaire"
    )
    raise ExtractRefused(
        source, what, hint=f"{ExtractKind.ACTIVITIES.value} and {ExtractKind.CARDS.value} are read"
    )


def _lines(stream: BinaryIO, source: str) -> Iterator[str]:
    """The lines, without their ends; a piece is decoded at once."""
    rest = b""
    number = 1
    while piece := stream.read(_PIECE):
        whole, end, after = piece.rpartition(b"\n")
        if end:
            yield from (found := _decoded(rest + whole, source, number).split("\n"))
            number += len(found)
            rest = after
        else:
            rest += piece
        if len(rest) > _LONGEST_LINE:
            raise ExtractRefused(source, "a line has no end", line=number)
    if rest:
        yield _decoded(rest, source, number)


def _decoded(content: bytes, source: str, line: int) -> str:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        where = line + content.count(b"\n", 0, error.start)
        raise ExtractRefused(
            source, "not UTF-8", line=where, hint="iconv -f latin1 -t utf-8 makes it so"
        ) from None
    return text.replace("\r\n", "\n").removesuffix("\r")


def _rows(lines: Iterator[str], count: int, places: list[int], source: str) -> Iterator[Sequence[str]]:
    """Each line cut and put into our order; there may be empty ones at the end."""
    in_order = places == list(range(count))
    pick = itemgetter(*places)
    empty = 0
    for number, line in enumerate(lines, 2):
        row = line.split("|")
        if len(row) != count:
            if not line:
                empty = empty or number
                continue
            if (
                len(row) != count + 1 or row.pop()
            ):  # a mark behind the last column, as some extracts had, is left out
                raise ExtractRefused(
                    source,
                    f"{line.count('|') + 1} columns where the first line has {count}",
                    line=number,
                )
        if empty:
            raise ExtractRefused(source, "an empty line", line=empty)
        yield row if in_order else pick(row)


def _activities(rows: Iterator[Sequence[str]], source: str) -> Iterator[Sequence[str]]:
    """Rows that name somebody."""
    for number, row in enumerate(rows, 2):
        if not row[ActivityColumn.IDENTIFIER]:
            raise ExtractRefused(source, "the national identifier is missing", line=number)
        yield row


def _cards(rows: Iterator[Sequence[str]], source: str) -> Iterator[Sequence[str]]:
    """Rows with a number of a card and with dates as ISO 8601 has them; the extract has them with and without dashes."""
    for number, row in enumerate(rows, 2):
        if not row[CardColumn.IDENTIFIER] or not row[CardColumn.NUMBER]:
            raise ExtractRefused(source, "the identifier or the number of the card is missing", line=number)
        changed = list(row)
        for at in _DATES:
            changed[at] = _day(row[at], source, number)
        yield changed


def _day(text: str, source: str, line: int) -> str:
    """A day as ISO 8601 writes it; ``20220315``, ``15/03/2022`` and ``2022-03-15`` are taken."""
    if not text:
        return ""
    written = "-".join(reversed(text.split("/"))) if "/" in text else text[:10] if "-" in text else text[:8]
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError:
        raise ExtractRefused(source, f"{text!r} is not a date", line=line) from None
