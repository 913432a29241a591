"""The dated tables: what they say on which day, where from, and what is wrong with others."""

import json
from datetime import date
from pathlib import Path

import pytest

from bifente.fse.tariff.checking import TableFault, check
from bifente.fse.tariff.errors import TariffError, UnknownAct
from bifente.fse.tariff.rows import LetterRow, letter, read_rows
from bifente.fse.tariff.tables import MAKERS, Tables

TIMELINE = Path(__file__).parent / "data" / "tariff-timeline.json"

HEAD = "code,unit,night,holiday,least,most,complements,agreement,specialities,label,from,to,source,confidence,note\n"


@pytest.mark.parametrize(
    ("code", "speciality", "day", "unit"),
    [
        ("G", 1, "2023-10-31", 2500),
        ("G", 1, "2023-11-01", 2650),
        ("G", 1, "2024-12-21", 2650),
        ("G", 1, "2024-12-22", 3000),
        ("GS", 22, "2026-06-01", 3000),
        ("MEG", 1, "2024-12-22", 500),
        ("APC", 3, "2022-04-01", 5500),
        ("APC", 3, "2023-11-01", 5650),
        ("APC", 3, "2026-01-26", 6000),
        ("CNP", 33, "2025-06-01", 5000),
        ("CNP", 33, "2026-01-01", 5200),
        ("CS", 7, "2025-06-01", 3200),
        ("CS", 7, "2026-01-01", 3500),
        ("CS", 34, "2025-06-01", 3200),
        ("CS", 34, "2026-01-01", 3700),
        ("CS", 31, "2025-06-01", 3100),
        ("CS", 31, "2026-01-01", 3500),
        ("GL", 1, "2026-01-01", 6000),
        ("COE", 1, "2026-01-01", 6000),
        ("TE2", 1, "2026-01-01", 2300),
        ("AMI", 24, "2009-04-15", 315),
        ("AMI", 24, "2026-02-01", 315),
        ("AIS", 24, "2026-02-01", 265),
        ("IFD", 24, "2024-01-27", 250),
        ("IFI", 24, "2024-01-28", 275),
        ("AMS", 26, "2024-02-21", 215),
        ("AMS", 26, "2024-02-22", 221),
        ("AMK", 26, "2012-07-13", 215),
        ("AMC", 26, "2026-02-22", 221),
    ],
)
def test_an_act_has_the_price_of_its_day(code: str, speciality: int, day: str, unit: int) -> None:
    """The values of the time line (spec/corrections.md 23)."""
    assert Tables.shipped().on(date.fromisoformat(day)).letter(code, speciality)[0].unit == unit


@pytest.mark.parametrize(
    ("name", "day", "value"),
    [
        ("participation", "2024-05-14", 100),
        ("participation", "2024-05-15", 200),
        ("franchise", "2024-03-30", 50),
        ("franchise", "2026-01-01", 100),
        ("franchise.transport", "2024-03-30", 200),
        ("franchise.transport", "2024-03-31", 400),
        ("pathway.cap", "2023-01-01", 1060),
        ("flat", "2018-12-31", 1800),
        ("flat", "2019-01-01", 2400),
        ("threshold", "2011-01-01", 12000),
    ],
)
def test_a_parameter_has_the_value_of_its_day(name: str, day: str, value: int) -> None:
    assert Tables.shipped().on(date.fromisoformat(day)).need(name) == value


def test_the_time_line_is_all_in_the_tables() -> None:
    """Each amount of the time line that is in force on its first day stands in some row that holds then."""
    entries = json.loads(TIMELINE.read_text(encoding="utf-8"))
    assert len(entries) == 40
    missing = []
    for entry in entries:
        value, first = entry["value"].split()[0], entry["from"]
        if len(first) == 4:
            first += "-06-01"
        if value in ("coef", "NOT") or entry["item"].startswith(("G+MEG", "CCAM monetary")):
            continue
        day = date.fromisoformat(first)
        cents = round(float(value) * 100)
        held = {row.unit for row in Tables.shipped().rows("ngap") if row.origin.holds(day)} | {
            int(row.value)
            for row in Tables.shipped().rows("parameters")
            if row.origin.holds(day) and row.value.isdigit()
        }
        if cents not in held:
            missing.append(entry)
    assert missing == []


