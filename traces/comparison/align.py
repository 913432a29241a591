"""Finds where two sequences agree again, in time that grows with what is passed over and no faster.

Both are looked into step by step from where they differ. The first places that are alike are weighed by how long the
two then go on together; how much farther it is worth to look is bounded by what has been agreed on before.
"""

from collections import deque
from collections.abc import Hashable, Iterator
from itertools import islice
from typing import Final, Generic, Protocol, TypeVar

WINDOW: Final = 256
"""So far ahead the two are looked at."""

_TOGETHER: Final = 3
"""This many alike in a row are not an accident."""
_PLACES: Final = 2
"""How many places of one key are tried, the nearest first."""
_AT_LEAST: Final = 2
"""How many more are tried in any case after the first places that are alike."""


class Keyed(Protocol):
    """What can be aligned."""

    @property
    def known_key(self) -> Hashable:
        """The key once it was asked for, None before: whoever looks at many places reads it without a call."""

    @property
    def key(self) -> Hashable:
        """The same for whatever is alike; never false."""


_Item = TypeVar("_Item", bound=Keyed)


class Ahead(Generic[_Item]):
    """An iterator that can be looked into. ``seen`` are the items that were looked at and not taken."""

    __slots__ = ("_source", "seen")

    def __init__(self, source: Iterator[_Item]) -> None:
        self._source = source
        self.seen: deque[_Item] = deque()

    def at(self, place: int) -> _Item | None:
        """The item so far ahead, which stays; None behind the end."""
        seen = self.seen
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
        return min(len(self.seen), most)

    def take(self) -> _Item | None:
        """The next item, None at the end."""
        return self.seen.popleft() if self.seen else next(self._source, None)

    def back(self, item: _Item | None) -> None:
        """The item that was taken last is the next one again."""
        if item is not None:
            self.seen.appendleft(item)


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
        ours, theirs = _Keys(left), _Keys(right)
        mine, its = ours.keys, theirs.keys
        seen_left: dict[Hashable, list[int]] = {}
        seen_right: dict[Hashable, list[int]] = {}
        best, at, there = 0, 0, 0
        step, limit, free = 0, WINDOW, 0
        while step < limit and best < _TOGETHER:
            if step + _TOGETHER > len(mine):
                ours.extend()
                theirs.extend()
            our_key, their_key = mine[step], its[step]
            if our_key is _END and their_key is _END:
                break
            _note(seen_left, our_key, step)
            _note(seen_right, their_key, step)
            places = seen_right.get(our_key, _NOWHERE)
            first_here = len(places)
            for place in places + seen_left.get(their_key, _NOWHERE):
                one, other = (step, place) if first_here > 0 else (place, step)
                first_here -= 1
                if first_here < 0 and place == step:
                    continue
                if mine[one + 1] != its[other + 1]:
                    together = 1
                    self.looked += 1
                else:
                    together = 2 if mine[one + 2] != its[other + 2] else _TOGETHER
                    self.looked += 2
                if not best:
                    free = min(WINDOW, 2 * step + _AT_LEAST)
                    limit = min(WINDOW, free + self._credit)
                if together > best or (together == best and one + other < at + there):
                    best, at, there = together, one, other
            step += 1
        self.looked += 2 * step
        if not best:
            return left.count(WINDOW), right.count(WINDOW)
        self._credit -= min(max(step - free, 0), self._credit)
        return at, there


_END: Final = object()
"""Stands for the key of what lies behind the end: the ends of both are alike."""
_CHUNK: Final = 8
_NOWHERE: Final[list[int]] = []


class _Keys(Generic[_Item]):
    """The keys of what lies ahead, read in portions."""

    __slots__ = ("_ahead", "keys")

    def __init__(self, ahead: Ahead[_Item]) -> None:
        self._ahead = ahead
        self.keys: list[Hashable] = []

    def extend(self) -> None:
        """Read some more; behind the end stands :data:`_END`."""
        first, last = len(self.keys), len(self.keys) + _CHUNK
        self._ahead.at(last - 1)
        found = [item.known_key or item.key for item in islice(self._ahead.seen, first, last)]
        self.keys += found
        self.keys += [_END] * (_CHUNK - len(found))


def _note(seen: dict[Hashable, list[int]], key: Hashable, step: int) -> None:
    places = seen.get(key)
    if places is None:
        seen[key] = [step]
    elif len(places) < _PLACES:
        places.append(step)
