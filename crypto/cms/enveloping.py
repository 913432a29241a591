"""EnvelopedData and AuthEnvelopedData, made and opened, for any number of recipients.

AES in CBC mode (RFC 3565) is the form that télétransmission uses (spec/fse.md §2.4); GCM (RFC 5083, RFC 5084) also tells when
what was enciphered is changed. The key is transported by RSA PKCS #1 v1.5, all that a CPS3 can decipher.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding

from bifente.crypto import rsa
from bifente.crypto.cms.certificates import identifies, issuer_and_serial, loaded, serial_of
from bifente.crypto.cms.contentinfo import UNDECODABLE, content_of
from bifente.crypto.der import CONTEXT_0, INTEGER, OCTET_STRING, SEQUENCE, SET, encode, first, only
from bifente.crypto.errors import CryptoError

Decipher = Callable[[bytes], bytes]
"""Deciphers one RSA PKCS #1 v1.5 cryptogram: what a card does (PSO DECIPHER). Raises CryptoError or what the card's road raises."""

CipherName = Literal["aes-128-cbc", "aes-256-cbc", "aes-128-gcm", "aes-256-gcm"]

_CBC: Final[dict[str, type[algorithms.AES128] | type[algorithms.AES256]]] = {
    "aes-128-cbc": algorithms.AES128,
    "aes-256-cbc": algorithms.AES256,
}
_GCM: Final = {
    "aes-128-gcm": (16, bytes.fromhex("0609608648016503040106")),
    "aes-256-gcm": (32, bytes.fromhex("060960864801650304012E")),
}
"""Length of the key, and the algorithm's identifier (RFC 5084 §3.2)."""

