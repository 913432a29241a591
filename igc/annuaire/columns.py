"""The columns of the two public extracts that are imported, by their headings; and where each stands in a row of ours.

``PS_LibreAcces_Personne_activite`` of the *extraction en libre accès* (Agence du numérique en santé, Licence Ouverte 2.0): 56
columns separated by ``|``, a row for each activity of each professional (spec/corrections.md 27). ``Porteurs_CPS_CPF``: a row
for each card. Headings are compared without accents, case and marks, so that an extract whose columns were moved is read, too.
"""

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import Final
from unicodedata import combining, normalize

ACTIVITY_HEADINGS: Final = (
    "Type d'identifiant PP",
    "Identifiant PP",
    "Identification nationale PP",
    "Code civilité d'exercice",
    "Libellé civilité d'exercice",
    "Code civilité",
    "Libellé civilité",
    "Nom d'exercice",
    "Prénom d'exercice",
    "Code profession",
    "Libellé profession",
    "Code catégorie professionnelle",
    "Libellé catégorie professionnelle",
    "Code type savoir-faire",
    "Libellé type savoir-faire",
    "Code savoir-faire",
    "Libellé savoir-faire",
    "Code mode exercice",
    "Libellé mode exercice",
    "Numéro SIRET site",
    "Numéro SIREN site",
    "Numéro FINESS site",
    "Numéro FINESS établissement juridique",
    "Identifiant technique de la structure",
    "Raison sociale site",
    "Enseigne commerciale site",
    "Complément destinataire (coord. structure)",
    "Complément point géographique (coord. structure)",
    "Numéro Voie (coord. structure)",
    "Indice répétition voie (coord. structure)",
    "Code type de voie (coord. structure)",
    "Libellé type de voie (coord. structure)",
    "Libellé Voie (coord. structure)",
    "Mention distribution (coord. structure)",
    "Bureau cedex (coord. structure)",
    "Code postal (coord. structure)",
    "Code commune (coord. structure)",
    "Libellé commune (coord. structure)",
    "Code pays (coord. structure)",
    "Libellé pays (coord. structure)",
    "Téléphone (coord. structure)",
    "Téléphone 2 (coord. structure)",
    "Télécopie (coord. structure)",
    "Adresse e-mail (coord. structure)",
    "Code Département (structure)",
    "Libellé Département (structure)",
    "Ancien identifiant de la structure",
    "Autorité d'enregistrement",
    "Code secteur d'activité",
    "Libellé secteur d'activité",
    "Code section tableau pharmaciens",
    "Libellé section tableau pharmaciens",
    "Code rôle",
    "Libellé rôle",
    "Code genre activité",
    "Libellé genre activité",
)
"""All 56."""


class ActivityColumn(IntEnum):
    """Where the columns that are not a code with its label stand in a row of activities."""

    ID_KIND = 0
    ID_NUMBER = 1
    IDENTIFIER = 2
    FAMILY_NAME = 7
    GIVEN_NAME = 8
    SIRET = 19
    SIREN = 20
    FINESS = 21
    FINESS_LEGAL = 22
    STRUCTURE = 23
    NAME = 24
    SIGN = 25
    POSTCODE = 35
    COMMUNE_CODE = 36
    COMMUNE = 37
    MAIL = 43
    DEPARTEMENT = 44
    FORMER = 46
    REGISTERED_BY = 47


CODED: Final = {
    "civility_of_practice": 3,
    "civility": 5,
    "profession": 9,
    "category": 11,
    "skill_kind": 13,
    "skill": 15,
    "mode": 17,
    "way_type": 30,
    "country": 38,
    "departement": 44,
    "sector": 48,
    "section": 50,
    "role": 52,
    "activity_kind": 54,
}
"""What is a code, with its label in the next column: by the kind under which labels are stored."""

CARD_HEADINGS: Final = (
    "Type d'identifiant PP",
    "Identifiant PP",
    "Identification nationale PP",
    "Nom d'exercice",
    "Prénom d'exercice",
    "Code profession",
    "Libellé profession",
    "Code type de carte",
    "Libellé type de carte",
    "Numéro carte",
    "Identifiant national contenu dans la carte",
    "Date début validité",
    "Date fin validité",
    "Date opposition",
    "Date de mise à jour",
)
"""Of the extract of cards what is taken; it has more columns (names of categories), which are left alone."""


class CardColumn(IntEnum):
    """Where the columns stand in a row of cards."""

    IDENTIFIER = 2
    FAMILY_NAME = 3
    GIVEN_NAME = 4
    PROFESSION = 5
    PROFESSION_LABEL = 6
    KIND = 7
    KIND_LABEL = 8
    NUMBER = 9
    INSIDE = 10
    START = 11
    END = 12
    OPPOSED = 13
    UPDATED = 14


def plain_heading(heading: str) -> str:
    """A heading as it is compared: small letters and figures, one blank between words, without *de*, *d'* and *la*."""
    letters = "".join(one for one in normalize("NFKD", heading.casefold()) if not combining(one))
    words = re.sub(r"[^a-z0-9]+", " ", letters).split()
    return " ".join(word for word in words if word not in ("d", "de", "la", "du"))


def places_of(wanted: Sequence[str], found: Sequence[str]) -> tuple[list[int], list[str]]:
    """Where the *wanted* columns stand among the headings *found*, and the headings that are missing."""
    at = {plain_heading(heading): place for place, heading in enumerate(found)}
    missing = [heading for heading in wanted if plain_heading(heading) not in at]
    return [at[plain_heading(heading)] for heading in wanted if plain_heading(heading) in at], missing
