"""Is a signed care sheet genuine: whose signature holds, whose does not, and why.

Every byte of the message is covered: the content by both signatures, the certificates by their issuers, and the CMS
around them is compared with the only form that its parts can have. What the sheet says is drawn up again from the files
that the cards' issuers have signed, by the functions that drew it up first, and must come out the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from bifente.apdu.cvc import (
    DOMAIN_CPS,
    DOMAIN_VITALE,
    USAGE_AUTHENTICATION,
    USAGE_SHEET_SIGNATURE,
    CvContent,
    CvError,
)
from bifente.apdu.issuersignature import IssuerSignature, IssuerSignatureError, signed_by
from bifente.crypto.legacy.diversified import card_key, mac_holds
from bifente.fse.errors import CanonicalError, FseError, InvalidSheet, SheetRefused, Signatory
from bifente.fse.sheet import canonical
from bifente.fse.sheet.acts import ComplementarySource, RightsOrigin, SheetMode
from bifente.fse.sheet.cms import SignedData, assemble, parse, signed_attributes
from bifente.fse.sheet.complementary import check_complementary
from bifente.fse.sheet.model import CERTIFIED, BillingSituation, CareSheet, Professional, judge_rights
from bifente.fse.sheet.rights import rights_at
from bifente.fse.sheet.signature import (
    CPS_FIDS,
    VITALE_FIDS,
    Issued,
    SignedContent,
    beneficiary_fid,
    card_reference,
    check_vitale,
    issued_by,
    loaded,
)
from bifente.fse.sheet.signer import card_number, check_holder, check_signer
from bifente.igc import CertificateUsage, TrustStore, UntrustedCertificate
from bifente.igc.errors import StatusUnavailable
from bifente.igc.statussource import RevocationSource
from bifente.layouts import symmetric
from bifente.terminal import TerminalError
from bifente.terminal.cps import holder_of, professional_groups
from bifente.terminal.vitale import rights_groups

T = TypeVar("T")

MAX_SIZE: Final = 0x120000
"""No signed sheet is longer: what is longer is not read."""

_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, FseError)


@dataclass(frozen=True, slots=True)
class VerifiedSheet:
    """A sheet whose signatures hold. ``vitale`` and ``signer`` are the verified certificates; a sheet without Vitale
    (mode F) has no ``vitale``, nor has one that a Vitale 1 has certified: see ``certified``. ``opener`` is the certificate of the card that opened the Vitale, when another signed.

    ``rights_issued`` and ``professional_issued`` are the issuers' signatures by which what the sheet says of rights and
    professional was issued; None where the card had none, or the sheet is of version 1: then the terminal that drew it
    up is believed.
    """

    sheet: CareSheet
    vitale: CvContent | None
    signer: x509.Certificate
    content: SignedContent
    rights_issued: IssuerSignature | None
    professional_issued: IssuerSignature | None
    opener: CvContent | None = None
    certified: bool | None = None
    """Whether the MAC of a Vitale 1 was checked, False without the mother key for it; None when no Vitale 1 was there."""
    notes: tuple[str, ...] = ()
    """What a verifier has to add to :attr:`not_proven`."""

    @property
    def version(self) -> int:
        """The version of the sheet."""
        return self.content.version

    @property
    def vitale_number(self) -> str:
        """Issuer and number of the Vitale that signed, 20 digits; empty when none did."""
        if self.certified is not None:
            return self.content.chr_vitale[2:].hex().upper()
        return "" if self.vitale is None else self.vitale.chr[2:].hex().upper()

    @property
    def not_proven(self) -> tuple[str, ...]:
        """What no issuer has signed, in words; empty when all is proven."""
        old = " (a sheet of version 1)" if self.version == 1 else " (the card holds no issuer's signature)"
        words = [*self.notes]
        if self.certified:
            words.append(
                "the Vitale 1 has certified the sheet by a MAC: it proves to the holder of the mother key that the card was "
                "there, and nothing to a third party"
            )
        elif self.certified is not None:
            words.append(
                "the MAC of the Vitale 1 is not checked: only who holds the mother key (issuer, caisse) can, and here it is not"
            )
        elif self.vitale is None:
            words.append("no Vitale has signed (mode F): that the patient was there is not proven")
        if self.sheet.rights_origin is RightsOrigin.ONLINE:
            words.append("the rights are those that a service has told online: no issuer has signed them")
        elif self.sheet.rights_origin is RightsOrigin.TYPED:
            words.append("the insured and the rights were typed in: no issuer has signed them")
        elif self.rights_issued is None:
            words.append("the rights are not proven by their issuer" + old)
        if self.professional_issued is None:
            words.append("names and situation de facturation are not proven by their issuer" + old)
        return tuple(words)


def verify(
    signed: bytes,
    trust: TrustStore,
    *,
    day: date | None = None,
    revocation: RevocationSource | None = None,
) -> VerifiedSheet:
    """Verify both signatures of a signed sheet; certificates are judged on *day* (the care date when None).

    *revocation* is asked whether the CPS was revoked by that day; without it nobody is. Not looked at: whether the care date
    is believable. Raises SheetRefused, which names each signature that does not hold and why.
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
    certified: bool | None = None
    alone = sheet is not None and sheet.mode is not SheetMode.SECURED
    signer = _judge(Signatory.CPS, failures, lambda: _cps(signed, message, trust, when, revocation))
    holder = _judge(Signatory.CPS, failures, lambda: _holder_issued(content, signer, trust))
    vitale = rights = opener = None
    if alone:
        _judge(Signatory.CPS, failures, lambda: _alone(sheet, content))
    else:
        if content.version == CERTIFIED:
            certified = _judge(Signatory.VITALE, failures, lambda: _certified(content, trust))
        else:
            vitale = _judge(Signatory.VITALE, failures, lambda: _vitale(content, trust, when))
        rights = _judge(
            Signatory.VITALE, failures, lambda: _issued(content.vitale_issued, "V", content.chr_vitale, trust)
        )
        opener = _judge(Signatory.VITALE, failures, lambda: _opener(sheet, content, trust, when))
        if sheet is not None and (vitale is not None or certified is not None):
            _judge(Signatory.VITALE, failures, lambda: _read_from(sheet, content))
        if signer is not None and not content.opened_by_another:
            _judge(Signatory.VITALE, failures, lambda: _opened_by(content, signer))
    if signer is not None:
        _judge(Signatory.CPS, failures, lambda: _named_by(sheet, signer))
    if failures or sheet is None or signer is None or (vitale is None and certified is None and not alone):
        raise SheetRefused(failures)
    _judge(Signatory.VITALE, failures, lambda: _rights_as_issued(sheet, content, rights))
    _judge(Signatory.CPS, failures, lambda: _professional_as_issued(sheet, content, holder, signer))
    if failures:
        raise SheetRefused(failures)
    return VerifiedSheet(sheet, vitale, signer, content, rights, holder, opener, certified)


