"""Both signatures of a care sheet.

Provenance: **synthetic**; the deployed signature of an FSE is not public. First the Vitale's key 81 signs
(:func:`bifente.layouts.recognition.sheet_payload`), then the CPS's signature key signs a CMS SignedData (RFC 5652;
CAdES-BES, RFC 5126 §4.3.1) whose encapsulated content holds the sheet's canonical bytes *and* the Vitale's signature
and certificate, so that neither can be exchanged, *and* what both cards' issuers have signed, with the very files that
the sheet was drawn up from::

    SignedSheet ::= SEQUENCE {
        version            INTEGER (3 | 4),
        sheet              OCTET STRING,   -- canonical bytes
        vitaleSignature    OCTET STRING,   -- 256 bytes; of a Vitale 1 (version 4) a MAC of 8 bytes
        vitaleCertificate  OCTET STRING,   -- CV certificate 7F21 of key 81; of a Vitale 1 which key it is (E1)
        chrVitale          OCTET STRING,   -- 12 bytes
        rv                 OCTET STRING,   -- 16 bytes, the Vitale's challenge
        chrCps             OCTET STRING,   -- 12 bytes
        rc                 OCTET STRING,   -- 16 bytes, the CPS's challenge
        vitaleIssued       Issued,
        cpsIssued          Issued,
        openerCertificate  OCTET STRING,   -- CV certificate of the card that opened the Vitale, when another signs
        openerIssued       Issued }        -- what its issuer has signed; both empty when the signer opened it

    Issued ::= SEQUENCE {
        signature  OCTET STRING,           -- the EF of the issuer's signature; empty on a card without one
        files      SEQUENCE OF SEQUENCE { fid OCTET STRING (SIZE (2)), content OCTET STRING } }

Of the Vitale go group 101 and the bénéficiaire of the sheet, of the CPS all that its issuer signed. A sheet without
Vitale (mode F) is signed by the CPS alone: all that is the Vitale's or the recognition's is empty. Version 2 ended with
``cpsIssued``, version 1 with ``rc``; no card signs them any more, they are read and verified still.

In version 4 a Vitale 1 has certified :func:`bifente.layouts.symmetric.sheet_payload`: whoever holds the mother key of care
sheets can check that, and could have made it as well; nobody else can check it.

The content type is id-data. ``openssl`` verifies the CPS's half with the root and nothing else::

    openssl cms -verify -binary -inform DER -in sheet.p7m -CAfile root.pem -out content.der
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
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
from bifente.fse.sheet.acts import SheetMode
from bifente.fse.sheet.cms import (
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    assemble,
    issuer_and_serial,
    signed_attributes,
)
from bifente.fse.sheet.model import CERTIFIED, VERSION, VERSIONS, CareSheet
from bifente.fse.sheet.signer import check_signer
from bifente.layouts import symmetric
from bifente.layouts.cards import cps3, vitale2
from bifente.layouts.codec import record
from bifente.layouts.codecs import identity
from bifente.layouts.errors import LayoutError
from bifente.layouts.recognition import sheet_payload, sheet_payload_1
from bifente.terminal import CpsSession, PatientSession, Recognition, Vitale1Session

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
    opener_certificate: bytes = b""
    opener_issued: Issued = Issued()
    version: int = VERSION

    @property
    def opened_by_another(self) -> bool:
        """Whether another card than the signer's opened the Vitale."""
        return bool(self.opener_certificate)

    @property
    def by_vitale(self) -> bool:
        """Whether anything in it is the Vitale's or of a recognition."""
        parts = (
            self.vitale_signature,
            self.vitale_certificate,
            self.chr_vitale,
            self.rv,
            self.chr_cps,
            self.rc,
        )
        return any(parts) or self.vitale_issued != Issued() or self.opener_issued != Issued()

    @property
    def vitale_payload(self) -> bytes:
        """The message under the Vitale's signature. ValueError when a field has a wrong length."""
        parts = sha256(self.sheet).digest(), self.chr_vitale, self.rv, self.chr_cps, self.rc
        if self.version == 1:
            return sheet_payload_1(*parts)
        opener = self.opener_issued if self.opened_by_another else self.cps_issued
        if self.version == CERTIFIED:
            return symmetric.sheet_payload(*parts, opener.digest)
        return sheet_payload(*parts, self.vitale_issued.digest, opener.digest)

    def encode(self) -> bytes:
        """DER of ``SignedSheet``."""
        values = b"".join(_octets(getattr(self, name)) for name in _OCTETS)
        issued = b"" if self.version == 1 else self.vitale_issued.encode() + self.cps_issued.encode()
        if self.version >= _WITH_OPENER:
            issued += _octets(self.opener_certificate) + self.opener_issued.encode()
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
            if len(items) != _ITEMS[version]:
                raise ValueError(f"{len(items)} objects in a SignedSheet of version {version}")
            sheet, signature, certificate, chr_vitale, rv, chr_cps, rc = (item.value for item in items[1:8])
            rights, holder = (
                (Issued.parse(item.value) for item in items[8:10]) if version > 1 else (Issued(),) * 2
            )
            opener, opened = b"", Issued()
            if version >= _WITH_OPENER:
                opener, opened = items[10].value, Issued.parse(items[11].value)
            content = cls(
                sheet,
                signature,
                certificate,
                chr_vitale,
                rv,
                chr_cps,
                rc,
                rights,
                holder,
                opener,
                opened,
                version,
            )
        except (ApduError, ValueError, IndexError, OverflowError) as error:
            raise ValueError(f"not a SignedSheet: {error}") from error
        if content.encode() != raw:
            raise ValueError("SignedSheet not in DER")
        return content


