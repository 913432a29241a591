"""A recorded card, to be put into a slot again: it answers what it answered then.

Masked bytes of a recorded command are wildcards of their length; masked bytes of an answer come back as 00. What was
never asked in the trace is answered 6FFF, as cardpeek's replay reader does, and noted as a miss.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable
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
        exchanges = self._exchanges
        # The next one of the trace: the usual case under every policy but the stateful one.
        if self._states is None and at < len(exchanges):
            recorded = exchanges[at].command
            if recorded.shown == command if not recorded.hidden else recorded.matches(command):
                return self._give(at, command)
        found = self._find(bytes(command))
        if found is None:
            self._missed += 1
            masked, _ = self._masker.mask(command, NOT_IN_TRACE)
            expected = exchanges[at].command if at < len(exchanges) else None
            self._misses.append(Miss(self._asked, masked, expected))
            return NOT_IN_TRACE
        return self._give(found, command)

    def _give(self, number: int, command: bytes) -> bytes:
        exchange = self._exchanges[number]
        self._at = number + 1
        self._used[number] = 1
        if self._states is not None:
            self._states.learn(exchange, command)
        return exchange.response.shown or NO_ANSWER

    def _find(self, command: bytes) -> int | None:
        if self.policy is Policy.STRICT:
            return None
        if self._states is not None:
            return self._states.find(command, self._candidates(command))
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
        plain = self._by_command.get(command, [])
        masked = [
            number
            for number in self._masked.get(len(command), ())
            if self._exchanges[number].command.matches(command)
        ]
        return sorted(plain + masked) if masked else plain


_Key = tuple[object, ...]


class _States:
    """The state in which each exchange was recorded, and the one in which the replayed card is now."""

    def __init__(self, items: Iterable[Item], exchanges: list[Exchange], atr: bytes) -> None:
        self._exchanges = exchanges
        self._whole: list[_Key] = []
        self._file: list[_Key] = []
        follower = Follower()
        slot = exchanges[0].slot
        follower.explain(ReaderEvent(EventKind.COLD_RESET, 0, slot, atr))
        for item in items:
            if isinstance(item, Exchange):
                whole, file = _keys(follower.state(slot))
                self._whole.append(whole)
                self._file.append(file)
            follower.explain(item)
        self._slot = slot
        self._next: dict[tuple[_Key, bytes], int] = {}
        self._now = Follower()

    def reset(self, atr: bytes) -> None:
        """The card was reset; what has been used may be used again."""
        self._next.clear()
        self._now = Follower()
        self._now.explain(ReaderEvent(EventKind.COLD_RESET, 0, self._slot, atr))

    def learn(self, exchange: Exchange, command: bytes) -> None:
        """The card was asked *command* and has answered as in *exchange*."""
        asked = exchange.command if exchange.command.masked else Octets(bytes(command))
        self._now.explain(Exchange(asked, exchange.response, slot=self._slot))

    def find(self, command: bytes, candidates: list[int]) -> int | None:
        """The exchange for *command* in the present state; each of several in turn, the last again and again."""
        if not candidates:
            return None
        whole, file = _keys(self._now.state(self._slot))
        for key, keys in ((whole, self._whole), (file, self._file), ((), None)):
            fitting = candidates if keys is None else [each for each in candidates if keys[each] == key]
            if fitting:
                turn = self._next.get((key, command), 0)
                self._next[key, command] = turn + 1
                return fitting[min(turn, len(fitting) - 1)]
        return None


def _keys(state: CardState) -> tuple[_Key, _Key]:
    """The whole state, and the file alone."""
    waiting = None if state.waiting is None else state.waiting.command
    file: _Key = (state.directory_name, state.file_name, waiting, state.chained)
    environment = frozenset((place, frozenset(values.items())) for place, values in state.environment.items())
    return (*file, frozenset(state.verified), state.recognised, environment), file
