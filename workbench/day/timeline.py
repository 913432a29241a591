"""A day in characters: a line for each sheet, a column for each half day."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Final

from bifente.workbench.day.simulation import DayReport, SheetStory

_SIGN: Final = {
    "signed": ".",
    "in lot": ".",
    "sent": ">",
    "no return": "?",
    "resent": "»",
    "ARL-": "-",
    "ANR": "x",
    "ARL+": "+",
    "processing": "~",
    "partly paid": "€",
    "paid": "€",
    "rejected": "!",
    "replaced": " ",
}
SIGNS: Final = (
    (".", "signed"), (">", "sent"), ("?", "no return"), ("»", "resent"), ("-", "ARL−"), ("+", "ARL+"), ("!", "rejected"),
    ("€", "paid"),
)  # fmt: skip
"""What stands for what."""

_LOUD: Final = frozenset({"ARL-", "ANR", "no return", "rejected"})
"""What is seen although it lasts for a moment only."""


def timeline(report: DayReport) -> Iterator[str]:
    """The lines: a head with the days, then the sheets in the order in which they were signed."""
    days = (report.until - report.day).days + 1
    yield " " * 18 + "".join(f"{(report.day + timedelta(days=day)).day:<4}" for day in range(days)).rstrip()
    for story in sorted(report.stories, key=lambda one: (one.states[0][0], one.number)):
        name = f"n° {story.number}" + (f" (was {story.replaces})" if story.replaces is not None else "")
        signs = "".join(_column(story, report, column) for column in range(4 * days))
        yield f"{name:<18}{signs}".rstrip()


def _column(story: SheetStory, report: DayReport, column: int) -> str:
    """The sign of a quarter of a day: what was loud in it, else the state at its end."""
    begins = datetime.combine(report.day, time(), UTC) + timedelta(hours=6 * column)
    ends = begins + timedelta(hours=6)
    sign = " "
    for at, state in story.states:
        if at < ends:
            sign = _SIGN.get(state, "*")
    for at, state in story.states:
        if state in _LOUD and begins <= at < ends:
            sign = _SIGN[state]
    return sign
