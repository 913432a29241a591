"""Java's own tools with a CPS: keytool and jarsigner, through SunPKCS11 and OpenSC's module.

SunPKCS11 prefers a mechanism with hash, which OpenSC lists and then refuses for the authentication key: plain RSA is all
that the card's description allows. Told to leave those mechanisms alone, it hashes itself.
"""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from clients import PIN, Desk, Ended

ALIAS = "Certificat d'Authentification CPS"
SIGNATURE_ALIAS = "Certificat de Signature CPS"
HASHES = ("MD5", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512")
DISABLED = f"disabledMechanisms = {{ {' '.join(f'CKM_{each}_RSA_PKCS' for each in HASHES)} }}\n"


@pytest.fixture
def java(
    desk, opensc_module: str, tmp_path: Path, require_tool: Callable[[str], str]
) -> Callable[..., Ended]:
    made: Desk = desk("gp", "vitale-single")

    def run(tool: str, *arguments: str, settings: str = "", password: str = PIN) -> Ended:
        configuration = tmp_path / "pkcs11.cfg"
        configuration.write_text(f"name = CPS\nlibrary = {opensc_module}\nslotListIndex = 0\n{settings}")
        return made.run(
            *(require_tool(tool), "-J-Duser.language=en", "-keystore", "NONE", "-storetype", "PKCS11"),
            *("-providerClass", "sun.security.pkcs11.SunPKCS11", "-providerArg", str(configuration)),
            *("-storepass", password, *arguments),
            timeout=120,
        )

    return run


@pytest.fixture
def jar(tmp_path: Path) -> str:
    path = tmp_path / "a.jar"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bonjour.txt", "bonjour")
    return str(path)


def test_keytool_lists_both_keys(java):
    listed = java("keytool", "-list").ok()
    listed.says("contains 2 entries", f"^{ALIAS}, PrivateKeyEntry", f"^{SIGNATURE_ALIAS}, PrivateKeyEntry")


def test_a_wrong_pin_opens_no_keystore(java):
    java("keytool", "-list", password="0000").failed("CKR_PIN_INCORRECT|password was incorrect|load failed")


def test_jarsigner_signs_once_the_mechanisms_with_hash_are_disabled(java, jar: str, require_tool):
    refused = java("jarsigner", jar, ALIAS).failed("Initialization failed|unable to sign")
    assert not refused.asked("00880000"), "the card was asked for a signature"
    signed = java("jarsigner", jar, ALIAS, settings=DISABLED)
    assert signed.code == 0, str(signed)
    assert signed.asked("00880000"), str(signed)
    java("jarsigner", "-verify", jar).says("jar verified")


def test_the_signature_key_does_not_sign(java, jar: str):
    """OpenSC 0.23 refuses it by itself, whatever the setting: docs/clients.md, "Signature key"."""
    refused = java("jarsigner", jar, SIGNATURE_ALIAS, settings=DISABLED).failed("unable to sign")
    assert not refused.asked("002A"), str(refused)
