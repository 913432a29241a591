"""Given the ISO test card, when records are read and written, then these answers (ISO/IEC 7816-4:2020 §7.4 and §11.4)."""

import re

import pytest
from explained import explained
from hypothesis import given
from hypothesis import strategies as st
from issued import issued, records

from bifente.apdu import CommandAPDU
from bifente.apdu.files.fcp import Fcp
from bifente.applets import SmartCard, card_of
from bifente.applets.kernel.errors import CorruptCard
from bifente.applets.perso import read_profile
from bifente.applets.store.stores import MemoryStore
from bifente.layouts.cards.isotest import LAYOUT
from bifente.layouts.structures import Records

FIXED, VARIABLE, JOURNAL, TAGGED, BINARY = (
    "00A4020C02E104",
    "00A4020C02E105",
    "00A4020C02E106",
    "00A4020C02E107",
    "00A4020C02E101",
)
GUARDED = "00A4010C02E200"
PIN = "002000010431323334"

ANSWERS = [
    # one row: commands before, command, data of the answer or its status word
    ("by number", [FIXED], "00B2020408", "record 2"),
    ("by short identifier", [], "00B2032408", "record 3"),
    ("which makes the file current", ["00B2032408"], "00B2010408", "record 1"),
    ("the last record is the last that is there", [FIXED], "00B2040408", "6A83"),
    ("record 00 is the current one, and there is none", [FIXED], "00B2000408", "6A83"),
    ("first", [FIXED], "00B2000000", "record 1"),
    ("last", [FIXED], "00B2000100", "record 3"),
    ("next without a current record is the first", [FIXED], "00B2000200", "record 1"),
    ("previous without a current record is the last", [FIXED], "00B2000300", "record 3"),
    ("next", [FIXED, "00B2000000"], "00B2000200", "record 2"),
    ("next of the last", [FIXED, "00B2000100"], "00B2000200", "6A83"),
    ("which leaves the current record", [FIXED, "00B2000100", "00B2000200"], "00B2000400", "record 3"),
    ("previous of the first", [FIXED, "00B2000000"], "00B2000300", "6A83"),
    ("a number does not make a record current", [FIXED, "00B2000000", "00B2030400"], "00B2000400", "record 1"),
    ("SELECT forgets the current record", [FIXED, "00B2000000", FIXED], "00B2000400", "6A83"),
    ("and so does a short identifier", [FIXED, "00B2000000", "00B2012400"], "00B2000400", "6A83"),
    ("from a number on", [FIXED], "00B2020500", "record 2record 3"),
    ("from the last back to a number", [FIXED], "00B2020600", "record 3record 2"),
    ("more than there is", [FIXED], "00B2010409", "record 1 6282"),
    ("less than there is", [FIXED], "00B2010406", "record"),
    ("records have no identifiers", [FIXED], "00B2720000", "6A83"),
    ("P2 is not 7", [FIXED], "00B2010700", "6A86"),
    ("short identifier 31 is none", [], "00B201FC00", "6A86"),
    ("record FF is none", [FIXED], "00B2FF0400", "6A86"),
    ("without Le", [FIXED], "00B20104", "6700"),
    ("of variable size", [VARIABLE], "00B2030400", "a longer record"),
    ("cyclic: the first is the youngest", [JOURNAL], "00B2010400", "third."),
    ("by identifier", [TAGGED], "00B2110000", "\x11\x03red"),
    ("next with the same identifier", [TAGGED, "00B2110000"], "00B2110200", "\x11\x04blue"),
    ("last with an identifier", [TAGGED], "00B2220100", "\x22\x05green"),
    ("no such identifier", [TAGGED], "00B2330000", "6A83"),
    ("a transparent file", [BINARY], "00B2010400", "6981"),
    ("READ BINARY of records", [FIXED], "00B0000008", "6981"),
    ("no file", ["00A4000C"], "00B2010400", "6986"),
    ("an unknown short identifier", [], "00B201F400", "6A82"),
    ("under the PIN", [GUARDED], "00B2010C00", "6982"),
    ("with the PIN", [GUARDED, PIN], "00B2010C00", "secret 1"),
    ("UPDATE by number", [FIXED, "00DC020408" + b"changed!".hex()], "00B2020400", "changed!"),
    ("UPDATE of the current record", [FIXED, "00B2000200", "00DC000408" + b"changed!".hex()], "00B2010400", "changed!"),
    ("UPDATE of the next, which becomes current", [FIXED, "00DC000208" + b"changed!".hex()], "00B2000400", "changed!"),
    ("UPDATE of another size", [FIXED], "00DC02040431323334", "6700"),
    ("UPDATE of variable size", [VARIABLE, "00DC010403313233"], "00B2010400", "123"),
    ("and the others stand where they stood", [VARIABLE, "00DC010403313233"], "00B2020400", "quatre"),
    ("UPDATE that is too long", [VARIABLE], "00DC010429" + "00" * 41, "6700"),
    ("UPDATE by identifier", [TAGGED], "00DC1100021100", "6A86"),
    ("UPDATE of what is not there", [FIXED], "00DC040408" + "00" * 8, "6A83"),
    ("UPDATE with Le", [FIXED], "00DC010408" + "00" * 8 + "00", "6700"),
    ("UPDATE in a cyclic file", [JOURNAL, "00DC010406" + b"third!".hex()], "00B2010500", "third!secondfirst."),
    ("UPDATE PREVIOUS there appends", [JOURNAL, "00DC000306" + b"fourth".hex()], "00B2010500", "fourththird.secondfirst."),
    ("until the oldest gives way", [JOURNAL, "00DC000306" + b"fourth".hex(), "00E2000006" + b"fifth.".hex()], "00B2040400", "second"),
    ("APPEND makes its record current", [JOURNAL, "00E2000006" + b"fourth".hex()], "00B2000400", "fourth"),
    ("APPEND to a linear file", [FIXED, "00E2000008" + b"record 4".hex()], "00B2000400", "record 4"),
    ("APPEND by short identifier", ["00E2002003" + b"cinq".hex()[:6]], "00B2000400", "6986"),
    ("APPEND to a full file", [FIXED, *["00E2000008" + "00" * 8] * 5], "00E2000008" + "00" * 8, "6A84"),
    ("APPEND with P1", [FIXED], "00E2010008" + "00" * 8, "6A86"),
    ("APPEND without data", [FIXED], "00E20000", "6700"),
    ("UPDATE under the PIN", [GUARDED], "00DC010C08" + "00" * 8, "6982"),
    ("nobody may write there", [GUARDED, PIN], "00E2000808" + "00" * 8, "9000"),
]  # fmt: skip


