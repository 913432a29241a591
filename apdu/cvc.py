"""Card-verifiable certificates of the IAS ECC kind: RSA with message recovery, not self-descriptive.

The layout follows IAS ECC v1.0.1 as the Italian CIE middleware shows it (italia/cie-middleware-linux): a content C of
fields one after the other, signed as ``6A ‖ C[:222] ‖ SHA-256(C) ‖ BC``, in ``7F21 {5F37 signature, 5F38 rest of C,
42 CAR}``; the real Vitale 2 carries the same data objects (cardpeek ``vitale_2.lua``). That layout, CPI ``8A``, has
no dates. Ours is CPI ``B0`` and has them: it is **synthetic**, as are the meanings of CAR and CHA below. The dateless
layout can be read here and is never produced.
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import date
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple

from bifente.apdu.errors import ApduError
from bifente.slotted import dataclass

CPI_DATED: Final = 0xB0
CPI_DATELESS: Final = 0x8A

OID_RSA_SHA256: Final = bytes.fromhex("2A8122F42A02040104")
"""The object identifier in a real IAS ECC certificate, between CHA and modulus (the value of its 06 data object)."""

DOMAIN_CPS: Final = 0x01
DOMAIN_VITALE: Final = 0x02
USAGE_AUTHENTICATION: Final = 0x01
USAGE_SHEET_SIGNATURE: Final = 0x02
TEST_CATEGORY: Final = 0x80
"""The bit of a G01 category that says test."""

_CAR_SIZE = 8
_CHR_SIZE = 12
_CHA_SIZE = 7
_CHA_PREFIX = 0xF0
_MODULUS = 256
_EXPONENT = 65537
_RECOVERED = _MODULUS - 34
_CONTENT_SIZE = 302
_REMAINDER = _CONTENT_SIZE - _RECOVERED

ENVELOPE_SIZE: Final = 359
"""Bytes of one of our certificates as the card file holds it."""


class CvReason(Enum):
    """Why a certificate is refused."""

    MALFORMED = "malformed"
    """Lengths, tags, dates or codes are not those of the layout."""
    BAD_SIGNATURE = "bad signature"
    """The signature does not open with this key, or its digest is another content's."""
    UNKNOWN_CAR = "unknown CAR"
    """The certificate names another authority than the one whose key is used."""
    CAR_MISMATCH = "CAR mismatch"
    """The authority named inside the signature is not the one named outside."""
    KEY = "key"
    """The certified key is not RSA of exactly 2048 bits, odd, with e = 65537."""
    DOMAIN = "domain"
    """The authority of one kind of card has certified a card of the other kind."""
    ENVIRONMENT = "environment"
    """A test authority has certified a card that is not a test card, or the other way round."""


