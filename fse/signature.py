"""Both signatures of a care sheet.

Provenance: **synthetic**; the deployed signature of an FSE is not public. First the Vitale's key 81 signs
(:func:`bifente.layouts.recognition.sheet_payload`), then the CPS's signature key signs a CMS SignedData (RFC 5652;
CAdES-BES, RFC 5126 §4.3.1) whose encapsulated content holds the sheet's canonical bytes *and* the Vitale's signature
and certificate, so that neither can be exchanged::

    SignedSheet ::= SEQUENCE {
        version            INTEGER (1),
        sheet              OCTET STRING,   -- canonical bytes
        vitaleSignature    OCTET STRING,   -- 256 bytes
        vitaleCertificate  OCTET STRING,   -- CV certificate 7F21 of key 81
        chrVitale          OCTET STRING,   -- 12 bytes
        rv                 OCTET STRING,   -- 16 bytes, the Vitale's challenge
        chrCps             OCTET STRING,   -- 12 bytes
        rc                 OCTET STRING }  -- 16 bytes, the CPS's challenge

The content type is id-data. ``openssl`` verifies the CPS's half with the root and nothing else::

    openssl cms -verify -binary -inform DER -in sheet.p7m -CAfile root.pem -out content.der
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

# tsp must be imported, or the attribute signing_certificate_v2 has no type
from asn1crypto import algos, cms, core, tsp, x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509 import load_der_x509_certificate

from bifente.apdu.tlv import encode
from bifente.fse import canonical
from bifente.fse.errors import FseError, InvalidSheet
from bifente.fse.sheet import CareSheet
from bifente.layouts import identity
from bifente.layouts.codec import record
from bifente.layouts.errors import LayoutError
from bifente.layouts.recognition import sheet_payload
from bifente.terminal import Recognition

VERSION: Final = 1

_SEQUENCE = 0x30
_CARD_NUMBER = 0x5A
_DIRECTORY_NAME = 0xA4
"""The alternative [4] of GeneralName (RFC 5280 §4.2.1.6)."""


class _SignedSheet(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    _fields = [  # noqa: RUF012  asn1crypto reads a list
        ("version", core.Integer),
        ("sheet", core.OctetString),
        ("vitale_signature", core.OctetString),
        ("vitale_certificate", core.OctetString),
        ("chr_vitale", core.OctetString),
        ("rv", core.OctetString),
        ("chr_cps", core.OctetString),
        ("rc", core.OctetString),
    ]


@dataclass(frozen=True, slots=True)
class SignedContent:
    """What the CPS signs: the sheet's canonical bytes with the Vitale's signature and what verifies it."""

    sheet: bytes
    vitale_signature: bytes
    vitale_certificate: bytes
    chr_vitale: bytes
    rv: bytes
    chr_cps: bytes
    rc: bytes

    @property
    def vitale_payload(self) -> bytes:
        """The message under the Vitale's signature. ValueError when a field has a wrong length."""
        return sheet_payload(sha256(self.sheet).digest(), self.chr_vitale, self.rv, self.chr_cps, self.rc)

    def encode(self) -> bytes:
        """DER of ``SignedSheet``."""
        values = {name: getattr(self, name) for name in self.__slots__}
        encoded: bytes = _SignedSheet({"version": VERSION, **values}).dump()
        return encoded

    @classmethod
    def parse(cls, raw: bytes) -> "SignedContent":
        """Read DER; ValueError for anything that :meth:`encode` would not give."""
        try:
            parsed = _SignedSheet.load(raw, strict=True)
            version = parsed["version"].native
            content = cls(*(parsed[name].native for name in cls.__slots__))
        except (ValueError, TypeError, KeyError, IndexError) as error:
            raise ValueError(f"no SignedSheet: {error}") from error
        if version != VERSION:
            raise ValueError(f"SignedSheet of version {version}, {VERSION} is known")
        if content.encode() != raw:
            raise ValueError("SignedSheet not in DER")
        return content


def sign(sheet: CareSheet, recognition: Recognition, *, intermediates: Iterable[bytes]) -> bytes:
    """Sign *sheet* by both cards of *recognition*; returns the CMS (DER).

    *intermediates* are DER certificates of authorities: the one that issued the CPS's signature certificate travels
    with the signature. Raises RecognitionRequired, PinRequired and other TerminalErrors, InvalidSheet when its rights
    were read from another Vitale, FseError when no intermediate is the issuer.
    """
    recognition.require()
    check_vitale(sheet, recognition.chr_vitale)
    raw = canonical.encode(sheet)
    signer = recognition.cps.signature_certificate()
    intermediate = _issuer_of(signer, intermediates)
    vitale = recognition.vitale
    certificate = vitale.sheet_certificate()
    content = SignedContent(
        sheet=raw,
        vitale_signature=vitale.sign_sheet(sha256(raw).digest()),
        vitale_certificate=certificate,
        chr_vitale=recognition.chr_vitale,
        rv=recognition.rv,
        chr_cps=recognition.chr_cps,
        rc=recognition.rc,
    )
    return sign_content(content.encode(), signer, intermediate, recognition.cps.sign)


