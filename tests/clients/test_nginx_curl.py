"""Authentication to a server: curl with a card against nginx, which knows our authority and its revocation lists."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
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
    private_key,
)
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from issued import authority
from loopback import ServerAuthority, daemon, pem

from bifente.igc import Gamme

REVOKED = "dentist"

HOSPITAL_EMPLOYEE = (
    r"CN=30B0990037/CPET0001+SN=FICTIF-PETIT+GN=ANDREA,title=Personnel sant\C3\A9 ou social,OU=10B0990037,"
    "O=HOPITAL FICTIF DES TROIS DAMES,ST=Paris (75),C=FR"
)

# RSA+SHA1 too: what the cards of the time could do at least. No PSS, which a CPS3 has not; so no TLS 1.3 either.
_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr info;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    server_name localhost;
    ssl_certificate {folder}/localhost.pem;
    ssl_certificate_key {folder}/localhost.key;
    ssl_protocols TLSv1.2;
    ssl_conf_command ClientSignatureAlgorithms RSA+SHA256:RSA+SHA1;
    ssl_verify_client on;
    ssl_verify_depth 3;
    ssl_client_certificate {folder}/chain.pem;
    ssl_crl {folder}/lists.pem;
    location / {{
      default_type text/plain;
      return 200 "Bonjour $ssl_client_s_dn, $ssl_client_serial\\n";
    }}
  }}
}}
"""


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, require_tool: Callable[[str], str]
) -> Iterator[tuple[int, Path]]:
    """The port of the server, and the root that certifies it."""
    nginx = require_tool("nginx")
    folder = tmp_path_factory.mktemp("nginx")
    servers = ServerAuthority()
    (folder / "root.pem").write_bytes(pem(servers.root))
    servers.issue(folder, "localhost", x509.SubjectAlternativeName([x509.DNSName("localhost")]))
    (folder / "chain.pem").write_bytes(b"".join(authority().chain_pem(gamme) for gamme in Gamme))
    (folder / "lists.pem").write_bytes(b"".join(_revocation_lists()))

    def command(port: int) -> tuple[str, ...]:
        settings = folder / "nginx.conf"
        settings.write_text(_CONFIGURATION.format(folder=folder, port=port))
        return (nginx, "-e", "stderr", "-p", str(folder), "-c", str(settings))

    with daemon(command, folder) as port:
        yield port, folder / "root.pem"


def _revocation_lists() -> Iterator[bytes]:
    """One for each authority of each chain: nginx wants them all."""
    now = datetime.now(UTC)
    revoked = [(certificate(REVOKED).serial_number, now - timedelta(hours=2))]
    for gamme in Gamme:
        for root in (False, True):
            listed = revoked if gamme is Gamme.FORT and not root else []
            made = authority().crl(
                gamme,
                listed,
                this_update=now - timedelta(hours=1),
                next_update=now + timedelta(days=1),
                root=root,
            )
            yield x509.load_der_x509_crl(made).public_bytes(Encoding.PEM)


@pytest.fixture
def settings(tmp_path: Path, engine: str, opensc_module: str, require_tool) -> Mapping[str, str]:
    require_tool("curl")
    return engine_settings(tmp_path, engine, opensc_module)


def _visit(made: Desk, site: tuple[int, Path], *credentials: str, environment: Mapping[str, str]) -> Ended:
    port, root = site
    return made.run(
        *("curl", "--silent", "--show-error", "--max-time", "20", "--noproxy", "*", "--cacert", str(root)),
        *("--resolve", f"localhost:{port}:127.0.0.1", "--write-out", "%{http_code}"),
        *(*credentials, f"https://localhost:{port}/dossier"),
        environment=environment,
    )


def _card(number: str, pin: str = PIN) -> tuple[str, ...]:
    return (
        *("--engine", "pkcs11", "--cert-type", "ENG", "--cert", pkcs11_uri(number, "cert")),
        *("--key-type", "ENG", "--key", pkcs11_uri(number, "private", pin=pin)),
    )


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        ("gp", r"SN=FICTIF-LEROUX+CN=899700000013+GN=CAMILLE,title=M\C3\A9decin,C=FR"),
        ("nurse", "SN=FICTIF-MOREAU+CN=899700000039+GN=SACHA,title=Infirmier,C=FR"),
        ("hospital-cpe", HOSPITAL_EMPLOYEE),
    ],
    ids=["gp", "nurse", "hospital-cpe"],
)
def test_the_right_holder_enters_and_is_known_by_name(desk, site, settings, profile: str, name: str):
    made = desk(profile)
    entered = _visit(made, site, *_card(AUTHENTICATION), environment=settings).ok()
    entered.says(f"^Bonjour {re.escape(name)}, {certificate(profile).serial_number:032X}$", "^200$")
    assert len(entered.asked("00880000")) == 1, str(entered)


def test_a_revoked_card_does_not_enter(desk, site, settings):
    made = desk(REVOKED)
    stopped = _visit(made, site, *_card(AUTHENTICATION), environment=settings)
    stopped.says("400 Bad Request|SSL certificate error", "^400$").never_says("Bonjour")
    assert stopped.asked("00880000"), str(stopped)


def test_an_expired_card_does_not_enter(desk, site, settings):
    made = desk("gp", variant="expired")
    stopped = _visit(made, site, *_card(AUTHENTICATION), environment=settings)
    stopped.says("SSL certificate error", "^400$").never_says("Bonjour")


def test_the_signature_certificate_does_not_enter(desk, site, settings, tmp_path: Path):
    """The card does not lend its signature key; and were it lent, the server would not take the certificate."""
    made = desk("gp")
    refused = _visit(made, site, *_card(SIGNATURE), environment=settings).failed()
    refused.never_says("Bonjour", "^200$")
    assert not refused.asked("00880000"), str(refused)

    (tmp_path / "signature.pem").write_bytes(pem(certificate("gp", "D001")))
    (tmp_path / "signature.key").write_bytes(private_key("gp", "81"))
    lent = _visit(made, site, "--cert", "signature.pem", "--key", "signature.key", environment={})
    lent.says("SSL certificate error", "^400$").never_says("Bonjour")

    (tmp_path / "authentication.pem").write_bytes(pem(certificate("gp")))
    (tmp_path / "authentication.key").write_bytes(private_key("gp", "82"))
    control = _visit(
        made, site, "--cert", "authentication.pem", "--key", "authentication.key", environment={}
    )
    control.ok().says("Bonjour", "^200$")


def test_without_card_or_with_a_wrong_pin_nobody_enters(desk, site, settings):
    made = desk("gp")
    _visit(made, site, environment=settings).says("No required SSL certificate was sent", "^400$")
    _visit(made, site, *_card(AUTHENTICATION, pin="0000"), environment=settings).failed().never_says(
        "Bonjour"
    )
