"""CV certificates from an authority."""

from dataclasses import replace
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from bifente.apdu.cvc import Cha, CvContent, CvEnvelope, CvError, CvReason, verify
from bifente.igc import Authority, CertificateRefused, IgcError

DOCTOR = Cha(1, 0x80, 0, 10, 0, 1)
VITALE = Cha.vitale(0x80)
PAN = bytes.fromhex("80250000000000000170")


def issue(authority: Authority, key: RSAPrivateKey, **changes: object) -> bytes:
    arguments: dict[str, object] = {
        "domain": "C",
        "pan": PAN,
        "cha": DOCTOR,
        "public_key": key.public_key(),
        "effective": date(2026, 1, 31),
        "expiry": date(2029, 1, 30),
    }
    return authority.issue_cv(**{**arguments, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(("domain", "cha"), [("C", DOCTOR), ("V", VITALE), ("V", Cha.vitale(0x80, usage=2))])
def test_what_is_issued_verifies_with_the_root_of_its_domain(
    authority: Authority, card_key: RSAPrivateKey, domain: str, cha: Cha
) -> None:
    raw = issue(authority, card_key, domain=domain, cha=cha)
    assert len(raw) == 359
    root = authority.cv_root(domain)
    content = verify(CvEnvelope.parse(raw), root)
    assert content == authority.trust_store.verify_cv(raw)
    assert (content.car.encode(), content.cha) == (f"FR{domain}TBF01".encode(), cha)
    assert content.chr == bytes(2) + PAN
    assert (content.effective, content.expiry) == (date(2026, 1, 31), date(2029, 1, 30))
    assert content.n == card_key.public_key().public_numbers().n


def test_the_roots_are_two_and_named_by_environment(authority: Authority, production: Authority) -> None:
    cars = [a.cv_root(domain).car for a in (authority, production) for domain in "CV"]
    assert cars == [b"FRCTBF01", b"FRVTBF01", b"FRCPBF01", b"FRVPBF01"]
    for issuer in (authority, production):
        assert issuer.cv_root("C").n != issuer.cv_root("V").n
        assert issuer.cv_root("C").n.bit_length() == 2048
    merged = authority.trust_store.merged(production.trust_store)
    assert merged.cv_root("V", "P") == production.cv_root("V")
    assert authority.trust_store.cv_root("V", "P") is None
    with pytest.raises(IgcError):
        authority.cv_root("X")


def test_two_authorities_of_one_name_are_both_believed(
    authority: Authority, twin: Authority, card_key: RSAPrivateKey
) -> None:
    """Every TEST authority calls its roots alike: a terminal that meets cards of two must try both keys."""
    ours, theirs = (issue(one, card_key) for one in (authority, twin))
    for merged in (
        authority.trust_store.merged(twin.trust_store),
        twin.trust_store.merged(authority.trust_store),
    ):
        assert merged.verify_cv(ours).chr == merged.verify_cv(theirs).chr == bytes(2) + PAN
        broken = ours[:100] + bytes((ours[100] ^ 1,)) + ours[101:]
        with pytest.raises(CvError) as caught:
            merged.verify_cv(broken)
        assert caught.value.reason is CvReason.BAD_SIGNATURE
    with pytest.raises(CvError):
        authority.trust_store.verify_cv(theirs)
    assert authority.trust_store.merged(authority.trust_store).cv_roots == authority.trust_store.cv_roots


def test_another_environments_certificate_is_of_an_unknown_authority(
    authority: Authority, production: Authority, card_key: RSAPrivateKey
) -> None:
    raw = issue(production, card_key, cha=replace(DOCTOR, g01=0))
    with pytest.raises(CvError) as caught:
        authority.trust_store.verify_cv(raw)
    assert caught.value.reason is CvReason.UNKNOWN_CAR


def test_the_authority_refuses_what_no_card_would_accept(
    authority: Authority, card_key: RSAPrivateKey
) -> None:
    short = generate_private_key(65537, 1024).public_key()
    for changes in (
        {"cha": VITALE},
        {"domain": "V"},
        {"cha": replace(DOCTOR, g01=0)},
        {"pan": PAN[:-1]},
        {"expiry": date(2026, 1, 30)},
        {"expiry": date(2100, 1, 1)},
        {"public_key": short},
    ):
        with pytest.raises(CertificateRefused):
            issue(authority, card_key, **changes)


def test_issuing_is_deterministic(authority: Authority, card_key: RSAPrivateKey) -> None:
    first = issue(authority, card_key)
    assert issue(Authority.open(authority.directory), card_key) == first
    assert CvContent.parse(authority.trust_store.verify_cv(first).encode()).cha == DOCTOR
