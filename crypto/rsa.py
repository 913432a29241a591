"""RSA as a card does it: the host brings the bytes, the card pads them and applies its private key.

Thin calls into ``cryptography``; only what that library hides (the bare private operation) is done here.
"""

from typing import Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from bifente.crypto.errors import CryptoError
from bifente.crypto.pkcs8 import RsaNumbers

PUBLIC_EXPONENT = 65537

PKCS1_OVERHEAD = 11
"""Bytes that PKCS #1 v1.5 padding takes at least (RFC 8017 §9.2: 00 01, eight FF, 00)."""

_PKCS1 = padding.PKCS1v15()
_PREHASHED = {
    "sha1": utils.Prehashed(hashes.SHA1()),  # noqa: S303 - algorithm reference 12 of the CPS3 is SHA-1
    "sha256": utils.Prehashed(hashes.SHA256()),
}
_DIGEST_SIZE = {"sha1": 20, "sha256": 32}


def _no_digest_info() -> utils.NoDigestInfo | None:
    """The library's way to pad without an algorithm identifier; releases before 46 have none."""
    kind = getattr(utils, "NoDigestInfo", None)
    return kind() if kind is not None else None


_UNPREFIXED = _no_digest_info()


def generate(bits: int = 2048) -> RSAPrivateKey:
    """Make a key pair of *bits* with e = 65537."""
    return rsa.generate_private_key(PUBLIC_EXPONENT, bits)


def load_private(pkcs8: bytes, *, validate: bool = True) -> RSAPrivateKey:
    """Read an unencrypted PKCS #8 (DER) RSA private key. Raises CryptoError.

    ``validate=False`` skips the library's arithmetic checks of the key, which take longer than a signature:
    for keys that this program wrote itself.
    """
    try:
        key = serialization.load_der_private_key(pkcs8, None, unsafe_skip_rsa_key_validation=not validate)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # the library's own message may describe key material: it is not passed on
        raise CryptoError("not an unencrypted PKCS #8 private key") from None
    if not isinstance(key, RSAPrivateKey):
        raise CryptoError("the private key is not an RSA key")
    return key


def public_key(n: int, e: int) -> RSAPublicKey:
    """A public key from its numbers. Raises CryptoError when they are none."""
    try:
        return rsa.RSAPublicNumbers(e, n).public_key()
    except ValueError:
        raise CryptoError("modulus and exponent do not make an RSA key") from None


def consistent(key: RSAPrivateKey) -> bool:
    """Whether the parts of a key that was loaded without validation belong together (RsaNumbers.consistent)."""
    numbers = key.private_numbers()
    public = numbers.public_numbers
    return RsaNumbers(
        public.n, public.e, numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp
    ).consistent


def load_private_pem(pem: bytes, *, validate: bool = True, passphrase: bytes | None = None) -> RSAPrivateKey:
    """:func:`load_private` for a PEM block; with a *passphrase* for one that it enciphers."""
    try:
        key = serialization.load_pem_private_key(pem, passphrase, unsafe_skip_rsa_key_validation=not validate)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        kind = (
            "a PKCS #8 private key of that passphrase" if passphrase else "an unencrypted PKCS #8 private key"
        )
        raise CryptoError(f"not {kind}") from None
    if not isinstance(key, RSAPrivateKey):
        raise CryptoError("the private key is not an RSA key")
    return key


def is_encrypted_pem(pem: bytes) -> bool:
    """Whether a PEM block says that it is an enciphered PKCS #8 private key."""
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in pem


