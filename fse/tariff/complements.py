"""Which majoration the hour and the day of an act bring: night, or Sunday and *jour férié*.

Night comes before *férié* when both hold (as a public test suite of Mediboard asserts); an act that allows neither gets
none.
"""

from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from bifente.fse.tariff.daytables import DayTables

if TYPE_CHECKING:
    from holidays import HolidayBase

ALSACE_MOSELLE: Final = frozenset({"57", "67", "68"})
"""Départements with two more *jours fériés*: Good Friday and 26 December."""

_SUBDIVISIONS: Final = {"57": "57", "67": "6AE", "68": "6AE"} | {
    one: one for one in ("971", "972", "973", "974", "976")
}
"""Département → the name that the library ``holidays`` has for those with days of their own."""
_SUNDAY: Final = 6

_calendars: "dict[str, HolidayBase]" = {}


def automatic_complement(
    code: str, when: datetime, day: DayTables, *, speciality: int | None = None, department: str = ""
) -> str:
    """N, F or nothing for an act begun at *when*, by local time. Raises UnknownAct."""
    row, _ = day.letter(code, speciality)
    if "N" in row.complements and is_night(when, day):
        return "N"
    if "F" in row.complements and is_holiday(when.date(), department):
        return "F"
    return ""


def is_night(when: datetime, day: DayTables) -> bool:
    """Whether the hour is between the evening and the morning of the tables."""
    if day.night_begins is None or day.night_ends is None:
        return False
    return when.hour >= day.night_begins or when.hour < day.night_ends


def is_holiday(day: date, department: str = "") -> bool:
    """Whether *day* is a Sunday or a *jour férié*, in Alsace-Moselle also a local one."""
    return day.weekday() == _SUNDAY or day in _calendar(department)


def _calendar(department: str) -> "HolidayBase":
    subdivision = _SUBDIVISIONS.get(department, "")
    found = _calendars.get(subdivision)
    if found is None:
        from holidays import country_holidays

        found = _calendars[subdivision] = country_holidays("FR", subdiv=subdivision or None)
    return found
