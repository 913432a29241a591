"""Revocation: the register, the lists and the responder, as OpenSSL sees them."""

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags
from cryptography.x509 import ocsp as x509ocsp
from keypool import cycling

from bifente.igc import Authority, CertificateUsage, Gamme, IgcError
from bifente.igc.errors import PublicationRefused, RevocationRefused, UnknownCertificate
from bifente.igc.names import PublicationUrls
from bifente.igc.register import CertificatePurpose
from bifente.igc.revocation import lift_card, oppose_card, opposed, opposition_of, oppositions, revoke
from bifente.igc.status import OcspResponder, PublishedAuthority, RevocationLists, published

NOW = datetime.now(UTC).replace(microsecond=0)
BEFORE = NOW - timedelta(days=30)
SIGNATURE, AUTHENTICATION = CertificateUsage.SIGNATURE, CertificateUsage.AUTHENTICATION
CARD, SERIAL = "2900000017", "00000017"


@pytest.fixture(scope="module")
def made(pooled_keys: list[RSAPrivateKey], tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """An authority that is published at a base of its own."""
    urls = PublicationUrls("http://127.0.0.1:8470/igc", "ldap://127.0.0.1:3389")
    return Authority.init(
        tmp_path_factory.mktemp("status") / "igc", urls=urls, key_source=cycling(pooled_keys)
    )


@pytest.fixture
def fresh(made: Authority, tmp_path: Path) -> Authority:
    """A copy of it that has issued nothing yet."""
    shutil.copytree(
        made.directory, tmp_path / "igc", ignore=shutil.ignore_patterns("register*", "*.crl", "opp*")
    )
    return Authority.open(tmp_path / "igc")


@pytest.fixture
def issue(holder: Callable[..., object], card_key: RSAPrivateKey) -> Callable[..., x509.Certificate]:
    def issued(
        authority: Authority, usage: CertificateUsage = SIGNATURE, card: str = CARD, card_type: int = 0
    ) -> x509.Certificate:
        who = holder(card_type, card_number=card)
        der = authority.issue_certificate(who, card_key.public_key(), usage, BEFORE)  # type: ignore[arg-type]
        return x509.load_der_x509_certificate(der)

    return issued


@pytest.fixture
def openssl(require_tool: Callable[[str], str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    tool = require_tool("openssl")

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [tool, *map(str, arguments)], capture_output=True, text=True, timeout=30, check=False
        )

    return run


@pytest.fixture
def site(fresh: Authority) -> Iterator[PublishedAuthority]:
    with published(fresh, port=0) as there:
        yield there


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


def test_what_is_issued_is_registered(fresh: Authority, issue: Callable[..., x509.Certificate]) -> None:
    first, second = issue(fresh), issue(fresh, AUTHENTICATION)
    known = list(fresh.register.issued())
    assert [one.purpose for one in known[:2]] == [CertificatePurpose.AUTHORITY] * 2
    assert [one.certificate() for one in known[2:]] == [first, second]
    last = known[-1]
    assert (last.holder, last.card, last.authority) == ("899700000017", CARD, "persons-fort")
    assert (last.purpose, last.status_at(NOW)) == (CertificatePurpose.AUTHENTICATION, "valid")
    assert [one.status_at(BEFORE - timedelta(days=1)) for one in known[2:]] == ["future"] * 2
    assert list(fresh.register.issued(after=last.number)) == []
    assert list(Authority.open(fresh.directory).register.issued(known[2].number)) == [last]
    assert fresh.register.find(first.serial_number) == [known[2]]
    assert fresh.register.of_card(SERIAL) == fresh.register.of_card(CARD) == known[2:]
    if os.name == "posix":
        assert fresh.register.path.stat().st_mode & 0o777 == 0o600


def test_a_serial_number_is_never_given_twice(
    fresh: Authority, issue: Callable[..., x509.Certificate], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter([7, 7, 7, 9])
    monkeypatch.setattr("bifente.igc.chains.secrets.randbelow", lambda _most: next(drawn))
    first, second = issue(fresh), issue(fresh)
    assert second.serial_number - first.serial_number == 2
    monkeypatch.setattr("bifente.igc.chains.secrets.randbelow", lambda _most: 7)
    with pytest.raises(IgcError, match="random source"):
        issue(fresh)
    assert len(fresh.register.of_card(CARD)) == 2


def test_an_opposed_card_is_revoked_and_may_be_lifted(
    fresh: Authority, issue: Callable[..., x509.Certificate]
) -> None:
    certificates = {issue(fresh, usage).serial_number for usage in (SIGNATURE, AUTHENTICATION)}
    entry = opposition_of(fresh, CARD, NOW)
    assert (entry.card, {int(one, 16) for one in entry.certificates}) == (SERIAL, certificates)
    written = oppose_card(fresh, entry)
    assert [path.name for path in written] == ["oppositions.json", "persons-fort.crl"]
    found = x509.load_der_x509_crl(written[1].read_bytes())
    assert {one.serial_number for one in found} == certificates
    assert all(
        one.extensions.get_extension_for_class(x509.CRLReason).value.reason.value == "certificateHold"
        for one in found
    )
    assert [one.status_at(NOW) for one in fresh.register.of_card(CARD)] == ["on hold"] * 2
    lift_card(fresh, type(entry), SERIAL)
    assert opposed(fresh, type(entry), SERIAL) is None
    assert len(x509.load_der_x509_crl(written[1].read_bytes())) == 0
    oppose_card(fresh, entry, ReasonFlags.key_compromise)
    with pytest.raises(RevocationRefused, match="for good"):
        lift_card(fresh, type(entry), SERIAL)
    assert opposed(fresh, type(entry), SERIAL) == entry
    with pytest.raises(RevocationRefused, match="already"):
        revoke(fresh, fresh.register.of_card(CARD))
    with pytest.raises(UnknownCertificate):
        opposition_of(fresh, "2900000099", NOW)


def test_the_lists_of_a_week(fresh: Authority, issue: Callable[..., x509.Certificate]) -> None:
    """A complete list tells all, the delta what changed since the base; numbers grow, and nothing is signed without need."""
    one, other = issue(fresh), issue(fresh)
    clock = {"now": NOW}
    lists = RevocationLists(fresh, lambda: clock["now"])
    key = fresh.issuer(Gamme.FORT)

    def serials(der: bytes) -> dict[int, str]:
        entries = x509.load_der_x509_crl(der)
        reasons = {}
        for entry in entries:
            try:
                reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
            except x509.ExtensionNotFound:
                reason = ""
            reasons[entry.serial_number] = reason
        return reasons

    def act(certificate: x509.Certificate, reason: ReasonFlags) -> None:
        revoke(fresh, fresh.register.find(certificate.serial_number), reason, clock=lambda: clock["now"])

    act(one, ReasonFlags.certificate_hold)
    base = lists.current(key)
    assert (serials(base.complete), serials(base.delta)) == ({one.serial_number: "certificateHold"}, {})
    assert lists.current(key) == base
    act(other, ReasonFlags.unspecified)
    with fresh.register.writing() as register:
        register.lift([fresh.register.find(one.serial_number)[0].number], clock["now"])
    following = lists.current(key)
    assert following.number > base.number == following.base_number
    assert serials(following.complete) == {other.serial_number: ""}
    assert serials(following.delta) == {other.serial_number: "", one.serial_number: "removeFromCRL"}
    delta = x509.load_der_x509_crl(following.delta).extensions
    indicator = delta.get_extension_for_class(x509.DeltaCRLIndicator)
    assert (indicator.critical, indicator.value.crl_number) == (True, base.number)
    assert delta.get_extension_for_class(x509.CRLNumber).value.crl_number == following.number
    clock["now"] += timedelta(hours=13)
    later = lists.current(key)
    assert (later.number > following.number, later.base_number) == (True, base.number)
    clock["now"] += timedelta(days=7)
    new_week = lists.current(key)
    assert (new_week.base_number, serials(new_week.delta)) == (new_week.number, {})
    assert serials(new_week.complete) == {other.serial_number: ""}


def test_openssl_verifies_with_the_published_lists(
    fresh: Authority,
    site: PublishedAuthority,
    issue: Callable[..., x509.Certificate],
    openssl,
    tmp_path: Path,
) -> None:
    good, bad = issue(fresh), issue(fresh)
    revoke(fresh, fresh.register.find(bad.serial_number), ReasonFlags.superseded)
    folder = site.url
    names = ("ACR-FO-TEST", "ACI-FO-PP-TEST")
    lists = [x509.load_der_x509_crl(fetched(f"{folder}/CRL/{name}.crl")) for name in names]
    chain = [x509.load_der_x509_certificate(fetched(f"{folder}/AC%20TEST/{name}.cer")) for name in names]
    (tmp_path / "lists.pem").write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in lists))
    (tmp_path / "chain.pem").write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in chain))
    for certificate, expected in ((good, "OK"), (bad, "certificate revoked")):
        (tmp_path / "leaf.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        done = openssl(
            *("verify", "-crl_check_all", "-x509_strict", "-CAfile", tmp_path / "chain.pem"),
            *("-CRLfile", tmp_path / "lists.pem", tmp_path / "leaf.pem"),
        )
        assert expected in done.stdout + done.stderr
        assert (done.returncode == 0) is (certificate is good)
    bundle = fetched(f"{folder}/AC%20TEST/Chaine_de_certification-IGC-BIFENTE-TEST.p7b")
    (tmp_path / "chain.p7b").write_bytes(bundle)
    printed = openssl("pkcs7", "-inform", "DER", "-print_certs", "-in", tmp_path / "chain.p7b").stdout
    assert printed.count("BEGIN CERTIFICATE") == 4
    assert b"OCSP responder" in fetched(folder + "/")


