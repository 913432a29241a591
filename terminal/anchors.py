"""The public keys by which the terminal itself judges CV certificates."""

from collections.abc import Iterable
from datetime import date

from bifente.apdu import cvc, issuersignature
from bifente.apdu.cvc import CvContent, CvEnvelope, CvKey
from bifente.apdu.issuersignature import IssuerSignature


def verify_certificate(raw: bytes, anchors: Iterable[CvKey]) -> CvContent:
    """The content of a CV certificate signed by one of *anchors*. Dates are not judged. Raises CvError."""
    return cvc.verify_by_any(CvEnvelope.parse(raw), anchors)


def verify_issued(raw: bytes, domain: str, anchors: Iterable[CvKey]) -> IssuerSignature:
    """The issuer's signature on a card of *domain* (``C`` or ``V``), made by one of *anchors*.

    Raises IssuerSignatureError; whose card it is stays to be compared.
    """
    return issuersignature.verify_by_any(raw, domain, anchors)


def outside_dates(content: CvContent, day: date) -> str | None:
    """Why a certificate does not hold on *day*, None when it does."""
    if day < content.effective:
        return f"the certificate begins on {content.effective}, the day is {day}"
    if day > content.expiry:
        return f"the certificate ended on {content.expiry}, the day is {day}"
    return None
