"""Everything that a caisse asks of its database.

A message is one transaction: what came, what was thought of it, and the answer that goes out. A crash leaves all of it or
nothing. Rows that come in numbers are written by one statement for a whole lot.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, bindparam, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from bifente.fse.caisse.codes import CaisseFinding
from bifente.fse.caisse.errors import CaisseError
from bifente.fse.caisse.judgement import KnownInvoice
from bifente.fse.caisse.store.opening import first_line
from bifente.fse.caisse.store.records import (
    DueInvoice,
    JournalEntry,
    LotRecord,
    OutgoingMail,
    ReceivedMessage,
    StoredLot,
    WaitingMail,
)
from bifente.fse.caisse.store.schema import (
    COUNTERS,
    FINDINGS,
    INVOICES,
    JOURNAL,
    LOTS,
    MESSAGES,
    OUTBOX,
    RSPS,
)

_DUE: Final = (
    "number",
    "part",
    "nir",
    "birth",
    "rank",
    "insurance",
    "insurer",
    "care",
    "fees",
    "amo",
    "amc",
    "participation",
    "franchise",
    "lines",
    "third_party",
    "state",
)
"""What a settlement reads of an invoice, in the order of :class:`DueInvoice`."""

_MOST: Final = 999_999_999
"""The highest number of an invoice."""

_AT_ONCE: Final = 500
"""Numbers in one question: fewer than SQLite and PostgreSQL take as parameters."""


class CaisseStore:
    """A store at its newest version. Its methods are called within :meth:`writing` or :meth:`reading`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    @contextmanager
    def writing(self) -> Iterator["CaisseTransaction"]:
        """A transaction that is committed when the block ends well. Raises CaisseError when the database refuses."""
        with _named(), self._engine.begin() as connection:
            yield CaisseTransaction(connection)

    @contextmanager
    def reading(self) -> Iterator["CaisseTransaction"]:
        """A transaction that only looks: it waits for nobody."""
        with _named(), self._engine.connect().execution_options(reading=True) as connection:
            yield CaisseTransaction(connection)


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        raise StoreFailed(error) from error


class StoreFailed(CaisseError):
    """The database refused: a full disk, a lost server, two processes at once. ``conflict``: somebody was faster."""

    kind = "write-failed"

    def __init__(self, error: DBAPIError) -> None:
        super().__init__(
            f"the store of the caisse: {first_line(error)}",
            hint="nothing was lost: what was not answered stays in the mailbox",
        )
        self.conflict = type(error).__name__ == "IntegrityError"


