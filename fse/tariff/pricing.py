"""The price of a whole sheet: its lines based, then shared. Pure: the same facts and tables give the same amounts."""

from collections.abc import Sequence

from bifente.fse.tariff.bases import CONSULTATIONS, Based, based
from bifente.fse.tariff.daytables import DayTables
from bifente.fse.tariff.explaining import PriceStep, Told
from bifente.fse.tariff.facts import Amounts, SheetFacts
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
