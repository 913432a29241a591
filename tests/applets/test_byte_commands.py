"""Given the ISO test card, when its files are written, erased and searched, then these answers (ISO/IEC 7816-4:2020 §11.3, §11.4)."""

import pytest
from explained import explained
from hypothesis import given
from hypothesis import strategies as st
from issued import issued

from bifente.apdu import CommandAPDU, tlv
from bifente.applets import SmartCard

BINARY, ONCE, FUSES = "00A4020C02E101", "00A4020C02E102", "00A4020C02E103"
FIXED, VARIABLE, JOURNAL, TAGGED = "00A4020C02E104", "00A4020C02E105", "00A4020C02E106", "00A4020C02E107"
GUARDED, PIN = "00A4010C02E200", "002000010431323334"

ANSWERS = [
    # one row: commands before, command, answer
    ("WRITE sets bits where the file says OR", [BINARY, "00D0000002F0F0"], "00B0000003", "F0F1029000"),
    ("it clears bits where it says AND", [FUSES, "00D00000020FF0", "00D00000023C3C"], "00B0000003", "0C30FF9000"),
    ("or it takes erased bytes alone", [ONCE, "00D000010101"], "00B0000003", "0001009000"),
    ("and refuses others", [ONCE, "00D000010101"], "00D000000102", "9000"),
    ("the written one", [ONCE, "00D000010101"], "00D000000202FF", "6985"),
    ("WRITE by short identifier", ["00D0810002F0F0"], "00B0000003", "F0F1029000"),
    ("WRITE that does not fit", [BINARY], "00D0003F020000", "6A84"),
    ("WRITE outside", [BINARY], "00D000400100", "6B00"),
    ("WRITE without data", [BINARY], "00D00000", "6700"),
    ("WRITE of records", [FIXED], "00D000000100", "6981"),
    ("a file that says nothing of it is one-time write", [GUARDED, PIN, "00A4020C02E202"], "00D000000100", "6985"),
    ("WRITE under the PIN", [GUARDED, "00A4020C02E202"], "00D000000100", "6982"),
    ("WRITE with an offset object", [BINARY, "00D10000075401015302F0F0"], "00B0000003", "00F1F29000"),
    ("ERASE to the end", [BINARY, "000E0002"], "00B0000004", "000100009000"),
    ("ERASE as far as an offset", [BINARY, "000E0001020003"], "00B0000004", "000000039000"),
    ("ERASE of fuses puts ones", [FUSES, "00D0000002000F", "000E0001"], "00B0000002", "00FF9000"),
    ("ERASE that ends before it begins", [BINARY], "000E0003020003", "6A80"),
    ("ERASE that ends outside", [BINARY], "000E0003020041", "6A80"),
    ("ERASE outside", [BINARY], "000E0040", "6B00"),
    ("ERASE with one byte", [BINARY], "000E00000101", "6700"),
    ("ERASE with offset objects", [BINARY, "000F000006540101540103"], "00B0000004", "000000039000"),
    ("ERASE all of it", [BINARY, "000F0000"], "00B0000004", "000000009000"),
    ("ERASE makes written bytes writable", [ONCE, "00D000010101", "000E0000"], "00D000010102", "9000"),
    ("SEARCH", [BINARY], "00A0000002212200", "219000"),
    ("SEARCH from an offset", [BINARY], "00A0002202212200", "6282"),
    ("SEARCH with an offset object", [BINARY], "00A1000007540100530221 2200", "5401219000"),
    ("SEARCH in another file", [], "00A1E10307540100530200FF00", "6282"),
    ("SEARCH without Le", [BINARY], "00A00000022122", "6700"),
    ("READ with an offset object", [BINARY], "00B100000354010205", "5303020304"[:10] + "9000"),
    ("to the end", [BINARY], "00B1000003540138 00", "530838393A3B3C3D3E3F9000"),
    ("as far as Le goes with the object around", [BINARY], "00B100000354010002", "53009000"),
    ("by file identifier", [], "00B1E10303540100 03", "5301FF9000"),
    ("which makes it current", ["00B1E1030354010003"], "00B0000001", "FF9000"),
    ("by short identifier", [], "00B10001035401010 3".replace(" ", ""), "5301019000"),
    ("of a file that is not there", [], "00B1E10903540100 03", "6A82"),
    ("P1-P2 that name nothing", [], "00B1FFFF03540100 03", "6A86"),
    ("without the object", [BINARY], "00B1000003530100 03", "6A80"),
    ("READ outside", [BINARY], "00B1000003540140 03", "6B00"),
    ("UPDATE with an offset object", [BINARY, "00D70000075401015302AABB"], "00B0000004", "00AABB039000"),
    ("UPDATE that does not fit", [BINARY], "00D700000754013F5302AABB", "6A84"),
    ("UPDATE without data", [BINARY], "00D7000003540101", "6A80"),
    ("WRITE RECORD sets bits", ["00D20124080101010101010101"], "00B2012400", b"secose!1".hex().upper() + "9000"),
    ("WRITE RECORD of another size", [VARIABLE], "00D2010401FF", "6700"),
    ("WRITE RECORD PREVIOUS in a cyclic file", [JOURNAL, "00D2000306" + b"fourth".hex()], "00B2010400", b"fourth".hex().upper() + "9000"),
    ("ERASE RECORD", [FIXED, "000C0204"], "00B2020400", "00" * 8 + "9000"),
    ("and all after it", [FIXED, "000C0205"], "00B2030400", "00" * 8 + "9000"),
    ("and none before it", [FIXED, "000C0205"], "00B2010400", b"record 1".hex().upper() + "9000"),
    ("ERASE RECORD that is not there", [FIXED], "000C0404", "6A83"),
    ("ERASE RECORD by identifier", [TAGGED], "000C1100", "6A86"),
    ("SEARCH RECORD", [VARIABLE], "00A20104017200", "02039000"),
    ("SEARCH RECORD backward", [VARIABLE], "00A20305017200", "03029000"),
    ("whose first is current", [VARIABLE, "00A20305017200"], "00B2000400", b"a longer record".hex().upper() + "9000"),
    ("SEARCH RECORD that finds none", [VARIABLE], "00A20104027A7A00", "6282"),
    ("enhanced, from an offset", [VARIABLE], "00A20106030403 7200", "02039000"),
    ("enhanced, from a value", [VARIABLE], "00A20106030C6C 6500", "039000"),
    ("enhanced, behind the current record", [VARIABLE, "00A20104017200"], "00A20006030600 7200", "039000"),
    ("enhanced without a string", [VARIABLE], "00A20106020400 00", "6A80"),
    ("SEARCH RECORD from one that is not there", [VARIABLE], "00A20904017200", "6A83"),
    ("READ RECORD of a part", [FIXED], "00B3020403540107 03", "5301329000"),
    ("READ RECORD outside", [FIXED], "00B3020403540108 03", "6B00"),
    ("UPDATE RECORD of a part", [FIXED, "00DD0204065401075301 2A"], "00B2020400", b"record *".hex().upper() + "9000"),
    ("by AND", [FIXED, "00DD0205065401065301 DF"], "00B2020400", b"record\x002".hex().upper() + "9000"),
    ("by OR", [FIXED, "00DD0206065401075301 0D"], "00B2020400", b"record ?".hex().upper() + "9000"),
    ("by XOR", [FIXED, "00DD0207065401005301 20"], "00B2020400", b"Record 2".hex().upper() + "9000"),
    ("UPDATE RECORD of a part that does not fit", [FIXED], "00DD0204075401075302 2A2A", "6A84"),
]  # fmt: skip


