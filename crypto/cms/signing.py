"""SignedData made: by one signer, in one form for given parts, with the content in it or apart from it.

What is signed has the form of CAdES-BES (RFC 5126 §4.3.1): the signed attributes name the certificates by their digests.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from bifente.crypto import rsa
from bifente.crypto.cms.certificates import issuer_and_serial
from bifente.crypto.der import CONTEXT_0, OCTET_STRING, SEQUENCE, SET, elements, encode, first, only, split
from bifente.crypto.errors import CryptoError

_DIRECTORY_NAME: Final = 0xA4
"""The alternative [4] of GeneralName (RFC 5280 §4.2.1.6)."""
_UTC_TIME: Final = 0x17
_GENERALIZED_TIME: Final = 0x18
_LAST_UTC_YEAR: Final = 2049
"""UTCTime until then, GeneralizedTime from then on (RFC 5652 §11.3)."""

_ONE: Final = bytes.fromhex("020101")
_SIGNED_DATA: Final = bytes.fromhex("06092A864886F70D010702")
_DATA: Final = bytes.fromhex("06092A864886F70D010701")
_SHA256: Final = bytes.fromhex("300D06096086480165030402010500")
_SHA256_RSA: Final = bytes.fromhex("300D06092A864886F70D01010B0500")
_CONTENT_TYPE: Final = bytes.fromhex("06092A864886F70D010903")
_MESSAGE_DIGEST: Final = bytes.fromhex("06092A864886F70D010904")
_SIGNING_TIME: Final = bytes.fromhex("06092A864886F70D010905")
_CAPABILITIES: Final = bytes.fromhex("06092A864886F70D01090F")
_SIGNING_CERTIFICATE_V2: Final = bytes.fromhex("060B2A864886F70D010910022F")

_CIPHER_NAMES: Final = tuple(bytes.fromhex(f"300B060960864801650304012{end}") for end in ("E", "6", "A", "2"))


class Signer(Protocol):
    """Whoever signs: a key in a file, or a card behind a session."""

    @property
    def certificate(self) -> bytes:
        """The signer's certificate, DER."""

    @property
    def chain(self) -> tuple[bytes, ...]:
        """The authorities' certificates that go along, DER; the issuer of :attr:`certificate` first, no root."""

    def sign(self, data: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256 over *data*."""


@dataclass(frozen=True, slots=True)
class KeySigner:
    """A signer with its private key at hand."""

    key: RSAPrivateKey
    certificate: bytes
    chain: tuple[bytes, ...] = ()

    def sign(self, data: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256 over *data*."""
        return rsa.sign_message(self.key, data)


@dataclass(frozen=True, slots=True)
class SignedData:
    """The parts of a SignedData of the form of :func:`assemble`, not judged yet."""

    content: bytes
    certificates: tuple[bytes, ...]
    signature: bytes


def signed_data(
    content: bytes,
    signer: Signer,
    *,
    when: datetime | None = None,
    capabilities: bool = False,
    detached: bool = False,
) -> bytes:
    """A CMS SignedData (DER) of *content*, signed by one signer; the same parts give the same bytes.

    The content is in it, or with *detached* apart from it. *when* and *capabilities* are those of :func:`signed_attributes`.
    Raises CryptoError for an unreadable certificate, and whatever the signer raises.
    """
    attributes = signed_attributes(
        content, (signer.certificate, *signer.chain), when=when, capabilities=capabilities
    )
    signature = signer.sign(attributes)
    return assemble(None if detached else content, signer.certificate, signer.chain, attributes, signature)


def signed_attributes(
    content: bytes,
    certificates: Sequence[bytes],
    *,
    when: datetime | None = None,
    capabilities: bool = False,
) -> bytes:
    """DER of the SET of signed attributes: contentType, messageDigest, signingCertificateV2 (RFC 5035 §3).

    The last names each of the certificates, the signer's first, by its digest, so that no byte of them can be changed
    afterwards. *when* (with its time zone) becomes the signingTime; *capabilities* says which ciphers the signer reads
    (RFC 8551 §2.5.1, §2.5.2). Raises CryptoError for an unreadable certificate.
    """
    references = encode(SEQUENCE, b"".join(map(_certificate_reference, certificates)))
    attributes = [
        (_CONTENT_TYPE, _DATA),
        (_MESSAGE_DIGEST, encode(OCTET_STRING, sha256(content).digest())),
        (_SIGNING_CERTIFICATE_V2, encode(SEQUENCE, references)),
    ]
    if when is not None:
        attributes.append((_SIGNING_TIME, _time(when)))
    if capabilities:
        attributes.append((_CAPABILITIES, encode(SEQUENCE, b"".join(_CIPHER_NAMES))))
    return encode(
        SET, b"".join(sorted(encode(SEQUENCE, kind + encode(SET, value)) for kind, value in attributes))
    )


def assemble(
    content: bytes | None, certificate: bytes, chain: Sequence[bytes], attributes: bytes, signature: bytes
) -> bytes:
    """The SignedData around its parts: there is exactly one, byte for byte. Raises CryptoError for an unreadable certificate."""
    for one in chain:
        issuer_and_serial(one)
    info = (
        _ONE
        + encode(SEQUENCE, b"".join(issuer_and_serial(certificate)))
        + _SHA256
        + encode(CONTEXT_0, only(attributes, SET))
        + _SHA256_RSA
        + encode(OCTET_STRING, signature)
    )
    inside = b"" if content is None else encode(CONTEXT_0, encode(OCTET_STRING, content))
    signed = (
        _ONE
        + encode(SET, _SHA256)
        + encode(SEQUENCE, _DATA + inside)
        + encode(CONTEXT_0, b"".join(sorted((certificate, *chain))))
        + encode(SET, encode(SEQUENCE, info))
    )
    return encode(SEQUENCE, _SIGNED_DATA + encode(CONTEXT_0, encode(SEQUENCE, signed)))


def parse(signed: bytes) -> SignedData:
    """The parts of a SignedData of one signer, DER; what is between them is not looked at: :func:`assemble` makes it again.

    Raises CryptoError.
    """
    try:
        kind, rest = split(only(signed, SEQUENCE))
        if kind != _SIGNED_DATA:
            raise CryptoError("not a CMS SignedData")
        _, rest = split(only(only(rest, CONTEXT_0), SEQUENCE))  # version
        _, rest = first(rest, SET)
        encapsulated, rest = first(rest, SEQUENCE)
        certificates, rest = first(rest, CONTEXT_0)
        infos = elements(only(rest, SET))
        if len(infos) != 1:
            raise CryptoError(f"{len(infos)} signers, one is expected")
        _, content = split(encapsulated)
        return SignedData(
            content=only(only(content, CONTEXT_0), OCTET_STRING),
            certificates=tuple(elements(certificates)),
            signature=only(elements(only(infos[0], SEQUENCE))[-1], OCTET_STRING),
        )
    except CryptoError:
        raise
    except (ValueError, IndexError) as error:
        raise CryptoError(f"not a CMS SignedData: {error}") from None


@lru_cache(maxsize=256)
def _certificate_reference(der: bytes) -> bytes:
    """DER of an ESSCertIDv2: the digest (SHA-256, the default), issuer and serial."""
    issuer, serial = issuer_and_serial(der)
    names = encode(SEQUENCE, encode(_DIRECTORY_NAME, issuer))
    return encode(SEQUENCE, encode(OCTET_STRING, sha256(der).digest()) + encode(SEQUENCE, names + serial))


def _time(when: datetime) -> bytes:
    moment = when.astimezone(UTC)
    if moment.year <= _LAST_UTC_YEAR:
        return encode(_UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())
    return encode(_GENERALIZED_TIME, moment.strftime("%Y%m%d%H%M%SZ").encode())
