"""Finds the exchanges of a trace that a command could have made; masked bytes of a recorded command match any.

Recorded commands that cannot be told apart are one *place*. Finding the places of a command is a matter of a few
look-ups, one for each way in which commands of its length and instruction are masked, however long the trace is.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bifente.traces.maskedbytes import MaskedBytes

Places = tuple[int, ...]
"""The places of one command, the unmasked one first."""

_Shape = tuple[tuple[int, int], ...]
"""The half-open ranges that are *not* hidden."""

_HEAD: Final = 2
"""CLA and INS: commands that show them are looked for among their like."""


class CommandIndex:
    """The commands of a trace, numbered from 0, by what they show.

    ``lookups`` counts the look-ups made so far: what a search costs.
    """

    def __init__(self, commands: Iterable[MaskedBytes]) -> None:
        self.numbers: list[list[int]] = []
        """For each place the numbers of its exchanges, in order."""
        self.place: list[int] = []
        """For each exchange its place."""
        self.lookups = 0
        self._plain: dict[bytes, int] = {}
        self._shapes: dict[tuple[int, bytes], dict[_Shape, dict[bytes, int]]] = {}
        for number, command in enumerate(commands):
            place = self._place_of(command)
            if place == len(self.numbers):
                self.numbers.append([])
            self.numbers[place].append(number)
            self.place.append(place)

    def _place_of(self, command: MaskedBytes) -> int:
        following = len(self.numbers)
        if not command.hidden:
            return self._plain.setdefault(command.shown, following)
        shape = tuple(_visible(command))
        shows_head = bool(shape) and shape[0][0] == 0 and shape[0][1] >= _HEAD
        like = (len(command), command.shown[:_HEAD] if shows_head else b"")
        shown = self._shapes.setdefault(like, {}).setdefault(shape, {})
        return shown.setdefault(_cut(command.shown, shape), following)

    def places(self, command: bytes) -> Places:
        """The places of *command*; failing that, those of the same command with Le = 00 or without Le."""
        found = self._exactly(command)
        if found:
            return found
        for variant in with_and_without_le(command):
            found = self._exactly(variant)
        return found

    def _exactly(self, command: bytes) -> Places:
        self.lookups += 1
        plain = self._plain.get(command)
        found = () if plain is None else (plain,)
        if not self._shapes:
            return found
        size = len(command)
        for like in ((size, command[:_HEAD]), (size, b"")):
            self.lookups += 1
            for shape, shown in self._shapes.get(like, {}).items():
                self.lookups += 1
                place = shown.get(_cut(command, shape))
                if place is not None:
                    found = (*found, place)
        return found

    def next_of(self, places: Places, at: int) -> int | None:
        """The first exchange of these places from number *at* on."""
        best: int | None = None
        for place in places:
            self.lookups += 1
            numbers = self.numbers[place]
            here = bisect_left(numbers, at)
            if here < len(numbers) and (best is None or numbers[here] < best):
                best = numbers[here]
        return best


def with_and_without_le(command: bytes) -> Iterator[bytes]:
    """The same command with Le = 00, when it has no Le, or without, when it has that one."""
    size = len(command)
    body = 5 + command[4] if size > 5 else 4
    if size == body:
        yield command + b"\0"
    elif size == body + 1 and command[-1] == 0:
        yield command[:-1]


def _visible(command: MaskedBytes) -> Iterator[tuple[int, int]]:
    at = 0
    for start, stop in command.hidden:
        if at < start:
            yield at, start
        at = stop
    if at < len(command):
        yield at, len(command)


def _cut(command: bytes, shape: Sequence[tuple[int, int]]) -> bytes:
    """What *shape* leaves of a command: of one length and shape, the same bytes mean the same command."""
    if len(shape) == 1:
        start, stop = shape[0]
        return command[start:stop]
    return b"".join(command[start:stop] for start, stop in shape)
