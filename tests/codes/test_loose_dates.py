"""Dates that need not be in the calendar, and the periods they make."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.codes.dates import LooseDate, Period
from bifente.codes.errors import CodeError

TWELVE = st.text("0123456789", min_size=12, max_size=12)
LOOSE = st.one_of(st.just(""), st.text("0123456789", min_size=8, max_size=8), TWELVE).map(LooseDate)


@pytest.mark.parametrize(
    ("text", "day", "shown"),
    [
        ("201512310000", date(2015, 12, 31), "31/12/2015"),
        ("20151231", date(2015, 12, 31), "31/12/2015"),
        ("201512311405", date(2015, 12, 31), "31/12/2015 14:05"),
        ("194219010000", None, "01/19/1942"),
        ("195000000000", None, "00/00/1950"),
        ("20150230", None, "30/02/2015"),
        ("000000000000", None, "-"),
        ("", None, "-"),
    ],
)
def test_calendar_and_screen(text: str, day: date | None, shown: str) -> None:
    loose = LooseDate(text)
    assert loose.calendar() == day
    assert loose.show() == shown
    assert str(loose) == text


def test_the_parts_stand_as_they_are() -> None:
    loose = LooseDate("194219321405")
    assert (loose.year, loose.month, loose.day, loose.time) == (1942, 19, 32, "1405")
    empty = LooseDate("")
    assert (empty.year, empty.month, empty.day, empty.time, empty.unset) == (0, 0, 0, "", True)


@pytest.mark.parametrize(
    "text", ["2015", "2015123", "2015-12-31", "20151231000", "2015123100000", "ABCDEFGH", "²0151231"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(CodeError, match="date"):
        LooseDate(text)


def test_a_day_of_the_calendar_in_eight_digits() -> None:
    assert LooseDate.of(date(2009, 3, 7)).text == "20090307"
    assert LooseDate.of(date(987, 3, 7)).text == "09870307"


def test_a_date_without_time_equals_midnight() -> None:
    assert LooseDate("20151231") == LooseDate("201512310000")
    assert hash(LooseDate("20151231")) == hash(LooseDate("201512310000"))
    assert LooseDate("") == LooseDate("00000000")
    assert LooseDate("20151231") != LooseDate("201512310001")
    assert LooseDate("20151231") != "20151231"


@given(LOOSE, LOOSE, LOOSE)
def test_the_order_is_total(one: LooseDate, two: LooseDate, three: LooseDate) -> None:
    assert (one < two) + (one == two) + (one > two) == 1
    if one <= two <= three:
        assert one <= three


@given(st.dates(), st.dates())
def test_the_order_is_that_of_the_calendar(one: date, two: date) -> None:
    assert (LooseDate.of(one) < LooseDate.of(two)) == (one < two)
    assert LooseDate.of(one).calendar() == one


def test_a_period_includes_both_its_days() -> None:
    period = Period.parse("200806010000", "200812310000")
    inside = [date(2008, 6, 1), date(2008, 9, 1), date(2008, 12, 31)]
    outside = [date(2008, 5, 31), date(2009, 1, 1)]
    assert all(period.contains(day) for day in inside)
    assert not any(period.contains(day) for day in outside)


@pytest.mark.parametrize("unset", ["", "000000000000", "00000000"])
def test_unset_ends_are_open(unset: str) -> None:
    day = date(2009, 1, 1)
    assert Period.parse(unset, unset).contains(day)
    assert Period.parse("20080101", unset).contains(day)
    assert not Period.parse("20090102", unset).contains(day)
    assert Period.parse(unset, "20090101").contains(day)
    assert not Period.parse(unset, "20081231").contains(day)


def test_days_out_of_the_calendar_lie_in_periods_too() -> None:
    period = Period.parse("194201010000", "194299990000")
    assert period.contains(LooseDate("194219010000"))
    assert not period.contains(LooseDate("000000000000"))


def test_the_time_of_an_end_does_not_cut_its_day() -> None:
    assert Period.parse("200801011200", "200801020800").contains(date(2008, 1, 1))
    assert Period.parse("200801011200", "200801020800").contains(LooseDate("200801022359"))


def test_backwards() -> None:
    assert Period.parse("20090101", "20081231").backwards
    assert not Period.parse("20090101", "20090101").backwards
    assert not Period.parse("20090101", "").backwards
