"""The declarations: gapless, of 128 columns, and those of the public descriptions."""

import pytest

from bifente.fse.b2 import RECORDS, B2Record, find_record
from bifente.fse.b2.fields import B2Field, Use

ALL = [(norm, record) for norm, records in RECORDS.items() for record in records]
EACH = pytest.mark.parametrize(("norm", "record"), ALL, ids=[f"{norm}-{record.name}" for norm, record in ALL])


@EACH
def test_a_record_covers_its_128_columns_without_gap_or_overlap(norm: str, record: B2Record) -> None:
    columns = [column for field in record.fields for column in range(field.first, field.last + 1)]
    assert columns == list(range(1, 129))


@EACH
def test_type_and_letter_stand_where_the_record_is_recognised_by_them(norm: str, record: B2Record) -> None:
    fixed = {field.first: field.fixed for field in record.fields if field.name in ("type", "complement")}
    assert fixed[1] == record.type
    if record.letter:
        assert fixed[record.letter_column] == record.letter


@EACH
def test_fields_are_named_once_in_french_and_blanks_not_at_all(norm: str, record: B2Record) -> None:
    for field in record.fields:
        assert (field.name == "-") == (field.use is Use.BLANK)
        assert field.label
        assert field.name == "-" or (field.name.replace("_", "").isalnum() and field.name.islower())
    assert len(set(record.names)) == len(record.names)


@EACH
def test_codes_of_a_list_fit_into_their_fields(norm: str, record: B2Record) -> None:
    for field in record.fields:
        assert all(len(code) <= field.width for code in field.labels), field
        if field.numeric:
            assert all(code.isdecimal() and len(code) == field.width for code in field.labels if code), field


def test_all_records_of_the_norm_are_there() -> None:
    names = {norm: {record.name for record in records} for norm, records in RECORDS.items()}
    ours = [
        "000",
        "1",
        "2",
        "2S",
        "2M",
        "2P",
        "2B",
        "2C",
        "4",
        "4S",
        "4B",
        "4C",
        "4D",
        "4E",
        "4F",
        "4H",
        "4M",
        "4T",
        "4U",
        "5",
        "6",
        "999",
    ]
    assert names["PS"] == set(ours)
    assert names["CP"] == {*ours, *["3", "3S", "3E", "3F", "3H"]}


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("1 N O =9 type T\n3-128 A F blank -", "column 2 expected, 3–128 declared"),
        ("1-10 N O =9 type T\n10-128 A F blank -", "column 11 expected, 10–128 declared"),
        ("1 N O =9 type T\n2-127 A F blank -", "127 columns declared, not 128"),
        ("1 N O =9 type T\n2-200 A F blank -", "200 columns declared, not 128"),
        ("1 N O =9 type T\nanything", "'anything' does not declare a field"),
        ("1 N O =9 type T\n2-128 A F in:NOWHERE x X", "no list of codes NOWHERE"),
        ("1 N O =9 type T\n2-64 A F code x X\n65-128 A F code x X", "a field name occurs twice"),
    ],
)
def test_a_declaration_that_is_not_whole_is_refused(table: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        B2Record("9", "toy", table)


def test_a_field_knows_columns_and_clause() -> None:
    field = find_record("CP", "4H")["fractionnement"]
    assert isinstance(field, B2Field)
    assert (field.columns, field.width, field.source) == ("57–61", 5, "corrections 12")
