"""A recorded card, to be put into a slot again: it answers what it answered then.

Masked bytes of a recorded command are wildcards of their length; masked bytes of an answer come back as 00. What was
never asked in the trace is answered 6FFF, as cardpeek's replay reader does, and noted as a miss.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bifente.apdu.refusal import Refusal
from bifente.apdu.status import SW
from bifente.traces.cleaning.mask import Masker
from bifente.traces.errors import TraceError
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, Item, Level, Trace
from bifente.traces.replaying.recall import CommandIndex, with_and_without_le
from bifente.traces.replaying.recordedstates import RecordedStates

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
    command: MaskedBytes
    expected: MaskedBytes | None
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
        self._index = CommandIndex(each.command for each in self._exchanges)
        self._states = (
            RecordedStates(items, self._exchanges, self._atrs[0], self._index)
            if policy is Policy.STATEFUL
            else None
        )

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
    def last_refusal(self) -> Refusal | None:
        """What the recorded card said of the answer that was given last; None behind a reset, or when it said nothing."""
        if self._session < 0 or self._at == self._starts[self._session]:
            return None
        last = self._exchanges[self._at - 1]
        return (
            None
            if last.why is None
            else Refusal(SW(int.from_bytes(last.response.shown[-2:], "big")), last.why)
        )

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
    def lookups(self) -> int:
        """How many look-ups were made so far to find exchanges: what searching has cost."""
        return self._index.lookups + (0 if self._states is None else self._states.lookups)

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
            if self._at >= len(self._exchanges):
                return None
            following = self._exchanges[self._at].command
            alike = any(map(following.matches, (command, *with_and_without_le(command))))
            return self._at if alike else None
        places = self._index.places(command)
        if not places:
            return None
        if self._states is not None:
            return self._states.find(places)
        here = self._index.next_of(places, self._at)
        if here is not None:
            return here
        # cardpeek goes on from the reset that is current, then everything before it counts too.
        again = self._index.next_of(places, self._starts[max(self._session, 0)])
        return again if again is not None else self._index.next_of(places, 0)
