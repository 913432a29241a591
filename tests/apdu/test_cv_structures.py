"""What CV certificates are made of, held against the declarations: the same values and bytes, or both refuse."""

import hashlib
from collections.abc import Callable
from datetime import date
from typing import TypeVar

from construct import ConstructError
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu import ApduError
from bifente.apdu.cvc import (
    Car,
    Cha,
    CvContent,
    CvEnvelope,
    DatelessContent,
    decode_date,
    encode_date,
    recover,
)
from bifente.apdu.declared.cvstructures import (
    CAR,
    CHA,
    CONTENT,
    CV_DATE,
    ENVELOPE,
    dateless_content,
    signed_block,
)

Given = TypeVar("Given")
Value = TypeVar("Value")


def refused(act: Callable[[Given], Value], given: Given) -> Value | None:
    """What *act* gives, None when it refuses."""
    try:
        return act(given)
    except (ApduError, ConstructError, ValueError):
        return None


def near(*good: bytes) -> st.SearchStrategy[bytes]:
    """Garbage, and each of *good* with one byte changed, cut or with more behind it."""
    changed = st.builds(
        lambda raw, at, new: raw[:at] + new + raw[at + 1 :],
        st.sampled_from(good),
        st.integers(0, max(map(len, good))),
        st.binary(max_size=1),
    )
    cut = st.builds(lambda raw, size: raw[:size], st.sampled_from(good), st.integers(0, max(map(len, good))))
    return st.one_of(st.binary(max_size=10), changed, cut)


@given(near(b"FRCTBF01", b"FRVPBF99"))
def test_authority_references(raw: bytes) -> None:
    hand, told = refused(Car.parse, raw), refused(CAR.parse, raw)
    assert (hand is None) == (told is None)
    if hand is not None and told is not None:
        assert (hand.domain, hand.environment) == (told.domain.decode(), told.environment.decode())
        assert hand.key_number == told.key_number
        assert CAR.build(told) == hand.encode() == raw


@given(near(bytes.fromhex("F00180000A0001"), bytes.fromhex("F00280FFFFFF02")))
def test_holder_authorisations(raw: bytes) -> None:
    hand, told = refused(Cha.parse, raw), refused(CHA.parse, raw)
    assert (hand is None) == (told is None), raw.hex()
    if hand is not None and told is not None:
        for name in ("domain", "g01", "g02", "profession", "g04", "usage"):
            assert getattr(hand, name) == told[name]
        assert CHA.build(told) == hand.encode() == raw


@given(near(bytes.fromhex("260131"), bytes.fromhex("000229"), bytes.fromhex("991231")))
def test_dates(raw: bytes) -> None:
    assert refused(decode_date, raw) == refused(CV_DATE.parse, raw)


@given(st.dates(date(1990, 1, 1), date(2110, 12, 31)))
def test_days(day: date) -> None:
    assert refused(encode_date, day) == refused(CV_DATE.build, day)


MODULUS = (1 << 2047 | 1).to_bytes(256)
GOOD_CONTENT = CONTENT.build(
    {
        "car": b"FRCTBF01",
        "chr": bytes(12),
        "cha": bytes.fromhex("F00180000A0001"),
        "effective": bytes.fromhex("260101"),
        "expiry": bytes.fromhex("281231"),
        "n": MODULUS,
        "e": b"\x01\x00\x01",
    }
)
GOOD_ENVELOPE = ENVELOPE.build({"signature": b"s" * 256, "remainder": b"r" * 80, "car": b"FRCTBF01"})


@given(near(GOOD_CONTENT) | st.sampled_from([GOOD_CONTENT, GOOD_CONTENT + b"\0"]))
def test_contents(raw: bytes) -> None:
    """The fields of a content are judged one by one by the codecs above: what is refused beyond is not its layout."""
    hand, told = refused(CvContent.parse, raw), refused(CONTENT.parse, raw)
    if hand is not None:
        assert told is not None
        assert hand.encode() == CONTENT.build(told) == raw
        assert (hand.car.encode(), hand.chr, hand.cha.encode()) == (told.car, told.chr, told.cha)
        assert (encode_date(hand.effective), encode_date(hand.expiry)) == (told.effective, told.expiry)
        assert (hand.n, hand.e) == (int.from_bytes(told.n), int.from_bytes(told.e))
    elif told is not None:
        fields = (refused(Car.parse, told.car), refused(Cha.parse, told.cha))
        days = (refused(decode_date, told.effective), refused(decode_date, told.expiry))
        n, e = int.from_bytes(told.n), int.from_bytes(told.e)
        sound = None not in (*fields, *days) and days[0] <= days[1] and n >> 2047 and n & 1 and e == 65537
        assert not sound, raw.hex()


@given(near(GOOD_ENVELOPE) | st.sampled_from([GOOD_ENVELOPE, GOOD_ENVELOPE + b"\0"]))
def test_envelopes(raw: bytes) -> None:
    hand, told = refused(CvEnvelope.parse, raw), refused(ENVELOPE.parse, raw)
    assert (hand is None) == (told is None)
    if hand is not None and told is not None:
        assert (hand.signature, hand.remainder, hand.car) == (told.signature, told.remainder, told.car)
        assert hand.encode() == ENVELOPE.build(told) == raw


@given(
    near(
        dateless_content(64, 3).build(
            {"car": b"c" * 8, "chr": b"h" * 12, "cha": b"a" * 7, "n": b"n" * 64, "e": b"\1\0\1"}
        )
    )
)
def test_dateless_contents(raw: bytes) -> None:
    hand = refused(lambda data: DatelessContent.parse(data, 64), raw)
    told = refused(dateless_content(64, len(raw) - 101).parse, raw) if 1 <= len(raw) - 101 <= 4 else None
    assert (hand is None) == (told is None)
    if hand is not None and told is not None:
        assert (hand.car, hand.chr, hand.cha) == (told.car, told.chr, told.cha)
        assert (hand.n, hand.e) == (int.from_bytes(told.n), int.from_bytes(told.e))


class OneToOne:
    """A key whose public operation changes nothing, so that a signature is its block."""

    size = 64
    n, e = (1 << 8 * size) - 1, 1


@given(
    message=st.binary(min_size=OneToOne.size - 34, max_size=80),
    change=st.sampled_from([None, 0, 1, 33, -33, -2, -1]),
    value=st.integers(0, 255),
)
def test_signed_contents(message: bytes, change: int | None, value: int) -> None:
    """The certificates know the form whose message goes on outside, or would."""
    told = signed_block(OneToOne.size)
    head, rest = message[: OneToOne.size - 34], message[OneToOne.size - 34 :]
    fields = {"header": b"\x6a", "message": head, "digest": hashlib.sha256(message).digest()}
    block = bytearray(told.build(fields))
    if change is not None:
        block[change] = value
    parsed = refused(told.parse, bytes(block))
    expected = None
    if parsed is not None and parsed.header == b"\x6a":
        content = parsed.message + rest
        expected = content if hashlib.sha256(content).digest() == parsed.digest else None
    envelope = CvEnvelope(bytes(block), rest, b"")
    assert refused(lambda given: recover(given, OneToOne.n, OneToOne.e), envelope) == expected
