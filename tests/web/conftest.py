"""The annuaire's pages over a small annuaire, served once for all tests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from chromiumpipe import Browser
from extractrows import ACTIVITY, CARD, activities, cards, person, write_extract
from issued import authority, records
from webserver import ServedPages, served

from bifente.applets.store.stores import create_card_file
from bifente.web.annuaire.pages import annuaire_pages
from bifente.web.application import make_application
from bifente.workbench.annuaire.filling import fill, import_extracts


@pytest.fixture(scope="session")
def annuaire_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A doctor and an employee with cards, whom cards made; a caisse; and people of an extract."""
    folder = tmp_path_factory.mktemp("annuaire")
    path = folder / "annuaire.db"
    many = [
        person(500 + number, f"NOMBREUX-{'ABCDEFGHIJ'[number % 10]}{'KLM'[number // 10]}", "Zoé")
        for number in range(25)
    ]
    hostile = person(
        600,
        "<script>alert(1)</script>",
        '"><img src=x>',
        name="{{ 7 * 7 }}",
        structure="R666",
        mail="other@nowhere.invalid",
    )
    for name, text in (("people", activities([ACTIVITY, *many, hostile])), ("cards", cards([CARD]))):
        import_extracts([write_extract(folder / f"{name}.txt", text)], path)
    for profile in ("gp", "hospital-cpe"):
        create_card_file(folder / f"{profile}.card", dict(records(profile)))
    fill([folder / "gp.card", folder / "hospital-cpe.card"], path, authority=authority())
    return path


@pytest.fixture(scope="session")
def pages(annuaire_file: Path) -> Iterator[ServedPages]:
    with served(make_application([annuaire_pages(annuaire_file)])) as there:
        yield there


@pytest.fixture(scope="session")
def browser(
    require_tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    opened = Browser(require_tool("chromium"), tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.close()
