"""Dates as cards and sheets write them: AAAAMMJJhhmm or AAAAMMJJ, which need not be in the calendar.

Dates of birth of insured persons may have month 00 or 19, day 00 and the like (lunar dates); periods have empty or zero
ends. Nothing is refused here but what is not a date at all; ask :meth:`LooseDate.calendar` for a real date.
"""

from datetime import date
from functools import total_ordering

from bifente.codes.errors import CodeError
from bifente.slotted import dataclass


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class LooseDate:
    """``text`` as it stands: 12 digits, 8 digits or empty. CodeError for anything else.

    Dates compare by their digits, a date without time as midnight; unset ones (empty, zeros) come first and equal
    one another. So order is total, also among dates that are in no calendar.
    """

    text: str

    def __post_init__(self) -> None:
        text = self.text
        if text and (len(text) not in (8, 12) or not (text.isascii() and text.isdigit())):
            raise CodeError("date", "AAAAMMJJ, AAAAMMJJhhmm or nothing expected")

    @classmethod
    def of(cls, day: date) -> "LooseDate":
        """The eight digits of a day of the calendar."""
        return cls(f"{day.year:04}{day.month:02}{day.day:02}")

    @property
    def unset(self) -> bool:
        """Empty or zeros: there is no date."""
        return not self.text.strip("0")

    @property
    def year(self) -> int:
        """The year, 0 when unset."""
        return int(self.text[:4] or 0)

    @property
    def month(self) -> int:
        """The month as it stands, 0 to 99."""
        return int(self.text[4:6] or 0)

    @property
    def day(self) -> int:
        """The day as it stands, 0 to 99."""
        return int(self.text[6:8] or 0)

    @property
    def time(self) -> str:
        """``hhmm`` as it stands, empty for a date of eight digits."""
        return self.text[8:]

    def calendar(self) -> date | None:
        """The day of the calendar, None when there is none such or the date is unset."""
        try:
            return date(self.year, self.month, self.day)
        except ValueError:
            return None

    def short(self) -> str:
        """The eight digits AAAAMMJJ, empty when there are none."""
        return self.text[:8]

    def show(self) -> str:
        """For a screen: ``31/12/2015``, the digits in the same order when out of the calendar, ``-`` when unset."""
        if self.unset:
            return "-"
        shown = f"{self.text[6:8]}/{self.text[4:6]}/{self.text[:4]}"
        if self.time.strip("0"):
            shown += f" {self.text[8:10]}:{self.text[10:12]}"
        return shown

    def _order(self) -> str:
        return self.text.ljust(12, "0")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LooseDate) and self._order() == other._order()

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, LooseDate):
            return NotImplemented
        return self._order() < other._order()

    def __hash__(self) -> int:
        return hash(self._order())

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Period:
    """From ``begin`` to ``end``, both days included; an unset end is open."""

    begin: LooseDate
    end: LooseDate

    @classmethod
    def parse(cls, begin: str, end: str) -> "Period":
        """The period between two dates as they stand on a card; CodeError."""
        return cls(LooseDate(begin), LooseDate(end))

    def contains(self, day: date | LooseDate) -> bool:
        """Whether *day* (of its time only the date counts) lies in the period. An unset day lies in none."""
        loose = day if isinstance(day, LooseDate) else LooseDate.of(day)
        if loose.unset:
            return False
        wanted = loose.short()
        after = self.begin.unset or self.begin.short() <= wanted
        return after and (self.end.unset or wanted <= self.end.short())

    @property
    def backwards(self) -> bool:
        """Ends before it begins."""
        return not self.begin.unset and not self.end.unset and self.end < self.begin
