"""Certificates and amounts in a line."""

from cryptography import x509
from cryptography.x509.oid import NameOID


def named(certificate: x509.Certificate) -> str:
    """Who a certificate names: common name, surname and given name, as far as they are there."""
    wanted = (NameOID.COMMON_NAME, NameOID.GIVEN_NAME, NameOID.SURNAME)
    found = [one for oid in wanted for one in certificate.subject.get_attributes_for_oid(oid)]
    return " ".join(str(one.value) for one in found)


def euros(cents: int) -> str:
    """An amount of cents, as ``21.00 €``."""
    return f"{cents // 100}.{cents % 100:02} €"
