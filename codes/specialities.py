"""Which profession practises a *code spécialité* of the health insurance (table G100): G15 by G100.

The labels of G100 name a profession or a branch of medicine. A code that G100 does not show here (the table is known
in part only) says nothing.
"""

from typing import Final

from bifente.codes.gip import TABLES

DOCTOR: Final = "10"
_OTHERS: Final = {
    "19": "40",
    "36": "40",
    "21": "50",
    "24": "60",
    "26": "70",
    "27": "80",
    "28": "91",
    "29": "92",
    "50": "21",
    "51": "21",
}
"""Chirurgien-dentiste and orthopédie dento-faciale, sage-femme, infirmier, masseur-kinésithérapeute, pédicure-podologue,
orthophoniste, orthoptiste, pharmacien."""

_OF_NO_PROFESSION: Final = frozenset({"30", "39", "40", "99"})
"""Laboratories, of doctors and pharmacists alike, and *non définie*."""


def profession_of(speciality: str) -> str | None:
    """The G15 code of the profession that practises this G100 code; None when it does not tell."""
    if speciality in _OTHERS:
        return _OTHERS[speciality]
    if speciality in _OF_NO_PROFESSION or speciality not in TABLES["G100"]:
        return None
    return DOCTOR
