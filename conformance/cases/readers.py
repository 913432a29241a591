"""The reader suite without PC/SC: answers to reset, two slots at once, latency and throughput."""

from functools import reduce
from operator import xor
from threading import Barrier, Thread
from time import perf_counter
from typing import Final

from bifente.apdu.errors import ApduError
from bifente.apdu.link import TransmissionProtocol
from bifente.apdu.reset.atr import Atr
from bifente.conformance.case import Bench, Collection, Need, TapedLink, check, same
from bifente.conformance.errors import Nonconformity

CASES = Collection("reader")

_ATRS: Final = {
    "cps3": "3BAC00402A001225006480000310009000",
    "vitale2": "3B751300004709EA9000",
    "vitale1": "3F6525002209F99000",
    "t1test": "3B8801424946454E544531EF",
}
"""The answer to reset of each kind of card: Ludovic Rousseau's list for CPS3 and both Vitales; ours for the test card."""

_ROUNDS: Final = 40


@CASES.each("atr-structure", "The ATR is well-formed", "ISO/IEC 7816-3:2006 §8.2", None)
def _structure(bench: Bench, kind: str) -> None:
    try:
        Atr.parse(bench.link(kind).atr)
    except ApduError as error:
        raise Nonconformity(f"the ATR is malformed: {error}") from None


@CASES.each(
    "atr-tck", "TCK is there unless T=0 alone is offered, and is right", "ISO/IEC 7816-3:2006 §8.2.5", None
)
def _tck(bench: Bench, kind: str) -> None:
    raw = bench.link(kind).atr
    follow, at, protocols = raw[1] & 0xF0, 2, {0}
    first = True
    while follow & 0x80:
        at += follow.bit_count()
        check(at <= len(raw), "the ATR ends within its interface bytes")
        protocol, follow = raw[at - 1] & 0x0F, raw[at - 1] & 0xF0
        if protocol != 15:
            protocols = {protocol} if first else protocols | {protocol}
            first = False
    at += follow.bit_count() + (raw[1] & 0x0F)
    if protocols == {0}:
        same(len(raw), at, "the length of an ATR of T=0 alone, in bytes")
    else:
        same(len(raw), at + 1, "the length of an ATR with TCK, in bytes")
        same(reduce(xor, raw[1:]), 0, "the exclusive-or from T0 to TCK")


@CASES.each(
    "atr-known",
    "The ATR is that of such a card",
    "smartcard_list.txt of pcsc-tools; the T=1 test card is synthetic",
    tuple(_ATRS),
    Need.KNOWN,
)
def _known(bench: Bench, kind: str) -> None:
    same(bench.link(kind).atr, bytes.fromhex(_ATRS[kind]), "the ATR")


@CASES.each("atr-stable", "Every reset, warm or cold, gives the same ATR", "ISO/IEC 7816-3:2006 §8.1", None)
def _stable(bench: Bench, kind: str) -> None:
    link = bench.link(kind)
    first = link.atr
    for reset in (link.reset, link.cold_reset, link.reset, link.cold_reset):
        same(reset(), first, "the ATR after a reset")
        same(link.atr, first, "the ATR that the link has")


@CASES.each(
    "atr-protocol", "The protocol chosen is one that the ATR offers", "ISO/IEC 7816-3:2006 §6.3.1", None
)
def _protocol(bench: Bench, kind: str) -> None:
    link = bench.link(kind)
    offered = {
        TransmissionProtocol(1 << number) for number in Atr.parse(link.atr).protocols if number in (0, 1)
    }
    check(link.protocol in offered, f"T={link.protocol.name} is not offered by the ATR")


def _free_command(kind: str) -> bytes:
    return bytes.fromhex("00A4000C023F00") if kind != "t1test" else bytes.fromhex("00EE000002ABCD02")


def _other(bench: Bench, kind: str) -> str:
    others = [other for other in bench.target.cards if other != kind]
    return others[0]


