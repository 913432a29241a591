"""Both signatures of a care sheet.

Provenance: **synthetic**; the deployed signature of an FSE is not public. First the Vitale's key 81 signs
(:func:`bifente.layouts.recognition.sheet_payload`), then the CPS's signature key signs a CMS SignedData (RFC 5652;
CAdES-BES, RFC 5126 §4.3.1) whose encapsulated content holds the sheet's canonical bytes *and* the Vitale's signature
and certificate, so that neither can be exchanged, *and* what both cards' issuers have signed, with the very files that
the sheet was drawn up from::

    SignedSheet ::= SEQUENCE {
        version            INTEGER (2),
        sheet              OCTET STRING,   -- canonical bytes
        vitaleSignature    OCTET STRING,   -- 256 bytes
        vitaleCertificate  OCTET STRING,   -- CV certificate 7F21 of key 81
        chrVitale          OCTET STRING,   -- 12 bytes
        rv                 OCTET STRING,   -- 16 bytes, the Vitale's challenge
        chrCps             OCTET STRING,   -- 12 bytes
        rc                 OCTET STRING,   -- 16 bytes, the CPS's challenge
        vitaleIssued       Issued,
        cpsIssued          Issued }

    Issued ::= SEQUENCE {
        signature  OCTET STRING,           -- the EF of the issuer's signature; empty on a card without one
        files      SEQUENCE OF SEQUENCE { fid OCTET STRING (SIZE (2)), content OCTET STRING } }

Of the Vitale go group 101 and the bénéficiaire of the sheet, of the CPS all that its issuer signed. Version 1 ended with
``rc``; no card signs it any more, it is read and verified still.

The content type is id-data. ``openssl`` verifies the CPS's half with the root and nothing else::

    openssl cms -verify -binary -inform DER -in sheet.p7m -CAfile root.pem -out content.der
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from bifente.apdu.errors import ApduError
from bifente.apdu.issuersignature import EMPTY_FILE, IssuerSignature, IssuerSignatureError, digest_of
from bifente.apdu.tlv import decode, encode
from bifente.fse.errors import FseError, InvalidSheet
from bifente.fse.sheet import canonical
from bifente.fse.sheet.cms import (
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    assemble,
    issuer_and_serial,
    signed_attributes,
)
from bifente.fse.sheet.model import VERSION, VERSIONS, CareSheet
from bifente.fse.sheet.signer import check_signer
from bifente.layouts.cards import cps3, vitale2
from bifente.layouts.codec import record
from bifente.layouts.codecs import identity
from bifente.layouts.errors import LayoutError
from bifente.layouts.recognition import sheet_payload, sheet_payload_1
from bifente.terminal import Recognition

_CARD_NUMBER = 0x5A

CPS_FIDS: Final = {node.name: node.fid for _, node in cps3.LAYOUT.issued()}
VITALE_FIDS: Final = {node.name: node.fid for _, node in vitale2.LAYOUT.issued()}
"""The files that a card's issuer signs: FID by name."""

_INSURED = VITALE_FIDS["G101"]
_FIRST, _LAST = VITALE_FIDS["BEN01"], VITALE_FIDS["BEN19"]


@dataclass(frozen=True, slots=True)
class Issued:
    """What a card's issuer signed: the EF with the signature, and files by their FIDs. Both empty without one."""

    signature: bytes = b""
    files: tuple[tuple[int, bytes], ...] = ()

    @property
    def digest(self) -> bytes:
        """What the cards have signed of it in their recognition."""
        return digest_of(self.signature)

    def encode(self) -> bytes:
        """DER of ``Issued``."""
        files = b"".join(
            encode(SEQUENCE, _octets(fid.to_bytes(2, "big")) + _octets(content))
            for fid, content in self.files
        )
        return encode(SEQUENCE, _octets(self.signature) + encode(SEQUENCE, files))

    @classmethod
    def parse(cls, value: bytes) -> "Issued":
        """From the value of ``Issued``; ApduError or ValueError."""
        signature, files = decode(value)
        pairs = []
        for file in decode(files.value):
            fid, content = decode(file.value)
            if len(fid.value) != 2:
                raise ValueError(f"an FID has 2 bytes, not {len(fid.value)}")
            pairs.append((int.from_bytes(fid.value, "big"), content.value))
        return cls(signature.value, tuple(pairs))


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
    vitale_issued: Issued = Issued()
    cps_issued: Issued = Issued()
    version: int = VERSION

    @property
    def vitale_payload(self) -> bytes:
        """The message under the Vitale's signature. ValueError when a field has a wrong length."""
        parts = sha256(self.sheet).digest(), self.chr_vitale, self.rv, self.chr_cps, self.rc
        if self.version == 1:
            return sheet_payload_1(*parts)
        return sheet_payload(*parts, self.vitale_issued.digest, self.cps_issued.digest)

    def encode(self) -> bytes:
        """DER of ``SignedSheet``."""
        values = b"".join(_octets(getattr(self, name)) for name in _OCTETS)
        issued = b"" if self.version == 1 else self.vitale_issued.encode() + self.cps_issued.encode()
        return encode(SEQUENCE, encode(INTEGER, bytes((self.version,))) + values + issued)

    @classmethod
    def parse(cls, raw: bytes) -> "SignedContent":
        """Read DER; ValueError for anything that :meth:`encode` would not give."""
        try:
            (outer,) = decode(raw)
            items = decode(outer.value)
            version = int.from_bytes(items[0].value, "big")
            if version not in VERSIONS:
                raise ValueError(
                    f"SignedSheet of version {version}, {' and '.join(map(str, VERSIONS))} are known"
                )
            octets = [item.value for item in items[1:8]]
            issued = [Issued.parse(item.value) for item in items[8:]]
            if len(octets) != len(_OCTETS) or len(issued) != (0 if version == 1 else 2):
                raise ValueError(f"{len(items)} objects in a SignedSheet of version {version}")
            sheet, signature, certificate, chr_vitale, rv, chr_cps, rc = octets
            rights, holder = issued or (Issued(), Issued())
            content = cls(sheet, signature, certificate, chr_vitale, rv, chr_cps, rc, rights, holder, version)
        except (ApduError, ValueError, IndexError, OverflowError) as error:
            raise ValueError(f"not a SignedSheet: {error}") from error
        if content.encode() != raw:
            raise ValueError("SignedSheet not in DER")
        return content


