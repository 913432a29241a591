"""Who a signer is, as the certificate names him."""

from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import NameOID

_CARD_ID = x509.ObjectIdentifier("1.2.250.1.71.1.2.3")


@dataclass(frozen=True, slots=True)
class MailSigner:
    """The holder of a certificate; fields that it does not name are empty."""

    identifier: str
    """The national identifier of a card's holder, the address of a caisse."""
    name: str
    title: str
    organisation: str
    card: str
    serial: str
    issuer: str

    @property
    def words(self) -> str:
        """One line: ``DURAND ALICE, Médecin (899700218896)``."""
        person = ", ".join(filter(None, (self.name, self.title, self.organisation)))
        return f"{person} ({self.identifier})" if person else self.identifier


def signer_of(certificate: bytes | x509.Certificate) -> MailSigner:
    """Whom a certificate (DER) names. Raises ValueError for bytes that are none."""
    if isinstance(certificate, bytes):
        certificate = x509.load_der_x509_certificate(certificate)
    subject = certificate.subject

    def first(oid: x509.ObjectIdentifier) -> str:
        return next((str(one.value) for one in subject.get_attributes_for_oid(oid)), "")

    issuer = certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    return MailSigner(
        identifier=first(NameOID.COMMON_NAME),
        name=" ".join(filter(None, (first(NameOID.SURNAME), first(NameOID.GIVEN_NAME)))),
        title=first(NameOID.TITLE),
        organisation=first(NameOID.ORGANIZATION_NAME),
        card=_card(certificate),
        serial=f"{certificate.serial_number:x}",
        issuer=str(issuer[0].value) if issuer else "",
    )


def _card(certificate: x509.Certificate) -> str:
    """The number of the card (1.2.250.1.71.1.2.3), without the issuer's before it."""
    try:
        value = certificate.extensions.get_extension_for_oid(_CARD_ID).value
    except (x509.ExtensionNotFound, ValueError):
        return ""
    raw = value.value if isinstance(value, x509.UnrecognizedExtension) else b""
    return raw[2:].decode("ascii", "replace").rpartition("/")[2]
