"""The care sheet (*feuille de soins électronique*): rights, acts, canonical form, both signatures, verification."""

from bifente.fse.errors import (
    CanonicalError,
    FseError,
    InvalidSheet,
    MaySignNoSheet,
    RightsRefused,
    SheetRefused,
    Signatory,
    UnknownBeneficiary,
    UnknownSituation,
)
from bifente.fse.rights import Problem, ProblemKind, Rights, rights_at
from bifente.fse.session import CareSession
from bifente.fse.sheet import Act, BillingSituation, CareSheet, Professional, draw_up
from bifente.fse.signature import sign
from bifente.fse.verify import VerifiedSheet, verify

__all__ = [
    "Act",
    "BillingSituation",
    "CanonicalError",
    "CareSession",
    "CareSheet",
    "FseError",
    "InvalidSheet",
    "MaySignNoSheet",
    "Problem",
    "ProblemKind",
    "Professional",
    "Rights",
    "RightsRefused",
    "SheetRefused",
    "Signatory",
    "UnknownBeneficiary",
    "UnknownSituation",
    "VerifiedSheet",
    "draw_up",
    "rights_at",
    "sign",
    "verify",
]
