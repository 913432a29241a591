"""The commands of a trace, sent to a card again."""

import pytest
from issued import records

from bifente.applets import card_of
from bifente.applets.store.stores import MemoryStore
from bifente.reader import T0Front
from bifente.traces.comparison.diff import compare
from bifente.traces.files import TraceList
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import Exchange, Item, Level
from bifente.traces.record import Recorder
from bifente.traces.replaying.play import Performance, play

SELECT = "00A4040C0DE828BD080F8025000001FF0010"
COMMANDS = (SELECT, "002000010431323334", "00A4020402D120", "00C0000026", "00B0000010", "0084000008")


def trace(*commands: str, unmask: bool = False) -> list[Item]:
    sink = TraceList()
    card = Recorder(
        T0Front(card_of(MemoryStore(records("gp")), "cps3")), sink, level=Level.TPDU, unmask=unmask
    )
    card.power_on()
    for command in commands:
        card.transmit(bytes.fromhex(command))
    return sink.items


def played(items: list[Item], *, pin: bytes | None = None, writes: bool = False) -> Performance:
    card = card_of(MemoryStore(records("gp")), "cps3")
    return play(items, T0Front(card), card.power_on(), pin=pin, writes=writes)


def test_the_same_card_says_the_same() -> None:
    done = played(trace(*COMMANDS), pin=b"1234")
    assert (done.skipped, done.stopped) == ({}, "")
    result = compare(done.asked, done.items)
    assert result.same
    assert result.compared == 6


def test_without_the_pin_a_masked_verify_is_left_out() -> None:
    done = played(trace(*COMMANDS))
    assert done.skipped == {"masked VERIFY": 1}
    result = compare(done.asked, done.items)
    assert [each.field for each in result.divergences] == ["status word"]


def test_a_refused_pin_ends_it() -> None:
    done = played(trace(*COMMANDS), pin=b"9999")
    assert done.stopped == "the card refused the PIN"
    assert len([item for item in done.items if isinstance(item, Exchange)]) == 2
    assert b"9999" not in repr(done).encode()


def test_what_changes_the_card_is_left_out() -> None:
    change = "0024000108313233343132" + "3334"
    items = trace(SELECT, change, unmask=True)
    assert played(items).skipped == {"CHANGE REFERENCE DATA, which changes the card": 1}
    assert played(items, writes=True).skipped == {}


REAL_CPS = [
    ("00A4000C023F00", "9000"),
    ("00A40904022F01", "6127"),
    ("00C0000027", "62258002003982010183022F018801E8A1128C077B45FFFFFF45009C077BFFFFFFFFFF008A01059000"),
    ("00B0000039", ("804301B8460404B0ECC147039401804F088025000001FF0100E01002020104020201040202010002020100"
                    "780806062B8122F87802820290009000")),
    ("00A40400088025000001FF0100", "9000"),
    ("00A40904022F00", "6127"),
    ("00C0000027", "62258002006582010183022F008801F0A1128C077B45FFFFFF45009C077BFFFFFFFFFF008A01059000"),
]  # fmt: skip
"""The log of a real CPS in OpenSC issue #2223, TPDU by TPDU."""


@pytest.mark.parametrize("front", [False, True], ids=["the card itself", "behind a T=0 reader"])
def test_a_real_cps_and_ours_say_the_same(front: bool) -> None:
    """On T=0 the Le of a SELECT does not travel; the card, which is spoken to in APDUs, is given it."""
    items = [
        Exchange(
            MaskedBytes(bytes.fromhex(command)),
            MaskedBytes(bytes.fromhex(answer)),
            1000 * number,
            0,
            "ICC",
            Level.TPDU,
        )
        for number, (command, answer) in enumerate(REAL_CPS)
    ]
    card = card_of(MemoryStore(records("gp")), "cps3")
    atr = card.power_on()
    done = play(items, T0Front(card) if front else card, atr, tpdu=front)
    result = compare(done.asked, done.items)
    assert result.same
    assert result.compared == 5


def test_byte_by_byte_behind_the_front() -> None:
    front = T0Front(card_of(MemoryStore(records("gp")), "cps3"))
    front.power_on()
    for command, answer in REAL_CPS:
        assert front.transmit(bytes.fromhex(command)).hex().upper() == answer, command
