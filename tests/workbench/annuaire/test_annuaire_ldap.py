"""The annuaire over LDAP: Debian's slapd as it is configured here, asked by programs of others."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from hypothesis import given
from hypothesis import strategies as st
from issued import authority, records
from keypool import cycling
from ldapclient import asking, ldap3

from bifente.applets.store.stores import create_card_file
from bifente.igc.annuaire import Annuaire, read_certificate
from bifente.igc.annuaire.ldapform import DirectoryTree, escaped, ldif_of
from bifente.workbench.annuaire import slapd
from bifente.workbench.annuaire.filling import fill
from bifente.workbench.annuaire.slapd import ServedDirectory, running_slapd, serve_directory, write_ldif
from bifente.workbench.errors import WorkbenchError

DOCTOR, CAISSE = "899700000013", "01349@349.01.rss.fr"
MAIL = "camille@cabinet.invalid"
DOCTOR_DN = f"cn={DOCTOR},ou=499700000013001,o=gip-cps-test,c=fr"
CAISSES = 12


@pytest.fixture(scope="session")
def published(pooled_keys: list[RSAPrivateKey], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A doctor and an employee, a dozen caisses, the authority with its lists."""
    folder = tmp_path_factory.mktemp("ldap annuaire")
    path = folder / "annuaire.db"
    for profile in ("gp", "hospital-cpe"):
        create_card_file(folder / f"{profile}.card", dict(records(profile)))
    begin, source = datetime(2026, 1, 1, tzinfo=UTC), cycling(pooled_keys)
    issued = [
        authority().issue_caisse(
            "01", f"{349 + number}", not_before=begin, domain="rss.fr", key_source=source
        )
        for number in (0, *range(CAISSES))
    ]
    fill([folder / "gp.card"], path, authority=authority(), mail=MAIL)
    fill([folder / "hospital-cpe.card"], path)
    with Annuaire.open(path) as annuaire:
        annuaire.publish([read_certificate(one.certificate) for one in issued])
    return path


@pytest.fixture(scope="session")
def directory(require_tool: Callable[[str], str], published: Path) -> Iterator[ServedDirectory]:
    require_tool("slapd")
    with running_slapd(published) as (served, _):
        yield served


@pytest.fixture
def asked(directory: ServedDirectory) -> Iterator[ldap3.Connection]:
    with asking(directory.url) as connection:
        yield connection


