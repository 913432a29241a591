"""Where care sheets meet the tariff: the acts that are written down get their prices, and a sheet is priced again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.fse.sheet.acts import Act, Price, ThirdParty
    from bifente.fse.sheet.model import BillingSituation, CareSheet
    from bifente.fse.sheet.rights import Rights
    from bifente.fse.tariff.explaining import PriceStep
    from bifente.fse.tariff.facts import Amounts, Line, SheetFacts
    from bifente.fse.tariff.tables import Tables
    from bifente.workbench.sheets.written import WrittenAct, WrittenPrice, WrittenSheet

C2S_SERVICES = ("01", "02", "03")
"""*Code service AMO* of a bénéficiaire with the C2S (CMU-C), by whomever it is managed (spec/fse.md §3.3)."""
C2S_CONTRACT, LOCAL_REGIME = "89", "13"


@dataclass(frozen=True, slots=True)
class PricedActs:
    """Acts with their prices, how each amount came about, and what somebody should look at."""

    acts: "tuple[Act, ...]"
    steps: "tuple[PriceStep, ...]" = ()
    notes: tuple[str, ...] = ()


def price_acts(
    written: "WrittenSheet",
    day: date,
    situation: "BillingSituation",
    rights: "Rights",
    third_party: "ThirdParty",
    tables: "Tables",
) -> PricedActs:
    """The acts of *written* at the prices of *tables*, on *day* unless they say another.

    An act without a fee is charged at its base; a stated price that differs is refused. Raises WorkbenchError, TariffError,
    InvalidSheet.
    """
    from bifente.fse.tariff.pricing import explain
    from bifente.fse.tariff.pricing import notes as tariff_notes

    facts = _facts(
        tuple(_line(act, act.date or day) for act in written.acts),
        situation,
        rights,
        third_party,
        nature=nature_of(written),
        exoneration=written.exoneration,
        pathway=written.pathway,
        day=day,
    )
    amounts, steps = explain(facts, tables)
    acts, notes = [], [*tariff_notes(facts, tables)]
    for number, (act, line, one) in enumerate(zip(written.acts, facts.lines, amounts, strict=True), 1):
        price = _price(one)
        _compare(number, act, price)
        if one.charged != one.base:
            more = "more" if one.charged > one.base else "less"
            notes.append(
                f"act {number} ({act.code}): {euros(one.charged)} charged, {more} than the base {euros(one.base)}"
            )
        acts.append(
            act_of(act, line.date, one.charged, price, qualifier=one.qualifier, grouping=one.grouping)
        )
    return PricedActs(tuple(acts), tuple(steps), tuple(notes))


def unpriced_acts(written: "WrittenSheet", day: date) -> PricedActs:
    """The acts of *written* at the fees that they say, without the tariff. Raises WorkbenchError, InvalidSheet."""
    acts = []
    for number, act in enumerate(written.acts, 1):
        if act.fee is None:
            raise WorkbenchError(
                f"act {number} ({act.code}) has no fee, and the tariff is not asked",
                hint=f"'{act.code} fee=45.00'",
            )
        price = None if act.price is None else _stated(act.price)
        acts.append(act_of(act, act.date or day, act.fee, price))
    return PricedActs(tuple(acts))


@dataclass(frozen=True, slots=True)
class Repriced:
    """A sheet priced again: the price of each act now, how it came about, and where the sheet says another."""

    prices: "tuple[Price, ...]"
    steps: "tuple[PriceStep, ...]"
    differences: tuple[str, ...]


def price_again(sheet: "CareSheet", tables: "Tables") -> Repriced:
    """What *tables* say of a *sheet*, and how. Raises TariffError."""
    from bifente.fse.tariff.facts import Line
    from bifente.fse.tariff.pricing import explain

    lines = []
    for act in sheet.acts:
        ccam = act.ccam
        own = act.price.exoneration if act.price is not None else ""
        lines.append(
            Line(
                act.code,
                act.date,
                coefficient=act.coefficient,
                quantity=act.quantity,
                complement=act.complement,
                qualifier=act.qualifier,
                activity=ccam.activity if ccam else "1",
                phase=ccam.phase if ccam else "0",
                modifiers=ccam.modifiers if ccam else (),
                association=ccam.association if ccam else "",
                technical=ccam is not None,
                exoneration=own if own in ("3", "4", "7") and own != sheet.exoneration else "",
                charged=act.amount,
            )
        )
    facts = _facts(
        tuple(lines),
        sheet.situation,
        sheet.rights,
        sheet.third_party,
        nature=sheet.nature,
        exoneration=sheet.exoneration,
        pathway=sheet.pathway,
        day=sheet.care_date,
    )
    amounts, steps = explain(facts, tables)
    prices = tuple(_price(one) for one in amounts)
    different = [
        f"act {number} ({act.code}): the sheet says {name} {getattr(act.price, name)}, the tariff {getattr(price, name)}"
        for number, (act, price) in enumerate(zip(sheet.acts, prices, strict=True), 1)
        if act.price is not None
        for name in _differing(act.price, price)
    ]
    return Repriced(prices, tuple(steps), tuple(different))


def act_of(
    written: "WrittenAct",
    day: date,
    amount: int,
    price: "Price | None",
    *,
    qualifier: str = "",
    grouping: str = "",
) -> "Act":
    """The act of a sheet; *grouping* is the code prestation by the tariff. Raises InvalidSheet."""
    from bifente.fse.sheet.acts import Act, Ccam

    ccam = None
    if written.technical:
        ccam = Ccam(
            activity=written.activity,
            phase=written.phase,
            modifiers=written.modifiers,
            association=written.association,
            documentary=written.documentary,
            teeth=written.teeth,
            grouping=written.grouping or grouping,
        )
    return Act(
        written.code,
        written.coefficient,
        amount,
        day,
        quantity=written.quantity,
        complement=written.complement,
        qualifier=qualifier or written.qualifier,
        ccam=ccam,
        price=price,
        place=written.place,
    )


def nature_of(written: "WrittenSheet") -> str:
    """The *nature d'assurance* that is said, or that follows from what is: maternity, accident of work, else maladie."""
    if written.nature:
        return written.nature
    if written.maternity is not None:
        return "30"
    return "41" if written.accident is not None and written.accident.number else "10"