_KEY_SIZES: Final = {
    **{f"aes{bits}_{mode}": bits // 8 for bits in (128, 192, 256) for mode in ("cbc", "gcm")},
    "tripledes_3key": 24,
}
_TRIPLE_DES: Final = "tripledes_3key"
_AUTHENTICATED: Final = "authenticated_enveloped_data"
_TAG: Final = 16
_NONCE: Final = 12

_ZERO: Final = bytes.fromhex("020100")
_DATA: Final = bytes.fromhex("06092A864886F70D010701")
_AUTH_ENVELOPED: Final = bytes.fromhex("060B2A864886F70D0109100117")
_RSA: Final = bytes.fromhex("300D06092A864886F70D0101010500")
_IMPLICIT_0: Final = 0x80


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


@dataclass(frozen=True, slots=True)
class EnvelopeFacts:
    """What anybody sees of an envelope. ``authenticated``: a change of what is enciphered is found when it is opened."""

    cipher: str
    authenticated: bool
    recipients: tuple[int, ...]
    """The serial numbers of the certificates that can open it."""


def envelop(content: bytes, certificates: Sequence[bytes], *, cipher: CipherName = "aes-128-cbc") -> bytes:
    """A CMS EnvelopedData (DER) that the holder of each of the *certificates* (DER, RSA) can open; AuthEnvelopedData for GCM.

    Raises CryptoError for an unreadable certificate or one without an RSA key. What a certificate's key is for is the
    caller's to check.
    """
    if not certificates:
        raise CryptoError("an envelope without a recipient")
    for der in certificates:
        _public_key(der)
    if cipher in _GCM:
        return _auth_enveloped(content, certificates, *_GCM[cipher])
    from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7EnvelopeBuilder, PKCS7Options

    builder = PKCS7EnvelopeBuilder().set_data(content).set_content_encryption_algorithm(_CBC[cipher])
    for der in certificates:
        builder = builder.add_recipient(loaded(der))
    return builder.encrypt(Encoding.DER, [PKCS7Options.Binary])


def _auth_enveloped(content: bytes, certificates: Sequence[bytes], size: int, oid: bytes) -> bytes:
    """AuthEnvelopedData (RFC 5083 §2.1) without authenticated attributes, which a content of type data needs not have."""
    key, nonce = secrets.token_bytes(size), secrets.token_bytes(_NONCE)
    enciphered = AESGCM(key).encrypt(nonce, content, None)
    parameters = encode(SEQUENCE, encode(OCTET_STRING, nonce) + encode(INTEGER, bytes((_TAG,))))
    recipients = sorted(_transported(key, der) for der in certificates)
    info = _DATA + encode(SEQUENCE, oid + parameters) + encode(_IMPLICIT_0, enciphered[:-_TAG])
    enveloped = (
        _ZERO
        + encode(SET, b"".join(recipients))
        + encode(SEQUENCE, info)
        + encode(OCTET_STRING, enciphered[-_TAG:])
    )
    return encode(SEQUENCE, _AUTH_ENVELOPED + encode(CONTEXT_0, encode(SEQUENCE, enveloped)))


def _transported(key: bytes, der: bytes) -> bytes:
    """A KeyTransRecipientInfo (RFC 5652 §6.2.1)."""
    named = encode(SEQUENCE, b"".join(issuer_and_serial(der)))
    cryptogram = _public_key(der).encrypt(key, rsa_padding.PKCS1v15())
    return encode(SEQUENCE, _ZERO + named + _RSA + encode(OCTET_STRING, cryptogram))


def _public_key(der: bytes) -> RSAPublicKey:
    key = loaded(der).public_key()
    if not isinstance(key, RSAPublicKey):
        raise CryptoError("a recipient's certificate has no RSA key")
    return key


def envelope_facts(der: bytes) -> EnvelopeFacts:
    """The cipher and the recipients of an envelope, which need no key. Raises CryptoError."""
    try:
        enveloped, encrypted, authenticated = _envelope(der)
        name = str(encrypted["content_encryption_algorithm"]["algorithm"].native)
        recipients = tuple(serial_of(info["rid"]) for info in _transports(enveloped))
    except UNDECODABLE:
        raise CryptoError("not a CMS EnvelopedData, or not a whole one") from None
    return EnvelopeFacts(name.replace("aes", "aes-").replace("_", "-"), authenticated, recipients)


def open_enveloped(
    der: bytes, key: RSAPrivateKey | Decipher, certificate: bytes, *, legacy: bool = False
) -> bytes:
    """The content of an EnvelopedData or AuthEnvelopedData, for the recipient whose *certificate* (DER) this is.

    AES-128, -192 and -256 in CBC or GCM mode, and Triple DES with ``legacy=True``; the key by RSA PKCS #1 v1.5. *key* may be a
    function, where a card holds it. Raises CryptoError: NotARecipient when the message is for others. Whatever fails once
    the key is at work is one and the same error, and takes the same road: nobody who sends messages learns where
    (RFC 3218 §2.3).
    """
    try:
        return _open(der, key, certificate, legacy)
    except CryptoError:
        raise
    except UNDECODABLE:
        raise CryptoError("not a CMS EnvelopedData, or not a whole one") from None


def _envelope(der: bytes) -> tuple[Any, Any, bool]:
    """The EnvelopedData or AuthEnvelopedData, the EncryptedContentInfo in it, and whether it is the latter."""
    kind, enveloped = content_of(der, "a CMS EnvelopedData", "enveloped_data", _AUTHENTICATED)
    if kind == _AUTHENTICATED:
        return enveloped, enveloped["auth_encrypted_content_info"], True
    return enveloped, enveloped["encrypted_content_info"], False


def _transports(enveloped: Any) -> list[Any]:
    return [info.chosen for info in enveloped["recipient_infos"] if info.name == "ktri"]


def _open(der: bytes, key: RSAPrivateKey | Decipher, certificate: bytes, legacy: bool) -> bytes:
    enveloped, encrypted, authenticated = _envelope(der)
    if isinstance(key, RSAPrivateKey) and loaded(certificate).public_key() != key.public_key():
        raise CryptoError("the private key is not that of the certificate")
    infos = _transports(enveloped)
    info = next((one for one in infos if identifies(one["rid"], certificate)), None)
    if info is None:
        raise NotARecipient(tuple(serial_of(one["rid"]) for one in infos))
    transport = info["key_encryption_algorithm"]["algorithm"].native
    if transport not in ("rsaes_pkcs1v15", "rsa"):
        raise CryptoError(f"the key is transported by {transport}: RSA PKCS #1 v1.5 is expected")
    name = encrypted["content_encryption_algorithm"]["algorithm"].native
    if name == _TRIPLE_DES and not legacy and not authenticated:
        raise OldCipher
    if name not in _KEY_SIZES or name.endswith("gcm") is not authenticated:
        raise CryptoError(f"enciphered with {name}: AES in CBC or GCM mode is expected")
    # what is wrong without the key is said before the key is at work
    decipher = _gcm(enveloped, encrypted) if authenticated else _cbc(name, encrypted)
    return decipher(_content_key(key, info["encrypted_key"].native, _KEY_SIZES[name]))


def _gcm(enveloped: Any, encrypted: Any) -> Callable[[bytes], bytes]:
    """How the content of an AuthEnvelopedData is deciphered once its key is there (RFC 5083 §2.2). Raises CryptoError."""
    parameters = only(encrypted["content_encryption_algorithm"]["parameters"].dump(), SEQUENCE)
    nonce, _ = first(parameters, OCTET_STRING)
    ciphertext, tag = encrypted["encrypted_content"].native, enveloped["mac"].native
    if not isinstance(ciphertext, bytes) or len(tag) != _TAG or not 8 <= len(nonce) <= 128:
        raise CryptoError("the enciphered content is missing, or its nonce or tag is not of GCM")
    attributes = enveloped["auth_attrs"]
    covered = attributes.untag().dump() if len(attributes) else None
    return lambda key: _opened_gcm(key, nonce, ciphertext + tag, covered)


def _cbc(name: str, encrypted: Any) -> Callable[[bytes], bytes]:
    """How the content of an EnvelopedData is deciphered once its key is there. Raises CryptoError."""
    vector = encrypted["content_encryption_algorithm"]["parameters"].native
    ciphertext, block = encrypted["encrypted_content"].native, 8 if name == _TRIPLE_DES else 16
    if not isinstance(vector, bytes) or len(vector) != block:
        raise CryptoError("the initialisation vector is not a block of the cipher")
    if not isinstance(ciphertext, bytes) or not ciphertext or len(ciphertext) % block:
        raise CryptoError("the enciphered content is cut short or missing")
    return lambda key: _opened_cbc(name, key, vector, ciphertext, block)


def _content_key(key: RSAPrivateKey | Decipher, cryptogram: bytes, size: int) -> bytes:
    """The transported key; a random one where that is not one of *size* bytes, so that the road goes on alike."""
    spare = secrets.token_bytes(size)
    try:
        found = rsa.decrypt(key, cryptogram) if isinstance(key, RSAPrivateKey) else key(cryptogram)
    except CryptoError:
        return spare
    return found if len(found) == size else spare


def _opened_cbc(name: str, key: bytes, vector: bytes, ciphertext: bytes, block: int) -> bytes:
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
        raise _unopened() from None


def _opened_gcm(key: bytes, nonce: bytes, enciphered: bytes, covered: bytes | None) -> bytes:
    try:
        return AESGCM(key).decrypt(nonce, enciphered, covered)
    except InvalidTag:
        raise _unopened() from None


def _unopened() -> CryptoError:
    return CryptoError(
        "the message cannot be deciphered: it was changed on its way, or made with another key"
    )
