"""Given a card with 4 or 20 logical channels, when they are opened and closed, then each has a state of its own
(ISO/IEC 7816-4:2020 §5.4.1 and §11.2.3)."""

import pytest
from explained import explained
from issued import records

from bifente.applets import SmartCard
from bifente.applets.families import family_of
from bifente.applets.kernel.classes import ClassPolicy
from bifente.applets.store.stores import MemoryStore

AID = "F0424946454E54452D49534F2D32"
FIXED, NOTE = "A4020C02E104", "A4020C02E202"


def made(channels: int) -> SmartCard:
    family = family_of("isotest")
    card = SmartCard(
        MemoryStore(records("isotest")),
        family.layout,
        family.instructions(),
        classes=ClassPolicy(channels=channels),
    )
    card.power_on()
    return card


def told(card: SmartCard, command: str) -> str:
    return explained(card, card.transmit(bytes.fromhex(command))).hex().upper()


def cla(channel: int) -> str:
    """The class byte of a channel (ISO/IEC 7816-4:2020 tables 2 and 3)."""
    return f"{channel if channel < 4 else 0x40 | channel - 4:02X}"


@pytest.mark.parametrize("count", [1, 4, 20])
def test_the_card_assigns_each_channel_once(count: int) -> None:
    card = made(count)
    assert [told(card, "0070000001") for _ in range(count)] == [
        *(f"{number:02X}9000" for number in range(1, count)),
        "6A81",
    ]
    for number in range(1, count):
        assert told(card, f"{cla(number)}B2012408") == b"record 1".hex().upper() + "9000"
    if count < 20:
        assert told(card, f"{cla(count)}B2012408") == "6881"


ANSWERS = [
    # one row: commands before, command, answer
    ("a closed channel takes nothing", [], "01B2012408", "6881"),
    ("a chosen number", ["00700002"], "02B2012408", "7265636F726420319000"),
    ("it answers nothing but 9000", [], "0070000200", "9000"),
    ("it leaves the others closed", ["00700002"], "01B2012408", "6881"),
    ("a channel that is open", ["00700002"], "00700002", "6A81"),
    ("a channel that the card does not have", [], "00700004", "6881"),
    ("beyond those of the standard", [], "00700014", "6A86"),
    ("an unknown P1", [], "00704000", "6A86"),
    ("with data", [], "0070000001AA", "6700"),
    ("a number to assign and no Le", [], "00700000", "6700"),
    ("close by number", ["00700002", "00708002"], "02B2012408", "6881"),
    ("close from within", ["00700002", "02708000"], "02B2012408", "6881"),
    ("close another", ["00700002", "00700001", "02708001"], "01B2012408", "6881"),
    ("close what is closed", [], "00708001", "6881"),
    ("the basic channel stays", [], "00708000", "6A86"),
    ("a file is current in its channel only", ["00700001", "00" + FIXED], "01B2010400", "6986"),
    ("and so is a directory", ["00700001", "01A4040C0E" + AID], "00" + NOTE, "6A82"),
    ("which the other has", ["00700001", "01A4040C0E" + AID], "01" + NOTE, "9000"),
    ("and a record", ["00700001", "00B2002100", "01" + FIXED], "01B2000400", "6A83"),
    ("opened from the basic channel it begins in the MF", ["00A4040C0E" + AID, "00700001"], "01" + NOTE, "6A82"),
    ("from another one where that is", ["00700001", "01A4040C0E" + AID, "01700002"], "02" + NOTE, "9000"),
    ("what is proven is proven to the card", ["00700001", "00200001 04 31323334", "01A4040C0E" + AID], "01B0820006", b"a note".hex().upper() + "9000"),
    ("SELECT by name opens a channel", ["03A4040C0E" + AID], "03" + NOTE, "9000"),
    ("unless it is refused", ["03A4040C0EFF" + AID[2:]], "03" + NOTE, "6881"),
    ("SELECT by identifier does not", [], "03A4000C023F00", "6881"),
    ("opened anew it has forgotten", ["01A4040C0E" + AID, "01" + NOTE, "00708001", "00700001"], "01B0000006", "6986"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "command", "expected"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_answers(before: list[str], command: str, expected: str) -> None:
    card = made(4)
    for each in before:
        told(card, each)
    assert told(card, command) == expected


def test_a_reset_closes_them() -> None:
    card = made(20)
    for number in range(1, 20):
        assert told(card, f"007000{number:02X}") == "9000"
    card.reset()
    assert {told(card, f"{cla(number)}B2012408") for number in range(1, 20)} == {"6881"}


def test_a_chain_belongs_to_its_channel() -> None:
    """Another channel neither continues nor ends it (§5.3.3)."""
    card = made(4)
    told(card, "00700001")
    assert told(card, "10DB3FFF01AA")[:2] in ("90", "6D", "68")
    assert told(card, "01B2012408") == b"record 1".hex().upper() + "9000"
