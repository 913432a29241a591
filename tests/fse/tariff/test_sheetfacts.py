"""A sheet by the tables: its facts, its prices, what a caisse keeps back."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sheetbytes import DAY, care_sheet

from bifente.fse.sheet.acts import Act, Ccam, Complementary, Price, ThirdParty
from bifente.fse.sheet.model import CareSheet
from bifente.fse.tariff.errors import UnknownAct
from bifente.fse.tariff.facts import Situation
from bifente.fse.tariff.liquidation import History
from bifente.fse.tariff.sheetfacts import facts_of, price_of, price_sheet, recompute, unknown_acts
from bifente.fse.tariff.tables import Tables

TABLES = Tables.shipped()


def with_rights(sheet: CareSheet, **change: str) -> CareSheet:
    """The sheet of somebody with another service AMO, birth date or code situation."""
    rights = sheet.rights
    coverage = rights.coverage
    assert coverage is not None
    if "situation" in change:
        coverage = replace(coverage, situation=change.pop("situation"))
    return replace(
        sheet, rights=replace(rights, coverage=coverage, beneficiary=replace(rights.beneficiary, **change))
    )


def test_the_facts_of_a_sheet() -> None:
    facts = facts_of(care_sheet(1), TABLES)
    assert (facts.speciality, facts.regime, facts.nature, facts.pathway) == (1, "01", "10", "")
    assert facts.age == 45  # born on 01/13/1980: a month after the last
    assert not facts.complementary
    assert facts.lines[0].charged == 3000
    assert facts.situations == frozenset()


def test_a_sheet_is_priced_with_its_complementary() -> None:
    sheet = replace(care_sheet(1), pathway="T")
    (price,) = price_sheet(sheet, TABLES).prices
    assert price == Price(unit=3000, base=3000, rate=70, amo=2100)
    paid = ThirdParty(amo=True, complementary=Complementary("99999999"))
    made = price_sheet(replace(sheet, third_party=paid), TABLES)
    assert made.prices[0].amc == 900
    assert made.withheld == 200
    assert {step.what for step in made.steps} >= {"unit", "base", "rate", "amo", "amc"}


@pytest.mark.parametrize(
    ("change", "situation"),
    [
        ({"amo_service": "01"}, Situation.C2S),
        ({"amo_service": "10"}, None),
        ({"situation": "0190"}, Situation.C2S),
        ({"situation": "0191"}, Situation.RLAM),
        ({"situation": "0293"}, Situation.ASPA),
        ({"situation": "0110"}, None),
        ({"situation": ""}, None),
    ],
)
def test_what_the_rights_say(change: dict[str, str], situation: Situation | None) -> None:
    """Services AMO: fse.md §3.3; the second half of a code situation is synthetic."""
    found = facts_of(with_rights(care_sheet(1), **dict(change)), TABLES).situations
    assert found == (frozenset() if situation is None else frozenset({situation}))


def test_the_nature_of_the_regime_local_and_the_contract_of_the_c2s() -> None:
    sheet = replace(care_sheet(1), nature="13")
    assert facts_of(sheet, TABLES).situations == {Situation.RLAM}
    paid = ThirdParty(amo=True, complementary=Complementary("99999999", contract="89"))
    (price,) = price_sheet(replace(care_sheet(1), third_party=paid, pathway="S"), TABLES).prices
    assert (price.amo, price.amc, price.reduction) == (1040, 1960, 1060)


def test_a_technical_act_gets_its_code_prestation() -> None:
    act = Act("DEQP003", Decimal(1), 1452, DAY, ccam=Ccam(modifiers=()))
    made = price_sheet(replace(care_sheet(1), acts=(act,)), TABLES)
    assert made.groupings == ("ATM",)
    assert made.prices[0].amo == 1016
    assert price_sheet(care_sheet(1), TABLES).groupings == ("",)


def test_a_price_on_the_sheet_is_found_again() -> None:
    """What the surgery writes and what the caisse recomputes are one computation."""
    sheet = replace(care_sheet(1), pathway="S", exoneration="0")
    (price,) = price_sheet(sheet, TABLES).prices
    written = replace(sheet, acts=(replace(sheet.acts[0], price=price),))
    amounts, withheld = recompute(written, TABLES)
    assert tuple(map(price_of, amounts)) == (price,)
    assert withheld == 200
    assert recompute(written, TABLES, History(participation_year=5000))[1] == 0


def test_what_was_ticked_for_an_act_is_kept() -> None:
    first = Act("G", Decimal(1), 3000, DAY, price=Price(3000, 3000, 100, 3000, exoneration="4"))
    other = Act("MEG", Decimal(1), 500, DAY)
    made = price_sheet(replace(care_sheet(1), acts=(first, other)), TABLES)
    assert [one.exoneration for one in made.prices] == ["4", "0"]


def test_unknown_acts_are_named_once() -> None:
    nope = Act("NOPE", Decimal(1), 100, DAY)
    sheet = replace(care_sheet(1), acts=(nope, *care_sheet(1).acts, nope))
    assert unknown_acts(sheet, TABLES) == ("NOPE",)
    assert unknown_acts(care_sheet(1), TABLES) == ()
    with pytest.raises(UnknownAct):
        price_sheet(sheet, TABLES)


@pytest.mark.parametrize(
    ("birth", "age"),
    [("20200301", 6), ("20200303", 5), ("", None), ("20301301", None), ("2020", None), ("19801301", 45)],
)
def test_the_age_on_the_day_of_care(birth: str, age: int | None) -> None:
    assert date(2026, 3, 2) == DAY
    assert facts_of(with_rights(care_sheet(1), birth_date=birth), TABLES).age == age
