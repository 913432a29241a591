"""Triple DES in CBC mode, reading only: the envelopes of télétransmission were made with it before AES (spec/fse.md §2.4)."""

from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

KEY_SIZES: Final = frozenset({16, 24})
"""Bytes of a key: two or three keys of DES, parity bits included."""

BLOCK: Final = 8
"""Bytes of a block and of the initialisation vector."""


def decrypt_cbc(key: bytes, vector: bytes, ciphertext: bytes) -> bytes:
    """The plaintext with its padding. Raises ValueError when a length is not one of the cipher's."""
    reader = Cipher(TripleDES(key), modes.CBC(vector)).decryptor()
    return reader.update(ciphertext) + reader.finalize()
