"""Is a signed care sheet genuine: whose signature holds, whose does not, and why.

Every byte of the message is covered: the content by both signatures, the certificates by their issuers, and the CMS
around them is compared with the only form that its parts can have.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final, TypeVar

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from bifente.apdu.cvc import DOMAIN_VITALE, USAGE_SHEET_SIGNATURE, CvContent, CvError
from bifente.fse import canonical
from bifente.fse.errors import CanonicalError, FseError, InvalidSheet, SheetRefused, Signatory
from bifente.fse.sheet import CareSheet
from bifente.fse.signature import (
    SignedContent,
    assemble,
    check_certificate,
    check_vitale,
    signed_attributes,
)
from bifente.igc import CertificateUsage, TrustStore, UntrustedCertificate

T = TypeVar("T")

MAX_SIZE: Final = 131072
"""No signed sheet is longer: what is longer is not read."""

_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, FseError)

_CARD_ID = x509.ObjectIdentifier("1.2.250.1.71.1.2.3")
"""gipCardID: issuer and number of the card, e.g. ``8025000001/2900000017``."""


@dataclass(frozen=True, slots=True)
class VerifiedSheet:
    """A sheet whose two signatures hold. ``vitale`` and ``signer`` are the verified certificates."""

    sheet: CareSheet
    vitale: CvContent
    signer: x509.Certificate
    content: SignedContent


@dataclass(frozen=True, slots=True)
class _Message:
    """The parts of a CMS, not judged yet."""

    content: bytes
    certificates: tuple[bytes, ...]
    signature: bytes


def verify(signed: bytes, trust: TrustStore, *, day: date | None = None) -> VerifiedSheet:
    """Verify both signatures of a signed sheet; certificates are judged on *day* (the care date when None).

    Not looked at: revocation, and whether the care date is believable. Raises SheetRefused, which names each
    signature that does not hold and why.
    """
    try:
        message = _read(signed)
    except ValueError as error:
        raise SheetRefused([(Signatory.CPS, f"the message cannot be read: {error}")]) from error
    try:
        content = SignedContent.parse(message.content)
    except ValueError as error:
        unread = f"what is signed cannot be read: {error}"
        raise SheetRefused([(Signatory.VITALE, unread), (Signatory.CPS, unread)]) from error
    failures: list[tuple[Signatory, str]] = []
    sheet = _judge(Signatory.VITALE, failures, lambda: _sheet(content))
    when = day or (sheet.care_date if sheet is not None else None)
    vitale = _judge(Signatory.VITALE, failures, lambda: _vitale(content, trust, when))
    signer = _judge(Signatory.CPS, failures, lambda: _cps(signed, message, trust, when))
    if sheet is not None and vitale is not None:
        _judge(Signatory.VITALE, failures, lambda: _read_from(sheet, content))
    if signer is not None:
        _judge(Signatory.VITALE, failures, lambda: _opened_by(content, signer))
        _judge(Signatory.CPS, failures, lambda: _named_by(sheet, signer))
    if failures or sheet is None or vitale is None or signer is None:
        raise SheetRefused(failures)
    return VerifiedSheet(sheet, vitale, signer, content)


class _Doubt(Exception):
    """One signature does not hold; the message says why."""


def _judge(who: Signatory, failures: list[tuple[Signatory, str]], check: Callable[[], T]) -> T | None:
    """The result of *check*; a doubt is noted and gives None, so that the next signature is looked at too."""
    try:
        return check()
    except _Doubt as doubt:
        failures.append((who, str(doubt)))
        return None


def _read(signed: bytes) -> _Message:
    if len(signed) > MAX_SIZE:
        raise ValueError(f"{len(signed)} bytes, at most {MAX_SIZE} are read")
    try:
        info = cms.ContentInfo.load(signed, strict=True)
        if info["content_type"].native != "signed_data":
            raise ValueError("no CMS SignedData")
        data = info["content"]
        signers = data["signer_infos"]
        if len(signers) != 1:
            raise ValueError(f"{len(signers)} signers, one is expected")
        return _Message(
            content=data["encap_content_info"]["content"].native,
            certificates=tuple(one.chosen.dump() for one in data["certificates"]),
            signature=signers[0]["signature"].native,
        )
    except (TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise ValueError(f"no CMS SignedData: {error}") from error


def _sheet(content: SignedContent) -> CareSheet:
    try:
        return canonical.decode(content.sheet)
    except CanonicalError as error:
        raise _Doubt(f"what it signs is no sheet: {error}") from error


def _vitale(content: SignedContent, trust: TrustStore, day: date | None) -> CvContent:
    try:
        certificate = trust.verify_cv(content.vitale_certificate)
    except CvError as error:
        raise _Doubt(f"the Vitale's certificate is refused: {error}") from error
    if (certificate.cha.domain, certificate.cha.usage) != (DOMAIN_VITALE, USAGE_SHEET_SIGNATURE):
        raise _Doubt("the certificate is not one by which a Vitale signs sheets")
    if day is not None and not certificate.effective <= day <= certificate.expiry:
        period = f"from {certificate.effective} to {certificate.expiry}"
        raise _Doubt(f"the Vitale's certificate holds {period}, not on {day}")
    if certificate.chr != content.chr_vitale:
        raise _Doubt("the certificate is that of another Vitale")
    key = RSAPublicNumbers(certificate.e, certificate.n).public_key()
    try:
        key.verify(content.vitale_signature, content.vitale_payload, PKCS1v15(), SHA256())
    except InvalidSignature as error:
        raise _Doubt("the signature is not that of this sheet and this recognition") from error
    except ValueError as error:
        raise _Doubt(str(error)) from error
    return certificate


def _cps(signed: bytes, message: _Message, trust: TrustStore, day: date | None) -> x509.Certificate:
    der, issuer_der = _signer_first(message.certificates)
    try:
        attributes = signed_attributes(message.content, der, issuer_der)
        whole = assemble(message.content, der, issuer_der, attributes, message.signature)
        public = x509.load_der_x509_certificate(der).public_key()
        intermediate = x509.load_der_x509_certificate(issuer_der)
    except _UNREADABLE as error:
        raise _Doubt(f"the certificates cannot be read: {error}") from error
    if not isinstance(public, RSAPublicKey):
        raise _Doubt("the signer's key is not an RSA key")
    try:
        public.verify(message.signature, attributes, PKCS1v15(), SHA256())
    except InvalidSignature as error:
        raise _Doubt("the signature is not that of this content and this certificate") from error
    if whole != signed:
        raise _Doubt("the message is not in its canonical form")
    if day is None:
        raise _Doubt("the sheet has no readable date by which to judge its certificate")
    chain = TrustStore(trust.anchors, (intermediate,), trust.cv_roots)
    try:
        return chain.verify_certificate(der, datetime.combine(day, time(12), UTC), CertificateUsage.SIGNATURE)
    except UntrustedCertificate as error:
        raise _Doubt(str(error)) from error


def _signer_first(certificates: tuple[bytes, ...]) -> tuple[bytes, bytes]:
    """Signer and intermediate, which DER has sorted by their bytes."""
    if len(certificates) != 2:
        raise _Doubt(f"{len(certificates)} certificates, signer and intermediate are expected")
    for leaf_der, issuer_der in (certificates, certificates[::-1]):
        try:
            leaf, issuer = (_loaded(one) for one in (leaf_der, issuer_der))
            if leaf.issuer == issuer.subject:
                leaf.verify_directly_issued_by(issuer)
                return leaf_der, issuer_der
        except (InvalidSignature, *_UNREADABLE):
            continue
    raise _Doubt("neither of the certificates was issued by the other")


def _loaded(der: bytes) -> x509.Certificate:
    """Versions and serial numbers that ``cryptography`` would warn of are refused before it sees them."""
    check_certificate(der)
    return x509.load_der_x509_certificate(der)


def _read_from(sheet: CareSheet, content: SignedContent) -> None:
    """The Vitale whose rights stand on the sheet is the one that signed."""
    try:
        check_vitale(sheet, content.chr_vitale)
    except InvalidSheet as error:
        raise _Doubt(str(error)) from error


def _opened_by(content: SignedContent, signer: x509.Certificate) -> None:
    """The CPS that opened the Vitale is the one that signed."""
    try:
        raw = signer.extensions.get_extension_for_oid(_CARD_ID).value.public_bytes()
        card = raw[2:].decode("ascii")
    except (x509.ExtensionNotFound, ValueError):
        card = "no card number"
    issuer, digits = content.chr_cps[2:7].hex(), content.chr_cps[7:11].hex()
    if not card.startswith(f"{issuer}/") or card[-8:] != digits:
        raise _Doubt(f"the Vitale was opened by CPS {issuer}/…{digits}, the sheet is signed by {card}")


def _named_by(sheet: CareSheet | None, signer: x509.Certificate) -> None:
    """The holder of the CPS that signed is the professional on the sheet."""
    if sheet is None:
        return
    named = sheet.professional
    wanted = f"{named.id_type}{named.national_id}{named.id_key}"
    names = [one.value for one in signer.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    if names != [wanted]:
        raise _Doubt(f"the sheet names professional {wanted}, the signer is {', '.join(map(str, names))}")
