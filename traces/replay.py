"""A recorded card, to be put into a slot again: it answers what it answered then.

Masked bytes of a recorded command are wildcards of their length; masked bytes of an answer come back as 00. What was
never asked in the trace is answered 6FFF, as cardpeek's replay reader does, and noted as a miss.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bifente.traces.errors import TraceError
from bifente.traces.follow import Follower
from bifente.traces.mask import Masker
from bifente.traces.model import EventKind, Exchange, Item, Level, ReaderEvent, Trace
from bifente.traces.octets import Octets
from bifente.traces.state import CardState

NOT_IN_TRACE: Final = b"\x6f\xff"
NO_ANSWER: Final = b"\x6f\x00"
"""What is said for a command that the card did not answer when it was recorded."""

_RESETS: Final = frozenset({EventKind.INSERTED, EventKind.COLD_RESET, EventKind.WARM_RESET})
_MOST_MISSES: Final = 1000


class Policy(StrEnum):
    """How the exchange that answers a command is looked for."""

    STRICT = "strict"
    """The next one of the trace, or none."""
    SEARCH = "search"
    """The next one with this command; behind the last, from the reset on again (as cardpeek does)."""
    STATEFUL = "stateful"
    """One with this command in the same state: directory, file, PINs, security environment, answer that waits; each
    in turn, the last again and again. Failing that, one in the same file, failing that any."""


@dataclass(frozen=True, slots=True)
class Miss:
    """A command to which the trace has no answer. PINs in it are masked."""

    number: int
    """Which command it was, from 1."""
    command: Octets
    expected: Octets | None
    """What comes next in the trace, None at its end."""


class ReplayCard:
    """A ``Card`` that plays *trace*, of which only the items of *slot* count when there are several slots.

    ``speaks_tpdu`` is true when the trace shows GET RESPONSE and the like: then no T=0 front is needed before it.
    Raises TraceError when the trace has no exchange, or nobody knows the card's ATR.
    """

    def __init__(
        self,
        trace: Trace,
        policy: Policy = Policy.SEARCH,
        *,
        slot: str | None = None,
        atr: bytes | None = None,
    ) -> None:
        items = [item for item in trace.items if slot is None or item.slot == slot]
        if slot is None and len({item.slot for item in items}) > 1:
            slots = ", ".join(sorted({repr(item.slot) for item in items}))
            raise TraceError(f"the trace is of several slots ({slots}): one has to be chosen")
        self.policy = policy
        self._exchanges: list[Exchange] = []
        self._starts: list[int] = []
        self._atrs: list[bytes] = []
        self._split(items)
        if not self._exchanges:
            raise TraceError("the trace has no exchange to replay")
        known = atr or trace.header.atr or next((each for each in self._atrs if each), None)
        if known is None:
            raise TraceError("the trace does not tell the ATR of its card")
        self._atrs = [each or known for each in self._atrs] if atr is None else [atr] * len(self._atrs)
        self.speaks_tpdu = any(
            each.level is Level.TPDU or each.response.shown[-2:-1] in (b"\x61", b"\x6c")
            for each in self._exchanges
        )
        self._session = -1
        self._at = 0
        self._asked = 0
        self._used = bytearray(len(self._exchanges))
        self._misses: deque[Miss] = deque(maxlen=_MOST_MISSES)
        self._missed = 0
        self._masker = Masker()
        self._answers = [each.response.shown or NO_ANSWER for each in self._exchanges]
        # One more stands for the end of the trace, which no command is like.
        self._plain: list[bytes | None] = [
            *(None if each.command.masked else each.command.shown for each in self._exchanges), None,
        ]  # fmt: skip
        self._in_order = policy is not Policy.STATEFUL
        self._by_command: dict[bytes, list[int]] = {}
        self._masked: dict[int, list[int]] = {}
        for number, each in enumerate(self._exchanges):
            if each.command.masked:
                self._masked.setdefault(len(each.command), []).append(number)
            else:
                self._by_command.setdefault(each.command.shown, []).append(number)
        self._states = _States(items, self._exchanges, self._atrs[0]) if policy is Policy.STATEFUL else None

    def __repr__(self) -> str:
        return f"ReplayCard({len(self._exchanges)} exchanges, {self.policy})"

    def _split(self, items: Iterable[Item]) -> None:
        """The sessions: where each reset stands, and its ATR."""
        for item in items:
            if isinstance(item, Exchange):
                if not self._starts:
                    self._starts.append(0)
                    self._atrs.append(b"")
                self._exchanges.append(item)
            elif item.kind in _RESETS:
                if self._starts and self._starts[-1] == len(self._exchanges):
                    # Two resets without an exchange between them are one.
                    self._atrs[-1] = item.atr or self._atrs[-1]
                    continue
                self._starts.append(len(self._exchanges))
                self._atrs.append(item.atr)
        if len(self._starts) > 1 and self._starts[-1] == len(self._exchanges):
            self._starts.pop()
            self._atrs.pop()

    @property
    def misses(self) -> tuple[Miss, ...]:
        """The last thousand commands that the trace does not know."""
        return tuple(self._misses)

    @property
    def missed(self) -> int:
        """How many commands the trace did not know."""
        return self._missed

    @property
    def answered(self) -> int:
        """How many commands were answered from the trace."""
        return self._asked - self._missed

    @property
    def unused(self) -> int:
        """How many exchanges of the trace nobody has asked for."""
        return self._used.count(0)

    def report(self) -> list[str]:
        """The miss report: what was asked and is not in the trace, and how much of the trace was used."""
        total = len(self._exchanges)
        used = f"{total - self.unused} of its {total} exchanges used"
        lines = [f"{self.answered} of {self._asked} commands answered from the trace, {used}"]
        for miss in self._misses:
            expected = "the end of the trace" if miss.expected is None else miss.expected.hex()
            lines.append(
                f"command {miss.number}: {miss.command.hex()} is not in the trace; next comes {expected}"
            )
        return lines

    def power_on(self) -> bytes:
        """Go to the next reset of the trace, behind the last to the first. Returns its ATR."""
        self._session = (self._session + 1) % len(self._starts)
        self._at = self._starts[self._session]
        self._masker.reset()
        atr = self._atrs[self._session]
        if self._states is not None:
            self._states.reset(atr)
        return atr

    def reset(self) -> bytes:
        """The same as :meth:`power_on`: traces do not always tell the one from the other."""
        return self.power_on()

    def power_off(self) -> None:
        """Nothing; the next power-on goes on with the next reset."""

    def transmit(self, command: bytes, /) -> bytes:
        """What was answered to this command; 6FFF when it is not in the trace."""
        self._asked += 1
        at = self._at
        # The next one of the trace: the usual case under every policy but the stateful one.
        if self._in_order and self._plain[at] == command:
            self._at = at + 1
            self._used[at] = 1
            return self._answers[at]
        exchanges = self._exchanges
        found = self._find(bytes(command))
        if found is None:
            self._missed += 1
            masked, _ = self._masker.mask(command, NOT_IN_TRACE)
            expected = exchanges[at].command if at < len(exchanges) else None
            self._misses.append(Miss(self._asked, masked, expected))
            return NOT_IN_TRACE
        return self._give(found)

    def _give(self, number: int) -> bytes:
        self._at = number + 1
        self._used[number] = 1
        if self._states is not None:
            self._states.learn(number)
        return self._answers[number]

    def _find(self, command: bytes) -> int | None:
        if self.policy is Policy.STRICT:
            following = self._exchanges[self._at : self._at + 1]
            alike = following and any(
                following[0].command.matches(each) for each in _with_and_without_le(command)
            )
            return self._at if alike else None
        if self._states is not None:
            return self._states.find(command, self._candidates)
        candidates = self._candidates(command)
        if not candidates:
            return None
        here = bisect_left(candidates, self._at)
        if here < len(candidates):
            return candidates[here]
        # cardpeek goes on from the reset that is current, then everything before it counts too.
        start = self._starts[max(self._session, 0)]
        again = bisect_left(candidates, start)
        return candidates[again] if again < len(candidates) else candidates[0]

    def _candidates(self, command: bytes) -> list[int]:
        return next(filter(None, map(self._recorded, _with_and_without_le(command))), [])

    def _recorded(self, command: bytes) -> list[int]:
        plain = self._by_command.get(command, [])
        masked = [
            number
            for number in self._masked.get(len(command), ())
            if self._exchanges[number].command.matches(command)
        ]
        return sorted(plain + masked) if masked else plain


def _with_and_without_le(command: bytes) -> Iterator[bytes]:
    """The command as it is, then the same with Le = 00 or without Le."""
    yield command
    size = len(command)
    body = 5 + command[4] if size > 5 else 4
    if size == body:
        yield command + b"\0"
    elif size == body + 1 and command[-1] == 0:
        yield command[:-1]


_Key = tuple[object, ...]


_MOST_REMEMBERED: Final = 1 << 16


class _States:
    """The state in which each exchange was recorded, and the one in which the replayed card is now.

    States are numbered. What an exchange makes of a state, and which exchanges fit a command in a state, is worked out
    once and remembered: replaying is then a matter of looking up.
    """

    def __init__(self, items: Iterable[Item], exchanges: list[Exchange], atr: bytes) -> None:
        self._exchanges = exchanges
        self._slot = exchanges[0].slot
        self._numbers: dict[_Key, int] = {}
        self._states: list[CardState] = []
        self._files: list[_Key] = []
        self._recorded: list[int] = []
        follower = Follower()
        follower.explain(ReaderEvent(EventKind.COLD_RESET, 0, self._slot, atr))
        for item in items:
            if isinstance(item, Exchange):
                self._recorded.append(self._number(follower.state(self._slot)))
            follower.explain(item)
        self._after: dict[tuple[int, int], int] = {}
        self._fitting: dict[tuple[int, bytes], list[int]] = {}
        self._turn: dict[tuple[int, bytes], int] = {}
        self._now = 0
        self.reset(atr)

    def _number(self, state: CardState) -> int:
        whole, file = _keys(state)
        number = self._numbers.setdefault(whole, len(self._states))
        if number == len(self._states):
            self._states.append(state.copy())
            self._files.append(file)
        return number

    def reset(self, atr: bytes) -> None:
        """The card was reset; what has been used may be used again."""
        self._turn.clear()
        self._now = self._number(CardState.after_reset(atr))

    def learn(self, number: int) -> None:
        """The card has answered as in exchange *number*."""
        step = (self._now, number)
        after = self._after.get(step)
        if after is None:
            follower = Follower()
            follower.resume(self._states[self._now].copy(), self._slot)
            follower.explain(self._exchanges[number])
            after = self._number(follower.state(self._slot))
            if len(self._after) < _MOST_REMEMBERED:
                self._after[step] = after
        self._now = after

    def find(self, command: bytes, candidates: Callable[[bytes], list[int]]) -> int | None:
        """The exchange for *command* in the present state; each of several in turn, the last again and again."""
        place = (self._now, command)
        fitting = self._fitting.get(place)
        if fitting is None:
            fitting = self._fit(candidates(command))
            if len(self._fitting) < _MOST_REMEMBERED:
                self._fitting[place] = fitting
        if not fitting:
            return None
        if len(fitting) == 1:
            return fitting[0]
        turn = self._turn.get(place, 0)
        self._turn[place] = turn + 1
        return fitting[min(turn, len(fitting) - 1)]

    def _fit(self, candidates: list[int]) -> list[int]:
        """Those of this state, else those of this file, else all."""
        recorded, file = self._recorded, self._files[self._now]
        exact = [each for each in candidates if recorded[each] == self._now]
        return exact or [each for each in candidates if self._files[recorded[each]] == file] or candidates


def _keys(state: CardState) -> tuple[_Key, _Key]:
    """The whole state, and the file alone."""
    waiting = None if state.waiting is None else state.waiting.command
    file: _Key = (state.directory_name, state.file_name, waiting, state.chained)
    environment = frozenset((place, frozenset(values.items())) for place, values in state.environment.items())
    return (*file, frozenset(state.verified), state.recognised, environment), file
