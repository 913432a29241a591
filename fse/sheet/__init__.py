"""The care sheet (*feuille de soins électronique*): rights, acts, canonical form, both signatures, verification.

The names are imported when they are first used: who verifies or prices a sheet loads no terminal.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bifente.fse.errors import (
        CanonicalError,
        FseError,
        InvalidSheet,
        MaySignNoLot,
        MaySignNoSheet,
        RightsRefused,
        SheetRefused,
        Signatory,
        UnknownBeneficiary,
        UnknownSituation,
    )
    from bifente.fse.sheet.acts import (
        Accident,
        Act,
        Ccam,
        Circumstances,
        Complementary,
        ComplementarySource,
        Prescriber,
        Price,
        RightsOrigin,
        SheetMode,
        ThirdParty,
    )
    from bifente.fse.sheet.complementary import complementary_of
    from bifente.fse.sheet.lotsigner import CpsSigner, check_lot_signer
    from bifente.fse.sheet.model import (
        BillingSituation,
        CareSheet,
        Professional,
        draw_up,
        draw_up_without_vitale,
    )
    from bifente.fse.sheet.rights import Problem, ProblemKind, Rights, rights_at
    from bifente.fse.sheet.rightssources import CardRights, RightsAnswer, RightsSource
    from bifente.fse.sheet.session import CareSession
    from bifente.fse.sheet.signature import complete, prepare, sign, sign_alone
    from bifente.fse.sheet.verification import VerifiedSheet, verify

__all__ = [
    "Accident",
    "Act",
    "BillingSituation",
    "CanonicalError",
    "CardRights",
    "CareSession",
    "CareSheet",
    "Ccam",
    "Circumstances",
    "Complementary",
    "ComplementarySource",
    "CpsSigner",
    "FseError",
    "InvalidSheet",
    "MaySignNoLot",
    "MaySignNoSheet",
    "Prescriber",
    "Price",
    "Problem",
    "ProblemKind",
    "Professional",
    "Rights",
    "RightsAnswer",
    "RightsOrigin",
    "RightsRefused",
    "RightsSource",
    "SheetMode",
    "SheetRefused",
    "Signatory",
    "ThirdParty",
    "UnknownBeneficiary",
    "UnknownSituation",
    "VerifiedSheet",
    "check_lot_signer",
    "complementary_of",
    "complete",
    "draw_up",
    "draw_up_without_vitale",
    "prepare",
    "rights_at",
    "sign",
    "sign_alone",
    "verify",
]

_MODULES = {
    **dict.fromkeys(
        (
            "CanonicalError",
            "FseError",
            "InvalidSheet",
            "MaySignNoLot",
            "MaySignNoSheet",
            "RightsRefused",
            "SheetRefused",
            "Signatory",
            "UnknownBeneficiary",
            "UnknownSituation",
        ),
        "errors",
    ),
    **dict.fromkeys(
        (
            "Accident",
            "Act",
            "Ccam",
            "Circumstances",
            "Complementary",
            "ComplementarySource",
            "Prescriber",
            "Price",
            "RightsOrigin",
            "SheetMode",
            "ThirdParty",
        ),
        "sheet.acts",
    ),
    "complementary_of": "sheet.complementary",
    **dict.fromkeys(("CpsSigner", "check_lot_signer"), "sheet.lotsigner"),
    **dict.fromkeys(
        ("BillingSituation", "CareSheet", "Professional", "draw_up", "draw_up_without_vitale"), "sheet.model"
    ),
    **dict.fromkeys(("Problem", "ProblemKind", "Rights", "rights_at"), "sheet.rights"),
    "CareSession": "sheet.session",
    **dict.fromkeys(("CardRights", "RightsAnswer", "RightsSource"), "sheet.rightssources"),
    **dict.fromkeys(("complete", "prepare", "sign", "sign_alone"), "sheet.signature"),
    **dict.fromkeys(("VerifiedSheet", "verify"), "sheet.verification"),
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"bifente.fse.{_MODULES[name]}"), name)
