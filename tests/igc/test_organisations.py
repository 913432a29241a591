"""Certificates of servers and software, and how nginx, curl, OpenSSL and GnuTLS agree on what is revoked."""

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from keypool import cycling
from loopback import daemon

from bifente.crypto import rsa
from bifente.igc import Authority, CertificateRefused, OrganisationGamme
from bifente.igc.names import PublicationUrls
from bifente.igc.organisations import server_request, software_request
from bifente.igc.register import CertificatePurpose
from bifente.igc.revocation import REASONS, revoke
from bifente.igc.status import RevocationLists, published
from bifente.workbench.authorities.organisations import issue_server, issue_software
from bifente.workbench.errors import WorkbenchError

START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def authority(pooled_keys: list[RSAPrivateKey], tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority with a chain for organisations, whose certificates name a port of loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    source = cycling(pooled_keys)
    folder = tmp_path_factory.mktemp("organisations") / "igc"
    made = Authority.init(folder, urls=PublicationUrls(f"http://127.0.0.1:{port}"), key_source=source)
    made.organisations_issuer(key_source=source)
    return made


def issued(
    authority: Authority, key: RSAPrivateKey, use: str = "", host: str = "localhost"
) -> x509.Certificate:
    asked = software_request("logiciel.test", use) if use else server_request((host, "127.0.0.1"))
    return x509.load_der_x509_certificate(authority.issue_organisation(asked, key.public_key(), START))


@pytest.fixture
def run(require_tool: Callable[[str], str]) -> Run:
    def done(tool: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
        command = [require_tool(tool), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    return done


def test_the_fields_are_those_of_the_real_ones(authority: Authority, card_key: RSAPrivateKey) -> None:
    oids = {}
    for use in ("signature", "authentication", "encryption", ""):
        made = issued(authority, card_key, use)
        oids[use] = [one.oid.dotted_string for one in made.extensions]
        end = made.not_valid_before_utc.replace(year=made.not_valid_before_utc.year + 3)
        assert made.not_valid_after_utc == (end if use else end + timedelta(days=31))
    common = ["2.5.29.19", "2.5.29.14", "2.5.29.35", "2.5.29.15", "2.5.29.32", "2.5.29.37"]
    after = ["2.5.29.31", "2.5.29.46", "1.3.6.1.5.5.7.1.1", "1.2.250.1.71.1.2.5"]
    assert oids == {
        "signature": [*common, "2.5.29.16", *after],
        "authentication": common + after,
        "encryption": common + after,
        "": [*common, "2.5.29.17", *after],
    }
    category = made.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.2.250.1.71.1.2.5"))
    assert category.value.value == bytes.fromhex("040182")  # type: ignore[attr-defined]
    assert [attribute.oid for attribute in made.subject] == [
        NameOID.COUNTRY_NAME,
        NameOID.STATE_OR_PROVINCE_NAME,
        NameOID.ORGANIZATION_NAME,
        NameOID.ORGANIZATIONAL_UNIT_NAME,
        NameOID.COMMON_NAME,
    ]
    known = authority.register.find(made.serial_number)[0]
    assert (known.purpose, known.holder, known.authority) == (
        CertificatePurpose.SERVER,
        "localhost",
        "organisations/organisations-elementaire",
    )


@pytest.mark.parametrize("host", ["", "a b", "-x", "x..y", "http://x", "é.test", "x" * 65, "*", "a.*.b"])
def test_what_names_no_server_is_refused(host: str) -> None:
    with pytest.raises(CertificateRefused, match="not the name of a server"):
        server_request((host,))


def test_other_requests_that_are_refused() -> None:
    for refused in (lambda: server_request(()), lambda: software_request("x", "all")):
        with pytest.raises(CertificateRefused):
            refused()
    with pytest.raises(CertificateRefused, match="pass for one"):
        software_request("01349@349.01.rss.test")


def test_a_request_of_somebody_else(authority: Authority, card_key: RSAPrivateKey, tmp_path: Path) -> None:
    def csr(key: object, *names: str) -> bytes:
        builder = x509.CertificateSigningRequestBuilder().subject_name(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "www.essai.test")])
        )
        if names:
            builder = builder.add_extension(
                x509.SubjectAlternativeName(list(map(x509.DNSName, names))), False
            )
        return builder.sign(key, SHA256()).public_bytes(Encoding.DER)  # type: ignore[arg-type]

    file = tmp_path / "a request.csr"
    file.write_bytes(csr(card_key, "a.essai.test", "b.essai.test"))
    made = issue_server(authority, (), tmp_path / "site", csr=file)
    certificate = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.essai.test", "b.essai.test"]
    assert (made.key, certificate.public_key()) == (None, card_key.public_key())
    file.write_bytes(csr(card_key))
    assert issue_software(authority, "", tmp_path / "software", csr=file).name == "www.essai.test"
    with pytest.raises(WorkbenchError, match="already exists"):
        issue_server(authority, (), tmp_path / "site", csr=file)
    whole = csr(card_key)
    for wrong, why in (
        (csr(ec.generate_private_key(ec.SECP256R1())), "not an RSA key"),
        (whole[:-1], "not a request"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n", "not a request"),
        (whole[:-1] + bytes((whole[-1] ^ 1,)), "is not signed by the key"),
    ):
        file.write_bytes(wrong)
        with pytest.raises(WorkbenchError, match=why):
            issue_server(authority, (), tmp_path / "other", csr=file)
    assert not (tmp_path / "other").exists()


@pytest.fixture(scope="module")
def site(
    authority: Authority, pooled_keys: list[RSAPrivateKey], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The authority published, and in a folder: chain, a server's certificate, and three of software that authenticates."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "chain.pem").write_bytes(authority.chain_pem(OrganisationGamme.ELEMENTAIRE))
    issuer, root = authority.chain(OrganisationGamme.ELEMENTAIRE)
    for name, one in (("issuer", issuer), ("root", root)):
        (folder / f"{name}.pem").write_bytes(one.public_bytes(Encoding.PEM))
    for name, key in zip(("localhost", "good", "revoked", "signer"), pooled_keys, strict=False):
        use = {"localhost": "", "signer": "signature"}.get(name, "authentication")
        made = issued(authority, key, use)
        (folder / f"{name}.key").write_bytes(rsa.private_pem(key))
        (folder / f"{name}.pem").write_bytes(
            made.public_bytes(Encoding.PEM) + issuer.public_bytes(Encoding.PEM)
        )
        (folder / f"{name}.leaf").write_bytes(made.public_bytes(Encoding.PEM))
        if name == "revoked":
            revoke(authority, authority.register.find(made.serial_number), REASONS["keyCompromise"])
    lists = {key.name: made for key, made in RevocationLists(authority).all() if "elementaire" in key.name}
    blocks = [x509.load_der_x509_crl(one.complete).public_bytes(Encoding.PEM) for one in lists.values()]
    (folder / "lists.pem").write_bytes(b"".join(blocks))
    with published(authority):
        yield folder


_NGINX = """
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
    ssl_certificate {folder}/localhost.pem;
    ssl_certificate_key {folder}/localhost.key;
    ssl_verify_client on;
    ssl_verify_depth 3;
    ssl_client_certificate {folder}/chain.pem;
    {revocation};
    location / {{ default_type text/plain; return 200 "Bonjour $ssl_client_s_dn\\n"; }}
  }}
}}
"""


@pytest.mark.parametrize("revocation", ["ssl_crl {folder}/lists.pem", "ssl_ocsp leaf"])
def test_nginx_and_curl(site: Path, run: Run, require_tool: Callable[[str], str], revocation: str) -> None:
    """nginx reads the lists, or asks the responder that a card's certificate names (an authority's names none, as the real ones);
    curl looks at the server's lists too."""
    nginx = require_tool("nginx")
    folder = site / revocation.partition(" ")[0]
    shutil.copytree(site, folder, ignore=shutil.ignore_patterns("ssl_*"))

    def command(port: int) -> tuple[str, ...]:
        settings = folder / "nginx.conf"
        text = _NGINX.format(folder=folder, port=port, revocation=revocation.format(folder=folder))
        settings.write_text(text)
        return (nginx, "-e", "stderr", "-p", str(folder), "-c", str(settings))

    with daemon(command, folder) as port:
        answers = {}
        for who in ("good", "revoked", "signer"):
            done = run(
                *("curl", "--silent", "--show-error", "--max-time", "20", "--noproxy", "*"),
                *(
                    "--cacert",
                    folder / "root.pem",
                    "--crlfile",
                    folder / "lists.pem",
                    "--write-out",
                    "%{http_code}",
                ),
                *(
                    "--cert",
                    folder / f"{who}.pem",
                    "--key",
                    folder / f"{who}.key",
                    f"https://127.0.0.1:{port}/",
                ),
            )
            answers[who] = done.stdout + done.stderr
    assert "Bonjour CN=logiciel.test" in answers["good"]
    assert answers["good"].endswith("200")
    for who in ("revoked", "signer"):
        assert "SSL certificate error" in answers[who]
        assert answers[who].endswith("400")


def test_gnutls_agrees(site: Path, run: Run) -> None:
    for who, expected in (("good", "not revoked"), ("revoked", "revoked")):
        asked = run(
            *("ocsptool", "--ask", "--load-cert", site / f"{who}.leaf", "--load-issuer", site / "issuer.pem"),
        )
        told = asked.stdout + asked.stderr
        assert "Verifying OCSP Response: Success." in told, told
        assert f"Certificate Status: {'good' if expected == 'not revoked' else 'revoked'}" in told
        checked = run(
            *("certtool", "--verify", "--verify-profile", "medium", "--infile", site / f"{who}.pem"),
            *("--load-ca-certificate", site / "root.pem", "--load-crl", site / "lists.pem"),
        )
        assert ("revoked" in checked.stdout) is (expected == "revoked"), checked.stdout
        assert (checked.returncode == 0) is (who == "good")


def test_openssl_agrees_on_purposes(site: Path, run: Run) -> None:
    for who, good, bad in (("localhost", "sslserver", "smimesign"), ("good", "sslclient", "sslserver")):
        for purpose, code in ((good, 0), (bad, 2)):
            done = run(
                *("openssl", "verify", "-x509_strict", "-crl_check_all", "-purpose", purpose),
                *("-CAfile", site / "chain.pem", "-CRLfile", site / "lists.pem", site / f"{who}.leaf"),
            )
            assert done.returncode == code, done.stderr
