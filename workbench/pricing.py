"""Prices asked by hand, and files of cases run."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.fse.tariff.cases import CaseResult
    from bifente.fse.tariff.explaining import PriceStep
    from bifente.fse.tariff.facts import Amounts, Line, SheetFacts
    from bifente.fse.tariff.liquidation import Deduction
    from bifente.fse.tariff.tables import Tables

MAX_CASES = 16 << 20
"""Bytes of a file of cases."""


@dataclass(frozen=True, slots=True)
class Quote:
    """The acts asked for with their amounts, how each came about, and what the caisse keeps back when it pays."""

    facts: "SheetFacts"
    amounts: "tuple[Amounts, ...]"
    steps: "tuple[PriceStep, ...]"
    deductions: "tuple[Deduction, ...]"
    notes: tuple[str, ...] = ()
    """What somebody should look at."""

    @property
    def refunded(self) -> int:
        """What the caisse pays in the end, in cents."""
        return sum(one.amo for one in self.amounts) - sum(one.amount for one in self.deductions)


def run_cases(path: Path, tables: "Tables") -> "list[CaseResult]":
    """Run the cases of a file: a list of them, or a single one. Raises WorkbenchError, DocumentError, OSError."""
    from bifente.documents import read_json
    from bifente.fse.tariff.cases import run_case

    value = read_json(path, MAX_CASES)
    cases = value if isinstance(value, list) else [value]
    if not cases:
        raise WorkbenchError(f"{path}: there is no case in it")
    return [run_case(case, tables, place) for place, case in enumerate(cases)]


def quote(
    acts: Sequence[str],
    tables: "Tables",
    *,
    day: date,
    speciality: int | None = None,
    pathway: str = "",
    exoneration: str = "0",
    nature: str = "10",
    regime: str = "01",
    zone: str = "",
    age: int | None = None,
    situations: Sequence[str] = (),
) -> Quote:
    """The price of acts as a person writes them (:func:`line_of`). Raises TariffError, WorkbenchError."""
    from bifente.fse.tariff.facts import SheetFacts, Situation
    from bifente.fse.tariff.liquidation import deductions
    from bifente.fse.tariff.pricing import explain, notes

    if pathway not in tables.on(day).pathway:
        raise WorkbenchError(f"{pathway[:5]!r} is no letter of the parcours de soins")
    facts = SheetFacts(
        tuple(line_of(text, day, tables) for text in acts),
        speciality=speciality,
        pathway=pathway,
        exoneration=exoneration,
        nature=nature,
        regime=regime,
        zone=zone,
        age=age,
        situations=frozenset(map(Situation, situations)),
    )
    amounts, steps = explain(facts, tables)
    taken = deductions(facts, amounts, tables)
    return Quote(facts, amounts, tuple(steps), taken, notes(facts, tables))


def line_of(text: str, day: date, tables: "Tables") -> "Line":
    """The act that *text* says.

    ``2xAMK*7.5+F``: quantity, letter, coefficient, complement. ``HBLD036:1.0-FU/2``: of the CCAM, activity, phase,
    modifiers, association. Thirteen digits: a medicine of the tables. ``=45.00`` at the end is what is charged.
    Raises WorkbenchError, TariffError.
    """
    import re
    from decimal import Decimal

    from bifente.fse.tariff.facts import Line
    from bifente.fse.tariff.money import cents

    what, equals, amount = text.partition("=")
    charged = cents(amount, f"charge of act {what[:20]}") if equals else None
    counted = re.fullmatch(r"(?:([1-9]\d?)x)?(.+)", what)
    count, act = (int(counted[1] or 1), counted[2]) if counted is not None else (1, what)
    if re.fullmatch(r"\d{13}", act):
        return _medicine(act, count, charged, day, tables)
    if ccam := re.fullmatch(
        r"([A-Z]{4}\d{3})(?::([1-5])(?:\.(\d))?)?(?:-([A-Z0-9]{1,4}))?(?:/([1-5]))?", act
    ):
        return Line(
            ccam[1],
            day,
            quantity=count,
            activity=ccam[2] or "1",
            phase=ccam[3] or "0",
            modifiers=tuple(ccam[4] or ""),
            association=ccam[5] or "",
            technical=True,
            charged=charged,
        )
    if ngap := re.fullmatch(r"([A-Z][A-Z0-9]{0,4})(?:\*(\d{1,4}(?:\.\d{1,2})?))?(?:\+([NFU]))?", act):
        return Line(
            ngap[1],
            day,
            coefficient=Decimal(ngap[2] or 1),
            quantity=count,
            complement=ngap[3] or "",
            charged=charged,
        )
    raise WorkbenchError(
        f"act {text[:30]!r} is not written as one",
        hint="as G, G=45.00, AMI*1.5, 2xAMK*7.5+F, of the CCAM DEQP003 or HBLD036:1.0-F/2, or the CIP13 of a medicine",
    )


def _medicine(cip: str, count: int, charged: int | None, day: date, tables: "Tables") -> "Line":
    from bifente.fse.tariff.facts import Line

    for row in tables.rows("medicines"):
        if row["cip13"] == cip and row.origin.holds(day):
            price = int(row["price"]) * count if charged is None else charged
            return Line(row["nature"], day, quantity=count, charged=price)
    raise WorkbenchError(f"no medicine {cip} in the tables", hint="bifente fse tables show medicines")
