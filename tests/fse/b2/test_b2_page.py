"""The page about B2 says what the code does."""

import re
from pathlib import Path

from bifente.fse.b2 import RECORDS
from bifente.fse.b2.check import RULES

PAGE = (Path(__file__).parents[3] / "docs" / "b2.md").read_text(encoding="utf-8")


def test_the_table_of_rules_is_the_one_of_the_validator() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (remark|) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
    rules = [(one.name, "remark" if one.remark else "", one.demands, one.clause) for one in RULES.values()]
    assert rows == rules


def test_the_records_of_the_page_are_those_that_are_declared() -> None:
    (ours,) = re.findall(r"^\| professionals \| `PS` \| (.+) \|$", PAGE, re.MULTILINE)
    (more,) = re.findall(
        r"^\| establishments \| `CP` \| the same in their form, and (.+) \|$", PAGE, re.MULTILINE
    )
    assert {one.name for one in RECORDS["PS"]} == set(ours.split())
    assert {one.name for one in RECORDS["CP"]} == {*ours.split(), *more.split()}


def test_the_program_of_the_page_runs() -> None:
    program = PAGE[PAGE.index("```python\n") + 10 :]
    names: dict[str, object] = {}
    exec(program[: program.index("```")], names)
    assert names["act"]["montant_amo"] == 2100  # type: ignore[index]  # a row
