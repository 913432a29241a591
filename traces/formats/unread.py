"""What a reader of a trace did not understand: how much it was, where, and why."""

from typing import Final

_MOST_PLACES: Final = 10
_MOST_REASONS: Final = 3


class Unread:
    """Counts the lines (or packets) of a recognised trace that were not understood; the first of them are named.

    Keeps ten places and three reasons, however many there are.
    """

    __slots__ = ("_places", "_reasons", "_unit", "count", "remarks")

    def __init__(self, unit: str = "line") -> None:
        self._unit = unit
        self.count = 0
        self._places: list[int] = []
        self._reasons: dict[str, int] = {}
        self.remarks: list[str] = []
        """What else is to be known of how the trace was read."""

    def add(self, number: int, why: str) -> None:
        """Line (or packet) *number* was not understood."""
        if self._places and number == self._places[-1]:
            return
        self.count += 1
        if len(self._places) < _MOST_PLACES:
            self._places.append(number)
        if len(self._reasons) < _MOST_REASONS:
            self._reasons.setdefault(why, number)

    @property
    def first(self) -> int:
        """The first place, 1 when there is none."""
        return self._places[0] if self._places else 1

    @property
    def reason(self) -> str:
        """Why the first one was not understood; empty when there is none."""
        return next(iter(self._reasons), "")

    def notices(self) -> list[str]:
        """In words; empty when everything was understood."""
        lines = list(self.remarks)
        if self.count:
            where = ", ".join(map(str, self._places))
            more = f" and {self.count - len(self._places)} more" if self.count > len(self._places) else ""
            was = f"{self._unit} was" if self.count == 1 else f"{self._unit}s were"
            lines.append(f"{self.count} {was} not understood: {where}{more}")
            lines += [f"{self._unit} {number}: {why}" for why, number in self._reasons.items()]
        return lines
