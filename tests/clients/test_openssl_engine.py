"""OpenSSL with the keys of a card, through the PKCS#11 engine and OpenSC: CMS, and TLS as a client."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from clients import (
    AUTHENTICATION,
    PIN,
    SIGNATURE,
    Desk,
    Ended,
    certificate,
    engine_settings,
    pkcs11_uri,
    tries_left,
)
from cryptography import x509
from issued import authority
from loopback import ServerAuthority, daemon, pem

from bifente.igc import Gamme

TEXT = b"Bilan sanguin du 12/13/2025 : rien \xc3\xa0 signaler.\n"


@pytest.fixture
def settings(tmp_path: Path, engine: str, opensc_module: str) -> Mapping[str, str]:
    (tmp_path / "text").write_bytes(TEXT)
    (tmp_path / "chain.pem").write_bytes(b"".join(authority().chain_pem(gamme) for gamme in Gamme))
    return engine_settings(tmp_path, engine, opensc_module)


def _sign(made: Desk, settings: Mapping[str, str], key: str, pin: str = PIN) -> Ended:
    return made.run(
        *("openssl", "cms", "-sign", "-binary", "-nodetach", "-md", "sha256", "-in", "text"),
        *("-signer", "signer.pem", "-certfile", "chain.pem", "-engine", "pkcs11", "-keyform", "engine"),
        *("-inkey", pkcs11_uri(key, "private", pin=pin), "-outform", "DER", "-out", "signed"),
        environment=settings,
    )


@pytest.mark.parametrize("profile", ["gp", "student-cpf", "hospital-cpe"])
def test_a_cms_signature_with_the_authentication_key(desk, settings, tmp_path: Path, profile: str):
    made = desk(profile)
    (tmp_path / "signer.pem").write_bytes(pem(certificate(profile)))
    _sign(made, settings, AUTHENTICATION).ok()
    verify = ("openssl", "cms", "-verify", "-inform", "DER", "-CAfile", "chain.pem", "-purpose", "any")
    verified = made.run(*verify, "-in", "signed", "-out", "seen").ok().says("Verification successful")
    assert (tmp_path / "seen").read_bytes() == TEXT, str(verified)

    altered = (tmp_path / "signed").read_bytes().replace(b"12/13/2025", b"12/13/2024")
    (tmp_path / "altered").write_bytes(altered)
    made.run(*verify, "-in", "altered").failed("Verification failure")


def test_a_cms_envelope_is_opened_with_the_authentication_key(desk, settings, tmp_path: Path):
    made = desk("gp", "vitale-single")
    (tmp_path / "holder.pem").write_bytes(pem(certificate("gp")))
    encrypt = ("openssl", "cms", "-encrypt", "-aes-128-cbc", "-binary", "-in", "text", "-outform", "DER")
    made.run(*encrypt, "-out", "enveloped", "holder.pem").ok()
    decrypt = ("openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", "enveloped")
    key = ("-engine", "pkcs11", "-keyform", "engine", "-inkey")
    opened = made.run(
        *(*decrypt, "-recip", "holder.pem", *key, pkcs11_uri(AUTHENTICATION, "private", pin=PIN)),
        *("-out", "opened"),
        environment=settings,
    ).ok()
    assert (tmp_path / "opened").read_bytes() == TEXT
    assert opened.asked("00C0000010 -> " + 32 * "*" + "9000"), str(opened)


def test_a_wrong_pin_signs_nothing(desk, settings, tmp_path: Path):
    made = desk("gp")
    (tmp_path / "signer.pem").write_bytes(pem(certificate("gp")))
    _sign(made, settings, AUTHENTICATION, pin="0000").failed("Login failed|login|PIN")
    assert tries_left(made) == 2
    assert not (tmp_path / "signed").exists() or not (tmp_path / "signed").read_bytes()


def test_the_signature_key_is_refused_by_opensc_itself(desk, settings, tmp_path: Path, opensc_release: str):
    """Its driver declares no plain RSA for keys of non-repudiation: the engine finds no mechanism."""
    if opensc_release != "0.23":
        pytest.skip(f"known of OpenSC 0.23; this is {opensc_release}")
    made = desk("gp")
    (tmp_path / "signer.pem").write_bytes(pem(certificate("gp", "D001")))
    refused = _sign(made, settings, SIGNATURE).failed("Mechanism invalid")
    assert not refused.asked("002A", "0088", "0022"), str(refused)


@pytest.fixture
def tls_server(tmp_path: Path, require_tool: Callable[[str], str], settings) -> Iterator[int]:
    """``openssl s_server`` on loopback: who comes must have a certificate of our authority."""
    servers = ServerAuthority()
    (tmp_path / "servers.pem").write_bytes(pem(servers.root))
    name = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate_path, key_path = servers.issue(tmp_path, "localhost", name)

    def command(port: int) -> tuple[str, ...]:
        return (
            *(require_tool("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-Verify", "3"),
            *("-cert", str(certificate_path), "-key", str(key_path), "-CAfile", "chain.pem"),
            "-verify_return_error",
        )

    with daemon(command, tmp_path) as port:
        yield port


def _connect(made: Desk, settings: Mapping[str, str], port: int, *arguments: str) -> Ended:
    return made.run(
        *("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", "servers.pem", "-ign_eof"),
        *("-verify_hostname", "localhost", "-verify_return_error", "-engine", "pkcs11"),
        *("-cert", "holder.pem", "-keyform", "engine"),
        *("-key", pkcs11_uri(AUTHENTICATION, "private", pin=PIN), *arguments),
        standard_input="GET / HTTP/1.0\r\nHost: localhost\r\n\r\n",
        environment=settings,
    )


def test_client_authentication_without_pss(desk, settings, tmp_path: Path, tls_server: int):
    made = desk("gp")
    (tmp_path / "holder.pem").write_bytes(pem(certificate("gp"), authority().chain(Gamme.FORT)[0]))
    entered = _connect(made, settings, tls_server, "-tls1_2", "-client_sigalgs", "RSA+SHA256").ok()
    entered.says("HTTP/1.0 200 ok", "Verify return code: 0", "Client certificate", "899700000013")
    assert len(entered.asked("00880000")) == 1, str(entered)


@pytest.mark.parametrize("version", ["-tls1_3", "-tls1_2"])
def test_a_server_that_wants_pss_is_not_entered(
    desk, settings, tmp_path: Path, tls_server: int, version: str
):
    """A CPS3 has no RSA-PSS: TLS 1.3 needs it, and OpenSSL prefers it in TLS 1.2."""
    made = desk("gp")
    (tmp_path / "holder.pem").write_bytes(pem(certificate("gp"), authority().chain(Gamme.FORT)[0]))
    refused = _connect(made, settings, tls_server, version).failed(
        "Mechanism invalid|mechanism|internal error"
    )
    assert not refused.asked("00880000"), str(refused)
