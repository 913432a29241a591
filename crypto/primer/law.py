"""Le chiffrement et la Loi en France, as the lecture's table says it, and the law since."""

from typing import Final

from bifente.crypto.primer.lesson import Lesson, PrimerStep

COLUMNS: Final = (
    "authentification, signature, intégrité",
    "L ≤ 40 bits",
    "40 < L ≤ 128 bits",
    "L > 128 bits",
)
TABLE: Final = {
    "utilisation": ("libre", "libre", "libre ou déclaration (1)", "autorisation"),
    "fourniture": ("déclaration simplifiée", "déclaration", "déclaration", "autorisation"),
    "importation": ("libre", "libre", "libre ou déclaration (1)", "autorisation"),
    "exportation": ("libre", "autorisation", "autorisation", "autorisation"),
}
"""Finalité → what the law wanted for each function; the last three columns are for confidentiality by the length L of a key."""


def law() -> Lesson:
    """The table, and what came before and after."""
    return Lesson(
        "Le chiffrement et la Loi en France",
        (
            *(
                PrimerStep(
                    use, tuple(f"{column:40}{want}" for column, want in zip(COLUMNS, wanted, strict=True))
                )
                for use, wanted in TABLE.items()
            ),
            PrimerStep(
                "Dates",
                (
                    "29 December 1990  loi n° 90-1170, art. 28: déclaration or autorisation",
                    "26 July 1996      loi n° 96-659, art. 17",
                    "17 March 1999     décrets n° 99-199 and 99-200: up to 128 bits",
                    "21 June 2004      loi n° 2004-575, art. 30: utilisation libre, whatever the key",
                ),
            ),
        ),
        {use: list(wanted) for use, wanted in TABLE.items()},
        ("the table is the lecture's, which gives neither its date nor the text of its note (1)",),
    )
