"""The CMS around a signed sheet: SignedData by one holder with one intermediate, as :mod:`bifente.crypto.cms` makes it.

There is exactly one form for given parts, byte for byte: :func:`assemble` makes it, and who verifies makes it again and
compares.
"""

from bifente.crypto import cms
from bifente.crypto.cms import SignedData, parse
from bifente.crypto.der import INTEGER, OCTET_STRING, SEQUENCE
from bifente.crypto.errors import CryptoError
from bifente.fse.errors import FseError

__all__ = [
    "INTEGER",
    "OCTET_STRING",
    "SEQUENCE",
    "SignedData",
    "assemble",
    "issuer_and_serial",
    "parse",
    "signed_attributes",
]


def signed_attributes(content: bytes, signer: bytes, intermediate: bytes) -> bytes:
    """DER of the SET of signed attributes, which name both certificates. Raises FseError for an unreadable certificate."""
    try:
        return cms.signed_attributes(content, (signer, intermediate))
    except CryptoError as error:
        raise FseError(str(error)) from error


def assemble(
    content: bytes, signer: bytes, intermediate: bytes, attributes: bytes, signature: bytes
) -> bytes:
    """The CMS around its parts: there is exactly one, byte for byte. Raises FseError for an unreadable certificate."""
    try:
        return cms.assemble(content, signer, (intermediate,), attributes, signature)
    except CryptoError as error:
        raise FseError(str(error)) from error


def issuer_and_serial(der: bytes) -> tuple[bytes, bytes]:
    """Issuer and serial number of a certificate, as DER. Raises FseError for an unreadable certificate."""
    try:
        return cms.issuer_and_serial(der)
    except CryptoError as error:
        raise FseError(str(error)) from error
