"""Whom mails are believed to come from, and for whom they are enciphered: the authority at hand and its lists."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.errors import WorkbenchError
from bifente.workbench.sheets.cardsathand import trusted_authority

if TYPE_CHECKING:
    from cryptography import x509

    from bifente.igc import Authority
    from bifente.igc.annuaire import Annuaire
    from bifente.mail import ChosenRecipient

_LONGEST_CERTIFICATE = 1 << 18


@dataclass(frozen=True, slots=True)
class GivenCertificate:
    """A certificate from a file, perhaps with the address that it is for."""

    file: Path
    address: str = ""


@dataclass(slots=True)
class MailTrust:
    """The authority that mails are judged by, and when. Raises WorkbenchError without any authority."""

    folder: Path | None = None
    day: date | None = None
    annuaire: Path | None = None
    """Where the annuaire is; without one the user's, if there is one."""
    authority: "Authority" = field(init=False)

    def __post_init__(self) -> None:
        self.authority = trusted_authority(self.folder)

    @property
    def at(self) -> datetime:
        """When certificates are judged: now, or at noon of the day."""
        return datetime.now(UTC) if self.day is None else datetime.combine(self.day, time(12), UTC)

    @property
    def intermediates(self) -> list[bytes]:
        """The authorities' certificates, DER."""
        from cryptography.hazmat.primitives.serialization import Encoding

        return [one.public_bytes(Encoding.DER) for one in self.authority.trust_store.intermediates]

    def revoked(self, certificate: "x509.Certificate", at: datetime) -> str | None:
        """Why a certificate is revoked at a time, by the authority's register. Raises IgcError, OSError."""
        from cryptography.hazmat.primitives.serialization import Encoding

        der = certificate.public_bytes(Encoding.DER)
        for one in self.authority.register.find(certificate.serial_number):
            if one.der in (None, der) and one.revoked is not None and one.revoked <= at:
                reason = f", {one.reason.value}" if one.reason is not None else ""
                card = f" of card {one.card}" if one.card else ""
                return f"the certificate{card} since {one.revoked:%Y-%m-%d %H:%M:%S}{reason}"
        return None

    def recipients(
        self, addresses: Sequence[str], given: Sequence[GivenCertificate]
    ) -> "list[ChosenRecipient]":
        """Each of *addresses* with a certificate: one *given*, or the directory's. Raises NoCertificateForRecipient, OSError."""
        from bifente.mail import recipient_of

        files = _by_address(addresses, given)
        return [
            recipient_of(
                one,
                files.get(one) or self._directory(one),
                self.authority.trust_store,
                self.at,
                revoked=self.revoked,
            )
            for one in addresses
        ]

    def addresses(self, certificate: "x509.Certificate") -> tuple[str, ...]:
        """The mail addresses that the annuaire has for the holder of a certificate. Raises IgcError, OSError."""
        from bifente.igc.annuaire import NotListed
        from bifente.workbench.mail.people import signer_of

        with self._opened() as annuaire:
            if annuaire is None:
                return ()
            try:
                return annuaire.professional(signer_of(certificate).identifier).mails
            except NotListed:
                return ()

    def _directory(self, address: str) -> list[bytes]:
        """The annuaire's certificates for an address. Raises NoCertificateForRecipient, IgcError, OSError."""
        from bifente.igc.annuaire import certificates_for
        from bifente.mail import NoCertificateForRecipient

        with self._opened() as annuaire:
            if annuaire is None:
                raise NoCertificateForRecipient(address, "none is given, and there is no annuaire")
            return certificates_for(annuaire, address)

    @contextmanager
    def _opened(self) -> "Iterator[Annuaire | None]":
        from bifente.workbench.annuaire.files import default_annuaire, open_annuaire

        path = self.annuaire or default_annuaire()
        if self.annuaire is None and not path.exists():
            yield None
            return
        with open_annuaire(path) as annuaire:
            yield annuaire


def _by_address(addresses: Sequence[str], given: Sequence[GivenCertificate]) -> dict[str, list[bytes]]:
    """The certificates of files by the address that each is for. Raises WorkbenchError when that is not clear."""
    from bifente.mail import addresses_of

    found: dict[str, list[bytes]] = {}
    open_files: list[tuple[Path, bytes]] = []
    known = {one.casefold(): one for one in addresses}
    for one in given:
        certificate, der = _read_certificate(one.file)
        named = [one.address] if one.address else list(addresses_of(certificate))
        to = next((known[name.casefold()] for name in named if name.casefold() in known), None)
        if to is not None:
            found.setdefault(to, []).append(der)
        elif named:
            raise WorkbenchError(f"{one.file} is for {named[0]}, and the mail is not", "input.certificate")
        else:
            open_files.append((one.file, der))
    missing = [one for one in addresses if one not in found]
    if open_files and len(missing) > 1:
        raise WorkbenchError(
            f"{open_files[0][0]} names no address, and the mail has {len(missing)} recipients: whose is it?",
            "input.whose-certificate",
        )
    if open_files and not missing:
        raise WorkbenchError(f"{open_files[0][0]} is for nobody whom the mail names", "input.certificate")
    for _, der in open_files:
        found.setdefault(missing[0], []).append(der)
    return found


def _read_certificate(path: Path) -> "tuple[x509.Certificate, bytes]":
    """The (first) certificate in a file, PEM or DER. Raises WorkbenchError, DocumentError, OSError."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    from bifente.documents import read_bytes

    content = read_bytes(path, _LONGEST_CERTIFICATE)
    try:
        if b"-----BEGIN CERTIFICATE-----" in content:
            certificate = x509.load_pem_x509_certificate(content)
        else:
            certificate = x509.load_der_x509_certificate(content)
    except ValueError:
        raise WorkbenchError(f"{path}: not a certificate (PEM or DER)", "input.certificate") from None
    return certificate, certificate.public_bytes(Encoding.DER)
