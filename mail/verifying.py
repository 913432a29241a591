"""Signed mails verified: the signature, who signed, whether that is the sender, and whether it is this mail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509

from bifente.codes.usage import CertificateUsage
from bifente.crypto import cms
from bifente.crypto.errors import CryptoError
from bifente.documents import mime
from bifente.documents.mime import MimeEntity
from bifente.igc import TrustStore, UntrustedCertificate
from bifente.mail.addresses import addresses_in, addresses_of, same_address
from bifente.mail.errors import MessageRefused, NotSigned, SignatureRefused, StillEnciphered
from bifente.mail.headers import check_outside, is_protected, one_text
from bifente.mail.opening import is_enciphered
from bifente.mail.sealing import SEALED_TYPES, SIGNATURE_TYPES, is_signed
from bifente.mail.structure import payload_entity, refuse_hidden_layers, signed_parts

Addresses = Callable[[x509.Certificate], Sequence[str]]
"""The mail addresses that a directory has for the holder of a certificate; none when it does not know."""

Revoked = Callable[[x509.Certificate, datetime], str | None]
"""Why a certificate is revoked at a time, in a few words; None when it is not. Raises what its source raises."""

_CLOCKS_DIFFER: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class VerifiedMail:
    """A mail whose signature holds, and whose signer is to be believed."""

    sender: str
    """The address in From."""
    certificate: x509.Certificate
    signed_at: datetime | None
    """When the signer says it was."""
    named_by: str
    """Who says that the sender's address is the signer's: ``certificate``, ``directory``, or ``nobody``."""
    headers_signed: bool
    payload: bytes
    """What was signed: a MIME entity."""
    notes: tuple[str, ...] = field(default=())


def verify(
    message: bytes,
    trust: TrustStore,
    at: datetime,
    *,
    addresses: Addresses | None = None,
    revoked: Revoked | None = None,
) -> VerifiedMail:
    """Verify the signature of a mail, clear or opaque, and judge its signer at the time *at*.

    Raises MimeError; NotSigned, StillEnciphered, MessageRefused; SignatureRefused with the reason.
    """
    outer = mime.parse(message)
    found = _signature(outer)
    payload = payload_entity(found.content)
    signer = _judged(found, trust, at, revoked)
    refuse_hidden_layers(payload)
    sender = _sender(outer)
    named_by = _named_by(sender, signer, addresses)
    protected = is_protected(payload)
    if protected:
        try:
            check_outside(outer, payload, was_enciphered=False)
        except MessageRefused as error:
            raise SignatureRefused(str(error), hint=error.hint) from None
    return VerifiedMail(
        sender,
        signer,
        found.signed_at,
        named_by,
        protected,
        found.content,
        tuple(_notes(found, at, named_by, protected, revoked is not None)),
    )


def _signature(outer: MimeEntity) -> cms.VerifiedContent:
    """What was signed, once the signature holds. Raises NotSigned, StillEnciphered, SignatureRefused, MessageRefused."""
    if not is_signed(outer):
        raise _unsigned(outer)
    try:
        if mime.media_type(outer) == "multipart/signed":
            content, signature = signed_parts(outer)
            return cms.verify_detached(signature, content)
        return cms.read_signed_data(mime.content(outer))
    except CryptoError as error:
        raise SignatureRefused(
            f"the signature is refused: {error}", hint="ask the sender to send the mail again"
        ) from None


def _unsigned(outer: MimeEntity) -> NotSigned | StillEnciphered | MessageRefused:
    if is_enciphered(outer):
        return StillEnciphered("the mail is enciphered")
    if is_protected(outer):
        return NotSigned("the mail was signed or enciphered, and the signature was taken off")
    if mime.is_multipart(outer):
        kinds = [mime.media_type(one) for one in map(payload_entity, mime.raw_parts(outer))]
        if any(kind in ("multipart/signed", *SEALED_TYPES) for kind in kinds):
            return MessageRefused("the signature is over a part of the mail only: the rest is anybody's")
        if any(kind in SIGNATURE_TYPES for kind in kinds):
            return MessageRefused("there is a signature, and nothing says what it is over")
    return NotSigned("the mail is not signed")


def _judged(
    found: cms.VerifiedContent, trust: TrustStore, at: datetime, revoked: Revoked | None
) -> x509.Certificate:
    """The signer's certificate, when it is to be believed at *at*. Raises SignatureRefused."""
    certificate = x509.load_der_x509_certificate(found.certificate)
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    for what, when in (("now", at), ("when it signed", found.signed_at)):
        if when is None:
            continue
        if when > last:
            raise SignatureRefused(
                f"the signer's certificate had expired {what}: it was valid until {last:%Y-%m-%d %H:%M:%S}",
                hint=""
                if what != "now"
                else "judge it at another day, or ask for a signature by the new card",
            )
        if when < first:
            raise SignatureRefused(
                f"the signer's certificate was not valid yet {what}: from {first:%Y-%m-%d}"
            )
    try:
        trust.verify_certificate(found.certificate, at, CertificateUsage.SIGNATURE)
    except UntrustedCertificate as error:
        raise SignatureRefused(f"the signer is not trusted: {error}") from None
    why = revoked(certificate, at) if revoked is not None else None
    if why is not None:
        raise SignatureRefused(f"the signer is revoked: {why}")
    return certificate


def _sender(outer: MimeEntity) -> str:
    """The one address in From. Raises MessageRefused."""
    found = addresses_in(one_text(outer, "From"))
    if len(found) != 1:
        raise MessageRefused(f"the mail names {len(found)} senders (From), one is expected")
    return found[0]


def _named_by(sender: str, signer: x509.Certificate, addresses: Addresses | None) -> str:
    """Who says that *sender* is the signer's address. Raises SignatureRefused when somebody says that another one is."""
    known = addresses_of(signer)
    source = "certificate"
    if not known and addresses is not None:
        known, source = tuple(addresses(signer)), "directory"
    if not known:
        return "nobody"
    if not any(same_address(sender, one) for one in known):
        raise SignatureRefused(
            f"the mail says that it is from {sender}, and is signed by the holder of {', '.join(known)}",
            hint="somebody has put a name over it that is not the signer's",
        )
    return source


def _notes(
    found: cms.VerifiedContent, at: datetime, named_by: str, protected: bool, asked: bool
) -> Sequence[str]:
    notes = []
    if named_by == "nobody":
        notes.append(
            "neither certificate nor directory says whose address the sender's is: the signer is who is named here"
        )
    if not protected:
        notes.append("the headers are not signed: subject, date and recipients are what the mail says")
    if found.signed_at is None:
        notes.append("the signature does not say when it was made")
    elif found.signed_at > at + _CLOCKS_DIFFER:
        notes.append(
            f"the signature says {found.signed_at.astimezone(UTC):%Y-%m-%d %H:%M}, which is still to come"
        )
    if not asked:
        notes.append("nobody was asked whether the certificate is revoked")
    return notes
