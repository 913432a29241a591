"""Collecting: what caisses and mail servers have answered, each mail once, whatever happens meanwhile.

A mail is known by the SHA-256 of its bytes, a return by that of its own: the same one twice is one event and a note. What
cannot be read, is not trusted or does not fit is *set aside*, with its bytes and the reason: nothing is lost, and nothing
changes by it. Only when that is on the disk does the post hear that a mail is dealt with.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from sqlalchemy import Connection, insert, select, update

from bifente.documents import JsonValue
from bifente.fse.cabinet import log, records
from bifente.fse.cabinet.archive import keep_document
from bifente.fse.cabinet.bounces import bounced_mails
from bifente.fse.cabinet.content import digest_of
from bifente.fse.cabinet.demands import InsurerDemand, demand_for, move_demand
from bifente.fse.cabinet.errors import CabinetError
from bifente.fse.cabinet.log import LogLine
from bifente.fse.cabinet.moves import move_lot, move_sheet
from bifente.fse.cabinet.outbox import lots_of
from bifente.fse.cabinet.records import CabinetLot
from bifente.fse.cabinet.states import ANSWERED, LOT, SHEET, LotEvent, SheetEvent
from bifente.fse.cabinet.store import CabinetStore
from bifente.fse.cabinet.tables import DEMANDS, DOCUMENTS, LOTS, MESSAGES, RECEIVED, SHEETS, TRANSMISSIONS
from bifente.fse.cabinet.workingdays import WorkingDays
from bifente.fse.errors import FseError
from bifente.fse.post import ARL, NOEMIE, Delivered, Part, Post, open_letter
from bifente.fse.returns.arl import Arl, LotTreatment, read_return
from bifente.fse.returns.outcomes import InvoiceOutcome, Settlement
from bifente.fse.returns.rsp import read_rsp
from bifente.igc import TrustStore

WAITS_AT_CAISSE: Final = "P01"
"""The code of a positive ARL that says *lot en attente de retarification*: to wait, not to retransmit (synthetic)."""

_LARGEST_LOT: Final = 999
"""Invoices that a lot holds at most (record 6, columns 11–13)."""

EVENT_OF: Final = {
    Settlement.PAID: SheetEvent.PAY,
    Settlement.PARTLY_PAID: SheetEvent.PAY_PART,
    Settlement.REJECTED: SheetEvent.REJECT,
    Settlement.DEFERRED: SheetEvent.PROCESS,
}
"""What an RSP says of an invoice → what happens to its sheet."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How letters are opened and whom their signatures are believed; without a key enciphered ones are set aside."""

    trust: TrustStore
    key: RSAPrivateKey | None = None
    certificate: bytes | None = None


@dataclass(frozen=True, slots=True)
class CollectedMail:
    """One mail: its kind (``arl``, ``rsp``, ``anr``, ``aside``, ``left``), whether it had come before, and words about it."""

    kind: str
    message_id: str
    again: bool
    words: tuple[str, ...]


def collect(
    store: CabinetStore, post: Post, opening: Opening, clock: Callable[[], datetime], days: WorkingDays
) -> Iterator[CollectedMail]:
    """Take every mail that is in the box; each is dealt with when the next one is asked for. Raises PostError."""
    for delivered in post.fetch():
        if delivered.oversize:
            words = f"a mail of {delivered.oversize >> 20} MiB: it is left in the box"
            yield CollectedMail("left", delivered.message_id, False, (words,))
            continue
        with store.write() as connection:
            found = _take(connection, delivered, opening, clock(), days)
        post.done(delivered.id)
        yield found


def _take(
    connection: Connection, delivered: Delivered, opening: Opening, now: datetime, days: WorkingDays
) -> CollectedMail:
    digest = digest_of(delivered.message)
    name = delivered.message_id[:255]
    there = connection.execute(select(RECEIVED).where(RECEIVED.c.digest == digest)).one_or_none()
    if there is not None:
        again = update(RECEIVED).where(RECEIVED.c.digest == digest).values(times=there.times + 1)
        connection.execute(again)
        return CollectedMail(there.kind, name, True, (there.note,))
    try:
        with connection.begin_nested():
            kind, document, words = _Reading(connection, opening, now, days).read(delivered.message)
    except FseError as error:
        kind, words = "aside", (str(error),)
        document = keep_document(connection, "mail", delivered.message, now)
        log.append(
            connection,
            now,
            [LogLine("mail", 0, "set aside", None, None, {"digest": digest, "why": str(error)})],
        )
    row = {
        "digest": digest,
        "message_id": name,
        "kind": kind,
        "document": document,
        "taken": log.moment(now),
        "times": 1,
    }
    connection.execute(insert(RECEIVED).values(**row, note="; ".join(words)))
    return CollectedMail(kind, name, False, words)


