"""Cases as data: those with public sources, more of the same kinds, and what is wrong with a case."""

import json
from pathlib import Path
from typing import Any

import pytest

from bifente.fse.tariff.cases import run_case
from bifente.fse.tariff.tables import Tables

DATA = Path(__file__).parent / "data"


def cases(name: str) -> list[Any]:
    read = json.loads((DATA / name).read_text(encoding="utf-8"))
    assert isinstance(read, list)
    return read


@pytest.mark.parametrize("case", cases("pricing-cases.json"), ids=lambda case: case["id"])
def test_a_case_with_a_public_source(case: Any) -> None:
    """Each names its source; FIDES, press and public test suites."""
    result = run_case(case, Tables.shipped())
    assert result.passed, result


@pytest.mark.parametrize("case", cases("more-cases.json"), ids=lambda case: case["id"])
def test_more_of_the_same_kinds(case: Any) -> None:
    """By the same rules of FIDES VF: what each rule says for other inputs, worked out by hand."""
    result = run_case(case, Tables.shipped())
    assert result.passed, result


def changed(value: object) -> object:
    """Another value of the same form."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, list):
        return [changed(value[0]), *value[1:]]
    if isinstance(value, int):
        return value + 1
    text = str(value)
    return f"{text[:-1]}{(int(text[-1]) + 1) % 10}" if text[-1:].isdigit() else text + "Z"


@pytest.mark.parametrize(
    ("case", "key"),
    [(case, key) for case in cases("pricing-cases.json") for key in case["expected"]],
    ids=lambda value: value["id"] if isinstance(value, dict) else value,
)
def test_another_expected_value_differs(case: Any, key: str) -> None:
    wrong = {**case, "expected": {key: changed(case["expected"][key])}}
    result = run_case(wrong, Tables.shipped())
    assert [one.key for one in result.differences] == [key]
    assert result.problems == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "quux"}, "kind 'quux' is not known"),
        ({"input": {"PU": "2.15", "coef": "7.5", "frob": 1}}, "input key 'frob' is not known"),
        ({"expected": {"BR": "16.13", "zork": 1}}, "expected key 'zork' is not known"),
        ({"input": {"PU": "2.155", "coef": "7.5"}}, "input key PU '2.155'"),
        ({"input": {"PU": "-2.15", "coef": "7.5"}}, "input key PU '-2.15'"),
        ({"input": {"PU": "1e999999", "coef": "7.5"}}, "input key PU '1e999999' is not a number"),
        ({"input": {"PU": "2.15", "coef": "NaN"}}, "input key coef 'NaN' is not a number"),
        ({"input": {"PU": ["1.00", "2.00"], "coef": ["1", "2", "3"]}}, "values for 3 lines"),
        ({"input": {"act": "QQQ"}}, "'QQQ'"),
        ({"input": {"act": "G", "date": "yesterday"}}, "a day as 2026-01-31 was expected"),
        ({"input": {}}, "the input names no act"),
        ({"input": []}, "objects"),
        ({"expected": {}}, "nothing is expected"),
    ],
)
def test_what_is_not_known_is_said(change: dict[str, Any], said: str) -> None:
    case = {
        "id": "x",
        "kind": "NGAP rounding",
        "input": {"PU": "2.15", "coef": "7.5"},
        "expected": {"BR": "16.13"},
    }
    assert run_case(case, Tables.shipped()).passed
    result = run_case({**case, **change}, Tables.shipped())
    assert not result.passed
    assert said in " ".join(result.problems)


def test_a_case_that_is_none() -> None:
    assert run_case(3, Tables.shipped(), 6).id == "case 7"
    assert not run_case([], Tables.shipped()).passed


def test_the_other_reading_outside_the_parcours() -> None:
    """The press prints 7.00 where the capped reading gives 8.40 (corrections 20)."""
    case = {
        "id": "x",
        "kind": "GP hors parcours",
        "input": {"date": "2025-03-10", "act": "G", "ips": "S", "pf": "2.00"},
        "expected": {"remboursement": "7.00"},
    }
    assert run_case(case, Tables.shipped()).differences[0].found == "8.40"
    assert run_case(case, Tables.shipped().with_parameter("pathway.reading", "uncapped")).passed


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"when": "sunday 10:00", "act": "C", "date": "9999-12-31"}, "a day from 1950"),
        ({"when": "sunday 10:00", "act": "C", "date": "0001-01-01"}, "a day from 1950"),
        ({"when": "sunday 25:00", "act": "C"}, "there is no such time"),
        ({"when": "sunday", "act": "C"}, "a time as 18:15"),
        ({"when": "someday 10:00", "act": "C"}, "a day was expected"),
        ({"when": "2026-02-30 10:00", "act": "C"}, "a day was expected"),
        ({"when": "sunday 10:00"}, "input key act is missing"),
        ({"when": "sunday 10:00", "act": "NOPE"}, "NOPE"),
    ],
)
def test_moments_that_are_none(given: dict[str, str], said: str) -> None:
    case = {"id": "x", "kind": "NGAP automatic complement", "input": given, "expected": {"complement": ""}}
    assert said in " ".join(run_case(case, Tables.shipped()).problems)


@pytest.mark.parametrize(
    ("when", "complement"),
    [
        ("29 february 10:00", ""),
        ("holiday 10:00", "F"),
        ("dimanche 18h", "F"),
        ("saturday 23:00", "N"),
        ("1er janvier 12:00", "F"),
        ("07-14 12:00", "F"),
        ("2026-05-08 12:00", "F"),
        ("2026-05-08T12:00", "F"),
    ],
)
def test_moments_in_words(when: str, complement: str) -> None:
    case = {
        "id": "x",
        "kind": "NGAP automatic complement",
        "input": {"when": when, "act": "G"},
        "expected": {"complement": complement},
    }
    assert run_case(case, Tables.shipped()).passed
