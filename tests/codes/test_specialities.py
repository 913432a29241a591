"""Which profession practises a speciality of the health insurance."""

import pytest

from bifente.codes.gip import TABLES
from bifente.codes.specialities import profession_of


@pytest.mark.parametrize(
    ("speciality", "profession"),
    [
        ("01", "10"), ("33", "10"), ("18", "10"), ("19", "40"), ("36", "40"), ("21", "50"), ("24", "60"), ("26", "70"),
        ("27", "80"), ("28", "91"), ("29", "92"), ("50", "21"), ("51", "21"), ("30", None), ("99", None), ("", None),
        ("1", None), ("77", None),
    ],
)  # fmt: skip
def test_professions(speciality, profession):
    assert profession_of(speciality) == profession


def test_every_speciality_is_of_a_known_profession_or_of_none():
    for code in TABLES["G100"]:
        assert profession_of(code) in {None, *TABLES["G15"]}
