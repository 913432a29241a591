"""What the store tells of sheets and lots: values, read by number or a page at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, RowMapping, Table, func, select

from bifente.fse.cabinet.errors import UnknownRecord
from bifente.fse.cabinet.states import LOT, LotEvent, LotState, SheetState
from bifente.fse.cabinet.tables import DEMANDS, DOCUMENTS, LOTS, MESSAGES, RECEIVED, SHEETS


@dataclass(frozen=True, slots=True)
class CabinetSheet:
    """A sheet in the store. Amounts are euro cents; ``replaces`` is the id of the rejected one whose place it takes."""

    id: int
    professional: str
    number: int
    mode: str
    third_party: bool
    regime: str
    caisse: str
    centre: str
    care_date: str
    amount: int
    paid: int | None
    state: SheetState
    digest: str
    lot: int | None
    replaces: int | None
    kept: str
    changed: str


@dataclass(frozen=True, slots=True)
class CabinetLot:
    """A lot in the store. ``due`` is the day (ISO) by which it must be answered, or sent again.

    With ``complementary`` it is a DRE to that insurer, and régime and caisse are those of who takes it.
    """

    id: int
    professional: str
    number: int
    mode: str
    regime: str
    caisse: str
    centre: str
    state: LotState
    transmission: int | None
    digest: str | None
    arl: str | None
    made: str
    changed: str
    due: str | None
    complementary: str = ""


@dataclass(frozen=True, slots=True)
class DueLot:
    """A lot with a deadline: to be retransmitted by then, or its return awaited until then. ``days`` left may be negative."""

    lot: CabinetLot
    retransmit: bool
    days: int


@dataclass(frozen=True, slots=True)
class CabinetStatus:
    """How much of what there is: sheets, lots and what is asked of insurers (DRE) by state, messages that wait to be handed over, returns by kind."""

    sheets: Mapping[str, int]
    lots: Mapping[str, int]
    demands: Mapping[str, int]
    waiting: int
    received: Mapping[str, int]


def sheet_of(row: RowMapping) -> CabinetSheet:
    """The value of a row."""
    values = {str(name): value for name, value in row.items()}
    return CabinetSheet(
        **values | {"state": SheetState(row["state"]), "third_party": bool(row["third_party"])}
    )


def lot_of(row: RowMapping) -> CabinetLot:
    """The value of a row."""
    values = {str(name): value for name, value in row.items()}
    return CabinetLot(**values | {"state": LotState(row["state"])})


def sheet(connection: Connection, number: int) -> CabinetSheet:
    """The sheet of this id. Raises UnknownRecord."""
    row = connection.execute(select(SHEETS).where(SHEETS.c.id == number)).mappings().one_or_none()
    if row is None:
        raise UnknownRecord(f"sheet {number}")
    return sheet_of(row)


def lot(connection: Connection, number: int) -> CabinetLot:
    """The lot of this id. Raises UnknownRecord."""
    row = connection.execute(select(LOTS).where(LOTS.c.id == number)).mappings().one_or_none()
    if row is None:
        raise UnknownRecord(f"lot {number}")
    return lot_of(row)


def sheets(
    connection: Connection, *, state: SheetState | None, lot: int | None, after: int, limit: int
) -> tuple[CabinetSheet, ...]:
    """A page: the sheets behind the id *after*, at most *limit*."""
    query = select(SHEETS).where(SHEETS.c.id > after).order_by(SHEETS.c.id).limit(limit)
    if state is not None:
        query = query.where(SHEETS.c.state == state.value)
    if lot is not None:
        asked = select(DEMANDS.c.sheet).where(DEMANDS.c.lot == lot)
        query = query.where((SHEETS.c.lot == lot) | SHEETS.c.id.in_(asked))
    return tuple(sheet_of(row) for row in connection.execute(query).mappings())


def lots(connection: Connection, *, state: LotState | None, after: int, limit: int) -> tuple[CabinetLot, ...]:
    """A page: the lots behind the id *after*, at most *limit*."""
    query = select(LOTS).where(LOTS.c.id > after).order_by(LOTS.c.id).limit(limit)
    if state is not None:
        query = query.where(LOTS.c.state == state.value)
    return tuple(lot_of(row) for row in connection.execute(query).mappings())


def with_number(connection: Connection, number: int, professional: str | None) -> tuple[CabinetSheet, ...]:
    """The sheets with an invoice number: of one professional, or one of each."""
    query = select(SHEETS).where(SHEETS.c.number == number).order_by(SHEETS.c.id)
    if professional is not None:
        query = query.where(SHEETS.c.professional == professional)
    return tuple(sheet_of(row) for row in connection.execute(query).mappings())


def overdue(connection: Connection, today: date) -> tuple[CabinetLot, ...]:
    """The lots whose return was awaited until a day before *today*."""
    awaited = [state.value for state in LotState if LOT.find(state, LotEvent.SILENCE)]
    query = (
        select(LOTS)
        .where(LOTS.c.due < today.isoformat(), LOTS.c.state.in_(awaited))
        .order_by(LOTS.c.due, LOTS.c.id)
    )
    return tuple(lot_of(row) for row in connection.execute(query).mappings())


def due(connection: Connection, today: date, after: tuple[str, int], limit: int) -> tuple[DueLot, ...]:
    """A page of the lots with a day by which something must be done, the earliest first."""
    day, identity = after
    query = (
        select(LOTS)
        .where(LOTS.c.due >= day, (LOTS.c.due > day) | (LOTS.c.id > identity))
        .order_by(LOTS.c.due, LOTS.c.id)
        .limit(limit)
    )
    found = []
    for row in connection.execute(query).mappings():
        lot = lot_of(row)
        left = (date.fromisoformat(lot.due or day) - today).days
        found.append(DueLot(lot, LOT.find(lot.state, LotEvent.RETRANSMIT) is not None, left))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class CabinetMail:
    """A mail that came: by its SHA-256, what it was (``arl``, ``rsp``, ``anr``, ``aside``), how often it came, words about it.

    ``document`` is the digest of what is kept of it.
    """

    digest: str
    message_id: str
    kind: str
    document: str
    taken: str
    times: int
    note: str


def received(connection: Connection, *, kind: str, after: str, limit: int) -> tuple[CabinetMail, ...]:
    """A page of the mails of one kind that came, by their digests, behind *after*."""
    query = (
        select(RECEIVED)
        .where(RECEIVED.c.kind == kind, RECEIVED.c.digest > after)
        .order_by(RECEIVED.c.digest)
        .limit(limit)
    )
    rows = connection.execute(query).mappings()
    return tuple(CabinetMail(**{str(name): value for name, value in row.items()}) for row in rows)


def document(connection: Connection, digest: str) -> bytes | None:
    """The bytes of a document; None when they were purged. Raises UnknownRecord."""
    row = connection.execute(select(DOCUMENTS.c.content).where(DOCUMENTS.c.digest == digest)).one_or_none()
    if row is None:
        raise UnknownRecord(f"document {digest[:12]}")
    return None if row.content is None else bytes(row.content)


def status(connection: Connection) -> CabinetStatus:
    """Counted in the indexes alone: no row is read."""
    waiting = select(func.count()).select_from(MESSAGES).where(MESSAGES.c.handed.is_(None))
    return CabinetStatus(
        sheets=_counted(connection, SHEETS, "state"),
        lots=_counted(connection, LOTS, "state"),
        demands=_counted(connection, DEMANDS, "state"),
        waiting=int(connection.execute(waiting).scalar_one()),
        received=_counted(connection, RECEIVED, "kind"),
    )


def _counted(connection: Connection, table: Table, column: str) -> Mapping[str, int]:
    by = table.c[column]
    return {str(row[0]): int(row[1]) for row in connection.execute(select(by, func.count()).group_by(by))}
