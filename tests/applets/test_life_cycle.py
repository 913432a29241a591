"""Given the ISO test card, when files are created, closed, ended and deleted, then every command obeys (ISO/IEC 7816-9:2017)."""

from datetime import date

import pytest
from explained import explained
from issued import authority, issued, records

from bifente.apdu import tlv
from bifente.apdu.files.fcp import Fcp
from bifente.applets import SmartCard, card_of
from bifente.applets.kernel.errors import CorruptCard
from bifente.applets.kernel.records import check_records
from bifente.applets.perso import parse_profile, personalise
from bifente.applets.perso.cardrecords import layout_of
from bifente.applets.perso.edit import change, dump
from bifente.applets.store.stores import MemoryStore
from bifente.layouts.cards.isotest import LAYOUT

PIN = "002000010431323334"
GUARDED = "00A4010C02E200"
NOTE = "00A4020C02E202"


def create(objects: str) -> str:
    """CREATE FILE with these parameters."""
    fcp = tlv.encode(0x62, bytes.fromhex(objects))
    return f"00E00000{len(fcp):02X}{fcp.hex().upper()}"


TRANSPARENT = create("80020010 820101 83027001 8801 40")
TREE = create("820138 83027000 840441424344")
INSIDE = create("82050441000804 83027002 880110 8A0103")
"""Linear variable, WRITE is OR, 4 records of at most 8 bytes; SFI 2; in the state of initialisation."""
UNDER_PIN = create("80020004 820101 83027003 8800 8C08 7FFFFFFFFF131313")
"""Access mode 7F; never, but WRITE, UPDATE and READ under the PIN of SE#3."""
NOT_THERE = create("80020004 820101 83027003 8800 8C02 0119")

