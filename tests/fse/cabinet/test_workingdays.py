"""Two working days, whatever stands between."""

from datetime import UTC, date, datetime

import pytest

from bifente.fse.cabinet.errors import CabinetError
from bifente.fse.cabinet.workingdays import WorkingDays


@pytest.mark.parametrize(
    ("department", "day", "until"),
    [
        ("75", date(2026, 3, 3), date(2026, 3, 5)),  # Tuesday → Thursday
        ("75", date(2026, 3, 5), date(2026, 3, 9)),  # Thursday → Monday
        ("75", date(2026, 3, 7), date(2026, 3, 10)),  # a Saturday
        ("75", date(2026, 4, 2), date(2026, 4, 7)),  # before Easter: Monday is a holiday
        ("67", date(2026, 4, 2), date(2026, 4, 8)),  # Good Friday besides
        ("57", date(2026, 4, 2), date(2026, 4, 8)),
        ("68", date(2026, 4, 2), date(2026, 4, 8)),
        ("88", date(2026, 4, 2), date(2026, 4, 7)),
        ("75", date(2025, 12, 24), date(2025, 12, 29)),
        ("67", date(2025, 12, 24), date(2025, 12, 30)),  # 26 December, a Friday
        ("75", date(2026, 4, 30), date(2026, 5, 5)),  # 1 May
        ("971", date(2026, 5, 26), date(2026, 5, 29)),  # 27 May: abolition, in Guadeloupe
        ("75", date(2026, 5, 26), date(2026, 5, 28)),
    ],
)
def test_two_working_days(department: str, day: date, until: date) -> None:
    assert WorkingDays(department).retransmit_until(day) == until


def test_how_long_a_return_is_awaited_is_a_setting() -> None:
    thursday = date(2026, 3, 5)
    assert WorkingDays("75", 0).return_until(thursday) == thursday
    assert WorkingDays("75", 1).return_until(thursday) == date(2026, 3, 6)
    assert WorkingDays("75", 5).return_until(thursday) == date(2026, 3, 12)


def test_the_day_is_that_of_the_surgery() -> None:
    at = datetime(2026, 3, 3, 23, 30, tzinfo=UTC)
    assert WorkingDays("75").day_of(at) == date(2026, 3, 4)
    assert WorkingDays("972").day_of(at) == date(2026, 3, 3)


@pytest.mark.parametrize("department", ["20", "96", "7", "1", "2a", "99", "979", "²5"])
def test_an_unknown_department_is_refused(department: str) -> None:
    with pytest.raises(CabinetError, match="is not known"):
        WorkingDays(department)
