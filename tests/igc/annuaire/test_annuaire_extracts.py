"""The public extracts taken in: all of a file, or nothing of it."""

import zipfile
from datetime import date
from pathlib import Path
from typing import Protocol

import pytest
from extractrows import ACTIVITY, CARD, activities, cards, person, write_extract

from bifente.igc.annuaire import Annuaire, AnnuaireQuery, ExtractKind, ExtractRefused, opened_extract
from bifente.igc.annuaire.annuaire import ImportResult
from bifente.igc.annuaire.columns import ACTIVITY_HEADINGS


class Take(Protocol):
    def __call__(self, text: str, *, forget: bool = False) -> ImportResult: ...


def test_there_are_56_columns_and_all_but_two_identifiers_are_kept(filled: Annuaire) -> None:
    assert len(ACTIVITY_HEADINGS) == len(set(ACTIVITY_HEADINGS)) == 56
    found = filled.professional("899700000101")
    said = repr(found)
    for heading, value in ACTIVITY.items():
        # the type and the number are the beginning and the rest of the national identifier
        if heading not in ("Type d'identifiant PP", "Identifiant PP"):
            assert value in said, heading
    assert len(found.practices) == 2
    assert found.full_name == "Docteur Maëlle FICTIF-ÉPINETTE"
    place = found.practices[0].structure
    assert place is not None
    assert place.national_identifier == "1880999999"
    assert place.address.lines == ("3 R DE L'ESSAI", "88000 Épinal")
    assert place.address.departement_label == "Vosges (88)"


def test_a_second_extract_takes_the_place_of_the_first(filled: Annuaire, take: Take) -> None:
    before = filled.counts()
    take(
        activities(
            [person(103, "D'ALMÉIDA-FICTIF", "Martine", departement="57", structure="R1", commune="Metz")]
        )
    )
    found = filled.professional("899700000103")
    assert [one.structure.identifier for one in found.practices if one.structure] == ["R1"]
    assert filled.search(AnnuaireQuery(departement="54")).total == 0
    assert filled.search(AnnuaireQuery(text="fictif", departement="57")).total == 1
    assert filled.counts().professionals == before.professionals


def test_the_rows_of_a_person_need_not_stand_together(
    annuaire: Annuaire, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bifente.igc.annuaire.annuaire._BATCH", 2)
    rows = [
        person(number, f"NOM{'ABC'[number]}FICTIF", "Zoé", skill=skill)
        for skill in ("SM26", "SM54")
        for number in (0, 1, 2)
    ]
    assert take(activities(rows)).rows == 6
    for number in (0, 1, 2):
        found = annuaire.professional(f"8997{number:08d}")
        assert sorted(one.skill.code for one in found.practices) == ["SM26", "SM54"]
    for skill in ("SM26", "SM54"):
        assert annuaire.search(AnnuaireQuery(skill=skill, text="zoe")).total == 3


def test_with_forget_the_extract_is_the_whole_truth(filled: Annuaire, take: Take) -> None:
    assert take(activities([ACTIVITY])).forgotten == 0
    assert take(activities([ACTIVITY]), forget=True).forgotten == 2  # type: ignore[call-arg]
    assert filled.search(AnnuaireQuery(text="mar")).total == 0
    assert filled.counts().professionals == 1


def test_cards_are_taken_with_their_dates_and_their_holders(filled: Annuaire, take: Take) -> None:
    opposed = {
        **CARD,
        "Numéro carte": "2900000102",
        "Date opposition": "2026-02-03",
        "Identification nationale PP": "899700000199",
    }
    done = take(cards([CARD, opposed]))
    assert (done.kind, done.rows) == (ExtractKind.CARDS, 2)
    [card] = filled.professional("899700000101").cards
    assert (card.number, str(card.kind)) == ("2900000101", "Carte de Professionnel de Santé")
    assert (card.start, card.end, card.opposed) == (date(2025, 3, 1), date(2028, 3, 1), None)
    [other] = filled.professional("899700000199").cards
    assert other.opposed == date(2026, 2, 3)
    [found] = filled.search(AnnuaireQuery(card="2900000102")).entries
    assert found.identifier == "899700000199"


def test_who_is_not_to_be_listed_is_not_listed_by_an_import_either(annuaire: Annuaire, take: Take) -> None:
    assert not annuaire.hide("899700000101")
    take(activities([ACTIVITY]))
    take(cards([CARD]))
    assert annuaire.search(AnnuaireQuery(text="fictif")).total == 0
    assert annuaire.search(AnnuaireQuery(card="2900000101")).total == 0


def test_columns_in_another_order_and_more_of_them_are_read(annuaire: Annuaire, take: Take) -> None:
    lines = [line.split("|") for line in activities([ACTIVITY]).splitlines()]
    moved = "\r\n".join("|".join(["more", *reversed(cells), ""]) for cells in lines)
    assert take("\ufeff" + moved).rows == 1
    assert annuaire.professional("899700000101").practices[0].skill.code == "SM54"


def test_a_zip_is_read_as_what_is_in_it(annuaire: Annuaire, tmp_path: Path) -> None:
    path = tmp_path / "PS_LibreAcces.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("PS_LibreAcces_Personne_activite_202611.txt", activities([ACTIVITY]))
        zipped.writestr("PS_LibreAcces_SavoirFaire_202611.txt", "something else")
    with opened_extract(path) as extract:
        assert annuaire.take(extract).rows == 1


GOOD = activities([ACTIVITY])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not an extract"),
        ("a|b\n1|2\n", "not an extract"),
        (GOOD.replace("Numéro SIREN site", "SIREN", 1), "line lacks the column 'Numéro SIREN site'"),
        (GOOD + "one|two\n", "line 3: 2 columns where the first line has 56"),
        (GOOD + "\n" + GOOD.splitlines()[1] + "\n", "line 3: an empty line"),
        (GOOD.replace("|899700000101|", "||"), "line 2: the national identifier is missing"),
        (GOOD + "x" * 70_000, "a line has no end"),
        (cards([{**CARD, "Date fin validité": "31/02/2026"}]), "line 2: '31/02/2026' is not a date"),
        (cards([{**CARD, "Numéro carte": ""}]), "line 2: the identifier or the number"),
    ],
)
def test_of_a_wrong_file_nothing_is_taken(annuaire: Annuaire, take: Take, text: str, said: str) -> None:
    with pytest.raises(ExtractRefused, match=said):
        take(text)
    assert annuaire.counts().professionals == 0
    assert annuaire.search(AnnuaireQuery(text="fictif")).total == 0


def test_what_is_not_utf8_is_told_with_its_line(annuaire: Annuaire, tmp_path: Path) -> None:
    path = write_extract(tmp_path / "latin1.txt", GOOD)
    path.write_bytes(GOOD.encode() + GOOD.splitlines()[1].encode("latin-1"))
    with pytest.raises(ExtractRefused, match="line 3: not UTF-8"), opened_extract(path) as extract:
        annuaire.take(extract)
