"""The certificate of a caisse: its shape, whom it is believed to be, and the command that writes it."""

import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from bifente.cli.main import main
from bifente.codes.holder import CardHolder
from bifente.crypto import rsa
from bifente.crypto.cms import read_signed_data, signed_data
from bifente.igc import (
    Authority,
    CertificateRefused,
    CertificateUsage,
    OrganisationGamme,
    UntrustedCertificate,
    caisse_address,
    caisse_of,
)
from bifente.igc.keys import KeySource

START = datetime(2026, 6, 14, 13, 43, 43, tzinfo=UTC)
AT = START + timedelta(days=1)


@pytest.fixture(scope="module")
def with_caisses(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A copy of the authority, so that it may grow a chain for organisations."""
    folder = tmp_path_factory.mktemp("caisses") / "igc"
    shutil.copytree(authority.directory, folder)
    return Authority.open(folder)


def test_the_certificate_has_the_shape_of_one_of_software(
    with_caisses: Authority, key_source: KeySource
) -> None:
    issued = with_caisses.issue_caisse("01", "349", not_before=START, key_source=key_source)
    certificate = x509.load_der_x509_certificate(issued.certificate)
    issuer, root = with_caisses.chain(OrganisationGamme.ELEMENTAIRE)
    assert certificate.subject.rfc4514_string() == (
        "CN=01349@349.01.rss.test,OU=300000000000000,O=BIFENTE-TEST,ST=Sarthe (72),C=FR"
    )
    assert issuer.subject.rfc4514_string().startswith("CN=TEST AC BIFENTE ELEMENTAIRE ORGANISATIONS,")
    assert root.subject.rfc4514_string().startswith("CN=TEST AC RACINE BIFENTE ELEMENTAIRE,")
    certificate.verify_directly_issued_by(issuer)
    issuer.verify_directly_issued_by(root)
    extensions = asn1.Certificate.load(issued.certificate)["tbs_certificate"]["extensions"]
    # as spec/pki.md §1.3 has them for a certificate of software, without privateKeyUsagePeriod
    assert [one["extn_id"].dotted for one in extensions] == [
        *("2.5.29.19", "2.5.29.14", "2.5.29.35", "2.5.29.15", "2.5.29.32", "2.5.29.37"),
        *("2.5.29.31", "2.5.29.46", "1.3.6.1.5.5.7.1.1", "1.2.250.1.71.1.2.5"),
    ]
    assert bytes(extensions[9]["extn_value"]).hex() == "040183"
    assert extensions[3]["critical"].native is True
    assert set(extensions[3]["extn_value"].parsed.native) == {
        "digital_signature",
        "non_repudiation",
        "key_encipherment",
    }
    assert "ACI-EL-ORG-TEST.crl" in str(extensions[6]["extn_value"].parsed.native)
    assert certificate.not_valid_after_utc == START.replace(year=2029)


def test_the_chain_is_made_once_and_trusted_from_then_on(
    with_caisses: Authority, key_source: KeySource
) -> None:
    first = with_caisses.issue_caisse("01", "349", not_before=START, key_source=key_source)
    again = Authority.open(with_caisses.directory)
    second = again.issue_caisse("02", "996", not_before=START, key_source=key_source)
    assert first.chain == second.chain
    assert len(again.trust_anchors()) == 3
    for store in (with_caisses.trust_store, again.trust_store):
        for issued in (first, second):
            found = store.verify_caisse(issued.certificate, AT, issued.regime, issued.caisse)
            assert caisse_of(found) == (issued.regime, issued.caisse)
            assert store.verify_recipient(issued.certificate, AT) == found
    folder = with_caisses.directory / "organisations"
    assert sorted(path.name for path in folder.iterdir()) == [
        *("organisations-elementaire.key", "organisations-elementaire.pem"),
        *("root-elementaire.key", "root-elementaire.pem"),
    ]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_two_who_make_the_chain_at_once_keep_one(
    authority: Authority, key_source: KeySource, tmp_path: Path
) -> None:
    folder = tmp_path / "igc"
    shutil.copytree(authority.directory, folder)
    one, other = Authority.open(folder), Authority.open(folder)

    def racing(bits: int) -> RSAPrivateKey:
        if not (folder / "organisations").exists():
            other.issue_caisse("01", "422", not_before=START, key_source=key_source)
        return key_source(bits)

    issued = one.issue_caisse("01", "349", not_before=START, key_source=racing)
    assert one.chain(OrganisationGamme.ELEMENTAIRE) == other.chain(OrganisationGamme.ELEMENTAIRE)
    assert other.trust_store.verify_caisse(issued.certificate, AT, "01", "349")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["igc"]


def test_nobody_passes_for_a_caisse(
    with_caisses: Authority,
    production: Authority,
    key_source: KeySource,
    card_key: RSAPrivateKey,
    holder: Callable[..., CardHolder],
) -> None:
    issued = with_caisses.issue_caisse("01", "349", not_before=START, key_source=key_source)
    store = with_caisses.trust_store
    with pytest.raises(UntrustedCertificate, match="that of caisse 01349: caisse 01422 is expected"):
        store.verify_caisse(issued.certificate, AT, "01", "422")
    with pytest.raises(UntrustedCertificate, match="not accepted at 2031"):
        store.verify_caisse(issued.certificate, AT.replace(year=2031), "01", "349")
    with pytest.raises(UntrustedCertificate, match="not accepted"):
        production.trust_store.verify_caisse(issued.certificate, AT, "01", "349")
    # a holder of a card who has the name of a caisse
    posing = holder(0, national_id="01349@349.01.rss.test")
    card = with_caisses.issue_certificate(posing, card_key.public_key(), CertificateUsage.SIGNATURE, START)
    with pytest.raises(UntrustedCertificate, match="not that of a caisse"):
        store.verify_caisse(card, AT, "01", "349")
    with pytest.raises(UntrustedCertificate, match="not one to encipher for"):
        store.verify_recipient(card, AT)


def test_openssl_believes_what_a_caisse_signs(
    with_caisses: Authority, key_source: KeySource, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    issued = with_caisses.issue_caisse("01", "349", not_before=START, key_source=key_source)
    signed = signed_data(b"accord", issued.signer)
    assert read_signed_data(signed).chain == issued.chain
    (tmp_path / "signed.der").write_bytes(signed)
    (tmp_path / "chain.pem").write_bytes(with_caisses.chain_pem(OrganisationGamme.ELEMENTAIRE))
    command = [require_tool("openssl"), "cms", "-verify", "-cades", "-inform", "DER", "-in", "signed.der"]
    command += ["-CAfile", "chain.pem", "-attime", str(int(AT.timestamp()))]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=20, check=False)
    assert (done.returncode, done.stdout) == (0, b"accord"), done.stderr


@pytest.mark.parametrize(
    ("regime", "caisse", "domain"),
    [
        ("1", "349", "rss.test"),
        ("013", "49", "rss.test"),
        ("01", "34", "rss.test"),
        ("01", "3a9", "rss.test"),
        ("01", "349", ""),
        ("01", "349", "rss..test"),
        ("01", "349", "rss.test\n"),
        ("01", "349", "-rss.test"),
        ("01", "349", "a" * 60 + ".test"),
    ],
)
def test_what_is_not_a_caisse_gets_no_address(regime: str, caisse: str, domain: str) -> None:
    with pytest.raises(CertificateRefused):
        caisse_address(regime, caisse, domain)
    assert caisse_address("01", "349", "rss.fr") == "01349@349.01.rss.fr"


@pytest.fixture
def bifente(
    capsys: pytest.CaptureFixture[str], key_source: KeySource, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Run the command in this process, with keys from the pool."""
    monkeypatch.setitem(Authority.issue_caisse.__kwdefaults__ or {}, "key_source", key_source)

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        code = main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return run


def test_the_command_writes_three_files(
    bifente: Callable[..., Any], with_caisses: Authority, tmp_path: Path
) -> None:
    folder, igc = tmp_path / "new" / "rhone", ("--igc", with_caisses.directory)
    code, out, err = bifente("igc", "issue", "caisse", "01349", *igc, "-o", folder)
    assert (code, err) == (0, "")
    assert out.startswith("01349@349.01.rss.test, until 20")
    modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes["caisse.key"] == 0o600
    assert modes.keys() == {"caisse.key", "caisse.pem", "chain.pem"}
    certificate = x509.load_pem_x509_certificate((folder / "caisse.pem").read_bytes())
    assert rsa.load_private_pem((folder / "caisse.key").read_bytes()).public_key() == certificate.public_key()
    kept = (folder / "caisse.key").read_bytes()
    code, out, err = bifente("igc", "issue", "caisse", "01349", *igc, "-o", folder)
    assert (code, out) == (3, "")
    assert "already exists" in err
    assert (folder / "caisse.key").read_bytes() == kept
    assert bifente("igc", "issue", "caisse", "01422", *igc, "-o", folder, "--force")[0] == 0
    assert b"BEGIN PRIVATE KEY" in (folder / "caisse.key").read_bytes()
    certificate = x509.load_pem_x509_certificate((folder / "caisse.pem").read_bytes())
    assert caisse_of(certificate) == ("01", "422")
    code, out, _ = bifente("igc", "issue", "caisse", "02996", *igc, "-o", tmp_path / "b", "--json")
    assert json.loads(out)["address"] == "02996@996.02.rss.test"


def test_the_command_writes_nothing_for_what_is_not_a_caisse(
    bifente: Callable[..., Any], with_caisses: Authority, tmp_path: Path
) -> None:
    for wrong in ("1349", "O1349", "013499", ""):
        code, out, err = bifente(
            "igc", "issue", "caisse", wrong, "--igc", with_caisses.directory, "-o", tmp_path / "x"
        )
        assert (code, out) == (3, "")
        assert "two digits of régime and three of caisse" in err
    assert list(tmp_path.iterdir()) == []
