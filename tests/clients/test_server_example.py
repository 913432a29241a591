"""Login to a server with the CPS: the sites of ``bifente igc server-example``, visited by curl with a card."""

import html
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from chromiumpipe import Browser
from clients import (
    AUTHENTICATION,
    SIGNATURE,
    Desk,
    Ended,
    certificate,
    engine_settings,
    pkcs11_uri,
    private_key,
)
from clients import PIN as RIGHT_PIN
from issued import authority
from loopback import daemon, pem

from bifente.igc.names import OCSP_PATH
from bifente.igc.revocation import REASONS, revoke
from bifente.igc.status import published
from bifente.workbench.authorities.servers.values import ServerExample
from bifente.workbench.authorities.servers.writing import write_server_example

REVOKED = "stolen"
"""The variant of the doctor's card that is revoked: another card of the same profile."""


class Site:
    """A site that runs: its port, and what was written for it."""

    def __init__(self, port: int, made: ServerExample) -> None:
        self.port, self.made = port, made


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that everybody may look into: a server started by root gives its workers to another user."""
    made = Path(tempfile.mkdtemp(prefix="bifente server "))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def run_site(folder: Path, require_tool: Callable[[str], str]):
    """``run_site("nginx")`` writes the example and starts it with the line that it is told."""
    found = authority().register.find(certificate("gp", variant=REVOKED).serial_number)
    if found[0].reason is None:  # the authority outlives the module, whose tests may come in two parts
        revoke(authority(), found, REASONS["keyCompromise"])

    def run(server: str, name: str, responder: str = ""):
        made: list[ServerExample] = []

        def command(port: int) -> tuple[str, ...]:
            site = folder / name
            made.append(
                write_server_example(authority(), server, site, port=port, responder=responder, replace=True)
            )
            program, *rest = made[-1].start
            return (require_tool(program), *rest)

        (folder / name).mkdir()
        return daemon(command, folder / name), made

    return run


@pytest.fixture(scope="module")
def nginx(run_site) -> Iterator[Site]:
    running, made = run_site("nginx", "lists")
    with running as port:
        yield Site(port, made[-1])


@pytest.fixture
def settings(tmp_path: Path, engine: str, opensc_module: str, require_tool) -> Mapping[str, str]:
    require_tool("curl")
    return engine_settings(tmp_path, engine, opensc_module)


def visit(made: Desk, site: Site, path: str, *credentials: str, environment: Mapping[str, str] = {}) -> Ended:
    ended = made.run(
        *("curl", "--silent", "--show-error", "--max-time", "20", "--noproxy", "*"),
        *("--cacert", str(site.made.root), "--resolve", f"localhost:{site.port}:127.0.0.1"),
        *("--write-out", "%{http_code}", *credentials, f"https://localhost:{site.port}{path}"),
        environment=environment,
    )
    ended.output = html.unescape(ended.output)
    return ended


def card(number: str = AUTHENTICATION, pin: str = RIGHT_PIN) -> tuple[str, ...]:
    return (
        *("--engine", "pkcs11", "--cert-type", "ENG", "--cert", pkcs11_uri(number, "cert")),
        *("--key-type", "ENG", "--key", pkcs11_uri(number, "private", pin=pin)),
    )


@pytest.mark.parametrize("path", ["/", "/cps/"])
def test_the_right_holder_is_greeted(desk, nginx: Site, settings, path: str):
    made = desk("gp", "vitale-single")
    entered = visit(made, nginx, path, *card(), environment=settings).ok()
    entered.says("<h1>Bonjour CAMILLE FICTIF-LEROUX</h1>", "899700000013", "^200$")
    assert len(entered.asked("00880000")) == 1, str(entered)


def test_the_card_of_an_establishment_enters_but_not_where_only_a_cps_may(desk, nginx: Site, settings):
    made = desk("hospital-cpe")
    visit(made, nginx, "/", *card(), environment=settings).says("Bonjour ANDREA FICTIF-PETIT", "^200$")
    stopped = visit(made, nginx, "/cps/", *card(), environment=settings)
    stopped.says("only the card of a professional", "^403$").never_says("Bonjour")


@pytest.mark.parametrize(
    ("variant", "reason"), [(REVOKED, "this card is revoked"), ("expired", "this card has expired")]
)
def test_a_card_that_is_no_longer_good_reads_why(desk, nginx: Site, settings, variant: str, reason: str):
    stopped = visit(desk("gp", variant=variant), nginx, "/", *card(), environment=settings)
    stopped.says(f"Reason: {reason}", "^403$").never_says("Bonjour")
    assert stopped.asked("00880000"), str(stopped)


def test_the_signature_certificate_reads_why(desk, nginx: Site, settings, tmp_path: Path):
    """OpenSC does not lend the signature key; were it lent, the server would not take the certificate."""
    made = desk("gp")
    visit(made, nginx, "/", *card(SIGNATURE), environment=settings).failed().never_says("Bonjour")
    (tmp_path / "signature.pem").write_bytes(pem(certificate("gp", "D001")))
    (tmp_path / "signature.key").write_bytes(private_key("gp", "81"))
    lent = visit(made, nginx, "/", "--cert", "signature.pem", "--key", "signature.key")
    lent.says("Reason: this certificate is not for authentication", "^403$").never_says("Bonjour")


def test_without_card_or_pin_nobody_enters(desk, nginx: Site, settings):
    made = desk("gp")
    for path in ("/", "/cps/"):
        visit(made, nginx, path).says("Reason: no card", "^403$").never_says("Bonjour")
    visit(made, nginx, "/", *card(pin="0000"), environment=settings).failed().never_says("Bonjour")


def test_a_responder_is_asked(desk, run_site, settings):
    with published(authority()) as there:
        running, made = run_site("nginx", "responder", f"{there.url}{OCSP_PATH}")
        with running as port:
            site = Site(port, made[-1])
            assert (site.made.lists, (site.made.folder / "revocation").exists()) == (None, False)
            good = visit(desk("gp"), site, "/", *card(), environment=settings)
            bad = visit(desk("gp", variant=REVOKED), site, "/", *card(), environment=settings)
            good.says("Bonjour CAMILLE", "^200$")
            bad.says("this card is revoked", "^403$").never_says("Bonjour")


def test_apache(desk, run_site, settings):
    running, made = run_site("apache", "apache")
    with running as port:
        site = Site(port, made[-1])
        for path in ("/", "/cps/"):
            entered = visit(desk("gp"), site, path, *card(), environment=settings)
            entered.says("Bonjour CAMILLE FICTIF-LEROUX", "title=Médecin|Médecin", "^200$")
        employee = desk("hospital-cpe")
        visit(employee, site, "/", *card(), environment=settings).says("Bonjour ANDREA FICTIF-PETIT")
        stopped = visit(employee, site, "/cps/", *card(), environment=settings)
        stopped.says("only the card of a professional", "^403$").never_says("Bonjour")
        visit(employee, site, "/").says("Reason: no card", "^403$")
        for variant, why in ((REVOKED, "certificate revoked"), ("expired", "certificate has expired")):
            refused = visit(desk("gp", variant=variant), site, "/", *card(), environment=settings)
            refused.failed().never_says("Bonjour")
            logs = (site.made.folder / "error.log").read_text()
            assert why in logs, logs


def test_chromium_without_a_card_shows_the_reason(nginx: Site, tmp_path: Path, require_tool):
    """It trusts the root that the command names, and has no certificate to show."""
    database = tmp_path / ".pki" / "nssdb"
    database.mkdir(parents=True)
    certutil = require_tool("certutil")
    for words in (
        ("-N", "--empty-password"),
        ("-A", "-n", "site", "-t", "C,,", "-i", str(nginx.made.root)),
    ):
        subprocess.run([certutil, "-d", f"sql:{database}", *words], check=True, timeout=30)
    browser = Browser(require_tool("chromium"), tmp_path)
    try:
        browser.open(f"https://localhost:{nginx.port}/")
        assert "Reason: no card" in browser.value("document.body.innerText")
        assert browser.value("document.title") == "Refused"
    finally:
        browser.close()