def _facts_of(
    event: SheetEvent, outcome: InvoiceOutcome, digest: str
) -> tuple[dict[str, JsonValue], dict[str, int | None]]:
    """What an RSP says, for the log and for the row."""
    codes: list[JsonValue] = [code.code for code in outcome.codes]
    paid = event in (SheetEvent.PAY, SheetEvent.PAY_PART)
    return {"rsp": digest, "paid": outcome.paid, "codes": codes}, {"paid": outcome.paid} if paid else {}


def _in_words(outcome: InvoiceOutcome) -> str:
    return outcome.outcome.value + "".join(f", {code.code} {code.label}" for code in outcome.codes)


class _Reading:
    """What one mail does; raises FseError for what is to be set aside."""

    def __init__(self, connection: Connection, opening: Opening, now: datetime, days: WorkingDays) -> None:
        self.connection = connection
        self.opening = opening
        self.now = now
        self.days = days

    def read(self, message: bytes) -> tuple[str, str, tuple[str, ...]]:
        """Kind, digest of the document, words."""
        bounced = bounced_mails(message)
        if bounced is not None:
            document = keep_document(self.connection, "anr", message, self.now)
            return "anr", document, tuple(self._undelivered(bounced.named, bounced.why, bounced.final))
        letter = open_letter(message, self.opening.key, self.opening.certificate, plain=True)
        known = [part for part in letter.parts if part.description in (ARL, NOEMIE)]
        if not known:
            raise CabinetError("the mail holds neither an ARL nor an RSP")
        words: list[str] = []
        for part in known:
            words += self._return(part)
        kinds = {ARL: "arl", NOEMIE: "rsp"}
        return kinds[known[0].description], digest_of(known[0].content), tuple(words)

    def _return(self, part: Part) -> Iterator[str]:
        digest = digest_of(part.content)
        # what was set aside was not kept under its own digest: it is tried anew
        kept = select(DOCUMENTS.c.digest).where(DOCUMENTS.c.digest == digest)
        again = self.connection.execute(kept).first() is not None
        if part.description == ARL:
            found = read_return(part.content, self.opening.trust)
            keep_document(self.connection, "arl", part.content, self.now)
            yield from self._acknowledged(found, digest, again)
        else:
            rsp = read_rsp(part.content)
            keep_document(self.connection, "rsp", part.content, self.now)
            if again:
                yield "the same RSP came before: nothing changes"
                return
            yield from self._settled(rsp.payee.zfill(9), rsp.outcomes, digest)

    def _acknowledged(self, arl: Arl | LotTreatment, digest: str, again: bool) -> Iterator[str]:
        lot = self._lot_of(arl)
        codes = [code.code for code in arl.codes]
        if isinstance(arl, LotTreatment) or (arl.positive and WAITS_AT_CAISSE in codes):
            event = LotEvent.PROCESS
        else:
            event = LotEvent.ARL_PLUS if arl.positive else LotEvent.ARL_MINUS
        what = (
            f"{event.value} for lot {lot.number:03} of {lot.professional} ({', '.join(codes) or 'no code'})"
        )
        if again:
            note = LogLine("lot", lot.id, "the same return again", None, None, {"arl": digest})
            log.append(self.connection, self.now, [note])
            yield f"{what}: the same came before, nothing changes"
            return
        move_lot(
            self.connection, lot, event, self.now, self.days, {"arl": digest, "codes": codes}, arl=digest
        )
        yield what

    def _lot_of(self, arl: Arl | LotTreatment) -> CabinetLot:
        """The lot that this return is about: it names the lot, its file, its caisse, and the digest of what was sent."""
        named = (LOTS.c.professional == arl.professional, LOTS.c.number == arl.lot)
        query = select(LOTS, TRANSMISSIONS.c.identification).join(
            TRANSMISSIONS, TRANSMISSIONS.c.id == LOTS.c.transmission
        )
        rows = self.connection.execute(query.where(*named).order_by(LOTS.c.id.desc())).mappings().all()
        about = (arl.lot_digest, arl.file_id, arl.caisse)
        for row in rows:
            if (row["digest"], row["identification"], row["regime"] + row["caisse"]) == about:
                return records.lot(self.connection, row["id"])
        who = f"lot {arl.lot:03} of {arl.professional}, file {arl.file_id}, caisse {arl.caisse}"
        if rows:
            raise CabinetError(
                f"a return about {who}, with another content, file or caisse than what was sent"
            )
        raise CabinetError(f"a return about {who}, which was never made here")

    def _settled(self, professional: str, outcomes: tuple[InvoiceOutcome, ...], digest: str) -> Iterator[str]:
        lots: set[int] = set()
        for outcome in outcomes:
            found = records.with_number(self.connection, outcome.invoice, professional)
            what = f"invoice n° {outcome.invoice:09} of {professional}"
            if not found:
                raise CabinetError(f"an RSP for {what}, which is not in the store")
            (sheet,) = found
            event = EVENT_OF[outcome.outcome]
            demand = demand_for(self.connection, sheet.id)
            if demand is not None and self._is_about(demand, outcome):
                yield f"DRE of {what}: {self._demand_settled(demand, event, outcome, digest)}"
                if demand.lot is not None:
                    lots.add(demand.lot)
                continue
            if SHEET.find(sheet.state, event) is None and sheet.state in ANSWERED:
                note = LogLine(
                    "sheet", sheet.id, "another RSP", None, None, {"rsp": digest, "says": event.value}
                )
                log.append(self.connection, self.now, [note])
                yield f"{what}: {outcome.outcome.value}, and it is {sheet.state.value} already"
                continue
            facts, values = _facts_of(event, outcome, digest)
            move_sheet(self.connection, sheet, event, self.now, facts, **values)
            if sheet.lot is not None:
                lots.add(sheet.lot)
            yield f"{what}: {_in_words(outcome)}"
        for lot in sorted(lots):
            self._close_lot(lot, digest)

    def _is_about(self, demand: InsurerDemand, outcome: InvoiceOutcome) -> bool:
        """Whether an insurer answers for the DRE, and not the caisse for the invoice: it names the lot, and nothing of the AMO."""
        if demand.lot is None or outcome.insurer != demand.insurer or outcome.amo.asked:
            return False
        return records.lot(self.connection, demand.lot).number == outcome.lot

    def _demand_settled(
        self, demand: InsurerDemand, event: SheetEvent, outcome: InvoiceOutcome, digest: str
    ) -> str:
        facts, values = _facts_of(event, outcome, digest)
        if SHEET.find(demand.state, event) is None and demand.state in ANSWERED:
            facts = {"rsp": digest, "says": event.value}
            note = LogLine("demand", demand.id, "another RSP", None, None, facts)
            log.append(self.connection, self.now, [note])
            return f"{outcome.outcome.value}, and it is {demand.state.value} already"
        move_demand(self.connection, demand, event, self.now, facts, **values)
        return _in_words(outcome)

    def _close_lot(self, identity: int, digest: str) -> None:
        answered = [state.value for state in ANSWERED]
        lot = records.lot(self.connection, identity)
        table = DEMANDS if lot.complementary else SHEETS
        waiting = select(table.c.id).where(table.c.lot == identity, table.c.state.not_in(answered)).limit(1)
        whole = self.connection.execute(waiting).first() is None
        if not whole and not lot.complementary:
            self._proven_received(identity, digest)
        event = LotEvent.ANSWER_ALL if whole else LotEvent.ANSWER_PART
        move_lot(self.connection, lot, event, self.now, self.days, {"rsp": digest})

    def _proven_received(self, identity: int, digest: str) -> None:
        """A caisse that answers for a part of a lot has received all of it, whatever became of its ARL."""
        for sheet in records.sheets(self.connection, state=None, lot=identity, after=0, limit=_LARGEST_LOT):
            if SHEET.find(sheet.state, SheetEvent.ARL_PLUS) is not None:
                move_sheet(self.connection, sheet, SheetEvent.ARL_PLUS, self.now, {"rsp": digest})

    def _undelivered(self, named: tuple[str, ...], why: str, final: bool) -> Iterator[str]:
        query = select(MESSAGES).where(MESSAGES.c.message_id.in_(named))
        found = self.connection.execute(query).all()
        if not found:
            raise CabinetError("a notice about a mail that was not sent from here")
        for row in found:
            if final:
                bounced = update(MESSAGES).where(MESSAGES.c.id == row.id).values(bounced=log.moment(self.now))
                self.connection.execute(bounced)
            for lot in lots_of(self.connection, int(row.transmission)):
                what = f"lot {lot.number:03} of {lot.professional}"
                facts = {"message": row.message_id, "why": why}
                if final and LOT.find(lot.state, LotEvent.ANR) is not None:
                    move_lot(self.connection, lot, LotEvent.ANR, self.now, self.days, facts)
                    yield f"ANR for {what}: {why}"
                else:
                    name = "ANR" if final else "delayed"
                    log.append(self.connection, self.now, [LogLine("lot", lot.id, name, None, None, facts)])
                    yield f"a notice about {what}, which is {lot.state.value}: {why}"