def check_vitale(sheet: CareSheet, chr_vitale: bytes) -> None:
    """Raise InvalidSheet unless the rights of *sheet* are those of the Vitale with the reference *chr_vitale*.

    The card signs what it is given: that group 101 names the same card as its certificate is checked by who asks it,
    and again by who verifies.
    """
    try:
        number = identity.SERIAL.decode(encode(_CARD_NUMBER, chr_vitale[2:]))
    except LayoutError as error:
        raise InvalidSheet(f"the Vitale's certificate holds no card number: {error}") from error
    signing = record(number, "card number", ("emetteur", "numero", "cle"))["numero"]
    named = sheet.rights.insured.card_serial
    if named != signing:
        raise InvalidSheet(
            f"its rights are those of Vitale {named or 'without number'}, not of Vitale {signing}"
        )


def sign_content(
    content: bytes, signer: bytes, intermediate: bytes, sign_message: Callable[[bytes], bytes]
) -> bytes:
    """CMS SignedData over *content*: CAdES-BES by the holder of the DER certificate *signer*.

    *sign_message* makes the RSASSA-PKCS1-v1_5/SHA-256 signature over the bytes that it is given. Raises FseError when
    a certificate cannot be read.
    """
    attributes = signed_attributes(content, signer, intermediate)
    signature = sign_message(attributes)
    return assemble(content, signer, intermediate, attributes, signature)


def signed_attributes(content: bytes, signer: bytes, intermediate: bytes) -> bytes:
    """DER of the SET of signed attributes: contentType, messageDigest, signingCertificateV2 (RFC 5035 §3).

    The last names both certificates by their digests, so that no byte of either can be changed afterwards.
    """
    references = _certificate_reference(signer) + _certificate_reference(intermediate)
    signing = encode(_SEQUENCE, encode(_SEQUENCE, references))
    attributes = cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
            cms.CMSAttribute({"type": "message_digest", "values": [sha256(content).digest()]}),
            cms.CMSAttribute(
                {
                    "type": "signing_certificate_v2",
                    "values": [tsp.SigningCertificateV2.load(signing)],
                }
            ),
        ]
    )
    encoded: bytes = attributes.dump()
    return encoded


@lru_cache(maxsize=64)
def _certificate_reference(der: bytes) -> bytes:
    """DER of an ESSCertIDv2.

    Parts are given to asn1crypto as DER: it would encode a tree of its own objects anew on each level, 20 times slower.
    """
    issuer, serial = _issuer_and_serial(der)
    directory_name = encode(_SEQUENCE, encode(_DIRECTORY_NAME, issuer))
    reference = tsp.ESSCertIDv2(
        {
            "cert_hash": sha256(der).digest(),
            "issuer_serial": tsp.IssuerSerial.load(encode(_SEQUENCE, directory_name + serial)),
        }
    )
    encoded: bytes = reference.dump()
    return encoded


def assemble(
    content: bytes, signer: bytes, intermediate: bytes, attributes: bytes, signature: bytes
) -> bytes:
    """The CMS around its parts: there is exactly one, byte for byte."""
    issuer, serial = _issuer_and_serial(signer)
    sha_256 = algos.DigestAlgorithm({"algorithm": "sha256"})
    info = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number",
                cms.IssuerAndSerialNumber.load(encode(_SEQUENCE, issuer + serial)),
            ),
            "digest_algorithm": sha_256,
            "signed_attrs": cms.CMSAttributes.load(attributes),
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}),
            "signature": signature,
        }
    )
    signed = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [sha_256],
            "encap_content_info": {"content_type": "data", "content": content},
            "certificates": [_certificate(signer), _certificate(intermediate)],
            "signer_infos": [info],
        }
    )
    encoded: bytes = cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()
    return encoded


def check_certificate(der: bytes) -> None:
    """Raise FseError for what is not an X.509 certificate of version 3 with a positive serial number."""
    _certificate(der)


def _issuer_of(signer: bytes, intermediates: Iterable[bytes]) -> bytes:
    for der in intermediates:
        if _issued(der, signer):
            return der
    raise FseError("none of the known authorities has issued the CPS's signature certificate")


# A practice signs with one card and one authority all day: what is read of their certificates is kept.


@lru_cache(maxsize=64)
def _issued(authority: bytes, der: bytes) -> bool:
    """Whether the certificate *der* is signed by *authority*: two authorities may have one name."""
    _certificate(authority), _certificate(der)
    try:
        load_der_x509_certificate(der).verify_directly_issued_by(load_der_x509_certificate(authority))
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


@lru_cache(maxsize=64)
def _issuer_and_serial(der: bytes) -> tuple[bytes, bytes]:
    """Both as DER."""
    body = _certificate(der)["tbs_certificate"]
    return body["issuer"].dump(), body["serial_number"].dump()


def _certificate(der: bytes) -> Any:  # an asn1crypto certificate: the library has no types
    try:
        certificate = x509.Certificate.load(der, strict=True)
        body = certificate["tbs_certificate"]
        usable = body["version"].native == "v3" and body["serial_number"].native > 0 and body["subject"]
    except (ValueError, TypeError, KeyError) as error:
        raise FseError(f"a certificate cannot be read: {error}") from error
    if not usable:
        raise FseError("a certificate is not of version 3, or has no positive serial number")
    return certificate