def private_bytes(key: RSAPrivateKey) -> bytes:
    """The key as unencrypted PKCS #8 (DER), for the store that keeps it."""
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def private_pem(key: RSAPrivateKey, passphrase: bytes | None = None) -> bytes:
    """:func:`private_bytes` as a PEM block; with a *passphrase* enciphered (PBES2, the library's best choice)."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption(),
    )


def sign_padded(key: RSAPrivateKey, data: bytes) -> bytes:
    """PKCS #1 v1.5 type 1 padding around *data* as it is, then the private key: INTERNAL AUTHENTICATE of a CPS3.

    The host sends a DigestInfo or anything else (RFC 8017 §8.2.1 without step 2 of §9.2). Returns as many bytes as
    the modulus has. Raises CryptoError when *data* leave no room for the padding; the card's own, lower limit
    (40 % of the modulus) is its business.
    """
    size = (key.key_size + 7) // 8
    if len(data) > size - PKCS1_OVERHEAD:
        raise CryptoError(f"at most {size - PKCS1_OVERHEAD} bytes fit into the padding, not {len(data)}")
    if _UNPREFIXED is not None:
        return key.sign(data, _PKCS1, _UNPREFIXED)
    block = b"\x00\x01" + b"\xff" * (size - 3 - len(data)) + b"\x00" + data
    return apply_private(key, int.from_bytes(block)).to_bytes(size)


def sign_digest(key: RSAPrivateKey, algorithm: Literal["sha1", "sha256"], digest: bytes) -> bytes:
    """RSASSA-PKCS1-v1_5 over a finished digest: PSO COMPUTE DIGITAL SIGNATURE. Raises CryptoError on a wrong length."""
    if len(digest) != _DIGEST_SIZE[algorithm]:
        raise CryptoError(f"a {algorithm} digest has {_DIGEST_SIZE[algorithm]} bytes, not {len(digest)}")
    return key.sign(digest, _PKCS1, _PREHASHED[algorithm])


def sign_digest_pss(key: RSAPrivateKey, algorithm: Literal["sha1", "sha256"], digest: bytes) -> bytes:
    """RSASSA-PSS over a digest, MGF1 of the same hash and a salt as long as it (RFC 8017 §8.1). Raises CryptoError."""
    if len(digest) != _DIGEST_SIZE[algorithm]:
        raise CryptoError(f"a {algorithm} digest has {_DIGEST_SIZE[algorithm]} bytes, not {len(digest)}")
    hashed = _PREHASHED[algorithm]
    mask = padding.MGF1(hashes.SHA1() if algorithm == "sha1" else hashes.SHA256())  # noqa: S303 - algorithm 15
    return key.sign(digest, padding.PSS(mask, len(digest)), hashed)


def sign_message(key: RSAPrivateKey, message: bytes) -> bytes:
    """RSASSA-PKCS1-v1_5 with SHA-256 over *message*."""
    return key.sign(message, _PKCS1, hashes.SHA256())


def decrypt(key: RSAPrivateKey, cryptogram: bytes) -> bytes:
    """RSAES-PKCS1-v1_5 decryption: PSO DECIPHER. Raises CryptoError when the cryptogram cannot belong to the key.

    A wrong padding gives random bytes, not an error (implicit rejection by the library): nothing is learned from it.
    """
    size = (key.key_size + 7) // 8
    if len(cryptogram) != size:
        raise CryptoError(f"a cryptogram of this key has {size} bytes, not {len(cryptogram)}")
    try:
        return key.decrypt(cryptogram, _PKCS1)
    except ValueError:
        raise CryptoError("the cryptogram is not below the modulus") from None


def apply_private(key: RSAPrivateKey, value: int) -> int:
    """The bare private operation (RFC 8017 §5.2.1, RSASP1 with the Chinese remainder theorem).

    For issuing on the authority's own machine only: Python's ``pow`` is not constant-time.
    Raises CryptoError when *value* is not below the modulus.
    """
    numbers = key.private_numbers()
    n, e = numbers.public_numbers.n, numbers.public_numbers.e
    if not 0 <= value < n:
        raise CryptoError("the value is not below the modulus")
    left = pow(value, numbers.dmp1, numbers.p)
    right = pow(value, numbers.dmq1, numbers.q)
    result = right + (left - right) * numbers.iqmp % numbers.p * numbers.q
    if pow(result, e, n) != value:  # a faulty half would give the factors away
        raise CryptoError("the private operation failed its own check")
    return result
