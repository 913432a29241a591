"""Revocation lists as an authority signs them: complete ones and delta lists (RFC 5280 §5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509 import ReasonFlags


@dataclass(frozen=True, slots=True)
class RevokedSerial:
    """One entry of a list. ``unspecified`` is not written (RFC 5280 §5.3.1)."""

    serial: int
    when: datetime
    reason: ReasonFlags = ReasonFlags.unspecified


def sign_crl(
    issuer: x509.Name,
    signer: RSAPrivateKey,
    revoked: Iterable[RevokedSerial],
    *,
    this_update: datetime,
    next_update: datetime,
    number: int,
    base: int | None = None,
    freshest: Iterable[str] = (),
) -> bytes:
    """A list (DER). With *base* it is a delta list to the complete one of that number; *freshest* is where a complete
    one says that its delta lists are. Times are cut to the second."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer)
        .last_update(second(this_update))
        .next_update(second(next_update))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False)
        .add_extension(x509.CRLNumber(number), False)
    )
    if base is not None:
        builder = builder.add_extension(x509.DeltaCRLIndicator(base), critical=True)
    points = [
        x509.DistributionPoint([x509.UniformResourceIdentifier(uri)], None, None, None) for uri in freshest
    ]
    if points:
        builder = builder.add_extension(x509.FreshestCRL(points), critical=False)
    for one in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(one.serial).revocation_date(second(one.when))
        if one.reason is not ReasonFlags.unspecified:
            entry = entry.add_extension(x509.CRLReason(one.reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def second(when: datetime) -> datetime:
    """A time in UTC, cut to the second as certificates and lists have it; naive ones are UTC."""
    aware = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    return aware.replace(microsecond=0)
