"""An annuaire of a test, with a few people who do not exist."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from extractrows import ACTIVITY, activities, person, write_extract

from bifente.igc.annuaire import Annuaire, ImportResult, opened_extract

Take = Callable[[str], ImportResult]

PEOPLE = (
    ACTIVITY,
    {**ACTIVITY, "Code savoir-faire": "SM26", "Libellé savoir-faire": "Qualifié"},
    person(102, "MARTINET-CŒUR", "Jean-Noël", profession="60", profession_label="Infirmier", skill=""),
    person(
        103,
        "D'ALMÉIDA",
        "Martine",
        departement="54",
        commune="Nancy",
        postcode="54000",
        structure="R10100000000103",
        name="CLINIQUE FICTIVE DES MIRABELLES",
        mail="contact@mirabelles.invalid",
        finess="540999999",
    ),
)


@pytest.fixture
def annuaire(tmp_path: Path) -> Iterator[Annuaire]:
    with Annuaire.make(tmp_path / "annuaire.db") as made:
        yield made


@pytest.fixture
def take(annuaire: Annuaire, tmp_path: Path) -> Take:
    """Take the text of an extract."""

    def taken(text: str, *, forget: bool = False) -> ImportResult:
        with opened_extract(write_extract(tmp_path / "extract.txt", text)) as extract:
            return annuaire.take(extract, forget=forget)

    return taken


@pytest.fixture
def filled(annuaire: Annuaire, take: Take) -> Annuaire:
    take(activities(PEOPLE))
    return annuaire
