"""How sheets came, by who sent them, from where and when: what a caisse can say of télétransmission."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import BigInteger, ColumnElement, cast, func, select

from bifente.fse.caisse.store.schema import INVOICES, JOURNAL, LOTS
from bifente.fse.caisse.store.store import CaisseTransaction

SYNTHETIC_EVENT = "synthetic"
"""The event of the journal that says that a store holds no day that anybody lived."""


@dataclass(frozen=True, slots=True)
class ModeCount:
    """Invoices of one group by *top certification*: secured with the Vitale, without it, degraded, none."""

    group: str
    by_mode: Mapping[str, int]

    @property
    def invoices(self) -> int:
        """All of them."""
        return sum(self.by_mode.values())

    @property
    def rate(self) -> float:
        """The share that both cards have signed, from 0 to 1."""
        return self.by_mode.get("S", 0) / self.invoices if self.invoices else 0.0


def modes_by_speciality(store: CaisseTransaction) -> list[ModeCount]:
    """By the *code spécialité* of who billed."""
    return _modes(store, INVOICES.c.speciality)


def modes_by_department(store: CaisseTransaction) -> list[ModeCount]:
    """By the département of who billed."""
    return _modes(store, INVOICES.c.department)


def invoices_by_day(store: CaisseTransaction) -> dict[date, int]:
    """Day of reception → invoices of the lots taken in charge on it."""
    rows = store.connection.execute(
        select(LOTS.c.day, cast(func.sum(LOTS.c.invoices), BigInteger))
        .where(LOTS.c.positive.is_(True))
        .group_by(LOTS.c.day)
        .order_by(LOTS.c.day)
    )
    return {day: int(count) for day, count in rows}


def is_synthetic(store: CaisseTransaction) -> str:
    """What the journal says of a store that was made up, empty for one that was not."""
    asked = select(JOURNAL.c.detail).where(JOURNAL.c.event == SYNTHETIC_EVENT).limit(1)
    return store.connection.execute(asked).scalar() or ""


def _modes(store: CaisseTransaction, column: ColumnElement[str]) -> list[ModeCount]:
    # Counted by lot first: a lot has one professional, so that a million invoices are read once and joined in groups.
    by_lot = select(INVOICES.c.lot, column.label("name"), func.count().label("count")).group_by(
        INVOICES.c.lot, column
    )
    counted = by_lot.subquery()
    rows = store.connection.execute(
        select(counted.c.name, LOTS.c.mode, cast(func.sum(counted.c.count), BigInteger))
        .join(LOTS, LOTS.c.id == counted.c.lot)
        .group_by(counted.c.name, LOTS.c.mode)
        .order_by(counted.c.name, LOTS.c.mode)
    )
    found: dict[str, dict[str, int]] = {}
    for name, mode, count in rows:
        found.setdefault(name, {})[mode.strip()] = int(count)
    return [ModeCount(name, by_mode) for name, by_mode in found.items()]