ANSWERS = [
    # one row: commands before, command, answer
    ("a created file is current, and zero", [TRANSPARENT], "00B0000010", "00" * 16 + "9000"),
    ("it is written and read", [TRANSPARENT, "00D6000002AABB"], "00B0880002", "AABB9000"),
    ("its identifier is taken", [TRANSPARENT], TRANSPARENT, "6A89"),
    ("its short identifier too", [TRANSPARENT], TRANSPARENT.replace("7001", "7009"), "6A89"),
    ("a DF is current", [TREE], "00A4000C", "9000"),
    ("it is found by its name", [TREE, "00A4000C"], "00A4040C0441424344", "9000"),
    ("a name is given once", [TREE, "00A4000C"], TREE.replace("7000", "7010"), "6A8A"),
    ("a file is made in it", [TREE, INSIDE, "00E200000455667788"], "00B2010400", "556677889000"),
    ("and has no record before", [TREE, INSIDE], "00B2010400", "6A83"),
    ("no room for a fifth", [TREE, INSIDE, *["00E200000455667788"] * 4], "00E2000001FF", "6A84"),
    ("a file under the PIN", [UNDER_PIN], "00B0000004", "6982"),
    ("with the PIN", [UNDER_PIN, PIN], "00B0000004", "000000009000"),
    ("a security environment that is not there", [], NOT_THERE, "6A80"),
    ("a reserved identifier", [], TRANSPARENT.replace("7001", "3FFF"), "6A80"),
    ("no descriptor", [], create("83027001"), "6A80"),
    ("no parameters", [], "00E0000002AABB", "6A80"),
    ("nothing", [], "00E00000", "6700"),
    ("P1-P2", [], "00E0380002AABB", "6A86"),
    ("a state in which nothing is created", [], create("820101 83027001 8A010C"), "6A80"),
    ("in a directory that needs the PIN", [GUARDED], TRANSPARENT, "6982"),
    ("a file that is too large", [], create("800400010001 820101 83027001 8800"), "6A84"),
    ("a deactivated file is selected with a warning", ["000400 0002E101"], "00A4020C02E101", "6283"),
    ("and says so", ["000400 0002E101"], "00A4020402E10100", None),
    ("it is not read", ["000400 0002E101"], "00B0810001", "6985"),
    ("nor written", ["000400 0002E101"], "00D081000100", "6985"),
    ("nor by its identifier", ["000400 0002E101"], "00B1E1010354010010", "6985"),
    ("nor its records", ["000400 0002E104"], "00B2012400", "6985"),
    ("nor appended", ["000400 0002E104"], "00E2002008" + "00" * 8, "6985"),
    ("activated it is as before", ["000400 0002E101", "004400 0002E101"], "00B0810002", "00019000"),
    ("activation of an activated one", [], "004400 0002E101", "9000"),
    ("a file that is not there", [], "004400 0002E109", "6A82"),
    ("TERMINATE needs the PIN", [], "00E80000 02E101", "6982"),
    ("a terminated file", [PIN, "00E80000 02E101"], "00A4020C02E101", "6285"),
    ("is not read", [PIN, "00E80000 02E101"], "00B0810001", "6985"),
    ("nor activated again", [PIN, "00E80000 02E101"], "004400 0002E101", "6985"),
    ("nor terminated", [PIN, "00E80000 02E101"], "00E80000 02E101", "6985"),
    ("but deleted", [PIN, "00E80000 02E101", "00E40000 02E101"], "00A4020C02E101", "6A82"),
    ("TERMINATE EF of a DF", [PIN], "00E80000 02E200", "6985"),
    ("TERMINATE DF of an EF", [PIN], "00E60000 02E101", "6985"),
    ("TERMINATE DF of the MF", [PIN], "00E60000", "6985"),
    ("a deactivated DF is selected with a warning", [PIN, "00040000 02E200"], GUARDED, "6283"),
    ("a terminated DF", [PIN, "00E60000 02E200"], GUARDED, "6285"),
    ("a deleted file", ["00E40000 02E101"], "00B0810001", "6A82"),
    ("DELETE of a DF takes all that is in it", [TREE, INSIDE, "00A4000C", PIN, "00E40000 027000"], "00A4080C0470007002", "6A82"),
    ("and its name", [TREE, "00A4000C", PIN, "00E40000 027000"], "00A4040C0441424344", "6A82"),
    ("and can be made again", [TREE, "00A4000C", PIN, "00E40000 027000"], TREE, "9000"),
    ("DELETE of what every card has", [PIN], "00E40000 02E200", "6985"),
    ("DELETE of the MF", [PIN], "00E40000", "6985"),
    ("DELETE under the PIN", [GUARDED], "00E40000 02E202", "6982"),
    ("DELETE of the current EF", [NOTE.replace("E202", "E101"), "00E40000"], "00B0000001", "6986"),
]  # fmt: skip


def told(card: SmartCard, command: str) -> str:
    return explained(card, card.transmit(bytes.fromhex(command))).hex().upper()


def prepared(*commands: str) -> SmartCard:
    card = issued("isotest")
    for command in commands:
        assert told(card, command) == "9000", command
    return card


