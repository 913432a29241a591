"""The issuer's signature over what stands on a card, as an EF holds it. Provenance: **synthetic**.

A card's certificates say whose it is; nothing public says how a terminal learns that the rights or the billing
situations on it are those that were issued. Here the authority that certifies the card's recognition key (its CV root)
signs the card's reference and the SHA-256 of each file that it wrote, byte for byte as READ BINARY gives it, whatever
its inner form::

    E5 { 42    CAR of the authority, 8 bytes
         5F20  CHR of the card, 12 bytes
         80    day of the signature, AAAAMMJJ as BCD, 4 bytes
         81    FID (2 bytes) and SHA-256 (32 bytes) of each covered file, by ascending FID
         9E    signature, 256 bytes }

The signature is RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2) over the label and the objects 42 to 81 as they stand.
A CV certificate is signed by the same key in the form of ISO/IEC 9796-2 (``6A … BC``): no block is of both forms.
A file that is not listed is not covered, and one that is listed and absent was taken away.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bifente.apdu.cvc import Car, CvError, CvKey
from bifente.apdu.errors import ApduError
from bifente.apdu.tlv import decode_one, encode
from bifente.slotted import dataclass

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

LABEL: Final = b"bifente-ISSUER/1"
"""Begins what an issuer signs."""

NO_DIGEST: Final = bytes(32)
"""Stands for the digest of the issuer's signature where a card has none."""

EMPTY_FILE: Final = sha256(b"").digest()

_TEMPLATE, _CAR, _CHR, _DAY, _FILES, _SIGNATURE = 0xE5, 0x42, 0x5F20, 0x80, 0x81, 0x9E
_CHR_SIZE, _FID, _DIGEST, _RSA = 12, 2, 32, 256


class IssuerSignatureError(ApduError):
    """An issuer's signature that cannot be read, does not hold, or does not cover what a card gives."""


@dataclass(frozen=True, slots=True)
class IssuerSignature:
    """What an issuer has signed, and its signature (256 bytes, empty before it is made).

    ``digests`` has the SHA-256 of each covered file by its FID, ascending; all files are of one directory.
    """

    car: bytes
    chr: bytes
    day: date
    digests: Mapping[int, bytes]
    signature: bytes = b""

    def __post_init__(self) -> None:
        if len(self.chr) != _CHR_SIZE:
            raise IssuerSignatureError(f"a CHR has {_CHR_SIZE} bytes, not {len(self.chr)}")
        if list(self.digests) != sorted(self.digests):
            raise IssuerSignatureError("the covered files do not stand by ascending FID")

    @property
    def message(self) -> bytes:
        """What is signed: the label and the data objects 42, 5F20, 80, 81."""
        return LABEL + self._objects()

    def _objects(self) -> bytes:
        files = b"".join(fid.to_bytes(_FID, "big") + digest for fid, digest in self.digests.items())
        day = bytes.fromhex(f"{self.day.year:04}{self.day.month:02}{self.day.day:02}")
        parts = ((_CAR, self.car), (_CHR, self.chr), (_DAY, day), (_FILES, files))
        return b"".join(encode(tag, value) for tag, value in parts)

    def encode(self) -> bytes:
        """The content of the EF."""
        return encode(_TEMPLATE, self._objects() + encode(_SIGNATURE, self.signature))

    @classmethod
    def parse(cls, raw: bytes) -> "IssuerSignature":
        """Read the content of the EF, exactly. Raises IssuerSignatureError."""
        return _parsed(raw)

    @classmethod
    def _read(cls, raw: bytes) -> "IssuerSignature":
        try:
            outer, rest = decode_one(raw)
            values = {item.tag: item.value for item in outer.children()}
            Car.parse(values[_CAR])
            made = cls(
                values[_CAR],
                values[_CHR],
                date.fromisoformat(values[_DAY].hex()),
                MappingProxyType(dict(_digests(values[_FILES]))),
                values[_SIGNATURE],
            )
        except (ApduError, CvError, KeyError, ValueError) as error:
            what = f"data object {error.args[0]:02X} is missing" if isinstance(error, KeyError) else error
            raise IssuerSignatureError(f"not the signature of an issuer: {what}") from None
        if rest or len(made.signature) != _RSA or made.encode() != raw:
            raise IssuerSignatureError("not the signature of an issuer in its one form")
        return made

    def holds(self, n: int, e: int) -> bool:
        """Whether the signature is that of the key (*n*, *e*)."""
        return signed_by(n, e, self.signature, self.message)

    def uncovered(self, contents: Mapping[int, bytes]) -> list[int]:
        """The FIDs among *contents* (FID to bytes as read) that are not what was signed."""
        return [fid for fid, read in contents.items() if self.digests.get(fid) != sha256(read).digest()]


@lru_cache(maxsize=64)
def _parsed(raw: bytes) -> IssuerSignature:
    """A terminal meets one signature several times, from the recognition to the verified sheet."""
    return IssuerSignature._read(raw)


@lru_cache(maxsize=64)
def _holds(raw: bytes, n: int, e: int) -> bool:
    return _parsed(raw).holds(n, e)


def _digests(raw: bytes) -> Iterable[tuple[int, bytes]]:
    size = _FID + _DIGEST
    if len(raw) % size:
        raise IssuerSignatureError(f"the covered files take a multiple of {size} bytes, not {len(raw)}")
    return (
        (int.from_bytes(raw[at : at + _FID], "big"), raw[at + _FID : at + size])
        for at in range(0, len(raw), size)
    )


def digest_of(signature_file: bytes) -> bytes:
    """What stands in tokens and under sheets for the content of the EF: its SHA-256, zeros for a card without one."""
    return sha256(signature_file).digest() if signature_file else NO_DIGEST


def verify_by_any(raw: bytes, domain: str, keys: Iterable[CvKey]) -> IssuerSignature:
    """The issuer's signature in *raw*, made by one of the *keys* of *domain* (``C`` or ``V``).

    Whose card it is stays to be compared. Raises IssuerSignatureError.
    """
    read = IssuerSignature.parse(raw)
    if Car.parse(read.car).domain != domain:
        raise IssuerSignatureError(f"the issuer {read.car.decode('ascii')} does not issue cards of this kind")
    known = [key for key in keys if key.car == read.car]
    if not known:
        raise IssuerSignatureError(f"no trusted issuer is called {read.car.decode('ascii')}")
    if not any(_holds(raw, key.n, key.e) for key in known):
        raise IssuerSignatureError("the signature is not that of the issuer it names")
    return read


@lru_cache(maxsize=16)
def _public(n: int, e: int) -> "RSAPublicKey":
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    return RSAPublicNumbers(e, n).public_key()


def signed_by(n: int, e: int, signature: bytes, message: bytes) -> bool:
    """Whether *signature* is RSASSA-PKCS1-v1_5/SHA-256 of *message* by the key (*n*, *e*)."""
    # A card that is only looked at verifies nothing, and these take longer to import than all else of it.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        _public(n, e).verify(signature, message, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
