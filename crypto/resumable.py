"""SHA-1 and SHA-256 whose work can be put aside and taken up elsewhere.

A host hashes a long document up to its last block, hands the intermediate value to the card and lets the card finish:
so the card, not the host, makes the digest that it signs. ``hashlib`` does not show its state: where a state goes in or
comes out, the library behind it is asked (:mod:`bifente.crypto.libcrypto`), and where that cannot be reached, the
compression functions here (FIPS 180-4 §6.1.2 and §6.2.2). A digest from first to last byte is ``hashlib``'s.

Form of a state: the chaining value (20 or 32 bytes) followed by the number of *bits* in the complete blocks that
went into it, 8 bytes big-endian (data object 90 of PSO HASH as a CPS3 takes it; OpenSC issue #2275). See
:mod:`bifente.crypto.declared`.
"""

import hashlib
import math
import struct
from abc import ABC, abstractmethod
from functools import cache
from typing import ClassVar, Self

from bifente.crypto import libcrypto
from bifente.crypto.errors import CryptoError

BLOCK = 64
"""Bytes of a block of both functions."""

_MASK = 0xFFFFFFFF
_TWICE = 0x100000001
_MAX_BITS = 1 << 64


class ResumableHash(ABC):
    """A digest in the making. Mutable, as ``hashlib``'s objects; not a thread-safe one."""

    __slots__ = ("_chain", "_count", "_data")

    name: ClassVar[str]
    """The name that ``hashlib`` gives to the function."""
    digest_size: ClassVar[int]
    initial: ClassVar[tuple[int, ...]]

    def __init__(self, data: bytes = b"") -> None:
        self._chain = self.initial
        self._count = 0
        """Bytes that have gone into the chaining value: always complete blocks."""
        self._data = bytearray(data)
        """Bytes that have not: they are compressed only when somebody asks for the state."""

    @classmethod
    def state_size(cls) -> int:
        """Length of an exported state in bytes: 28 for SHA-1, 40 for SHA-256."""
        return cls.digest_size + 8

    @classmethod
    def from_state(cls, state: bytes) -> Self:
        """Take up a digest where :meth:`state` left it. Raises CryptoError on a state that cannot exist."""
        made = cls()
        made._chain, made._count = cls._read(state)
        return made

    @classmethod
    def resumed(cls, state: bytes, last: bytes) -> bytes:
        """The digest of what *state* stands for followed by *last*: ``from_state(state).update(last).finish()``."""
        chain, count = cls._read(state)
        return cls._finished(chain, count, last) if count else hashlib.new(cls.name, last).digest()

    @classmethod
    def _read(cls, state: bytes) -> tuple[tuple[int, ...], int]:
        if len(state) != cls.state_size():
            raise CryptoError(f"a {cls.name} state has {cls.state_size()} bytes, not {len(state)}")
        *words, bits = struct.unpack(f">{len(cls.initial)}LQ", state)
        if bits % (8 * BLOCK):
            raise CryptoError(f"a {cls.name} state counts complete blocks, {bits} bits are not")
        chain = tuple(words)
        if not bits and chain != cls.initial:
            raise CryptoError(f"a {cls.name} state of no block is the initial one")
        return chain, bits // 8

    @classmethod
    def _finished(cls, chain: tuple[int, ...], count: int, data: bytes) -> bytes:
        """The digest after *count* bytes that are in *chain*, and *data*."""
        bits = (count + len(data)) * 8
        if bits >= _MAX_BITS:
            raise CryptoError(f"{cls.name} is defined up to 2^64 - 1 bits")
        chain = cls._run(chain, data + b"\x80" + bytes(-(len(data) + 9) % BLOCK) + bits.to_bytes(8))
        return struct.pack(f">{len(chain)}L", *chain)

    def update(self, data: bytes) -> Self:
        """Add bytes. Returns itself, so that calls chain."""
        self._data += data
        return self

    @property
    def pending(self) -> int:
        """How many bytes (0 to 63) are not in a complete block yet: they are not part of the state."""
        return len(self._data) % BLOCK

    def state(self) -> bytes:
        """The chaining value after the complete blocks, and their number of bits.

        The last :attr:`pending` bytes are not in it: whoever takes the state up must be given them again.
        """
        whole = len(self._data) - self.pending
        self._check_length(whole)
        self._chain = self._run(self._chain, bytes(self._data[:whole]))
        self._count += whole
        del self._data[:whole]
        return struct.pack(f">{len(self.initial)}LQ", *self._chain, self._count * 8)

    def finish(self) -> bytes:
        """The digest of all that was added. The object can go on afterwards: nothing is consumed."""
        if not self._count:
            return hashlib.new(self.name, self._data, usedforsecurity=True).digest()
        return self._finished(self._chain, self._count, bytes(self._data))

    def _check_length(self, more: int) -> None:
        if (self._count + more) * 8 >= _MAX_BITS:
            raise CryptoError(f"{self.name} is defined up to 2^64 - 1 bits")

    @classmethod
    def _run(cls, chain: tuple[int, ...], blocks: bytes) -> tuple[int, ...]:
        compress = _library(cls)
        return cls.compress(chain, blocks) if compress is None else compress(chain, blocks)

    @classmethod
    def compress(cls, chain: tuple[int, ...], blocks: bytes) -> tuple[int, ...]:
        """The chaining value after whole blocks, by the code here."""
        for offset in range(0, len(blocks), BLOCK):
            chain = cls._compress(chain, struct.unpack_from(">16L", blocks, offset))
        return chain

    @staticmethod
    @abstractmethod
    def _compress(chain: tuple[int, ...], words: tuple[int, ...]) -> tuple[int, ...]:
        """One block of sixteen words into the chaining value."""


