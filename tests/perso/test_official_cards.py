"""The official fictitious card contents: imported, shown, read back by APDUs through recognition, byte for byte."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.applets import card_of
from bifente.applets.kernel.store import MemoryStore
from bifente.applets.perso import ContentError, parse_profile
from bifente.applets.perso.dump import dump_text
from bifente.applets.perso.importer import imported_profile, read_content
from bifente.applets.perso.view import view
from bifente.layouts import ssv
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
from bifente.terminal import CpsSession, VitaleSession, recognise

TODAY = date(2026, 3, 2)


@pytest.fixture
def doctor(make):
    return make("gp")


def test_there_are_all_of_them(virtual_cards):
    assert len(virtual_cards) == 106


def test_each_comes_back_byte_for_byte_from_what_apdus_read(virtual_cards, make, doctor, pooled_authority):
    """The card is imported, put into a reader beside a doctor's card and read as a health software reads it."""
    anchors = tuple(pooled_authority.trust_store.cv_roots.values())
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, card_of(MemoryStore(doctor), "cps3"))
        for file in virtual_cards:
            groups = read_content(file)
            records = make(imported_profile(groups, file.name))
            reader.insert(VITALE_SLOT, card_of(MemoryStore(records), "vitale2"))
            cps, vitale = CpsSession(reader.link(CPS_SLOT)), VitaleSession(reader.link(VITALE_SLOT))
            cps.verify_pin(b"1234")
            with recognise(cps, vitale, date=TODAY, anchors=anchors):
                read = vitale.rights()
                assert ssv.encode(read) == file.read_bytes(), file.name
                assert vitale.registration().nir == groups[0][8]
                assert vitale.pan()[5:].hex().startswith(groups[0][2])
            reader.remove(VITALE_SLOT)


def test_each_is_shown_and_dumped(virtual_cards, make, again):
    wrong_keys = []
    for number, file in enumerate(virtual_cards):
        records = make(imported_profile(read_content(file), file.name))
        seen = view(records)
        assert seen.comment == file.name
        assert seen.findings, "each says at least that it is a test card"
        wrong_keys += [finding for finding in seen.findings if "key" in finding]
        if number % 6 == 0:
            assert again(dump_text(records, secrets=True)) == records
    assert wrong_keys, "wrong keys of certified NIRs are told and not refused"


def test_a_dump_without_secrets_keeps_the_groups(virtual_cards, make):
    file = virtual_cards[0]
    records = make(imported_profile(read_content(file), file.name))
    second = make(parse_profile(dump_text(records), "d.yaml"))
    assert {
        name: value for name, value in second.items() if "/0001/2" in name and name.startswith("file")
    } == {name: value for name, value in records.items() if "/0001/2" in name and name.startswith("file")}


def test_another_serial_for_those_that_share_one(virtual_cards, make):
    groups = read_content(virtual_cards[0])
    records = make(imported_profile(groups, serial="12345678"))
    assert records["identity"][2:12].hex().startswith("802500000212345678")
    pieces = view(records).root.directories[0].files
    assert next(file for file in pieces if file.name == "G101").value[0]["fields"][1] == groups[0][2]


def wrong(tmp_path, data, message="not the content of a carte Vitale"):
    file = tmp_path / "cut.in"
    file.write_bytes(data)
    with pytest.raises(ContentError, match=message) as caught:
        read_content(file)
    assert "\n" not in str(caught.value)
    assert "cut.in" in str(caught.value)


def visible(data, end):
    """Whether a file cut at *end* can be told from a smaller card: see ``bifente.layouts.ssv``."""
    try:
        ssv.decode_card(data[:end])
    except ssv.SsvError:
        return True
    return False


def test_the_smallest_file_cut_at_any_byte(virtual_cards, tmp_path):
    data = min((file.read_bytes() for file in virtual_cards), key=len)
    for end in range(len(data)):
        assert visible(data, end), end
        wrong(tmp_path, data[:end])


def test_each_file_cut_at_some_bytes(virtual_cards, tmp_path):
    """A cut inside of a group is always seen; between two groups when something is missing that must be there."""
    for file in virtual_cards:
        data = file.read_bytes()
        step = max(1, len(data) // 7)
        for end in {0, 1, 2, 5, len(data) - 1, *range(step, len(data), step)}:
            if visible(data, end):
                wrong(tmp_path, data[:end])
            else:
                groups = ssv.decode(data[:end])
                assert ssv.encode(groups) == data[:end], "what is taken for a card is one of whole groups"


def test_files_that_are_something_else(tmp_path):
    wrong(tmp_path, b"")
    wrong(tmp_path, b"kind: cps3\n")
    wrong(tmp_path, bytes(70000), "more than 65536 bytes")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_card_or_one_error(tmp_path_factory, data):
    file = tmp_path_factory.getbasetemp() / "any.in"
    file.write_bytes(data)
    try:
        groups = read_content(file)
    except ContentError:
        return
    assert ssv.encode(groups) == data
