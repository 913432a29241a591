"""What a surgery asks of complementary insurers by DRE: the part of a sheet that the caisse does not hand on.

A *demande de remboursement électronique* travels beside the invoice for the caisse, in lots and files of its own, and lives by
the table of sheets: it is signed with its sheet, goes in lots, is sent, acknowledged, paid or rejected. Who takes the DRE of an
insurer (in reality a *concentrateur* that its *code de routage* names) is public nowhere: the settings of the surgery say it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, insert, select, update

from bifente.documents import JsonValue
from bifente.fse.cabinet import log
from bifente.fse.cabinet.log import LogLine
from bifente.fse.cabinet.records import CabinetSheet
from bifente.fse.cabinet.states import SHEET, SheetEvent, SheetState
from bifente.fse.cabinet.tables import DEMANDS, SHEETS
from bifente.fse.lots.values import dre_insurer
from bifente.fse.sheet.model import CareSheet


@dataclass(frozen=True, slots=True)
class InsurerDemand:
    """What is asked of a complementary insurer for the sheet of this id. Amounts are euro cents."""

    id: int
    sheet: int
    insurer: str
    mode: str
    amount: int
    paid: int | None
    state: SheetState
    lot: int | None
    changed: str


def demand_of(row: RowMapping) -> InsurerDemand:
    """The value of a row."""
    values = {str(name): value for name, value in row.items()}
    return InsurerDemand(**values | {"state": SheetState(row["state"])})


def demand_for(connection: Connection, sheet: int) -> InsurerDemand | None:
    """What is asked of an insurer for the sheet of this id."""
    row = connection.execute(select(DEMANDS).where(DEMANDS.c.sheet == sheet)).mappings().one_or_none()
    return None if row is None else demand_of(row)


def ask_insurer(connection: Connection, record: CabinetSheet, sheet: CareSheet, at: datetime) -> None:
    """Note what *sheet* asks of an insurer by a DRE, if it does and if that is not noted yet.

    A sheet that takes the place of a rejected one asks nothing that the rejected one has asked, unless that was rejected too.
    """
    insurer = dre_insurer(sheet)
    if not insurer or demand_for(connection, record.id) is not None:
        return
    if record.replaces is not None:
        before = demand_for(connection, record.replaces)
        if before is not None and before.state is not SheetState.REJECTED:
            return
    event = SheetEvent.KEEP_DEGRADED if record.mode == "D" else SheetEvent.SIGN
    state = SHEET.step(None, event).after
    amount = sum(act.price.amc for act in sheet.acts if act.price is not None)
    row = {
        "sheet": record.id,
        "insurer": insurer,
        "mode": record.mode,
        "amount": amount,
        "state": state.value,
        "changed": log.moment(at),
    }
    made = connection.execute(insert(DEMANDS).values(row)).inserted_primary_key
    assert made is not None
    facts: dict[str, JsonValue] = {"sheet": record.number, "insurer": insurer, "asked": amount}
    log.append(connection, at, [LogLine("demand", int(made[0]), event.value, None, state.value, facts)])


def waiting_demands(connection: Connection, after: int, limit: int) -> list[tuple[InsurerDemand, RowMapping]]:
    """A page of the demands that are in no lot yet, behind the id *after*, each with the row of its sheet."""
    states = [state.value for state in SheetState if SHEET.find(state, SheetEvent.PUT_IN_LOT)]
    query = (
        select(DEMANDS)
        .where(DEMANDS.c.state.in_(states), DEMANDS.c.id > after)
        .order_by(DEMANDS.c.id)
        .limit(limit)
    )
    found = [demand_of(row) for row in connection.execute(query).mappings()]
    sheets = {
        int(row["id"]): row
        for start in range(0, len(found), 500)
        for row in connection.execute(
            select(SHEETS).where(SHEETS.c.id.in_([one.sheet for one in found[start : start + 500]]))
        ).mappings()
    }
    return [(one, sheets[one.sheet]) for one in found]


def put_demands_in_lot(
    connection: Connection, demands: Sequence[InsurerDemand], lot: int, at: datetime
) -> None:
    """All of *demands* go in the lot of this id. Raises EventRefused."""
    for one in demands:
        move_demand(connection, one, SheetEvent.PUT_IN_LOT, at, {"lot": lot}, lot=lot)


def move_demand(
    connection: Connection,
    demand: InsurerDemand,
    event: SheetEvent,
    at: datetime,
    facts: Mapping[str, JsonValue],
    **values: int | None,
) -> None:
    """Move a demand by *event*, and set further *values* of its row. Raises EventRefused."""
    line = SHEET.step(demand.state, event, f"what is asked of {demand.insurer}")
    changed = {"state": line.after.value, "changed": log.moment(at), **values}
    connection.execute(update(DEMANDS).where(DEMANDS.c.id == demand.id).values(changed))
    log.append(
        connection,
        at,
        [LogLine("demand", demand.id, event.value, demand.state.value, line.after.value, facts)],
    )
