"""The state of certificates: revocation lists and OCSP of an authority, published over HTTP, and those who ask for it.

A verifier asks a :class:`StatusChecker`, which has sources: the register of an authority at hand (``RegisterStatus``), lists
(``ListStatus``), or what a certificate names (``PublishedOcsp``, ``PublishedLists``)::

    checker = status_checker([authority], online=False, hard_fail=True)
    checker.require_valid(certificate)
"""

from bifente.igc.status.checker import StatusChecker
from bifente.igc.status.lists import RevocationLists
from bifente.igc.status.publisher import AuthoritySite, PublishedAuthority, published
from bifente.igc.status.responder import OcspResponder
from bifente.igc.status.settings import StatusSettings, status_checker
from bifente.igc.status.sources import ListStatus, PublishedLists, PublishedOcsp, RegisterStatus
from bifente.igc.statussource import (
    CertificateStatus,
    NoRevocation,
    RevocationSource,
    RevocationState,
    StatusSource,
)

__all__ = [
    "AuthoritySite",
    "CertificateStatus",
    "ListStatus",
    "NoRevocation",
    "OcspResponder",
    "PublishedAuthority",
    "PublishedLists",
    "PublishedOcsp",
    "RegisterStatus",
    "RevocationLists",
    "RevocationSource",
    "RevocationState",
    "StatusChecker",
    "StatusSettings",
    "StatusSource",
    "published",
    "status_checker",
]
