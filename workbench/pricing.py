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
    from bifente.fse.tariff.pricing import explain

    if pathway not in tables.on(day).pathway:
        raise WorkbenchError(f"{pathway[:5]!r} is no letter of the parcours de soins")
    facts = SheetFacts(
        tuple(line_of(text, day) for text in acts),
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
    return Quote(facts, amounts, tuple(steps), deductions(facts, amounts, tables))


def line_of(text: str, day: date) -> "Line":
    """The act of ``AMI*1.5``, ``2xAMK*7.5+F`` or ``HBLD036/50``: quantity, code, coefficient, complement, and for the CCAM after
    the code ``:activity.phase``, ``-modifiers`` and ``/association``. Raises WorkbenchError."""
    import re
    from decimal import Decimal

    from bifente.fse.tariff.facts import Line

    ngap = re.fullmatch(
        r"(?:(?P<count>[1-9]\d?)x)?(?P<code>[A-Z][A-Z0-9]{0,4})(?:\*(?P<coefficient>\d{1,4}(?:\.\d{1,2})?))?(?:\+(?P<complement>[NFU]))?",
        text,
    )
    ccam = re.fullmatch(
        r"(?P<code>[A-Z]{4}\d{3})(?::(?P<activity>[1-5])(?:\.(?P<phase>\d))?)?(?:-(?P<modifiers>[A-Z0-9]{1,4}))?(?:/(?P<association>[1-5]))?",
        text,
    )
    if ccam is not None:
        return Line(
            ccam["code"],
            day,
            activity=ccam["activity"] or "1",
            phase=ccam["phase"] or "0",
            modifiers=tuple(ccam["modifiers"] or ""),
            association=ccam["association"] or "",
            technical=True,
        )
    if ngap is None:
        raise WorkbenchError(
            f"act {text[:30]!r} is not written as one",
            hint="as G, AMI*1.5, 2xAMK*7.5+F, or of the CCAM DEQP003, HBLD036:1.0-F/2",
        )
    return Line(
        ngap["code"],
        day,
        coefficient=Decimal(ngap["coefficient"] or 1),
        quantity=int(ngap["count"] or 1),
        complement=ngap["complement"] or "",
    )
