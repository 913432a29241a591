"""Sheets priced by the tables: facts, bases, shares, what is kept back; against the arithmetic of the same sheets alone.

The floor looks nothing up and judges nothing: base, rate and reduction of each act by integers that are already there, and
the frozen value that holds the result.
"""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from time import process_time

from frame import Result, against_floor, pinned

from bifente.fse.tariff.bases import ngap_base
from bifente.fse.tariff.facts import Amounts, Line, SheetFacts
from bifente.fse.tariff.liquidation import deductions
from bifente.fse.tariff.money import percent
from bifente.fse.tariff.pricing import explain, price
from bifente.fse.tariff.tables import Tables

SHEETS = 2000
LEAST = 20_000
DAY = date(2026, 3, 2)


def sheets() -> list[SheetFacts]:
    """A surgery's mixture: consultations, with a child, outside the parcours, a nurse, a technical act."""
    kinds = [
        SheetFacts((Line("G", DAY),), 1, pathway="T", age=50),
        SheetFacts((Line("G", DAY), Line("MEG", DAY)), 1, pathway="T", age=3),
        SheetFacts((Line("G", DAY),), 1, pathway="S", age=33),
        SheetFacts((Line("AMI", DAY, Decimal("1.5"), complement="N"), Line("IFI", DAY)), 24, age=70),
        SheetFacts((Line("G", DAY), Line("DEQP003", DAY, technical=True)), 1, exoneration="4", age=66),
    ]
    return [kinds[number % len(kinds)] for number in range(SHEETS)]


def core_time(work: Callable[[], object]) -> float:
    """Seconds of a core that *work* takes, whoever else has it meanwhile."""
    begun = process_time()
    work()
    return process_time() - begun


def results() -> Iterator[Result]:
    """Sheets a second, the ratio to the floor, and what explaining costs."""
    tables, asked = Tables.shipped(), sheets()
    known = [price(facts, tables) for facts in asked]

    def subject() -> None:
        for facts in asked:
            deductions(facts, price(facts, tables), tables)

    def floor() -> None:
        for facts, amounts in zip(asked, known, strict=True):
            for line, one in zip(facts.lines, amounts, strict=True):
                base = ngap_base(one.unit, line.coefficient, line.quantity)
                amo = percent(base, one.rate)
                Amounts(one.unit, base, one.rate, amo, base - amo, 0, 0, "0", "", "", base)

    def explained() -> None:
        for facts in asked:
            explain(facts, tables)

    def priced() -> None:
        for facts in asked:
            price(facts, tables)

    with pinned():
        priced()
        fastest = min(core_time(priced) for _ in range(7))
        yield Result("sheets priced", "sheets/s", SHEETS / fastest, least=LEAST, note="of one core's time")
        fastest = min(core_time(subject) for _ in range(7))
        yield Result("sheets priced, with what is kept back", "sheets/s", SHEETS / fastest)
        yield against_floor("pricing against its arithmetic", subject, floor, most=12)
        yield against_floor("an explained price against a price", explained, priced, most=6)
