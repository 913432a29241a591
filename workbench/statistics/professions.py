"""Who sends care sheets, by *code spécialité* of the health insurance (G100), in the groups that statistics show."""

from typing import Final

GROUPS: Final = {
    "généralistes": ("01", "22", "23"),
    "chirurgiens-dentistes": ("19", "36", "53", "54"),
    "sages-femmes": ("21",),
    "infirmiers": ("24", "86"),
    "masseurs-kinésithérapeutes": ("26",),
    "pédicures-podologues": ("27",),
    "orthophonistes": ("28",),
    "orthoptistes": ("29",),
    "laboratoires": ("30", "39", "40"),
    "pharmaciens": ("50", "51", "52"),
}
"""Group → its specialities. All other doctors are specialists."""

SPECIALISTS: Final = "spécialistes"
UNKNOWN: Final = "sans spécialité"

_GROUP_OF: Final = {code: group for group, codes in GROUPS.items() for code in codes}


def group_of(speciality: str) -> str:
    """The group of a code spécialité; what no table names is a specialist, no code at all :data:`UNKNOWN`."""
    if not speciality.strip("0 "):
        return UNKNOWN
    return _GROUP_OF.get(speciality, SPECIALISTS)