def told(card: SmartCard, command: str) -> str:
    return explained(card, card.transmit(bytes.fromhex(command))).hex().upper()


@pytest.mark.parametrize(
    ("before", "command", "expected"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_answers(before: list[str], command: str, expected: str) -> None:
    card = issued("isotest")
    for each in before:
        assert told(card, each)[-4:] == "9000", each
    assert told(card, command) == expected


def test_part_of_the_offset_object_says_what_is_read() -> None:
    """Every Le: object 53 is whole, and never longer than Le."""
    card = issued("isotest")
    for ne in range(1, 80):
        answer = card.transmit(CommandAPDU.build(0, 0xB1, 0, 1, bytes.fromhex("540100"), ne).raw)
        item, rest = tlv.decode_one(answer[:-2]) if ne > 1 else (None, b"")
        assert len(answer) - 2 <= ne
        assert rest == b""
        if item is not None:
            assert item.value == bytes(range(64))[: len(item.value)]


@given(
    st.lists(
        st.tuples(st.sampled_from([0xD0, 0xD6, 0x0E]), st.sampled_from([1, 3]), st.integers(0, 70), st.binary(min_size=1, max_size=9)),
        max_size=12,
    )
)  # fmt: skip
def test_files_are_what_byte_strings_would_be(commands: list[tuple[int, int, int, bytes]]) -> None:
    """WRITE by OR and by AND, UPDATE and ERASE, held against byte arrays."""
    card = issued("isotest")
    model = {1: bytearray(range(64)), 3: bytearray(b"\xff" * 32)}
    for ins, sfi, at, data in commands:
        sent = b"" if ins == 0x0E else data
        answer = explained(card, card.transmit(CommandAPDU.build(0, ins, 0x80 | sfi, at, sent).raw))
        held = model[sfi]
        fits = at < len(held) and at + len(sent) <= len(held)
        assert (answer == b"\x90\x00") == fits
        if not fits:
            continue
        for place in range(at, len(held) if ins == 0x0E else at + len(data)):
            new = 0 if ins == 0x0E else data[place - at]
            if ins == 0x0E:
                held[place] = 0x00 if sfi == 1 else 0xFF
            elif ins == 0xD6:
                held[place] = new
            else:
                held[place] = held[place] | new if sfi == 1 else held[place] & new
    for sfi, held in model.items():
        assert card.transmit(bytes((0, 0xB0, 0x80 | sfi, 0, 0)))[:-2] == bytes(held)
