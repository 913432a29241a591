"""From signed sheets to signed lots in files: each file is one transaction, so that a card that is pulled changes nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import cycle

from sqlalchemy import Connection, insert, select

from bifente.crypto.cms import Signer
from bifente.documents import JsonValue
from bifente.fse.cabinet import log, numbering, records
from bifente.fse.cabinet.archive import keep_document
from bifente.fse.cabinet.content import read_sheet
from bifente.fse.cabinet.demands import (
    InsurerDemand,
    ask_insurer,
    demand_for,
    put_demands_in_lot,
    waiting_demands,
)
from bifente.fse.cabinet.errors import CabinetError
from bifente.fse.cabinet.log import LogLine
from bifente.fse.cabinet.moves import put_in_lot
from bifente.fse.cabinet.records import CabinetSheet
from bifente.fse.cabinet.states import LOT, SHEET, LotEvent, SheetEvent, SheetState
from bifente.fse.cabinet.store import CabinetStore
from bifente.fse.cabinet.tables import LOTS, SHEETS, TRANSMISSIONS
from bifente.fse.cabinet.workingdays import WorkingDays
from bifente.fse.errors import FseError, MaySignNoLot
from bifente.fse.lots.files import lot_file
from bifente.fse.lots.grouping import LotLimits, into_dre_lots, into_files, into_lots
from bifente.fse.lots.values import MAX_LOT, Invoice, Lot, LotError
from bifente.fse.sheet.lotsigner import check_lot_signer
from bifente.fse.sheet.model import BillingSituation

AT_ONCE = 2000
"""Sheets that are grouped together: of more, the rest comes after them."""


@dataclass(frozen=True, slots=True)
class MadeLots:
    """The ids of the lots that were made, and the sheets that stay where they are, each with the reason."""

    lots: tuple[int, ...]
    files: int
    left: tuple[tuple[CabinetSheet, str], ...]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A sheet that can go in a lot; with *demand* what it asks of an insurer goes, by a DRE."""

    record: CabinetSheet
    invoice: Invoice
    demand: InsurerDemand | None = None

    @property
    def place(self) -> int:
        return self.record.id if self.demand is None else self.demand.id


Grouping = Callable[[Iterable[Invoice], Iterator[int], date, LotLimits | None], list[Lot]]


@dataclass(frozen=True, slots=True)
class LotMaking:
    """How lots are made: who signs, in which situation he works (what he may not sign stays), limits, marking of record 1.

    *insurers* says who takes the DRE of a complementary insurer: its number → régime and caisse that his certificate names.
    """

    signer: Signer
    signing: BillingSituation | None = None
    limits: LotLimits | None = None
    marking: str = "T"
    insurers: Mapping[str, str] = field(default_factory=dict)


def make_lots(store: CabinetStore, now: datetime, days: WorkingDays, making: LotMaking) -> MadeLots:
    """Put every sheet that is ready in a lot, and the lots in files; then what they ask of insurers, in DRE.

    A sheet that fits into no file stays, and so does what is asked of an insurer whose DRE nobody takes. What the signer raises
    passes through; the files made before stay made.
    """
    made: list[int] = []
    files = 0
    left: list[tuple[CabinetSheet, str]] = []
    roads: tuple[tuple[Callable[[CabinetStore, int], list[_Ready]], Grouping], ...] = (
        (_ready, into_lots),
        (_ready_demands, into_dre_lots),
    )
    for ready, grouping in roads:
        after = 0
        while page := ready(store, after):
            after = page[-1].place
            allowed: dict[tuple[str, int], _Ready] = {}
            for one in page:
                why = _refusal(one, now, days, making, grouping)
                if why:
                    left.append((one.record, why))
                else:
                    allowed[one.record.professional, one.record.number] = one
            numbers = cycle(range(1, MAX_LOT + 1))
            invoices = (one.invoice for one in allowed.values())
            for file in into_files(
                grouping(invoices, numbers, days.day_of(now), making.limits), making.limits
            ):
                with store.write() as connection:
                    made += _write_file(connection, file, allowed, now, days, making)
                files += 1
    return MadeLots(tuple(made), files, tuple(left))


def _ready_demands(store: CabinetStore, after: int) -> list[_Ready]:
    with store.read() as connection:
        page = [
            (demand, records.sheet_of(row)) for demand, row in waiting_demands(connection, after, AT_ONCE)
        ]
        return [_Ready(record, _invoice(connection, record), demand) for demand, record in page]


