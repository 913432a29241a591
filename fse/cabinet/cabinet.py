"""The surgery: what a person or a program does with its store. Every change is one transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bifente.documents import JsonValue
from bifente.fse.cabinet import log, numbering, records
from bifente.fse.cabinet.content import SheetContent, digest_of, read_sheet
from bifente.fse.cabinet.errors import CabinetError, NumberTaken
from bifente.fse.cabinet.log import ChainHead, LogLine
from bifente.fse.cabinet.moves import move_sheet
from bifente.fse.cabinet.records import CabinetLot, CabinetSheet, CabinetStatus
from bifente.fse.cabinet.states import SHEET, LotState, SheetEvent, SheetState
from bifente.fse.cabinet.store import BUSY, CabinetStore
from bifente.fse.cabinet.tables import DOCUMENTS, SHEETS
from bifente.fse.cabinet.workingdays import EVERYWHERE, WorkingDays
from bifente.fse.sheet.verification import verify
from bifente.igc import TrustStore

Clock = Callable[[], datetime]
"""The time, with its zone."""

MODES = ("S", "F", "D")
"""Secured, *SESAM sans Vitale*, degraded (spec/fse.md §1.1: column 81 of record 1)."""


def real_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class KeptSheet:
    """A sheet that was given to the store; ``again`` when it was there already and nothing changed."""

    record: CabinetSheet
    again: bool


class Cabinet:
    """A surgery with its store. Everything that depends on the time asks its clock."""

    def __init__(
        self, store: CabinetStore, *, clock: Clock = real_clock, days: WorkingDays = EVERYWHERE
    ) -> None:
        self.store = store
        self.clock = clock
        self.days = days

    @classmethod
    def create(
        cls, place: str | Path, *, clock: Clock = real_clock, days: WorkingDays = EVERYWHERE
    ) -> "Cabinet":
        """A surgery with a new store at a path or an SQLAlchemy URL. Raises FileExistsError, CabinetError."""
        return cls(CabinetStore.create(place), clock=clock, days=days)

    @classmethod
    def open(
        cls,
        place: str | Path,
        *,
        clock: Clock = real_clock,
        days: WorkingDays = EVERYWHERE,
        busy: float = BUSY,
    ) -> "Cabinet":
        """The surgery whose store is at *place*; *busy* seconds are waited for another process. Raises CabinetError."""
        return cls(CabinetStore.open(place, busy=busy), clock=clock, days=days)

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __enter__(self) -> "Cabinet":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _changing(self) -> Iterator[tuple[Connection, datetime]]:
        """A transaction, and the time by which all of it happens."""
        now = self.clock()
        with self.store.write() as connection:
            yield connection, now

    def keep(
        self,
        raw: bytes,
        *,
        mode: str | None = None,
        third_party: bool = False,
        trust: TrustStore | None = None,
        source: str = "the sheet",
    ) -> KeptSheet:
        """Keep a sheet: signed, or its canonical bytes when it is *degraded* (mode ``D``) or only prepared.

        *mode* is ``S`` when both cards signed, which is what a signed message is taken for, ``F`` without the Vitale, ``D``
        without a signature. Without a mode, bytes that nobody has signed are prepared: a signed sheet of the same number
        takes their place later. With *trust* both signatures are verified first. What is there already is left as it is. Raises CabinetError, NumberTaken among it, SheetRefused.
        """
        content = read_sheet(raw, source)
        chosen = _mode_of(content, mode, source)
        if trust is not None and content.signed:
            verify(raw, trust)
        with self._changing() as (connection, now):
            wanted = content.sheet.number
            there = next(iter(records.with_number(connection, wanted, content.professional)), None)
            if there is not None and there.digest == content.digest:
                return KeptSheet(there, again=True)
            keep_document(connection, "sheet", raw, now)
            if there is not None:
                if there.state is not SheetState.PREPARED or chosen is None:
                    free = numbering.next_invoice(connection, content.professional)
                    raise NumberTaken(wanted, content.professional, free)
                values = {**_facts(content, chosen, third_party), "digest": content.digest}
                move_sheet(connection, there, SheetEvent.SIGN, now, {"digest": content.digest}, **values)
                return KeptSheet(records.sheet(connection, there.id), again=False)
            identity = insert_sheet(connection, content, chosen, third_party, wanted, now)
            return KeptSheet(records.sheet(connection, identity), again=False)

    def withdraw(self, sheet: int, why: str) -> CabinetSheet:
        """Take back a sheet that is in no lot yet. Raises EventRefused, UnknownRecord."""
        with self._changing() as (connection, now):
            move_sheet(connection, records.sheet(connection, sheet), SheetEvent.WITHDRAW, now, {"why": why})
            return records.sheet(connection, sheet)

    def next_number(self, professional: str) -> int:
        """An invoice number that is free for *professional*, and taken with this."""
        with self._changing() as (connection, _):
            return numbering.next_invoice(connection, professional)

    def sheet(self, sheet: int) -> CabinetSheet:
        """The sheet of this id. Raises UnknownRecord."""
        with self.store.read() as connection:
            return records.sheet(connection, sheet)

    def with_number(self, number: int, professional: str | None = None) -> tuple[CabinetSheet, ...]:
        """The sheets with this invoice number: one for each professional, or that of *professional*."""
        with self.store.read() as connection:
            return records.with_number(connection, number, professional)

    def lot(self, lot: int) -> CabinetLot:
        """The lot of this id. Raises UnknownRecord."""
        with self.store.read() as connection:
            return records.lot(connection, lot)

    def sheets(
        self,
        *,
        state: SheetState | None = None,
        lot: int | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> tuple[CabinetSheet, ...]:
        """A page of sheets by id, those behind *after*."""
        with self.store.read() as connection:
            return records.sheets(connection, state=state, lot=lot, after=after, limit=limit)

    def lots(
        self, *, state: LotState | None = None, after: int = 0, limit: int = 100
    ) -> tuple[CabinetLot, ...]:
        """A page of lots by id, those behind *after*."""
        with self.store.read() as connection:
            return records.lots(connection, state=state, after=after, limit=limit)

    def events(
        self, subject: str | None = None, subject_id: int | None = None, *, after: int = 0, limit: int = 100
    ) -> tuple[LogLine, ...]:
        """A page of the log: of a ``sheet`` or ``lot``, or of everything."""
        with self.store.read() as connection:
            return log.lines_of(connection, subject, subject_id, after, limit)

    def document(self, digest: str) -> bytes | None:
        """The bytes of an archived document, None when they were purged. Raises UnknownRecord."""
        with self.store.read() as connection:
            return records.document(connection, digest)

    def head(self) -> ChainHead:
        """The last line of the log: noted elsewhere, it proves later that nothing before it was changed."""
        with self.store.read() as connection:
            return log.head_of(connection)

    def status(self) -> CabinetStatus:
        """How many sheets and lots are in which state."""
        with self.store.read() as connection:
            return records.status(connection)


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


def insert_sheet(
    connection: Connection,
    content: SheetContent,
    mode: str | None,
    third_party: bool,
    number: int,
    now: datetime,
    *,
    replaces: int | None = None,
    facts: dict[str, JsonValue] | None = None,
) -> int:
    """A new row and its first line in the log; its id. Raises CabinetError."""
    if not 1 <= number <= numbering.MOST_INVOICE:
        raise CabinetError(f"invoice number {number}: 1 to {numbering.MOST_INVOICE}")
    event = (
        SheetEvent.PREPARE if mode is None else SheetEvent.KEEP_DEGRADED if mode == "D" else SheetEvent.SIGN
    )
    state = SHEET.step(None, event).after
    row = {
        "professional": content.professional,
        "number": number,
        "state": state.value,
        "digest": content.digest,
        "replaces": replaces,
        "kept": log.moment(now),
        "changed": log.moment(now),
        **_facts(content, mode, third_party),
    }
    made = connection.execute(insert(SHEETS).values(row)).inserted_primary_key
    assert made is not None
    told = {"digest": content.digest, "number": number, **(facts or {})}
    log.append(connection, now, [LogLine("sheet", int(made[0]), event.value, None, state.value, told)])
    return int(made[0])


def _facts(content: SheetContent, mode: str | None, third_party: bool) -> dict[str, Any]:
    insured = content.sheet.rights.insured
    return {
        "mode": mode or "",
        "third_party": third_party,
        "regime": insured.regime,
        "caisse": insured.caisse,
        "centre": insured.centre,
        "care_date": content.sheet.care_date.isoformat(),
        "amount": content.sheet.total,
    }


def _mode_of(content: SheetContent, mode: str | None, source: str) -> str | None:
    """The mode of the sheet, None for one that is only prepared."""
    if mode is not None and mode not in MODES:
        raise CabinetError(f"mode {mode[:20]!r}: one of {', '.join(MODES)}")
    if content.signed and mode == "D":
        raise CabinetError(
            f"{source}: a degraded sheet is one that no card has signed, and this one is signed"
        )
    if not content.signed and mode in ("S", "F"):
        raise CabinetError(f"{source}: nobody has signed it", hint="sign it, or keep it as degraded (mode D)")
    return "S" if content.signed and mode is None else mode
