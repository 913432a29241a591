"""What the caisse keeps back when it pays: *participation forfaitaire* and *franchises médicales*, with their caps.

They are no matter of the sheet: amounts and caps hang on what was already kept back this year and today. Sources: fse.md
§5.1 (9), corrections 23.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bifente.fse.tariff.bases import CONSULTATIONS
from bifente.fse.tariff.daytables import (
    AUXILIARIES,
    DENTISTS,
    LABORATORIES,
    MIDWIVES,
    PHARMACISTS,
    DayTables,
)
from bifente.fse.tariff.errors import TariffError
from bifente.fse.tariff.facts import Amounts, Line, SheetFacts, Situation
from bifente.fse.tariff.rows import Origin
from bifente.fse.tariff.shares import MATERNITY
from bifente.fse.tariff.tables import Tables

ADULT: Final = 18
TECHNICAL_LETTERS: Final = frozenset(["K", "KC", "KE", "KMO", "Z"])
NURSING_LETTERS: Final = frozenset(
    [
        "AIS",
        "AMC",
        "AMI",
        "AMK",
        "AMO",
        "AMP",
        "AMS",
        "AMX",
        "AMY",
        "BSA",
        "BSB",
        "BSC",
        "POD",
        "SFI",
        "TMI",
        "TMO",
        "TMY",
    ]
)
"""Acts of auxiliaires médicaux; not their indemnités of travel (IF…, IK…) and majorations."""
TRANSPORTS: Final = frozenset({55, 56, 57})
_PARTICIPATING: Final = CONSULTATIONS | TECHNICAL_LETTERS
_NO_PARTICIPATION: Final = AUXILIARIES | DENTISTS | MIDWIVES | PHARMACISTS | TRANSPORTS


@dataclass(frozen=True, slots=True)
class History:
    """What was kept back before, in cents: this calendar year, and on the day of care."""

    participation_year: int = 0
    franchise_year: int = 0
    franchise_day: int = 0
    transport_day: int = 0
    participation_day: int = 0
    """By the professional of this sheet."""


NO_HISTORY: Final = History()


@dataclass(frozen=True, slots=True)
class Deduction:
    """What is kept back on a line (counted from 0): ``code`` PF or FR, ``amount`` in cents, 0 where a cap or an
    exemption says so, and why."""

    line: int
    code: str
    amount: int
    words: str
    row: Origin | None


def deductions(
    facts: SheetFacts,
    amounts: Sequence[Amounts],
    tables: Tables,
    history: History | None = None,
    *,
    participation: int | None = None,
) -> tuple[Deduction, ...]:
    """What is kept back of *amounts*, the lines as they stand; never more than a line pays.

    *participation*: another amount than the tables have. The caps are by day and by year; a day's history counts for all
    lines of the sheet. Raises TariffError.
    """
    before = history or NO_HISTORY
    exempt = _exempt(facts)
    kept = {"PF": before.participation_year, "FR": before.franchise_year}
    today = {"PF": before.participation_day, "FR": before.franchise_day, "BOX": 0, "TR": before.transport_day}
    made = []
    for place, (line, paid) in enumerate(zip(facts.lines, amounts, strict=True)):
        kind = _kind(line, facts)
        if not kind:
            continue
        code = "PF" if kind == "PF" else "FR"
        if exempt:
            made.append(Deduction(place, code, 0, exempt, None))
            continue
        day = tables.on(line.date)
        name, day_cap, year_cap = _NAMES[kind]
        whole = participation if kind == "PF" and participation is not None else _parameter(day, name)
        if whole is None:
            continue
        whole *= line.quantity
        amount = min(whole, paid.amo)
        words = f"{name} of {line.date}"
        for cap, used, what in (
            (_parameter(day, day_cap), today[kind], "day"),
            (_parameter(day, year_cap), kept[code], "year"),
        ):
            if cap is not None and used + amount > cap:
                amount = max(cap - used, 0)
                words += f", the most of a {what} is {cap} cents"
        kept[code] += amount
        today[kind] += amount
        made.append(Deduction(place, code, amount, words, day.origin(name)))
    return tuple(made)


_NAMES: Final = {
    "PF": ("participation", "participation.day", "participation.year"),
    "FR": ("franchise", "franchise.day", "franchise.year"),
    "BOX": ("franchise", "", "franchise.year"),
    "TR": ("franchise.transport", "franchise.transport.day", "franchise.year"),
}
"""Kind of deduction → the parameters of its amount and of its caps by day and year."""


def _parameter(day: DayTables, name: str) -> int | None:
    if name not in day.parameters:
        return None
    return day.need(name)


def _exempt(facts: SheetFacts) -> str:
    if facts.age is not None and facts.age < ADULT:
        return "under 18 years"
    if facts.situations and Situation.C2S in facts.situations:
        return "C2S"
    if facts.situations and Situation.AME in facts.situations:
        return "AME"
    if facts.nature == MATERNITY:
        return "maternité"
    return ""


def _kind(line: Line, facts: SheetFacts) -> str:
    """PF, FR (act of an auxiliaire), BOX (medicine), TR (transport), or nothing."""
    if line.code.startswith("PH") or line.code in ("PG4", "PG7"):
        return "BOX"
    if line.code in NURSING_LETTERS:
        return "FR"
    if facts.speciality in TRANSPORTS:
        return "TR"
    if facts.speciality in _NO_PARTICIPATION:
        return ""
    if facts.speciality in LABORATORIES:
        return "PF" if line.code == "B" else ""
    return "PF" if line.technical or not line.code or line.code in _PARTICIPATING else ""


def check_history(history: History) -> None:
    """Raise TariffError for a negative amount."""
    for name in History.__slots__:
        if getattr(history, name) < 0:
            raise TariffError(f"{name} {getattr(history, name)}: cents, not negative, were expected")