class _Doubt(Exception):
    """One signature does not hold; the message says why."""


def _judge(who: Signatory, failures: list[tuple[Signatory, str]], check: Callable[[], T]) -> T | None:
    """The result of *check*; a doubt is noted and gives None, so that the next signature is looked at too."""
    try:
        return check()
    except _Doubt as doubt:
        failures.append((who, str(doubt)))
        return None


def _read(signed: bytes) -> SignedData:
    if len(signed) > MAX_SIZE:
        raise ValueError(f"{len(signed)} bytes, at most {MAX_SIZE} are read")
    return parse(signed)


def _sheet(content: SignedContent) -> CareSheet:
    try:
        sheet = canonical.decode(content.sheet)
    except CanonicalError as error:
        raise _Doubt(f"what it signs is not a sheet: {error}") from error
    if sheet.version != content.version:
        raise _Doubt(f"a sheet of version {sheet.version} in a message of version {content.version}")
    return sheet


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
    try:
        payload = content.vitale_payload
    except ValueError as error:
        raise _Doubt(str(error)) from error
    if not signed_by(certificate.n, certificate.e, content.vitale_signature, payload):
        raise _Doubt(
            "the signature is not that of this sheet, this recognition and these issuers' signatures"
        )
    return certificate


def _certified(content: SignedContent, trust: TrustStore) -> bool:
    """Whether the MAC of a Vitale 1 is checked; False when there is no mother key to check it by."""
    if content.vitale_certificate != symmetric.KEY_INFORMATION:
        raise _Doubt("what it names is not a key by which a Vitale 1 certifies sheets")
    try:
        payload = content.vitale_payload
    except ValueError as error:
        raise _Doubt(str(error)) from error
    if len(content.vitale_signature) != symmetric.MAC_SIZE:
        raise _Doubt(f"a MAC has {symmetric.MAC_SIZE} bytes, not {len(content.vitale_signature)}")
    if not trust.sheet_keys:
        return False
    keys = [card_key(mother, content.chr_vitale) for mother in trust.sheet_keys]
    if not any(mac_holds(key, payload, content.vitale_signature) for key in keys):
        raise _Doubt("the MAC is not that of this sheet, this recognition and a Vitale 1 of this authority")
    return True


