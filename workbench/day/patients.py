"""Who comes: families with a carte Vitale each, drawn from a seed. All of them are invented, and no NIR of theirs can exist."""

import random
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

CAISSES: Final = ("349", "999", "881")
"""Of the régime général: the test caisse of the CNDA, that of the GIE, and one of the Vosges."""

_NAMES: Final = (
    "ESSAI",
    "EXEMPLE",
    "MODELE",
    "SPECIMEN",
    "FICTIF",
    "EPREUVE",
    "MAQUETTE",
    "GABARIT",
    "PROTOTYPE",
    "BROUILLON",
)
_GIVEN: Final = (
    "CAMILLE",
    "DOMINIQUE",
    "CLAUDE",
    "MORGAN",
    "LOU",
    "ANGE",
    "SACHA",
    "MAXIME",
    "ALIX",
    "EDEN",
    "NOA",
    "ROMANE",
)
_LARGEST: Final = 5


@dataclass(frozen=True, slots=True)
class PatientFamily:
    """A carte Vitale to be made: its profile, and how many bénéficiaires stand on it."""

    profile: dict[str, Any]
    people: int


@dataclass(frozen=True, slots=True)
class Visit:
    """A patient comes: the family and the bénéficiaire (from 1), the act in words, what is paid by third parties, minutes after the
    surgery has opened."""

    family: int
    beneficiary: int
    act: str
    pathway: str
    third_party: bool
    minute: int


def families(patients: int, chance: random.Random, today: date) -> list[PatientFamily]:
    """Families with *patients* people altogether."""
    made: list[PatientFamily] = []
    left = patients
    while left:
        size = min(left, chance.randint(2, _LARGEST)) if left > 1 else 1
        made.append(_family(len(made), size, chance, today))
        left -= size
    return made


def visits(made: list[PatientFamily], chance: random.Random, opening: int = 600) -> list[Visit]:
    """Everybody comes once, in an order and at times that nobody can foresee, within *opening* minutes."""
    people = [(at, number) for at, family in enumerate(made) for number in range(1, family.people + 1)]
    chance.shuffle(people)
    minutes = sorted(
        chance.sample(range(opening), len(people)) if len(people) <= opening else range(len(people))
    )
    return [_visit(at, number, minute, chance) for (at, number), minute in zip(people, minutes, strict=True)]


def _visit(family: int, beneficiary: int, minute: int, chance: random.Random) -> Visit:
    act = chance.choices(("G", "G fee=45.00", "APC", "G complement=F"), weights=(80, 8, 8, 4))[0]
    pathway = chance.choices(("T", "U", "S"), weights=(85, 8, 7))[0]
    return Visit(family, beneficiary, act, pathway, chance.random() < 0.6, minute)


def _family(number: int, size: int, chance: random.Random, today: date) -> PatientFamily:
    name = f"{_NAMES[number % len(_NAMES)]}-{_letters(number)}"
    caisse = CAISSES[number % len(CAISSES)]
    year = today.year - chance.randint(25, 60)
    sex = chance.choice("12")
    month = chance.randint(13, 19)  # never given to anybody
    nir = f"{sex}{year % 100:02}{month}99{100 + number % 800:03}{chance.randint(1, 990):03}"
    people = []
    for place in range(size):
        born = (
            year
            if place == 0
            else year + chance.randint(-4, 4)
            if place == 1
            else today.year - chance.randint(4, 15)
        )
        person: dict[str, Any] = {
            "nom": name,
            "prenom": chance.choice(_GIVEN),
            "adresse": [
                "",
                "RESIDENCE DES EXEMPLES",
                f"{number + 1} ALLEE DES ESSAIS",
                "",
                "99999 VILLE-FICTIVE",
            ],
            "date_naissance": f"{born}-{chance.randint(13, 19)}-{chance.randint(1, 28):02}",
            "qualite": 0 if place == 0 else 2 if place == 1 else 6,
            "droits": [{"debut": f"{today.year - 3}-01-01"}],
            "couvertures": [{"situation": "0100"}],
        }
        if place == 0:
            person |= {"nir": nir, "certifie": f"{today.year - 3}-01-01"}
        people.append(person)
    assured = {"nir": nir, "caisse": caisse}
    return PatientFamily({"kind": "vitale2", "assure": assured, "beneficiaires": people}, size)


def _letters(number: int) -> str:
    return chr(ord("A") + number // 26 % 26) + chr(ord("A") + number % 26)