def told(card: SmartCard, command: str) -> bytes:
    return explained(card, card.transmit(bytes.fromhex(command)))


@pytest.mark.parametrize(
    ("before", "command", "expected"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_answers(before: list[str], command: str, expected: str) -> None:
    card = issued("isotest")
    for each in before:
        told(card, each)
    answer = told(card, command)
    data, status = expected.rsplit(" ", 1) if expected.endswith(" 6282") else (expected, "9000")
    if re.fullmatch("[69][0-9A-F]{3}", expected):
        data, status = "", expected
    assert answer == data.encode("latin-1") + bytes.fromhex(status)


def test_what_is_written_stands_after_the_power_is_gone() -> None:
    card = issued("isotest")
    for command in ("00DC032408" + b"changed!".hex(), "00E2003006" + b"fourth".hex()):
        assert told(card, command) == b"\x90\x00"
    card.power_off()
    card.power_on()
    assert told(card, "00B2032400") == b"changed!\x90\x00"
    assert told(card, "00B2013500") == b"fourththird.secondfirst.\x90\x00"


def test_select_says_the_structure() -> None:
    card = issued("isotest")
    answer = told(card, "00A4020402E10500")
    fcp = Fcp.parse(answer[:-2])
    assert fcp.descriptor is not None
    assert fcp.descriptor.explain() == "linear variable EF, 16 records of at most 40 bytes"
    assert fcp.size == len("unquatrea longer record")
    told(card, "00E2002803313233")
    again = Fcp.parse(told(card, "00A4020402E10500")[:-2])
    assert again.size == fcp.size + 3


def test_a_content_that_is_none_of_records_is_found_when_the_card_is_loaded() -> None:
    spoiled = {**records("isotest"), "file/3F00/E104": b'{"raw": "0102"}'}
    card = card_of(MemoryStore(spoiled), "isotest")
    with pytest.raises(CorruptCard, match="2 bytes are not records of 8 each"):
        card.power_on()


WRITTEN = st.tuples(
    st.sampled_from([0xDC, 0xE2]),
    st.integers(0, 9),
    st.integers(4, 7),
    st.integers(0, 4),
    st.sampled_from([6, 8, 8, 6, 3, 40, 41]),
    st.integers(0, 255),
)


@given(st.lists(WRITTEN, max_size=20))
def test_records_are_what_a_list_would_be(commands: list[tuple[int, int, int, int, int, int]]) -> None:
    """A list for each file, changed by each command that is answered with 9000; others change nothing."""
    card = issued("isotest")
    contents = read_profile("isotest").contents()
    model = {
        node.sfi: list(node.structure.split(node.codec.encode(contents[node.name])))
        for node in LAYOUT.mf.files()
        if isinstance(node.structure, Records)
    }
    for ins, p1, sfi, which, size, fill in commands:
        data = bytes((fill,)) * size
        command = CommandAPDU.build(
            0, ins, p1 if ins == 0xDC else 0, sfi << 3 | (which if ins == 0xDC else 0), data
        )
        if explained(card, card.transmit(command.raw)) != b"\x90\x00":
            continue
        held = model[sfi]
        if ins == 0xE2 or (sfi == 6 and which == 3):
            held.insert(0, data) if sfi == 6 else held.append(data)
            del held[4 if sfi == 6 else 99 :]
        else:
            held[p1 - 1 if which == 4 else 0 if which in (0, 2) else -1] = data
    for sfi, held in model.items():
        assert sfi is not None
        read = [
            explained(card, card.transmit(bytes((0, 0xB2, at + 1, sfi << 3 | 4, 0))))
            for at in range(len(held) + 1)
        ]
        assert read == [*(record + b"\x90\x00" for record in held), b"\x6a\x83"]
