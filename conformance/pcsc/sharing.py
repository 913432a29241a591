"""The reader suite's PC/SC cases about several programs at one card: share modes, resets, transactions."""

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Final

from bifente.conformance.case import Aside, Bench, Collection, Need, check, same
from bifente.conformance.pcsc import calls
from bifente.conformance.pcsc.calls import (
    ANY,
    EXCLUSIVE,
    LEAVE,
    RESET,
    SHARED,
    UNPOWER,
    Pcsc,
)

CASES = Collection("reader")

_CPS: Final = ("cps3",)
_CONNECT: Final = "PC/SC part 5, SCardConnect"
_RESETS: Final = "PC/SC part 5, SCardReconnect: SCARD_W_RESET_CARD"
_TRANSACTIONS: Final = "PC/SC part 5, SCardBeginTransaction"

_SELECT_DIR, _READ, _READ_ANSWER = "00A4020C022F00", "00B0000001", "619000"
_SELECT_MF = "00A4000C023F00"


@CASES.case("share-two", "Two programs share a card", _CONNECT, _CPS, Need.PCSC)
def _two(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    one = pcsc.fresh("cps3")
    other = pcsc.connect("cps3")
    pcsc.answers(one, _SELECT_DIR, "9000")
    pcsc.answers(other, _READ, _READ_ANSWER)
    pcsc.ok("Disconnect", other, LEAVE)
    pcsc.answers(one, _READ, _READ_ANSWER)


@CASES.case("share-exclusive-keeps-out", "An exclusive handle keeps others out", _CONNECT, _CPS, Need.PCSC)
def _exclusive(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    handle = pcsc.connect("cps3", EXCLUSIVE)
    for share in (SHARED, EXCLUSIVE):
        pcsc.gives("E_SHARING_VIOLATION", "Connect", pcsc.context(), pcsc.reader("cps3"), share, ANY)
    pcsc.answers(handle, _SELECT_MF, "9000")
    pcsc.ok("Disconnect", handle, LEAVE)
    pcsc.connect("cps3")


@CASES.case(
    "share-no-exclusive", "There is no exclusive handle to a card that is shared", _CONNECT, _CPS, Need.PCSC
)
def _no_exclusive(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    pcsc.connect("cps3")
    pcsc.gives("E_SHARING_VIOLATION", "Connect", pcsc.context(), pcsc.reader("cps3"), EXCLUSIVE, ANY)


@CASES.case(
    "share-slots-apart",
    "An exclusive handle in one slot leaves the other slot free",
    _CONNECT,
    ("cps3", "vitale2"),
    Need.PCSC,
)
def _apart(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    pcsc.connect("cps3", EXCLUSIVE)
    pcsc.answers(pcsc.connect("vitale2"), _SELECT_MF, "9000")


@CASES.case(
    "reset-seen",
    "Who shares a card is told that another has reset it, until it reconnects",
    _RESETS,
    _CPS,
    Need.PCSC,
)
def _reset_seen(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    one, other = pcsc.fresh("cps3"), pcsc.connect("cps3")
    pcsc.answers(one, _SELECT_DIR, "9000")
    pcsc.ok("Reconnect", other, SHARED, ANY, RESET)
    for _ in range(2):
        pcsc.refuses(one, "W_RESET_CARD", _READ)
    pcsc.ok("Reconnect", one, SHARED, ANY, LEAVE)
    pcsc.answers(one, _READ, "6986")


@CASES.case("reset-own", "Who resets a card itself is not told", _RESETS, _CPS, Need.PCSC)
def _reset_own(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    handle = pcsc.fresh("cps3")
    for how in (RESET, UNPOWER):
        pcsc.answers(handle, _SELECT_DIR, "9000")
        pcsc.ok("Reconnect", handle, SHARED, ANY, how)
        pcsc.answers(handle, _READ, "6986")


@CASES.case("reset-status", "SCardStatus tells of the reset too", _RESETS, _CPS, Need.PCSC)
def _reset_status(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    one, other = pcsc.fresh("cps3"), pcsc.connect("cps3")
    pcsc.ok("Reconnect", other, SHARED, ANY, RESET)
    pcsc.gives("W_RESET_CARD", "Status", one)


@CASES.case("reset-begin", "So does the beginning of a transaction", _RESETS, _CPS, Need.PCSC)
def _reset_begin(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    one, other = pcsc.fresh("cps3"), pcsc.connect("cps3")
    pcsc.ok("Reconnect", other, SHARED, ANY, RESET)
    pcsc.gives("W_RESET_CARD", "BeginTransaction", one)


@CASES.case(
    "disconnect-reset",
    "A disconnection that resets is told to the others",
    "PC/SC part 5, SCardDisconnect",
    _CPS,
    Need.PCSC,
)
def _disconnect_reset(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    for how in (RESET, UNPOWER):
        one = pcsc.fresh("cps3")
        other = pcsc.connect("cps3")
        pcsc.ok("Disconnect", other, how)
        pcsc.refuses(one, "W_RESET_CARD")
        pcsc.ok("Disconnect", one, LEAVE)


@CASES.case(
    "disconnect-leave",
    "A disconnection that leaves the card is not noticed",
    "PC/SC part 5, SCardDisconnect",
    _CPS,
    Need.PCSC,
)
def _disconnect_leave(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    one, other = pcsc.fresh("cps3"), pcsc.connect("cps3")
    pcsc.answers(one, _SELECT_DIR, "9000")
    pcsc.ok("Disconnect", other, LEAVE)
    pcsc.answers(one, _READ, _READ_ANSWER)


@CASES.case(
    "disconnect-bad",
    "A disposition that does not exist is refused and the handle stays",
    "PC/SC part 5, SCardDisconnect",
    _CPS,
    Need.PCSC,
)
def _disconnect_bad(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    handle = pcsc.connect("cps3")
    pcsc.gives(("E_INVALID_VALUE", "E_INVALID_PARAMETER"), "Disconnect", handle, 9)
    pcsc.answers(handle, _SELECT_MF, "9000")


def _held_off(pcsc: Pcsc, other: int, meanwhile: Callable[[], object]) -> None:
    """The command of *other* does not reach the card until *meanwhile* has been done; then it does.

    A library may refuse it (SCARD_E_SHARING_VIOLATION) or keep it waiting, as libpcsclite and Windows do.
    """
    sending = Aside(lambda: pcsc.transmit(other, _SELECT_MF))
    refused = sending.ended(0.15)
    if refused:
        same(sending.result(0, "")[0], "SCARD_E_SHARING_VIOLATION", "a command in the transaction of another")
    meanwhile()
    result = sending.result(calls.PATIENCE, "a command still waits although the transaction is over")
    if refused:
        result = pcsc.transmit(other, _SELECT_MF)
    same(result, ("SCARD_S_SUCCESS", "9000"), "the command after the transaction")


@CASES.case(
    "transaction-excludes",
    "In a transaction the others' commands do not reach the card; after it they do",
    _TRANSACTIONS,
    _CPS,
    Need.PCSC,
)
def _excludes(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    one, other = pcsc.fresh("cps3"), pcsc.connect("cps3")
    pcsc.ok("BeginTransaction", one)

    def meanwhile() -> None:
        pcsc.answers(one, _SELECT_DIR, "9000")
        pcsc.answers(one, _READ, _READ_ANSWER)
        pcsc.ok("EndTransaction", one, LEAVE)

    _held_off(pcsc, other, meanwhile)


@CASES.case(
    "transaction-not-begun",
    "A transaction that was not begun cannot be ended",
    "PC/SC part 5, SCardEndTransaction",
    _CPS,
    Need.PCSC,
)
def _not_begun(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    pcsc.gives("E_NOT_TRANSACTED", "EndTransaction", pcsc.connect("cps3"), LEAVE)


@CASES.case(
    "transaction-not-anothers",
    "Nor can that of another",
    "PC/SC part 5, SCardEndTransaction",
    _CPS,
    Need.PCSC,
)
def _anothers(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    one, other = pcsc.connect("cps3"), pcsc.connect("cps3")
    pcsc.ok("BeginTransaction", one)
    name, _ = pcsc.call("EndTransaction", other, LEAVE)
    check(name != "SCARD_S_SUCCESS", "another's transaction can be ended")
    _held_off(pcsc, other, lambda: pcsc.ok("EndTransaction", one, LEAVE))


@CASES.case("transaction-nested", "Transactions of one handle nest", _TRANSACTIONS, _CPS, Need.PCSC)
def _nested(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    one, other = pcsc.connect("cps3"), pcsc.connect("cps3")
    pcsc.ok("BeginTransaction", one)
    pcsc.ok("BeginTransaction", one)
    pcsc.ok("EndTransaction", one, LEAVE)
    _held_off(pcsc, other, lambda: pcsc.ok("EndTransaction", one, LEAVE))


@CASES.case(
    "transaction-waits",
    "A second transaction begins when the first has ended, and not before",
    _TRANSACTIONS,
    _CPS,
    Need.PCSC,
)
def _waits(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    one, other = pcsc.connect("cps3"), pcsc.connect("cps3")
    pcsc.ok("BeginTransaction", one)
    beginning = Aside(lambda: pcsc.call("BeginTransaction", other)[0])
    check(not beginning.ended(0.15), "the second transaction has begun within the first")
    pcsc.ok("EndTransaction", one, LEAVE)
    result = beginning.result(
        calls.PATIENCE, "the second transaction has not begun after the first has ended"
    )
    same(result, "SCARD_S_SUCCESS", "SCardBeginTransaction")
    _held_off(pcsc, one, lambda: pcsc.ok("EndTransaction", other, LEAVE))


@CASES.case(
    "transaction-fair", "Three programs that all want the card all get it", _TRANSACTIONS, _CPS, Need.PCSC
)
def _fair(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    handles = [pcsc.connect("cps3") for _ in range(3)]
    done = [0, 0, 0]
    inside: list[int] = []
    overlaps: list[int] = []

    def work(number: int) -> None:
        for _ in range(5):
            pcsc.ok("BeginTransaction", handles[number], seconds=30)
            inside.append(number)
            if len(inside) > 1:
                overlaps.append(number)
            pcsc.answers(handles[number], _SELECT_MF, "9000")
            inside.remove(number)
            pcsc.ok("EndTransaction", handles[number], LEAVE)
            done[number] += 1

    programs = [Aside(partial(work, number)) for number in range(3)]
    for program in programs:
        program.result(40, "a program has not had its five transactions within 40 s")
    same(done, [5, 5, 5], "transactions of the three programs within 40 s")
    check(not overlaps, "two programs were in a transaction at once")


@CASES.case(
    "transaction-end-resets",
    "A transaction that ends with a reset is told to the others",
    "PC/SC part 5, SCardEndTransaction",
    _CPS,
    Need.PCSC,
)
def _end_resets(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    one, other = pcsc.fresh("cps3"), pcsc.connect("cps3")
    pcsc.ok("BeginTransaction", one)
    pcsc.answers(one, _SELECT_DIR, "9000")
    pcsc.ok("EndTransaction", one, RESET)
    pcsc.refuses(other, "W_RESET_CARD")
    pcsc.ok("Reconnect", other, SHARED, ANY, LEAVE)
    pcsc.answers(other, _READ, "6986")


@CASES.case(
    "transaction-end-leaves",
    "A transaction that leaves the card does not reset it",
    "PC/SC part 5, SCardEndTransaction",
    _CPS,
    Need.PCSC,
)
def _end_leaves(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    one, other = pcsc.fresh("cps3"), pcsc.connect("cps3")
    pcsc.ok("BeginTransaction", one)
    pcsc.answers(one, _SELECT_DIR, "9000")
    pcsc.ok("EndTransaction", one, LEAVE)
    pcsc.answers(other, _READ, _READ_ANSWER)


@CASES.case(
    "transaction-dies-with-holder",
    "A program that goes away in its transaction holds up nobody",
    _TRANSACTIONS,
    _CPS,
    Need.PCSC,
)
def _dies(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    context = pcsc.context()
    other = pcsc.connect("cps3")
    one = pcsc.connect("cps3", context=context)
    pcsc.ok("BeginTransaction", one)
    pcsc.ok("ReleaseContext", context)
    begin = perf_counter()
    name, _ = pcsc.call("BeginTransaction", other)
    if name == "SCARD_W_RESET_CARD":
        # The card was reset, as pcscd does with the card of a holder that goes away.
        pcsc.ok("Reconnect", other, SHARED, ANY, LEAVE)
        name, _ = pcsc.call("BeginTransaction", other)
    same(name, "SCARD_S_SUCCESS", "SCardBeginTransaction")
    check(perf_counter() - begin < 10, "the transaction of a program that is gone held others up")
    pcsc.ok("EndTransaction", other, LEAVE)


@CASES.case(
    "pin-of-another",
    "What one program's PIN has opened is closed when another resets the card",
    _RESETS,
    _CPS,
    Need.PCSC,
    Need.PIN,
)
def _pin(bench: Bench) -> None:
    pcsc = Pcsc(bench)
    one, other = pcsc.fresh("cps3"), pcsc.connect("cps3")
    pin = bench.card("cps3").pin
    assert pin is not None
    pcsc.answers(one, f"00200001{len(pin):02X}{pin.hex()}", "9000")
    pcsc.answers(other, "0020000100", "9000")
    pcsc.ok("Disconnect", one, RESET)
    pcsc.ok("Reconnect", other, SHARED, ANY, LEAVE)
    name, answer = pcsc.transmit(other, "0020000100")
    same((name, answer[:3]), ("SCARD_S_SUCCESS", "63C"), "the PIN's status after the reset")
