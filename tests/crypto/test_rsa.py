"""The card's own RSA: padding of any bytes, finished digests, decryption, keys."""

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from hypothesis import given
from hypothesis import strategies as st

from bifente.crypto import rsa
from bifente.crypto.errors import CryptoError

SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")  # RFC 8017 §9.2, note 1


def opened(n: int, signature: bytes) -> bytes:
    return pow(int.from_bytes(signature), 65537, n).to_bytes(256)


@pytest.mark.parametrize("size", [0, 1, 20, 51, 102, 103, 245])
@pytest.mark.parametrize("library", [True, False])
def test_any_bytes_get_type_1_padding(
    key: RSAPrivateKey, n: int, size: int, library: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not library:
        monkeypatch.setattr(rsa, "_UNPREFIXED", None)
    data = b"\xa5" * size
    block = opened(n, rsa.sign_padded(key, data))
    assert block == b"\0\1" + b"\xff" * (253 - size) + b"\0" + data


def test_more_bytes_than_the_padding_allows_are_refused(key: RSAPrivateKey) -> None:
    with pytest.raises(CryptoError):
        rsa.sign_padded(key, bytes(246))


def test_a_digest_is_signed_as_its_digest_info(key: RSAPrivateKey, n: int) -> None:
    digest = hashlib.sha256(b"feuille").digest()
    signature = rsa.sign_digest(key, "sha256", digest)
    assert signature == rsa.sign_padded(key, SHA256_INFO + digest)
    sha1 = opened(n, rsa.sign_digest(key, "sha1", bytes(20)))
    assert sha1.endswith(bytes.fromhex("003021300906052b0e03021a05000414") + bytes(20))
    for wrong in (digest[:-1], digest + b"\0", b""):
        with pytest.raises(CryptoError):
            rsa.sign_digest(key, "sha256", wrong)


def test_openssl_accepts_the_signature(
    key: RSAPrivateKey, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    public = tmp_path / "public.pem"
    public.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    (tmp_path / "data").write_bytes(b"feuille")
    (tmp_path / "signature").write_bytes(rsa.sign_digest(key, "sha256", hashlib.sha256(b"feuille").digest()))
    command = [require_tool("openssl"), "dgst", "-sha256", "-verify", str(public)]
    command += ["-signature", str(tmp_path / "signature"), str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "Verified OK")


def test_what_was_encrypted_for_the_key_comes_back(key: RSAPrivateKey) -> None:
    cryptogram = key.public_key().encrypt(b"clef de session", padding.PKCS1v15())
    assert rsa.decrypt(key, cryptogram) == b"clef de session"


def test_a_wrong_padding_teaches_nothing(key: RSAPrivateKey, n: int) -> None:
    block = b"\0\1" + b"\xff" * 200 + b"\0" + b"x" * 53
    cryptogram = pow(int.from_bytes(block), 65537, n).to_bytes(256)
    assert rsa.decrypt(key, cryptogram) != b"x" * 53


def test_cryptograms_that_cannot_be_the_keys_are_refused(key: RSAPrivateKey) -> None:
    for wrong in (b"", bytes(255), bytes(257), b"\xff" * 256):
        with pytest.raises(CryptoError):
            rsa.decrypt(key, wrong)


def test_the_bare_operation_is_bounded_by_the_modulus(key: RSAPrivateKey, n: int) -> None:
    assert pow(rsa.apply_private(key, 12345), 65537, n) == 12345
    for wrong in (n, n + 1, -1):
        with pytest.raises(CryptoError):
            rsa.apply_private(key, wrong)


@pytest.mark.parametrize("validate", [True, False])
def test_keys_round_trip(key: RSAPrivateKey, validate: bool) -> None:
    assert (
        rsa.load_private(rsa.private_bytes(key), validate=validate).private_numbers() == key.private_numbers()
    )
    assert (
        rsa.load_private_pem(rsa.private_pem(key), validate=validate).private_numbers()
        == key.private_numbers()
    )


def test_what_is_no_rsa_key_is_refused(key: RSAPrivateKey) -> None:
    der, pkcs8 = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    whole = rsa.private_bytes(key)
    curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(der, pkcs8, plain)
    locked = key.private_bytes(der, pkcs8, serialization.BestAvailableEncryption(b"1234"))
    for wrong in (b"", b"\x30\x00", whole[:-1], whole[:100], curve, locked):
        with pytest.raises(CryptoError) as caught:
            rsa.load_private(wrong)
        assert caught.value.__cause__ is None
        with pytest.raises(CryptoError):
            rsa.load_private_pem(wrong)


def test_a_key_cut_at_each_byte_is_refused(key: RSAPrivateKey) -> None:
    whole = rsa.private_bytes(key)
    for size in range(len(whole)):
        with pytest.raises(CryptoError):
            rsa.load_private(whole[:size])


@given(
    st.binary(max_size=200) | st.binary(max_size=80).map(lambda rest: b"\x30" + bytes((len(rest),)) + rest)
)
def test_garbage_is_no_key(data: bytes) -> None:
    for load in (rsa.load_private, rsa.load_private_pem):
        with pytest.raises(CryptoError):
            load(data)


def test_numbers_that_are_no_key_are_refused() -> None:
    with pytest.raises(CryptoError):
        rsa.public_key(4, 2)
