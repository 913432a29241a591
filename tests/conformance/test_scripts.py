"""Card scripts: what is read, what is refused with its line, what a step compares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu.response import ResponseAPDU
from bifente.conformance.errors import ScriptError, ScriptProblem
from bifente.conformance.script import parse_script, shipped_scripts
from bifente.conformance.scriptrun import matches

GOOD = """\
suite: cps
cards: [cps3]
cases:
  - id: one
    title: One
    clause: ISO/IEC 7816-4:2020 §11.2.2
    steps:
      - 00A4000C -> 9000
      - reset
      - send: "0084000010"
        expect: ................................ 9000
        keep: first
    restore:
      - cold reset
"""


def test_the_shipped_scripts_name_a_clause_for_each_case() -> None:
    scripts = shipped_scripts()
    assert {script.model.suite for script in scripts} == {"iso7816", "cps", "vitale", "terminal"}
    assert sum(len(script.model.cases) for script in scripts) > 150
    assert all(case.clause and case.title for script in scripts for case in script.model.cases)


def test_a_script_knows_the_lines_of_its_cases() -> None:
    script = parse_script(GOOD, "x.yaml")
    assert script.lines == (4,)
    (case,) = script.model.cases
    assert [step.send for step in case.steps] == ["00A4000C", "reset", "0084000010"]
    assert case.steps[2].keep == "first"
    assert case.restore[0].is_reset


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("suite: cps", "suite: cpx", 1, "suite"),
        ("cards: [cps3]", "cards: [cps9]", 2, "cards"),
        ("cards: [cps3]", "cards: []", 2, "cards"),
        ("    clause: ISO/IEC 7816-4:2020 §11.2.2\n", "", 4, "clause"),
        ("00A4000C -> 9000", "00A4000 -> 9000", 8, "not a command"),
        ("00A4000C -> 9000", "00A4000C -> 90", 8, "not an answer"),
        ("00A4000C -> 9000", "00A4000C ->", 8, "must come"),
        ("00A4000C -> 9000", "00A4000C", 8, "COMMAND -> ANSWER"),
        ("      - reset", "      - restart", 9, "COMMAND -> ANSWER"),
        ("        keep: first", "        keeps: first", 12, "keeps"),
        ("    title: One", "    title: One\n    title: Two", 6, "twice"),
        ("  - id: one", "  - id: One!", 4, "id"),
        ("suite: cps", "suite: [cps", 2, "not YAML"),
    ],
)
def test_a_bad_script_names_its_line(old: str, new: str, line: int, words: str) -> None:
    assert old in GOOD
    with pytest.raises(ScriptError) as caught:
        parse_script(GOOD.replace(old, new), "x.yaml")
    assert [problem.line for problem in caught.value.problems][:1] == [line]
    assert str(caught.value).startswith(f"x.yaml:{line}: ")
    assert words in str(caught.value)


def test_a_case_that_stands_twice_is_refused() -> None:
    again = GOOD[GOOD.index("  - id: one") :]
    with pytest.raises(ScriptError, match="one stands twice"):
        parse_script(GOOD + again, "x.yaml")


@pytest.mark.parametrize(
    ("expected", "answer", "right"),
    [
        ("9000", "9000", True),
        ("9000", "619000", False),
        ("9000", "6A82", False),
        ("6A82|6A88", "6A88", True),
        ("63C.", "63C2", True),
        ("63C.", "6300", False),
        ("61 9000", "619000", True),
        ("6. 9000", "659000", True),
        ("6. 9000", "759000", False),
        ("61* 9000", "619000", True),
        ("61* 9000", "6102039000", True),
        ("61*03 9000", "6102039000", True),
        ("* 9000", "9000", True),
        ("61 02 9000", "61029000", True),
        ("61.. 9000|6282", "61FF6282", True),
    ],
)
def test_what_an_answer_matches(expected: str, answer: str, right: bool) -> None:
    assert matches(expected, ResponseAPDU.parse(bytes.fromhex(answer))) is right


def problems_of(text: str) -> list[ScriptProblem]:
    """What is wrong with a script; any other exception passes through."""
    try:
        parse_script(text, "x.yaml")
    except ScriptError as error:
        return error.problems or pytest.fail("refused without a reason")
    return []


@given(st.text(max_size=200) | st.text(alphabet="suitecards:- []{}\n\"'>0A9", max_size=200))
def test_any_text_is_a_script_or_refused(text: str) -> None:
    assert all(problem.line >= 1 for problem in problems_of(text))


@given(st.integers(0, len(GOOD) - 2))
def test_a_damaged_script_is_refused_with_a_line(cut: int) -> None:
    assert all(1 <= problem.line <= GOOD.count("\n") + 1 for problem in problems_of(GOOD[:cut]))
