"""The official fictitious card contents: imported, shown, read back by APDUs through recognition, byte for byte."""

import itertools
import os
from datetime import date
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keypool import cycling
from pydantic import ValidationError

from bifente.applets import card_of
from bifente.applets.families.vitale2.importer import imported_profile, read_content
from bifente.applets.perso import ContentError, parse_profile, personalise
from bifente.applets.perso.edit.dump import dump_text
from bifente.applets.perso.edit.view import view
from bifente.applets.store.stores import MemoryStore
from bifente.layouts.cards.vitale2 import LAYOUT
from bifente.layouts.codecs import groupfiles
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
from bifente.ssv import wire
from bifente.terminal import CpsSession, VitaleSession, recognise

TODAY = date(2026, 3, 2)


@pytest.fixture
def doctor(make):
    return make("gp")


def test_there_are_all_of_them(virtual_cards):
    assert len(virtual_cards) == 106


@pytest.fixture(scope="module")
def imported(virtual_cards, pooled_authority, pooled_keys):
    """Each content with its groups and the records of the card that is made of it."""
    keys = cycling(pooled_keys)
    found = []
    for file in virtual_cards:
        groups = read_content(file).groups
        profile = imported_profile(groups, file.name)
        found.append((file, groups, personalise(profile, pooled_authority, keys=keys, today=TODAY)))
    return found


def test_each_comes_back_byte_for_byte_from_what_apdus_read(imported, doctor, pooled_authority):
    """The card is imported, put into a reader beside a doctor's card and read as a health software reads it."""
    anchors = pooled_authority.trust_store.cv_roots
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, card_of(MemoryStore(doctor), "cps3"))
        for file, groups, records in imported:
            reader.insert(VITALE_SLOT, card_of(MemoryStore(records), "vitale2"))
            cps, vitale = CpsSession(reader.link(CPS_SLOT)), VitaleSession(reader.link(VITALE_SLOT))
            cps.verify_pin(b"1234")
            with recognise(cps, vitale, date=TODAY, anchors=anchors):
                read = vitale.rights()
                assert wire.encode(read) == file.read_bytes(), file.name
                assert vitale.registration().nir == groups[0]["NIR"]
                assert vitale.pan()[5:].hex().startswith(groups[0]["numéro de série de la carte"])
            reader.remove(VITALE_SLOT)


def test_each_is_shown_and_dumped(imported, again):
    wrong_keys = []
    for number, (file, _, records) in enumerate(imported):
        seen = view(records)
        assert seen.comment == file.name
        assert seen.findings, "each says at least that it is a test card"
        wrong_keys += [finding for finding in seen.findings if "key" in finding]
        if number % 6 == 0:
            assert again(dump_text(records, secrets=True)) == records
    assert wrong_keys, "wrong keys of certified NIRs are told and not refused"


def test_a_dump_without_secrets_keeps_the_groups(virtual_cards, make):
    file = virtual_cards[0]
    records = make(imported_profile(read_content(file).groups, file.name))
    second = make(parse_profile(dump_text(records), "d.yaml"))
    assert {
        name: value for name, value in second.items() if "/0001/2" in name and name.startswith("file")
    } == {name: value for name, value in records.items() if "/0001/2" in name and name.startswith("file")}


def pieces(records):
    """The decoded values of the files of the card, by name."""
    root = view(records).root
    files = [*root.files, *(file for below in root.directories for file in below.files)]
    return {file.name: file.value for file in files}


def test_another_serial_for_those_that_share_one(virtual_cards, make):
    """The card's own number and the number in its rights are one number."""
    groups = read_content(virtual_cards[0]).groups
    records = make(imported_profile(groups, serial="12345678"))
    assert records["identity"][2:12].hex().startswith("802500000212345678")
    values = pieces(records)
    assert values["EF.PAN"]["numero"] == "12345678"
    fields = [piece.decode("latin-1") for piece in groups[0].fields]
    assert values["G101"] == [{"group": 101, "fields": [fields[0], "12345678", *fields[2:]]}]


