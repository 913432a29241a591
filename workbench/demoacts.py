"""The act that the demonstration bills: one that the professional's speciality may bill.

Letters (*lettres clés* of the NGAP) and tariffs in métropole are those of the JFSE database of November 2022, by code
spécialité; the consultation of a general practitioner is at its tariff since 22 December 2024.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.fse.sheet.acts import Act
    from bifente.ssv.groups import Group

_SPECIALISTS = (
    *range(2, 12),
    *range(13, 17),
    18,
    20,
    22,
    23,
    31,
    *range(34, 36),
    *range(41, 50),
    *range(70, 75),
)
_ACTS: Final = {
    **{f"{code:02}": ("CS", 2300) for code in _SPECIALISTS},
    "01": ("G", 3000),
    "19": ("C", 2300),
    "36": ("C", 2300),
    "21": ("C", 2300),
    "24": ("AMI", 315),
    "86": ("AMI", 315),
    "26": ("AMK", 215),
    "50": ("BMI", 6000),
    "51": ("BMI", 6000),
}
"""Code spécialité → letter and tariff in cents, each with coefficient 1."""


def act_of(professional: "Sequence[Group]", day: date) -> "Act":
    """An act of the speciality in the first situation de facturation of a CPS (SSV groups 1 and 2). Raises WorkbenchError."""
    from bifente.fse.sheet.acts import Act

    situations = [group for group in professional if group.id == 2]
    if not situations:
        raise WorkbenchError(
            "this CPS has no situation de facturation: its holder bills nothing", "input.no-act"
        )
    speciality = situations[0]["code spécialité"]
    if speciality not in _ACTS:
        said = (
            f"the spécialité {speciality}" if speciality else "a situation de facturation without spécialité"
        )
        raise WorkbenchError(f"the demonstration knows no act for {said}", "input.no-act")
    code, amount = _ACTS[speciality]
    return Act(code, Decimal(1), amount, day)
