"""The same clients behind a real pcscd: our cards come through the packaged vpcd driver."""

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clients import AUTHENTICATION, PIN, card, certificate
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from pcscd import Pcscd, isolated_pcscd, unavailable

from bifente.reader.vpcd import VpcdSettings, serve_vpcd

WAITING = Path(__file__).parents[1] / "reader" / "clients" / "vpcd_client.py"
PREFIX_SHA256 = bytes.fromhex("3031300D060960864801650304020105000420")


@pytest.fixture
def pcscd(require_tool: Callable[[str], str]) -> Iterator[Pcscd]:
    reason = unavailable()
    if reason is not None:
        pytest.skip(reason)
    for name in ("pcscd", "vpcd-config", "pkcs15-tool", "pkcs11-tool"):
        require_tool(name)
    with isolated_pcscd() as daemon:
        cards = (card("gp"), card("vitale-single"))
        with daemon.inside(lambda: serve_vpcd(cards, VpcdSettings(retry=0.05))):
            for slot in ("00", "01"):
                # pcscd looks for cards every 400 ms; this program waits until it has seen one.
                _ok(daemon.run(sys.executable, str(WAITING), "atr", f"Virtual PCD 00 {slot}"))
            yield daemon


def _ok(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 0, done
    return done.stdout + done.stderr


def test_opensc_changes_the_pin_signs_and_decrypts(pcscd: Pcscd, opensc_module: str, tmp_path: Path):
    assert "CPS_PRIV_AUT" in _ok(pcscd.run("pkcs15-tool", "--dump"))
    _ok(pcscd.run("pkcs15-tool", "--change-pin", "--pin", PIN, "--new-pin", "112358"))
    pkcs11 = ("pkcs11-tool", "--module", opensc_module, "--login", "--pin", "112358", "--id", AUTHENTICATION)

    message = b"through pcscd"
    digest = tmp_path / "digest"
    digest.write_bytes(PREFIX_SHA256 + hashlib.sha256(message).digest())
    signature = tmp_path / "signature"
    _ok(pcscd.run(*pkcs11, "--sign", "-m", "RSA-PKCS", "-i", str(digest), "-o", str(signature)))
    public = certificate("gp").public_key()
    assert isinstance(public, RSAPublicKey)
    public.verify(signature.read_bytes(), message, padding.PKCS1v15(), SHA256())

    cipher, plain = tmp_path / "cipher", tmp_path / "plain"
    cipher.write_bytes(public.encrypt(message, padding.PKCS1v15()))
    _ok(pcscd.run(*pkcs11, "--decrypt", "-m", "RSA-PKCS", "-i", str(cipher), "-o", str(plain)))
    assert plain.read_bytes() == message
