"""Mails of ours and of openssl, both ways: signed, enciphered, and both."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from mailbench import DOCTOR, NOW, NURSE, TEXT, CardAtHand, pem, text_of

from bifente.crypto import rsa
from bifente.crypto.cms import CipherName
from bifente.igc import Authority, IssuedCaisse
from bifente.mail import decrypt, encrypt, sign, verify


@pytest.fixture
def openssl(require_tool: Callable[[str], str], tmp_path: Path, trusted: Path) -> Callable[..., bytes]:
    """``openssl("cms", …, given=b"…")`` in a folder where the authorities are ``trusted.pem``."""
    program = require_tool("openssl")
    (tmp_path / "trusted.pem").write_bytes(trusted.read_bytes())

    def run(*arguments: str, given: bytes = b"", code: int = 0) -> bytes:
        done = subprocess.run(
            [program, *arguments], cwd=tmp_path, input=given, capture_output=True, timeout=20, check=False
        )
        assert done.returncode == code, done.stderr.decode()
        return done.stdout if code == 0 else done.stderr

    return run


@pytest.mark.parametrize("opaque", [False, True], ids=["clear", "opaque"])
def test_openssl_verifies_what_the_card_signs(
    openssl: Callable[..., bytes], doctor: CardAtHand, written: bytes, opaque: bool
) -> None:
    signed = sign(written, doctor.signer, when=NOW, opaque=opaque)
    content = openssl("cms", "-verify", "-CAfile", "trusted.pem", "-purpose", "any", given=signed)
    assert text_of(content) == TEXT
    assert b"Subject: =?utf-8?" in content  # the headers are signed


def test_openssl_finds_a_changed_byte(
    openssl: Callable[..., bytes], doctor: CardAtHand, written: bytes
) -> None:
    changed = sign(written, doctor.signer, when=NOW).replace(b"compte rendu", b"compte-rendu")
    openssl("cms", "-verify", "-CAfile", "trusted.pem", "-purpose", "any", given=changed, code=4)


@pytest.mark.parametrize("options", [(), ("-nodetach",), ("-md", "sha512"), ("-cades",)])
def test_we_verify_what_openssl_signs(
    openssl: Callable[..., bytes],
    caisse: IssuedCaisse,
    pooled_authority: Authority,
    tmp_path: Path,
    options: tuple[str, ...],
) -> None:
    (tmp_path / "signer.pem").write_bytes(pem(caisse.certificate))
    (tmp_path / "signer.key").write_bytes(rsa.private_pem(caisse.key))
    signed = openssl(
        *("cms", "-sign", "-text", "-signer", "signer.pem", "-inkey", "signer.key"),
        *("-from", "01349@349.01.rss.test", "-to", DOCTOR, "-subject", "Retour", *options),
        given="Bonjour, déjà réglé.\n".encode(),
    )
    found = verify(signed, pooled_authority.trust_store, NOW)
    assert (found.sender, found.named_by, found.headers_signed) == (
        "01349@349.01.rss.test",
        "certificate",
        False,
    )
    assert "déjà réglé".encode() in found.payload


@pytest.mark.parametrize("cipher", ["aes-128-cbc", "aes-256-cbc", "aes-128-gcm", "aes-256-gcm"])
def test_openssl_deciphers_ours_with_the_key_of_each_recipient(
    openssl: Callable[..., bytes],
    caisse: IssuedCaisse,
    nurse: CardAtHand,
    written: bytes,
    tmp_path: Path,
    cipher: CipherName,
) -> None:
    (tmp_path / "own.pem").write_bytes(pem(caisse.certificate))
    (tmp_path / "own.key").write_bytes(rsa.private_pem(caisse.key))
    sealed = encrypt(written, [nurse.decipher.certificate, caisse.certificate], cipher=cipher)
    assert b"sultats" not in sealed
    assert b"\r\nSubject: [...]\r\n" in sealed
    assert text_of(openssl("cms", "-decrypt", "-recip", "own.pem", "-inkey", "own.key", given=sealed)) == TEXT
    assert text_of(decrypt(sealed, nurse.decipher, nurse.decipher.certificate).message) == TEXT


@pytest.mark.parametrize("cipher", ["-aes128", "-aes256", "-aes-128-gcm", "-aes-256-gcm"])
def test_the_card_deciphers_what_openssl_enciphers(
    openssl: Callable[..., bytes], nurse: CardAtHand, tmp_path: Path, cipher: str
) -> None:
    (tmp_path / "to.pem").write_bytes(pem(nurse.decipher.certificate))
    sealed = openssl(
        *("cms", "-encrypt", "-text", cipher, "-from", DOCTOR, "-to", NURSE, "-subject", "Secret", "to.pem"),
        given="Bonjour, c'est privé.\n".encode(),
    )
    opened = decrypt(sealed, nurse.decipher, nurse.decipher.certificate)
    assert "c'est privé.".encode() in opened.message
    assert b"Subject: Secret" in opened.message
    assert opened.authenticated is cipher.endswith("gcm")


def test_signed_then_enciphered_by_us_is_read_by_openssl_and_by_us(
    openssl: Callable[..., bytes],
    doctor: CardAtHand,
    nurse: CardAtHand,
    caisse: IssuedCaisse,
    pooled_authority: Authority,
    written: bytes,
    tmp_path: Path,
) -> None:
    (tmp_path / "own.pem").write_bytes(pem(caisse.certificate))
    (tmp_path / "own.key").write_bytes(rsa.private_pem(caisse.key))
    recipients = [nurse.decipher.certificate, caisse.certificate]
    sealed = encrypt(written, recipients, signer=doctor.signer, when=NOW)
    inner = openssl("cms", "-decrypt", "-recip", "own.pem", "-inkey", "own.key", given=sealed)
    assert (
        text_of(openssl("cms", "-verify", "-CAfile", "trusted.pem", "-purpose", "any", given=inner)) == TEXT
    )
    opened = decrypt(sealed, nurse.decipher, nurse.decipher.certificate)
    assert opened.signed
    found = verify(opened.message, pooled_authority.trust_store, NOW)
    assert (found.sender, found.headers_signed, found.signed_at) == (DOCTOR, True, NOW)
    assert text_of(found.payload) == TEXT


def test_a_mail_of_eight_bits_is_rewritten_before_it_is_signed(
    openssl: Callable[..., bytes], doctor: CardAtHand
) -> None:
    raw = "From: alice@cabinet.example\nTo: guy@infirmier.example\nSubject: x\nMIME-Version: 1.0\n"
    raw += "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nDéjà réglé.\n"
    signed = sign(raw.encode(), doctor.signer, when=NOW)
    assert signed.isascii()
    content = openssl("cms", "-verify", "-CAfile", "trusted.pem", given=signed)
    assert text_of(content) == "Déjà réglé.\n"
