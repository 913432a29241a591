"""Counting over a store: each figure is one statement that the database answers from an index, in memory that does not grow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlalchemy import BigInteger, ColumnElement, Select, case, cast, func, select

from bifente.fse.caisse.codes import Gravity
from bifente.fse.caisse.store.schema import FINDINGS, INVOICES, LOTS, OUTBOX
from bifente.fse.caisse.store.store import CaisseTransaction


@dataclass(frozen=True, slots=True)
class StateTotal:
    """Invoices of one state; amounts in euro cents."""

    state: str
    invoices: int
    amo: int
    amc: int
    withheld: int


@dataclass(frozen=True, slots=True)
class CaisseStatus:
    """How a caisse stands."""

    lots_accepted: int
    lots_refused: int
    repeats: int
    first: date | None
    last: date | None
    invoices: tuple[StateTotal, ...]
    waiting_mails: int
    codes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GroupTotal:
    """Invoices of one speciality or department, by what became of them."""

    name: str
    invoices: int
    rejected: int
    amo: int


BY_STATE: Final = (
    select(
        INVOICES.c.state,
        func.count(),
        func.sum(INVOICES.c.amo),
        func.sum(INVOICES.c.amc),
        func.sum(INVOICES.c.participation + INVOICES.c.franchise),
    )
    .group_by(INVOICES.c.state)
    .order_by(INVOICES.c.state)
)
BY_CODE: Final = (
    select(FINDINGS.c.gravity, FINDINGS.c.code, func.count())
    .group_by(FINDINGS.c.gravity, FINDINGS.c.code)
    .order_by(FINDINGS.c.gravity, FINDINGS.c.code)
)
DELAYS: Final = (
    select(INVOICES.c.received, INVOICES.c.settled, func.count())
    .where(INVOICES.c.settled.is_not(None))
    .group_by(INVOICES.c.settled, INVOICES.c.received)
)
LOT_DAYS: Final = (
    select(LOTS.c.day, LOTS.c.positive, func.count(), func.sum(LOTS.c.invoices))
    .group_by(LOTS.c.day, LOTS.c.positive)
    .order_by(LOTS.c.day, LOTS.c.positive)
)


def by_group(column: ColumnElement[str]) -> "Select[str, int, int, int]":
    """Invoices by *column*: how many, how many of them rejected, and the AMO part of all."""
    rejected = cast(func.sum(case((INVOICES.c.state == "rejected", 1), else_=0)), BigInteger)
    amo = cast(func.sum(INVOICES.c.amo), BigInteger)
    return select(column, func.count(), rejected, amo).group_by(column).order_by(column)


BY_SPECIALITY: Final = by_group(INVOICES.c.speciality)
BY_DEPARTMENT: Final = by_group(INVOICES.c.department)


def status(store: CaisseTransaction) -> CaisseStatus:
    """How the caisse stands."""
    ask = store.connection.execute
    first, last, repeats = ask(
        select(func.min(LOTS.c.day), func.max(LOTS.c.day), func.sum(LOTS.c.repeats))
    ).one()
    lots = {row[0]: row[1] for row in ask(select(LOTS.c.positive, func.count()).group_by(LOTS.c.positive))}
    waiting = ask(select(func.count()).select_from(OUTBOX).where(OUTBOX.c.sent.is_(None))).scalar_one()
    return CaisseStatus(
        lots_accepted=lots.get(True, 0),
        lots_refused=lots.get(False, 0),
        repeats=int(repeats or 0),
        first=first,
        last=last,
        invoices=tuple(StateTotal(row[0], *map(int, row[1:])) for row in ask(BY_STATE)),
        waiting_mails=waiting,
        codes={code: count for _, code, count in ask(BY_CODE)},
    )


def by_speciality(store: CaisseTransaction) -> list[GroupTotal]:
    """Invoices by the speciality of who billed them."""
    return _groups(store, BY_SPECIALITY)


def by_department(store: CaisseTransaction) -> list[GroupTotal]:
    """Invoices by the département of who billed them."""
    return _groups(store, BY_DEPARTMENT)


def _groups(store: CaisseTransaction, question: "Select[str, int, int, int]") -> list[GroupTotal]:
    rows = store.connection.execute(question)
    return [GroupTotal(name, count, rejected, amo) for name, count, rejected, amo in rows]


def delays(store: CaisseTransaction) -> dict[int, int]:
    """Days from the reception of an invoice to its settlement → how many took so long."""
    found: dict[int, int] = {}
    for received, settled, count in store.connection.execute(DELAYS):
        days = (settled - received).days
        found[days] = found.get(days, 0) + count
    return dict(sorted(found.items()))


def rejects(store: CaisseTransaction) -> dict[str, int]:
    """Reject code → how many invoices have it."""
    rows = store.connection.execute(BY_CODE)
    return {code: count for gravity, code, count in rows if gravity == Gravity.INVOICE.value}
