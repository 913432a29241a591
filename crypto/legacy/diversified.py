"""Keys of triple DES that belong to one card each: derived from a mother key by the card's number, and MACs by them.

The derivation is option A of EMV 4.3 Book 2 §A1.4.1, which is public: the left half of a card's key is the number
enciphered by the mother key, the right half its complement. The MAC is algorithm 3 of ISO/IEC 9797-1:2011 with padding
method 2 (the *retail MAC*): single DES in CBC mode, the last block by both halves of the key.
"""

from hmac import compare_digest
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

KEY_SIZE: Final = 16
"""Bytes of a mother key and of a card's key: two keys of DES, parity bits included."""

MAC_SIZE: Final = 8
NUMBER_SIZE: Final = 8
"""Bytes of the number that a key is derived by."""

_BLOCK: Final = 8
_ZERO: Final = bytes(_BLOCK)


def card_key(mother: bytes, number: bytes) -> bytes:
    """The 16 bytes of the key of the card with that *number* (its last 8 bytes count).

    ValueError for a mother key that has not 16 bytes, or a number of fewer than 8.
    """
    _check(mother)
    if len(number) < NUMBER_SIZE:
        raise ValueError(f"a key is derived by {NUMBER_SIZE} bytes, not {len(number)}")
    left = number[-NUMBER_SIZE:]
    right = bytes(byte ^ 0xFF for byte in left)
    cipher = Cipher(TripleDES(_whole(mother)), modes.ECB()).encryptor()  # noqa: S305 - two blocks of their own
    return with_parity(cipher.update(left + right) + cipher.finalize())


def with_parity(key: bytes) -> bytes:
    """*key* with an odd number of ones in each byte, as keys of DES have."""
    return bytes(byte & 0xFE | ~(byte >> 1).bit_count() & 1 for byte in key)


def retail_mac(key: bytes, message: bytes) -> bytes:
    """The 8 bytes of the MAC of *message*, of any length, by a key of 16 bytes. ValueError for another key."""
    _check(key)
    padded = message + b"\x80"
    padded += bytes(-len(padded) % _BLOCK)
    chained = _ZERO
    if len(padded) > _BLOCK:
        single = Cipher(TripleDES(key[:8] * 3), modes.CBC(_ZERO)).encryptor()
        chained = (single.update(padded[:-_BLOCK]) + single.finalize())[-_BLOCK:]
    last = bytes(one ^ other for one, other in zip(chained, padded[-_BLOCK:], strict=True))
    both = Cipher(TripleDES(_whole(key)), modes.ECB()).encryptor()  # noqa: S305 - one block, chained by hand
    return both.update(last) + both.finalize()


def mac_holds(key: bytes, message: bytes, mac: bytes) -> bool:
    """Whether *mac* is that of *message*; takes the same time for every wrong one."""
    return compare_digest(retail_mac(key, message), mac)


def _whole(key: bytes) -> bytes:
    """Two keys as the three that the cipher takes: the first once more."""
    return key + key[:_BLOCK]


def _check(key: bytes) -> None:
    if len(key) != KEY_SIZE:
        raise ValueError(f"a key has {KEY_SIZE} bytes, not {len(key)}")
