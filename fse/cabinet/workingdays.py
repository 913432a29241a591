"""Working days (*jours ouvrés*): Monday to Friday without the holidays, by ``holidays``.

Two of them is the time to retransmit after an ARL− or when no return comes (spec/fse.md §2.1). In the départements of
Alsace-Moselle (57, 67, 68) Good Friday and 26 December are holidays too. How long the surgery waits before it takes
silence for an absence of return is not public: a setting of ours.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

from bifente.fse.cabinet.errors import CabinetError

RETRANSMIT_WITHIN: Final = 2
"""Working days to retransmit."""

RETURN_WITHIN: Final = 2
"""Working days until an awaited return is taken to be absent, unless the settings say otherwise (ours)."""

_SATURDAY: Final = 5
_ALSACE_MOSELLE: Final = {"57": "57", "67": "6AE", "68": "6AE"}
_OVERSEAS: Final = {
    **{name: name for name in ("971", "972", "973", "974", "976")},
    "975": "PM", "977": "BL", "978": "MF", "986": "WF", "987": "PF", "988": "NC",
}  # fmt: skip
"""Département or collectivité → subdivision of ``holidays``; the rest of France is none."""

_ZONES: Final = {
    "971": "America/Guadeloupe", "972": "America/Martinique", "973": "America/Cayenne", "974": "Indian/Reunion",
    "975": "America/Miquelon", "976": "Indian/Mayotte", "977": "America/St_Barthelemy", "978": "America/Marigot",
    "986": "Pacific/Wallis", "987": "Pacific/Tahiti", "988": "Pacific/Noumea",
}  # fmt: skip
"""Where it is another day than in Paris."""


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The calendar of a surgery. *department* as in its postal address (``75``, ``2A``, ``67``, ``974``), or empty."""

    department: str = ""
    return_within: int = RETURN_WITHIN

    def __post_init__(self) -> None:
        known = {f"{number:02}" for number in range(1, 96)} - {"20"} | {"2A", "2B", ""} | _OVERSEAS.keys()
        if self.department not in known:
            raise CabinetError(
                f"département {self.department[:20]!r} is not known",
                hint="two digits, 2A, 2B or three digits overseas",
            )
        if not 0 <= self.return_within <= 30:
            raise CabinetError(f"{self.return_within} working days to wait for a return: 0 to 30")

    def day_of(self, at: datetime) -> date:
        """The day on which *at* falls in the surgery."""
        return self.local(at).date()

    def local(self, at: datetime) -> datetime:
        """The time of the clock on the surgery's wall."""
        return at.astimezone(ZoneInfo(_ZONES.get(self.department, "Europe/Paris")))

    def is_working(self, day: date) -> bool:
        """Neither a weekend nor a holiday."""
        return day.weekday() < _SATURDAY and day not in _holidays(self._subdivision())

    def after(self, day: date, count: int) -> date:
        """The *count*-th working day after *day*; *day* itself for 0."""
        while count:
            day += timedelta(1)
            count -= self.is_working(day)
        return day

    def return_until(self, sent: date) -> date:
        """The last day on which a return for what was sent on *sent* is awaited."""
        return self.after(sent, self.return_within)

    def retransmit_until(self, day: date) -> date:
        """The last day to retransmit, when the ARL− came, or no return was seen, on *day*."""
        return self.after(day, RETRANSMIT_WITHIN)

    def _subdivision(self) -> str:
        return _ALSACE_MOSELLE.get(self.department) or _OVERSEAS.get(self.department, "")


EVERYWHERE: Final = WorkingDays()
"""The holidays that all of France has."""


@cache
def _holidays(subdivision: str) -> Container[date]:
    from holidays import country_holidays

    return country_holidays("FR", subdiv=subdivision or None)
