"""The one place where a sheet or a lot changes its state: by a line of its table, with its effects and a line of the log."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from bifente.documents import JsonValue
from bifente.fse.cabinet import log
from bifente.fse.cabinet.log import LogLine
from bifente.fse.cabinet.machine import StateEffect
from bifente.fse.cabinet.records import CabinetLot, CabinetSheet
from bifente.fse.cabinet.states import LOT, SHEET, SHEETS_OF, LotEvent, LotState, SheetEvent, SheetState
from bifente.fse.cabinet.tables import DEMANDS, LOTS, SHEETS
from bifente.fse.cabinet.workingdays import WorkingDays

Facts = Mapping[str, JsonValue]


def move_sheet(
    connection: Connection,
    sheet: CabinetSheet,
    event: SheetEvent,
    at: datetime,
    facts: Facts | None = None,
    **values: Any,
) -> SheetState:
    """Move a sheet by *event*, and set further *values* of its row. Raises EventRefused."""
    line = SHEET.step(sheet.state, event, f"sheet n° {sheet.number:09}")
    if StateEffect.LEAVE_LOT in line.effects:
        values["lot"] = None
    changed = {"state": line.after.value, "changed": log.moment(at), **values}
    connection.execute(update(SHEETS).where(SHEETS.c.id == sheet.id).values(changed))
    log.append(connection, at, [_of_sheet(sheet, event, line.after, facts or {})])
    return line.after


def move_lot(
    connection: Connection,
    lot: CabinetLot,
    event: LotEvent,
    at: datetime,
    days: WorkingDays,
    facts: Facts | None = None,
    **values: Any,
) -> LotState:
    """Move a lot by *event*, and its sheets with it where the table says so. Raises EventRefused."""
    line = LOT.step(lot.state, event, f"lot {lot.number:03} of {lot.professional}")
    today = days.day_of(at)
    for effect in line.effects:
        if effect is StateEffect.AWAIT_RETURN:
            values["due"] = days.return_until(today).isoformat()
        elif effect is StateEffect.RETRANSMIT_SOON:
            values["due"] = days.retransmit_until(today).isoformat()
        elif effect is StateEffect.NO_DEADLINE:
            values["due"] = None
    changed = {"state": line.after.value, "changed": log.moment(at), **values}
    connection.execute(update(LOTS).where(LOTS.c.id == lot.id).values(changed))
    lines = [LogLine("lot", lot.id, event.value, lot.state.value, line.after.value, facts or {})]
    if StateEffect.SHEETS_FOLLOW in line.effects:
        lines += _sheets_follow(connection, lot, event, at)
    log.append(connection, at, lines)
    return line.after


def _sheets_follow(connection: Connection, lot: CabinetLot, event: LotEvent, at: datetime) -> list[LogLine]:
    """What is in the lot goes with it: sheets, or of a DRE what is asked of the insurer for them."""
    subject, table = ("demand", DEMANDS) if lot.complementary else ("sheet", SHEETS)
    query = select(table.c.id, table.c.state, table.c.mode).where(table.c.lot == lot.id).order_by(table.c.id)
    lines = []
    groups: dict[tuple[SheetState, bool], list[int]] = {}
    for identity, state, mode in connection.execute(query):
        own = _event_of(event, mode)
        way = SHEET.find(SheetState(state), own)
        if way is not None:
            groups.setdefault((way.after, StateEffect.LEAVE_LOT in way.effects), []).append(identity)
            lines.append(LogLine(subject, identity, own.value, state, way.after.value, {"lot": lot.id}))
    for (after, leaves), ids in groups.items():
        values: dict[str, object] = {"state": after.value, "changed": log.moment(at)}
        if leaves:
            values["lot"] = None
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            connection.execute(update(table).where(table.c.id.in_(some)).values(values))
    return lines


def _event_of(event: LotEvent, mode: str) -> SheetEvent:
    if event is LotEvent.RELEASE:
        return SheetEvent.RELEASE_DEGRADED if mode == "D" else SheetEvent.RELEASE_SIGNED
    return SHEETS_OF[event]


def put_in_lot(connection: Connection, sheets: Sequence[CabinetSheet], lot: int, at: datetime) -> None:
    """All of *sheets* go in the lot of this id. Raises EventRefused."""
    lines = [
        _of_sheet(
            sheet,
            SheetEvent.PUT_IN_LOT,
            SHEET.step(sheet.state, SheetEvent.PUT_IN_LOT, f"sheet n° {sheet.number:09}").after,
            {"lot": lot},
        )
        for sheet in sheets
    ]
    for sheet, line in zip(sheets, lines, strict=True):
        values = {"state": line.after, "lot": lot, "changed": log.moment(at)}
        connection.execute(update(SHEETS).where(SHEETS.c.id == sheet.id).values(values))
    log.append(connection, at, lines)


def _of_sheet(sheet: CabinetSheet, event: SheetEvent, after: SheetState, facts: Facts) -> LogLine:
    return LogLine("sheet", sheet.id, event.value, sheet.state.value, after.value, facts)