def _ready(store: CabinetStore, after: int) -> list[_Ready]:
    states = [state.value for state in SheetState if SHEET.find(state, SheetEvent.PUT_IN_LOT)]
    with store.read() as connection:
        found: list[CabinetSheet] = []
        for state in states:  # one search in the index for each
            query = select(SHEETS).where(SHEETS.c.state == state, SHEETS.c.id > after).order_by(SHEETS.c.id)
            found += map(records.sheet_of, connection.execute(query.limit(AT_ONCE)).mappings())
        page = sorted(found, key=lambda one: one.id)[:AT_ONCE]
        return [_Ready(one, _invoice(connection, one)) for one in page]


def _invoice(connection: Connection, record: CabinetSheet) -> Invoice:
    raw = records.document(connection, record.digest)
    if raw is None:
        raise CabinetError(f"sheet n° {record.number:09}: its bytes were purged")
    replaced = None if record.replaces is None else records.sheet(connection, record.replaces).number
    content = read_sheet(raw, f"sheet n° {record.number:09}")
    return Invoice(record.number, content.sheet, raw, replaced)


def _refusal(one: _Ready, now: datetime, days: WorkingDays, making: LotMaking, grouping: Grouping) -> str:
    """Why this invoice goes in no lot, or nothing."""
    if one.demand is not None and one.demand.insurer not in making.insurers:
        return f"nobody is named who takes the DRE of insurer {one.demand.insurer}"
    try:
        if making.signing is not None:
            check_lot_signer(making.signing, one.invoice.sheet.situation)
        grouping([one.invoice], iter([1]), days.day_of(now), making.limits)
    except (LotError, MaySignNoLot) as error:
        return str(error)
    except FseError as error:  # a value that no record can say
        return f"it cannot be written as B2: {error}"
    return ""


def _write_file(
    connection: Connection,
    lots: Sequence[Lot],
    by_number: Mapping[tuple[str, int], _Ready],
    now: datetime,
    days: WorkingDays,
    making: LotMaking,
) -> Iterator[int]:
    identification = numbering.next_file(connection)
    numbered = [replace(lot, number=numbering.next_lot(connection, lot.professional)) for lot in lots]
    file = lot_file(numbered, identification, days.day_of(now), making.signer, marking=making.marking)
    when = log.moment(now)
    regime, caisse, centre = file.organisme.regime, file.organisme.caisse, file.organisme.centre
    if file.complementary:
        taker = making.insurers[file.complementary]
        regime, caisse, centre = taker[:2], taker[2:], ""
    place = {"regime": regime, "caisse": caisse, "centre": centre}
    transmission = _inserted(
        connection.execute(
            insert(TRANSMISSIONS).values(
                identification=identification,
                digest=keep_document(connection, "b2", file.b2, now),
                made=when,
                **place,
            )
        ).inserted_primary_key
    )
    state = LOT.step(None, LotEvent.MAKE).after.value
    for lot, signed in zip(numbered, file.signed_lots, strict=True):
        row = {
            "professional": lot.professional,
            "number": lot.number,
            "mode": lot.mode,
            "state": state,
            "transmission": transmission,
            "digest": keep_document(connection, "lot", signed, now),
            "made": when,
            "changed": when,
            "complementary": lot.complementary,
            **place,
        }
        identity = _inserted(connection.execute(insert(LOTS).values(row)).inserted_primary_key)
        facts: dict[str, JsonValue] = {
            "number": lot.number,
            "file": identification,
            "sheets": len(lot.invoices),
        }
        if lot.complementary:
            facts["insurer"] = lot.complementary
        log.append(connection, now, [LogLine("lot", identity, LotEvent.MAKE.value, None, state, facts)])
        there = [by_number[lot.professional, invoice.number] for invoice in lot.invoices]
        if lot.complementary:
            asked = [demand_for(connection, one.record.id) for one in there]
            put_demands_in_lot(connection, [one for one in asked if one is not None], identity, now)
        else:
            put_in_lot(connection, [records.sheet(connection, one.record.id) for one in there], identity, now)
            for one in there:
                ask_insurer(connection, one.record, one.invoice.sheet, now)
        yield identity


def _inserted(key: Sequence[int] | None) -> int:
    assert key is not None
    return int(key[0])
