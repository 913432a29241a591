"""Card-verifiable certificates: layout, refusals, and that nothing but the original passes."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu import ApduError
from bifente.apdu.cvc import (
    ENVELOPE_SIZE,
    Car,
    Cha,
    ChaPattern,
    CvContent,
    CvEnvelope,
    CvError,
    CvKey,
    CvReason,
    DatelessContent,
    decode_date,
    encode_date,
    recover,
    verify,
)

OID = bytes.fromhex("2A8122F42A02040104")  # italia/cie-middleware-linux, IAS.cpp
DOCTOR = Cha(domain=1, g01=0x80, g02=0, profession=10, g04=0, usage=1)
MODULUS = int.from_bytes(b"\xc1" + bytes(range(1, 255)) + b"\x01")


@pytest.fixture(scope="module")
def authority() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def n(authority: RSAPrivateKey) -> int:
    return authority.public_key().public_numbers().n


def content(**changes: object) -> CvContent:
    made = CvContent(
        Car("C", "T"), bytes(2) + b"0123456789", DOCTOR, date(2026, 1, 31), date(2029, 1, 30), MODULUS
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def signed(key: RSAPrivateKey, raw: bytes, *, head: int = 0x6A, tail: int = 0xBC) -> tuple[bytes, bytes]:
    """Signature and remainder of a content, by hand: nothing of the project's signer is used."""
    numbers = key.private_numbers()
    size = key.key_size // 8
    block = bytes((head,)) + raw[: size - 34] + hashlib.sha256(raw).digest() + bytes((tail,))
    power = pow(int.from_bytes(block), numbers.d, numbers.public_numbers.n)
    return power.to_bytes(size), raw[size - 34 :]


@pytest.fixture(scope="module")
def envelope(authority: RSAPrivateKey) -> CvEnvelope:
    return CvEnvelope(*signed(authority, content().encode()), b"FRCTBF01")


def refused(envelope: CvEnvelope, n: int, car: bytes = b"FRCTBF01") -> CvReason:
    with pytest.raises(CvError) as caught:
        verify(envelope, CvKey(car, n, 65537))
    return caught.value.reason


def test_the_content_stands_byte_for_byte_where_the_layout_says() -> None:
    raw = content().encode()
    assert len(raw) == 302
    assert raw == (
        b"\xb0"
        b"FRCTBF01"
        b"\0\x000123456789"
        + bytes.fromhex("F001800 00A0001".replace(" ", ""))
        + bytes.fromhex("260131 290130")
        + OID
        + MODULUS.to_bytes(256)
        + b"\x01\x00\x01"
    )
    assert CvContent.parse(raw) == content()


def test_the_envelope_has_359_bytes_and_the_three_data_objects(envelope: CvEnvelope, n: int) -> None:
    raw = envelope.encode()
    assert len(raw) == ENVELOPE_SIZE == 359
    assert raw[:10].hex() == "7f218201625f37820100"
    assert raw[266:269].hex() == "5f3850"
    assert raw[349:] == b"\x42\x08FRCTBF01"
    assert CvEnvelope.parse(raw) == envelope
    assert verify(envelope, CvKey(b"FRCTBF01", n, 65537)) == content()


def test_no_single_flipped_bit_passes(envelope: CvEnvelope, n: int) -> None:
    raw = envelope.encode()
    for position in range(len(raw)):
        broken = bytearray(raw)
        broken[position] ^= 1 << position % 8
        with pytest.raises(CvError):
            verify(CvEnvelope.parse(bytes(broken)), CvKey(b"FRCTBF01", n, 65537))


def test_truncation_and_extension_are_malformed(envelope: CvEnvelope) -> None:
    whole = envelope.encode()
    for raw in [whole[:size] for size in range(len(whole))] + [whole + b"\0"]:
        with pytest.raises(CvError) as caught:
            CvEnvelope.parse(raw)
        assert caught.value.reason is CvReason.MALFORMED
    inner = content().encode()
    for raw in [inner[:size] for size in range(len(inner))] + [inner + b"\0"]:
        with pytest.raises(CvError):
            CvContent.parse(raw)


@given(st.binary(max_size=400))
def test_garbage_raises_only_the_codecs_error(raw: bytes) -> None:
    parsers: list[Callable[[bytes], object]] = [
        CvEnvelope.parse,
        CvContent.parse,
        Car.parse,
        Cha.parse,
        lambda data: DatelessContent.parse(data, 128),
    ]
    for parse in parsers:
        with pytest.raises(ApduError):
            parse(raw)


@given(st.binary(max_size=6))
def test_a_date_is_read_or_refused(raw: bytes) -> None:
    try:
        day = decode_date(raw)
    except ApduError:
        return
    assert encode_date(day) == raw


DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
BYTE = st.integers(0, 254)
CPS_CHAS = st.builds(Cha, st.just(1), BYTE, BYTE, BYTE, BYTE, st.sampled_from((1, 2)))
CONTENTS = st.builds(
    lambda car, chr_, cha, days, n: CvContent(car, chr_, cha, min(days), max(days), n | 1 << 2047 | 1),
    st.builds(Car, st.sampled_from("CV"), st.sampled_from("TP"), st.integers(0, 99)),
    st.binary(min_size=12, max_size=12),
    CPS_CHAS | st.builds(Cha.vitale, st.integers(0, 255), st.sampled_from((1, 2))),
    st.tuples(DAYS, DAYS),
    st.integers(0, (1 << 2048) - 1),
)


@given(CONTENTS)
def test_contents_round_trip(made: CvContent) -> None:
    raw = made.encode()
    assert CvContent.parse(raw) == made
    for size in range(len(raw)):
        with pytest.raises(CvError):
            CvContent.parse(raw[:size])


@given(*(st.binary(min_size=size, max_size=size) for size in (256, 80, 8)))
def test_envelopes_round_trip(signature: bytes, remainder: bytes, car: bytes) -> None:
    made = CvEnvelope(signature, remainder, car)
    raw = made.encode()
    assert CvEnvelope.parse(raw) == made
    for size in range(len(raw)):
        with pytest.raises(CvError):
            CvEnvelope.parse(raw[:size])


@given(DAYS)
def test_dates_are_three_bcd_bytes(day: date) -> None:
    assert encode_date(day).hex() == f"{day:%y%m%d}"
    assert decode_date(encode_date(day)) == day


@pytest.mark.parametrize("raw", ["260230", "261301", "260100", "26013A", "2601", "26010100"])
def test_days_that_are_none_are_malformed(raw: str) -> None:
    with pytest.raises(CvError) as caught:
        decode_date(bytes.fromhex(raw))
    assert caught.value.reason is CvReason.MALFORMED


@pytest.mark.parametrize("day", [date(1999, 12, 31), date(2100, 1, 1)])
def test_dates_outside_the_century_are_not_written(day: date) -> None:
    with pytest.raises(CvError):
        encode_date(day)


@pytest.mark.parametrize(
    "raw", [b"FRCTBF1", b"FRCTBF001", b"FRXTBF01", b"FRCXBF01", b"DECTBF01", b"FRCTXX01", b"FRCTBF0A"]
)
def test_references_of_other_forms_are_malformed(raw: bytes) -> None:
    with pytest.raises(CvError) as caught:
        Car.parse(raw)
    assert caught.value.reason is CvReason.MALFORMED


@pytest.mark.parametrize(
    "raw",
    [
        "F10180000A0001",  # another prefix
        "F00380000A0001",  # domain 03
        "F00180000A0003",  # usage 03
        "F00280000A0001",  # a Vitale with codes of a professional
        "F00180FF0A0001",  # a professional without type
        "F00180000A00",
        "F00180000A000100",
    ],
)
def test_authorisations_of_other_forms_are_malformed(raw: str) -> None:
    with pytest.raises(CvError) as caught:
        Cha.parse(bytes.fromhex(raw))
    assert caught.value.reason is CvReason.MALFORMED


def test_the_vitale_has_ff_for_what_only_a_professional_has() -> None:
    assert Cha.vitale(0x80).encode().hex() == "f00280ffffff01"
    assert Cha.vitale(0x00, usage=2).encode().hex() == "f00200ffffff02"


def test_patterns_match_fields_and_always_the_type() -> None:
    doctor = ChaPattern(domain=1, g02=0, profession=10)
    student = replace(DOCTOR, g02=1)
    assert doctor.matches(DOCTOR)
    assert not doctor.matches(student), "profession 10 of a student (G16) is not a doctor (G15)"
    assert not doctor.matches(replace(DOCTOR, profession=21))
    assert not doctor.matches(replace(DOCTOR, usage=2))
    assert not doctor.matches(Cha.vitale(0x80))
    anyone = ChaPattern(domain=1, g02=0)
    assert anyone.matches(DOCTOR)
    assert anyone.matches(replace(DOCTOR, profession=60, g04=2))
    assert not anyone.matches(student)
    director = ChaPattern(domain=1, g02=2, g04=1, g01=0x80)
    assert director.matches(Cha(1, 0x80, 2, 0, 1, 1))
    assert not director.matches(Cha(1, 0x80, 2, 0, 0, 1))
    assert not director.matches(Cha(1, 0x00, 2, 0, 1, 1))
    assert str(doctor) == "F001..000A..01"
    assert str(ChaPattern(domain=1, g02=0, profession=0, g04=0, g01=0)) == "F0010000000001", (
        "0 is not a wildcard"
    )
    assert not ChaPattern(domain=1, g02=0, profession=0).matches(DOCTOR)


