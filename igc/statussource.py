"""Who can be asked about a certificate, and what is answered."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Protocol

from cryptography import x509
from cryptography.x509 import ReasonFlags


class RevocationState(Enum):
    """What is known of a certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CertificateStatus:
    """An answer: ``source`` says whose, ``why`` what stood in the way of one. ``until`` is how long it may be believed."""

    state: RevocationState
    source: str = ""
    since: datetime | None = None
    reason: ReasonFlags | None = None
    why: str = ""
    until: datetime | None = None

    def revoked_at(self, when: datetime) -> bool:
        """Whether the certificate was revoked at that time."""
        return self.state is RevocationState.REVOKED and (self.since is None or self.since <= when)

    @property
    def words(self) -> str:
        """In a few words: ``revoked since 2026-05-01 (keyCompromise)``."""
        if self.state is RevocationState.UNKNOWN:
            return self.why or "nothing is known of it"
        if self.state is RevocationState.GOOD:
            return f"not revoked ({self.source})" if self.source else "not revoked"
        since = f" since {self.since:%Y-%m-%d}" if self.since is not None else ""
        reason = f" ({self.reason.value})" if self.reason not in (None, ReasonFlags.unspecified) else ""
        return f"revoked{since}{reason}"


class StatusSource(Protocol):
    """Answers for certificates whose chain is verified already."""

    def status(
        self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
    ) -> CertificateStatus:
        """What it knows at *now*; never an exception: what it cannot tell is ``UNKNOWN``, with the reason."""


class RevocationSource(Protocol):
    """Answers whether a certificate was revoked, and since when: what a verifier asks."""

    @property
    def asks(self) -> bool:
        """Whether it knows anything: where it does not, a caisse says so in each lot."""

    def revoked_since(self, certificate: x509.Certificate, issuer: x509.Certificate | None) -> date | None:
        """Since when *certificate* is revoked, None when it is not. *issuer* is None where it is not at hand.

        Raises StatusUnavailable where nobody can tell and that is not to be put up with.
        """


class NoRevocation:
    """Nobody to ask."""

    asks = False

    def revoked_since(self, certificate: x509.Certificate, issuer: x509.Certificate | None) -> date | None:
        """None: nobody knows."""
        return None


def unknown(why: str) -> CertificateStatus:
    """That nothing could be told."""
    return CertificateStatus(RevocationState.UNKNOWN, why=why)
