"""The Cryptographic Message Syntax (RFC 5652): SignedData by any signer, EnvelopedData for any number of recipients.

What is signed has the form of CAdES-BES (RFC 5126 §4.3.1): the signed attributes name the certificates by their digests. What
is enveloped has the form that télétransmission uses (spec/fse.md §2.4): AES in CBC mode, the key transported by RSA PKCS #1
v1.5. Neither says whom to trust: the chain of a signer's certificate is the caller's to verify.
"""

import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, Literal, Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding

from bifente.crypto import rsa
from bifente.crypto.der import (
    CONTEXT_0,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    elements,
    encode,
    first,
    only,
    split,
)
from bifente.crypto.errors import CryptoError

Decipher = Callable[[bytes], bytes]
"""Deciphers one RSA PKCS #1 v1.5 cryptogram: what a card does (PSO DECIPHER). Raises CryptoError or what the card's road raises."""

CipherName = Literal["aes-128-cbc", "aes-256-cbc"]

_CIPHERS: Final[dict[str, type[algorithms.AES128] | type[algorithms.AES256]]] = {
    "aes-128-cbc": algorithms.AES128,
    "aes-256-cbc": algorithms.AES256,
}
_AES_KEY_SIZES: Final = {"aes128_cbc": 16, "aes192_cbc": 24, "aes256_cbc": 32}
_TRIPLE_DES: Final = "tripledes_3key"

_DIRECTORY_NAME: Final = 0xA4
"""The alternative [4] of GeneralName (RFC 5280 §4.2.1.6)."""
_ONE: Final = bytes.fromhex("020101")
_VERSION_3: Final = bytes.fromhex("A003020102")
_SIGNED_DATA: Final = bytes.fromhex("06092A864886F70D010702")
_DATA: Final = bytes.fromhex("06092A864886F70D010701")
_SHA256: Final = bytes.fromhex("300D06096086480165030402010500")
_SHA256_RSA: Final = bytes.fromhex("300D06092A864886F70D01010B0500")
_CONTENT_TYPE: Final = bytes.fromhex("06092A864886F70D010903")
_MESSAGE_DIGEST: Final = bytes.fromhex("06092A864886F70D010904")
_SIGNING_CERTIFICATE_V2: Final = bytes.fromhex("060B2A864886F70D010910022F")

_HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
"""The digests of a signature that is believed; SHA-1 is not among them."""

_UNDECODABLE: Final = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What asn1crypto raises of bytes that do not fit: it decodes each part when that is asked for."""


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


@dataclass(frozen=True, slots=True)
class VerifiedContent:
    """A content whose one signature holds under :attr:`certificate`; whether that is to be believed, the chain tells."""

    content: bytes
    certificate: bytes
    """The signer's, DER."""
    chain: tuple[bytes, ...]
    """The other certificates that came along, DER, in the order of the message."""


def signed_data(content: bytes, signer: Signer) -> bytes:
    """A CMS SignedData (DER) with *content* in it, signed by one signer; the same parts give the same bytes.

    Raises CryptoError for an unreadable certificate, and whatever the signer raises.
    """
    attributes = signed_attributes(content, (signer.certificate, *signer.chain))
    return assemble(content, signer.certificate, signer.chain, attributes, signer.sign(attributes))


def signed_attributes(content: bytes, certificates: Sequence[bytes]) -> bytes:
    """DER of the SET of signed attributes: contentType, messageDigest, signingCertificateV2 (RFC 5035 §3).

    The last names each of the certificates, the signer's first, by its digest, so that no byte of them can be changed
    afterwards. Raises CryptoError for an unreadable certificate.
    """
    references = encode(SEQUENCE, b"".join(map(_certificate_reference, certificates)))
    attributes = (
        (_CONTENT_TYPE, _DATA),
        (_MESSAGE_DIGEST, encode(OCTET_STRING, sha256(content).digest())),
        (_SIGNING_CERTIFICATE_V2, encode(SEQUENCE, references)),
    )
    return encode(
        SET, b"".join(sorted(encode(SEQUENCE, kind + encode(SET, value)) for kind, value in attributes))
    )