class CvError(ApduError):
    """A card-verifiable certificate that must be refused; :attr:`reason` says why."""

    def __init__(self, reason: CvReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def _malformed(message: str) -> CvError:
    return CvError(CvReason.MALFORMED, message)


@dataclass(frozen=True, slots=True)
class Car:
    """Certification authority reference: ``FR`` ‖ domain ``C``/``V`` ‖ environment ``T``/``P`` ‖ ``BF`` ‖ two digits."""

    domain: str
    """``C`` certifies professionals' cards, ``V`` cartes Vitale."""
    environment: str
    """``T`` test, ``P`` production-like."""
    key_number: int = 1

    def __post_init__(self) -> None:
        if self.domain not in ("C", "V"):
            raise _malformed(f"the domain of a CAR is C or V, not {self.domain!r}")
        if self.environment not in ("T", "P"):
            raise _malformed(f"the environment of a CAR is T or P, not {self.environment!r}")
        if not 0 <= self.key_number <= 99:
            raise _malformed(f"the key number of a CAR is 0 to 99, not {self.key_number}")

    @classmethod
    def parse(cls, raw: bytes) -> "Car":
        """Read 8 bytes. Raises CvError (MALFORMED)."""
        if len(raw) != _CAR_SIZE:
            raise _malformed(f"a CAR has {_CAR_SIZE} bytes, not {len(raw)}")
        if raw[:2] != b"FR" or raw[4:6] != b"BF" or not raw[6:].isdigit():
            raise _malformed(f"{raw.hex().upper()} is not a CAR of this project")
        return cls(chr(raw[2]), chr(raw[3]), int(raw[6:]))

    def encode(self) -> bytes:
        """The 8 bytes."""
        return f"FR{self.domain}{self.environment}BF{self.key_number:02}".encode("ascii")

    @property
    def cha_domain(self) -> int:
        """The domain byte of the holders that this authority may certify."""
        return DOMAIN_CPS if self.domain == "C" else DOMAIN_VITALE

    def __str__(self) -> str:
        return self.encode().decode("ascii")


@dataclass(frozen=True, slots=True)
class Cha:
    """Certificate holder authorisation: ``F0`` ‖ domain ‖ G01 ‖ G02 ‖ profession ‖ G04 ‖ usage.

    A carte Vitale has FF for the codes that only a professional has: G02, profession and G04.
    """

    domain: int
    g01: int
    """Category: 00 real-like, 80 test."""
    g02: int
    """Type of card: 0 CPS, 1 CPF, 2 CDE/CPE, 3 CPA."""
    profession: int
    """G15, for a CPF G16, 0 when there is none."""
    g04: int
    """Level of responsibility."""
    usage: int

    def __post_init__(self) -> None:
        codes = (self.domain, self.g01, self.g02, self.profession, self.g04, self.usage)
        if not all(0 <= code <= 255 for code in codes):
            raise _malformed("each field of a CHA is one byte")
        if self.domain not in (DOMAIN_CPS, DOMAIN_VITALE):
            raise _malformed(f"the domain of a CHA is 01 or 02, not {self.domain:02X}")
        if self.usage not in (USAGE_AUTHENTICATION, USAGE_SHEET_SIGNATURE):
            raise _malformed(f"the usage of a CHA is 01 or 02, not {self.usage:02X}")
        professional = (self.g02, self.profession, self.g04)
        if self.domain == DOMAIN_VITALE and professional != (0xFF, 0xFF, 0xFF):
            raise _malformed("a Vitale has no type, profession or responsibility: these bytes are FF")
        if self.domain == DOMAIN_CPS and 0xFF in professional:
            raise _malformed("FF is not a type, profession or responsibility of a professional's card")

    @classmethod
    def vitale(cls, g01: int, usage: int = USAGE_AUTHENTICATION) -> "Cha":
        """The authorisation of a carte Vitale."""
        return cls(DOMAIN_VITALE, g01, 0xFF, 0xFF, 0xFF, usage)

    @classmethod
    def parse(cls, raw: bytes) -> "Cha":
        """Read 7 bytes. Raises CvError (MALFORMED)."""
        if len(raw) != _CHA_SIZE or raw[0] != _CHA_PREFIX:
            raise _malformed(f"a CHA is F0 and six bytes, not {raw.hex().upper() or 'empty'}")
        return cls(*raw[1:])

    def encode(self) -> bytes:
        """The 7 bytes."""
        return bytes((_CHA_PREFIX, self.domain, self.g01, self.g02, self.profession, self.g04, self.usage))

    @property
    def is_test(self) -> bool:
        """The card is a test card."""
        return bool(self.g01 & TEST_CATEGORY)


@dataclass(frozen=True, slots=True)
class ChaPattern:
    """Which holders a rule lets in. Domain and type are always compared; None elsewhere means any value.

    The type is not a wildcard because professions are numbered alike for those who practise and those who learn: a
    student's profession 10 (CPF, table G16) is not a doctor's (CPS, table G15).
    """

    domain: int
    g02: int
    profession: int | None = None
    g04: int | None = None
    g01: int | None = None
    usage: int = USAGE_AUTHENTICATION

    def matches(self, cha: Cha) -> bool:
        """True when each field that the pattern names has that value in *cha*."""
        return (
            cha.domain == self.domain
            and cha.g02 == self.g02
            and cha.usage == self.usage
            and self.profession in (None, cha.profession)
            and self.g04 in (None, cha.g04)
            and self.g01 in (None, cha.g01)
        )

    def __str__(self) -> str:
        """The seven bytes in hexadecimal, ``..`` for any."""
        fields = (_CHA_PREFIX, self.domain, self.g01, self.g02, self.profession, self.g04, self.usage)
        return "".join(".." if field is None else f"{field:02X}" for field in fields)


def encode_date(day: date) -> bytes:
    """Year in the century, month and day as BCD, 3 bytes. Raises CvError outside 2000…2099."""
    if not 2000 <= day.year <= 2099:
        raise _malformed(f"a certificate's date lies in 2000 to 2099, not in {day.year}")
    return bytes.fromhex(day.strftime("%y%m%d"))


def decode_date(raw: bytes) -> date:
    """The inverse of :func:`encode_date`. Raises CvError (MALFORMED)."""
    digits = raw.hex()
    if len(digits) != 6 or not digits.isdecimal():
        raise _malformed(f"{digits.upper()} is not a date of three BCD bytes")
    try:
        return date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError:
        raise _malformed(f"{digits} is not a day of the calendar") from None


_AT_CAR, _AT_CHR, _AT_CHA, _AT_EFFECTIVE, _AT_EXPIRY, _AT_OID, _AT_N, _AT_E = 1, 9, 21, 28, 31, 34, 43, 299
"""Where the fields of a content begin; :data:`bifente.apdu.declared.cvstructures.CONTENT` declares them."""

_SIGNATURE_HEAD = bytes.fromhex("7F218201625F37820100")
_REMAINDER_HEAD = bytes.fromhex("5F3850")
_CAR_HEAD = bytes.fromhex("4208")
"""Tags and lengths of an envelope of ours; :data:`bifente.apdu.declared.cvstructures.ENVELOPE` declares it."""


@dataclass(frozen=True, slots=True)
class CvContent:
    """What a certificate of ours says: 302 bytes."""

    car: Car
    chr: bytes
    """Certificate holder reference: two zero bytes and the card's PAN, 12 bytes."""
    cha: Cha
    effective: date
    expiry: date
    """The last day of validity."""
    n: int
    e: int = _EXPONENT

    def __post_init__(self) -> None:
        if len(self.chr) != _CHR_SIZE:
            raise _malformed(f"a CHR has {_CHR_SIZE} bytes, not {len(self.chr)}")
        if self.expiry < self.effective:
            raise _malformed(f"the certificate ends ({self.expiry}) before it begins ({self.effective})")
        if self.n.bit_length() != 8 * _MODULUS or not self.n & 1:
            raise CvError(CvReason.KEY, f"the modulus is not an odd number of {8 * _MODULUS} bits")
        if self.e != _EXPONENT:
            raise CvError(CvReason.KEY, f"the public exponent is not {_EXPONENT}")

    @classmethod
    def parse(cls, raw: bytes) -> "CvContent":
        """Read 302 bytes. Raises CvError (MALFORMED, KEY)."""
        if len(raw) != _CONTENT_SIZE or raw[0] != CPI_DATED or raw[_AT_OID:_AT_N] != OID_RSA_SHA256:
            raise _malformed(
                f"{len(raw)} bytes are not a certificate content of {_CONTENT_SIZE} bytes with CPI B0"
            )
        return cls(
            Car.parse(raw[_AT_CAR:_AT_CHR]),
            raw[_AT_CHR:_AT_CHA],
            Cha.parse(raw[_AT_CHA:_AT_EFFECTIVE]),
            decode_date(raw[_AT_EFFECTIVE:_AT_EXPIRY]),
            decode_date(raw[_AT_EXPIRY:_AT_OID]),
            int.from_bytes(raw[_AT_N:_AT_E]),
            int.from_bytes(raw[_AT_E:]),
        )

    def encode(self) -> bytes:
        """The 302 bytes that are signed."""
        return b"".join(
            (
                bytes((CPI_DATED,)),
                self.car.encode(),
                self.chr,
                self.cha.encode(),
                encode_date(self.effective),
                encode_date(self.expiry),
                OID_RSA_SHA256,
                self.n.to_bytes(_MODULUS),
                self.e.to_bytes(3),
            )
        )


@dataclass(frozen=True, slots=True)
class CvEnvelope:
    """A certificate as it travels: ``7F21 {5F37 signature, 5F38 remainder, 42 CAR}``."""

    signature: bytes
    remainder: bytes
    car: bytes

    @classmethod
    def parse(cls, raw: bytes) -> "CvEnvelope":
        """Read one of our certificates, exactly 359 bytes. Raises CvError (MALFORMED)."""
        remainder = len(_SIGNATURE_HEAD) + _MODULUS
        car = remainder + len(_REMAINDER_HEAD) + _REMAINDER
        if (
            len(raw) != ENVELOPE_SIZE
            or not raw.startswith(_SIGNATURE_HEAD)
            or not raw.startswith(_REMAINDER_HEAD, remainder)
            or not raw.startswith(_CAR_HEAD, car)
        ):
            raise _malformed(f"{len(raw)} bytes are not a CV certificate of {ENVELOPE_SIZE} bytes")
        return cls(
            raw[len(_SIGNATURE_HEAD) : remainder],
            raw[remainder + len(_REMAINDER_HEAD) : car],
            raw[car + len(_CAR_HEAD) :],
        )

    def encode(self) -> bytes:
        """The 359 bytes of one of our certificates. Raises CvError (MALFORMED) for the lengths of another."""
        sizes = (len(self.signature), len(self.remainder), len(self.car))
        if sizes != (_MODULUS, _REMAINDER, _CAR_SIZE):
            raise _malformed(
                f"signature, remainder and CAR have {_MODULUS}, {_REMAINDER}, 8 bytes, not {sizes}"
            )
        return _SIGNATURE_HEAD + self.signature + _REMAINDER_HEAD + self.remainder + _CAR_HEAD + self.car


@dataclass(frozen=True, slots=True)
class DatelessContent:
    """The real IAS ECC layout, CPI ``8A``, read only: neither dates nor a meaning of ours in CAR and CHA."""

    car: bytes
    chr: bytes
    cha: bytes
    n: int
    e: int

    @classmethod
    def parse(cls, raw: bytes, modulus_size: int) -> "DatelessContent":
        """Read a recovered content whose key has *modulus_size* bytes. Raises CvError (MALFORMED)."""
        if modulus_size < 1 or not 1 <= len(raw) - 37 - modulus_size <= 4:
            raise _malformed(
                f"{len(raw)} bytes are not a dateless content with a key of {modulus_size} bytes"
            )
        oid, n = 28, 28 + len(OID_RSA_SHA256)
        if raw[0] != CPI_DATELESS or raw[oid:n] != OID_RSA_SHA256:
            raise _malformed("not a dateless certificate content with CPI 8A")
        e = n + modulus_size
        return cls(
            raw[_AT_CAR:_AT_CHR],
            raw[_AT_CHR:_AT_CHA],
            raw[_AT_CHA:oid],
            int.from_bytes(raw[n:e]),
            int.from_bytes(raw[e:]),
        )


@lru_cache(maxsize=64)
def _opened(signature: bytes, n: int, e: int) -> bytes:
    """The public operation (RFC 8017 §5.2.2), which ``cryptography`` does not offer without a padding of its own.

    What comes out is public, and the same certificate is met by a terminal and by cards, again and again: it is kept.
    """
    return pow(int.from_bytes(signature), e, n).to_bytes(len(signature))


def recover(envelope: CvEnvelope, n: int, e: int) -> bytes:
    """Open the signature with the authority's key and return the content, of whatever layout.

    Raises CvError: MALFORMED when the signature has not the length of the key, BAD_SIGNATURE otherwise.
    """
    size = (n.bit_length() + 7) // 8
    if size < 34 or len(envelope.signature) != size:
        raise _malformed(f"a signature of this authority has {size} bytes, not {len(envelope.signature)}")
    if int.from_bytes(envelope.signature) >= n:
        raise CvError(CvReason.BAD_SIGNATURE, "the signature is not below the modulus")
    block = _opened(envelope.signature, n, e)
    if block[0] != 0x6A or block[-1] != 0xBC:
        raise CvError(CvReason.BAD_SIGNATURE, "the signature does not open with this authority's key")
    content = block[1:-33] + envelope.remainder
    if not hmac.compare_digest(hashlib.sha256(content).digest(), block[-33:-1]):
        raise CvError(CvReason.BAD_SIGNATURE, "the digest in the signature is not that of the content")
    return content


class CvKey(NamedTuple):
    """The public key of an authority for CV certificates, wherever it is held: on a card, in a terminal, in a trust store."""

    car: bytes
    """Its reference, 8 bytes."""
    n: int
    e: int


def verify(envelope: CvEnvelope, key: CvKey) -> CvContent:
    """Verify one of our certificates with an authority's *key*.

    Everything is checked that the certificate itself can show: authority, signature, layout, key, and that the
    authority was allowed to certify such a holder. Not checked, as it needs a calendar or an own identity: dates, own
    reference, wanted domain and usage. Raises CvError with its reason.
    """
    if not hmac.compare_digest(envelope.car, key.car):
        raise CvError(CvReason.UNKNOWN_CAR, "the certificate names another authority")
    if len(envelope.remainder) != _REMAINDER or len(envelope.signature) != _MODULUS:
        raise _malformed("signature or remainder has not the length of the layout")
    content = CvContent.parse(recover(envelope, key.n, key.e))
    if content.car.encode() != envelope.car:
        raise CvError(CvReason.CAR_MISMATCH, "the authority inside the signature is not the one outside")
    if content.cha.domain != content.car.cha_domain:
        raise CvError(CvReason.DOMAIN, "this authority may not certify cards of that domain")
    if content.cha.is_test != (content.car.environment == "T"):
        raise CvError(CvReason.ENVIRONMENT, "test card and production authority, or the other way round")
    return content


def verify_by_any(envelope: CvEnvelope, keys: Iterable[CvKey]) -> CvContent:
    """Verify with whichever of the *keys* has made the certificate: several may have its CAR.

    Raises CvError, that of the first key of this CAR when none holds.
    """
    refusal: CvError | None = None
    for key in keys:
        if key.car == envelope.car:
            try:
                return verify(envelope, key)
            except CvError as error:
                refusal = refusal or error
    unknown = f"no trusted authority is called {envelope.car.hex().upper()}"
    raise refusal or CvError(CvReason.UNKNOWN_CAR, unknown)
