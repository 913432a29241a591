"""The append-only log: each line holds the digest of the one before it, so that a change or a gap is found.

The digest of a line is the SHA-256 of its canonical JSON with that of the line before. Who can write the whole database
could write the whole chain anew; a digest of its head that was noted elsewhere finds that too.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, RowMapping, insert, select, update

from bifente.documents import JsonValue, parse_json
from bifente.fse.cabinet.tables import EVENTS, HEAD

ORIGIN: Final = "0" * 64
"""What stands for the digest before the first line."""

_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class LogLine:
    """What happened to one subject: ``before`` and ``after`` are states, None where nothing changed."""

    subject: str
    subject_id: int
    event: str
    before: str | None
    after: str | None
    facts: Mapping[str, JsonValue]
    seq: int = 0
    at: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The last line of the log, for a note elsewhere."""

    seq: int
    digest: str


def moment(at: datetime) -> str:
    """ISO 8601 in UTC, to the second; a time without zone is refused. Raises ValueError."""
    if at.tzinfo is None:
        raise ValueError("a time needs its zone")
    return at.astimezone(UTC).isoformat(timespec="seconds")


def append(connection: Connection, at: datetime, lines: Sequence[LogLine]) -> None:
    """Add *lines* to the log. The numbers are without gaps, also when two processes write at once."""
    if not lines:
        return
    found = connection.execute(
        select(HEAD.c.seq, HEAD.c.digest).where(HEAD.c.id == 1).with_for_update()
    ).one()
    seq, digest, when = int(found.seq), str(found.digest), moment(at)
    rows = []
    for line in lines:
        seq += 1
        row: dict[str, object] = {
            "seq": seq,
            "at": when,
            "subject": line.subject,
            "subject_id": line.subject_id,
            "event": line.event,
            "before": line.before,
            "after": line.after,
            "facts": _canonical(line.facts),
        }
        digest = row["digest"] = link(digest, row)
        rows.append(row)
    connection.execute(insert(EVENTS), rows)
    connection.execute(update(HEAD).where(HEAD.c.id == 1).values(seq=seq, digest=digest))


def link(previous: str, row: Mapping[str, object]) -> str:
    """The digest of a line behind the one of *previous*."""
    names = ("seq", "at", "subject", "subject_id", "event", "before", "after", "facts")
    return sha256(_canonical([previous, *(row[name] for name in names)]).encode()).hexdigest()


def head_of(connection: Connection) -> ChainHead:
    """The last line."""
    found = connection.execute(select(HEAD.c.seq, HEAD.c.digest).where(HEAD.c.id == 1)).one()
    return ChainHead(int(found.seq), str(found.digest))


def rows_after(connection: Connection, seq: int = 0) -> Iterator[Mapping[str, object]]:
    """All lines after *seq* as they stand, a page at a time."""
    while True:
        query = select(EVENTS).where(EVENTS.c.seq > seq).order_by(EVENTS.c.seq).limit(_PAGE)
        page = connection.execute(query).mappings().all()
        yield from ({str(name): value for name, value in row.items()} for row in page)
        if len(page) < _PAGE:
            return
        seq = int(page[-1]["seq"])


def lines_of(
    connection: Connection, subject: str | None, subject_id: int | None, after: int, limit: int
) -> tuple[LogLine, ...]:
    """The lines after the one of number *after*: of one subject, or all of them."""
    query = select(EVENTS).where(EVENTS.c.seq > after).order_by(EVENTS.c.seq).limit(limit)
    if subject is not None:
        query = query.where(EVENTS.c.subject == subject, EVENTS.c.subject_id == subject_id)
    return tuple(_line(row) for row in connection.execute(query).mappings())


def _line(row: RowMapping) -> LogLine:
    values = {str(name): value for name, value in row.items()}
    facts = parse_json(str(row["facts"]), "the log")
    return LogLine(**values | {"facts": facts if isinstance(facts, Mapping) else {}})


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
