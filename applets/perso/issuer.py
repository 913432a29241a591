"""Who certifies a card's keys, as far as personalisation needs to know. ``bifente.igc.Authority`` is one."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from bifente.apdu.cvc import Cha, CvKey
from bifente.codes.holder import CardHolder
from bifente.codes.usage import CertificateUsage


class Issuer(Protocol):
    """A certification authority of one environment."""

    @property
    def environment(self) -> str:
        """``T`` test, ``P`` production-like."""

    def issue_certificate(
        self,
        holder: CardHolder,
        public_key: RSAPublicKey,
        usage: CertificateUsage,
        not_before: datetime,
        not_after: datetime | None = None,
    ) -> bytes:
        """An X.509 certificate, DER."""

    def issue_cv(
        self, *, domain: str, pan: bytes, cha: Cha, public_key: RSAPublicKey, effective: date, expiry: date
    ) -> bytes:
        """A CV certificate (7F21) from the root of *domain*, ``C`` or ``V``; *pan* has 10 bytes."""

    def sign_contents(self, *, domain: str, pan: bytes, digests: Mapping[int, bytes], day: date) -> bytes:
        """The issuer's signature over files of a card (the content of its EF): *digests* are SHA-256 by FID."""

    def cv_root(self, domain: str) -> CvKey:
        """The root of *domain*."""

    def mother_key(self, use: str) -> bytes:
        """The secret key of triple DES (16 bytes) from which those of cards for that use come."""

    def card_key(self, use: str, pan: bytes) -> bytes:
        """The key of the card with the number *pan* (10 bytes) for that use: 16 bytes."""
