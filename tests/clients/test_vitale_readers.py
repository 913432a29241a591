"""The public readers of the carte Vitale: the exact commands that each sends, played through PC/SC.

Each reader is told here by its habits: cardpeek (``vitale_2.lua`` and its transport), Rufus (``lecteurvitale.cpp``),
and the JavaScript readers of the family CardVitalRead.
"""

from collections.abc import Callable, Iterator

import pytest
from clients import Player, card

from bifente.apdu import tlv
from bifente.reader import VITALE_SLOT

MF_VITALE = "D2500000024D465F564954414C45"
VITALE = "D250000002564954414C45"

Play = Callable[[str], str]


@pytest.fixture
def vitale(desk) -> Iterator[Play]:
    with Player(desk("gp", "vitale-family"), "[Vitale]") as player:
        assert player.protocol == "T=0"
        yield player


@pytest.fixture
def cps(desk) -> Iterator[Play]:
    with Player(desk("gp", "vitale-family"), "[CPS]") as player:
        assert player.protocol == "T=0"
        yield player


def cardpeek(play: Play, command: str) -> tuple[str, str]:
    """cardpeek's transport: repeat with the length of 6Cxx, collect what 61xx announces. (data, status)"""
    answer = play(command)
    if answer[-4:-2] == "6C":
        answer = play(command[:8] + answer[-2:])
    data = answer[:-4]
    while answer[-4:-2] == "61":
        answer = play("00C00000" + answer[-2:])
        data += answer[:-4]
    return data, answer[-4:]


def cardpeek_file(play: Play, number: str) -> tuple[str, str]:
    """Row 2 and 3: select below the current folder, read by 256 bytes until a block is shorter or fails."""
    _, status = cardpeek(play, f"00A4020002{number}00")
    content = ""
    while status == "9000":
        block, status = cardpeek(play, f"00B0{len(content) // 2:04X}00")
        content += block
        if len(block) != 512:
            break
    # A file of a multiple of 256 bytes ends with a block that is not there.
    return content, "9000" if content and status == "6B00" else status


def test_cardpeek_maps_the_card_by_its_own_pointers(vitale: Play):
    fci, status = cardpeek(vitale, f"00A404000B{VITALE}00")
    assert (fci[:2], status) == ("6F", "9000")
    content, status = cardpeek_file(vitale, "2001")
    assert status == "9000"
    (pointers,) = tlv.decode(bytes.fromhex(content))
    assert pointers.tag == 0xE0
    applications = {
        entry.value[:2]: entry.value[4:] for entry in pointers.children()[0].children() if entry.tag == 0x82
    }
    assert bytes.fromhex(VITALE) in applications.values()

    read, protected = {}, []
    for entry in pointers.children()[1:]:
        name = entry.value[:8].decode("ascii").strip()
        folder = applications[entry.value[8:10]]
        number = entry.value[10:12].hex().upper()
        if not folder:
            folder = bytes.fromhex(MF_VITALE)
        selected = cardpeek(vitale, f"00A40400{len(folder):02X}{folder.hex().upper()}00")
        assert selected[1] == "9000", name
        content, status = cardpeek_file(vitale, number)
        if content:
            read[name] = content
        else:
            protected.append((name, status))
    assert read["ID"].startswith("65")
    assert {name for name, _ in protected} >= {"G101", "BEN01", "BEN02", "URGENCE", "MEDICAL"}
    assert {status for _, status in protected} == {"6982"}


def test_cardpeek_reads_directory_and_card_number(vitale: Play):
    _, status = cardpeek(vitale, f"00A404000E{MF_VITALE}00")
    assert status == "9000"
    directory, status = cardpeek_file(vitale, "2F00")
    assert status == "9000"
    assert VITALE in directory
    number, status = cardpeek_file(vitale, "2F02")
    assert (number[:4], status) == ("5A0A", "9000")


