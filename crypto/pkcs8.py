"""The numbers of an RSA private key as PKCS #8 writes it (RFC 5958 §2, RFC 8017 §A.1.2), read without a library.

A card is loaded to be looked at far more often than to sign: reading nine integers here spares the import of
``cryptography``, which takes longer than all else. Only the one form that this program writes is read (version 0, DER,
two primes, no attributes); of anything else :func:`read_numbers` says nothing, and the library decides.
"""

from typing import NamedTuple

_INTEGER, _BIT_STRING, _OCTET_STRING, _SEQUENCE = 0x02, 0x03, 0x04, 0x30
_RSA_ENCRYPTION = bytes.fromhex("300D06092A864886F70D0101010500")
"""The AlgorithmIdentifier rsaEncryption with its NULL (RFC 8017 §A.1)."""
_VERSION_0 = b"\x02\x01\x00"


class RsaNumbers(NamedTuple):
    """What an RSAPrivateKey of two primes holds, in its order."""

    n: int
    e: int
    d: int
    p: int
    q: int
    dmp1: int
    dmq1: int
    iqmp: int

    def __repr__(self) -> str:
        return f"RsaNumbers({self.n.bit_length()} bits)"

    @property
    def consistent(self) -> bool:
        """Whether the parts belong together, as far as multiplying tells.

        Not checked is that the factors are prime: that takes longer than a signature, and without it a signature comes
        out that does not hold, which harms nobody.
        """
        n, e, d, p, q = self.n, self.e, self.d, self.p, self.q
        if not (e & 1 and 3 <= e < 1 << 32 and p & 1 and q & 1 and p > 1 < q and p * q == n):
            return False
        pairs = ((self.dmp1, p), (self.dmq1, q))
        return all(d % (prime - 1) == part and part * e % (prime - 1) == 1 for part, prime in pairs) and (
            self.iqmp * q % p == 1
        )


def read_numbers(pkcs8: bytes) -> RsaNumbers | None:
    """The numbers of an unencrypted private key; None when it is in any other form than the plainest."""
    inner = _only(pkcs8, _SEQUENCE)
    head = _VERSION_0 + _RSA_ENCRYPTION
    if inner is None or not inner.startswith(head):
        return None
    octets = _only(inner[len(head) :], _OCTET_STRING)
    fields = None if octets is None else _only(octets, _SEQUENCE)
    if fields is None or not fields.startswith(_VERSION_0):
        return None
    rest = fields[len(_VERSION_0) :]
    numbers = []
    while rest:
        found = _first(rest, _INTEGER)
        if found is None:
            return None
        content, rest = found
        if (
            not content
            or content[0] & 0x80
            or (content[0] == 0 and not (len(content) > 1 and content[1] & 0x80))
        ):
            return None  # negative, zero, or longer than DER allows
        numbers.append(int.from_bytes(content, "big"))
    if len(numbers) != len(RsaNumbers._fields):
        return None
    key = RsaNumbers(*numbers)
    return key if key.d < key.n and key.iqmp < key.p else None


def public_info(n: int, e: int) -> bytes:
    """The SubjectPublicKeyInfo (DER) of a public key."""
    key = _der(_SEQUENCE, _integer(n) + _integer(e))
    return _der(_SEQUENCE, _RSA_ENCRYPTION + _der(_BIT_STRING, b"\0" + key))


def _only(data: bytes, tag: int) -> bytes | None:
    """The content of the one element that *data* is."""
    found = _first(data, tag)
    return found[0] if found is not None and not found[1] else None


def _first(data: bytes, tag: int) -> tuple[bytes, bytes] | None:
    """The content of the first element and what follows it; None when it has another tag or is not DER."""
    if len(data) < 2 or data[0] != tag:
        return None
    size, at = data[1], 2
    if size & 0x80:
        at += size & 0x7F
        size = int.from_bytes(data[2:at], "big")
    end = at + size
    if end > len(data) or data[1:at] != _length(size):
        return None
    return data[at:end], data[end:]


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes((size,))
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(digits),)) + digits


def _der(tag: int, content: bytes) -> bytes:
    return bytes((tag,)) + _length(len(content)) + content


def _integer(value: int) -> bytes:
    return _der(_INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))
