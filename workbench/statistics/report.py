"""The figures of a caisse's store, as values: rates by profession and département, delays, rejects, days."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.errors import WorkbenchError
from bifente.workbench.statistics.professions import group_of

if TYPE_CHECKING:
    from bifente.fse.caisse.store.rates import ModeCount
    from bifente.fse.caisse.store.store import CaisseStore


@dataclass(frozen=True, slots=True)
class TransmissionRate:
    """Invoices of one group and the share of them that both cards signed, from 0 to 1."""

    group: str
    invoices: int
    rate: float


@dataclass(frozen=True, slots=True)
class CaisseFigures:
    """What a store says. ``synthetic`` are the words of who made it up, empty for a store that nobody has."""

    invoices: int
    rate: float
    professions: tuple[TransmissionRate, ...]
    departments: tuple[TransmissionRate, ...]
    delays: Mapping[int, int]
    rejects: Mapping[str, int]
    labels: Mapping[str, str]
    days: Mapping[date, int]
    synthetic: str = ""

    @property
    def median_delay(self) -> int | None:
        """Days from reception to settlement that half of the settled invoices took at most; None before any is."""
        half = (sum(self.delays.values()) + 1) // 2
        for days, count in sorted(self.delays.items()):
            half -= count
            if half <= 0:
                return days
        return None


@contextmanager
def store_at(place: str) -> "Iterator[CaisseStore]":
    """The store of a caisse's folder, a SQLite file, or an address. Raises WorkbenchError, CaisseError, OSError."""
    from bifente.fse.caisse.configuration import FILE
    from bifente.fse.caisse.store.opening import open_engine, store_url
    from bifente.fse.caisse.store.store import CaisseStore
    from bifente.workbench.caisse import opened

    if "://" not in place and Path(place).is_dir():
        if not (Path(place) / FILE).is_file():
            raise WorkbenchError(f"there is no caisse in {place}", "input.no-caisse")
        with opened(Path(place)) as store:
            yield store
        return
    store = CaisseStore(open_engine(store_url(place, Path())))
    try:
        yield store
    finally:
        store.close()


def figures_of(place: str) -> CaisseFigures:
    """Count what stands in the store at *place*. Raises WorkbenchError, CaisseError, OSError."""
    from bifente.fse.caisse.store import rates, statistics
    from bifente.fse.returns.rejectcodes import REASON_CODES

    with store_at(place) as store, store.reading() as asked:
        specialities = rates.modes_by_speciality(asked)
        departments = rates.modes_by_department(asked)
        rejects = statistics.rejects(asked)
        invoices = sum(one.invoices for one in specialities)
        secured = sum(one.by_mode.get("S", 0) for one in specialities)
        return CaisseFigures(
            invoices=invoices,
            rate=secured / invoices if invoices else 0.0,
            professions=_professions(specialities),
            departments=tuple(TransmissionRate(one.group, one.invoices, one.rate) for one in departments),
            delays=statistics.delays(asked),
            rejects=dict(sorted(rejects.items(), key=lambda item: (-item[1], item[0]))),
            labels={code: REASON_CODES[code].label if code in REASON_CODES else "" for code in rejects},
            days=rates.invoices_by_day(asked),
            synthetic=rates.is_synthetic(asked),
        )


def _professions(counts: "Iterable[ModeCount]") -> tuple[TransmissionRate, ...]:
    all_of: Counter[str] = Counter()
    secured: Counter[str] = Counter()
    for one in counts:
        group = group_of(one.group)
        all_of[group] += one.invoices
        secured[group] += one.by_mode.get("S", 0)
    rates = (TransmissionRate(group, count, secured[group] / count) for group, count in all_of.items())
    return tuple(sorted(rates, key=lambda one: (-one.rate, one.group)))