def assemble(
    content: bytes, certificate: bytes, chain: Sequence[bytes], attributes: bytes, signature: bytes
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
    signed = (
        _ONE
        + encode(SET, _SHA256)
        + encode(SEQUENCE, _DATA + encode(CONTEXT_0, encode(OCTET_STRING, content)))
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


@lru_cache(maxsize=256)
def _certificate_reference(der: bytes) -> bytes:
    """DER of an ESSCertIDv2: the digest (SHA-256, the default), issuer and serial."""
    issuer, serial = issuer_and_serial(der)
    names = encode(SEQUENCE, encode(_DIRECTORY_NAME, issuer))
    return encode(SEQUENCE, encode(OCTET_STRING, sha256(der).digest()) + encode(SEQUENCE, names + serial))


def read_signed_data(der: bytes) -> VerifiedContent:
    """The content of a SignedData with one signer, once its signature is verified; ours or another program's.

    RSA PKCS #1 v1.5 with SHA-256, SHA-384 or SHA-512, over signed attributes; the signer's certificate must be in the
    message. Raises CryptoError.
    """
    try:
        return _read_signed(der)
    except CryptoError:
        raise
    except _UNDECODABLE:
        raise CryptoError("not a CMS SignedData, or not a whole one") from None


def _read_signed(der: bytes) -> VerifiedContent:
    signed = _content(der, "signed_data", "a CMS SignedData")
    content = signed["encap_content_info"]["content"].native
    if not isinstance(content, bytes):
        raise CryptoError("the SignedData does not hold what was signed")
    if len(signed["signer_infos"]) != 1:
        raise CryptoError(f"{len(signed['signer_infos'])} signers, one is expected")
    info = signed["signer_infos"][0]
    enclosed = [choice.chosen.dump() for choice in signed["certificates"] if choice.name == "certificate"]
    signer = next((one for one in enclosed if _identifies(info["sid"], one)), None)
    if signer is None:
        raise CryptoError("the signer's certificate is not in the message")
    algorithm = _HASHES.get(info["digest_algorithm"]["algorithm"].native)
    kind = info["signature_algorithm"].signature_algo
    if algorithm is None or kind != "rsassa_pkcs1v15":
        raise CryptoError(
            f"signed with {info['digest_algorithm']['algorithm'].native} and {kind}: RSA PKCS #1 v1.5 with "
            "SHA-256 or longer is expected"
        )
    if not len(info["signed_attrs"]):
        # else the attributes of one message could be given for the content of another
        raise CryptoError("the signature is over the content alone: signed attributes are expected")
    digest = hashes.Hash(algorithm())
    digest.update(content)
    _check_attributes(info["signed_attrs"], digest.finalize(), signer)
    # the signature is over a SET, not over the [0] in its place (RFC 5652 §5.4)
    signed_bytes = info["signed_attrs"].untag().dump()
    key = _loaded(signer).public_key()
    if not isinstance(key, RSAPublicKey):
        raise CryptoError("the signer's certificate has no RSA key")
    try:
        key.verify(info["signature"].native, signed_bytes, rsa_padding.PKCS1v15(), algorithm())
    except InvalidSignature:
        raise CryptoError("the signature does not hold") from None
    return VerifiedContent(content, signer, tuple(one for one in enclosed if one is not signer))


def _check_attributes(attributes: Any, digest: bytes, signer: bytes) -> None:
    """contentType and messageDigest must be there once; signingCertificateV2, if there, must name the signer."""
    from asn1crypto import tsp

    found: dict[str, list[Any]] = {}
    for attribute in attributes:
        name = attribute["type"].native
        if name in found:
            raise CryptoError(f"the signed attribute {name} stands twice")
        found[name] = list(attribute["values"])
    if [value.native for value in found.get("content_type", [])] != ["data"]:
        raise CryptoError("the signed attributes do not say that the content is data")
    digests = [value.native for value in found.get("message_digest", [])]
    if len(digests) != 1 or not hmac.compare_digest(digests[0], digest):
        raise CryptoError("the content is not the one that was signed")
    for value in found.get("signing_certificate_v2", []):
        identifier = tsp.SigningCertificateV2.load(value.dump())["certs"][0]
        name = identifier["hash_algorithm"]["algorithm"].native
        if name not in _HASHES:
            raise CryptoError(f"the signer's certificate is named by {name}")
        named = hashes.Hash(_HASHES[name]())
        named.update(signer)
        if not hmac.compare_digest(identifier["cert_hash"].native, named.finalize()):
            raise CryptoError("the signature names another certificate than the signer's")


def envelop(content: bytes, certificates: Sequence[bytes], *, cipher: CipherName = "aes-128-cbc") -> bytes:
    """A CMS EnvelopedData (DER) that the holder of each of the *certificates* (DER, RSA) can open.

    Raises CryptoError for an unreadable certificate or one without an RSA key. What a certificate's key is for is the
    caller's to check.
    """
    if not certificates:
        raise CryptoError("an envelope without a recipient")
    from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder, PKCS7Options

    builder = PKCS7EnvelopeBuilder().set_data(content).set_content_encryption_algorithm(_CIPHERS[cipher])
    for der in certificates:
        recipient = _loaded(der)
        if not isinstance(recipient.public_key(), RSAPublicKey):
            raise CryptoError("a recipient's certificate has no RSA key")
        builder = builder.add_recipient(recipient)
    return builder.encrypt(Encoding.DER, [PKCS7Options.Binary])


def open_enveloped(
    der: bytes, key: RSAPrivateKey | Decipher, certificate: bytes, *, legacy: bool = False
) -> bytes:
    """The content of an EnvelopedData, for the recipient whose *certificate* (DER) this is.

    AES-128, -192 and -256 in CBC mode, and Triple DES with ``legacy=True``; the key by RSA PKCS #1 v1.5. *key* may be a
    function, where a card holds it. Raises CryptoError: NotARecipient when the message is for others. Whatever fails once
    the key is at work is one and the same error, and takes the same road: nobody who sends messages learns where
    (RFC 3218 §2.3).
    """
    try:
        return _open(der, key, certificate, legacy)
    except CryptoError:
        raise
    except _UNDECODABLE:
        raise CryptoError("not a CMS EnvelopedData, or not a whole one") from None


class NotARecipient(CryptoError):
    """The envelope is for other certificates than the one at hand. ``recipients`` are the serial numbers that it names."""

    def __init__(self, recipients: tuple[int, ...]) -> None:
        named = ", ".join(f"{one:x}" for one in recipients[:4]) or "none"
        more = f" and {len(recipients) - 4} more" if len(recipients) > 4 else ""
        super().__init__(
            f"the message is not for this certificate: it names the serial numbers {named}{more}"
        )
        self.recipients = recipients


class OldCipher(CryptoError):
    """The envelope was made with Triple DES, which is read only when that is asked for."""

    def __init__(self) -> None:
        super().__init__("the message is enciphered with Triple DES, which is not read unless asked for")


def _open(der: bytes, key: RSAPrivateKey | Decipher, certificate: bytes, legacy: bool) -> bytes:
    enveloped = _content(der, "enveloped_data", "a CMS EnvelopedData")
    if isinstance(key, RSAPrivateKey) and _loaded(certificate).public_key() != key.public_key():
        raise CryptoError("the private key is not that of the certificate")
    infos = [info.chosen for info in enveloped["recipient_infos"] if info.name == "ktri"]
    info = next((one for one in infos if _identifies(one["rid"], certificate)), None)
    if info is None:
        raise NotARecipient(tuple(map(_serial_of, infos)))
    transport = info["key_encryption_algorithm"]["algorithm"].native
    if transport not in ("rsaes_pkcs1v15", "rsa"):
        raise CryptoError(f"the key is transported by {transport}: RSA PKCS #1 v1.5 is expected")
    encrypted = enveloped["encrypted_content_info"]
    algorithm = encrypted["content_encryption_algorithm"]
    name = algorithm["algorithm"].native
    if name == _TRIPLE_DES and not legacy:
        raise OldCipher
    if name not in _AES_KEY_SIZES and name != _TRIPLE_DES:
        raise CryptoError(f"enciphered with {name}: AES in CBC mode is expected")
    vector, ciphertext = algorithm["parameters"].native, encrypted["encrypted_content"].native
    size, block = (24, 8) if name == _TRIPLE_DES else (_AES_KEY_SIZES[name], 16)
    if not isinstance(vector, bytes) or len(vector) != block:
        raise CryptoError("the initialisation vector is not a block of the cipher")
    if not isinstance(ciphertext, bytes) or not ciphertext or len(ciphertext) % block:
        raise CryptoError("the enciphered content is cut short or missing")
    content_key = _content_key(key, info["encrypted_key"].native, size)
    return _deciphered(name, content_key, vector, ciphertext, block)


def _content_key(key: RSAPrivateKey | Decipher, cryptogram: bytes, size: int) -> bytes:
    """The transported key; a random one where that is not one of *size* bytes, so that the road goes on alike."""
    spare = secrets.token_bytes(size)
    try:
        found = rsa.decrypt(key, cryptogram) if isinstance(key, RSAPrivateKey) else key(cryptogram)
    except CryptoError:
        return spare
    return found if len(found) == size else spare


def _deciphered(name: str, key: bytes, vector: bytes, ciphertext: bytes, block: int) -> bytes:
    if name == _TRIPLE_DES:
        from bifente.crypto.legacy import tripledes

        padded = tripledes.decrypt_cbc(key, vector, ciphertext)
    else:
        reader = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
        padded = reader.update(ciphertext) + reader.finalize()
    remover = padding.PKCS7(block * 8).unpadder()
    try:
        return remover.update(padded) + remover.finalize()
    except ValueError:
        raise CryptoError(
            "the message cannot be deciphered: it was changed on its way, or made with another key"
        ) from None


def _content(der: bytes, kind: str, what: str) -> Any:
    # read only where a message is, for it takes longer to import than to sign; tsp registers signingCertificateV2
    from asn1crypto import cms, tsp  # noqa: F401

    info = cms.ContentInfo.load(der, strict=True)
    if info["content_type"].native != kind:
        raise CryptoError(f"not {what} but {str(info['content_type'].native).replace('_', ' ')}")
    return info["content"]


def _identifies(identifier: Any, certificate: bytes) -> bool:
    """Whether a SignerIdentifier or RecipientIdentifier is that of *certificate* (DER)."""
    if identifier.name == "subject_key_identifier":
        return bool(identifier.chosen.native == _key_identifier(certificate))
    return bool(identifier.chosen.dump() == encode(SEQUENCE, b"".join(issuer_and_serial(certificate))))


def _key_identifier(der: bytes) -> bytes | None:
    try:
        found = _loaded(der).extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return found.value.digest


def _serial_of(info: Any) -> int:
    rid = info["rid"]
    if rid.name == "issuer_and_serial_number":
        return int(rid.chosen["serial_number"].native)
    return int.from_bytes(rid.chosen.native)


@lru_cache(maxsize=64)
def _loaded(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        raise CryptoError("a certificate cannot be read") from None
