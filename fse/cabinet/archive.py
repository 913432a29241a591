"""Three months of copies: kept once each, looked at whether they are still what they were, and purged when their time is over.

A copy of every FSE is kept for three months (spec/fse.md §2.1); what waits for its ARL or RSP is kept until they come
(§1.1). ARLs are kept for good: the standard has a legal retention of the positive ones, for how long is not public.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, Table, exists, func, insert, literal, select, update

from bifente.fse.cabinet import log, records
from bifente.fse.cabinet.content import digest_of
from bifente.fse.cabinet.demands import demand_for
from bifente.fse.cabinet.log import ChainHead, LogLine
from bifente.fse.cabinet.records import CabinetSheet
from bifente.fse.cabinet.states import SheetState
from bifente.fse.cabinet.store import CabinetStore
from bifente.fse.cabinet.tables import DEMANDS, DOCUMENTS, EVENTS, LOTS, MESSAGES, SHEETS, TRANSMISSIONS

MONTHS: Final = 3
_BATCH: Final = 200

Progress = Callable[[int, int, str], None]
"""Told how many are done, of how many, and which one it was."""


def keep_document(connection: Connection, kind: str, raw: bytes, at: datetime) -> str:
    """Put bytes in the archive, once; the digest by which they are found."""
    digest = digest_of(raw)
    there = connection.execute(select(DOCUMENTS.c.purged).where(DOCUMENTS.c.digest == digest)).one_or_none()
    if there is None:
        connection.execute(
            insert(DOCUMENTS).values(
                digest=digest, kind=kind, size=len(raw), content=raw, kept=log.moment(at)
            )
        )
    elif there.purged is not None:
        values = {"content": raw, "purged": None, "kept": log.moment(at)}
        connection.execute(update(DOCUMENTS).where(DOCUMENTS.c.digest == digest).values(values))
    return digest


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """What a check has looked at, and what it has found wrong, a line each; ``head`` is the last line of the log."""

    documents: int
    purged: int
    lines: int
    head: ChainHead
    findings: tuple[str, ...]


def check(
    store: CabinetStore, *, noted: ChainHead | None = None, progress: Progress | None = None
) -> ArchiveReport:
    """Compare every document with its digest, every line of the log with the one before, every state with its last line.

    *noted* is a line of the log that was written down elsewhere: it must be there still. Memory does not grow with the store.
    """
    findings: list[str] = []
    with store.read() as connection:
        documents, purged = _check_documents(connection, findings, progress)
        lines = _check_log(connection, noted, findings)
        for name, table in (("sheet", SHEETS), ("lot", LOTS), ("demand", DEMANDS)):
            _check_states(connection, name, table, findings)
        head = log.head_of(connection)
    return ArchiveReport(documents, purged, lines, head, tuple(findings))


def _check_documents(
    connection: Connection, findings: list[str], progress: Progress | None
) -> tuple[int, int]:
    total = int(connection.execute(select(func.count()).select_from(DOCUMENTS)).scalar_one())
    done = purged = 0
    after = ""
    while True:
        query = select(DOCUMENTS).where(DOCUMENTS.c.digest > after).order_by(DOCUMENTS.c.digest).limit(_BATCH)
        page = connection.execute(query).all()
        for row in page:
            done += 1
            purged += row.purged is not None
            if row.content is None:
                if row.purged is None:
                    findings.append(f"{row.kind} {row.digest}: the copy is gone, and was not purged")
            elif row.size != len(row.content) or sha256(row.content).hexdigest() != row.digest:
                findings.append(f"{row.kind} {row.digest}: the copy is not what was kept")
        if progress is not None and page:
            progress(done, total, str(page[-1].kind))
        if len(page) < _BATCH:
            return done, purged
        after = str(page[-1].digest)


def _check_log(connection: Connection, noted: ChainHead | None, findings: list[str]) -> int:
    digest, seq = log.ORIGIN, 0
    broken = False
    for row in log.rows_after(connection):
        here = int(str(row["seq"]))
        if not broken and here != seq + 1:
            findings.append(f"log: line {seq + 1} is missing")
            broken = True
        if not broken and log.link(digest, row) != row["digest"]:
            findings.append(f"log: line {here} was changed, or one before it")
            broken = True  # whatever follows hangs on this one
        seq, digest = here, str(row["digest"])
        if noted is not None and noted.seq == seq and noted.digest != digest:
            findings.append(f"log: line {seq} is not the one that was noted: the log was written anew")
    head = log.head_of(connection)
    if (head.seq, head.digest) != (seq, digest):
        findings.append(f"log: it ends with line {seq}, and its head is line {head.seq}")
    if noted is not None and noted.seq > seq:
        findings.append(f"log: line {noted.seq}, which was noted, is not there: it ends with {seq}")
    return seq


def _check_states(connection: Connection, name: str, table: Table, findings: list[str]) -> None:
    """The state in a row is the one to which the last line of the log has led."""
    last = (
        select(EVENTS.c.after)
        .where(EVENTS.c.subject == name, EVENTS.c.subject_id == table.c.id, EVENTS.c.after.is_not(None))
        .order_by(EVENTS.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(table.c.id, table.c.state, last.label("logged")).where(
        func.coalesce(last, literal("")) != table.c.state
    )
    for row in connection.execute(query.order_by(table.c.id).limit(100)):
        logged = "nothing" if row.logged is None else repr(row.logged)
        findings.append(f"{name} {row.id} is {row.state!r}, and the log says {logged}")


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """What a purge took away (sheets, documents, bytes), what is older and stays, by reason, and some of it by number."""

    until: str
    sheets: int
    documents: int
    octets: int
    kept: Mapping[str, int]
    examples: tuple[tuple[int, str], ...]


def reason_to_keep(sheet: CabinetSheet) -> str:
    """Why an old sheet is not purged yet; empty when its time is over."""
    state = sheet.state
    if state in (SheetState.PAID, SheetState.PARTLY_PAID, SheetState.REPLACED, SheetState.WITHDRAWN):
        return ""
    if state is SheetState.ACKNOWLEDGED:
        return "the RSP has not come" if sheet.third_party else ""
    if state is SheetState.PROCESSING:
        return "the RSP has not come"
    if state is SheetState.REJECTED:
        return "rejected, and not sent again"
    if state in (SheetState.PREPARED, SheetState.SIGNED, SheetState.DEGRADED, SheetState.IN_LOT):
        return "not sent yet"
    return "no ARL+ has come"


def purge(store: CabinetStore, now: datetime, *, dry: bool = False) -> PurgeReport:
    """Take away the copies of sheets that are older than three months and wait for nothing, and what holds only such.

    Rows, numbers, states and the log stay, and so do ARLs and RSPs. With *dry* nothing is taken away, and documents and
    bytes are counted for the sheets alone.
    """
    until = log.moment(months_before(now, MONTHS))
    sheets = documents = octets = 0
    kept: Counter[str] = Counter()
    examples: list[tuple[int, str]] = []
    place = ("", 0)
    while True:
        with store.read() if dry else store.write() as connection:
            page = _old_sheets(connection, until, place)
            gone = []
            for sheet in page:
                reason = (
                    reason_to_keep(sheet)
                    or _asked_of_insurer(connection, sheet)
                    or _needed_by_another(connection, sheet, until)
                )
                if reason:
                    kept[reason] += 1
                    if len(examples) < 100:
                        examples.append((sheet.number, reason))
                else:
                    gone.append(sheet)
            if dry:
                digests = {one.digest for one in gone}
                sizes = select(DOCUMENTS.c.size).where(DOCUMENTS.c.digest.in_(digests))
                found = [int(size) for size in connection.execute(sizes).scalars()]
            else:
                found = _take_away(connection, gone, now)
            sheets, documents, octets = sheets + len(gone), documents + len(found), octets + sum(found)
        if len(page) < _BATCH:
            return PurgeReport(until[:10], sheets, documents, octets, dict(kept), tuple(examples))
        place = (page[-1].kept, page[-1].id)


def months_before(at: datetime, months: int) -> datetime:
    """The same day so many months before, or the last one of that month."""
    count = at.year * 12 + at.month - 1 - months
    year, month = divmod(count, 12)
    for day in range(at.day, 27, -1):
        try:
            return at.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return at.replace(year=year, month=month + 1, day=min(at.day, 28))


def _old_sheets(connection: Connection, until: str, place: tuple[str, int]) -> list[CabinetSheet]:
    """Sheets kept before *until* whose copies are still there, by the time when they were kept."""
    kept, identity = place
    query = (
        select(SHEETS)
        .join(DOCUMENTS, DOCUMENTS.c.digest == SHEETS.c.digest)
        .where(SHEETS.c.kept < until, DOCUMENTS.c.purged.is_(None), SHEETS.c.kept >= kept)
        .where((SHEETS.c.kept > kept) | (SHEETS.c.id > identity))
        .order_by(SHEETS.c.kept, SHEETS.c.id)
        .limit(_BATCH)
    )
    return [records.sheet_of(row) for row in connection.execute(query).mappings()]


def _asked_of_insurer(connection: Connection, sheet: CabinetSheet) -> str:
    """A DRE that waits for its answer, as the invoice beside it would."""
    demand = demand_for(connection, sheet.id)
    if demand is None or demand.state is SheetState.REJECTED:
        return ""
    reason = reason_to_keep(replace(sheet, state=demand.state, third_party=True))
    return f"DRE: {reason}" if reason else ""


def _needed_by_another(connection: Connection, sheet: CabinetSheet, until: str) -> str:
    """A rejected invoice that went again as it was: the copy is one for both."""
    query = select(SHEETS).where(SHEETS.c.digest == sheet.digest, SHEETS.c.id != sheet.id)
    for row in connection.execute(query).mappings():
        other = records.sheet_of(row)
        if other.kept >= until or reason_to_keep(other):
            return f"the invoice in its place, n° {other.number:09}, needs the copy"
    return ""


def _take_away(connection: Connection, sheets: list[CabinetSheet], now: datetime) -> list[int]:
    """The sizes of what was purged."""
    if not sheets:
        return []
    found = _purge_documents(connection, {sheet.digest for sheet in sheets}, now)
    asked = select(DEMANDS.c.lot).where(DEMANDS.c.sheet.in_([one.id for one in sheets]))
    lots = ({sheet.lot for sheet in sheets} | set(connection.execute(asked).scalars())) - {None}
    whole = exists(
        select(SHEETS.c.id)
        .join(DOCUMENTS, DOCUMENTS.c.digest == SHEETS.c.digest)
        .where(SHEETS.c.lot == LOTS.c.id, DOCUMENTS.c.purged.is_(None))
    )
    whole_dre = exists(
        select(DEMANDS.c.id)
        .join(SHEETS, SHEETS.c.id == DEMANDS.c.sheet)
        .join(DOCUMENTS, DOCUMENTS.c.digest == SHEETS.c.digest)
        .where(DEMANDS.c.lot == LOTS.c.id, DOCUMENTS.c.purged.is_(None))
    )
    gone = connection.execute(select(LOTS).where(LOTS.c.id.in_(lots), ~whole, ~whole_dre)).mappings().all()
    found += _purge_documents(connection, {str(lot["digest"]) for lot in gone}, now)
    files = {lot["transmission"] for lot in gone}
    left = exists(
        select(LOTS.c.id)
        .join(DOCUMENTS, DOCUMENTS.c.digest == LOTS.c.digest)
        .where(LOTS.c.transmission == TRANSMISSIONS.c.id, DOCUMENTS.c.purged.is_(None))
    )
    over = connection.execute(select(TRANSMISSIONS).where(TRANSMISSIONS.c.id.in_(files), ~left)).all()
    found += _purge_documents(connection, {str(one.digest) for one in over}, now)
    mails = select(MESSAGES.c.digest).where(MESSAGES.c.transmission.in_({one.id for one in over}))
    found += _purge_documents(connection, {str(one) for one in connection.execute(mails).scalars()}, now)
    log.append(
        connection,
        now,
        [LogLine("sheet", one.id, "purge", None, None, {"digest": one.digest}) for one in sheets],
    )
    return found


def _purge_documents(connection: Connection, digests: set[str], now: datetime) -> list[int]:
    mine = (DOCUMENTS.c.digest.in_(digests), DOCUMENTS.c.purged.is_(None))
    sizes = [int(size) for size in connection.execute(select(DOCUMENTS.c.size).where(*mine)).scalars()]
    connection.execute(update(DOCUMENTS).where(*mine).values(content=None, purged=log.moment(now)))
    return sizes
