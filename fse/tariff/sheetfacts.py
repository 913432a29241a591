"""From a care sheet to the facts of its price, and from amounts to the prices that stand on its acts."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from bifente.fse.sheet.acts import Act, Price
from bifente.fse.sheet.model import CareSheet
from bifente.fse.sheet.rights import Coverage, Rights
from bifente.fse.tariff.errors import TariffError, UnknownAct
from bifente.fse.tariff.explaining import PriceStep
from bifente.fse.tariff.facts import Amounts, Line, SheetFacts, Situation
from bifente.fse.tariff.liquidation import Deduction, History, deductions
from bifente.fse.tariff.pricing import explain, price
from bifente.fse.tariff.tables import Tables

C2S_SERVICES: Final = frozenset({"01", "02", "03", "1", "2", "3"})
"""*Code service AMO* of a beneficiary with the C2S, once CMU-C (fse.md §3.3)."""
C2S_CONTRACT: Final = "89"
LOCAL_REGIME: Final = "13"
"""The *nature d'assurance* of the régime local Alsace-Moselle."""
TICKED: Final = frozenset({"3", "4", "7"})
"""Exonerations that the professional says of an act; the others follow from who the patient is and what it costs."""


@dataclass(frozen=True, slots=True)
class PricedSheet:
    """A sheet by the tables: the price and the code prestation of each act (empty where the tables have none), how each
    amount came about, and what the caisse keeps back when it pays. Amounts in cents."""

    prices: tuple[Price, ...]
    groupings: tuple[str, ...]
    steps: tuple[PriceStep, ...]
    deductions: tuple[Deduction, ...]

    @property
    def withheld(self) -> int:
        """Participation forfaitaire and franchises together."""
        return sum(one.amount for one in self.deductions)


def facts_of(sheet: CareSheet, tables: Tables) -> SheetFacts:
    """What the price of a sheet depends on. The tables say what the code situation of the card means."""
    rights, complementary = sheet.rights, sheet.third_party.complementary
    situations = situations_of(rights, tables)
    if complementary is not None and complementary.contract == C2S_CONTRACT:
        situations |= {Situation.C2S}
    if sheet.nature == LOCAL_REGIME:
        situations |= {Situation.RLAM}
    speciality = sheet.situation.speciality
    return SheetFacts(
        tuple(line_of(act, sheet.exoneration) for act in sheet.acts),
        speciality=int(speciality) if speciality else None,
        regime=rights.insured.regime or "01",
        nature=sheet.nature,
        exoneration=sheet.exoneration,
        pathway=sheet.pathway,
        situations=situations,
        age=_age(rights.beneficiary.birth_date, sheet),
        complementary=complementary is not None,
    )


def situations_of(rights: Rights, tables: Tables) -> frozenset[Situation]:
    """What the rights of a beneficiary say of who pays."""
    found = set()
    if rights.beneficiary.amo_service in C2S_SERVICES:
        found.add(Situation.C2S)
    meant = meaning_of(rights.coverage, tables)
    if meant is not None:
        found.add(meant)
    return frozenset(found)


def meaning_of(coverage: Coverage | None, tables: Tables) -> Situation | None:
    """What the second half of a *code situation* means by the table ``coverages`` (``synthetic``); None for nothing."""
    if coverage is None or len(coverage.situation) != 4:
        return None
    return tables.coverages().get(coverage.situation[2:])


def line_of(act: Act, exoneration: str = "0") -> Line:
    """An act as it is priced; *exoneration* is that of its sheet."""
    ccam = act.ccam
    own = act.price.exoneration if act.price is not None else ""
    ticked = own if own in TICKED and own != exoneration else ""
    if ccam is None:
        return Line(
            act.code,
            act.date,
            act.coefficient,
            act.quantity,
            act.complement,
            act.qualifier,
            exoneration=ticked,
            charged=act.amount,
        )
    return Line(
        act.code,
        act.date,
        Decimal(1),
        act.quantity,
        act.complement,
        act.qualifier,
        activity=ccam.activity,
        phase=ccam.phase,
        modifiers=ccam.modifiers,
        association=ccam.association,
        technical=True,
        exoneration=ticked,
        charged=act.amount,
    )


def price_of(amounts: Amounts) -> Price:
    """Amounts as they stand on the act of a sheet."""
    return Price(
        unit=amounts.unit,
        base=amounts.base,
        rate=amounts.rate,
        amo=amounts.amo,
        amc=amounts.amc,
        reduction=amounts.reduction,
        flat=amounts.flat,
        exoneration=amounts.exoneration,
        participation=amounts.participation,
    )


def price_sheet(sheet: CareSheet, tables: Tables, history: History | None = None) -> PricedSheet:
    """The whole of a sheet, explained. Raises TariffError, of which UnknownAct is one; InvalidSheet."""
    facts = facts_of(sheet, tables)
    amounts, steps = explain(facts, tables)
    return PricedSheet(
        tuple(map(price_of, amounts)),
        tuple(one.grouping for one in amounts),
        tuple(steps),
        deductions(facts, amounts, tables, history),
    )


def recompute(
    sheet: CareSheet, tables: Tables, history: History | None = None
) -> tuple[tuple[Amounts, ...], int]:
    """The amounts of a sheet and what is kept back, in cents, without their explanation: what a caisse needs of each.

    Raises TariffError, of which UnknownAct is one.
    """
    facts = facts_of(sheet, tables)
    amounts = price(facts, tables)
    return amounts, sum(one.amount for one in deductions(facts, amounts, tables, history))


def unknown_acts(sheet: CareSheet, tables: Tables) -> tuple[str, ...]:
    """The codes of the acts that the tables have no price of on their day for this speciality."""
    facts = facts_of(sheet, tables)
    missing = []
    for line in facts.lines:
        try:
            price(replace(facts, lines=(line,)), tables)
        except UnknownAct:
            missing.append(line.code)
        except TariffError:
            continue
    return tuple(dict.fromkeys(missing))


def _age(birth: str, sheet: CareSheet) -> int | None:
    """Years on the care date of who was born on AAAAMMJJ; months that no calendar has count as the last."""
    if len(birth) != 8 or not (birth.isascii() and birth.isdigit()):
        return None
    day = sheet.care_date
    years = day.year - int(birth[:4]) - ((day.month, day.day) < (int(birth[4:6]), int(birth[6:])))
    return years if 0 <= years <= 150 else None
