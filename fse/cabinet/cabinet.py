"""The surgery: what a person or a program does with its store. Every change is one transaction."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert

from bifente.crypto.cms import Signer
from bifente.documents import JsonValue
from bifente.fse.cabinet import log, numbering, records
from bifente.fse.cabinet.archive import ArchiveReport, Progress, PurgeReport, check, keep_document, purge
from bifente.fse.cabinet.content import SheetContent, read_sheet
from bifente.fse.cabinet.demands import InsurerDemand, demand_for
from bifente.fse.cabinet.errors import CabinetError, NumberTaken
from bifente.fse.cabinet.inbox import CollectedMail, Opening, collect
from bifente.fse.cabinet.log import ChainHead, LogLine
from bifente.fse.cabinet.lotmaking import LotMaking, MadeLots, make_lots
from bifente.fse.cabinet.moves import move_lot, move_sheet
from bifente.fse.cabinet.outbox import CabinetSender, SentReport, hand_over, queue, waiting_files
from bifente.fse.cabinet.records import CabinetLot, CabinetMail, CabinetSheet, CabinetStatus, DueLot
from bifente.fse.cabinet.states import SHEET, LotEvent, LotState, SheetEvent, SheetState
from bifente.fse.cabinet.store import BUSY, CabinetStore
from bifente.fse.cabinet.tables import SHEETS
from bifente.fse.cabinet.workingdays import EVERYWHERE, WorkingDays
from bifente.fse.errors import FseError
from bifente.fse.lots.grouping import LotLimits
from bifente.fse.post import Post
from bifente.fse.sheet.acts import SheetMode
from bifente.fse.sheet.model import BillingSituation
from bifente.fse.sheet.verification import verify
from bifente.igc import TrustStore

Clock = Callable[[], datetime]
"""The time, with its zone."""


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

    def make_lots(
        self,
        signer: Signer,
        *,
        signing: BillingSituation | None = None,
        limits: LotLimits | None = None,
        marking: str = "T",
        insurers: Mapping[str, str] | None = None,
    ) -> MadeLots:
        """Put all sheets that are ready in lots and files, signed by the CPS behind *signer*, and their DRE in others.

        *signing* is the situation in which its holder works: what he may not sign stays where it is, with the reason.
        *marking* as record 1 has it: ``T`` a trial. *insurers* says who takes the DRE of each complementary insurer. Each file
        is whole or not made. Raises CabinetError, and what the signer raises.
        """
        making = LotMaking(signer, signing, limits, marking, insurers or {})
        return make_lots(self.store, self.clock(), self.days, making)

    def send(self, post: Post, sender: CabinetSender) -> SentReport:
        """Send every file that was made and not sent, and hand over again what the post may not have taken.

        What cannot be sent stays as it is, and the report says why. Raises CabinetStoreBusy when another process sends.
        """
        return self._send(post, sender, (LotEvent.SEND,))

    def retransmit(self, post: Post, sender: CabinetSender) -> SentReport:
        """Send again every lot with an ARL−, an ANR or no return, after :meth:`watch`; a file goes as a whole, as it was."""
        self.watch()
        return self._send(post, sender, (LotEvent.RETRANSMIT,))

    def _send(self, post: Post, sender: CabinetSender, events: tuple[LotEvent, ...]) -> SentReport:
        failed: list[tuple[str, FseError]] = []
        with self.store.alone("sending"):
            with self.store.read() as connection:
                files = waiting_files(connection, events)
            for file in files:
                try:
                    queue(self.store, file, sender, self.clock, self.days)
                except FseError as error:
                    failed.append((f"file {file}", error))
            report = hand_over(self.store, post, self.clock, self.days)
        return SentReport(report.handed, report.again, (*failed, *report.failed))

    def watch(self) -> tuple[CabinetLot, ...]:
        """Take the silence about lots whose return is overdue for an absence of return; those lots."""
        with self._changing() as (connection, now):
            late = records.overdue(connection, self.days.day_of(now))
            for lot in late:
                move_lot(connection, lot, LotEvent.SILENCE, now, self.days)
            return tuple(records.lot(connection, lot.id) for lot in late)

    def due(
        self, today: date | None = None, *, after: tuple[str, int] = ("", 0), limit: int = 100
    ) -> tuple[DueLot, ...]:
        """The lots of which something is due, the most urgent first: a return that is awaited, or a retransmission."""
        day = self.days.day_of(self.clock()) if today is None else today
        with self.store.read() as connection:
            return records.due(connection, day, after, limit)

    def collect(self, post: Post, opening: Opening) -> Iterator[CollectedMail]:
        """Take the mails in the box: ARLs, RSPs and notices of what was not delivered; each once.

        Each mail is dealt with when the next one is asked for. Raises PostError.
        """
        return collect(self.store, post, opening, self.clock, self.days)

    def process(self, lot: int, why: str) -> CabinetLot:
        """The caisse says otherwise (by telephone, on its site) that it works on the lot: to wait, not to retransmit."""
        return self._move_lot(lot, LotEvent.PROCESS, why)

    def release(self, lot: int, why: str) -> CabinetLot:
        """Give up a lot that was refused or not delivered: its sheets go in new lots, signed anew."""
        return self._move_lot(lot, LotEvent.RELEASE, why)

    def _move_lot(self, lot: int, event: LotEvent, why: str) -> CabinetLot:
        with self._changing() as (connection, now):
            move_lot(connection, records.lot(connection, lot), event, now, self.days, {"why": why})
            return records.lot(connection, lot)

    def check_archive(
        self, *, noted: ChainHead | None = None, progress: Progress | None = None
    ) -> ArchiveReport:
        """Look whether every copy, every line of the log and every state is what it was. *noted* is an earlier :meth:`head`."""
        return check(self.store, noted=noted, progress=progress)

    def purge(self, *, dry: bool = False) -> PurgeReport:
        """Take away copies that are older than three months and that nothing waits for; with *dry* only say which."""
        return purge(self.store, self.clock(), dry=dry)

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
        trust: TrustStore | None = None,
        source: str = "the sheet",
    ) -> KeptSheet:
        """Keep a sheet: signed, or its canonical bytes when it is *degraded* or only prepared.

        The sheet says its mode. Of another mode than degraded, bytes that nobody has signed are *prepared*: the signed sheet of
        the same number takes their place later. With *trust* both signatures are verified first. What is there already is left as it is. Raises CabinetError, NumberTaken among it, SheetRefused.
        """
        content = read_sheet(raw, source)
        if not (len(content.professional) == 9 and content.professional.isdigit()):
            raise CabinetError(
                f"{source}: its situation de facturation has no number of 9 digits to bill under"
            )
        chosen = _mode_of(content, source)
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
                values = {**_facts(content, chosen), "digest": content.digest}
                move_sheet(connection, there, SheetEvent.SIGN, now, {"digest": content.digest}, **values)
                return KeptSheet(records.sheet(connection, there.id), again=False)
            identity = insert_sheet(connection, content, chosen, wanted, now)
            return KeptSheet(records.sheet(connection, identity), again=False)

    def withdraw(self, sheet: int, why: str) -> CabinetSheet:
        """Take back a sheet that is in no lot yet. Raises EventRefused, UnknownRecord."""
        with self._changing() as (connection, now):
            move_sheet(connection, records.sheet(connection, sheet), SheetEvent.WITHDRAW, now, {"why": why})
            return records.sheet(connection, sheet)

    def replace_rejected(
        self, sheet: int, raw: bytes | None = None, *, trust: TrustStore | None = None
    ) -> CabinetSheet:
        """Send a rejected invoice again under a new number, which names the old one.

        *raw* is the corrected sheet, signed anew, of the same professional and under a free number of its own; without it the
        same signed sheet goes again, under the next free number. Raises EventRefused, CabinetError, NumberTaken, SheetRefused.
        """
        with self._changing() as (connection, now):
            old = records.sheet(connection, sheet)
            SHEET.step(old.state, SheetEvent.REPLACE, f"sheet n° {old.number:09}")
            same = raw is None
            found = records.document(connection, old.digest) if raw is None else raw
            if found is None:
                raise CabinetError(f"sheet n° {old.number:09}: its bytes were purged")
            content = read_sheet(found)
            if content.professional != old.professional:
                raise CabinetError(
                    f"the new sheet is one of {content.professional}, not of {old.professional}"
                )
            if not same and trust is not None and content.signed:
                verify(found, trust)
            number = numbering.next_invoice(connection, old.professional) if same else content.sheet.number
            taken = records.with_number(connection, number, old.professional)
            if taken:
                raise NumberTaken(
                    number, old.professional, numbering.next_invoice(connection, old.professional)
                )
            keep_document(connection, "sheet", found, now)
            mode = old.mode if same else _mode_of(content, "the new sheet")
            identity = insert_sheet(
                connection, content, mode, number, now, replaces=old.id, facts={"replaces": old.number}
            )
            move_sheet(connection, old, SheetEvent.REPLACE, now, {"by": number})
            return records.sheet(connection, identity)

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

    def demand(self, sheet: int) -> InsurerDemand | None:
        """What is asked of a complementary insurer by a DRE, for the sheet of this id."""
        with self.store.read() as connection:
            return demand_for(connection, sheet)

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

    def received(self, kind: str, *, after: str = "", limit: int = 100) -> tuple[CabinetMail, ...]:
        """A page of the mails of one *kind* that came (``arl``, ``rsp``, ``anr``, ``aside``), by their digests."""
        with self.store.read() as connection:
            return records.received(connection, kind=kind, after=after, limit=limit)

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


def insert_sheet(
    connection: Connection,
    content: SheetContent,
    mode: str | None,
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
        **_facts(content, mode),
    }
    made = connection.execute(insert(SHEETS).values(row)).inserted_primary_key
    assert made is not None
    told = {"digest": content.digest, "number": number, **(facts or {})}
    log.append(connection, now, [LogLine("sheet", int(made[0]), event.value, None, state.value, told)])
    return int(made[0])


def _facts(content: SheetContent, mode: str | None) -> dict[str, Any]:
    insured = content.sheet.rights.insured
    return {
        "mode": mode or "",
        "third_party": content.sheet.third_party.amo,
        "regime": insured.regime,
        "caisse": insured.caisse,
        "centre": insured.centre,
        "care_date": content.sheet.care_date.isoformat(),
        "amount": content.sheet.total,
    }


def _mode_of(content: SheetContent, source: str) -> str | None:
    """The mode of the sheet (``S``, ``F``, ``D``), None for one that is only prepared. Raises CabinetError."""
    mode = content.sheet.mode
    if content.signed and mode is SheetMode.DEGRADED:
        raise CabinetError(
            f"{source}: a degraded sheet is one that no card has signed, and this one is signed"
        )
    if not content.signed and mode is not SheetMode.DEGRADED:
        return None
    return mode.value
