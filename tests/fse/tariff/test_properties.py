"""What holds of every price: parts add up to the whole, nothing is negative, more costs more."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from bifente.fse.tariff.facts import Given, Line, SheetFacts, Situation
from bifente.fse.tariff.liquidation import History, deductions
from bifente.fse.tariff.pricing import explain, price
from bifente.fse.tariff.tables import Tables

TABLES = Tables.shipped()
DAYS = st.dates(date(2017, 5, 1), date(2026, 12, 31))
CENTS = st.integers(0, 200_000)
COEFFICIENTS = st.integers(1, 9999).map(lambda number: Decimal(number) / 100)
MODIFIERS = st.integers(1000, 2000).map(lambda number: Decimal(number) / 1000)

GIVEN = st.builds(
    Given,
    unit=CENTS,
    coefficients=st.lists(MODIFIERS, max_size=2).map(tuple),
    flats=st.lists(st.integers(0, 5000), max_size=2).map(tuple),
    association=st.sampled_from([None, Decimal("0.5"), Decimal("0.75"), Decimal(1)]),
    technical=st.booleans(),
    exempting=st.sampled_from(["1", "2", "3", "5"]),
    category=st.sampled_from([None, None, "AD", "PD"]),
    grouping=st.sampled_from(["", "ATM", "ADC", "ADI", "ADE"]),
    forfait=st.integers(0, 5000),
)

LINES = st.builds(
    Line,
    code=st.just(""),
    date=DAYS,
    coefficient=COEFFICIENTS,
    quantity=st.integers(1, 9),
    complement=st.sampled_from(["", "", "N", "F", "U"]),
    qualifier=st.sampled_from(["", "", "", "G", "N", "D"]),
    exoneration=st.sampled_from(["", "", "3", "4", "7"]),
    given=GIVEN,
)

FACTS = st.builds(
    SheetFacts,
    lines=st.lists(LINES, min_size=1, max_size=4).map(tuple),
    speciality=st.sampled_from([None, 1, 4, 7, 12, 19, 21, 24, 26, 33]),
    regime=st.sampled_from(["01", "01", "02", "04", "07"]),
    nature=st.sampled_from(["10", "10", "13", "30", "41", "90"]),
    exoneration=st.sampled_from(["0", "0", "4", "5"]),
    pathway=st.sampled_from(["", "T", "S", "O"]),
    situations=st.sets(st.sampled_from(Situation), max_size=2).map(frozenset),
    contract=st.sampled_from(["", "21", "23", "25"]),
    age=st.one_of(st.none(), st.integers(0, 110)),
    complementary=st.booleans(),
)


@settings(max_examples=80, deadline=None)
@given(FACTS)
def test_the_parts_add_up_and_nothing_is_negative(facts: SheetFacts) -> None:
    for one in price(facts, TABLES):
        assert min(one.unit, one.base, one.amo, one.amc, one.reduction, one.flat, one.charged) >= 0
        assert one.amo + one.amc + one.rest == one.charged
        assert one.amo <= one.base
        assert 0 <= one.rate <= 100
        # nobody is asked for more than was charged, when that is the base
        assert one.rest >= 0
        ticket = one.base - (one.base * one.rate * 2 + 100) // 200
        assert one.amo + one.reduction + one.flat + ticket == one.base
        if Situation.C2S in facts.situations and not one.qualifier:
            assert one.rest == 0


@settings(max_examples=40, deadline=None)
@given(FACTS)
def test_an_explained_price_is_the_price(facts: SheetFacts) -> None:
    amounts, steps = explain(facts, TABLES)
    assert amounts == price(facts, TABLES)
    assert {step.line for step in steps} == set(range(len(facts.lines)))
    assert all("\n" not in str(step) for step in steps)


@settings(max_examples=50, deadline=None)
@given(FACTS, COEFFICIENTS)
def test_a_higher_coefficient_never_costs_less(facts: SheetFacts, more: Decimal) -> None:
    before = price(facts, TABLES)
    raised = replace(
        facts, lines=tuple(replace(line, coefficient=line.coefficient + more) for line in facts.lines)
    )
    for one, other in zip(before, price(raised, TABLES), strict=True):
        assert other.base >= one.base


@settings(max_examples=50, deadline=None)
@given(FACTS, st.integers(0, 6000), st.integers(0, 6000), st.integers(0, 1000), st.integers(0, 1000))
def test_what_is_kept_back_stays_under_its_caps(
    facts: SheetFacts, participation: int, franchise: int, today: int, kept: int
) -> None:
    history = History(participation, franchise, today, today, kept)
    amounts = price(facts, TABLES)
    taken = deductions(facts, amounts, TABLES, history)
    assert len({one.line for one in taken}) == len(taken)
    for one in taken:
        assert 0 <= one.amount <= amounts[one.line].amo
    assert participation + sum(one.amount for one in taken if one.code == "PF") <= max(5000, participation)
    assert franchise + sum(one.amount for one in taken if one.code == "FR") <= max(5000, franchise)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([row for row in TABLES.rows("ngap") if row.specialities]), st.data())
def test_every_letter_is_priced_on_its_days(row: object, data: st.DataObject) -> None:
    from bifente.fse.tariff.rows import LetterRow

    assert isinstance(row, LetterRow)
    first = row.origin.first or date(2022, 1, 1)
    last = row.origin.last or date(2026, 12, 31)
    day = data.draw(st.dates(first, last))
    line = Line(row.code, day, coefficient=row.least or row.most or Decimal(1))
    (one,) = price(SheetFacts((line,), speciality=min(row.specialities)), TABLES)
    assert one.unit == row.unit
