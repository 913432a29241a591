"""The price of a whole sheet: its lines based, then shared. Pure: the same facts and tables give the same amounts."""

from collections.abc import Sequence

from bifente.fse.tariff.bases import CONSULTATIONS, Based, based
from bifente.fse.tariff.daytables import DayTables
from bifente.fse.tariff.explaining import PriceStep, Told
from bifente.fse.tariff.facts import Amounts, SheetFacts, Situation
from bifente.fse.tariff.shares import shared
from bifente.fse.tariff.tables import Tables


def price(facts: SheetFacts, tables: Tables) -> tuple[Amounts, ...]:
    """The amounts of each line. Raises TariffError, of which UnknownAct is one."""
    return _priced(facts, tables, None)[1]


def explain(facts: SheetFacts, tables: Tables) -> tuple[tuple[Amounts, ...], list[PriceStep]]:
    """The same amounts, and how each came about."""
    told = Told()
    amounts = _priced(facts, tables, told)[1]
    return amounts, told.steps


def valued(facts: SheetFacts, tables: Tables) -> tuple[tuple[Based, ...], tuple[Amounts, ...]]:
    """The bases of the lines beside their amounts."""
    return _priced(facts, tables, None)


def _priced(
    facts: SheetFacts, tables: Tables, told: Told | None
) -> tuple[tuple[Based, ...], tuple[Amounts, ...]]:
    days = [tables.on(line.date) for line in facts.lines]
    bases = _bases(facts, days, told)
    return bases, shared(bases, facts, days, told)


def _bases(facts: SheetFacts, days: Sequence[DayTables], told: Told | None) -> tuple[Based, ...]:
    consulted = (
        {line.date for line in facts.lines if not line.technical and line.code in CONSULTATIONS}
        if any(line.technical for line in facts.lines)
        else ()
    )
    bases = []
    for place, (line, day) in enumerate(zip(facts.lines, days, strict=True)):
        if told is not None:
            told.line = place
        bases.append(based(line, facts, day, line.date in consulted, told))
    return tuple(bases)


def notes(facts: SheetFacts, tables: Tables) -> tuple[str, ...]:
    """What somebody should look at before the sheet is sent: a supplement without the act that it follows (RG_VF626), a
    coefficient that has become another."""
    found = []
    for line in facts.lines:
        day = tables.on(line.date)
        wanted = day.associations_of.get(line.code)
        beside = {
            ("CCAM" if one.technical else one.code)
            for one in facts.lines
            if one.date == line.date and one is not line
        }
        if wanted is not None and not (wanted & beside) and not ("NGAP" in wanted and beside - {"CCAM"}):
            found.append(
                f"{line.code} of {line.date} follows {', '.join(sorted(wanted))}, and none of them is billed that day"
            )
        old = tables.outdated.get((line.code, line.coefficient))
        if old is not None and not old.origin.holds(line.date):
            found.append(
                f"{line.code} {line.coefficient.normalize():f} has become {line.code} {old['becomes']} ({old.origin})"
            )
    technical = [line for line in facts.lines if line.technical]
    for day_of_care in sorted({line.date for line in technical}):
        that_day = [line for line in technical if line.date == day_of_care]
        if len(that_day) > 1 and not all(line.association for line in that_day):
            found.append(
                f"technical acts of {day_of_care} are billed together without a code association each"
            )
    if Situation.C2S in facts.situations:
        for line, one in zip(facts.lines, price(facts, tables), strict=True):
            if one.charged > one.base > 0:
                found.append(
                    f"{line.code} of {line.date}: a dépassement is not for a patient with the C2S (RG_VF671)"
                )
    return tuple(found)
