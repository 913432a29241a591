"""The ciphers of secure messaging: what protects one session of a card, as a pair of session keys.

Triple DES with the retail MAC (ISO/IEC 9797-1, algorithm 3) as IAS ECC and ICAO Doc 9303-11 use them, and AES with CMAC
(NIST SP 800-38B) as their successors do. A cipher is set up once in a session, not once in a command: setting one up
takes longer than enciphering a command. Both have the same shape, which :class:`bifente.apdu.messaging.Protection` declares.
"""

import hashlib
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from bifente.crypto.errors import CryptoError

DES_BLOCK: Final = 8
AES_BLOCK: Final = 16
KEY_SIZE: Final = 16
"""Bytes of a session key: two keys of DES, or one of AES-128."""
MAC_SIZE: Final = 8


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(len(one))


class RunningCbc:
    """CBC with one long-lived context, for many short messages under one key.

    The library's context goes on chaining where the last message ended; the first block is corrected by what that was,
    so that each message has the initial vector it is given.
    """

    __slots__ = ("_block", "_decryptor", "_encryptor", "_last_in", "_last_out")

    def __init__(self, algorithm: TripleDES | AES) -> None:
        self._block = algorithm.block_size // 8
        zeros = bytes(self._block)
        cipher = Cipher(algorithm, modes.CBC(zeros))
        self._encryptor: CipherContext = cipher.encryptor()
        self._decryptor: CipherContext = cipher.decryptor()
        self._last_out = self._last_in = 0

    def encrypt(self, padded: bytes, vector: bytes) -> bytes:
        """Encipher whole blocks, at least one."""
        block = self._block
        first = int.from_bytes(padded[:block]) ^ int.from_bytes(vector) ^ self._last_out
        out = self._encryptor.update(first.to_bytes(block) + padded[block:])
        self._last_out = int.from_bytes(out[-block:])
        return out

    def decrypt(self, cryptogram: bytes, vector: bytes) -> bytes:
        """Decipher whole blocks, at least one."""
        block = self._block
        out = self._decryptor.update(cryptogram)
        first = int.from_bytes(out[:block]) ^ int.from_bytes(vector) ^ self._last_in
        self._last_in = int.from_bytes(cryptogram[-block:])
        return first.to_bytes(block) + out[block:]


def _two_keys(key: bytes) -> TripleDES:
    """Triple DES with the two keys of *key*. The deployed cards have nothing newer: spec/cards.md §3.6."""
    if len(key) != KEY_SIZE:
        raise CryptoError(f"a key of Triple DES with two keys has {KEY_SIZE} bytes, not {len(key)}")
    return TripleDES(key + key[:DES_BLOCK])


class RetailMac:
    """The retail MAC (ISO/IEC 9797-1, algorithm 3, initial vector 0) over whole blocks."""

    __slots__ = ("_chain", "_last")

    def __init__(self, key: bytes) -> None:
        whole = _two_keys(key)
        single = key[:DES_BLOCK]
        self._chain = RunningCbc(TripleDES(single * 3))
        self._last = RunningCbc(whole)

    def of(self, padded: bytes) -> bytes:
        """The MAC of whole blocks, at least one."""
        if len(padded) == DES_BLOCK:
            return self._last.encrypt(padded, _NO_VECTOR)
        chained = self._chain.encrypt(padded[:-DES_BLOCK], _NO_VECTOR)
        return self._last.encrypt(padded[-DES_BLOCK:], chained[-DES_BLOCK:])


_NO_VECTOR: Final = bytes(DES_BLOCK)


