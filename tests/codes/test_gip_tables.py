"""The nomenclatures: labels, leading zeros, what is known in part only."""

import pytest

from bifente.codes.gip import PARTIAL, TABLES, known, label
from bifente.ssv.groups import GROUPS


@pytest.mark.parametrize(
    ("table", "code", "text"),
    [
        ("G01", "80", "Carte de professionnel (test)"),
        ("G02", "00", "CPS, carte de professionnel de santé"),
        ("G04", "01", "Responsable de structure"),
        ("G07", "1", "FINESS"),
        ("G08", "8", "RPPS"),
        ("G12", "00", "Médecine générale (polyvalente en milieu hospitalier)"),
        ("G15", "60", "Infirmier"),
        ("G16", "10", "Médecin"),
        ("G17", "00", "Libéral, exploitant, commerçant"),
        ("G19", "31", "Cabinet individuel"),
        ("G20", "61", "Infirmier anesthésiste"),
        ("G20", "5", "Formation supérieure de service social"),
        ("G21", "88", "Forme juridique 88"),
        ("G100", "01", "Médecine générale"),
        ("G101", "9", "Établissement ou centre"),
        ("R01", "SM26", "Qualifié en médecine générale"),
        ("R02", "SA07", "Cabinet individuel"),
        ("REGIME", "94", "MFP"),
        ("QUALITE", "6", "Enfant"),
        ("SERVICE_AMO", "10", "Sortant de CMU-C"),
        ("STS", "M", "FNMF"),
        ("SITUATION", "0104", "Régime général et assimilés"),
    ],
)
def test_labels(table: str, code: str, text: str) -> None:
    assert label(table, code) == text


def test_leading_zeros_are_taken_either_way() -> None:
    assert label("G02", "3") == label("G02", "03")
    assert label("SERVICE_AMO", "0") == "Pas de service"
    assert label("G07", "01") == "FINESS"
    assert label("G101", "00") == "Non conventionné"


def test_letters_are_not_numbers() -> None:
    assert label("G05", "DA") is None
    assert label("G05", "Da") == "Assistant"
    assert label("STS", "²") is None


def test_an_unknown_code_is_wrong_only_where_the_whole_table_is_known() -> None:
    assert known("QUALITE", "7") is False
    assert known("QUALITE", "6") is True
    assert known("G12", "94") is None
    assert label("G12", "94") is None


@pytest.mark.parametrize("table", ["G03", "G06"])
def test_civilities_are_known_in_part(table: str) -> None:
    assert known(table, "22") is True
    assert known(table, "14") is None


def test_specialisations_and_legal_forms_are_all_known() -> None:
    """dico-fr.gip 01.10 as quoted by MedinTux; NOS TRE_G20."""
    assert " ".join(TABLES["G20"]) == "05 07 51 61 62 63 64 65 71 94 96 98 99"
    assert " ".join(TABLES["G21"]) == "70 71 72 73 74 75 76 77 78 79 85 86 87 88"
    assert known("G20", "66") is False
    assert known("G21", "80") is False


def test_an_unknown_table_is_a_mistake_of_the_program() -> None:
    with pytest.raises(KeyError):
        label("G99", "00")


def test_the_tables_are_frozen_and_hold_texts() -> None:
    assert set(TABLES) >= PARTIAL
    with pytest.raises(TypeError):
        TABLES["G01"]["00"] = "x"  # type: ignore[index]
    for table in TABLES.values():
        assert table
        assert all(code and text and text == text.strip() for code, text in table.items())


def test_each_table_that_a_field_names_exists() -> None:
    named = {field.table for group in GROUPS.values() for field in group.fields if field.table}
    assert named <= set(TABLES)
