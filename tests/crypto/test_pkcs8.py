"""RSA private keys read without a library: the same numbers as the library's, and nothing of any other form."""

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from bifente.applets.perso.make.keys import fingerprint
from bifente.crypto import rsa
from bifente.crypto.pkcs8 import RsaNumbers, public_info, read_numbers


@pytest.mark.parametrize("at", range(3))
def test_the_numbers_are_those_that_the_library_reads(pooled_keys: list[RSAPrivateKey], at: int) -> None:
    key = pooled_keys[at]
    numbers = read_numbers(rsa.private_bytes(key))
    theirs = key.private_numbers()
    public = theirs.public_numbers
    assert numbers == (
        *(public.n, public.e, theirs.d, theirs.p, theirs.q),
        *(theirs.dmp1, theirs.dmq1, theirs.iqmp),
    )
    assert numbers is not None
    assert numbers.consistent
    info = public_info(numbers.n, numbers.e)
    assert info == key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert sha256(info).hexdigest() == fingerprint(key.public_key())


def test_no_number_of_a_key_shows(pooled_keys: list[RSAPrivateKey]) -> None:
    numbers = read_numbers(rsa.private_bytes(pooled_keys[0]))
    assert repr(numbers) == "RsaNumbers(2048 bits)"


@pytest.mark.parametrize("name", RsaNumbers._fields)
def test_a_number_that_does_not_belong_is_noticed(pooled_keys: list[RSAPrivateKey], name: str) -> None:
    numbers = read_numbers(rsa.private_bytes(pooled_keys[0]))
    assert numbers is not None
    assert not numbers._replace(**{name: getattr(numbers, name) + 2}).consistent


def test_what_is_not_plain_is_left_to_the_library(pooled_keys: list[RSAPrivateKey]) -> None:
    key = pooled_keys[0]
    plain = rsa.private_bytes(key)
    der = Encoding.DER
    others = {
        "PKCS #1": key.private_bytes(der, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
        "encrypted": key.private_bytes(der, PrivateFormat.PKCS8, BestAvailableEncryption(b"1234")),
        "PEM": rsa.private_pem(key),
        "elliptic curve": ec.generate_private_key(ec.SECP256R1()).private_bytes(
            der, PrivateFormat.PKCS8, NoEncryption()
        ),
        "followed by a byte": plain + b"\0",
        "version 1": plain.replace(b"\x02\x01\x00", b"\x02\x01\x01", 1),
    }
    assert {what for what, content in others.items() if read_numbers(content) is not None} == set()


def test_what_the_library_refuses_is_not_read_either(pooled_keys: list[RSAPrivateKey]) -> None:
    """Any cut and any changed byte of the frame: what is read here, the library reads as the same."""
    plain = rsa.private_bytes(pooled_keys[0])
    assert all(read_numbers(plain[:size]) is None for size in range(len(plain)))
    for at in range(40):
        for bit in range(8):
            changed = plain[:at] + bytes((plain[at] ^ 1 << bit,)) + plain[at + 1 :]
            numbers = read_numbers(changed)
            if numbers is not None:
                assert rsa.load_private(changed, validate=False).private_numbers().d == numbers.d