def _cps(
    signed: bytes,
    message: SignedData,
    trust: TrustStore,
    day: date | None,
    revocation: RevocationSource | None,
) -> x509.Certificate:
    der, issuer_der = _signer_first(message.certificates)
    try:
        attributes = signed_attributes(message.content, der, issuer_der)
        whole = assemble(message.content, der, issuer_der, attributes, message.signature)
        public = loaded(der).public_key()
        intermediate = loaded(issuer_der)
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
    leaf = loaded(der)
    first, last = leaf.not_valid_before_utc.date(), leaf.not_valid_after_utc.date()
    if not first <= day <= last:
        raise _Doubt(f"the CPS's certificate holds from {first} to {last}, not on {day}")
    try:
        signer = _signer_on(TrustStore(trust.anchors, (intermediate,), ()), der, day)
        since = revocation.revoked_since(signer, intermediate) if revocation is not None else None
    except (UntrustedCertificate, StatusUnavailable) as error:
        raise _Doubt(str(error)) from error
    if since is not None and since <= day:
        raise _Doubt(f"the CPS's certificate is revoked since {since}, and judged on {day}")
    return signer


@lru_cache(maxsize=256)
def _signer_on(chain: TrustStore, der: bytes, day: date) -> x509.Certificate:
    """The signer's certificate, verified up to an anchor on *day*: the same in all sheets of a day."""
    return chain.verify_certificate(der, datetime.combine(day, time(12), UTC), CertificateUsage.SIGNATURE)


def _signer_first(certificates: tuple[bytes, ...]) -> tuple[bytes, bytes]:
    """Signer and intermediate, which DER has sorted by their bytes."""
    if len(certificates) != 2:
        raise _Doubt(f"{len(certificates)} certificates, signer and intermediate are expected")
    for leaf, issuer in (certificates, certificates[::-1]):
        try:
            if issued_by(issuer, leaf):
                return leaf, issuer
        except _UNREADABLE:
            continue
    raise _Doubt("neither of the certificates was issued by the other")


def _issued(issued: Issued, domain: str, chr_: bytes | None, trust: TrustStore) -> IssuerSignature | None:
    """The issuer's signature of the card *chr_*, with files that it covers; None when the card has none."""
    if not issued.signature:
        if issued.files:
            raise _Doubt("files without the signature of their issuer")
        return None
    try:
        signature = trust.verify_issued(issued.signature, domain)
    except IssuerSignatureError as error:
        raise _Doubt(f"the issuer's signature on the card is refused: {error}") from error
    if chr_ is not None and signature.chr != chr_:
        raise _Doubt("the issuer's signature is that of another card")
    uncovered = signature.uncovered(dict(issued.files))
    if uncovered:
        raise _Doubt(f"the issuer has not signed {', '.join(f'{fid:04X}' for fid in uncovered)} as it is")
    return signature


def _holder_issued(
    content: SignedContent, signer: x509.Certificate | None, trust: TrustStore
) -> IssuerSignature | None:
    """The issuer's signature of the CPS that signed: by the recognition's reference when it opened the Vitale itself."""
    if content.chr_cps and not content.opened_by_another:
        return _issued(content.cps_issued, "C", content.chr_cps, trust)
    signature = _issued(content.cps_issued, "C", None, trust)
    if signature is not None and signer is not None and not _same_card(signature.chr, signer):
        raise _Doubt("the issuer's signature is that of another card")
    return signature


def _alone(sheet: CareSheet | None, content: SignedContent) -> None:
    """A sheet without Vitale is signed by the CPS alone, and by nothing of a Vitale."""
    if sheet is not None and sheet.mode is SheetMode.DEGRADED:
        raise _Doubt("a degraded sheet (mode D) is signed on paper, by no card")
    if content.by_vitale or content.opened_by_another:
        raise _Doubt("a sheet without Vitale (mode F) holds what a Vitale or a recognition has made")


def _opener(
    sheet: CareSheet | None, content: SignedContent, trust: TrustStore, day: date | None
) -> CvContent | None:
    """The card that opened the Vitale for another to sign later; None when the signer's own did."""
    named = sheet.prepared_by if sheet is not None else ""
    if not content.opened_by_another:
        if named or content.opener_issued != Issued():
            raise _Doubt(f"the sheet was prepared by card {named or 'of no certificate'}, which is not shown")
        return None
    opened = card_reference(content.chr_cps)
    if sheet is not None and named != opened:
        raise _Doubt(f"the sheet was prepared by card {named or '(none)'}, the Vitale was opened by {opened}")
    try:
        certificate = trust.verify_cv(content.opener_certificate)
    except CvError as error:
        raise _Doubt(f"the certificate of the card that opened the Vitale is refused: {error}") from error
    if (certificate.cha.domain, certificate.cha.usage) != (DOMAIN_CPS, USAGE_AUTHENTICATION):
        raise _Doubt("the Vitale was opened by what is not a professional's card")
    if day is not None and not certificate.effective <= day <= certificate.expiry:
        period = f"from {certificate.effective} to {certificate.expiry}"
        raise _Doubt(f"the certificate of the card that opened the Vitale holds {period}, not on {day}")
    if certificate.chr != content.chr_cps:
        raise _Doubt("the certificate is not that of the card that opened the Vitale")
    _issued(content.opener_issued, "C", content.chr_cps, trust)
    return certificate