def test_another_authority_is_unknown(envelope: CvEnvelope, n: int) -> None:
    assert refused(envelope, n, b"FRCPBF01") is CvReason.UNKNOWN_CAR


def test_the_wrong_key_does_not_open_it(envelope: CvEnvelope) -> None:
    other = generate_private_key(65537, 2048).public_key().public_numbers().n
    assert refused(envelope, other) is CvReason.BAD_SIGNATURE


def test_a_signature_not_below_the_modulus_is_bad(envelope: CvEnvelope, n: int) -> None:
    assert refused(replace(envelope, signature=b"\xff" * 256), n) is CvReason.BAD_SIGNATURE


@pytest.mark.parametrize(("head", "tail"), [(0x6B, 0xBC), (0x4A, 0xBC), (0x6A, 0xCC), (0x6A, 0xBD)])
def test_header_and_trailer_are_exact(authority: RSAPrivateKey, n: int, head: int, tail: int) -> None:
    made = CvEnvelope(*signed(authority, content().encode(), head=head, tail=tail), b"FRCTBF01")
    assert refused(made, n) is CvReason.BAD_SIGNATURE


def test_a_foreign_remainder_is_bad(authority: RSAPrivateKey, envelope: CvEnvelope, n: int) -> None:
    other = signed(authority, content(n=MODULUS ^ 2).encode())
    assert refused(replace(envelope, remainder=other[1]), n) is CvReason.BAD_SIGNATURE


def test_wrong_lengths_are_malformed(envelope: CvEnvelope, n: int) -> None:
    assert refused(replace(envelope, remainder=envelope.remainder[:-1]), n) is CvReason.MALFORMED
    assert refused(replace(envelope, signature=envelope.signature[:-1]), n) is CvReason.MALFORMED
    assert refused(envelope, n >> 8) is CvReason.MALFORMED
    with pytest.raises(CvError):
        replace(envelope, remainder=b"").encode()


def patched(offset: int, replacement: bytes) -> bytes:
    raw = content().encode()
    return raw[:offset] + replacement + raw[offset + len(replacement) :]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param(patched(0, b"\x8a"), CvReason.MALFORMED, id="CPI"),
        pytest.param(patched(37, b"\x05"), CvReason.MALFORMED, id="OID"),
        pytest.param(
            patched(28, b"\x25\x12\x31\x25\x12\x30"), CvReason.MALFORMED, id="ends before it begins"
        ),
        pytest.param(patched(1, b"FRCTBF02"), CvReason.CAR_MISMATCH, id="inner CAR"),
        pytest.param(patched(43, b"\x41"), CvReason.KEY, id="2047 bits"),
        pytest.param(patched(298, b"\x02"), CvReason.KEY, id="even modulus"),
        pytest.param(patched(299, b"\0\0\x03"), CvReason.KEY, id="e = 3"),
        pytest.param(patched(21, Cha.vitale(0x80).encode()), CvReason.DOMAIN, id="C certifies a Vitale"),
        pytest.param(
            patched(23, b"\0"), CvReason.ENVIRONMENT, id="T certifies a card that is not a test card"
        ),
    ],
)
def test_what_the_authority_must_not_sign_is_refused_all_the_same(
    authority: RSAPrivateKey, n: int, raw: bytes, reason: CvReason
) -> None:
    assert refused(CvEnvelope(*signed(authority, raw), b"FRCTBF01"), n) is reason


def test_a_production_authority_does_not_certify_test_cards(authority: RSAPrivateKey, n: int) -> None:
    car = Car("C", "P")
    for category, good in ((0x00, True), (0x80, False)):
        made = content(car=car, cha=replace(DOCTOR, g01=category))
        envelope = CvEnvelope(*signed(authority, made.encode()), car.encode())
        if good:
            assert verify(envelope, CvKey(car.encode(), n, 65537)) == made
        else:
            assert refused(envelope, n, car.encode()) is CvReason.ENVIRONMENT


@pytest.mark.parametrize("size", [192, 256])
def test_the_real_dateless_layout_is_read_and_not_accepted(
    authority: RSAPrivateKey, n: int, size: int
) -> None:
    raw = (
        b"\x8a"
        b"ITCIECA1"
        + bytes(4)
        + b"SN.IFD.1"
        + bytes.fromhex("A0000000308001")
        + OID
        + b"\xc1" * size
        + b"\1\0\1"
    )
    signature, remainder = signed(authority, raw)
    envelope = CvEnvelope(signature, remainder, b"ITCIECA1")
    assert recover(envelope, n, 65537) == raw
    dateless = DatelessContent.parse(raw, size)
    assert (dateless.car, dateless.chr[4:], dateless.e) == (b"ITCIECA1", b"SN.IFD.1", 65537)
    assert dateless.n == int.from_bytes(b"\xc1" * size)
    assert refused(envelope, n, b"ITCIECA1") is CvReason.MALFORMED
