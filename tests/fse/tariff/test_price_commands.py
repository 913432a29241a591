"""``bifente fse tables`` and ``bifente fse price``."""

import json
from pathlib import Path

import pytest

from bifente.cli.main import main

CASES = Path(__file__).parent / "data" / "pricing-cases.json"


@pytest.fixture(autouse=True)
def _no_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bifente.workbench.tables.tables_folder", lambda: tmp_path / "tables")


def test_a_file_of_cases(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fse", "price", "--case", str(CASES), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["passed"], told["failed"]) == (33, 0)


def test_what_differs_is_printed_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = json.loads(CASES.read_text(encoding="utf-8"))
    cases[0]["expected"]["BR"] = "140.70"
    cases[1]["kind"] = "gibberish"
    file = tmp_path / "cases.json"
    file.write_text(json.dumps(cases), encoding="utf-8")
    assert main(["fse", "price", "--case", str(file)]) == 3
    printed = capsys.readouterr()
    assert "ccam-m1: BR: expected 140.70, found 140.71" in printed.out
    assert "dent-1: kind 'gibberish' is not known" in printed.out
    assert "31 of 33 cases as expected" in printed.out
    assert "2 of 33 cases differ or were not understood" in printed.err
    assert main(["fse", "price", "--case", str(file), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert told["failed"] == 2
    assert told["cases"][0]["differences"] == [{"key": "BR", "expected": "140.70", "found": "140.71"}]


@pytest.mark.parametrize("content", ["[]", "{", "[1]", '"x"', "[{}]"])
def test_a_file_that_holds_no_cases(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "cases.json"
    file.write_text(content, encoding="utf-8")
    assert main(["fse", "price", "--case", str(file)]) == 3
    assert capsys.readouterr().err.count("\n") == 1


def test_an_act_is_explained_with_rule_row_and_day(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fse", "price", "--act", "G", "--on", "2026-01-05", "--ips", "S"]) == 0
    printed = capsys.readouterr().out
    assert "price of G on 2026-01-05; ngap.csv:" in printed
    assert "service-public F17042" in printed
    assert "[?]" in printed
    assert "paid by the caisse: 8.40" in printed
    switch = ["--set", "pathway.reading=uncapped"]
    assert main(["fse", "price", "--act", "G", "--on", "2026-01-05", "--ips", "S", *switch, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["refunded"] == 700
    assert any("pathway.reading" in line for line in told["lines"][0]["explanation"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--act", "G", "--on", "2026-01-05", "--speciality", "24"], "no price for speciality 24"),
        (["--act", "NOPE", "--on", "2026-01-05"], "'NOPE'"),
        (["--act", "g?", "--on", "2026-01-05"], "'g?'"),
        (["--act", "ABCD123", "--on", "2026-01-05"], "ABCD123"),
        (["--act", "AMI*30", "--on", "2026-01-05"], "coefficient 30"),
        (["--act", "MEG+F", "--on", "2026-01-05"], "allows no complement F"),
        (["--act", "G", "--on", "2026-01-05", "--ips", "?"], "letter of the parcours"),
        (["--act", "G", "--on", "2026-01-05", "--set", "x=1"], "no parameter 'x'"),
        (["--act", "G", "--on", "2026-01-05", "--set", "x"], "NAME=VALUE"),
        (["--act", "3400000000000", "--on", "2026-01-05"], "no medicine"),
        (["--act", "G=1.234", "--on", "2026-01-05"], "up to two decimals"),
        ([], "--act"),
        (["--act", "G", "--case", "x"], "--case"),
    ],
)
def test_what_cannot_be_priced_is_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fse", "price", *arguments]) in (2, 3)
    assert said in capsys.readouterr().err.splitlines()[0]


@pytest.mark.parametrize(
    ("act", "base", "charged"),
    [
        ("G=45.00", 3000, 4500),
        ("2xAMI*1.5", 945, 945),
        ("AMI*1.5+N", 1388, 1388),
        ("DEQP003-F", 3358, 3358),
        ("QZFA036:1.0/2", 1440, 1440),
        ("2x3400999900010", 232, 232),
    ],
)
def test_acts_as_they_are_typed(
    act: str, base: int, charged: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fse", "price", "--act", act, "--on", "2026-01-05", "--json"]) == 0
    (line,) = json.loads(capsys.readouterr().out)["lines"]
    assert (line["base"], line["charged"]) == (base, charged)


def test_notes_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fse", "price", "--act", "MEG", "--on", "2026-01-05"]) == 0
    assert "note: MEG of 2026-01-05 follows" in capsys.readouterr().out


def test_the_tables_are_shown_and_searched(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fse", "tables", "show"]) == 0
    assert "medicines" in capsys.readouterr().out
    assert main(["fse", "tables", "show", "--json"]) == 0
    assert {one["table"] for one in json.loads(capsys.readouterr().out)} >= {"ngap", "ccam"}
    assert main(["fse", "tables", "show", "parameters", "--on", "2026-01-01", "--json"]) == 0
    held = {one["name"]: one["value"] for one in json.loads(capsys.readouterr().out)}
    assert held["participation"] == "200"
    assert main(["fse", "tables", "search", "AMI", "--on", "2026-01-01", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {one["unit"] for one in rows if one["table"] == "ngap"} == {"3.15"}
    assert all(one["source"] for one in rows)
    assert main(["fse", "tables", "search", "no such thing"]) == 3
    assert main(["fse", "tables", "show", "nope"]) == 3
    assert "there is no table 'nope'" in capsys.readouterr().err


def test_the_shipped_tables_pass_their_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fse", "tables", "check"]) == 0
    assert "no gaps" in capsys.readouterr().out
    assert main(["fse", "tables", "check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
