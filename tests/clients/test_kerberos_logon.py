"""Smart-card logon: MIT Kerberos gives a ticket (PKINIT, RFC 4556) to whom the card's user principal name names."""

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from asn1crypto.core import GeneralString, Integer, Sequence, SequenceOf
from clients import AUTHENTICATION, PIN, TOKEN_LABEL, Desk, Ended, tries_left
from cryptography import x509
from issued import authority
from loopback import ServerAuthority, daemon, pem

from bifente.igc import Gamme

REALM = "carte-cps.invalid"
"""What stands behind the @ of our cards' principal names, as it is: Kerberos minds the case."""

# A slash in a principal name parts it in two; the one in an employee's number does not.
DOCTOR, EMPLOYEE, STRANGER = "899700000013", r"30B0990037\/CPET0001", "899700000088"

_KDC_USAGE = x509.ObjectIdentifier("1.3.6.1.5.2.3.5")
_PKINIT_NAME = x509.ObjectIdentifier("1.3.6.1.5.2.2")

_CLIENT = """
[libdefaults]
  default_realm = {realm}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  default_ccache_name = FILE:{folder}/tickets
  udp_preference_limit = 1
[realms]
  {realm} = {{
    kdc = 127.0.0.1:{port}
    pkinit_anchors = FILE:{folder}/anchors.pem
  }}
"""

_SERVER = """
[kdcdefaults]
  kdc_listen = ""
  kdc_tcp_listen = 127.0.0.1:{port}
[realms]
  {realm} = {{
    database_name = {folder}/principals
    key_stash_file = {folder}/stash
    acl_file = {folder}/nobody
    pkinit_identity = FILE:{folder}/kdc.pem,{folder}/kdc.key
    pkinit_anchors = FILE:{folder}/chain.pem
    pkinit_eku_checking = scLogin
    pkinit_allow_upn = true
  }}
[logging]
  kdc = FILE:{folder}/kdc.log
"""


class _Names(SequenceOf):
    _child_spec = GeneralString


class _PrincipalName(Sequence):
    _fields = [("type", Integer, {"explicit": 0}), ("names", _Names, {"explicit": 1})]  # noqa: RUF012 - asn1crypto's way


class _Principal(Sequence):
    """KRB5PrincipalName (RFC 4556 §3.2.2)."""

    _fields = [("realm", GeneralString, {"explicit": 0}), ("name", _PrincipalName, {"explicit": 1})]  # noqa: RUF012


@pytest.fixture(scope="module")
def realm(
    tmp_path_factory: pytest.TempPathFactory,
    require_tool: Callable[[str], str],
    require_library: Callable[[str, str], str],
) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """A realm with a KDC on loopback: its folder, and the environment of its clients."""
    require_library("*/krb5/plugins/preauth/pkinit.so", "krb5-pkinit")
    kdc = require_tool("krb5kdc")
    folder = tmp_path_factory.mktemp("kdc")
    servers = ServerAuthority()
    ticket_service = _Principal({"realm": REALM, "name": {"type": 2, "names": ["krbtgt", REALM]}})
    servers.issue(
        folder,
        "kdc",
        x509.SubjectAlternativeName([x509.OtherName(_PKINIT_NAME, ticket_service.dump())]),
        x509.ExtendedKeyUsage([_KDC_USAGE]),
    )
    chain = b"".join(authority().chain_pem(gamme) for gamme in Gamme)
    (folder / "chain.pem").write_bytes(chain)
    # The client verifies its own certificate too.
    (folder / "anchors.pem").write_bytes(pem(servers.root) + chain)
    environment = {"KRB5_CONFIG": str(folder / "krb5.conf"), "KRB5_KDC_PROFILE": str(folder / "kdc.conf")}
    _settings(folder, 1)

    def administer(program: str, *arguments: str) -> None:
        command = (require_tool(program), *arguments)
        subprocess.run(command, env=environment, check=True, timeout=20, capture_output=True)

    administer("kdb5_util", "create", "-r", REALM, "-s", "-P", "not-a-secret", "-W")
    for name in (DOCTOR, EMPLOYEE, STRANGER):
        administer("kadmin.local", "-r", REALM, "-q", f"addprinc +requires_preauth -nokey {name}@{REALM}")

    def command(port: int) -> tuple[str, ...]:
        _settings(folder, port)
        return (kdc, "-n", "-r", REALM)

    with daemon(command, folder, environment):
        yield folder, environment


def _settings(folder: Path, port: int) -> None:
    for name, text in (("krb5.conf", _CLIENT), ("kdc.conf", _SERVER)):
        (folder / name).write_text(text.format(folder=folder, realm=REALM, port=port))


@pytest.fixture
def kinit(realm, opensc_module: str, require_tool: Callable[[str], str]) -> Callable[..., Ended]:
    program = require_tool("kinit")
    folder, environment = realm
    (folder / "tickets").unlink(missing_ok=True)

    def log_on(made: Desk, name: str, pin: str = PIN) -> Ended:
        certificate_number = f"certid={AUTHENTICATION}:token={TOKEN_LABEL}"
        identity = f"X509_user_identity=PKCS11:module_name={opensc_module}:{certificate_number}"
        return made.converse(
            [program, "-X", identity, f"{name}@{REALM}"], [("PIN: ?", pin)], environment=environment
        )

    return log_on


@pytest.mark.parametrize(("profile", "name"), [("gp", DOCTOR), ("hospital-cpe", EMPLOYEE)])
def test_the_holder_logs_on(desk, kinit, realm, require_tool: Callable[[str], str], profile: str, name: str):
    folder, environment = realm
    made = desk(profile, "vitale-single")
    logged_on = kinit(made, name)
    assert logged_on.code == 0, f"{logged_on}\n{_log(folder)}"
    assert len(logged_on.asked("00880000")) == 1, str(logged_on)
    tickets = made.run(require_tool("klist"), environment=environment).ok()
    tickets.says(f"^Default principal: {re.escape(name)}@{REALM}$", f"krbtgt/{REALM}@{REALM}$")


def test_a_card_does_not_log_somebody_else_on(desk, kinit, realm):
    folder, _ = realm
    refused = kinit(desk("gp"), STRANGER).failed("Client name mismatch")
    assert not (folder / "tickets").exists(), str(refused)


def test_a_wrong_pin_gives_no_ticket(desk, kinit, realm):
    folder, _ = realm
    made = desk("gp")
    kinit(made, DOCTOR, pin="0000").failed("Preauthentication failed")
    assert tries_left(made) == 2
    assert not (folder / "tickets").exists()


def test_an_expired_card_gives_no_ticket(desk, kinit, realm):
    folder, _ = realm
    kinit(desk("gp", variant="expired"), DOCTOR).failed("certificate has expired")
    assert not (folder / "tickets").exists()


def _log(folder: Path) -> str:
    return "\n".join(
        path.read_text(errors="replace") for path in sorted(folder.glob("*.log")) if path.is_file()
    )
