"""Whether a certificate is revoked: the sources asked in turn, for the certificate and for the authorities above it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from bifente.igc.errors import CertificateRevoked, StatusUnavailable
from bifente.igc.statussource import CertificateStatus, RevocationState, StatusSource, unknown
from bifente.igc.trust import TrustStore

Clock = Callable[[], datetime]


class StatusChecker:
    """Asks *sources* in their order until one knows. Chains are verified by the caller before.

    With *hard_fail* it is an error when nobody knows (StatusUnavailable); without, such a certificate passes. A *clock* other
    than the real one judges whether answers are too old.
    """

    asks = True

    def __init__(
        self,
        issuers: Iterable[x509.Certificate] | TrustStore,
        sources: Sequence[StatusSource],
        *,
        hard_fail: bool = False,
        clock: Clock | None = None,
    ) -> None:
        above = (*issuers.intermediates, *issuers.anchors) if isinstance(issuers, TrustStore) else issuers
        self._issuers = tuple(above)
        self._sources = tuple(sources)
        self.hard_fail = hard_fail
        self._clock = clock or _now

    def status(
        self, certificate: x509.Certificate, issuer: x509.Certificate | None = None
    ) -> CertificateStatus:
        """What is known: of the certificate, or of an authority above it that was revoked. Raises nothing."""
        above = issuer or self._issuer_of(certificate)
        if above is None:
            return unknown("its issuer is not known here")
        found = self._asked(certificate, above)
        if found.state is RevocationState.REVOKED or above.issuer == above.subject:
            return found
        root = self._issuer_of(above)
        authority = self._asked(above, root) if root is not None else unknown("the root is not known here")
        return authority if authority.state is RevocationState.REVOKED else found

    def revoked_since(
        self, certificate: x509.Certificate, issuer: x509.Certificate | None = None
    ) -> date | None:
        """Since when it is revoked, None when it is not. Raises StatusUnavailable when nobody knows, with *hard_fail*."""
        found = self._answered(certificate, issuer)
        if found.state is not RevocationState.REVOKED:
            return None
        return (found.since or certificate.not_valid_before_utc).date()

    def require_valid(
        self,
        certificate: x509.Certificate,
        at: datetime | None = None,
        *,
        issuer: x509.Certificate | None = None,
    ) -> CertificateStatus:
        """Refuse a certificate that was revoked *at* that time, by default now. Raises CertificateRevoked, StatusUnavailable."""
        found = self._answered(certificate, issuer)
        if found.revoked_at(at or self._clock()):
            raise CertificateRevoked(f"the certificate is {found.words}")
        return found

    def _answered(self, certificate: x509.Certificate, issuer: x509.Certificate | None) -> CertificateStatus:
        found = self.status(certificate, issuer)
        if found.state is RevocationState.UNKNOWN and self.hard_fail:
            raise StatusUnavailable(f"whether the certificate is revoked cannot be told: {found.words}")
        return found

    def _asked(self, certificate: x509.Certificate, issuer: x509.Certificate) -> CertificateStatus:
        now = self._clock()
        reasons = []
        for source in self._sources:
            found = source.status(certificate, issuer, now)
            if found.state is not RevocationState.UNKNOWN:
                return found
            reasons.append(found.why)
        return unknown("; ".join(reasons) or "there is nobody to ask")

    def _issuer_of(self, certificate: x509.Certificate) -> x509.Certificate | None:
        for one in self._issuers:
            if one.subject == certificate.issuer:
                try:
                    certificate.verify_directly_issued_by(one)
                except (InvalidSignature, ValueError, TypeError):
                    continue
                return one
        return None


def _now() -> datetime:
    return datetime.now(UTC)
