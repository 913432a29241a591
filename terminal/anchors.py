"""The public keys by which the terminal itself judges CV certificates."""

from collections.abc import Iterable
from datetime import date
from typing import Protocol

from bifente.apdu import cvc, issuersignature
from bifente.apdu.cvc import CvContent, CvEnvelope
from bifente.apdu.issuersignature import IssuerSignature


class CvAnchor(Protocol):
    """The key of an authority for CV certificates, as ``igc`` hands it out."""

    @property
    def car(self) -> bytes:
        """Its reference, 8 bytes."""

    @property
    def n(self) -> int:
        """Modulus."""

    @property
    def e(self) -> int:
        """Public exponent."""


def verify_certificate(raw: bytes, anchors: Iterable[CvAnchor]) -> CvContent:
    """The content of a CV certificate signed by one of *anchors*. Dates are not judged. Raises CvError."""
    keys = [(anchor.car, anchor.n, anchor.e) for anchor in anchors]
    return cvc.verify_by_any(CvEnvelope.parse(raw), keys)


def verify_issued(raw: bytes, domain: str, anchors: Iterable[CvAnchor]) -> IssuerSignature:
    """The issuer's signature on a card of *domain* (``C`` or ``V``), made by one of *anchors*.

    Raises IssuerSignatureError; whose card it is stays to be compared.
    """
    keys = [(anchor.car, anchor.n, anchor.e) for anchor in anchors]
    return issuersignature.verify_by_any(raw, domain, keys)


def outside_dates(content: CvContent, day: date) -> str | None:
    """Why a certificate does not hold on *day*, None when it does."""
    if day < content.effective:
        return f"the certificate begins on {content.effective}, the day is {day}"
    if day > content.expiry:
        return f"the certificate ended on {content.expiry}, the day is {day}"
    return None
