"""The declarations of the entities: without gaps, as long as published, and what they refuse."""

import dataclasses
import re
from datetime import date
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.fse.noemie import (
    ENTITIES,
    Correspondent,
    Entity,
    EntityRefused,
    FileIdentity,
    NoemieFile,
    check,
    read_file,
    write_file,
)
from bifente.fse.noemie.entities import HEADER, TRAILER
from bifente.fse.noemie.layout import EntityLayout, day_of
from bifente.fse.noemie.spelling import spelt

LENGTHS = {
    "000": 128, "020": 21, "040": 21, "070": 12, "071": 86, "080": 15, "081": 22, "100": 15, "102": 40,
    "103": 152, "110": 88, "120": 57, "150": 8, "160": 23, "198": 24, "199": 49, "210": 118, "250": 47,
    "261": 19, "262": 134, "290": 98, "294": 153, "295": 135, "990": 43, "999": 128,
}  # fmt: skip
"""The last position of each entity in the published tables (spec/fse.md §2.2)."""

SOME_FIELDS = [
    ("000", "reference", 62, 65), ("000", "record_length", 83, 85), ("071", "payer", 76, 85),
    ("102", "invoice_type", 30, 30), ("103", "birth", 101, 106), ("120", "rank", 12, 12),
    ("198", "sign", 23, 23), ("199", "complementary_insurer", 24, 33), ("210", "reimbursed", 53, 60),
    ("210", "complementary_base", 110, 117), ("250", "balance", 39, 46), ("262", "amount", 126, 133),
    ("294", "part", 97, 97), ("294", "more", 123, 152), ("990", "total", 31, 41), ("999", "total", 86, 96),
]  # fmt: skip
"""Positions as the published tables have them."""


def test_the_entities_are_those_that_are_published() -> None:
    assert {number: layout.length for number, layout in ENTITIES.items()} == LENGTHS


@pytest.mark.parametrize("layout", ENTITIES.values(), ids=lambda layout: layout.number)
def test_no_position_is_left_out_or_declared_twice(layout: EntityLayout) -> None:
    expected = 1
    for field in layout.fields:
        assert (field.name, field.first) == (field.name, expected)
        expected = field.last + 1
    assert len(layout.by_name) == len(layout.fields)


@pytest.mark.parametrize(("number", "name", "first", "last"), SOME_FIELDS)
def test_fields_stand_where_the_tables_have_them(number: str, name: str, first: int, last: int) -> None:
    field = ENTITIES[number].by_name[name]
    assert (field.first, field.last) == (first, last)


def test_the_levels_that_the_source_fixes() -> None:
    fixed = {number: layout.level for number, layout in ENTITIES.items() if layout.level}
    assert fixed == {"020": "01", "040": "02", "070": "02", "071": "02", "081": "02", "990": "99"}


@pytest.mark.parametrize("layout", ENTITIES.values(), ids=lambda layout: layout.number)
def test_each_code_fits_its_field(layout: EntityLayout) -> None:
    for field in layout.fields:
        assert all(len(code) <= field.length and re.fullmatch(r"[A-Z0-9]*", code) for code in field.codes)


def test_what_is_not_said_is_zeros_and_blanks() -> None:
    assert ENTITIES["071"].build(day=date(2026, 11, 28)).text == "07102261128" + " " * 74 + "@"
    assert ENTITIES["160"].build(level=5).text == "16005" + "0" * 17 + "@"


def test_values_of_an_entity() -> None:
    entity = ENTITIES["250"].build(level=3, debt="D1", recorded=date(2026, 2, 3), amount=123, sign="N")
    assert (entity.number, entity.level, entity.value("debt")) == ("250", 3, "D1")
    assert (entity.signed("amount"), entity.day("recorded")) == (-123, date(2026, 2, 3))
    assert entity.values()["amount"] == "00000123"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"invoice": "1234567890"}, "102: invoice: '1234567890' is longer than the 9"),
        ({"lot": -1}, "negative"),
        ({"made": "x"}, "not a number"),
        ({"made": date(1999, 1, 1)}, "1999"),
        ({"invoice": "é"}, "printable ASCII"),
        ({"invoice": "a@b"}, "ends an entity"),
        ({"nowhere": "1"}, "no field nowhere"),
    ],
)
def test_what_an_entity_cannot_hold_is_refused(values: dict[str, str | int | date], words: str) -> None:
    with pytest.raises(EntityRefused, match=words):
        ENTITIES["102"].build(**values)


@given(st.text(max_size=200))
def test_an_entity_of_any_text_has_all_its_values(text: str) -> None:
    for layout in (HEADER, TRAILER, ENTITIES["210"], ENTITIES["990"]):
        entity = Entity(layout, text)
        assert entity.values().keys() <= layout.by_name.keys()
        assert isinstance(entity.level, int)


@given(st.text(max_size=6))
def test_a_date_is_one_or_none(text: str) -> None:
    found = day_of(text)
    assert found is None or f"{found:%y%m%d}" == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("L'assuré est absent", "L'ASSURE EST ABSENT"),
        ("Sœur d’Anaïs – n° 1 @ 2 €", "SOEUR D'ANAIS - NO 1 2 EUR"),
        ("片", "?"),
        ("a  b ", "A B"),
    ],
)
def test_how_a_text_is_spelt(text: str, written: str) -> None:
    assert spelt(text, 40) == written


@given(st.text(max_size=60), st.integers(0, 40))
def test_whatever_is_spelt_stands_in_a_comment(text: str, most: int) -> None:
    written = spelt(text, most)
    assert len(written) <= most
    assert ENTITIES["295"].build(comment=written).value("comment") == written


def test_an_entity_is_added_by_its_declaration(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = [dataclasses.replace(one) for one in ENTITIES["295"].fields]
    fields[0] = dataclasses.replace(fields[0], fixed="296")
    monkeypatch.setitem(ENTITIES, "296", EntityLayout("296", "Autre commentaire", "", tuple(fields)))  # type: ignore[arg-type]
    identity = FileIdentity(Correspondent("CP", "1"), Correspondent("TP", "2"), "000001", date(2026, 11, 28))
    added = ENTITIES["296"].build(level=3, comment="UN MOT")
    content = write_file(NoemieFile.of(identity, [ENTITIES["020"].build(payee=2), added]))
    assert list(check(BytesIO(content))) == []
    assert added in read_file(content).entities
    monkeypatch.delitem(ENTITIES, "296")  # type: ignore[arg-type]
    assert [one.rule for one in check(BytesIO(content))] == ["type"]
