"""A day ends where it should: everybody answered, third parties paid, what went wrong mended, and nothing lost."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from issued import authority

from bifente.workbench.day.patients import families, visits
from bifente.workbench.day.picture import draw_day
from bifente.workbench.day.running import run_day
from bifente.workbench.day.simulation import DayReport, simulate
from bifente.workbench.day.timeline import timeline
from bifente.workbench.errors import WorkbenchError

MONDAY = date(2027, 1, 4)
TROUBLE = """\
rules:
  - {nth: 1, times: 1, do: lose}
  - {nth: 2, times: 1, do: reject, code: "0250050"}
  - {nth: 2, times: 1, do: refuse, code: L13}
"""


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DayReport]:
    folder = tmp_path_factory.mktemp("calm")
    return folder, simulate(folder, patients=6, seed=4, day=MONDAY, calm=True, authority=authority())


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> DayReport:
    rules = tmp_path_factory.mktemp("rules") / "rules.yaml"
    rules.write_text(TROUBLE, encoding="utf-8")
    folder = tmp_path_factory.mktemp("trouble")
    return simulate(folder, patients=6, seed=4, day=MONDAY, rules=rules, authority=authority())


def test_on_a_calm_day_everybody_is_answered_and_third_parties_pay(calm: tuple[Path, DayReport]) -> None:
    _, report = calm
    assert [story.number for story in report.stories] == [1, 2, 3, 4, 5, 6]
    assert {story.last for story in report.stories} <= {"ARL+", "paid"}
    assert not report.counts.keys() & {"ARL-", "no return", "rejected", "resent"}
    assert all(story.paid for story in report.stories if story.last == "paid")
    assert 0 < report.paid < report.charged == sum(story.amount for story in report.stories)


def test_every_caisse_has_what_was_sent_to_it(calm: tuple[Path, DayReport]) -> None:
    from bifente.workbench.caisse import caisse_status

    folder, report = calm
    taken = 0
    for place in sorted(folder.glob("caisse-*")):
        status = caisse_status(place)
        assert (status.lots_refused, status.waiting_mails) == (0, 0)
        taken += sum(one.invoices for one in status.invoices)
    assert taken == report.patients


def test_what_goes_wrong_is_mended(troubled: DayReport) -> None:
    assert {"no return", "resent", "rejected", "replaced"} <= troubled.counts.keys()
    again = [story for story in troubled.stories if story.replaces is not None]
    assert len(again) == troubled.counts["rejected"]
    for story in again:
        old = next(one for one in troubled.stories if one.number == story.replaces)
        assert old.last == "replaced"
        assert old.amount == story.amount
    assert {story.last for story in troubled.stories} <= {"ARL+", "paid", "replaced"}


def test_the_same_seed_is_the_same_day(calm: tuple[Path, DayReport], tmp_path: Path) -> None:
    again = simulate(tmp_path, patients=6, seed=4, day=MONDAY, calm=True, authority=authority())
    assert again == calm[1]


def test_it_is_seen_at_a_glance(troubled: DayReport, tmp_path: Path) -> None:
    lines = list(timeline(troubled))
    assert len(lines) == 1 + len(troubled.stories)
    assert any("?" in line and "»" in line for line in lines)
    pytest.importorskip("matplotlib", reason="pictures need the extra figures")
    draw_day(troubled, tmp_path / "day.svg")
    assert (tmp_path / "day.svg").read_bytes().startswith(b"<?xml")


@pytest.fixture
def occupied(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    yield tmp_path
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_with_something_in_it_is_left_alone(occupied: Path) -> None:
    from bifente.cli.errors import EXIT_CODES

    with pytest.raises(WorkbenchError, match="not an empty folder") as refused:
        run_day(occupied, patients=1, seed=1)
    assert refused.value.kind.partition(".")[0] in EXIT_CODES


@pytest.mark.parametrize("patients", [0, 401])
def test_as_many_as_come_on_a_day(patients: int, tmp_path: Path) -> None:
    with pytest.raises(WorkbenchError, match="1 to 400"):
        simulate(tmp_path / "none", patients=patients, seed=1)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("patients", [1, 2, 30, 400])
def test_nobody_that_comes_can_exist(patients: int) -> None:
    import random

    from bifente.codes.nir import Nir

    made = families(patients, random.Random(patients), MONDAY)
    assert sum(family.people for family in made) == patients
    assert all(Nir(family.profile["assure"]["nir"]).fictitious for family in made)
    coming = visits(made, random.Random(patients))
    assert len({(visit.family, visit.beneficiary) for visit in coming}) == patients
    assert [visit.minute for visit in coming] == sorted(visit.minute for visit in coming)
