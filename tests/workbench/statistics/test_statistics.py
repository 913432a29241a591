"""The figures of a store are counted from its rows; the year that nobody lived is the same for the same seed, and says what it is."""

from collections import Counter
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest
from sqlalchemy import create_engine, text

from bifente.workbench.errors import WorkbenchError
from bifente.workbench.statistics.departments import SQUARES
from bifente.workbench.statistics.figures import PICTURES, draw_all
from bifente.workbench.statistics.professions import SPECIALISTS, UNKNOWN, group_of
from bifente.workbench.statistics.report import figures_of
from bifente.workbench.statistics.year import SENDERS, make_year


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("year") / "year.db"
    assert make_year(path, 3000, 7) == 3000
    return path


def rows(path: Path, question: str) -> list[tuple[object, ...]]:
    with create_engine(f"sqlite:///{path}").connect() as connection:
        return [tuple(row) for row in connection.execute(text(question))]


def test_what_is_counted_is_what_stands_there(year: Path) -> None:
    figures = figures_of(str(year))
    stored = rows(
        year, "SELECT speciality, department, mode, state FROM invoice JOIN lot ON lot.id = invoice.lot"
    )
    assert figures.invoices == len(stored) == 3000
    assert figures.rate == pytest.approx(sum(row[2] == "S" for row in stored) / len(stored))
    groups = Counter(group_of(str(row[0])) for row in stored)
    secured = Counter(group_of(str(row[0])) for row in stored if row[2] == "S")
    assert {one.group: one.invoices for one in figures.professions} == groups
    for one in figures.professions:
        assert one.rate == pytest.approx(secured[one.group] / one.invoices)
    assert {one.group: one.invoices for one in figures.departments} == Counter(row[1] for row in stored)
    assert sum(figures.rejects.values()) == sum(row[3] == "rejected" for row in stored)
    assert sum(figures.days.values()) == 3000
    delays = sorted(day for day, count in figures.delays.items() for _ in range(count))
    assert figures.median_delay == delays[(len(delays) - 1) // 2]


def test_the_same_seed_gives_the_same_year(year: Path, tmp_path: Path) -> None:
    again, other = tmp_path / "again.db", tmp_path / "other.db"
    make_year(again, 3000, 7)
    make_year(other, 3000, 8)
    assert figures_of(str(again)) == figures_of(str(year))
    assert figures_of(str(other)) != figures_of(str(year))


def test_it_says_what_it_is(year: Path) -> None:
    assert "no sheet in it was ever sent" in figures_of(str(year)).synthetic
    assert all(number.startswith("99") for (number,) in rows(year, "SELECT professional FROM invoice"))
    assert all(day != "2009-05-01" for (day,) in rows(year, "SELECT DISTINCT day FROM lot"))
    assert {sender.source for sender in SENDERS} > {"synthetic"}


def test_pictures_are_drawn_of_what_there_is(year: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures need the extra figures")
    made = draw_all(figures_of(str(year)), tmp_path / "plots")
    assert [path.stem for path in made] == list(PICTURES)
    for path in made:
        assert ElementTree.fromstring(path.read_bytes()).tag.endswith("svg")
    with pytest.raises(FileExistsError):
        draw_all(figures_of(str(year)), tmp_path / "plots")


def test_a_store_without_invoices_has_no_pictures(tmp_path: Path) -> None:
    from bifente.fse.caisse.store.opening import open_engine, store_url

    open_engine(store_url(str(tmp_path / "empty.db"), Path()), make=True).dispose()
    figures = figures_of(str(tmp_path / "empty.db"))
    assert (figures.invoices, figures.rate, figures.median_delay, figures.synthetic) == (0, 0.0, None, "")
    assert draw_all(figures, tmp_path / "plots") == []


def test_a_year_is_whole_or_not_there(tmp_path: Path) -> None:
    def stop(made: int, _total: int, _name: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_year(tmp_path / "year.db", 100, 1, told=stop)
    assert list(tmp_path.iterdir()) == []
    make_year(tmp_path / "year.db", 100, 1)
    with pytest.raises(FileExistsError):
        make_year(tmp_path / "year.db", 100, 2)
    make_year(tmp_path / "year.db", 100, 2, replace=True)
    with pytest.raises(WorkbenchError, match="1 to"):
        make_year(tmp_path / "none.db", 0, 1)


def test_the_grid_has_each_departement_once() -> None:
    metropole = {f"{number:02}" for number in range(1, 96) if number != 20} | {"2A", "2B"}
    assert SQUARES.keys() == metropole | {"971", "972", "973", "974", "976"}
    assert len(set(SQUARES.values())) == len(SQUARES)


@pytest.mark.parametrize(
    ("speciality", "group"),
    [("01", "généralistes"), ("33", SPECIALISTS), ("50", "pharmaciens"), ("", UNKNOWN), ("00", UNKNOWN)],
)
def test_groups(speciality: str, group: str) -> None:
    assert group_of(speciality) == group


def test_days_are_dates(year: Path) -> None:
    assert all(isinstance(day, date) and day.year == 2009 for day in figures_of(str(year)).days)
