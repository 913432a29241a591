"""A Vitale handed on as a virtual card content: the same groups come back, byte for byte."""

import json

import pytest

from bifente.applets.families.vitale2.exporter import export_content
from bifente.applets.families.vitale2.importer import imported_profile, read_content
from bifente.applets.kernel.files import file_record
from bifente.applets.perso import PersoError
from bifente.applets.perso.cardrecords import layout_of
from bifente.applets.perso.edit.change import set_field
from bifente.applets.perso.profile.shipped import shipped_profiles


@pytest.mark.parametrize("name", [name for name in shipped_profiles() if name.startswith("vitale")])
def test_a_shipped_card_comes_back(name, make, tmp_path):
    file = tmp_path / "card.in"
    file.write_bytes(export_content(make(name)))
    read = read_content(file)
    again = make(imported_profile(read.groups))
    assert export_content(again) == file.read_bytes()
    assert any(group.id == 104 for group in read.groups)


def test_each_official_content_comes_back_byte_for_byte(virtual_cards, make):
    for file in virtual_cards:
        records = make(imported_profile(read_content(file).groups, file.name))
        assert export_content(records) == file.read_bytes(), file.name


def test_a_change_is_in_it(make):
    records = make("vitale-single")
    before = export_content(records)
    records |= set_field(records, "G101/3", "203012310000")
    after = export_content(records)
    assert before != after
    assert b"203012310000" in after


def test_a_professional_card_has_no_content(make):
    with pytest.raises(PersoError, match="not a carte Vitale"):
        export_content(make("gp"))


def test_a_file_of_arbitrary_bytes_is_named(make):
    records = make("vitale-single")
    path = next(path for path, node in layout_of(records).walk() if node.name == "G101")
    records[file_record(path)] = json.dumps({"raw": "00ffff"}).encode()
    with pytest.raises(PersoError, match="G101 holds bytes"):
        export_content(records)
