"""A new key for an authority, an authority that ends, keys with a passphrase, a card renewed; folders of before."""

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from keypool import KeySource, cycling

from bifente.apdu.cvc import CvContent
from bifente.applets.perso import personalise, read_profile
from bifente.applets.store.cardfile import create_card_file
from bifente.igc import (
    Authority,
    CertificateRefused,
    CertificateUsage,
    Gamme,
    IgcError,
    OrganisationGamme,
    UntrustedCertificate,
)
from bifente.igc.errors import WrongPassphrase
from bifente.igc.revocation import REASONS, revoke
from bifente.igc.rollover import roll_over
from bifente.igc.status import (
    OcspResponder,
    PublishedOcsp,
    RevocationLists,
    StatusChecker,
    status_checker,
)
from bifente.workbench.cards.editing import oppose, renew_professional
from bifente.workbench.errors import WorkbenchError

NOW = datetime.now(UTC).replace(microsecond=0)
BEFORE = NOW - timedelta(days=30)
USAGE = CertificateUsage.AUTHENTICATION


@pytest.fixture
def source(pooled_keys: list[RSAPrivateKey]) -> KeySource:
    """Keys that the authority of the tests does not have: first those that it was not made of."""
    return cycling([*pooled_keys[6:], *pooled_keys[:6]])


@pytest.fixture
def fresh(pooled_authority: Authority, tmp_path: Path) -> Authority:
    ignored = shutil.ignore_patterns("register*", "*.crl", "opp*", "mother*", "organisations")
    shutil.copytree(pooled_authority.directory, tmp_path / "igc", ignore=ignored)
    return Authority.open(tmp_path / "igc")


@pytest.fixture
def issue(holder: Callable[..., object], card_key: RSAPrivateKey) -> Callable[..., x509.Certificate]:
    def issued(authority: Authority, not_before: datetime = BEFORE) -> x509.Certificate:
        der = authority.issue_certificate(holder(0), card_key.public_key(), USAGE, not_before)  # type: ignore[arg-type]
        return x509.load_der_x509_certificate(der)

    return issued


