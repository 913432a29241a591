"""NSS and GnuTLS as TLS clients with the key of a CPS: TLS 1.2 works; TLS 1.3 wants RSA-PSS, which the card does not have."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clients import AUTHENTICATION, PIN, TOKEN_LABEL, Desk, Ended, pkcs11_uri
from issued import authority
from loopback import ServerAuthority, daemon, pem

NICKNAME = f"{TOKEN_LABEL}:Certificat d'Authentification CPS"
ASKED = "00880000"
"""INTERNAL AUTHENTICATE: the authentication key has signed."""


@pytest.fixture(scope="session")
def server_authority() -> ServerAuthority:
    return ServerAuthority()


@pytest.fixture
def server(
    tmp_path: Path, server_authority: ServerAuthority, require_tool: Callable[[str], str]
) -> Iterator[int]:
    """The port of an ``openssl s_server`` that insists on a card's certificate, and shows whose it was."""
    from cryptography import x509

    openssl = require_tool("openssl")
    certificate, key = server_authority.issue(
        tmp_path, "localhost", x509.SubjectAlternativeName([x509.DNSName("localhost")])
    )
    (tmp_path / "chain.pem").write_bytes(pem(*authority().certificates.values()))
    (tmp_path / "root.pem").write_bytes(pem(server_authority.root))
    command = (openssl, "s_server", "-cert", str(certificate), "-key", str(key), "-www")
    verify = ("-Verify", "3", "-verify_return_error", "-CAfile", str(tmp_path / "chain.pem"))
    with daemon(lambda port: (*command, *verify, "-accept", f"127.0.0.1:{port}"), tmp_path) as port:
        yield port


@pytest.fixture
def nss(
    desk, server: int, opensc_module: str, tmp_path: Path, require_tool: Callable[[str], str]
) -> Callable[..., Ended]:
    """``nss("tls1.2")``: NSS's test client, which ends when the handshake is complete."""
    made: Desk = desk("gp", "vitale-single")
    database = f"sql:{tmp_path / 'nss'}"
    (tmp_path / "nss").mkdir()
    made.run(require_tool("certutil"), "-N", "-d", database, "--empty-password").ok()
    add = ("-d", database, "-A", "-n", "root", "-t", "CT,,", "-i", str(tmp_path / "root.pem"))
    made.run("certutil", *add).ok()
    made.run(
        require_tool("modutil"), "-dbdir", database, "-force", "-add", "CPS", "-libfile", opensc_module
    ).ok()

    def ask(version: str) -> Ended:
        return made.run(
            *(require_tool("tstclnt"), "-4", "-h", "localhost", "-p", str(server), "-d", database),
            *("-n", NICKNAME, "-w", PIN, "-V", f"{version}:{version}", "-Q"),
        )

    return ask


def test_nss_shows_both_certificates(nss, desk, tmp_path: Path, opensc_module: str):
    made: Desk = desk("gp")
    (tmp_path / "pin").write_text(f"{PIN}\n")
    listed = made.run(
        "certutil", "-L", "-d", f"sql:{tmp_path / 'nss'}", "-h", "all", "-f", str(tmp_path / "pin")
    )
    listed.ok().says(f"^{NICKNAME} +u,u,u", f"^{TOKEN_LABEL}:Certificat de Signature CPS +u,u,u")


def test_nss_speaks_tls_1_2(nss):
    spoken = nss("tls1.2")
    assert spoken.asked(ASKED), str(spoken)
    assert spoken.code == 0, str(spoken)
    spoken.never_says("Failed to load a suitable client certificate")


def test_nss_refuses_the_certificate_for_tls_1_3(nss):
    """Nothing signs with PSS, so NSS has no certificate to send; the server ends the handshake."""
    refused = nss("tls1.3").says("Failed to load a suitable client certificate")
    assert not refused.asked(ASKED), str(refused)


@pytest.fixture
def gnutls(
    desk, server: int, opensc_module: str, tmp_path: Path, require_tool: Callable[[str], str]
) -> Callable[[str], Ended]:
    made: Desk = desk("gp", "vitale-single")

    def ask(version: str) -> Ended:
        return made.run(
            *(require_tool("gnutls-cli"), "--priority", f"NORMAL:-VERS-ALL:+VERS-TLS{version}"),
            *("--provider", opensc_module, "--x509cafile", str(tmp_path / "root.pem")),
            *("--x509certfile", pkcs11_uri(AUTHENTICATION, "cert")),
            *(
                "--x509keyfile",
                pkcs11_uri(AUTHENTICATION, "private", pin=PIN),
                "-p",
                str(server),
                "localhost",
            ),
            standard_input="GET / HTTP/1.0\r\n\r\n",
        )

    return ask


def test_gnutls_speaks_tls_1_2(gnutls):
    spoken = gnutls("1.2").says("Handshake was completed", "HTTP/1.0 200 ok", "FICTIF-LEROUX")
    assert spoken.asked(ASKED), str(spoken)


def test_gnutls_sends_no_certificate_in_tls_1_3(gnutls):
    refused = gnutls("1.3").failed("Certificate is required")
    assert not refused.asked(ASKED), str(refused)


def test_p11tool_lists_the_objects(desk, opensc_module: str, require_tool: Callable[[str], str]):
    made: Desk = desk("gp")
    listed = made.run(
        *(require_tool("p11tool"), "--provider", opensc_module, "--login", f"--set-pin={PIN}", "--list-all"),
        f"pkcs11:token={TOKEN_LABEL.replace(' ', '%20')}",
    ).ok()
    listed.says("Label: CPS_PRIV_SIG", "Label: CPS_PRIV_AUT", "Label: CPS_ACTIVITY_01_PS")
