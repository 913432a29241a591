"""The trust: a TEST authority on disk, the X.509 and CV certificates it issues, and the check of both.

The shapes are those of the real IGC; names and addresses are our own, below ``.invalid``.
"""

from bifente.codes.usage import CertificateUsage
from bifente.igc.authority import Authority
from bifente.igc.caisses import CAISSE_DOMAIN, IssuedCaisse, caisse_address, caisse_of
from bifente.igc.errors import (
    AuthorityDamaged,
    AuthorityMissing,
    CertificateRefused,
    DirectoryOccupied,
    IgcError,
    UntrustedCertificate,
)
from bifente.igc.names import Gamme, OrganisationGamme
from bifente.igc.trust import TrustStore

__all__ = [
    "CAISSE_DOMAIN",
    "Authority",
    "AuthorityDamaged",
    "AuthorityMissing",
    "CertificateRefused",
    "CertificateUsage",
    "DirectoryOccupied",
    "Gamme",
    "IgcError",
    "IssuedCaisse",
    "OrganisationGamme",
    "TrustStore",
    "UntrustedCertificate",
    "caisse_address",
    "caisse_of",
]
