"""Certificates as messages name them: by issuer and serial number, or by the identifier of their key (RFC 5652 §5.3, §6.2.1)."""

from functools import lru_cache
from typing import Any, Final

from cryptography import x509

from bifente.crypto.der import INTEGER, SEQUENCE, elements, encode, first, only
from bifente.crypto.errors import CryptoError

_VERSION_3: Final = bytes.fromhex("A003020102")


@lru_cache(maxsize=256)
def issuer_and_serial(der: bytes) -> tuple[bytes, bytes]:
    """Issuer and serial number of a certificate, as DER.

    Raises CryptoError for what is not an X.509 certificate of version 3 with a positive serial number.
    """
    try:
        content, _ = first(only(der, SEQUENCE), SEQUENCE)
        version, serial, _, issuer = elements(content)[:4]
        number = only(serial, INTEGER)
        only(issuer, SEQUENCE)
    except ValueError as error:
        raise CryptoError(f"a certificate cannot be read: {error}") from None
    if version != _VERSION_3 or not number.strip(b"\0") or number[0] & 0x80:
        raise CryptoError("a certificate is not of version 3, or has no positive serial number")
    return issuer, serial


def identifies(identifier: Any, certificate: bytes) -> bool:
    """Whether a SignerIdentifier or RecipientIdentifier is that of *certificate* (DER)."""
    if identifier.name == "subject_key_identifier":
        return bool(identifier.chosen.native == _key_identifier(certificate))
    return bool(identifier.chosen.dump() == encode(SEQUENCE, b"".join(issuer_and_serial(certificate))))


def serial_of(identifier: Any) -> int:
    """The serial number that an identifier names; that of a key as a number when it names none."""
    if identifier.name == "issuer_and_serial_number":
        return int(identifier.chosen["serial_number"].native)
    return int.from_bytes(identifier.chosen.native)


@lru_cache(maxsize=64)
def loaded(der: bytes) -> x509.Certificate:
    """A certificate, decoded. Raises CryptoError."""
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        raise CryptoError("a certificate cannot be read") from None


def _key_identifier(der: bytes) -> bytes | None:
    try:
        found = loaded(der).extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return found.value.digest
