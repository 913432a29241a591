"""The rules one by one, with the source of each: FIDES VF where no other is named."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from bifente.fse.tariff.bases import ccam_base, majoration, ngap_base
from bifente.fse.tariff.complements import automatic_complement, is_holiday
from bifente.fse.tariff.errors import TariffError, UnknownAct
from bifente.fse.tariff.facts import Amounts, Given, Line, SheetFacts, Situation
from bifente.fse.tariff.liquidation import History, deductions
from bifente.fse.tariff.money import cents, euros, half_up
from bifente.fse.tariff.pricing import explain, notes, price
from bifente.fse.tariff.shares import placed
from bifente.fse.tariff.tables import Tables

TABLES = Tables.shipped()
DAY = date(2026, 1, 5)


def act(base: int, **more: object) -> Line:
    return Line("", DAY, given=Given(base=base, technical=True, **{"exempting": "1", **more}))  # type: ignore[arg-type]


def priced(*lines: Line, **facts: object) -> tuple[Amounts, ...]:
    return price(SheetFacts(lines, **{"speciality": 1, **facts}), TABLES)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("over", "under", "rounded"), [(5, 10, 1), (4, 10, 0), (15, 10, 2), (16125, 10, 1613)]
)
def test_a_half_goes_up(over: int, under: int, rounded: int) -> None:
    assert half_up(over, under) == rounded


def test_published_roundings() -> None:
    """corrections 22."""
    for unit, coefficient, base in (
        (215, "7.5", 1613),
        (221, "7.5", 1658),
        (221, "8.4", 1856),
        (221, "8.5", 1879),
    ):
        assert ngap_base(unit, Decimal(coefficient)) == base


def test_modifiers_add_and_the_association_multiplies() -> None:
    """p.255: 100.30 × 1.255 × 0.955 = 120.21; 1.3 and 1.5 make 1.8."""
    made = ccam_base(10030, [Decimal("1.255")], [2050], Decimal("0.955"))
    assert (made.m1, made.m2, made.base) == (12021, 2050, 14071)
    assert ccam_base(10000, [Decimal("1.3"), Decimal("1.5")]).m1 == 18000
    assert ccam_base(10000, extra=500, transition=Decimal("1.1")).base == 11550


@pytest.mark.parametrize(
    ("coefficient", "letter", "forfait", "amount"),
    [("20", "N", 2515, 2515), ("200", "F", 1906, 1906), ("200", "N", 2515, 3000), ("140", "N", 2515, 2800)],
)
def test_majorations_of_the_percentage_type(coefficient: str, letter: str, forfait: int, amount: int) -> None:
    """RG_VF642 with a unit price of 2.00."""
    day = TABLES.on(DAY)
    made = majoration(200, Decimal(coefficient), letter, forfait, percentage=True, day=day)
    assert made.amount == amount
    assert majoration(200, Decimal(coefficient), letter, forfait, percentage=False, day=day).amount == forfait


@pytest.mark.parametrize(
    ("facts", "rate", "exoneration", "amo"),
    [
        ({}, 70, "0", 2100),
        ({"nature": "30"}, 100, "0", 3000),
        ({"nature": "41"}, 100, "0", 3000),
        ({"nature": "90"}, 100, "0", 3000),
        ({"regime": "07"}, 100, "6", 3000),
        ({"regime": "07", "exoneration": "4"}, 100, "4", 3000),
        ({"exoneration": "4"}, 100, "4", 3000),
        ({"exoneration": "3"}, 100, "3", 3000),
        ({"exoneration": "5"}, 100, "5", 3000),
        ({"situations": frozenset({Situation.DETAINEE})}, 100, "5", 3000),
        ({"situations": frozenset({Situation.RENTE_AT})}, 100, "5", 3000),
        ({"situations": frozenset({Situation.RLAM})}, 90, "0", 2700),
        ({"situations": frozenset({Situation.ASPA})}, 80, "9", 2400),
        ({"situations": frozenset({Situation.AME})}, 0, "0", 0),
        ({"regime": "04", "contract": "23"}, 75, "0", 2250),
        ({"regime": "04", "contract": "21"}, 100, "5", 3000),
        ({"regime": "04"}, 70, "0", 2100),
    ],
)
def test_rate_and_exoneration_by_situation(
    facts: dict[str, object], rate: int, exoneration: str, amo: int
) -> None:
    """RG_VF650 to 675."""
    (one,) = priced(Line("G", DAY), **facts)
    assert (one.rate, one.exoneration, one.amo) == (rate, exoneration, amo)


def test_auxiliaries_are_paid_at_sixty_percent() -> None:
    one, travel = priced(Line("AMI", DAY, Decimal("1.5")), Line("IFI", DAY), speciality=24, regime="01")
    assert (one.base, one.rate, one.amo) == (473, 60, 284)
    assert (travel.base, travel.amo) == (275, 165)


def test_the_flat_charge_stands_on_the_costliest_act_of_a_day() -> None:
    """RG_VF680 and 682, corrections 21."""
    small, large = priced(act(8000), act(9000))
    assert (small.rate, small.flat, small.amo) == (100, 0, 8000)
    assert (large.flat, large.amo, large.participation) == (2400, 6600, "A")
    alone = priced(act(8000, exempting="2"), act(6000, exempting="2"))
    assert [one.rate for one in alone] == [70, 70]


@pytest.mark.parametrize(
    ("lines", "facts"),
    [
        ((act(15000, grouping="ADI"),), {}),
        ((Line("", DAY, activity="4", given=Given(base=15000, technical=True, exempting="1")),), {}),
        ((act(15000), act(1000, category="AD")), {}),
        ((act(15000),), {"situations": frozenset({Situation.ASPA})}),
        ((act(15000),), {"situations": frozenset({Situation.DETAINEE})}),
        ((act(15000),), {"exoneration": "4"}),
        ((act(15000),), {"nature": "30"}),
    ],
)
def test_where_there_is_no_flat_charge(lines: tuple[Line, ...], facts: dict[str, object]) -> None:
    assert [one.flat for one in priced(*lines, **facts)] == [0] * len(lines)
    assert priced(*lines, **facts)[0].amo == 15000


def test_who_bears_the_flat_charge() -> None:
    (one,) = priced(act(15000), situations=frozenset({Situation.C2S}))
    assert (one.amo, one.amc, one.participation) == (12600, 2400, "A")
    (one,) = priced(act(15000), situations=frozenset({Situation.RLAM}))
    assert (one.amo, one.amc, one.participation) == (15000, 0, "L")
    before = Line("", date(2018, 5, 1), given=Given(base=15000, technical=True, exempting="1"))
    assert priced(before)[0].flat == 1800


def test_the_threshold_sees_percentages_and_no_flat_amounts() -> None:
    flat = Line("", DAY, given=Given(unit=11500, flats=(2300,), technical=True, exempting="2"))
    share = Line(
        "", DAY, given=Given(unit=11500, coefficients=(Decimal("1.1"),), technical=True, exempting="2")
    )
    assert [one.rate for one in priced(flat)] == [70]
    assert [one.rate for one in priced(share)] == [100]


@pytest.mark.parametrize(
    ("facts", "reduction"),
    [
        ({"pathway": "S"}, 1060),
        ({"pathway": "P"}, 1060),
        ({"pathway": "T"}, 0),
        ({"pathway": "U"}, 0),
        ({"pathway": "S", "age": 15}, 0),
        ({"pathway": "S", "age": 16}, 1060),
        ({"pathway": "S", "nature": "41"}, 0),
        ({"pathway": "S", "exoneration": "4"}, 0),
        ({"pathway": "S", "regime": "07"}, 0),
    ],
)
def test_outside_the_parcours(facts: dict[str, object], reduction: int) -> None:
    """RG_VF671 and corrections 19, 20."""
    assert priced(Line("G", DAY), **facts)[0].reduction == reduction


def test_auxiliaries_know_no_parcours() -> None:
    assert priced(Line("AMI", DAY, Decimal(2)), speciality=24, pathway="S")[0].reduction == 0


def test_the_switch_of_the_reading_is_told() -> None:
    facts = SheetFacts((Line("G", DAY),), speciality=1, pathway="S")
    for reading, amo in (("capped", 1040), ("uncapped", 900)):
        (one,), steps = explain(facts, TABLES.with_parameter("pathway.reading", reading))
        assert one.amo == amo
        told = next(step for step in steps if step.what == "reduction")
        assert told.doubtful
        assert "[?]" in str(told)
        assert "pathway.reading" in str(told)


def test_a_technical_act_beside_a_consultation_is_halved() -> None:
    """RG_VF620 CP02, but for the ECG and the frottis that the table pays whole."""
    _, lesion, ecg = priced(
        Line("G", DAY), Line("QZFA036", DAY, technical=True), Line("DEQP003", DAY, technical=True)
    )
    assert (lesion.base, ecg.base) == (1440, 1452)
    assert priced(Line("QZFA036", DAY, technical=True))[0].base == 2880
    assert priced(Line("G", DAY), Line("QZFA036", DAY, technical=True, association="1"))[1].base == 2880


@pytest.mark.parametrize(
    ("association", "base"), [("1", 2880), ("2", 1440), ("3", 2160), ("4", 2880), ("5", 2880)]
)
def test_association_codes(association: str, base: int) -> None:
    assert priced(Line("QZFA036", DAY, technical=True, association=association))[0].base == base


def test_modifiers_of_the_table() -> None:
    assert priced(Line("DEQP003", DAY, technical=True, modifiers=("F",)))[0].base == 1452 + 1906
    with pytest.raises(TariffError, match="modifier J"):
        priced(Line("DEQP003", DAY, technical=True, modifiers=("J",)))
    with pytest.raises(TariffError, match="no modifier '#'"):
        priced(Line("DEQP003", DAY, technical=True, modifiers=("#",)))


def test_the_same_act_on_two_days_has_two_prices() -> None:
    before = Line("DEQP003", date(2024, 6, 1), technical=True)
    assert [one.base for one in priced(before, Line("DEQP003", DAY, technical=True))] == [1426, 1452]


def test_an_unknown_act_says_what_helps() -> None:
    with pytest.raises(UnknownAct) as refused:
        priced(Line("ABCD123", DAY, technical=True))
    assert "import-ccam" in refused.value.hint
    with pytest.raises(UnknownAct, match="activity 4"):
        priced(Line("DEQP003", DAY, technical=True, activity="4"))


@pytest.mark.parametrize(
    ("lines", "facts", "acts", "invoice"),
    [
        (("4", "4"), {"regime": "07"}, ("0", "0"), "4"),
        (("4", "6"), {"regime": "07"}, ("4", "0"), "6"),
        (("6", "6"), {"regime": "07"}, ("0", "0"), "6"),
        (("C", "C"), {"situations": frozenset({Situation.ASPA})}, ("C", "C"), "9"),
        (("1", "9"), {"situations": frozenset({Situation.ASPA})}, ("1", "0"), "9"),
        (("4", "4"), {}, ("0", "0"), "4"),
        (("4", "0"), {}, ("4", "0"), "0"),
    ],
)
def test_where_exonerations_stand(
    lines: tuple[str, ...], facts: dict[str, object], acts: tuple[str, ...], invoice: str
) -> None:
    """FIDES TF p.346, 354 and 355."""
    assert placed(lines, SheetFacts((), **facts)) == (acts, invoice)  # type: ignore[arg-type]


def kept(facts: SheetFacts, history: History | None = None) -> list[tuple[str, int]]:
    taken = deductions(facts, price(facts, TABLES), TABLES, history)
    return [(one.code, one.amount) for one in taken]


def test_participation_and_franchises() -> None:
    """fse.md §5.1 (9)."""
    gp = SheetFacts((Line("G", DAY), Line("MEG", DAY)), speciality=1, age=40)
    assert kept(gp) == [("PF", 200)]
    assert kept(SheetFacts((Line("G", date(2024, 5, 14)),), speciality=1)) == [("PF", 100)]
    assert kept(gp, History(participation_year=4900)) == [("PF", 100)]
    assert kept(gp, History(participation_year=5000)) == [("PF", 0)]
    assert kept(gp, History(participation_day=700)) == [("PF", 100)]
    nurse = SheetFacts(
        (Line("AMI", DAY, Decimal(4), quantity=2), Line("AMI", DAY, Decimal(4)), Line("IFI", DAY)),
        speciality=24,
    )
    assert kept(nurse) == [("FR", 200), ("FR", 100)]
    assert kept(nurse, History(franchise_day=200)) == [("FR", 200), ("FR", 0)]
    assert kept(nurse, History(franchise_year=4850)) == [("FR", 150), ("FR", 0)]
    assert kept(SheetFacts((Line("C", DAY),), speciality=21)) == []


@pytest.mark.parametrize(
    "facts",
    [
        {"age": 17},
        {"situations": frozenset({Situation.C2S})},
        {"situations": frozenset({Situation.AME})},
        {"nature": "30"},
    ],
)
def test_who_pays_no_participation(facts: dict[str, object]) -> None:
    assert kept(SheetFacts((Line("G", DAY),), speciality=1, **facts)) == [("PF", 0)]  # type: ignore[arg-type]


def test_ald_is_not_exempt() -> None:
    assert kept(SheetFacts((Line("G", DAY),), speciality=1, exoneration="4")) == [("PF", 200)]


@pytest.mark.parametrize(
    ("when", "code", "department", "complement"),
    [
        ("2026-06-02T21:15", "CNP", "", "N"),
        ("2026-06-02T18:15", "CNP", "", ""),
        ("2026-06-02T19:59", "CNP", "", ""),
        ("2026-06-02T20:00", "CNP", "", "N"),
        ("2026-06-02T07:59", "CNP", "", "N"),
        ("2026-06-02T08:00", "CNP", "", ""),
        ("2026-08-15T18:00", "CNP", "", "F"),
        ("2026-06-07T18:00", "CNP", "", "F"),
        ("2026-06-07T21:00", "CNP", "", "N"),
        ("2026-06-07T21:00", "MCS", "", ""),
        ("2026-04-03T10:00", "CNP", "", ""),
        ("2026-04-03T10:00", "CNP", "67", "F"),
        ("2026-12-26T10:00", "CNP", "57", "F"),
        ("2026-12-26T10:00", "CNP", "75", ""),
    ],
)
def test_complements_by_the_hour_and_the_day(when: str, code: str, department: str, complement: str) -> None:
    moment = datetime.fromisoformat(when)
    day = TABLES.on(moment.date())
    assert automatic_complement(code, moment, day, speciality=33, department=department) == complement


def test_a_day_of_its_own_in_guadeloupe() -> None:
    """Abolition of slavery: 27 May there."""
    assert is_holiday(date(2026, 5, 27), "971")
    assert not is_holiday(date(2026, 5, 27))


def test_amounts_in_texts() -> None:
    assert (cents("26.50"), cents("3"), euros(805), euros(-5)) == (2650, 300, "8.05", "-0.05")
    for bad in ("1.005", "-1", "x", "1e9", "1000000000", "", "0" * 40):
        with pytest.raises(TariffError):
            cents(bad)


def test_medicines_are_paid_by_their_nature() -> None:
    for nature, rate, amo in (("PH7", 65, 281), ("PH4", 30, 130), ("PH2", 15, 65), ("PH1", 100, 432)):
        (one,) = priced(Line(nature, DAY, quantity=2, charged=432), speciality=50)
        assert (one.base, one.rate, one.amo) == (432, rate, amo)
    (one,) = priced(Line("PHN", DAY, charged=590), speciality=50)
    assert (one.base, one.amo, one.qualifier, one.rest) == (0, 0, "N", 590)
    with pytest.raises(TariffError, match="charged at their prices"):
        priced(Line("PH7", DAY), speciality=50)
    box = SheetFacts((Line("PH7", DAY, quantity=2, charged=432),), speciality=50)
    assert kept(box) == [("FR", 200)]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((Line("MEG", DAY),), "MEG of 2026-01-05 follows C, CS, G"),
        ((Line("MEG", DAY), Line("G", date(2026, 1, 4))), "none of them is billed that day"),
        ((Line("MEG", DAY), Line("G", DAY)), ""),
        ((Line("FDC", DAY), Line("HBLD038", DAY, technical=True)), ""),
        ((Line("AMS", DAY, Decimal("7.5")),), "AMS 7.5 has become AMS 8.1"),
        ((Line("AMS", date(2025, 12, 31), Decimal("7.5")),), ""),
        ((Line("AMS", DAY, Decimal("8.1")),), ""),
        (
            (Line("QZFA036", DAY, technical=True), Line("QZQP001", DAY, technical=True)),
            "without a code association",
        ),
        (
            (
                Line("QZFA036", DAY, technical=True, association="1"),
                Line("QZQP001", DAY, technical=True, association="2"),
            ),
            "",
        ),
    ],
)
def test_what_somebody_should_look_at(lines: tuple[Line, ...], said: str) -> None:
    """RG_VF626, and the coefficients of corrections 23."""
    found = notes(SheetFacts(lines), TABLES)
    assert len(found) == bool(said)
    assert said in "".join(found)


def test_no_depassement_with_the_c2s() -> None:
    dear = SheetFacts((Line("G", DAY, charged=4500),), 1, situations=frozenset({Situation.C2S}))
    assert "dépassement" in "".join(notes(dear, TABLES))