@pytest.mark.parametrize("serial", ["1234567", "1234567890", "x2345678", "\u0661" * 8, ""])
def test_what_is_no_serial(virtual_cards, serial):
    with pytest.raises(ValidationError, match="8 or 9 digits expected"):
        imported_profile(read_content(virtual_cards[0]).groups, serial=serial)


ODD = [
    # fields of 101, NIR in EF.NIR, what is told
    ({"clé NIR": ""}, "{nir}00", "101.9: NIR: the key is missing"),
    ({"clé NIR": "7"}, "{nir}70", "101.8: NIR: NIR: a key of two digits expected"),
    ({"NIR": ""}, "0000000000000{key}", "101.8: NIR: NIR: 1-8, year"),
    ({"NIR": "1a55123456789"}, "1A55123456789{key}", "101.8: NIR: NIR: 1-8, year"),
    ({"NIR": "185-1399.12é45"}, "1850139901204{key}", "101.8: NIR: NIR: 1-8, year"),
    ({"NIR": "9" * 120, "clé NIR": "é" * 120}, "9" * 13 + "00", "101.8: NIR: NIR: 1-8, year"),
]


@pytest.mark.parametrize(("fields", "nir", "told"), ODD, ids=[", ".join(row[0]) + row[1] for row in ODD])
def test_an_odd_nir_is_told_and_not_refused(virtual_cards, make, again, fields, nir, told):
    """EF.NIR has the shape that public readers rely on; the groups are as they were."""
    groups = read_content(virtual_cards[0]).groups
    wanted = nir.format(nir=groups[0]["NIR"], key=groups[0]["clé NIR"])
    for name, text in fields.items():
        groups[0] = groups[0].replace(name, text)
    records = make(imported_profile(groups))
    values = pieces(records)
    assert values["EF.NIR"]["assure"] == {"pays": "FR", "nir": wanted}
    assert values["G101"] == wire.to_json(groups[:1])
    assert any(finding.startswith(told) for finding in view(records).findings), view(records).findings
    assert again(dump_text(records, secrets=True)) == records


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        (58, 50, (58, 50)),
        (60, 50, (58, 50)),
        (50, 60, (50, 58)),
        (200, 3, (105, 3)),
        (3, 200, (3, 105)),
        (200, 200, (54, 54)),
        (0, 200, (0, 108)),
    ],
)
def test_long_names_are_cut_in_the_identity_alone(virtual_cards, make, name, given, kept):
    groups = read_content(virtual_cards[0]).groups
    at = next(index for index, group in enumerate(groups) if group.id == 104)
    groups[at] = groups[at].replace("nom usuel", "N" * name).replace("prénom", "P" * given)
    records = make(imported_profile(groups))
    values = pieces(records)
    holder = values["EF.ID"]["porteur"]
    assert (holder["nom"], holder["prenoms"]) == ("N" * kept[0], "P" * kept[1])
    assert values["BEN01"][0] == wire.to_json(groups[at : at + 1])[0]


@given(st.data())
def test_whatever_stands_in_the_fields_makes_a_card(virtual_cards, data):
    """Texts of any length and of every character of Latin-1, in the fields that other files repeat and in others."""
    groups = read_content(virtual_cards[0]).groups
    texts = st.text(st.characters(max_codepoint=255), max_size=300)
    for at, group in enumerate(groups):
        names = list(group.description.numbers)
        for name in data.draw(st.sets(st.sampled_from(names), max_size=5)):
            groups[at] = groups[at].replace(name, data.draw(texts))
    profile = imported_profile(groups).resolved(TODAY)
    for name, value in profile.contents().items():
        node = LAYOUT.named(name)[1]
        content = node.codec.encode(value)
        assert node.codec.encode(node.codec.decode(content)) == content
    assert wire.encode(profile.ssv_groups()) == wire.encode(groups)


def refused(file, data, message="", **options):
    """That *data* in the file is refused."""
    file.write_bytes(data)
    refused_as_it_is(file, message, **options)


def refused_as_it_is(file, message="", **options):
    """That the file is refused, in one line that names it."""
    with pytest.raises(ContentError, match=message) as caught:
        read_content(file, **options)
    assert "\n" not in str(caught.value)
    assert str(file) in str(caught.value)
    assert caught.value.hint