@cache
def _library(kind: type[ResumableHash]) -> libcrypto.Compress | None:
    return libcrypto.compression(kind.name, kind.initial)


class Sha1State(ResumableHash):
    """SHA-1 (FIPS 180-4 §6.1): what the older algorithm references of a CPS3 ask for."""

    __slots__ = ()
    name = "sha1"
    digest_size = 20
    initial = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0)

    @staticmethod
    def _compress(chain: tuple[int, ...], words: tuple[int, ...]) -> tuple[int, ...]:
        w = list(words)
        for t in range(16, 80):
            x = w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16]
            w.append((x << 1 | x >> 31) & _MASK)
        a, b, c, d, e = chain
        for t in range(80):
            if t < 20:
                f = (d ^ (b & (c ^ d))) + 0x5A827999
            elif t < 40:
                f = (b ^ c ^ d) + 0x6ED9EBA1
            elif t < 60:
                f = (b & c | d & (b | c)) + 0x8F1BBCDC
            else:
                f = (b ^ c ^ d) + 0xCA62C1D6
            a, b, c, d, e = ((a << 5 | a >> 27) + f + e + w[t]) & _MASK, a, (b << 30 | b >> 2) & _MASK, c, d
        return tuple((x + y) & _MASK for x, y in zip(chain, (a, b, c, d, e), strict=True))


def _primes(count: int) -> list[int]:
    found: list[int] = []
    candidate = 2
    while len(found) < count:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return found


def _cube_root(value: int) -> int:
    """The integer cube root: floating point near it, then exact."""
    root = round(math.cbrt(value))
    while root**3 > value:
        root -= 1
    while (root + 1) ** 3 <= value:
        root += 1
    return root


_PRIMES = _primes(64)
_K256 = tuple(_cube_root(prime << 96) & _MASK for prime in _PRIMES)
"""FIPS 180-4 §4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes."""


class Sha256State(ResumableHash):
    """SHA-256 (FIPS 180-4 §6.2)."""

    __slots__ = ()
    name = "sha256"
    digest_size = 32
    initial = tuple(math.isqrt(prime << 64) & _MASK for prime in _PRIMES[:8])

    @staticmethod
    def _compress(chain: tuple[int, ...], words: tuple[int, ...]) -> tuple[int, ...]:
        # A word beside itself turns by being shifted: x * _TWICE >> n holds its rotation by n in the low 32 bits.
        w = list(words)
        for t in range(16, 64):
            x, y = w[t - 15], w[t - 2]
            xx, yy = x * _TWICE, y * _TWICE
            s0 = xx >> 7 ^ xx >> 18 ^ x >> 3
            s1 = yy >> 17 ^ yy >> 19 ^ y >> 10
            w.append((w[t - 16] + (s0 & _MASK) + w[t - 7] + (s1 & _MASK)) & _MASK)
        a, b, c, d, e, f, g, h = chain
        for k, word in zip(_K256, w, strict=True):
            ee, aa = e * _TWICE, a * _TWICE
            t1 = h + ((ee >> 6 ^ ee >> 11 ^ ee >> 25) & _MASK) + (g ^ (e & (f ^ g))) + k + word
            t2 = ((aa >> 2 ^ aa >> 13 ^ aa >> 22) & _MASK) + (a & b | c & (a | b))
            h, g, f, e, d, c, b, a = g, f, e, (d + t1) & _MASK, c, b, a, (t1 + t2) & _MASK
        return tuple((x + y) & _MASK for x, y in zip(chain, (a, b, c, d, e, f, g, h), strict=True))