@CASES.case(
    "slots-in-parallel",
    "Two slots work at the same time, and each answer comes from its own card",
    "PC/SC part 3 §2; ISO/IEC 7816-4:2020 §5.2",
    ("cps3", "vitale2"),
)
def _parallel(bench: Bench) -> None:
    numbers: dict[str, set[bytes]] = {"cps3": set(), "vitale2": set()}
    errors: list[BaseException] = []
    barrier = Barrier(2)

    def talk(kind: str, link: TapedLink, fid: str) -> None:
        try:
            barrier.wait(5)
            for _ in range(_ROUNDS):
                link.transmit(bytes.fromhex("00A4000C023F00"))
                link.transmit(bytes.fromhex(f"00A4020C02{fid}"))
                numbers[kind].add(link.transmit(bytes.fromhex("00B000000C")))
        except BaseException as error:  # noqa: BLE001 - raised again in the thread of the case
            errors.append(error)

    threads = [
        Thread(target=talk, args=(kind, bench.link(kind), fid), daemon=True)
        for kind, fid in (("cps3", "D003"), ("vitale2", "2F02"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        check(not thread.is_alive(), "a slot has not answered within 20 s while the other one worked")
    if errors:
        raise errors[0]
    for kind, answers in numbers.items():
        same(len(answers), 1, f"different card numbers read from the {kind}")
        check(
            all(answer.endswith(b"\x90\x00") for answer in answers), f"the number of the {kind} is not read"
        )
    check(numbers["cps3"] != numbers["vitale2"], "both slots tell the same card number")


@CASES.case(
    "slots-independent-resets",
    "A reset of one card leaves the selection of the other alone",
    "ISO/IEC 7816-3:2006 §8.1",
    ("cps3", "vitale2"),
)
def _independent(bench: Bench) -> None:
    cps, vitale = bench.link("cps3"), bench.link("vitale2")
    same(vitale.transmit(bytes.fromhex("00A4020C022F00")), b"\x90\x00", "SELECT EF.DIR of the Vitale")
    cps.reset()
    same(
        vitale.transmit(bytes.fromhex("00B0000001")),
        b"\x61\x90\x00",
        "READ BINARY of the Vitale after a reset of the CPS",
    )


@CASES.case(
    "slots-transactions-apart",
    "A transaction in one slot does not hold up the other",
    "PC/SC part 5 §3.2.5",
    ("cps3", "vitale2"),
)
def _apart(bench: Bench) -> None:
    cps, vitale = bench.link("cps3"), bench.link("vitale2")
    with cps.transaction():
        begin = perf_counter()
        vitale.transmit(_free_command("vitale2"))
        check(perf_counter() - begin < 5, "the other slot was held up by the transaction")


@CASES.case(
    "removal-resets-the-other",
    "When one card leaves the reader the other one is reset: a Vitale cannot see the CPS leave",
    "recognition (synthetic); two-slot reader",
    ("cps3", "vitale2"),
    Need.HANDS,
)
def _removal(bench: Bench) -> None:
    vitale = bench.link("vitale2")
    same(vitale.transmit(bytes.fromhex("00A4020C022F00")), b"\x90\x00", "SELECT EF.DIR of the Vitale")
    bench.afterwards(lambda: bench.hands.put_back("cps3"))
    bench.hands.take_out("cps3")
    bench.note("reader", "the CPS is taken out", "")
    answer = _answer_or_none(vitale)
    check(answer != b"\x61\x90\x00", "the Vitale still has its current file after the CPS has left")


def _answer_or_none(link: TapedLink) -> bytes | None:
    from bifente.apdu.link import LinkError

    try:
        return link.transmit(bytes.fromhex("00B0000001"))
    except LinkError:
        return None


@CASES.case(
    "removal-seen",
    "A link to a card that was taken out fails, and works no better when the card comes back",
    "PC/SC part 5 §3.2.4",
    ("vitale2",),
    Need.HANDS,
)
def _seen(bench: Bench) -> None:
    from bifente.apdu.link import LinkError

    link = bench.link("vitale2")
    bench.afterwards(lambda: bench.hands.put_back("vitale2"))
    bench.hands.take_out("vitale2")
    for what in ("is out", "has come back"):
        try:
            link.transmit(_free_command("vitale2"))
        except LinkError:
            bench.hands.put_back("vitale2")
            continue
        raise Nonconformity(f"the old link still answers when the card {what}")
    new = bench.link("vitale2")
    same(new.transmit(_free_command("vitale2")), b"\x90\x00", "SELECT over a new link")


@CASES.case(
    "reinsertion-is-fresh",
    "A card that was out has forgotten its selection",
    "ISO/IEC 7816-3:2006 §6.2",
    ("cps3",),
    Need.HANDS,
)
def _fresh(bench: Bench) -> None:
    link = bench.link("cps3")
    link.transmit(bytes.fromhex("00A4020C022F00"))
    bench.afterwards(lambda: bench.hands.put_back("cps3"))
    bench.hands.take_out("cps3")
    bench.hands.put_back("cps3")
    again = bench.link("cps3", fresh=False)
    same(again.transmit(bytes.fromhex("00B0000001")), b"\x69\x86", "READ BINARY after the card was out")


def measure(bench: Bench, kind: str, seconds: float = 0.3) -> dict[str, str]:
    """APDUs a second and the median latency of the card of that kind, by name."""
    found: dict[str, str] = {}
    commands = {"SELECT": _free_command(kind)}
    if kind == "t1test":
        commands = {
            "echo 2": _free_command(kind),
            "echo 255": bytes.fromhex("00EE0000FF") + bytes(255) + b"\xff",
            "echo 65 535": bytes.fromhex("00EE000000FFFF") + bytes(65535) + b"\xff\xff",
        }
    link = bench.target.link(kind)
    try:
        for name, command in commands.items():
            times: list[float] = []
            end = perf_counter() + seconds
            while not times or perf_counter() < end:
                begin = perf_counter()
                link.transmit(command)
                times.append(perf_counter() - begin)
            times.sort()
            median = times[len(times) // 2]
            found[f"{kind} {name}"] = f"{len(times) / sum(times):.0f}/s, median {median * 1e6:.0f} µs"
    finally:
        link.close()
    return found
