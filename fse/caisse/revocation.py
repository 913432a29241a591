"""Whether a certificate was revoked: an interface, and the source that a caisse has when nobody gives it one."""

from datetime import date
from typing import Protocol

from cryptography import x509


class RevocationSource(Protocol):
    """Answers for certificates whose chain is already verified."""

    @property
    def asks(self) -> bool:
        """Whether it knows anything: where it does not, the caisse says so in each lot."""

    def revoked_since(self, certificate: x509.Certificate, issuer: x509.Certificate | None) -> date | None:
        """Since when *certificate* is revoked, None when it is not. *issuer* is None where it is not at hand."""


class NoRevocation:
    """Nobody to ask."""

    asks = False

    def revoked_since(self, certificate: x509.Certificate, issuer: x509.Certificate | None) -> date | None:
        """None: nobody knows."""
        return None
