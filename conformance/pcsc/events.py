"""The reader suite's PC/SC cases about waiting: status changes, time-outs, cancelling, cards that come and go."""

from time import perf_counter
from typing import Final

from bifente.conformance.case import Aside, Bench, Collection, Need, check, same
from bifente.conformance.pcsc.calls import (
    ANY,
    CHANGED,
    EMPTY,
    LEAVE,
    PRESENT,
    SHARED,
    Pcsc,
)

CASES = Collection("reader")

_CPS: Final = ("cps3",)
_CHANGE: Final = "PC/SC part 5, SCardGetStatusChange"
_NEVER: Final = 20_000
"""Milliseconds that no case should wait."""


def _known(pcsc: Pcsc, context: int, kind: str = "cps3") -> int:
    """The state of the reader now, as a program gives it back to wait for the next one."""
    name, state, _ = pcsc.state(context, kind)
    same(name, "SCARD_S_SUCCESS", "SCardGetStatusChange with SCARD_STATE_UNAWARE")
    return state & ~CHANGED


@CASES.case("change-unaware", "Who knows nothing is told at once", _CHANGE, _CPS, Need.PCSC)
def _unaware(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    begin = perf_counter()
    name, state, atr = pcsc.state(pcsc.context(), "cps3", 0, _NEVER)
    same(name, "SCARD_S_SUCCESS", "SCardGetStatusChange")
    check(perf_counter() - begin < 5, "it waited although it knew nothing")
    check(
        state & PRESENT and state & CHANGED and not state & EMPTY,
        f"the state {state:08X} does not tell of a card",
    )
    check(len(atr) >= 2, "no ATR is told")


@CASES.case(
    "change-time-out",
    "When nothing happens the time-out ends the wait, neither early nor late",
    _CHANGE,
    _CPS,
    Need.PCSC,
)
def _time_out(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    context = pcsc.context()
    known = _known(pcsc, context)
    begin = perf_counter()
    name, _, _ = pcsc.state(context, "cps3", known, 300)
    took = perf_counter() - begin
    same(name, "SCARD_E_TIMEOUT", "SCardGetStatusChange when nothing happens")
    check(took >= 0.25, f"the wait of 300 ms ended after {took * 1000:.0f} ms")
    check(took < 5, f"the wait of 300 ms took {took:.1f} s")


@CASES.case("change-no-wait", "A time-out of zero does not wait", _CHANGE, _CPS, Need.PCSC)
def _no_wait(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    context = pcsc.context()
    known = _known(pcsc, context)
    begin = perf_counter()
    same(pcsc.state(context, "cps3", known, 0)[0], "SCARD_E_TIMEOUT", "SCardGetStatusChange")
    check(perf_counter() - begin < 2, "a time-out of zero waited")


@CASES.case("change-unknown-reader", "The state of a reader that is not there", _CHANGE, _CPS, Need.PCSC)
def _unknown(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    name, _ = pcsc.call("GetStatusChange", pcsc.context(), 0, [("no such reader 00 00", 0)])
    check(name != "SCARD_E_TIMEOUT", "a reader that is not there is waited for")


@CASES.case("cancel", "SCardCancel ends a wait", "PC/SC part 5, SCardCancel", _CPS, Need.PCSC)
def _cancel(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    context = pcsc.context()
    known = _known(pcsc, context)
    waiting = Aside(lambda: pcsc.state(context, "cps3", known, 5_000)[0])
    # Whether the other thread waits already cannot be seen from here: cancel until it does.
    for _ in range(60):
        pcsc.ok("Cancel", context)
        if waiting.ended(0.05):
            break
    result = waiting.result(0, "the wait goes on after SCardCancel")
    same(result, "SCARD_E_CANCELLED", "SCardGetStatusChange when it is cancelled")


@CASES.case(
    "removal-wakes",
    "Who waits is told that the card leaves, and that it comes back; each is counted",
    _CHANGE,
    _CPS,
    Need.PCSC,
    Need.HANDS,
)
def _removal(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    context = pcsc.context()
    known = _known(pcsc, context)
    bench.afterwards(lambda: bench.hands.put_back("cps3"))
    for move, bit in ((bench.hands.take_out, EMPTY), (bench.hands.put_back, PRESENT)):
        waiting = Aside(lambda: pcsc.state(context, "cps3", known, 5_000))  # noqa: B023 - it ends in this round
        check(not waiting.ended(0.1), "the wait has ended although nothing has happened")
        move("cps3")
        name, state, atr = waiting.result(10, "nobody was told within 10 s that the card moved")
        same(name, "SCARD_S_SUCCESS", "SCardGetStatusChange when the card moves")
        check(state & bit and state & CHANGED, f"the state {state:08X} is not that of the slot")
        check(bool(atr) is (bit == PRESENT), "an ATR is told without a card, or none with one")
        same(state >> 16, ((known >> 16) + 1) & 0xFFFF, "the counter of events")
        known = state & ~CHANGED


@CASES.case(
    "moves-not-lost",
    "A card that left and came back between two looks has moved",
    _CHANGE,
    _CPS,
    Need.PCSC,
    Need.HANDS,
)
def _not_lost(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    context = pcsc.context()
    known = _known(pcsc, context)
    bench.afterwards(lambda: bench.hands.put_back("cps3"))
    bench.hands.take_out("cps3")
    bench.hands.put_back("cps3")
    name, state, _ = pcsc.state(context, "cps3", known, 10_000)
    same(name, "SCARD_S_SUCCESS", "SCardGetStatusChange after the card was out")
    same(state >> 16, ((known >> 16) + 2) & 0xFFFF, "the counter of events")


@CASES.case(
    "removed-card",
    "A handle to a card that was taken out tells it, even when the card is back",
    "PC/SC part 5, SCARD_W_REMOVED_CARD",
    _CPS,
    Need.PCSC,
    Need.HANDS,
)
def _removed(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    handle = pcsc.fresh("cps3")
    bench.afterwards(lambda: bench.hands.put_back("cps3"))
    bench.hands.take_out("cps3")
    pcsc.refuses(handle, "W_REMOVED_CARD")
    pcsc.gives(("W_REMOVED_CARD", "E_NO_SMARTCARD"), "Reconnect", handle, SHARED, ANY, LEAVE)
    bench.hands.put_back("cps3")
    pcsc.refuses(handle, "W_REMOVED_CARD")
    pcsc.ok("Reconnect", handle, SHARED, ANY, LEAVE)
    pcsc.answers(handle, "00A4000C023F00", "9000")


@CASES.case(
    "removal-ends-transaction",
    "A card taken out ends the transaction it was in",
    "PC/SC part 5, SCardBeginTransaction",
    _CPS,
    Need.PCSC,
    Need.HANDS,
)
def _ends_transaction(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    one = pcsc.connect("cps3")
    bench.afterwards(lambda: bench.hands.put_back("cps3"))
    pcsc.ok("BeginTransaction", one)
    bench.hands.take_out("cps3")
    bench.hands.put_back("cps3")
    other = pcsc.connect("cps3")
    pcsc.ok("BeginTransaction", other)
    pcsc.answers(other, "00A4000C023F00", "9000")
    pcsc.ok("EndTransaction", other, LEAVE)


@CASES.case(
    "other-slot-quiet",
    "A card that moves in one slot changes nothing in the other one's counter",
    _CHANGE,
    ("cps3", "vitale2"),
    Need.PCSC,
    Need.HANDS,
)
def _quiet(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    context = pcsc.context()
    known = _known(pcsc, context, "vitale2")
    bench.afterwards(lambda: bench.hands.put_back("cps3"))
    bench.hands.take_out("cps3")
    bench.hands.put_back("cps3")
    _, state, _ = pcsc.state(context, "vitale2")
    same(state >> 16, known >> 16, "the counter of events of the other slot")
    check(state & PRESENT, "the card in the other slot has gone")
