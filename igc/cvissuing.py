"""CV certificates of cards and issuers' signatures on what stands on them, by the private half of a CV root."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from bifente.apdu.cvc import Car, Cha, CvContent, CvEnvelope, CvError, CvKey
from bifente.apdu.issuersignature import IssuerSignature
from bifente.crypto import iso9796, rsa
from bifente.igc.errors import CertificateRefused

_PAN_SIZE = 10


def cv_certificate(
    root: CvKey,
    signer: RSAPrivateKey,
    pan: bytes,
    cha: Cha,
    public_key: RSAPublicKey,
    period: tuple[date, date],
) -> bytes:
    """A CV certificate (359 bytes); the holder's reference is two zero bytes and *pan*. Raises CertificateRefused."""
    car = Car.parse(root.car)
    _check_pan(pan)
    if cha.domain != car.cha_domain:
        raise CertificateRefused(f"the CV root {car} does not certify cards of domain {cha.domain:02X}")
    numbers = public_key.public_numbers()
    try:
        content = CvContent(car, bytes(2) + pan, cha, *period, numbers.n, numbers.e).encode()
    except CvError as error:
        raise CertificateRefused(str(error)) from None
    signature, remainder = iso9796.sign(signer, content)
    return CvEnvelope(signature, remainder, root.car).encode()


def issuer_signature(
    root: CvKey, signer: RSAPrivateKey, pan: bytes, digests: Mapping[int, bytes], day: date
) -> bytes:
    """The issuer's signature over the files of these digests, by their FID. Raises CertificateRefused."""
    _check_pan(pan)
    unsigned = IssuerSignature(root.car, bytes(2) + pan, day, dict(sorted(digests.items())))
    return replace(unsigned, signature=rsa.sign_message(signer, unsigned.message)).encode()


def _check_pan(pan: bytes) -> None:
    if len(pan) != _PAN_SIZE:
        raise CertificateRefused(f"a PAN has 10 bytes, not {len(pan)}")
