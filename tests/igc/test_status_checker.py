"""Verifiers that ask whether a certificate is revoked: by the register, by lists and by OCSP, hard and soft, cached."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509 import ReasonFlags
from keypool import cycling

from bifente.igc import Authority, CertificateUsage, Gamme
from bifente.igc.errors import CertificateRevoked, StatusUnavailable
from bifente.igc.names import PublicationUrls
from bifente.igc.revocation import revoke
from bifente.igc.status import (
    AuthoritySite,
    ListStatus,
    OcspResponder,
    RevocationLists,
    RevocationState,
    StatusChecker,
    published,
    status_checker,
)
from bifente.igc.status.sources import PublishedLists, PublishedOcsp, fetch

NOW = datetime.now(UTC).replace(microsecond=0)
BEFORE = NOW - timedelta(days=30)


class Net:
    """What is published at the base of an authority, without a network; it counts, and can be down or lie."""

    def __init__(self, authority: Authority, clock: Callable[[], datetime]) -> None:
        self._base = authority.names.urls.base
        self._site = AuthoritySite(authority, clock)
        self.asked: list[str] = []
        self.down = False
        self.spoil: Callable[[bytes], bytes] = bytes

    def __call__(self, url: str, body: bytes | None) -> bytes:
        self.asked.append(url)
        if self.down:
            raise OSError(f"{url}: Connection refused")
        path = url.removeprefix(self._base)
        if body is not None:
            return self.spoil(self._site.ocsp(body))
        found = self._site.get(path)
        assert found is not None, path
        return self.spoil(found.content)


class Time:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def made(pooled_keys: list[RSAPrivateKey], tmp_path_factory: pytest.TempPathFactory) -> Authority:
    urls = PublicationUrls("http://127.0.0.1:8470")
    return Authority.init(
        tmp_path_factory.mktemp("checker") / "igc", urls=urls, key_source=cycling(pooled_keys)
    )


@pytest.fixture
def authority(made: Authority, tmp_path: Path) -> Authority:
    shutil.copytree(made.directory, tmp_path / "igc")
    return Authority.open(tmp_path / "igc")


@pytest.fixture
def issue(
    authority: Authority, holder: Callable[..., object], card_key: RSAPrivateKey
) -> Callable[[], x509.Certificate]:
    def issued() -> x509.Certificate:
        who, usage = holder(0), CertificateUsage.AUTHENTICATION
        return x509.load_der_x509_certificate(
            authority.issue_certificate(who, card_key.public_key(), usage, BEFORE)  # type: ignore[arg-type]
        )

    return issued


def ban(
    authority: Authority, certificate: x509.Certificate, reason: ReasonFlags, clock: Callable[[], datetime]
) -> None:
    revoke(authority, authority.register.find(certificate.serial_number), reason, clock=clock)


@pytest.mark.parametrize("online", [False, True])
def test_good_and_revoked(authority: Authority, issue: Callable[[], x509.Certificate], online: bool) -> None:
    good, bad = issue(), issue()
    time = Time()
    ban(authority, bad, ReasonFlags.key_compromise, time)
    checker = status_checker([authority], online=online, hard_fail=True, clock=time, get=Net(authority, time))
    assert checker.require_valid(good).state is RevocationState.GOOD
    assert checker.revoked_since(good) is None
    assert checker.revoked_since(bad) == NOW.date()
    with pytest.raises(CertificateRevoked, match=f"revoked since {NOW:%Y-%m-%d} .keyCompromise"):
        checker.require_valid(bad)
    assert checker.require_valid(bad, NOW - timedelta(days=1)), "it was valid the day before"
    assert checker.asks


def test_an_authority_that_is_revoked_takes_its_cards_with_it(
    authority: Authority, issue: Callable[[], x509.Certificate]
) -> None:
    leaf, time = issue(), Time()
    ban(authority, authority.chain(Gamme.FORT)[0], ReasonFlags.ca_compromise, time)
    for online in (False, True):
        checker = status_checker([authority], online=online, clock=time, get=Net(authority, time))
        assert checker.status(leaf).reason is ReasonFlags.ca_compromise


def test_soft_and_hard_when_nobody_answers(
    authority: Authority, issue: Callable[[], x509.Certificate], production: Authority
) -> None:
    leaf, time = issue(), Time()
    net = Net(authority, time)
    net.down = True
    soft = status_checker([authority], online=True, clock=time, get=net)
    hard = status_checker([authority], online=True, hard_fail=True, clock=time, get=net)
    assert soft.revoked_since(leaf) is None
    assert soft.require_valid(leaf).state is RevocationState.UNKNOWN
    with pytest.raises(StatusUnavailable, match=r"responder is silent.*list cannot be had"):
        hard.revoked_since(leaf)
    with pytest.raises(StatusUnavailable, match="issuer is not known"):
        status_checker([production], hard_fail=True).require_valid(leaf)
    with pytest.raises(StatusUnavailable, match="nobody to ask"):
        StatusChecker(authority.trust_store, [], hard_fail=True).require_valid(leaf)
    with pytest.raises(StatusUnavailable, match="Connection refused"):
        status_checker([authority], online=True, hard_fail=True).require_valid(leaf)


def test_answers_are_kept_until_their_next_update(
    authority: Authority, issue: Callable[[], x509.Certificate]
) -> None:
    leaf, other, time = issue(), issue(), Time()
    net = Net(authority, time)
    issuers = authority.trust_store
    for source, urls, later in (
        (PublishedOcsp(net), ("/OCSP",), timedelta(hours=1)),
        (PublishedLists(net), ("/CRL/ACI-FO-PP-TEST.crl", "-DELTA.crl"), timedelta(days=7)),
    ):
        checker = StatusChecker(issuers, [source], clock=time)
        net.asked.clear()
        assert checker.status(leaf).state is RevocationState.GOOD
        assert checker.status(leaf).state is RevocationState.GOOD
        assert [url for url in net.asked if "ACR" not in url] == [
            next(asked for asked in net.asked if asked.endswith(url)) for url in urls
        ]
        ban(authority, leaf, ReasonFlags.certificate_hold, time)
        assert checker.status(leaf).state is RevocationState.GOOD, "what is kept is believed until then"
        time.now += later + timedelta(seconds=1)
        assert checker.status(leaf).state is RevocationState.REVOKED
        leaf = other


def test_a_delta_list_is_put_on_an_older_complete_one(
    authority: Authority, issue: Callable[[], x509.Certificate]
) -> None:
    first, second, time = issue(), issue(), Time()
    key, lists = authority.issuer(Gamme.FORT), RevocationLists(authority, time)
    ban(authority, first, ReasonFlags.certificate_hold, time)
    base = lists.current(key)
    ban(authority, second, ReasonFlags.superseded, time)
    with authority.register.writing() as register:
        register.lift([authority.register.find(first.serial_number)[0].number], NOW)
    delta = lists.current(key).delta
    states = []
    for given in ([base.complete], [base.complete, delta], [delta], [delta, b"no list", base.complete]):
        checker = StatusChecker(authority.trust_store, [ListStatus(given)], clock=time)
        states.append((checker.status(first).state.value, checker.status(second).state.value))
    assert states == [("revoked", "good"), ("good", "revoked"), ("unknown", "unknown"), ("good", "revoked")]


def test_what_is_old_of_the_future_or_not_signed_is_not_believed(
    authority: Authority, issue: Callable[[], x509.Certificate], twin: Authority
) -> None:
    leaf, time = issue(), Time()
    key = authority.issuer(Gamme.FORT)
    current = RevocationLists(authority, time).current(key).complete
    stranger = RevocationLists(twin, time).current(twin.issuer(Gamme.FORT)).complete

    def why(given: bytes) -> str:
        return StatusChecker(authority.trust_store, [ListStatus([given])], clock=time).status(leaf).words

    assert why(current).startswith("not revoked (revocation list")
    assert "has not signed" in why(stranger)
    assert "not a revocation list" in why(current[:-1])
    time.now = NOW + timedelta(days=8)
    assert "too old: its next update was due" in why(current)
    time.now = NOW - timedelta(days=1)
    assert "one of them is wrong" in why(current)
    ocsp = PublishedOcsp(lambda _url, body: OcspResponder(authority, lambda: NOW).answer(body or b""))
    checker = StatusChecker(authority.trust_store, [ocsp], clock=time)
    assert "one of them is wrong" in checker.status(leaf).words
    time.now = NOW + timedelta(hours=2)
    assert "too old" in checker.status(leaf).words


def test_no_answer_of_a_liar_is_believed(authority: Authority, issue: Callable[[], x509.Certificate]) -> None:
    leaf, other, time = issue(), issue(), Time()
    net = Net(authority, time)

    def state() -> RevocationState:
        return StatusChecker(authority.trust_store, [PublishedOcsp(net)], clock=time).status(leaf).state

    whole = {}
    net.spoil = lambda answer: whole.setdefault("answer", answer)
    assert state() is RevocationState.GOOD
    for position in range(0, len(whole["answer"]), 5):
        spoiled = bytearray(whole["answer"])
        spoiled[position] ^= 0x01
        net.spoil = lambda _answer, told=bytes(spoiled): told  # type: ignore[misc]
        assert state() is not RevocationState.REVOKED
    net.spoil = lambda answer: answer[: len(answer) // 2]
    assert state() is RevocationState.UNKNOWN
    about_another = PublishedOcsp(net)
    net.spoil = lambda answer: whole.setdefault("other", answer)
    StatusChecker(authority.trust_store, [about_another], clock=time).status(other)
    net.spoil = lambda _answer: whole["other"]
    assert state() is RevocationState.UNKNOWN


def test_over_the_real_wire(authority: Authority, issue: Callable[[], x509.Certificate]) -> None:
    leaf = issue()
    with published(authority, port=0) as there:

        def get(url: str, body: bytes | None) -> bytes:
            return fetch(url.replace("http://127.0.0.1:8470", there.url), body)

        checker = status_checker([authority], online=True, hard_fail=True, get=get)
        assert checker.require_valid(leaf).source == "OCSP, http://127.0.0.1:8470/OCSP"
        with pytest.raises(OSError, match="Not Found"):
            fetch(f"{there.url}/nothing", None)
    for url in ("file:///etc/passwd", "https://127.0.0.1/", "ftp://127.0.0.1/"):
        with pytest.raises(ValueError, match="not an address of HTTP"):
            fetch(url, None)
