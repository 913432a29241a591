"""Whom a lot is sent to: the certificates of the caisses, of which each names its régime, its caisse and its address.

Real ones stand in the directory (spec/pki.md §1.7); of several the valid one with the highest serial number is taken
(spec/corrections.md 25).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bifente.documents import read_bytes
from bifente.fse.cabinet.errors import CabinetError
from bifente.igc import TrustStore, UntrustedCertificate, caisse_of

_LIMIT: Final = 1 << 16
_SUFFIXES: Final = frozenset({".pem", ".cer", ".crt", ".der"})


class UnknownCaisse(CabinetError):
    """Nobody has told the surgery of this caisse, or not of a certificate that holds now."""

    kind = "input.unknown-caisse"

    def __init__(self, code: str, why: str) -> None:
        super().__init__(
            f"caisse {code}: {why}", self.kind, hint="put its certificate among those of the caisses"
        )
        self.code = code


@dataclass(frozen=True, slots=True)
class CaisseContact:
    """Where a caisse's mail goes, and the certificate (DER) by which it is enciphered."""

    address: str
    certificate: bytes


class CaisseBook(Protocol):
    """Knows the caisses."""

    def find(self, regime: str, caisse: str, at: datetime) -> CaisseContact:
        """The caisse as it is reached at this time. Raises UnknownCaisse."""


class CertificateBook:
    """The caisses whose certificates one has. With *trust* only those that lead to its anchors are taken."""

    def __init__(self, certificates: Iterable[x509.Certificate], trust: TrustStore | None = None) -> None:
        self._trust = trust
        self._of: dict[tuple[str, str], list[x509.Certificate]] = defaultdict(list)
        for certificate in certificates:
            named = caisse_of(certificate)
            if named is not None:
                self._of[named].append(certificate)

    @classmethod
    def of_places(cls, places: Iterable[Path], trust: TrustStore | None = None) -> "CertificateBook":
        """The certificates (PEM or DER) in these files and folders. Raises CabinetError, DocumentError, OSError."""
        return cls((one for place in places for one in _certificates(place)), trust)

    def find(self, regime: str, caisse: str, at: datetime) -> CaisseContact:
        """The valid certificate with the highest serial number. Raises UnknownCaisse."""
        code = regime + caisse
        known = self._of.get((regime, caisse), [])
        valid = [one for one in known if one.not_valid_before_utc <= at <= one.not_valid_after_utc]
        if not valid:
            why = (
                "no certificate of it is known"
                if not known
                else f"no certificate of it is valid on {at:%Y-%m-%d}"
            )
            raise UnknownCaisse(code, why)
        certificate = max(valid, key=lambda one: one.serial_number)
        der = certificate.public_bytes(Encoding.DER)
        if self._trust is not None:
            try:
                self._trust.verify_certificate(der, at)
            except UntrustedCertificate as error:
                raise UnknownCaisse(code, f"its certificate is not trusted: {error}") from error
        (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return CaisseContact(str(name.value), der)


def _certificates(place: Path) -> Iterator[x509.Certificate]:
    paths = sorted(place.iterdir()) if place.is_dir() else [place]
    for path in paths:
        if place.is_dir() and (path.suffix.lower() not in _SUFFIXES or not path.is_file()):
            continue
        raw = read_bytes(path, _LIMIT)
        try:
            if raw.lstrip()[:5] == b"-----":
                yield from x509.load_pem_x509_certificates(raw)
            else:
                yield x509.load_der_x509_certificate(raw)
        except ValueError:
            raise CabinetError(
                f"{path}: not a certificate", hint="take it out of the folder of the caisses"
            ) from None