def rufus(play: Play, command: str, length: int = 0xFF) -> str:
    """Rufus reads the file 02 with some length and corrects it as the card says; GET RESPONSE when it is told to."""
    assert play(command)[-4:-2] in ("61", "90")
    answer = play(f"00B08200{length:02X}")
    if answer[-4:-2] == "6C":
        answer = play(f"00B08200{answer[-2:]}")
    if answer[-4:-2] == "61":
        answer = play(f"00C00000{answer[-2:]}")
    assert answer[-4:] == "9000", answer
    return answer[:-4]


@pytest.mark.parametrize("length", [0x00, 0x7C, 0xFF])
def test_rufus_reads_identity_and_insured_number(vitale: Play, length: int):
    identity = bytes.fromhex(rufus(vitale, "00A40000023F00", length))
    template = tlv.decode_one(identity)[0]
    fields = {field.tag: field.value.decode("ascii") for field in template.children()}
    assert fields[0x80].startswith("EXEMPLE-")
    assert fields[0x81]
    assert fields[0x82].isdigit()
    assert len(fields[0x82]) == 8

    insured = bytes.fromhex(rufus(vitale, f"00A404000B{VITALE}"))
    template, rest = tlv.decode_one(insured)
    fields = {field.tag: field.value.decode("ascii") for field in template.children()}
    number = fields[0x93]
    assert len(number) == 15
    assert int(number[13:]) == 97 - int(number[:13]) % 97
    validity = tlv.decode_one(rest)[0]
    assert (validity.tag, len(validity.children()[0].value)) == (0x66, 8)
    assert not tlv.decode_one(rest)[1].strip(b"\0")


def test_the_javascript_readers_read_the_identity(vitale: Play):
    assert vitale(f"00A404000E{MF_VITALE}00")[:2] == "61"
    assert vitale("00A4020002D001") == "611E"
    fci = vitale("00C000001E")
    assert (len(fci), fci[:2], fci[-4:]) == (2 * 0x1E + 4, "6F", "9000")
    identity = vitale("00B000007C")
    assert (len(identity), identity[:2], identity[-4:]) == (2 * 0x7C + 4, "65", "9000")


def test_a_reader_that_takes_the_first_35_bytes_gets_them(vitale: Play):
    whole = rufus(vitale, "00A40000023F00")
    assert vitale("00B0820023") == whole[: 2 * 0x23] + "9000"


def test_a_reader_without_t0_habits_is_served_as_well(vitale: Play):
    """GET RESPONSE that nobody asked for, a length too long, and one beyond the end."""
    assert vitale("00C0000000") == "6985"
    assert vitale(f"00A404000E{MF_VITALE}00")[:2] == "61"
    assert vitale("00C0000001")[-4:-2] == "61"
    assert vitale("00A4020002D00100") == "611E"
    assert vitale("00C00000FF") == "6C1E"
    assert vitale("00B0007C01") == "6B00"


def test_a_cps_in_the_other_slot_is_told_from_a_vitale(cps: Play):
    """How Rufus finds the slot: the CPS does not know the application."""
    assert cps(f"00A404000E{MF_VITALE}00")[-4:] in ("6A82", "6A86")
    assert cps(f"00A404000B{VITALE}")[-4:] in ("6A82", "6A86")
    assert cps("00B0820000")[-4:] != "9000"


def test_a_reset_forgets_what_was_selected(vitale: Play):
    assert rufus(vitale, f"00A404000B{VITALE}")[:2] == "65"
    for word in ("reset", "power"):
        assert vitale(word) == "done"
        identity = vitale("00B0820000")
        assert tlv.decode_one(bytes.fromhex(identity[:-4]))[0].children()[0].tag == 0x80


def test_another_card_is_another_person(desk):
    made = desk(None, "vitale-single")
    with Player(made, "[Vitale]") as player:
        before = rufus(player, "00A40000023F00")
    made.reader.remove(VITALE_SLOT)
    made.reader.insert(VITALE_SLOT, card("vitale-family"))
    with Player(made, "[Vitale]") as player:
        assert rufus(player, "00A40000023F00") != before
