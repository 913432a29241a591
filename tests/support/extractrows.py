"""Rows of the public extracts, of people and places that do not exist."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from bifente.igc.annuaire.columns import ACTIVITY_HEADINGS, CARD_HEADINGS

ACTIVITY: Mapping[str, str] = {
    "Type d'identifiant PP": "8",
    "Identifiant PP": "99700000101",
    "Identification nationale PP": "899700000101",
    "Code civilité d'exercice": "DR",
    "Libellé civilité d'exercice": "Docteur",
    "Code civilité": "MME",
    "Libellé civilité": "Madame",
    "Nom d'exercice": "FICTIF-ÉPINETTE",
    "Prénom d'exercice": "Maëlle",
    "Code profession": "10",
    "Libellé profession": "Médecin",
    "Code catégorie professionnelle": "C",
    "Libellé catégorie professionnelle": "Civil",
    "Code type savoir-faire": "S",
    "Libellé type savoir-faire": "Spécialité ordinale",
    "Code savoir-faire": "SM54",
    "Libellé savoir-faire": "Médecine générale",
    "Code mode exercice": "L",
    "Libellé mode exercice": "Libéral",
    "Numéro FINESS site": "880999999",
    "Identifiant technique de la structure": "R10100000000101",
    "Raison sociale site": "CABINET FICTIF DES SAPINS",
    "Numéro Voie (coord. structure)": "3",
    "Code type de voie (coord. structure)": "R",
    "Libellé type de voie (coord. structure)": "Rue",
    "Libellé Voie (coord. structure)": "DE L'ESSAI",
    "Code postal (coord. structure)": "88000",
    "Code commune (coord. structure)": "88160",
    "Libellé commune (coord. structure)": "Épinal",
    "Téléphone (coord. structure)": "0000000000",
    "Adresse e-mail (coord. structure)": "accueil@sapins.invalid",
    "Code Département (structure)": "88",
    "Libellé Département (structure)": "Vosges",
    "Autorité d'enregistrement": "CNOM/CNOM/CNOM",
    "Code secteur d'activité": "SA07",
    "Libellé secteur d'activité": "Cabinet individuel",
    "Code rôle": "FON-46",
    "Libellé rôle": "Titulaire de cabinet",
    "Code genre activité": "GENR01",
    "Libellé genre activité": "Activité standard de soin ou de pharmacien",
}
"""One row, by its headings."""

CARD: Mapping[str, str] = {
    "Type d'identifiant PP": "8",
    "Identifiant PP": "99700000101",
    "Identification nationale PP": "899700000101",
    "Nom d'exercice": "FICTIF-ÉPINETTE",
    "Prénom d'exercice": "Maëlle",
    "Code profession": "10",
    "Libellé profession": "Médecin",
    "Code type de carte": "CPS",
    "Libellé type de carte": "Carte de Professionnel de Santé",
    "Numéro carte": "2900000101",
    "Identifiant national contenu dans la carte": "899700000101",
    "Date début validité": "20250301",
    "Date fin validité": "20280301",
    "Date de mise à jour": "20250302",
}


def person(number: int, family: str, given: str, **changes: str) -> dict[str, str]:
    """A row of another person: ``profession="60"`` and so on change columns by a short name."""
    short = {
        "profession": "Code profession",
        "profession_label": "Libellé profession",
        "skill": "Code savoir-faire",
        "departement": "Code Département (structure)",
        "commune": "Libellé commune (coord. structure)",
        "postcode": "Code postal (coord. structure)",
        "structure": "Identifiant technique de la structure",
        "name": "Raison sociale site",
        "mail": "Adresse e-mail (coord. structure)",
        "finess": "Numéro FINESS site",
    }
    identifier = f"997{number:08d}"
    return {
        **ACTIVITY,
        "Identifiant PP": identifier,
        "Identification nationale PP": f"8{identifier}",
        "Nom d'exercice": family,
        "Prénom d'exercice": given,
        **{short[name]: value for name, value in changes.items()},
    }


def activities(rows: Iterable[Mapping[str, str]]) -> str:
    """The text of an extract of activities."""
    return _text(ACTIVITY_HEADINGS, rows)


def cards(rows: Iterable[Mapping[str, str]]) -> str:
    """The text of an extract of cards."""
    return _text(CARD_HEADINGS, rows)


def write_extract(path: Path, text: str) -> Path:
    """An extract in a file."""
    path.write_bytes(text.encode())
    return path


def _text(headings: Iterable[str], rows: Iterable[Mapping[str, str]]) -> str:
    names = list(headings)
    lines = ["|".join(names), *("|".join(row.get(name, "") for name in names) for row in rows)]
    return "\n".join(lines) + "\n"
