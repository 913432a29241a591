"""For whom a mail is enciphered: each address with one certificate that is valid, not revoked, and for that."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from bifente.igc import TrustStore, UntrustedCertificate
from bifente.mail.addresses import addresses_of, same_address
from bifente.mail.errors import NoCertificateForRecipient
from bifente.mail.verifying import Revoked


@dataclass(frozen=True, slots=True)
class ChosenRecipient:
    """Whom a mail is enciphered for. ``note`` says what was chosen among several; it may be empty."""

    address: str
    certificate: bytes
    note: str = ""


def recipient_of(
    address: str,
    candidates: Iterable[bytes],
    trust: TrustStore,
    at: datetime,
    *,
    revoked: Revoked | None = None,
) -> ChosenRecipient:
    """The newest of the certificates by which a mail can be enciphered for *address* at the time *at*.

    Raises NoCertificateForRecipient, which says what is wrong with the last one.
    """
    good: list[x509.Certificate] = []
    why = "the annuaire has none"
    for der in dict.fromkeys(candidates):
        found = _usable(address, der, trust, at, revoked)
        if isinstance(found, str):
            why = found
        else:
            good.append(found)
    if not good:
        raise NoCertificateForRecipient(address, why)
    good.sort(key=lambda one: (one.not_valid_before_utc, one.serial_number))
    newest = good[-1]
    note = ""
    if len(good) > 1:
        note = (
            f"{address} has {len(good)} valid certificates: the newest is taken, "
            f"of {newest.not_valid_before_utc:%Y-%m-%d} with the serial number {newest.serial_number:x}"
        )
    return ChosenRecipient(address, newest.public_bytes(Encoding.DER), note)


def _usable(
    address: str, der: bytes, trust: TrustStore, at: datetime, revoked: Revoked | None
) -> x509.Certificate | str:
    """The certificate, or why a mail for *address* cannot be enciphered with it."""
    try:
        certificate = x509.load_der_x509_certificate(der)
    except ValueError:
        return "its certificate cannot be read"
    last = certificate.not_valid_after_utc
    if at > last:
        return f"its certificate expired on {last:%Y-%m-%d}"
    try:
        trust.verify_certificate(der, at)
    except UntrustedCertificate as error:
        return f"its certificate is not trusted: {error}"
    if not deciphers(certificate):
        return "its certificate is one for signatures only"
    named = addresses_of(certificate)
    if named and not any(same_address(address, one) for one in named):
        return f"its certificate is that of {', '.join(named)}"
    why = revoked(certificate, at) if revoked is not None else None
    return certificate if why is None else f"its certificate is revoked: {why}"


def deciphers(certificate: x509.Certificate) -> bool:
    """Whether the key of a certificate is one to encipher for: keyEncipherment, or the authentication key of a card.

    A CPS has no certificate of its own for that; its authentication key deciphers too (spec/pki.md §1.3), though its
    certificate says digitalSignature only. It is known by its use for smart-card logon.
    """
    if not isinstance(certificate.public_key(), RSAPublicKey):
        return False
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    if usage.key_encipherment:
        return True
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return usage.digital_signature and ExtendedKeyUsageOID.SMARTCARD_LOGON in purposes