def test_a_caisse_is_found_as_the_real_ones_are(
    directory: ServedDirectory, require_tool: Callable[[str], str]
) -> None:
    """The query of running client code (corrections 25): below the structure, by the address, several certificates."""
    base = "ou=300000000000000,l=Sarthe (72),o=gip-cps-test,c=fr"
    command = [
        require_tool("ldapsearch"),
        "-x",
        "-LLL",
        "-o",
        "ldif-wrap=no",
        "-H",
        directory.url,
        "-b",
        base,
    ]
    done = subprocess.run(
        [*command, f"(cn={CAISSE})", "userCertificate;binary"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert f"dn: cn={CAISSE},{base}" in done.stdout
    assert len(re.findall(r"^userCertificate;binary:: ", done.stdout, re.MULTILINE)) == 2


def test_a_person_is_found_with_every_certificate(asked: ldap3.Connection) -> None:
    assert asked.search("o=gip-cps-test,c=fr", f"(mail={MAIL})", attributes=["*"])
    [entry] = asked.entries
    assert entry.entry_dn == DOCTOR_DN
    assert "FICTIF-LEROUX" in entry.sn.values
    assert [str(one) for one in entry.title] == ["Médecin"]
    ders = entry["userCertificate;binary"].raw_values
    assert {x509.load_der_x509_certificate(one).subject.rfc4514_string().count(DOCTOR) for one in ders} >= {1}
    assert asked.search("l=Paris (75),o=gip-cps-test,c=fr", "(sn=fictif*)")
    assert "ou=10B0990037,l=Paris (75)" in asked.entries[0].entry_dn


def test_no_more_than_ten_are_given(asked: ldap3.Connection) -> None:
    asked.search("o=gip-cps-test,c=fr", "(cn=01*)", attributes=["cn"])
    assert asked.result["description"] == "sizeLimitExceeded"
    assert len(asked.entries) == slapd.LIMIT == 10


def test_nobody_can_write(asked: ldap3.Connection) -> None:
    assert not asked.delete(DOCTOR_DN)
    assert not asked.add("l=Nord (59),o=gip-cps-test,c=fr", "locality")


def test_authorities_stand_where_certificates_say_with_their_lists(
    directory: ServedDirectory, asked: ldap3.Connection, require_tool: Callable[[str], str], published: Path
) -> None:
    """The address in a leaf, with the host of ours: curl takes the revocation list from there."""
    base = "o=BIFENTE-TEST,c=FR"
    asked.search(
        base, "(objectClass=pkiCA)", attributes=["cACertificate;binary", "deltaRevocationList;binary"]
    )
    assert len(asked.entries) >= 4
    for entry in asked.entries:
        x509.load_der_x509_certificate(entry["cACertificate;binary"].raw_values[0])
        x509.load_der_x509_crl(entry["deltaRevocationList;binary"].raw_values[0])
    with Annuaire.open(published) as annuaire:
        leaf = x509.load_der_x509_certificate(annuaire.professional(DOCTOR).certificates[0].der)
    points = leaf.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    urls = [name.value for point in points for name in point.full_name or ()]
    [url] = [one for one in urls if one.startswith("ldap:")]
    address = directory.url + url.removeprefix(f"ldap://{urlsplit(url).netloc}")
    done = subprocess.run([require_tool("curl"), "-sS", address], capture_output=True, timeout=30, check=True)
    assert f"DN: {'cn=TEST AC BIFENTE FORT PERSONNES'}".encode() in done.stdout
    assert b"certificateRevocationList;binary" in done.stdout


def test_gpgsm_finds_a_key_by_dirmngr(directory: ServedDirectory, require_tool: Callable[[str], str]) -> None:
    gpgsm, gpgconf = require_tool("gpgsm"), require_tool("gpgconf")
    require_tool("dirmngr")
    # gpg's sockets take 108 bytes at most
    home = Path(tempfile.mkdtemp(prefix="bfg"))
    try:
        port = urlsplit(directory.url).port
        (home / "dirmngr.conf").write_text(f"ldapserver 127.0.0.1:{port}:::o=gip-cps-test,c=fr:\n")
        (home / "gpg-agent.conf").write_text("disable-scdaemon\n")
        found = subprocess.run(
            [gpgsm, "--homedir", home, "--list-external-keys", DOCTOR],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(home)},
        )
        assert f"CN={DOCTOR}" in found.stdout, found.stderr
        assert "1.3.6.1.4.1.311.20.2.2" in found.stdout
    finally:
        subprocess.run([gpgconf, "--homedir", home, "--kill", "all"], timeout=30, check=False)
        shutil.rmtree(home, ignore_errors=True)


def test_without_slapd_that_is_said(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slapd, "_PLACES", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(WorkbenchError, match="slapd is not installed") as caught, running_slapd(published):
        pass
    assert caught.value.hint == "on Debian: apt install slapd"


def test_a_port_that_is_taken_is_said_before_anything_is_made(
    published: Path, require_tool: Callable[[str], str]
) -> None:
    require_tool("slapd")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(WorkbenchError, match=f"port {port} is taken"), running_slapd(published, port):
            pass


def test_when_slapd_dies_that_is_said_and_nothing_is_left(
    published: Path, require_tool: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_tool("slapd")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def ready(served: ServedDirectory) -> None:
        [folder] = tmp_path.iterdir()
        deadline = monotonic() + 20
        while not (there := (folder / "pid").is_file() and (folder / "pid").read_text()):
            assert monotonic() < deadline, "slapd has not said its number"
            sleep(0.01)
        os.kill(int(there), 15)

    with pytest.raises(WorkbenchError, match="ended by itself"):
        serve_directory(published, 0, ready=ready)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("base", ["", "x", "dc=a", 'o="x",c=fr', "o=a\nb,c=fr", "o=a;b,c=fr"])
def test_a_strange_base_is_refused(published: Path, base: str, tmp_path: Path) -> None:
    if not base:
        assert write_ldif(tmp_path / "x.ldif", published) > 10
        return
    with pytest.raises(WorkbenchError, match="not a base"):
        write_ldif(tmp_path / "x.ldif", published, base=base)


@given(st.text(min_size=1, max_size=40))
def test_a_name_may_be_any_text(name: str) -> None:
    """ldap3 reads back what was escaped; an LDIF line of it is plain ASCII without a line end in it."""
    if name.strip() and "\0" not in name and name.isprintable():
        [(kind, value, _)] = ldap3.utils.dn.parse_dn(f"cn={escaped(name)}")
        unescaped = re.sub(rb"\\([0-9a-fA-F]{2})", lambda one: bytes([int(one[1], 16)]), value.encode())
        assert (kind, unescaped.decode()) == ("cn", name)
    entry = ldif_of(f"cn={escaped(name)}", [("cn", name)]).decode("ascii")
    assert len(entry.splitlines()) == 3
    assert len(DirectoryTree()) == 1


def test_the_command_serves_until_it_is_told_to_end(
    published: Path, require_tool: Callable[[str], str]
) -> None:
    require_tool("slapd")
    command = [
        sys.executable,
        "-m",
        "bifente",
        "annuaire",
        "ldap",
        "--port",
        "0",
        "--annuaire",
        str(published),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"ldap://\S+", line)
        assert found, line
        with asking(found[0]) as connection:
            assert connection.search("o=gip-cps-test,c=fr", f"(cn={DOCTOR})")
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 143, errors
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", urlsplit(found[0]).port or 0), timeout=1).close()
