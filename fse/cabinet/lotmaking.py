"""From signed sheets to signed lots in files: each file is one transaction, so that a card that is pulled changes nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import cycle

from sqlalchemy import Connection, insert, select

from bifente.crypto.cms import Signer
from bifente.documents import JsonValue
from bifente.fse.cabinet import log, numbering, records
from bifente.fse.cabinet.archive import keep_document
from bifente.fse.cabinet.content import read_sheet
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
from bifente.fse.lots.grouping import LotLimits, into_files, into_lots
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
    record: CabinetSheet
    invoice: Invoice


def make_lots(
    store: CabinetStore,
    signer: Signer,
    now: datetime,
    days: WorkingDays,
    *,
    signing: BillingSituation | None,
    limits: LotLimits | None,
    marking: str,
) -> MadeLots:
    """Put every sheet that is ready in a lot, and the lots in files, signed by *signer*.

    *signing* is the situation in which the signer works: what he may not sign stays. A sheet that fits into no file stays too.
    What the signer raises passes through; the files made before stay made.
    """
    made: list[int] = []
    files = 0
    left: list[tuple[CabinetSheet, str]] = []
    after = 0
    while page := _ready(store, after):
        after = page[-1].record.id
        allowed = []
        for one in page:
            why = _refusal(one.invoice, now, days, signing, limits)
            if why:
                left.append((one.record, why))
            else:
                allowed.append(one)
        by_number = {(one.record.professional, one.record.number): one.record for one in allowed}
        numbers = cycle(range(1, MAX_LOT + 1))
        lots = into_lots((one.invoice for one in allowed), numbers, days.day_of(now), limits)
        for file in into_files(lots, limits):
            with store.write() as connection:
                made += _write_file(connection, file, by_number, signer, now, days, marking)
            files += 1
    return MadeLots(tuple(made), files, tuple(left))


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


def _refusal(
    invoice: Invoice,
    now: datetime,
    days: WorkingDays,
    signing: BillingSituation | None,
    limits: LotLimits | None,
) -> str:
    """Why this invoice goes in no lot, or nothing."""
    try:
        if signing is not None:
            check_lot_signer(signing, invoice.sheet.situation)
        into_lots([invoice], iter([1]), days.day_of(now), limits)
    except (LotError, MaySignNoLot) as error:
        return str(error)
    except FseError as error:  # a value that no record can say
        return f"it cannot be written as B2: {error}"
    return ""


def _write_file(
    connection: Connection,
    lots: Sequence[Lot],
    by_number: dict[tuple[str, int], CabinetSheet],
    signer: Signer,
    now: datetime,
    days: WorkingDays,
    marking: str,
) -> Iterator[int]:
    identification = numbering.next_file(connection)
    numbered = [replace(lot, number=numbering.next_lot(connection, lot.professional)) for lot in lots]
    file = lot_file(numbered, identification, days.day_of(now), signer, marking=marking)
    when = log.moment(now)
    place = {
        "regime": file.organisme.regime,
        "caisse": file.organisme.caisse,
        "centre": file.organisme.centre,
    }
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
            **place,
        }
        identity = _inserted(connection.execute(insert(LOTS).values(row)).inserted_primary_key)
        facts: dict[str, JsonValue] = {
            "number": lot.number,
            "file": identification,
            "sheets": len(lot.invoices),
        }
        log.append(connection, now, [LogLine("lot", identity, LotEvent.MAKE.value, None, state, facts)])
        there = [
            by_number[invoice_key] for invoice_key in ((lot.professional, one.number) for one in lot.invoices)
        ]
        put_in_lot(connection, [records.sheet(connection, one.id) for one in there], identity, now)
        yield identity


def _inserted(key: Sequence[int] | None) -> int:
    assert key is not None
    return int(key[0])