_OCTETS = ("sheet", "vitale_signature", "vitale_certificate", "chr_vitale", "rv", "chr_cps", "rc")


def _octets(value: bytes) -> bytes:
    return encode(OCTET_STRING, value)


def sign(
    sheet: CareSheet,
    recognition: Recognition,
    *,
    intermediates: Iterable[bytes],
    rights: Mapping[str, bytes] | None = None,
    professional: Mapping[str, bytes] | None = None,
) -> bytes:
    """Sign *sheet* by both cards of *recognition*; returns the CMS (DER).

    *intermediates* are DER certificates of authorities: the one that issued the CPS's signature certificate travels
    with the signature. *rights* and *professional* are the files that the sheet was drawn up from, by name; without
    them they are read again. Raises RecognitionRequired, PinRequired and other TerminalErrors, InvalidSheet when its
    rights were read from another Vitale or its professional is not the holder of the CPS, FseError when no intermediate
    is the issuer.
    """
    recognition.require()
    check_vitale(sheet, recognition.chr_vitale)
    cps, vitale = recognition.cps, recognition.vitale
    signer = cps.signature_certificate()
    intermediate = _issuer_of(signer, intermediates)
    check_signer(sheet, loaded(signer))
    rights_issued = Issued()
    if recognition.issuer_vitale:
        files = by_fid(vitale.rights_contents() if rights is None else rights, VITALE_FIDS)
        rights_issued = Issued(
            recognition.issuer_vitale,
            of_beneficiary(recognition.issuer_vitale, sheet.rights.beneficiary.number, files),
        )
    holder_issued = Issued()
    if recognition.issuer_cps:
        covered = IssuerSignature.parse(recognition.issuer_cps)
        files = by_fid(professional or {}, CPS_FIDS)
        if files.keys() != covered.digests.keys():
            files = by_fid(cps.signed_contents(covered), CPS_FIDS)
        holder_issued = Issued(recognition.issuer_cps, tuple(sorted(files.items())))
    raw = canonical.encode(sheet)
    content = SignedContent(
        sheet=raw,
        vitale_signature=vitale.sign_sheet(sha256(raw).digest()),
        vitale_certificate=vitale.sheet_certificate(),
        chr_vitale=recognition.chr_vitale,
        rv=recognition.rv,
        chr_cps=recognition.chr_cps,
        rc=recognition.rc,
        vitale_issued=rights_issued,
        cps_issued=holder_issued,
    )
    # the whole digest: the card would do the last round of it as well, after all others were done in Python
    return sign_content(
        content.encode(), signer, intermediate, lambda message: cps.sign_digest(sha256(message).digest())
    )


def by_fid(contents: Mapping[str, bytes], fids: Mapping[str, int]) -> dict[int, bytes]:
    """Files by FID, of those by name; a name that no issuer signs is left out."""
    return {fids[name]: content for name, content in contents.items() if name in fids}


def of_beneficiary(
    signature: bytes, number: int, files: Mapping[int, bytes]
) -> tuple[tuple[int, bytes], ...]:
    """Group 101 and the file of bénéficiaire *number* (from 1, in card order) among the signed files of a Vitale.

    Raises InvalidSheet when the issuer has signed no such file or it was not read.
    """
    try:
        wanted = _INSURED, beneficiary_fid(IssuerSignature.parse(signature), number)
        return tuple((fid, files[fid]) for fid in wanted)
    except IssuerSignatureError as error:
        raise InvalidSheet(str(error)) from error
    except KeyError as error:
        raise InvalidSheet(f"the file {error.args[0]:04X} of the Vitale was not read") from error


def beneficiary_fid(signature: IssuerSignature, number: int) -> int:
    """The FID of bénéficiaire *number* (from 1): the files that hold one stand in card order. Raises InvalidSheet."""
    fids = [
        fid for fid, digest in signature.digests.items() if _FIRST <= fid <= _LAST and digest != EMPTY_FILE
    ]
    if not 1 <= number <= len(fids):
        raise InvalidSheet(
            f"the issuer has signed {len(fids)} bénéficiaires, the sheet is for number {number}"
        )
    return fids[number - 1]


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


def _issuer_of(signer: bytes, intermediates: Iterable[bytes]) -> bytes:
    for der in intermediates:
        if issued_by(der, signer):
            return der
    raise FseError("none of the known authorities has issued the CPS's signature certificate")


# A practice signs with one card and one authority all day: what is read of their certificates is kept.


@lru_cache(maxsize=64)
def loaded(der: bytes) -> x509.Certificate:
    """A certificate, decoded. Raises FseError for one that cannot be read: see :func:`issued_by`."""
    issuer_and_serial(der)
    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise FseError(f"a certificate cannot be read: {error}") from error


@lru_cache(maxsize=64)
def issued_by(authority: bytes, der: bytes) -> bool:
    """Whether the certificate *der* is signed by *authority*: two authorities may have one name.

    Raises FseError for a certificate that cannot be read: versions and serial numbers that ``cryptography`` would warn
    of are refused before it sees them.
    """
    above, below = loaded(authority), loaded(der)
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