def smaller_cards(data):
    """Where a cut leaves a card: between two groups, behind the first beneficiary."""
    groups = wire.decode_card(data)
    first = next(at for at, group in enumerate(groups) if group.id == 104)
    return {len(wire.encode(groups[:count])) for count in range(first + 1, len(groups))}


def cuts(data, number):
    """Where a content is cut: about each end of a group, and at every fifteenth byte between, others in each content."""
    groups = wire.decode_card(data)
    ends = itertools.accumulate(len(wire.encode([group])) for group in groups)
    near = {end + by for end in ends for by in range(-2, 3)}
    return sorted((near | {*range(number % 15, len(data), 15)}) & {*range(len(data))}, reverse=True)


@pytest.mark.parametrize("part", range(4))
def test_every_file_cut_inside_a_group_is_refused(virtual_cards, tmp_path, part):
    file = tmp_path / "cut.in"
    by_size = sorted((content.read_bytes() for content in virtual_cards), key=len)
    for number, data in list(enumerate(by_size))[part::4]:
        smaller = smaller_cards(data)
        file.write_bytes(data)
        for end in range(len(data))[::-1] if number < 4 else cuts(data, number):
            os.truncate(file, end)  # writing it anew each time would cost ten times what reading it does
            if end in smaller:
                assert wire.encode(read_content(file).groups) == data[:end]
            else:
                refused_as_it_is(file, "not the content of a carte Vitale")


def test_no_whole_content_is_refused_whatever_it_is_made_of(virtual_cards, tmp_path):
    """Others of the kind: the beneficiaries of all contents behind the beginning of each, and parts of what they have."""
    file = tmp_path / "mine.in"
    pieces = [groupfiles.split(wire.decode_card(content.read_bytes())) for content in virtual_cards]
    people = [piece for card in pieces for name, piece in card.items() if name.startswith("BEN")]
    noticed = 0
    for number, card in enumerate(pieces):
        head = [group for name in ("G101", "G102", "G103") for group in card.get(name, [])]
        for size in (1, 2, 5):
            groups = head + [group for person in people[number : number + size] for group in person]
            for wanted in (groups, [group for group in groups if group.id not in (106, 108)]):
                file.write_bytes(wire.encode(wanted))
                read = read_content(file)
                assert read.groups == wanted
                noticed += read.unusual is not None
    assert noticed, "what is unusual is named"


def test_what_is_unusual_is_named_and_a_digest_makes_sure(virtual_cards, make, tmp_path):
    data = next(file.read_bytes() for file in virtual_cards if file.stem == "9410")
    groups = wire.decode_card(data)
    assert [group.id for group in groups[-2:]] == [107, 108]
    beginning = wire.encode(groups[:-2])
    file = tmp_path / "mine.in"
    file.write_bytes(beginning)
    read = read_content(file)
    assert read.unusual == "the last beneficiary alone has neither mutuelle (107) nor AMC (109)"
    assert wire.decode(beginning) == read.groups
    assert read_content(file, digest=sha256(beginning).digest()).unusual is None
    refused(file, beginning, "not the file wanted", digest=sha256(data).digest())
    assert make(imported_profile(read.groups)), "and it makes a card"


def test_a_beneficiary_with_nothing_makes_a_card(virtual_cards, make, tmp_path):
    groups = wire.decode_card(virtual_cards[0].read_bytes())
    at = next(index for index, group in enumerate(groups) if group.id == 104)
    file = tmp_path / "short.in"
    file.write_bytes(wire.encode(groups[: at + 1]))
    read = read_content(file)
    assert "neither rights (105) nor coverage (106)" in read.unusual
    records = make(imported_profile(read.groups))
    assert any("neither rights" in finding for finding in view(records).findings)


def test_files_that_are_something_else(tmp_path):
    file = tmp_path / "other.in"
    refused(file, b"", "a card begins with group 101")
    refused(file, b"kind: cps3\n", "there is no such group")
    refused(file, bytes(70000), "longer than 64 KiB")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_card_or_one_error(tmp_path_factory, data):
    file = tmp_path_factory.getbasetemp() / "any.in"
    file.write_bytes(data)
    try:
        groups = read_content(file).groups
    except ContentError:
        return
    assert wire.encode(groups) == data
