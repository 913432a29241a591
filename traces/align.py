"""Finds where two sequences agree again, in time that grows with what is passed over and no faster.

Both are looked into step by step from where they differ. The first places that are alike are weighed by how long the
two then go on together; how much farther it is worth to look is bounded by what has been agreed on before.
"""

from collections import deque
from collections.abc import Hashable, Iterator
from typing import Final, Generic, Protocol, TypeVar

WINDOW: Final = 256
"""So far ahead the two are looked at."""

_TOGETHER: Final = 3
"""So many alike in a row are no accident."""
_PLACES: Final = 2
"""Of one key so many places are tried, the nearest."""
_AT_LEAST: Final = 2
"""Behind the first places that are alike so many more are tried in any case."""


class Keyed(Protocol):
    """What can be aligned."""

    @property
    def key(self) -> Hashable:
        """The same for whatever is alike."""


_Item = TypeVar("_Item", bound=Keyed)


class Ahead(Generic[_Item]):
    """An iterator that can be looked into."""

    __slots__ = ("_seen", "_source")

    def __init__(self, source: Iterator[_Item]) -> None:
        self._source = source
        self._seen: deque[_Item] = deque()

    def at(self, place: int) -> _Item | None:
        """The item so far ahead, which stays; None behind the end."""
        seen = self._seen
        if place < len(seen):
            return seen[place]
        while len(seen) <= place:
            following = next(self._source, None)
            if following is None:
                return None
            seen.append(following)
        return seen[place]

    def count(self, most: int) -> int:
        """How many items lie ahead, *most* at most."""
        self.at(most - 1)
        return min(len(self._seen), most)

    def take(self) -> _Item:
        """The next item, which has been looked at."""
        return self._seen.popleft()


class Aligner(Generic[_Item]):
    """Aligns two sequences, from one disagreement to the next. ``looked`` counts the look-ups and comparisons made."""

    def __init__(self, left: Ahead[_Item], right: Ahead[_Item]) -> None:
        self._sides = (left, right)
        self._credit = WINDOW
        self.looked = 0

    def agreed(self) -> None:
        """The two have one more item in common: worth one look more, should they disagree."""
        if self._credit < WINDOW:
            self._credit += 1

    def apart(self) -> tuple[int, int]:
        """How many items of each have no partner; the next of each are not alike."""
        left, right = self._sides
        seen_left: dict[Hashable, list[int]] = {}
        seen_right: dict[Hashable, list[int]] = {}
        best, at, there = 0, 0, 0
        step, limit, free = 0, WINDOW, 0
        while step < limit and best < _TOGETHER:
            one, other = left.at(step), right.at(step)
            if one is None and other is None:
                break
            self.looked += 2
            if one is not None:
                _note(seen_left, one.key, step)
            if other is not None:
                _note(seen_right, other.key, step)
            for mine, its in _meetings(one, other, step, seen_left, seen_right):
                together = self._together(mine, its)
                if not best:
                    free = min(WINDOW, 2 * step + _AT_LEAST)
                    limit = min(WINDOW, free + self._credit)
                if together > best or (together == best and mine + its < at + there):
                    best, at, there = together, mine, its
            step += 1
        if not best:
            return left.count(WINDOW), right.count(WINDOW)
        self._credit -= min(max(step - free, 0), self._credit)
        return at, there

    def _together(self, at: int, there: int) -> int:
        """For how many items the two go on alike; as many as are wanted where both end together."""
        left, right = self._sides
        for count in range(1, _TOGETHER):
            self.looked += 1
            one, other = left.at(at + count), right.at(there + count)
            if one is None or other is None:
                return _TOGETHER if one is other else count
            if one.key != other.key:
                return count
        return _TOGETHER


def _note(seen: dict[Hashable, list[int]], key: Hashable, step: int) -> None:
    places = seen.get(key)
    if places is None:
        seen[key] = [step]
    elif len(places) < _PLACES:
        places.append(step)


def _meetings(
    one: Keyed | None,
    other: Keyed | None,
    step: int,
    seen_left: dict[Hashable, list[int]],
    seen_right: dict[Hashable, list[int]],
) -> list[tuple[int, int]]:
    """Where the items at *step* meet one that was seen on the other side."""
    found = [] if one is None else [(step, place) for place in seen_right.get(one.key, ())]
    if other is not None:
        found += [(place, step) for place in seen_left.get(other.key, ()) if place != step]
    return found
