"""The structures of the CV certificates, declared with construct in the manner of :mod:`bifente.apdu.declared.structures`."""

from datetime import date

from construct import (
    Byte,
    Bytes,
    Check,
    Const,
    Construct,
    ExprAdapter,
    ExprValidator,
    OneOf,
    Select,
    Sequence,
    Struct,
    Terminated,
)

_TWO_DIGITS = ExprAdapter(
    ExprValidator(Bytes(2), lambda digits, _: digits.isdigit()),
    lambda digits, _: int(digits),
    lambda number, _: b"%02d" % number,
)

CAR = Struct(
    Const(b"FR"),
    "domain" / OneOf(Bytes(1), (b"C", b"V")),
    "environment" / OneOf(Bytes(1), (b"T", b"P")),
    Const(b"BF"),
    "key_number" / _TWO_DIGITS,
    Terminated,
)


def _professional_or_not(cha: Construct) -> bool:
    codes = (cha.g02, cha.profession, cha.g04)
    return all(code == 0xFF for code in codes) if cha.domain == 2 else 0xFF not in codes


CHA = Struct(
    Const(b"\xf0"),
    "domain" / OneOf(Byte, (1, 2)),
    "g01" / Byte,
    "g02" / Byte,
    "profession" / Byte,
    "g04" / Byte,
    "usage" / OneOf(Byte, (1, 2)),
    Check(_professional_or_not),
    Terminated,
)

_DECIMAL = ExprAdapter(
    ExprValidator(Byte, lambda packed, _: packed >> 4 < 10 and packed & 0x0F < 10),
    lambda packed, _: 10 * (packed >> 4) + (packed & 0x0F),
    lambda number, _: number // 10 << 4 | number % 10,
)

CV_DATE = ExprAdapter(
    Sequence(_DECIMAL, _DECIMAL, _DECIMAL, Terminated),
    lambda parts, _: date(2000 + parts[0], parts[1], parts[2]),
    lambda day, _: (day.year - 2000, day.month, day.day, None),
)
"""Year in the century, month and day, in BCD; ValueError for a day that is not in the calendar."""

_OID = bytes.fromhex("2A8122F42A02040104")

CONTENT = Struct(
    "cpi" / Const(b"\xb0"),
    "car" / Bytes(8),
    "chr" / Bytes(12),
    "cha" / Bytes(7),
    "effective" / Bytes(3),
    "expiry" / Bytes(3),
    "oid" / Const(_OID),
    "n" / Bytes(256),
    "e" / Bytes(3),
    Terminated,
)
"""What a certificate of ours says, before its fields are looked at."""

ENVELOPE = Struct(
    Const(bytes.fromhex("7F21820162")),
    Const(bytes.fromhex("5F37820100")),
    "signature" / Bytes(256),
    Const(bytes.fromhex("5F3850")),
    "remainder" / Bytes(80),
    Const(bytes.fromhex("4208")),
    "car" / Bytes(8),
    Terminated,
)
"""One of our certificates as it travels."""


def dateless_content(modulus: int, exponent: int) -> Construct:
    """The real IAS ECC content, for a key whose modulus and exponent have so many bytes."""
    return Struct(
        Const(b"\x8a"),
        "car" / Bytes(8),
        "chr" / Bytes(12),
        "cha" / Bytes(7),
        Const(_OID),
        "n" / Bytes(modulus),
        "e" / Bytes(exponent),
        Terminated,
    )


# ISO/IEC 9796-2:2010 scheme 1, with SHA-256 and trailer BC: what a signature holds under the key.


def signed_block(size: int) -> Construct:
    """The block of a signature of *size* bytes. The message goes on outside (``6A``) or is whole (``4A``, ``4B``)."""
    room = size - 34
    tail = ("digest" / Bytes(32), Const(b"\xbc"), Terminated)
    padded = ExprAdapter(
        ExprValidator(Bytes(room), lambda raw, _: raw.lstrip(b"\xbb")[:1] == b"\xba"),
        lambda raw, _: raw.lstrip(b"\xbb")[1:],
        lambda message, _: (b"\xba" + message).rjust(room, b"\xbb"),
    )
    return Select(
        Struct("header" / Const(b"\x6a"), "message" / Bytes(room), *tail),
        Struct("header" / Const(b"\x4a"), "message" / Bytes(room), *tail),
        Struct("header" / Const(b"\x4b"), "message" / padded, *tail),
    )
