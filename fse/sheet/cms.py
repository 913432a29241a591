"""The CMS around a signed sheet (RFC 5652): SignedData by one holder, CAdES-BES (RFC 5126 §4.3.1).

There is exactly one form for given parts, byte for byte: :func:`assemble` makes it, and who verifies makes it again and
compares. So it is written here as DER outright; ``asn1crypto``, whose bytes it must equal (a test holds them together),
takes longer over it than both cards over their signatures.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final

from bifente.apdu.errors import ApduError
from bifente.apdu.tlv import decode_one, encode
from bifente.fse.errors import FseError

SEQUENCE: Final = 0x30
SET: Final = 0x31
INTEGER: Final = 0x02
OCTET_STRING: Final = 0x04
_CONTEXT_0 = 0xA0
_DIRECTORY_NAME = 0xA4
"""The alternative [4] of GeneralName (RFC 5280 §4.2.1.6)."""

_ONE = bytes.fromhex("020101")
_VERSION_3 = bytes.fromhex("A003020102")
_SIGNED_DATA = bytes.fromhex("06092A864886F70D010702")
_DATA = bytes.fromhex("06092A864886F70D010701")
_SHA256 = bytes.fromhex("300D06096086480165030402010500")
_SHA256_RSA = bytes.fromhex("300D06092A864886F70D01010B0500")
_CONTENT_TYPE = bytes.fromhex("06092A864886F70D010903")
_MESSAGE_DIGEST = bytes.fromhex("06092A864886F70D010904")
_SIGNING_CERTIFICATE_V2 = bytes.fromhex("060B2A864886F70D010910022F")


@dataclass(frozen=True, slots=True)
class SignedData:
    """The parts of a CMS, not judged yet."""

    content: bytes
    certificates: tuple[bytes, ...]
    signature: bytes


def signed_attributes(content: bytes, signer: bytes, intermediate: bytes) -> bytes:
    """DER of the SET of signed attributes: contentType, messageDigest, signingCertificateV2 (RFC 5035 §3).

    The last names both certificates by their digests, so that no byte of either can be changed afterwards.
    """
    references = encode(SEQUENCE, _certificate_reference(signer) + _certificate_reference(intermediate))
    digest = encode(OCTET_STRING, sha256(content).digest())
    attributes = (
        (_CONTENT_TYPE, _DATA),
        (_MESSAGE_DIGEST, digest),
        (_SIGNING_CERTIFICATE_V2, encode(SEQUENCE, references)),
    )
    return encode(
        SET, b"".join(sorted(encode(SEQUENCE, kind + encode(SET, value)) for kind, value in attributes))
    )


def assemble(
    content: bytes, signer: bytes, intermediate: bytes, attributes: bytes, signature: bytes
) -> bytes:
    """The CMS around its parts: there is exactly one, byte for byte. Raises FseError for an unreadable certificate."""
    issuer_and_serial(intermediate)
    info = (
        _ONE
        + encode(SEQUENCE, b"".join(issuer_and_serial(signer)))
        + _SHA256
        + encode(_CONTEXT_0, _value(attributes, SET)[0])
        + _SHA256_RSA
        + encode(OCTET_STRING, signature)
    )
    signed = (
        _ONE
        + encode(SET, _SHA256)
        + encode(SEQUENCE, _DATA + encode(_CONTEXT_0, encode(OCTET_STRING, content)))
        + encode(_CONTEXT_0, b"".join(sorted((signer, intermediate))))
        + encode(SET, encode(SEQUENCE, info))
    )
    return encode(SEQUENCE, _SIGNED_DATA + encode(_CONTEXT_0, encode(SEQUENCE, signed)))


def parse(signed: bytes) -> SignedData:
    """The parts of a CMS of one signer; ValueError. What is between them is not looked at: see :func:`assemble`."""
    try:
        outer = _only(signed, SEQUENCE)
        kind, rest = _item(outer)
        if kind != _SIGNED_DATA:
            raise ValueError("not a CMS SignedData")
        _, rest = _item(_only(_only(rest, _CONTEXT_0), SEQUENCE))  # version
        _, rest = _value(rest, SET)
        encapsulated, rest = _value(rest, SEQUENCE)
        certificates, rest = _value(rest, _CONTEXT_0)
        infos = _items(_only(rest, SET))
        if len(infos) != 1:
            raise ValueError(f"{len(infos)} signers, one is expected")
        _, content = _item(encapsulated)
        return SignedData(
            content=_only(_only(content, _CONTEXT_0), OCTET_STRING),
            certificates=tuple(_items(certificates)),
            signature=_only(_items(_only(infos[0], SEQUENCE))[-1], OCTET_STRING),
        )
    except (ApduError, IndexError) as error:
        raise ValueError(f"not a CMS SignedData: {error}") from error


@lru_cache(maxsize=64)
def issuer_and_serial(der: bytes) -> tuple[bytes, bytes]:
    """Issuer and serial number of a certificate, as DER.

    Raises FseError for what is not an X.509 certificate of version 3 with a positive serial number.
    """
    try:
        version, rest = _item(_value(_only(der, SEQUENCE), SEQUENCE)[0])
        serial, rest = _item(rest)
        number, _ = _value(serial, INTEGER)
        _, rest = _item(rest)  # the algorithm
        issuer, _ = _item(rest)
        _value(issuer, SEQUENCE)
    except (ApduError, ValueError) as error:
        raise FseError(f"a certificate cannot be read: {error}") from error
    if version != _VERSION_3 or not number.strip(b"\0") or number[0] & 0x80:
        raise FseError("a certificate is not of version 3, or has no positive serial number")
    return issuer, serial


@lru_cache(maxsize=64)
def _certificate_reference(der: bytes) -> bytes:
    """DER of an ESSCertIDv2: the digest (SHA-256, the default), issuer and serial."""
    issuer, serial = issuer_and_serial(der)
    names = encode(SEQUENCE, encode(_DIRECTORY_NAME, issuer))
    return encode(SEQUENCE, encode(OCTET_STRING, sha256(der).digest()) + encode(SEQUENCE, names + serial))


def _item(data: bytes) -> tuple[bytes, bytes]:
    """The first data object, whole, and what follows it."""
    _, rest = decode_one(data)
    cut = len(data) - len(rest)
    return data[:cut], data[cut:]


def _items(data: bytes) -> list[bytes]:
    found = []
    while data:
        one, data = _item(data)
        found.append(one)
    return found


def _value(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """The value of the first data object, which must have *tag*, and what follows it."""
    item, rest = decode_one(data)
    if item.tag != tag:
        raise ValueError(f"tag {item.tag:02X} where {tag:02X} is expected")
    return item.value, rest


def _only(data: bytes, tag: int) -> bytes:
    """The value of the only data object in *data*."""
    value, rest = _value(data, tag)
    if rest:
        raise ValueError(f"{len(rest)} bytes too many")
    return value