_OCTETS = ("sheet", "vitale_signature", "vitale_certificate", "chr_vitale", "rv", "chr_cps", "rc")
_WITH_OPENER: Final = 3
_ITEMS: Final = {1: 8, 2: 10, 3: 12, CERTIFIED: 12}
"""The version of a SignedSheet, and how many objects it has."""


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
    cps = recognition.cps
    if sheet.prepared_by:
        raise InvalidSheet("a sheet that another card prepares is signed in two steps")
    check_vitale(sheet, recognition.chr_vitale)
    signer, intermediate = _signing(sheet, cps, intermediates)
    holder_issued = _holder_issued(cps, recognition.issuer_cps, professional)
    content = replace(by_vitale(sheet, recognition, rights=rights), cps_issued=holder_issued)
    return _by_cps(content, cps, signer, intermediate)


def prepare(
    sheet: CareSheet, recognition: Recognition, *, rights: Mapping[str, bytes] | None = None
) -> SignedContent:
    """Have the Vitale sign a *sheet* that another CPS will sign later; :func:`complete` is the second step.

    The card of *recognition*, of the secretariat, opens the Vitale and signs nothing. The sheet names it
    (``prepared_by``), and its certificate and what its issuer has signed go with the content. Provenance: synthetic.
    Raises RecognitionRequired, InvalidSheet, and other TerminalErrors.
    """
    recognition.require()
    check_vitale(sheet, recognition.chr_vitale)
    if sheet.prepared_by != card_reference(recognition.chr_cps):
        raise InvalidSheet(
            f"the sheet is prepared by {sheet.prepared_by or 'nobody'}, the Vitale was opened by "
            f"{card_reference(recognition.chr_cps)}"
        )
    content = by_vitale(sheet, recognition, rights=rights)
    return replace(
        content,
        opener_certificate=recognition.cps.cv_certificate(),
        opener_issued=_holder_issued(recognition.cps, recognition.issuer_cps, None),
    )


def complete(
    content: SignedContent, sheet: CareSheet, cps: CpsSession, *, intermediates: Iterable[bytes]
) -> bytes:
    """Sign by the CPS what :func:`prepare` has made, or a *sheet* without Vitale; returns the CMS (DER).

    Raises InvalidSheet when the professional on the sheet is not the holder of the CPS, PinRequired and other
    TerminalErrors, FseError when no intermediate is the issuer of its certificate.
    """
    signer, intermediate = _signing(sheet, cps, intermediates)
    return _by_cps(replace(content, cps_issued=_holder_issued(cps, None, None)), cps, signer, intermediate)


