"""The tokens of a symmetric mutual authentication, by which card and terminal agree on session keys.

Each side shows that it has the card's key set: it enciphers both random numbers, both serial numbers and its half of a
common secret, and puts a checksum behind (OpenSC 0.23, ``sm-cwa14890.c`` and ``iasecc-sm.c``; CWA 14890-1). The algorithms
with Triple DES are those. That with AES is **synthetic**: the same message in longer blocks, under the reference that
gematik's cards have for session keys of AES; what it agrees on is used as ICAO Doc 9303-11 §9.8 says.
"""

from hmac import compare_digest
from typing import Final, NamedTuple

from bifente.apdu.errors import ApduError
from bifente.apdu.messaging import Protection, padded
from bifente.apdu.protectedobjects import CHECKSUM_SIZE

SERIAL_SIZE: Final = 8
"""Bytes of a serial number in a token: the last ones of it."""
HALF_SIZE: Final = 32
"""Bytes of the secret that each side brings."""


class MutualAlgorithm(NamedTuple):
    """What object 80 of MSE SET C1 A4 names."""

    reference: int
    name: str
    cipher: str
    """``3DES`` or ``AES``."""
    digest: str
    """That of the derivation of the session keys."""
    nonce_size: int
    counter_is_zero: bool
    """The counter begins with zero, and not with what both random numbers end in."""
    source: str

    @property
    def token_size(self) -> int:
        """Bytes of a token, its checksum included."""
        return 2 * (self.nonce_size + SERIAL_SIZE) + HALF_SIZE + CHECKSUM_SIZE


_DEPLOYED: Final = "OpenSC 0.23, iasecc-sm.c"

ALGORITHMS: Final = {
    each.reference: each
    for each in (
        MutualAlgorithm(0x0C, "3DES with SHA-1", "3DES", "sha1", 8, False, _DEPLOYED),
        MutualAlgorithm(0x8C, "3DES with SHA-256", "3DES", "sha256", 8, False, _DEPLOYED),
        MutualAlgorithm(0x54, "AES-128 with SHA-256", "AES", "sha256", 16, True, "synthetic"),
    )
}
"""By their references."""


class Side(NamedTuple):
    """A random number and the last eight bytes of a serial number."""

    nonce: bytes
    serial: bytes


class Token(NamedTuple):
    """What a token says: who made it, for whom, and half of the common secret."""

    own: Side
    other: Side
    half: bytes

    def __repr__(self) -> str:
        return f"Token({self.own}, {self.other}, **)"


def seal(protection: Protection, token: Token) -> bytes:
    """The token as it travels. *protection* has the keys of the key set."""
    own, other = token.own, token.other
    plain = own.nonce + own.serial + other.nonce + other.serial + token.half
    cryptogram = protection.encipher(bytes(protection.counter_size), plain)
    return cryptogram + protection.checksum(padded(cryptogram, protection.block))


def unseal(protection: Protection, algorithm: MutualAlgorithm, raw: bytes) -> Token | None:
    """What a token says; None when its checksum is not of this key set. Raises ApduError for another length."""
    if len(raw) != algorithm.token_size:
        raise ApduError(f"a token of {algorithm.name} has {algorithm.token_size} bytes, not {len(raw)}")
    cryptogram, checksum = raw[:-CHECKSUM_SIZE], raw[-CHECKSUM_SIZE:]
    if not compare_digest(protection.checksum(padded(cryptogram, protection.block)), checksum):
        return None
    plain = protection.decipher(bytes(protection.counter_size), cryptogram)
    size = algorithm.nonce_size
    second = size + SERIAL_SIZE
    sides = plain[:second], plain[second : 2 * second]
    own, other = (Side(side[:size], side[size:]) for side in sides)
    return Token(own, other, plain[2 * second :])


def common_secret(one: bytes, other: bytes) -> bytes:
    """Of both halves: their exclusive or."""
    return (int.from_bytes(one) ^ int.from_bytes(other)).to_bytes(HALF_SIZE)


def first_counter(protection: Protection, card_nonce: bytes, terminal_nonce: bytes, *, zero: bool) -> bytes:
    """The counter of a new session, before its first command."""
    if zero:
        return bytes(protection.counter_size)
    return card_nonce[-4:] + terminal_nonce[-4:]