class TripleDesMessaging:
    """Triple DES in CBC with initial vector 0, and the retail MAC; a counter of eight bytes.

    *always_pads* says whether what the MAC covers is padded when it has whole blocks already: ISO/IEC 7816-4 and ICAO
    Doc 9303-11 pad, OpenSC's driver of IAS ECC does not.
    """

    __slots__ = ("_cipher", "_mac", "always_pads")

    block: Final = DES_BLOCK
    counter_size: Final = DES_BLOCK

    def __init__(self, enciphering: bytes, authenticating: bytes, *, always_pads: bool) -> None:
        self._cipher = RunningCbc(_two_keys(enciphering))
        self._mac = RetailMac(authenticating)
        self.always_pads = always_pads

    def encipher(self, counter: bytes, padded: bytes) -> bytes:
        """The cryptogram of whole blocks."""
        return self._cipher.encrypt(padded, _NO_VECTOR)

    def decipher(self, counter: bytes, cryptogram: bytes) -> bytes:
        """The whole blocks of a cryptogram."""
        return self._cipher.decrypt(cryptogram, _NO_VECTOR)

    def checksum(self, padded: bytes) -> bytes:
        """Eight bytes over whole blocks, the counter among them."""
        return self._mac.of(padded)


class AesMessaging:
    """AES-128 in CBC, the initial vector being the enciphered counter, and CMAC cut to eight bytes; a counter of sixteen.

    ICAO Doc 9303-11 §9.8.6.1 and §9.8.6.2, as in BSI TR-03110-3.
    """

    __slots__ = ("_cipher", "_mac", "_vectors")

    block: Final = AES_BLOCK
    counter_size: Final = AES_BLOCK
    always_pads: Final = True

    def __init__(self, enciphering: bytes, authenticating: bytes) -> None:
        if {len(enciphering), len(authenticating)} != {KEY_SIZE}:
            raise CryptoError(f"the session keys of AES-128 have {KEY_SIZE} bytes each")
        algorithm = AES(enciphering)
        self._cipher = RunningCbc(algorithm)
        self._vectors = RunningCbc(algorithm)
        self._mac = CMAC(AES(authenticating))

    def encipher(self, counter: bytes, padded: bytes) -> bytes:
        """The cryptogram of whole blocks."""
        return self._cipher.encrypt(padded, self._vectors.encrypt(counter, _NO_AES_VECTOR))

    def decipher(self, counter: bytes, cryptogram: bytes) -> bytes:
        """The whole blocks of a cryptogram."""
        return self._cipher.decrypt(cryptogram, self._vectors.encrypt(counter, _NO_AES_VECTOR))

    def checksum(self, padded: bytes) -> bytes:
        """Eight bytes over whole blocks, the counter among them."""
        mac = self._mac.copy()
        mac.update(padded)
        return mac.finalize()[:MAC_SIZE]


_NO_AES_VECTOR: Final = bytes(AES_BLOCK)


def protection(cipher: str, enciphering: bytes, authenticating: bytes) -> "TripleDesMessaging | AesMessaging":
    """The protection that two keys give with ``3DES``, as OpenSC pads, or with ``AES``."""
    if cipher == "AES":
        return AesMessaging(enciphering, authenticating)
    return TripleDesMessaging(enciphering, authenticating, always_pads=False)


def derive(seed: bytes, digest: str) -> tuple[bytes, bytes]:
    """Session keys of a common secret: for enciphering and for authenticating.

    The first 16 bytes of H(seed ‖ 00000001) and of H(seed ‖ 00000002), H being ``sha1`` or ``sha256``
    (IAS ECC; ICAO Doc 9303-11 §9.7.1). The parity of DES keys is not adjusted: no cipher looks at it.
    """
    enciphering, authenticating = (
        hashlib.new(digest, seed + number.to_bytes(4, "big")).digest()[:KEY_SIZE] for number in (1, 2)
    )
    return enciphering, authenticating


def diversified(master: bytes, serial: bytes) -> bytes:
    """The key of one card from its issuer's master key: Triple DES of the serial and of its complement.

    As EMV Book 2, annex A1.4.1 does it. *master* has 16 bytes, *serial* 8.
    """
    if len(serial) != DES_BLOCK:
        raise CryptoError(f"a serial number to diversify a key by has {DES_BLOCK} bytes, not {len(serial)}")
    cipher = RunningCbc(_two_keys(master))
    both = (serial, _xor(serial, b"\xff" * DES_BLOCK))
    return b"".join(cipher.encrypt(each, _NO_VECTOR) for each in both)
