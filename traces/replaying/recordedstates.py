"""The state in which each exchange of a trace was recorded, and the one in which the replayed card is now.

States are numbered. What an exchange made of the state in which it was recorded is known from the recording; what it
makes of another one is worked out once and remembered. Which exchanges fit a command in a state is looked up.
"""

from collections.abc import Iterable, Sequence
from heapq import merge
from typing import Final

from bifente.traces.explanation.cardstate import CardState
from bifente.traces.explanation.dialogue import Follower
from bifente.traces.model import EventKind, Exchange, Item, ReaderEvent
from bifente.traces.replaying.recall import CommandIndex, Places

_Key = tuple[object, ...]
_MOST_REMEMBERED: Final = 1 << 16


class RecordedStates:
    """Finds an exchange in the present state; the card of *items* has just answered *atr*."""

    def __init__(
        self, items: Iterable[Item], exchanges: Sequence[Exchange], atr: bytes, index: CommandIndex
    ) -> None:
        self._exchanges = exchanges
        self._index = index
        self._slot = exchanges[0].slot
        self._numbers: dict[_Key, int] = {}
        self._states: list[CardState] = []
        self._file_numbers: dict[_Key, int] = {}
        self._files: list[int] = []
        self._recorded: list[int] = []
        self._left: list[int] = []
        self._note(items, atr)
        self._by_state: dict[tuple[int, int], list[int]] = {}
        self._by_file: dict[tuple[int, int], list[int]] = {}
        for number, (place, state) in enumerate(zip(index.place, self._recorded, strict=True)):
            self._by_state.setdefault((place, state), []).append(number)
            self._by_file.setdefault((place, self._files[state]), []).append(number)
        self._after: dict[tuple[int, int], int] = {}
        self._together: dict[tuple[bool, Places, int], list[int]] = {}
        self._turn: dict[tuple[Places, int], int] = {}
        self._now = 0
        self.lookups = 0
        """How many exchanges and lists of them were looked at."""
        self.reset(atr)

    def _note(self, items: Iterable[Item], atr: bytes) -> None:
        """Follow the recording: the state before each exchange, and the one behind it."""
        follower = Follower()
        follower.follow(ReaderEvent(EventKind.COLD_RESET, 0, self._slot, atr))
        now = self._number(follower.state(self._slot))
        for item in items:
            changed = follower.follow(item)
            after = self._number(follower.state(self._slot)) if changed else now
            if isinstance(item, Exchange):
                self._recorded.append(now)
                self._left.append(after)
            now = after

    def _number(self, state: CardState) -> int:
        whole, file = _keys(state)
        number = self._numbers.setdefault(whole, len(self._states))
        if number == len(self._states):
            self._states.append(state.copy())
            self._files.append(self._file_numbers.setdefault(file, len(self._file_numbers)))
        return number

    def reset(self, atr: bytes) -> None:
        """The card was reset; what has been used may be used again."""
        self._turn.clear()
        self._now = self._number(CardState.after_reset(atr))

    def learn(self, number: int) -> None:
        """The card has answered as in exchange *number*."""
        self.lookups += 1
        if self._now == self._recorded[number]:
            self._now = self._left[number]
            return
        exchange = self._exchanges[number]
        # Exchanges of one place with one status word change a state in the same way.
        step = (
            self._now,
            self._index.place[number] << 16 | int.from_bytes(exchange.response.shown[-2:], "big"),
        )
        after = self._after.get(step)
        if after is None:
            follower = Follower()
            follower.resume(self._states[self._now].copy(), self._slot)
            changed = follower.follow(exchange)
            after = self._number(follower.state(self._slot)) if changed else self._now
            if len(self._after) < _MOST_REMEMBERED:
                self._after[step] = after
        self._now = after

    def find(self, places: Places) -> int:
        """An exchange of these places in the present state; each of several in turn, the last again and again."""
        fitting = self._fitting(places)
        if len(fitting) == 1:
            return fitting[0]
        key = (places, self._now)
        turn = self._turn.get(key, 0)
        self._turn[key] = turn + 1
        return fitting[min(turn, len(fitting) - 1)]

    def _fitting(self, places: Places) -> list[int]:
        """Those of this state, else those of this file, else all."""
        self.lookups += 1
        if len(places) == 1:
            place = places[0]
            return (
                self._by_state.get((place, self._now))
                or self._by_file.get((place, self._files[self._now]))
                or self._index.numbers[place]
            )
        exact = self._merged(self._by_state, places, self._now)
        return exact or self._merged(self._by_file, places, self._files[self._now]) or self._whole(places)

    def _merged(self, listed: dict[tuple[int, int], list[int]], places: Places, at: int) -> list[int]:
        """The exchanges of several places; merged once, for the lists of all states are parts of one."""
        key = (listed is self._by_state, places, at)
        found = self._together.get(key)
        if found is None:
            found = list(merge(*(listed.get((place, at), []) for place in places)))
            self.lookups += len(found)
            self._together[key] = found
        return found

    def _whole(self, places: Places) -> list[int]:
        key = (False, places, -1)
        found = self._together.get(key)
        if found is None:
            found = self._together[key] = list(merge(*(self._index.numbers[place] for place in places)))
            self.lookups += len(found)
        return found


def _keys(state: CardState) -> tuple[_Key, _Key]:
    """The whole state, and the file alone."""
    waiting = None if state.waiting is None else state.waiting.command
    file: _Key = (state.directory_name, state.file_name, waiting, state.chained)
    environment = frozenset((place, frozenset(values.items())) for place, values in state.environment.items())
    return (*file, frozenset(state.verified), state.recognised, environment), file