def euros(cents: int) -> str:
    """``45.00 €``."""
    return f"{cents // 100}.{cents % 100:02} €"


def _facts(
    lines: "tuple[Line, ...]",
    situation: "BillingSituation",
    rights: "Rights",
    third_party: "ThirdParty",
    *,
    nature: str,
    exoneration: str,
    pathway: str,
    day: date,
) -> "SheetFacts":
    from bifente.fse.tariff.facts import SheetFacts, Situation

    complementary = third_party.complementary
    situations = set()
    if rights.beneficiary.amo_service in C2S_SERVICES or (
        complementary is not None and complementary.contract == C2S_CONTRACT
    ):
        situations.add(Situation.C2S)
    if nature == LOCAL_REGIME:
        situations.add(Situation.RLAM)
    return SheetFacts(
        lines,
        speciality=int(situation.speciality) if situation.speciality else None,
        regime=rights.insured.regime or "01",
        nature=nature,
        exoneration=exoneration,
        pathway=pathway,
        situations=frozenset(situations),
        age=_age(rights.beneficiary.birth_date, day),
        complementary=complementary is not None,
    )


def _age(birth: str, day: date) -> int | None:
    """Years on *day* of who was born on AAAAMMJJ, which may not be in the calendar; None when nobody can say."""
    if len(birth) != 8 or not birth.isdigit():
        return None
    years = day.year - int(birth[:4]) - ((day.month, day.day) < (int(birth[4:6]), int(birth[6:])))
    return years if 0 <= years <= 150 else None


def _line(act: "WrittenAct", day: date) -> "Line":
    from bifente.fse.tariff.facts import Line

    return Line(
        act.code,
        day,
        coefficient=Decimal(act.coefficient),
        quantity=act.quantity,
        complement=act.complement,
        qualifier=act.qualifier,
        activity=act.activity,
        phase=act.phase,
        modifiers=act.modifiers,
        association=act.association,
        technical=act.technical,
        exoneration=act.exoneration,
        charged=act.fee,
    )


def _price(one: "Amounts") -> "Price":
    from bifente.fse.sheet.acts import Price

    return Price(
        unit=one.unit,
        base=one.base,
        rate=one.rate,
        amo=one.amo,
        amc=one.amc,
        reduction=one.reduction,
        flat=one.flat,
        exoneration=one.exoneration or "0",
        participation=one.participation,
    )


def _stated(price: "WrittenPrice") -> "Price":
    from bifente.fse.sheet.acts import Price

    return Price(**price.model_dump())


def _differing(first: "Price", second: "Price") -> Sequence[str]:
    return [
        name
        for name in (
            "unit",
            "base",
            "rate",
            "amo",
            "amc",
            "reduction",
            "flat",
            "exoneration",
            "participation",
        )
        if getattr(first, name) != getattr(second, name)
    ]


def _compare(number: int, act: "WrittenAct", price: "Price") -> None:
    if act.price is None:
        return
    stated = _stated(act.price)
    for name in _differing(stated, price):
        raise WorkbenchError(
            f"act {number} ({act.code}): the stated {name} is {getattr(stated, name)}, the tariff says {getattr(price, name)}",
            hint="leave the price out, or make the sheet without the tariff",
        )