def test_all_rows_name_their_source_and_no_price_is_lost() -> None:
    tables = Tables.shipped()
    assert set(tables.names()) == set(MAKERS)
    for name in tables.names():
        rows = tables.rows(name)
        assert rows, name
        assert all(row.origin.source and row.origin.confidence for row in rows)
    assert len({row.code for row in tables.rows("ngap")}) >= 250
    assert len(tables.rows("ngap")) >= 338
    assert all(row.origin.confidence == "synthetic" for row in tables.rows("medicines"))


def test_the_shipped_tables_have_no_gap_no_overlap_no_unknown_code() -> None:
    assert check(Tables.shipped()) == []


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (
            "X,100,0,0,,,,,1,x,2020-01-01,2020-12-31,s,S,\nX,200,0,0,,,,,1-3,x,2021-02-01,,s,S,\n",
            TableFault.GAP,
        ),
        (
            "X,100,0,0,,,,,1,x,2020-01-01,2021-02-01,s,S,\nX,200,0,0,,,,,1-3,x,2021-02-01,,s,S,\n",
            TableFault.OVERLAP,
        ),
        ("X,100,0,0,,,,,1,x,,,s,S,\nX,200,0,0,,,,,1,x,2021-02-01,,s,S,\n", TableFault.OVERLAP),
    ],
)
def test_gaps_and_overlaps_are_found(rows: str, kind: TableFault) -> None:
    shipped = Tables.shipped()
    read = read_rows(HEAD + rows, "ngap.csv", letter)
    tables = Tables({name: read if name == "ngap" else shipped.rows(name) for name in MAKERS})
    found = [one for one in check(tables) if one.code == "X 1"]
    assert [(one.kind, one.line) for one in found] == [(kind, 3)]


def test_unknown_codes_are_found() -> None:
    shipped = Tables.shipped()
    tables = Tables({name: () if name in ("regimes", "ccam") else shipped.rows(name) for name in MAKERS})
    assert {one.table for one in check(tables)} == {"caisses", "dental_forfaits"}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("X,1.5,0,0,,,,,1,x,,,s,S,\n", "ngap.csv:2: invalid literal"),
        ("X,-1,0,0,,,,,1,x,,,s,S,\n", "ngap.csv:2: negative amount"),
        ("X,1,0,0,,,,,1,x,,,s,maybe,\n", "confidence 'maybe'"),
        ("X,1,0,0,,,,,1,x,,,,S,\n", "each row names its source"),
        ("X,1,0,0,,,,,1,x,2021-01-01,2020-01-01,s,S,\n", "before it begins"),
        ("X,1,0,0\n", "4 columns instead of 15"),
        ('X,1,0,0,,,,,1,"x\n', "ngap.csv:2"),
    ],
)
def test_a_row_that_is_none_is_one_clear_line(row: str, said: str) -> None:
    with pytest.raises(TariffError) as refused:
        read_rows(HEAD + row, "ngap.csv", letter)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_table_without_its_last_columns_is_refused() -> None:
    with pytest.raises(TariffError, match=r"ngap.csv:1: the last columns"):
        read_rows("code,unit\nX,1\n", "ngap.csv", letter)


def test_the_speciality_chooses_the_row() -> None:
    day = Tables.shipped().on(date(2022, 11, 1))
    assert (day.letter("CS", 12)[0].night, day.letter("CS", 3)[0].night) == (3500, 2515)
    assert day.letter("C", 19)[0].night == 2515
    with pytest.raises(UnknownAct, match="no price for speciality 24"):
        day.letter("G", 24)
    with pytest.raises(UnknownAct, match="no price on this day"):
        day.letter("NOPE", 1)


def test_a_zone_has_its_prices() -> None:
    metropole, in_zone = Tables.shipped().on(date(2024, 3, 1)).letter("AMS", 26, "antilles")
    assert isinstance(metropole, LetterRow)
    assert in_zone is not None
    assert (metropole.unit, in_zone.unit) == (221, 243)


def test_days_between_two_changes_share_their_tables() -> None:
    tables = Tables.shipped()
    assert tables.on(date(2025, 2, 3)) is tables.on(date(2025, 2, 4))
    assert tables.on(date(2024, 12, 21)) is not tables.on(date(2024, 12, 22))


def test_a_parameter_that_there_is_not() -> None:
    with pytest.raises(TariffError, match="there is no parameter"):
        Tables.shipped().with_parameter("nope", "1")
    with pytest.raises(TariffError, match=r"pathway\.reading 'maybe'"):
        Tables.shipped().with_parameter("pathway.reading", "maybe")
    with pytest.raises(TariffError, match="there is no table"):
        Tables.shipped().rows("nope")
