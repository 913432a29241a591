"""Sends the commands of a trace to a card again, to compare what it answers now with what was answered then."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.instructions import (
    GET_RESPONSE,
    Effect,
    InstructionSet,
    codes,
    instruction,
    instruction_name,
    is_cps2ter,
)
from bifente.apdu.refusal import refusal_behind
from bifente.apdu.secrecy import MarkedBytes, is_verify
from bifente.apdu.status import SW
from bifente.traces.join import joined
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, Item, ReaderEvent
from bifente.traces.record import Stopwatch

_RESETS: Final = frozenset({EventKind.INSERTED, EventKind.COLD_RESET, EventKind.WARM_RESET})
_PRESENTING: Final = codes(lambda known: known.effect is Effect.PRESENTS_PIN)
_MOST_PORTIONS: Final = 300


class Played(Protocol):
    """What is played to: a card, or a link to one."""

    def reset(self) -> bytes:
        """Warm reset. Returns the ATR."""

    def transmit(self, command: bytes, /) -> bytes:
        """Answer one command."""


@dataclass(slots=True)
class Performance:
    """What was said this time."""

    asked: list[Item] = field(default_factory=list)
    """The items of the trace that were played."""
    items: list[Item] = field(default_factory=list)
    """The same with the answers of now."""
    skipped: dict[str, int] = field(default_factory=dict)
    """Why → how many commands were not sent."""
    stopped: str = ""
    """Why it ended before the trace did."""


def play(
    items: Iterable[Item],
    card: Played,
    atr: bytes,
    *,
    pin: bytes | None = None,
    writes: bool = False,
    tpdu: bool = False,
    told: Callable[[int], None] | None = None,
) -> Performance:
    """Play *items*, of one slot, to *card*, which was just powered on and answered *atr*.

    T=0 halves are put together first and fetched again where the card says so. Only where *card* is spoken to in *tpdu*
    of T=0 does the Le of a command with data stay away (ISO/IEC 7816-3:2006 §12.2.4): elsewhere a command that was
    answered by data is sent with one. A masked VERIFY is sent when *pin* has
    its length; other masked commands are not, nor, without *writes*, those that change a card. The first refused PIN
    ends it, for a second one costs another try.
    """
    clock = Stopwatch()
    performance = Performance()
    fresh = True
    count = 0
    for item in joined(items):
        if isinstance(item, ReaderEvent):
            if item.kind in _RESETS:
                # The card has just been powered on: the first reset of the trace is that one.
                now = atr if fresh else card.reset()
                fresh = False
                performance.asked.append(item)
                performance.items.append(ReaderEvent(item.kind, clock(), item.slot, now))
            continue
        fresh = False
        command = _sendable(item, pin, writes=writes)
        if isinstance(command, str):
            performance.skipped[command] = performance.skipped.get(command, 0) + 1
            continue
        begin = clock()
        answer = _exchange(card, command if tpdu else _with_le(item, command))
        refusal = refusal_behind(card, answer)
        performance.asked.append(item)
        performance.items.append(
            Exchange(
                item.command,
                MaskedBytes(answer),
                begin,
                clock() - begin,
                item.slot,
                item.level,
                None if refusal is None else refusal.why,
            )
        )
        count += 1
        if told is not None:
            told(count)
        if len(command) > 5 and command[1] in _PRESENTING and answer != item.response.shown:
            left = SW(int.from_bytes(answer[-2:], "big")).tries_left
            if left is not None or answer[-2:] == b"\x69\x83":
                performance.stopped = "the card refused the PIN"
                break
    return performance


def _sendable(exchange: Exchange, pin: bytes | None, *, writes: bool) -> bytes | str:
    """The command, or why it is not sent."""
    raw = exchange.command.shown
    if len(raw) < 4 or exchange.command.hides(0, 4):
        return "malformed commands"
    ins = raw[1]
    if exchange.command.masked:
        try:
            command = CommandAPDU.parse(raw)
        except ApduError:
            return "malformed commands"
        if not is_verify(raw) or pin is None or len(command.data) != len(pin):
            return f"masked {instruction_name(raw[0], ins)}"
        return raw[:5] + MarkedBytes.whole(pin) + raw[5 + len(pin) :]
    if not writes and _changes(raw[0], ins):
        return f"{instruction_name(raw[0], ins)}, which changes the card"
    return raw


def _changes(cla: int, ins: int) -> bool:
    """The card is another one afterwards; of a CPS2ter that is also feared of what nobody knows."""
    known = instruction(cla, ins)
    if is_cps2ter(cla):
        return known is None or known.instruction_set is not InstructionSet.CPS2TER or known.changes
    return known is not None and known.changes


def _with_le(exchange: Exchange, command: bytes) -> bytes:
    """*command* as a terminal says it that does not leave the Le of a case 4 to T=0."""
    if len(exchange.response) <= 2:
        return command
    try:
        parsed = CommandAPDU.parse(command)
    except ApduError:
        return command
    return (
        command + b"\0"
        if parsed.data and parsed.ne is None and len(command) == 5 + len(parsed.data)
        else command
    )


def _exchange(card: Played, command: bytes) -> bytes:
    """One command to its end: 6Cxx is repeated, 61xx fetched."""
    answer = card.transmit(command)
    if len(command) == 5 and answer[-2:-1] == b"\x6c":
        answer = card.transmit(command[:4] + answer[-1:])
    data = answer[:-2]
    for _ in range(_MOST_PORTIONS):
        if answer[-2:-1] != b"\x61" or command[1] == GET_RESPONSE:
            break
        answer = card.transmit(bytes((command[0] & ~0x10, GET_RESPONSE, 0, 0)) + answer[-1:])
        data += answer[:-2]
    return data + answer[-2:]