def _rights_as_issued(sheet: CareSheet, content: SignedContent, signature: IssuerSignature | None) -> None:
    """The rights on the sheet, and the complementary insurer of the card, come out of what the issuer has signed.

    Where a service has told the rights, the card still says who the people are.
    """
    if signature is None:
        return
    names = {fid: name for name, fid in VITALE_FIDS.items()}
    files = {names[fid]: file for fid, file in content.vitale_issued.files}
    beneficiary = sheet.rights.beneficiary
    try:
        wanted = {"G101", names[beneficiary_fid(signature, beneficiary.number)]}
        if files.keys() != wanted:
            raise _Doubt(f"the files {', '.join(sorted(wanted))} of the Vitale are expected")
        groups = rights_groups(files)
        if sheet.rights_origin is RightsOrigin.ONLINE:
            found, accepted = rights_at(groups, 1, sheet.care_date)[0], sheet.accepted
            found = replace(
                sheet.rights,
                insured=found.insured,
                beneficiary=replace(found.beneficiary, amo_service=beneficiary.amo_service),
            )
        else:
            found, accepted = judge_rights(groups, 1, sheet.care_date, sheet.acts, accept=sheet.accepted)
        complementary = sheet.third_party.complementary
        if complementary is not None and complementary.source is ComplementarySource.VITALE:
            check_complementary(complementary, groups, 1, sheet.care_date)
    except (FseError, TerminalError) as error:
        raise _Doubt(f"what the issuer has signed makes no such sheet: {error}") from error
    rights = replace(found, beneficiary=replace(found.beneficiary, number=beneficiary.number))
    if rights != sheet.rights or accepted != sheet.accepted:
        raise _Doubt("the rights on the sheet are not those that their issuer has signed")


def _professional_as_issued(
    sheet: CareSheet, content: SignedContent, signature: IssuerSignature | None, signer: x509.Certificate
) -> None:
    """Professional and situation on the sheet come out of what the issuer has signed."""
    if signature is None:
        return
    if [fid for fid, _ in content.cps_issued.files] != list(signature.digests):
        raise _Doubt("the message holds other files of the CPS than its issuer has signed")
    try:
        professional, situations = _issued_professional(content.cps_issued.files, signer)
    except (FseError, TerminalError) as error:
        raise _Doubt(f"what the issuer has signed makes no such sheet: {error}") from error
    except KeyError as error:
        raise _Doubt(f"the issuer has signed a file {error.args[0]:04X} that no CPS has") from error
    if professional != sheet.professional:
        raise _Doubt("the professional on the sheet is not the one whom the issuer has signed")
    if sheet.situation not in situations:
        raise _Doubt("the situation de facturation on the sheet is not one that the issuer has signed")


@lru_cache(maxsize=256)
def _issued_professional(
    contents: tuple[tuple[int, bytes], ...], signer: x509.Certificate
) -> tuple[Professional, tuple[BillingSituation, ...]]:
    """Who is the holder of the CPS with these files, and his situations: a caisse meets the same card in sheet after sheet."""
    names = {fid: name for name, fid in CPS_FIDS.items()}
    files = {names[fid]: file for fid, file in contents}
    found = holder_of(files)
    check_holder(found, signer)
    holder, *situations = professional_groups(files, found)
    return Professional.of(holder), tuple(BillingSituation.of(group) for group in situations)


def _read_from(sheet: CareSheet, content: SignedContent) -> None:
    """The Vitale whose rights stand on the sheet is the one that signed."""
    try:
        check_vitale(sheet, content.chr_vitale)
    except InvalidSheet as error:
        raise _Doubt(str(error)) from error


def _opened_by(content: SignedContent, signer: x509.Certificate) -> None:
    """The CPS that opened the Vitale is the one that signed."""
    if not _same_card(content.chr_cps, signer):
        issuer, digits = card_reference(content.chr_cps).split("/")
        raise _Doubt(
            f"the Vitale was opened by CPS {issuer}/…{digits}, the sheet is signed by {card_number(signer)}"
        )


def _same_card(chr_: bytes, signer: x509.Certificate) -> bool:
    card = card_number(signer)
    issuer, digits = card_reference(chr_).split("/")
    return card.startswith(f"{issuer}/") and card[-8:] == digits


def _named_by(sheet: CareSheet | None, signer: x509.Certificate) -> None:
    """The holder of the CPS that signed is the professional on the sheet."""
    if sheet is None:
        return
    try:
        check_signer(sheet, signer)
    except InvalidSheet as error:
        raise _Doubt(str(error)) from error
