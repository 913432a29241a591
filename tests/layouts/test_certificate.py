"""Certificates in words are those that ``cryptography`` reads, and what is not a usual one is left to it."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import example, given
from hypothesis import strategies as st

from bifente.layouts.codecs.certificate import read_certificate
from bifente.layouts.errors import LayoutError

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
KINDS = [
    NameOID.COMMON_NAME,
    NameOID.SURNAME,
    NameOID.GIVEN_NAME,
    NameOID.TITLE,
    NameOID.ORGANIZATION_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.LOCALITY_NAME,
    NameOID.STATE_OR_PROVINCE_NAME,
    NameOID.STREET_ADDRESS,
    NameOID.USER_ID,
    x509.ObjectIdentifier("1.2.250.1.71.4.2.7"),
]
SHORT = {NameOID.SURNAME: "SN", NameOID.GIVEN_NAME: "GN", NameOID.TITLE: "title"}
TEXTS = st.text(st.sampled_from('aZé œ#,+"\\<>;=日 \0'), min_size=1, max_size=12)
ATTRIBUTES = st.builds(x509.NameAttribute, st.sampled_from(KINDS), TEXTS) | st.builds(
    x509.NameAttribute,
    st.sampled_from([NameOID.DOMAIN_COMPONENT, NameOID.SERIAL_NUMBER]),
    st.text("abZ019", min_size=1, max_size=8),
)
NAMES = st.lists(
    st.lists(ATTRIBUTES, min_size=1, max_size=2, unique_by=lambda one: (one.oid, one.value)).map(
        x509.RelativeDistinguishedName
    ),
    max_size=4,
).map(x509.Name)
MOMENTS = st.datetimes(datetime(1951, 1, 1), datetime(2090, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)


def certificate(subject: x509.Name, issuer: x509.Name, begin: datetime, serial: int = 1) -> x509.Certificate:
    return (
        x509.CertificateBuilder(issuer, subject, KEY.public_key(), serial, begin, begin + timedelta(900))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(KEY, None)
    )


def named(*texts: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text) for text in texts])


@given(NAMES, NAMES, MOMENTS, st.integers(1, (1 << 159) - 1))
@example(named(" ", "  ", "#", " # "), named("\\", "\\ ", "a "), datetime(2000, 1, 1, tzinfo=UTC), 1)
def test_a_certificate_reads_as_cryptography_reads_it(
    subject: x509.Name, issuer: x509.Name, begin: datetime, serial: int
) -> None:
    made = certificate(subject, issuer, begin, serial)
    read = read_certificate(made.public_bytes(Encoding.DER))
    assert read.subject == made.subject.rfc4514_string(SHORT)
    assert read.issuer == made.issuer.rfc4514_string(SHORT)
    assert read.serial == made.serial_number
    assert (read.not_before, read.not_after) == (made.not_valid_before_utc, made.not_valid_after_utc)


USUAL = certificate(
    x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "899700012345")]),
    x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TEST AC")]),
    datetime(2026, 1, 31, tzinfo=UTC),
).public_bytes(Encoding.DER)


@given(st.integers(0, len(USUAL) - 1), st.integers(0, 255))
@example(10, 1)  # a version that there is not
def test_a_spoiled_certificate_is_refused_or_reads_the_same(at: int, value: int) -> None:
    data = USUAL[:at] + bytes((value,)) + USUAL[at + 1 :]
    try:
        read = read_certificate(data)
    except LayoutError:
        return
    try:
        made = x509.load_der_x509_certificate(data)
        theirs = made.subject.rfc4514_string(SHORT), made.issuer.rfc4514_string(SHORT), made.serial_number
    except ValueError:
        return
    assert (read.subject, read.issuer, read.serial) == theirs


@pytest.mark.parametrize("data", [b"", b"\0", USUAL[:-1], USUAL + b"\0", USUAL[4:], b"\x30\x00", b"\x05\x00"])
def test_what_is_not_a_certificate(data: bytes) -> None:
    with pytest.raises(LayoutError):
        read_certificate(data)


def test_a_name_with_something_else_than_text_is_not_a_usual_one() -> None:
    unique = x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, b"\1\2", x509.name._ASN1Type.BitString)
    made = certificate(x509.Name([unique]), x509.Name([]), datetime(2026, 1, 31, tzinfo=UTC))
    with pytest.raises(LayoutError):
        read_certificate(made.public_bytes(Encoding.DER))