def test_openssl_revokes_an_authority(fresh: Authority, issue, openssl, tmp_path: Path) -> None:
    leaf = issue(fresh)
    key = fresh.issuer(Gamme.FORT)
    revoke(fresh, fresh.register.find(key.certificate.serial_number), ReasonFlags.ca_compromise)
    lists = {one.name: made for one, made in RevocationLists(fresh).all()}
    blocks = [
        x509.load_der_x509_crl(lists[name].complete).public_bytes(Encoding.PEM)
        for name in ("root-fort", "persons-fort")
    ]
    (tmp_path / "lists.pem").write_bytes(b"".join(blocks))
    (tmp_path / "chain.pem").write_bytes(fresh.chain_pem(Gamme.FORT))
    (tmp_path / "leaf.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    done = openssl(
        *("verify", "-crl_check_all", "-CAfile", tmp_path / "chain.pem", "-CRLfile", tmp_path / "lists.pem"),
        tmp_path / "leaf.pem",
    )
    assert "error 23 at 1 depth lookup: certificate revoked" in done.stderr


def test_openssl_asks_the_responder(
    fresh: Authority,
    site: PublishedAuthority,
    issue: Callable[..., x509.Certificate],
    openssl,
    tmp_path: Path,
) -> None:
    good, bad, held = issue(fresh), issue(fresh), issue(fresh)
    revoke(fresh, fresh.register.find(bad.serial_number), ReasonFlags.key_compromise)
    revoke(fresh, fresh.register.find(held.serial_number), ReasonFlags.certificate_hold)
    for name, certificate in (("good", good), ("bad", bad), ("held", held)):
        (tmp_path / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    issuer, root = fresh.chain(Gamme.FORT)
    (tmp_path / "issuer.pem").write_bytes(issuer.public_bytes(Encoding.PEM))
    (tmp_path / "root.pem").write_bytes(root.public_bytes(Encoding.PEM))
    where = ("-issuer", tmp_path / "issuer.pem", "-CAfile", tmp_path / "root.pem", "-url", f"{site.url}/OCSP")
    several = ("-cert", tmp_path / "good.pem", "-cert", tmp_path / "bad.pem", "-cert", tmp_path / "held.pem")
    done = openssl("ocsp", *where, *several, "-serial", "0x1234")
    assert "Response verify OK" in done.stderr, done.stderr
    assert "nonce" not in done.stderr.lower()
    states = [line.split(": ")[1] for line in done.stdout.splitlines() if line[0] not in "\t "]
    assert states == ["good", "revoked", "revoked", "unknown"]
    assert "Reason: keyCompromise" in done.stdout
    assert "Reason: certificateHold" in done.stdout
    sha256 = openssl("ocsp", "-sha256", *where, "-cert", tmp_path / "bad.pem")
    assert "bad.pem: revoked" in sha256.stdout
    mixed = openssl(
        "ocsp",
        *where,
        "-cert",
        tmp_path / "good.pem",
        "-issuer",
        tmp_path / "root.pem",
        "-cert",
        tmp_path / "issuer.pem",
    )
    assert "unauthorized" in (mixed.stdout + mixed.stderr).lower()


def test_the_responder_answers_whatever_it_is_asked(
    fresh: Authority, site: PublishedAuthority, issue: Callable[..., x509.Certificate], production: Authority
) -> None:
    import base64

    leaf = issue(fresh)
    issuer = fresh.issuer(Gamme.FORT).certificate

    def request(above: x509.Certificate) -> bytes:
        from cryptography.hazmat.primitives.hashes import SHA1

        builder = x509ocsp.OCSPRequestBuilder().add_certificate(leaf, above, SHA1())
        return builder.build().public_bytes(Encoding.DER)

    responder = OcspResponder(fresh)
    whole = request(issuer)
    answer = x509ocsp.load_der_ocsp_response(fetched(f"{site.url}/OCSP/{base64.b64encode(whole).decode()}"))
    assert answer.certificate_status is x509ocsp.OCSPCertStatus.GOOD
    stranger = x509ocsp.load_der_ocsp_response(responder.answer(request(production.chain(Gamme.FORT)[0])))
    assert stranger.response_status is x509ocsp.OCSPResponseStatus.UNAUTHORIZED
    for cut in (0, 1, 5, len(whole) // 2, len(whole) - 1):
        refused = x509ocsp.load_der_ocsp_response(responder.answer(whole[:cut]))
        assert refused.response_status is x509ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    for position in range(0, len(whole), 3):
        spoiled = bytearray(whole)
        spoiled[position] ^= 0xFF
        x509ocsp.load_der_ocsp_response(responder.answer(bytes(spoiled)))
    for path, code in (
        ("/OCSP/%FF", 400),
        ("/nothing", 404),
        ("/CRL/../authority.json", 404),
        ("/persons-fort.key", 404),
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            fetched(site.url + path)
        assert caught.value.code == code
        caught.value.close()


def test_a_port_that_is_taken_and_a_host_of_others(fresh: Authority, site: PublishedAuthority) -> None:
    with pytest.raises(PublicationRefused, match=str(site.port)), published(fresh, port=site.port):
        pass
    with pytest.raises(PublicationRefused, match="loopback"), published(fresh, host="192.0.2.1", port=0):
        pass


@pytest.mark.parametrize(
    "wrong",
    [
        "https://127.0.0.1",
        "127.0.0.1:80",
        "http://",
        "http://a b",
        "http://h/?x",
        "http://h:99999",
        "http://é",
        "http://h/" + "x" * 200,
    ],
)
def test_a_base_that_cannot_stand_in_certificates(wrong: str) -> None:
    with pytest.raises(ValueError, match="for example"):
        PublicationUrls(wrong)


def test_the_addresses_stand_in_the_certificates(
    fresh: Authority, issue: Callable[..., x509.Certificate]
) -> None:
    text = issue(fresh).public_bytes(Encoding.DER)
    for url in (
        b"http://127.0.0.1:8470/igc/CRL/ACI-FO-PP-TEST.crl",
        b"http://127.0.0.1:8470/igc/CRL/ACI-FO-PP-TEST-DELTA.crl",
        b"http://127.0.0.1:8470/igc/OCSP",
        b"http://127.0.0.1:8470/igc/AC%20TEST/ACI-FO-PP-TEST.cer",
        b"ldap://127.0.0.1:3389/cn=TEST%20AC%20BIFENTE",
    ):
        assert url in text
    assert b".invalid" not in text.replace(b"@carte-cps.invalid", b"")
    assert Authority.open(fresh.directory).names == fresh.names
    with pytest.raises(IgcError, match="published at"):
        Authority.init(fresh.directory, urls=PublicationUrls("http://127.0.0.1:1"))


def test_a_folder_of_before_the_register(
    made: Authority, tmp_path: Path, issue: Callable[..., x509.Certificate]
) -> None:
    """Format 1: no register, opposed cards on a list; what was issued is not known, what was revoked is."""
    folder = tmp_path / "old"
    shutil.copytree(made.directory, folder, ignore=shutil.ignore_patterns("register*"))
    description = folder / "authority.json"
    description.write_text(description.read_text().replace('"format": 2', '"format": 1'))
    (folder / "oppositions.json").write_text(
        '{"format": 1, "cps": [{"card": "00000042", "gamme": "FORT", "certificates": ["1a"], "date": "2026-05-01"}],'
        ' "vitale": [{"card": "00000043", "pan": "80250000020000004300", "date": "2026-05-02"}]}'
    )
    old = Authority.open(folder)
    before = {path.name for path in folder.iterdir()}
    assert len(oppositions(old).cps) == len(oppositions(old).vitale) == 1
    assert {path.name for path in folder.iterdir()} == before, "to look writes nothing"
    issue(old)
    key = old.issuer(Gamme.FORT)
    [entry] = x509.load_der_x509_crl(RevocationLists(old).current(key).complete)
    assert (entry.serial_number, entry.revocation_date_utc.date()) == (0x1A, date(2026, 5, 1))
    lift_card(old, type(oppositions(old).cps[0]), "00000042")
    assert len(oppositions(old).cps) == 0


def test_two_writers_take_turns(fresh: Authority, issue: Callable[..., x509.Certificate]) -> None:
    issue(fresh)
    script = (
        "import sys; from bifente.igc import Authority; from bifente.igc.revocation import REASONS, revoke\n"
        "a = Authority.open(sys.argv[1])\n"
        "for _ in range(8): revoke(a, a.register.of_card(sys.argv[2])[:1], REASONS['certificateHold'])"
    )
    command = [sys.executable, "-c", script, str(fresh.directory), CARD]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for program in running:
        _, errors = program.communicate(timeout=60)
        assert program.returncode == 0, errors
    with sqlite3.connect(fresh.register.path) as connection:
        assert connection.execute("SELECT count(*) FROM change").fetchone() == (16,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_whatever_left_is_registered_though_its_writer_was_killed(fresh: Authority) -> None:
    script = (
        "import sys; from datetime import datetime; from bifente.igc import Authority; from bifente.crypto import rsa\n"
        "from bifente.igc.organisations import software_request\n"
        "from cryptography.x509 import load_der_x509_certificate as load\n"
        "a, key = Authority.open(sys.argv[1]), rsa.generate()\n"
        "for _ in range(1000):\n"
        "    der = a.issue_organisation(software_request('x'), key.public_key(), datetime(2026, 1, 1),"
        " key_source=lambda bits: key)\n"
        "    print(load(der).serial_number, flush=True)\n"
    )
    command = [sys.executable, "-c", script, str(fresh.directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        serials = [int(program.stdout.readline()) for _ in range(5)]
        program.kill()
        serials += [int(line) for line in program.stdout if line.endswith("\n")]
    assert len(set(serials)) == len(serials)
    known = {one.serial for one in Authority.open(fresh.directory).register.issued()}
    assert set(serials) <= known
    with sqlite3.connect(fresh.register.path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_damage_and_a_full_disk_are_one_line(
    fresh: Authority, issue: Callable[..., x509.Certificate], monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(fresh)
    whole = fresh.register.path.read_bytes()
    fresh.register.path.write_bytes(b"not a database" * 100)
    with pytest.raises(IgcError, match=r"register\.db"):
        issue(fresh)
    fresh.register.path.write_bytes(whole)
    with sqlite3.connect(fresh.register.path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(IgcError, match="version 99"):
        issue(fresh)
    fresh.register.path.write_bytes(whole)
    with sqlite3.connect(fresh.register.path) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.close()
    from bifente.igc.register import opening

    original = opening._configure

    def full(connection: sqlite3.Connection) -> None:
        original(connection)
        connection.execute(f"PRAGMA max_page_count={pages}")

    monkeypatch.setattr(opening, "_configure", full)
    with pytest.raises(OSError, match="No space left") as caught:
        [issue(fresh) for _ in range(20)]
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(fresh.register.path))
    monkeypatch.undo()
    known = len(fresh.register.of_card(CARD))
    issue(fresh)
    assert len(fresh.register.of_card(CARD)) == known + 1