class CaisseTransaction:
    """One transaction on the store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def connection(self) -> Connection:
        """For what only counts: :mod:`bifente.fse.caisse.store.statistics`."""
        return self._connection

    # -- messages

    def message_seen(self, delivered: str, digest: str) -> bool:
        """Whether this very delivery was processed before: its mailbox could not be told."""
        found = select(MESSAGES.c.id).where(
            MESSAGES.c.delivered == delivered[:255], MESSAGES.c.digest == digest
        )
        return self._connection.execute(found).first() is not None

    def add_message(self, message: ReceivedMessage, now: datetime) -> int:
        """Keep what came, and return its number."""
        made = self._connection.execute(
            insert(MESSAGES).values(
                delivered=message.delivered[:255],
                digest=message.digest,
                sender=_text(message.sender, 320),
                subject=_text(message.subject, 1000),
                size=message.size,
                received=now,
            )
        )
        return _key(made.inserted_primary_key)

    # -- lots

    def lots_of(self, professional: str, number: int) -> list[StoredLot]:
        """Every lot of this number that was judged, the newest first."""
        found = (
            select(LOTS.c.id, LOTS.c.digest, LOTS.c.positive, LOTS.c.day, LOTS.c.arl, LOTS.c.repeats)
            .where(LOTS.c.professional == professional, LOTS.c.number == number)
            .order_by(LOTS.c.id.desc())
        )
        return [StoredLot(*row) for row in self._connection.execute(found)]

    def add_lot(self, lot: LotRecord, message: int, now: datetime) -> int:
        """Keep a judged lot with its invoices and findings, and return its number."""
        made = self._connection.execute(
            insert(LOTS).values(
                message=message,
                professional=lot.professional,
                number=lot.number,
                organisme=_text(lot.organisme, 10),
                file_id=_text(lot.file_id, 6),
                mode=_text(lot.mode, 1),
                part=lot.part,
                digest=lot.digest,
                signer=_text(lot.signer, 64),
                received=now,
                day=now.date(),
                made=lot.made,
                positive=lot.positive,
                invoices=lot.count or len(lot.invoices),
                repeats=0,
                address=_text(lot.address, 320),
                arl=lot.arl,
                evidence=lot.evidence,
            )
        )
        key = _key(made.inserted_primary_key)
        if lot.invoices:
            self._connection.execute(insert(INVOICES), list(_invoice_rows(lot, key, now.date())))
        findings = list(_finding_rows(lot, key))
        if findings:
            self._connection.execute(insert(FINDINGS), findings)
        return key

    def add_repeat(self, lot: int) -> None:
        """The lot came again."""
        self._connection.execute(update(LOTS).where(LOTS.c.id == lot).values(repeats=LOTS.c.repeats + 1))

    # -- invoices

    def invoices_of(self, professional: str, part: str, numbers: Iterable[int]) -> dict[int, KnownInvoice]:
        """What is known of these invoice numbers; of several entries the newest counts."""
        found: dict[int, KnownInvoice] = {}
        wanted = sorted(set(numbers))
        for begin in range(0, len(wanted), _AT_ONCE):
            rows = self._connection.execute(
                select(INVOICES.c.number, INVOICES.c.digest, INVOICES.c.nir, INVOICES.c.state)
                .where(
                    INVOICES.c.professional == professional,
                    INVOICES.c.part == part,
                    INVOICES.c.number.in_(wanted[begin : begin + _AT_ONCE]),
                )
                .order_by(INVOICES.c.lot)
            )
            for number, digest, nir, state in rows:
                found[number] = KnownInvoice(digest, nir, state)
        return found

    def professionals_due(self, day: date) -> list[str]:
        """Who has invoices to settle on *day* or before."""
        # in the order of the index: a plain DISTINCT walks through all invoices there are
        found = (
            select(INVOICES.c.professional)
            .where(INVOICES.c.due <= day)
            .group_by(INVOICES.c.due, INVOICES.c.professional)
        )
        return sorted(set(self._connection.execute(found).scalars()))

    def due_invoices(self, professional: str, day: date) -> list[DueInvoice]:
        """The invoices of one professional to settle on *day* or before, by lot and place."""
        columns = (
            INVOICES.c.lot,
            INVOICES.c.place,
            LOTS.c.number,
            LOTS.c.made,
            *(INVOICES.c[name] for name in _DUE),
            LOTS.c.address,
        )
        rows = self._connection.execute(
            select(*columns)
            .join(LOTS, LOTS.c.id == INVOICES.c.lot)
            .where(INVOICES.c.professional == professional, INVOICES.c.due <= day)
            .order_by(INVOICES.c.lot, INVOICES.c.place)
        ).all()
        findings = self._findings({row[0] for row in rows})
        return [replace(DueInvoice(*tuple(row)), findings=findings.get((row[0], row[1]), ())) for row in rows]

    def _findings(self, lots: Iterable[int]) -> Mapping[tuple[int, int], tuple[CaisseFinding, ...]]:
        found: dict[tuple[int, int], tuple[CaisseFinding, ...]] = {}
        wanted = sorted(lots)
        for begin in range(0, len(wanted), _AT_ONCE):
            rows = self._connection.execute(
                select(
                    FINDINGS.c.lot, FINDINGS.c.place, FINDINGS.c.code, FINDINGS.c.number, FINDINGS.c.detail
                )
                .where(FINDINGS.c.lot.in_(wanted[begin : begin + _AT_ONCE]), FINDINGS.c.place.is_not(None))
                .order_by(FINDINGS.c.id)
            )
            for lot, place, code, number, detail in rows:
                found[lot, place] = (*found.get((lot, place), ()), CaisseFinding(code, number, detail))
        return found

    def settle(self, rows: Sequence[tuple[int, int, str]], day: date, rsp: int | None) -> None:
        """Invoices (lot, place) get their last state."""
        if not rows:
            return
        self._connection.execute(
            update(INVOICES)
            .where(INVOICES.c.lot == bindparam("of_lot"), INVOICES.c.place == bindparam("at_place"))
            .values(state=bindparam("new_state"), settled=day, due=None, rsp=rsp),
            [{"of_lot": lot, "at_place": place, "new_state": state} for lot, place, state in rows],
        )

    def add_rsp(self, professional: str, day: date, invoices: int, amo: int, content: bytes) -> int:
        """Keep a return, and give its number."""
        made = self._connection.execute(
            insert(RSPS).values(
                professional=professional, day=day, invoices=invoices, amo=amo, content=content
            )
        )
        return _key(made.inserted_primary_key)

    # -- outbox

    def add_mail(self, mail: OutgoingMail, *, lot: int | None = None, rsp: int | None = None) -> int:
        """Put a mail into the outbox."""
        made = self._connection.execute(
            insert(OUTBOX).values(
                kind=mail.kind,
                sender=mail.sender,
                recipient=mail.recipient,
                message=mail.message,
                not_before=mail.not_before,
                lot=lot,
                rsp=rsp,
            )
        )
        return _key(made.inserted_primary_key)

    def waiting_mails(self, now: datetime, limit: int = 100) -> list[WaitingMail]:
        """Mails whose time has come, the oldest first."""
        found = (
            select(
                OUTBOX.c.id,
                OUTBOX.c.kind,
                OUTBOX.c.sender,
                OUTBOX.c.recipient,
                OUTBOX.c.message,
                OUTBOX.c.lot,
            )
            .where(OUTBOX.c.sent.is_(None), OUTBOX.c.not_before <= now)
            .order_by(OUTBOX.c.id)
            .limit(limit)
        )
        return [WaitingMail(*row) for row in self._connection.execute(found)]

    def mails_sent(self, mails: Iterable[int], now: datetime) -> None:
        """These mails have left."""
        rows = [{"of_mail": mail} for mail in mails]
        if rows:
            self._connection.execute(
                update(OUTBOX).where(OUTBOX.c.id == bindparam("of_mail")).values(sent=now), rows
            )

    # -- journal and counters

    def note(
        self,
        now: datetime,
        event: str,
        detail: str = "",
        *,
        message: int | None = None,
        lot: int | None = None,
        number: int | None = None,
    ) -> None:
        """Write a line into the journal."""
        self._connection.execute(
            insert(JOURNAL).values(
                at=now, event=event, message=message, lot=lot, number=number, detail=_text(detail)
            )
        )

    def journal(
        self, *, after: int = 0, last: int | None = None, lot: int | None = None
    ) -> list[JournalEntry]:
        """Lines of the journal in their order: those after one, or the last so many; of one lot when it is named."""
        found = select(
            JOURNAL.c.id, JOURNAL.c.at, JOURNAL.c.event, JOURNAL.c.lot, JOURNAL.c.number, JOURNAL.c.detail
        ).where(JOURNAL.c.id > after)
        if lot is not None:
            found = found.where(JOURNAL.c.lot == lot)
        if last is not None:
            found = found.order_by(JOURNAL.c.id.desc()).limit(last)
            return [JournalEntry(*row) for row in self._connection.execute(found)][::-1]
        return [JournalEntry(*row) for row in self._connection.execute(found.order_by(JOURNAL.c.id))]

    def count(self, name: str, step: int = 1) -> int:
        """Count on, and return the new number; a counter begins at 0."""
        now = self._connection.execute(select(COUNTERS.c.value).where(COUNTERS.c.name == name)).scalar()
        if now is None:
            self._connection.execute(insert(COUNTERS).values(name=name, value=step))
            return step
        self._connection.execute(update(COUNTERS).where(COUNTERS.c.name == name).values(value=now + step))
        return int(now) + step

    def last_lot_day(self) -> date | None:
        """The day of the newest lot."""
        return self._connection.execute(select(func.max(LOTS.c.day))).scalar()


def _key(found: Sequence[object] | None) -> int:
    if found is None or not isinstance(found[0], int):
        raise TypeError("the database gave no number")
    return found[0]


def _invoice_rows(lot: LotRecord, key: int, day: date) -> Iterator[dict[str, object]]:
    for place, one in enumerate(lot.invoices):
        yield {
            "lot": key,
            "place": place,
            "professional": lot.professional,
            "number": one.number,
            "digest": one.digest,
            "part": lot.part,
            "replaces": one.replaces,
            "nir": one.nir,
            "birth": one.birth,
            "rank": one.rank,
            "insurance": one.insurance,
            "insurer": one.insurer,
            "care": one.care,
            "received": day,
            "speciality": one.speciality,
            "department": one.department,
            "third_party": one.third_party,
            "acts": one.acts,
            "fees": one.fees,
            "amo": one.amo,
            "amc": one.amc,
            "participation": one.participation,
            "franchise": one.franchise,
            "lines": one.lines,
            "state": one.state,
            "due": one.due,
        }


def _finding_rows(lot: LotRecord, key: int) -> Iterator[dict[str, object]]:
    for finding in lot.findings:
        yield _finding_row(finding, key, None)
    for place, one in enumerate(lot.invoices):
        for finding in one.findings:
            yield _finding_row(finding, key, place)


def _finding_row(finding: CaisseFinding, key: int, place: int | None) -> dict[str, object]:
    return {
        "lot": key,
        "place": place,
        # of a lot that was refused: its numbers are whatever its sender wrote
        "number": finding.invoice if finding.invoice is None or finding.invoice <= _MOST else None,
        "code": finding.code,
        "gravity": finding.gravity.value,
        "detail": _text(finding.detail),
    }


def _text(words: str, most: int = 4000) -> str:
    """A stranger's text as both databases take it."""
    return words.replace("\0", "?")[:most]


def working_days_after(day: date, count: int) -> date:
    """*count* days later than *day*, Saturdays and Sundays not counted."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day