def openssl_accepts(
    tool: str, folder: Path, authority: Authority, leaf: x509.Certificate, at: datetime = NOW
) -> str:
    """What openssl says of a certificate, with every list and certificate of the authority."""
    blocks = [
        x509.load_der_x509_crl(made.complete).public_bytes(Encoding.PEM)
        for _, made in RevocationLists(authority, lambda: at).all()
    ]
    (folder / "lists.pem").write_bytes(b"".join(blocks))
    chain = [one.public_bytes(Encoding.PEM) for one in authority.certificates.values()]
    (folder / "chain.pem").write_bytes(b"".join(chain))
    (folder / "leaf.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    command = [tool, "verify", "-crl_check_all", "-CAfile", "chain.pem", "-CRLfile", "lists.pem"]
    command += ["-attime", str(int(at.timestamp())), "leaf.pem"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("root", [False, True])
def test_cards_of_both_keys_are_good_until_they_are_revoked(
    fresh: Authority,
    issue: Callable[..., x509.Certificate],
    source: KeySource,
    require_tool: Callable[[str], str],
    tmp_path: Path,
    root: bool,
) -> None:
    tool, old = require_tool("openssl"), issue(fresh)
    made = roll_over(fresh, Gamme.FORT, root=root, key_source=source)
    assert [one.name for one in made] == [*(["root-fort-2"] if root else []), "persons-fort-2"]
    new = issue(fresh)
    again = Authority.open(fresh.directory)
    assert again.certificates == fresh.certificates
    named = [found.name for leaf in (old, new) if (found := again.issuer_of(leaf)) is not None]
    assert named == ["persons-fort", "persons-fort-2"]
    assert len(again.trust_anchors()) == (3 if root else 2)
    for leaf in (old, new):
        assert again.trust_store.verify_certificate(leaf.public_bytes(Encoding.DER), NOW, USAGE) == leaf
        assert openssl_accepts(tool, tmp_path, again, leaf).endswith("leaf.pem: OK\n")
        assert status_checker([again], hard_fail=True).require_valid(leaf)
    points = new.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert "ACI-FO-PP-TEST-2.crl" in str(points)
    for leaf in (old, new):
        revoke(again, again.register.find(leaf.serial_number), REASONS["superseded"])
        assert "certificate revoked" in openssl_accepts(tool, tmp_path, again, leaf)
        ocsp = PublishedOcsp(lambda _url, body: OcspResponder(again).answer(body or b""))
        told = StatusChecker(again.trust_store, [ocsp]).status(leaf)
        assert told.reason is REASONS["superseded"], "each key answers for its own"
    if os.name == "posix":
        assert {path.stat().st_mode & 0o777 for path in fresh.directory.glob("*.key")} == {0o600}


def test_a_key_that_was_left_without_its_certificate_does_not_count(
    fresh: Authority, source: KeySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the two files: the authority is as before, and rolls over again."""
    from bifente.igc import rollover

    original, written = rollover.new_file, []

    def killed(path: Path, content: bytes, **more: object) -> None:
        if path.suffix == ".pem":
            raise KeyboardInterrupt
        written.append(path.name)
        original(path, content, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(rollover, "new_file", killed)
        with pytest.raises(KeyboardInterrupt):
            roll_over(fresh, Gamme.STANDARD, key_source=source)
    assert written == ["persons-standard-2.key"]
    assert Authority.open(fresh.directory).certificates == fresh.certificates
    assert [one.name for one in roll_over(fresh, Gamme.STANDARD, key_source=source)] == ["persons-standard-2"]
    with pytest.raises(CertificateRefused, match="no authority ELEMENTAIRE yet"):
        roll_over(fresh, OrganisationGamme.ELEMENTAIRE, key_source=source)


def test_an_authority_that_ends(
    source: KeySource,
    issue: Callable[..., x509.Certificate],
    require_tool: Callable[[str], str],
    tmp_path: Path,
) -> None:
    end = NOW.replace(year=NOW.year + 4, day=1)
    made = Authority.init(tmp_path / "igc", not_after=end, key_source=source)
    leaf = issue(made)
    with pytest.raises(CertificateRefused, match="does not lie within the authority's validity"):
        issue(made, end - timedelta(days=365))
    late = end + timedelta(days=1)
    with pytest.raises(UntrustedCertificate):
        made.trust_store.verify_certificate(leaf.public_bytes(Encoding.DER), late)
    told = openssl_accepts(require_tool("openssl"), tmp_path, made, leaf, late)
    assert "certificate has expired" in told
    with pytest.raises(CertificateRefused, match="before it begins"):
        roll_over(made, Gamme.FORT, not_after=datetime(1999, 1, 1, tzinfo=UTC), key_source=source)
    [within] = roll_over(made, Gamme.FORT, key_source=source)
    assert within.certificate.not_valid_after_utc == end, "not longer than its root"
    roll_over(made, Gamme.FORT, root=True, key_source=source)
    assert issue(made, end - timedelta(days=365)).not_valid_after_utc > end


def test_a_passphrase(source: KeySource, issue: Callable[..., x509.Certificate], tmp_path: Path) -> None:
    made = Authority.init(tmp_path / "igc", passphrase=lambda: b"ouvre-toi", key_source=source)
    keys = {path.name: path.read_bytes() for path in made.directory.glob("*.key")}
    assert len(keys) == 6
    assert all(key.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----") for key in keys.values())
    issue(made)
    for passphrase, why in ((None, "needs the passphrase"), (lambda: b"wrong", "passphrase is wrong")):
        opened = Authority.open(made.directory, passphrase=passphrase)
        assert opened.trust_store.anchors, "the public half needs none"
        with pytest.raises(WrongPassphrase, match=why):
            issue(opened)
    opened = Authority.open(made.directory, passphrase=lambda: b"ouvre-toi")
    roll_over(opened, Gamme.FORT, key_source=source)
    opened.issue_caisse("01", "349", not_before=BEFORE, key_source=source)
    more = [path.read_bytes() for path in made.directory.rglob("*.key")]
    assert len(more) == 9
    assert all(b"ENCRYPTED" in key for key in more)
    issue(opened)


def test_a_card_is_renewed_for_its_holder(fresh: Authority, pooled_source: KeySource, tmp_path: Path) -> None:
    card, day = tmp_path / "doctor.card", date(2026, 11, 1)
    create_card_file(card, personalise(read_profile("gp"), fresh, keys=pooled_source, today=day))
    before = {one.purpose: one for one in fresh.register.issued() if one.card}
    renew_professional(card, fresh, date(2029, 6, 1))
    after = list(fresh.register.of_card(next(iter(before.values())).card))
    assert len(after) == 2 * len(before)
    for new in after[len(before) :]:
        old = before[new.purpose]
        assert (new.holder, new.card, old.revoked) == (old.holder, old.card, None)
        first, second = old.certificate(), new.certificate()
        assert first is not None
        assert second is not None
        assert (first.subject, first.public_key()) == (second.subject, second.public_key())
        assert second.not_valid_before_utc.date() in (date(2029, 5, 31), date(2029, 6, 1))
    oppose(card, fresh, date(2029, 7, 1))
    assert all(one.revoked for one in fresh.register.of_card(after[0].card)), "the old and the new ones"
    with pytest.raises(WorkbenchError, match="opposed since"):
        renew_professional(card, fresh, date(2029, 8, 1))
    create_card_file(
        tmp_path / "vitale.card",
        personalise(read_profile("vitale-single"), fresh, keys=pooled_source, today=day),
    )
    with pytest.raises(WorkbenchError, match="not a professional's card"):
        renew_professional(tmp_path / "vitale.card", fresh, day)


GOLDEN = Path(__file__).parent / "golden" / "format-1"


def test_a_folder_that_the_first_release_made(issue: Callable[..., x509.Certificate], tmp_path: Path) -> None:
    """Made by a release without register, of keys of 2048 bits; with a caisse's chain and an opposed card."""
    shutil.copytree(GOLDEN, tmp_path / "igc")
    old = Authority.open(tmp_path / "igc")
    assert sorted(old.certificates) == sorted(
        path.relative_to(GOLDEN).as_posix()[:-4] for path in GOLDEN.rglob("*.pem")
    )
    card = x509.load_der_x509_certificate((GOLDEN / "card.der").read_bytes())
    checker = status_checker([old], hard_fail=True)
    assert (
        old.trust_store.verify_certificate((GOLDEN / "card.der").read_bytes(), datetime(2026, 6, 1)) == card
    )
    assert isinstance(old.trust_store.verify_cv((GOLDEN / "card.cvc").read_bytes()), CvContent)
    assert checker.revoked_since(card) == date(2026, 5, 1), "the list told it"
    assert checker.require_valid(issue(old)).source == "register of igc"
    [one] = [key for key in old.issuing_keys if key.name == "persons-fort"]
    before = x509.load_der_x509_crl((GOLDEN / "persons-fort.crl").read_bytes())
    now = x509.load_der_x509_crl(RevocationLists(old).current(one).complete)
    assert {entry.serial_number for entry in before} == {entry.serial_number for entry in now}
    number = x509.CRLNumber
    assert (
        now.extensions.get_extension_for_class(number).value.crl_number
        > before.extensions.get_extension_for_class(number).value.crl_number
    )


def test_where_nothing_can_be_written_no_key_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(bits: int) -> RSAPrivateKey:
        raise AssertionError(f"a key of {bits} bits was made")

    monkeypatch.setattr("bifente.igc.storage.os.access", lambda _path, _mode: False)
    with pytest.raises(OSError, match=r"Permission denied|Read-only") as caught:
        Authority.init(tmp_path / "deep" / "igc", key_source=never)
    assert caught.value.filename == str(tmp_path / "deep" / "igc")
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises((OSError, IgcError)):
        Authority.init(tmp_path / "file" / "igc", key_source=never)