def sign_alone(sheet: CareSheet, cps: CpsSession, *, intermediates: Iterable[bytes]) -> bytes:
    """Sign a *sheet* of the mode F by the CPS alone; returns the CMS (DER). Raises as :func:`complete`."""
    if sheet.mode is not SheetMode.WITHOUT_VITALE:
        raise InvalidSheet(f"a sheet of mode {sheet.mode.value} is not signed by the CPS alone")
    content = SignedContent(canonical.encode(sheet), b"", b"", b"", b"", b"", b"")
    return complete(content, sheet, cps, intermediates=intermediates)


def card_reference(chr_: bytes) -> str:
    """Issuer and last eight digits of a card, from its holder reference of 12 bytes: ``8025000001/00000017``."""
    return f"{chr_[2:7].hex()}/{chr_[7:11].hex()}"


def by_vitale(
    sheet: CareSheet, recognition: Recognition, *, rights: Mapping[str, bytes] | None = None
) -> SignedContent:
    """What the Vitale signs, with what verifies it; nothing of it is the signer's yet.

    Raises InvalidSheet for a version that a Vitale of its generation does not sign.
    """
    vitale = recognition.vitale
    if sheet.version != version_for(vitale):
        raise InvalidSheet(f"a Vitale of this generation signs sheets of version {version_for(vitale)}")
    rights_issued = Issued()
    if recognition.issuer_vitale:
        files = by_fid(vitale.rights_contents() if rights is None else rights, VITALE_FIDS)
        rights_issued = Issued(
            recognition.issuer_vitale,
            of_beneficiary(recognition.issuer_vitale, sheet.rights.beneficiary.number, files),
        )
    raw = canonical.encode(sheet)
    return SignedContent(
        sheet=raw,
        vitale_signature=vitale.sign_sheet(sha256(raw).digest()),
        vitale_certificate=vitale.sheet_certificate(),
        chr_vitale=recognition.chr_vitale,
        rv=recognition.rv,
        chr_cps=recognition.chr_cps,
        rc=recognition.rc,
        vitale_issued=rights_issued,
        version=sheet.version,
    )


def version_for(vitale: PatientSession) -> int:
    """The version of the sheets that this card signs."""
    return CERTIFIED if isinstance(vitale, Vitale1Session) else VERSION


def _signing(sheet: CareSheet, cps: CpsSession, intermediates: Iterable[bytes]) -> tuple[bytes, bytes]:
    """The signature certificate of a CPS that may sign *sheet*, and that of its issuer."""
    signer = cps.signature_certificate()
    intermediate = issuer_of(signer, intermediates)
    check_signer(sheet, loaded(signer))
    return signer, intermediate


def _holder_issued(cps: CpsSession, signature: bytes | None, contents: Mapping[str, bytes] | None) -> Issued:
    """What the issuer of *cps* has signed; *signature* and *contents* are read when they are None or not those."""
    signature = cps.issuer_signature() if signature is None else signature
    if not signature:
        return Issued()
    try:
        covered = IssuerSignature.parse(signature)
    except IssuerSignatureError as error:
        raise FseError(f"the issuer's signature on the CPS: {error}") from error
    files = by_fid(contents or {}, CPS_FIDS)
    if files.keys() != covered.digests.keys():
        files = by_fid(cps.signed_contents(covered), CPS_FIDS)
    return Issued(signature, tuple(sorted(files.items())))


def _by_cps(content: SignedContent, cps: CpsSession, signer: bytes, intermediate: bytes) -> bytes:
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


def issuer_of(signer: bytes, intermediates: Iterable[bytes]) -> bytes:
    """The one of *intermediates* (DER) that issued the certificate *signer*. Raises FseError when none did."""
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
