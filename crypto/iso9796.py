"""RSA signatures that carry (part of) the message: ISO/IEC 9796-2, scheme 1, with SHA-256 and trailer BC.

The form of the IAS ECC card-verifiable certificates: ``6A ‖ head of the message ‖ SHA-256(message) ‖ BC`` under the
private key; what does not fit travels beside it in clear. As there, the signature is the plain power: the
standard's choice of the smaller of s and n − s is not made.
"""

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from bifente.crypto.errors import CryptoError
from bifente.crypto.rsa import apply_private

_PARTIAL = 0x6A
_TOTAL = 0x4A
_TOTAL_PADDED = 0x4B
_FILL = 0xBB
_LAST_FILL = 0xBA
_TRAILER = 0xBC
_DIGEST = 32


def capacity(size: int) -> int:
    """How many bytes of a message a signature of *size* bytes can hold."""
    return size - _DIGEST - 2


def sign(private: RSAPrivateKey, message: bytes) -> tuple[bytes, bytes]:
    """Sign *message*; return (signature, the end of the message that it does not hold).

    The modulus must have a whole number of bytes. A message shorter than the capacity is padded on the left
    (``4B BB … BA``). Raises CryptoError.
    """
    if private.key_size % 8:
        raise CryptoError("the modulus must have a whole number of bytes")
    size = private.key_size // 8
    room = capacity(size)
    if room < 0:
        raise CryptoError("the modulus is too short for SHA-256")
    missing = room - len(message)
    if missing < 0:
        head = bytes((_PARTIAL,))
    elif missing == 0:
        head = bytes((_TOTAL,))
    else:
        head = bytes((_TOTAL_PADDED,)) + bytes((_FILL,)) * (missing - 1) + bytes((_LAST_FILL,))
    block = head + message[:room] + hashlib.sha256(message).digest() + bytes((_TRAILER,))
    return apply_private(private, int.from_bytes(block)).to_bytes(size), message[room:]


def recover(n: int, e: int, signature: bytes, remainder: bytes) -> bytes:
    """Verify a signature with the public key (n, e) and return the whole message. Raises CryptoError."""
    size = (n.bit_length() + 7) // 8
    if capacity(size) < 0:
        raise CryptoError("the modulus is too short for SHA-256")
    if len(signature) != size:
        raise CryptoError(f"a signature of this key has {size} bytes, not {len(signature)}")
    value = int.from_bytes(signature)
    if value >= n:
        raise CryptoError("the signature is not below the modulus")
    block = pow(value, e, n).to_bytes(size)
    if block[-1] != _TRAILER:
        raise CryptoError("the signature does not open with this key (trailer is not BC)")
    message = _recoverable(block[0], block[1 : -_DIGEST - 1], partial=bool(remainder)) + remainder
    if not hmac.compare_digest(hashlib.sha256(message).digest(), block[-_DIGEST - 1 : -1]):
        raise CryptoError("the digest in the signature is not that of the message")
    return message


def _recoverable(header: int, body: bytes, *, partial: bool) -> bytes:
    """The part of the message inside the signature, once header and padding agree with the presence of a remainder."""
    if partial:
        if header != _PARTIAL:
            raise CryptoError("the header is not 6A though there is a remainder")
        return body
    if header == _TOTAL:
        return body
    if header == _TOTAL_PADDED:
        end = body.find(_LAST_FILL)
        if end >= 0 and body[:end].count(_FILL) == end:
            return body[end + 1 :]
        raise CryptoError("the padding is not BB … BA")
    raise CryptoError("the header is neither 4A nor 4B though there is no remainder")