@pytest.mark.parametrize(
    ("before", "command", "expected"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_answers(before: list[str], command: str, expected: str | None) -> None:
    card = issued("isotest")
    for each in before:
        assert told(card, each)[-4:] == "9000", each
    answer = told(card, command)
    if expected is None:
        assert answer[-4:] == "6283"
        assert Fcp.parse(bytes.fromhex(answer)[:-2]).life_cycle == 4
    else:
        assert answer == expected


def test_what_is_in_a_closed_directory_is_out_of_reach() -> None:
    card = prepared(PIN, "0004000002E200")
    assert told(card, "00A4000C02E200") == "6283"
    assert told(card, "00A4020C02E202") == "9000"
    assert told(card, "00B0000001") == "6985"
    assert told(card, TRANSPARENT) == "6985"
    assert told(card, "00CB3FFF0A4D087006BF8101 02A080") == "6985"
    assert told(card, "00440000") == "9000", "the file in it is active; it is the directory that is not"
    assert told(card, "00B0000001") == "6985"
    assert told(card, "00A4000C02E200") == "6283"
    assert told(card, "00440000") == "9000"
    assert told(card, "00B0820001") == "619000"


def test_a_terminated_card_refuses_all_for_good() -> None:
    card = prepared(PIN, "00FE0000")
    for _ in range(2):
        for command in (
            "00A4000C023F00",
            PIN,
            "00B0810001",
            "00440000",
            "00FE0000",
            "0070000001",
            "00C0000000",
        ):
            assert told(card, command) in ("6985", "6D00"), command
        card.power_off()
        card.power_on()


def test_it_is_all_there_after_the_power_is_gone() -> None:
    card = prepared(TREE, INSIDE, "00E2000002AABB", "00A4000C", "0004000002E101", "00E4000002E102")
    for _ in range(2):
        assert told(card, "00A4080C0470007002") == "9000"
        assert told(card, "00B2010400") == "AABB9000"
        assert told(card, "00A4080C02E101") == "6283"
        assert told(card, "00A4080C02E102") == "6A82"
        assert told(card, "00A4040C0441424344") == "9000"
        fcp = Fcp.parse(card.transmit(bytes.fromhex("00A40204 02700200"))[:-2])
        assert (fcp.life_cycle, fcp.sfi) == (3, 2)
        card.power_off()
        card.power_on()


def contents(card: SmartCard) -> dict[str, bytes]:
    return {name: card.store.get(name) for name in card.store.names()}


def test_a_dump_with_secrets_is_the_same_card_and_restore_takes_it_all_back() -> None:
    card = prepared(
        TREE, INSIDE, "00E2000002AABB", "00A4000C", PIN, "0004000002E101", "00E8000002E103", "00E4000002E102"
    )
    now = contents(card)
    assert [path for path, _ in layout_of(now).walk() if "7000" in path] == ["3F00/7000", "3F00/7000/7002"]
    again = personalise(
        parse_profile(dump.dump_text(now, secrets=True), "d"), authority(), today=date(2030, 1, 1)
    )
    twin = card_of(MemoryStore(again), "isotest")
    twin.power_on()
    for command, answer in (
        ("00A4080C0470007002", "9000"),
        ("00B2010400", "AABB9000"),
        ("00A4080C02E103", "6285"),
        ("00A4080C02E102", "6A82"),
    ):
        assert told(twin, command) == answer
    restored = dict(now)
    for name, record in change.restore(now).items():
        restored.pop(name, None)
        if record is not None:
            restored[name] = record
    assert restored == records("isotest")


@pytest.mark.parametrize(
    ("name", "record", "why"),
    [
        ("life/3F00/E101", b"\x02", "not a state of a file's life"),
        ("life/3F00/E101", b"", "not a state of a file's life"),
        ("created/3F00/7001", bytes.fromhex("620B8002001082010183027001"), "it is missing"),
        ("created/3F00/7001", b"", "nothing is there"),
        ("created/3F00/7099/7001", bytes.fromhex("620B8002001082010183027001"), "a directory that is not there"),
        ("created/3F00/E101", bytes.fromhex("620B800200108201018302E101"), "another file of that identifier"),
        ("created/3F00/7002", bytes.fromhex("620B8002001082010183027001"), "not the parameters of a file at that place"),
        ("created/3F00/zzzz", bytes.fromhex("620B8002001082010183027001"), "zzzz"),
    ],
)  # fmt: skip
def test_spoiled_records_are_found_when_the_card_is_loaded(name: str, record: bytes, why: str) -> None:
    with pytest.raises(CorruptCard, match=why):
        check_records({**records("isotest"), name: record}, LAYOUT)


def test_deleting_what_another_channel_is_in() -> None:
    card = prepared("00700001", TREE, INSIDE)
    assert told(card, "01A4080C0470007002") == "9000"
    assert told(card, "00A4000C") == "9000"
    assert told(card, PIN) == "9000"
    assert told(card, "00E40000027000") == "9000"
    assert told(card, "01B2010400") == "6986"
    assert told(card, "01A4020C02E101") == "9000"
