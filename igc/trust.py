"""Whom to believe, without any private key: roots, intermediates and CV roots, and the checks of certificates.

Revocation is not looked at here: that is :mod:`bifente.igc.status`.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from bifente.apdu import issuersignature
from bifente.apdu.cvc import Car, CvContent, CvEnvelope, CvKey, verify_by_any
from bifente.apdu.issuersignature import IssuerSignature
from bifente.codes.usage import CertificateUsage
from bifente.igc.caisses import caisse_of
from bifente.igc.errors import UntrustedCertificate


def _leaf_policy() -> ExtensionPolicy:
    """keyUsage must be there and critical; everything else is the profile's business, not the chain's."""
    return ExtensionPolicy.permit_all().require_present(x509.KeyUsage, Criticality.CRITICAL, None)


@dataclass(frozen=True, slots=True)
class TrustStore:
    """The public half of one or more authorities; and, for a caisse, their secret mother keys of care sheets."""

    anchors: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...]
    cv_roots: tuple[CvKey, ...]
    """Several may have one CAR: every TEST authority calls its roots alike."""
    sheet_keys: tuple[bytes, ...] = field(default=(), repr=False)
    """Mother keys by which the certificates of cartes Vitale 1 under care sheets are checked; who has none cannot check them."""

    def verify_certificate(
        self, der: bytes, at: datetime, usage: CertificateUsage | None = None
    ) -> x509.Certificate:
        """Verify that an X.509 leaf leads to an anchor at the time *at* (UTC if naive), and return it decoded.

        With *usage*, the key usage must be that of the profile: nonRepudiation to sign, digitalSignature to
        authenticate; and the certificate must name a person, or for a technical one nobody. Raises UntrustedCertificate.
        """
        try:
            leaf = _loaded(der)
        except ValueError:
            raise UntrustedCertificate("not an X.509 certificate") from None
        if not self.anchors:
            raise UntrustedCertificate("there is no anchor to which a certificate could lead")
        builder = (
            PolicyBuilder()
            .store(Store(list(self.anchors)))
            .time(at if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None))
            .extension_policies(
                ca_policy=ExtensionPolicy.webpki_defaults_ca(),
                ee_policy=_leaf_policy(),
            )
        )
        try:
            builder.build_client_verifier().verify(leaf, list(self.intermediates))
        except VerificationError as error:
            raise UntrustedCertificate(
                f"the certificate is not accepted at {at:%Y-%m-%d %H:%M:%S}: {str(error).splitlines()[0]}"
            ) from None
        if usage is not None and not _allows(leaf, usage):
            raise UntrustedCertificate(f"the certificate's key is not one for {usage.value}")
        return leaf

    def verify_recipient(self, der: bytes, at: datetime) -> x509.Certificate:
        """:meth:`verify_certificate` for somebody to encipher for: the key must be for that. Raises UntrustedCertificate."""
        leaf = self.verify_certificate(der, at)
        if not _key_usage(leaf, "key_encipherment"):
            raise UntrustedCertificate("the certificate's key is not one to encipher for")
        return leaf

    def verify_caisse(self, der: bytes, at: datetime, regime: str, caisse: str) -> x509.Certificate:
        """:meth:`verify_certificate` of the signature of this caisse and no other. Raises UntrustedCertificate."""
        leaf = self.verify_certificate(der, at, CertificateUsage.SIGNATURE)
        found = caisse_of(leaf)
        if found != (regime, caisse):
            whose = f"that of caisse {''.join(found)}" if found else "not that of a caisse"
            raise UntrustedCertificate(f"the certificate is {whose}: caisse {regime}{caisse} is expected")
        return leaf

    def verify_cv(self, raw: bytes) -> CvContent:
        """Verify a CV certificate with the root that it names. Raises CvError; dates are the caller's to judge."""
        return verify_by_any(CvEnvelope.parse(raw), self.cv_roots)

    def verify_issued(self, raw: bytes, domain: str) -> IssuerSignature:
        """Verify the issuer's signature on a card of *domain* (``C`` or ``V``) with the root that it names.

        Raises IssuerSignatureError; whose card it is stays to be compared.
        """
        return issuersignature.verify_by_any(raw, domain, self.cv_roots)

    def cv_root(self, domain: str, environment: str) -> CvKey | None:
        """The root of a domain (``C`` or ``V``) in an environment, or None."""
        return next((r for r in self.cv_roots if _fits(r.car, domain, environment)), None)

    def merged(self, other: "TrustStore") -> "TrustStore":
        """Both authorities' public halves, for a terminal that meets cards of either."""
        return TrustStore(
            self.anchors + other.anchors,
            self.intermediates + other.intermediates,
            tuple(dict.fromkeys(self.cv_roots + other.cv_roots)),
            tuple(dict.fromkeys(self.sheet_keys + other.sheet_keys)),
        )


@lru_cache(maxsize=64)
def _loaded(der: bytes) -> x509.Certificate:
    """A certificate, decoded: what is judged of it is judged each time."""
    return x509.load_der_x509_certificate(der)


def _fits(car: bytes, domain: str, environment: str) -> bool:
    parsed = Car.parse(car)
    return (parsed.domain, parsed.environment) == (domain, environment)


def _allows(leaf: x509.Certificate, usage: CertificateUsage) -> bool:
    if usage is CertificateUsage.SIGNATURE:
        return _key_usage(leaf, "content_commitment")
    names_somebody = bool(leaf.subject.get_attributes_for_oid(NameOID.SURNAME))
    return _key_usage(leaf, "digital_signature") and names_somebody is not (
        usage is CertificateUsage.TECHNICAL
    )


def _key_usage(leaf: x509.Certificate, bit: str) -> bool:
    try:
        found = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return bool(getattr(found, bit))
