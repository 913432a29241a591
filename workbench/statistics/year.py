"""A year that nobody lived: a caisse's store filled so that its figures look like those of 2009.

**Synthetic**, from its first row to its last. Public are a few rates of June 2011 (``spec/fse.md`` §7, TICsanté of 11 August 2011:
professionals who send, not sheets) and the growth of the two quarters before; what is not public is chosen by us, and said.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bifente.workbench.errors import WorkbenchError
from bifente.workbench.statistics.departments import SQUARES

if TYPE_CHECKING:
    from bifente.fse.caisse.store.store import CaisseTransaction

YEAR: Final = 2009
MOST: Final = 5_000_000
"""Invoices of a year at most: it is for plots."""


@dataclass(frozen=True, slots=True)
class SenderGroup:
    """A profession: its *code spécialité*, its share of all invoices, the share of them that both cards signed at the end of the
    year, what an invoice costs about (cents), and where the rate comes from."""

    speciality: str
    share: float
    secured: float
    fee: int
    source: str


_PUBLIC: Final = "TICsanté 11/08/2011 (June 2011, professionals)"
_OURS: Final = "synthetic"

SENDERS: Final = (
    SenderGroup("50", 0.36, 0.989, 4200, _PUBLIC),
    SenderGroup("01", 0.22, 0.86, 2200, _OURS),
    SenderGroup("04", 0.10, 0.676, 4100, _PUBLIC),
    SenderGroup("24", 0.11, 0.88, 3600, _OURS),
    SenderGroup("26", 0.07, 0.84, 8200, _OURS),
    SenderGroup("19", 0.05, 0.81, 7400, _OURS),
    SenderGroup("30", 0.05, 0.90, 5100, _OURS),
    SenderGroup("28", 0.015, 0.83, 9600, _OURS),
    SenderGroup("29", 0.01, 0.705, 3900, _PUBLIC),
    SenderGroup("21", 0.01, 0.741, 3300, _PUBLIC),
    SenderGroup("27", 0.005, 0.072, 2700, _PUBLIC),
)
GROWTH: Final = 0.0316 / 6
"""Of a month, of the rates: +3.16 % in the first half of 2009 (the same source)."""

_INVOICES_OF_A_LOT: Final = 11
"""At most: small lots, since a lot is of one way of signing, and rates shall not hang on a few of them."""
_REJECTED: Final = {"S": 0.012, "F": 0.035, "D": 0.05}
_CODES: Final = ("0250050", "0450072", "2900005", "0470049", "0460053", "0317051")
_WEIGHTS: Final = (40, 22, 14, 10, 8, 6)
_OF_WEEKDAY: Final = (1.15, 1.05, 0.95, 1.0, 1.05, 0.35, 0.0)


def make_year(
    place: Path,
    invoices: int,
    seed: int,
    *,
    told: Callable[[int, int, str], None] | None = None,
    replace: bool = False,
) -> int:
    """Make the store *place* and fill it; returns how many invoices stand in it. The same *seed* gives the same year.

    Without *replace* it must not be there yet; with it, what is there goes when the year is whole. Raises WorkbenchError,
    CaisseError, OSError.
    """
    from bifente.documents.writing import check_place, draft_beside
    from bifente.fse.caisse.store.opening import open_engine, store_url
    from bifente.fse.caisse.store.rates import SYNTHETIC_EVENT
    from bifente.fse.caisse.store.store import CaisseStore

    if not 1 <= invoices <= MOST:
        raise WorkbenchError(f"{invoices} invoices: 1 to {MOST}", "usage")
    check_place(place, replace=replace)
    draft = draft_beside(place)
    try:
        store = CaisseStore(open_engine(store_url(str(draft.resolve()), Path()), make=True))
        try:
            with store.writing() as transaction:
                words = f"a year like {YEAR}, made up with seed {seed}: no sheet in it was ever sent"
                transaction.note(datetime(YEAR, 1, 1, tzinfo=UTC), SYNTHETIC_EVENT, words)
                made = _fill(transaction, invoices, random.Random(seed), told)  # noqa: S311 - a year to look at
        finally:
            store.close()
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
    return made


def _fill(
    transaction: "CaisseTransaction",
    invoices: int,
    chance: random.Random,
    told: Callable[[int, int, str], None] | None,
) -> int:
    from sqlalchemy import insert

    from bifente.fse.caisse.store.schema import FINDINGS, INVOICES, LOTS, MESSAGES

    connection = transaction.connection
    days = list(_working_days())
    departments = sorted(SQUARES)
    bias = {name: chance.gauss(0.0, 0.035) for name in departments}
    size = {name: chance.lognormvariate(0.0, 0.7) for name in departments}
    connection.execute(
        insert(MESSAGES).values(
            id=1, delivered="synthetic", digest="0" * 64, sender="nobody", subject="synthetic", size=0,
            received=datetime(YEAR, 1, 1, tzinfo=UTC),
        )
    )  # fmt: skip
    made = lot_id = 0
    number = 0
    batch: dict[str, list[dict[str, Any]]] = {"lot": [], "invoice": [], "finding": []}
    while made < invoices:
        day = _day_of(chance, days)
        group = chance.choices(SENDERS, weights=[one.share for one in SENDERS])[0]
        department = chance.choices(departments, weights=[size[one] for one in departments])[0]
        count = min(invoices - made, chance.randint(1, _INVOICES_OF_A_LOT))
        mode = _mode(chance, group, bias[department], day)
        lot_id += 1
        professional = _professional(chance)
        rows = [_invoice(chance, group, mode, day) for _ in range(count)]
        batch["lot"].append(_lot(lot_id, professional, mode, day, count))
        for at, (row, code) in enumerate(rows):
            number += 1
            batch["invoice"].append(
                {
                    **row,
                    "lot": lot_id,
                    "place": at,
                    "professional": professional,
                    "number": number,
                    "digest": f"{number:064x}",
                    "department": department,
                }
            )
            if code is not None:
                batch["finding"].append(
                    {
                        "lot": lot_id,
                        "place": at,
                        "number": number,
                        "code": code,
                        "gravity": "invoice",
                        "detail": "",
                    }
                )
        made += count
        if len(batch["invoice"]) >= 5000 or made >= invoices:
            for table, kept in ((LOTS, "lot"), (INVOICES, "invoice"), (FINDINGS, "finding")):
                if batch[kept]:
                    connection.execute(insert(table), batch[kept])
                    batch[kept].clear()
            if told is not None:
                told(made, invoices, f"{made} invoices")
    return made


def _day_of(chance: random.Random, days: list[date]) -> date:
    """A day on which sheets come: Mondays more, Saturdays less, August least."""
    while True:
        day = chance.choice(days)
        if chance.random() * 1.2 < _weight(day):
            return day


def _working_days() -> Iterator[date]:
    import holidays

    closed = holidays.country_holidays("FR", years=YEAR)
    day = date(YEAR, 1, 1)
    while day.year == YEAR:
        if day.weekday() < 6 and day not in closed:
            yield day
        day += timedelta(days=1)


def _weight(day: date) -> float:
    season = 0.6 if day.month == 8 else 0.85 if day.month == 7 else 1.0
    return _OF_WEEKDAY[day.weekday()] * season


def _mode(chance: random.Random, group: SenderGroup, bias: float, day: date) -> str:
    months_to_come = 12 - day.month
    rate = min(0.995, max(0.02, group.secured * (1 - GROWTH * months_to_come) + bias))
    if chance.random() < rate:
        return "S"
    return "F" if chance.random() < 0.35 else "D"


def _professional(chance: random.Random) -> str:
    from bifente.codes.luhn import luhn_key

    # 99 is no département: nobody bills under such a number.
    digits = f"99{chance.randrange(10**6):06}"
    return digits + luhn_key(digits)


def _lot(number: int, professional: str, mode: str, day: date, count: int) -> dict[str, Any]:
    from bifente.fse.caisse.judgement import OBLIGATORY

    return {
        "id": number,
        "message": 1,
        "professional": professional,
        "number": 1 + (number - 1) % 999,
        "organisme": "01999",
        "file_id": f"Y{number % 10**5:05}",
        "mode": mode,
        "part": OBLIGATORY,
        "digest": f"{number:064x}",
        "signer": "",
        "received": datetime.combine(day, time(20), UTC),
        "day": day,
        "made": day,
        "positive": True,
        "invoices": count,
        "repeats": 0,
        "address": "nobody@example.invalid",
        "arl": b"",
        "evidence": None,
    }


def _invoice(
    chance: random.Random, group: SenderGroup, mode: str, day: date
) -> tuple[dict[str, Any], str | None]:
    from bifente.fse.caisse.judgement import OBLIGATORY

    code = chance.choices(_CODES, weights=_WEIGHTS)[0] if chance.random() < _REJECTED[mode] else None
    fees = max(500, round(chance.lognormvariate(0, 0.45) * group.fee))
    delay = {"S": 4, "F": 8, "D": 19}[mode] + round(chance.expovariate(1 / {"S": 1.5, "F": 3, "D": 8}[mode]))
    third_party = group.speciality == "50" or chance.random() < 0.2
    return (
        {
            "replaces": None,
            "nir": "",
            "birth": "000000",
            "rank": 1,
            "insurance": "AS",
            "insurer": "",
            "part": OBLIGATORY,
            "care": day - timedelta(days=chance.randrange(3)),
            "received": day,
            "speciality": group.speciality,
            "third_party": third_party,
            "acts": 1 + chance.randrange(3),
            "fees": fees,
            "amo": 0 if code is not None else round(fees * 0.7),
            "amc": 0,
            "participation": 0 if code is not None else 100,
            "franchise": 0,
            "lines": "[]",
            "state": "rejected" if code is not None else "paid" if third_party else "reimbursed",
            "due": None,
            "settled": day + timedelta(days=delay),
            "rsp": None,
        },
        code,
    )
