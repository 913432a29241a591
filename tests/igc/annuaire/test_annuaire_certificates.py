"""Certificates published, and whom a letter is enciphered for."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from bifente.codes.holder import CardHolder
from bifente.igc import Authority, CertificateUsage
from bifente.igc.annuaire import (
    Annuaire,
    AnnuaireQuery,
    CertificateUse,
    EntryKind,
    NobodyToEncipherFor,
    certificates_for,
    find_recipient,
    read_certificate,
)
from bifente.igc.annuaire.certificates import ReadCertificate, serial_text
from bifente.igc.keys import KeySource

Holder = Callable[..., CardHolder]

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 28, tzinfo=UTC)
MAIL = "zoe@cabinet.invalid"


@pytest.fixture
def certified(
    authority: Authority, holder: Holder, card_key: RSAPrivateKey
) -> Callable[..., ReadCertificate]:
    def certify(
        usage: CertificateUsage = CertificateUsage.AUTHENTICATION,
        begin: datetime = BEGIN,
        card_type: int = 0,
        **changes: object,
    ) -> ReadCertificate:
        person = holder(card_type, **changes)
        return read_certificate(
            authority.issue_certificate(person, card_key.public_key(), usage, begin), person
        )

    return certify


Certified = Callable[..., ReadCertificate]


def test_a_card_of_a_doctor_is_listed_with_both_certificates(
    annuaire: Annuaire, certified: Certified
) -> None:
    both = [certified(usage, speciality="SM26") for usage in CertificateUsage]
    assert annuaire.publish(both) == len(both)
    assert annuaire.publish(both) == 0
    [entry] = annuaire.search(AnnuaireQuery(text="essai zoe", profession="10", skill="SM26")).entries
    found = annuaire.professional(entry.identifier)
    assert {one.use.value for one in found.certificates} == {usage.value for usage in CertificateUsage}
    assert [card.number for card in found.cards] == ["2900000017"]
    assert str(found.civility) == "Madame"
    for one in both:
        assert annuaire.search(AnnuaireQuery(serial=one.serial.upper())).total == 1
        assert [taken.der for taken in annuaire.certificates(f"0x{one.serial}")] == [one.der]


def test_an_employee_is_listed_with_the_structure(annuaire: Annuaire, certified: Certified) -> None:
    annuaire.publish([certified(card_type=2)])
    found = annuaire.professional("10B0000017/CPET0001")
    place = found.practices[0].structure
    assert place is not None
    assert (place.name, place.finess, place.address.departement_label) == (
        "HOPITAL D'ESSAI",
        "0B0000017",
        "Paris (75)",
    )
    assert annuaire.search(AnnuaireQuery(EntryKind.STRUCTURE, text="essai", departement="75")).total == 1
    assert [one.identifier for one in annuaire.people_at(place.identifier)] == [found.identifier]


def test_the_authorities_are_published_with_the_chain(
    annuaire: Annuaire, authority: Authority, certified: Certified
) -> None:
    above = [read_certificate(one.public_bytes(Encoding.DER)) for one in authority.certificates.values()]
    annuaire.publish([*above, leaf := certified()])
    assert len(annuaire.authorities()) == len(above)
    [published] = annuaire.certificates(leaf.serial)
    chain = annuaire.chain(published)
    assert len(chain) == 2
    assert "FORT" in chain[0].subject
    assert chain[1].subject == chain[1].issuer
    assert annuaire.certificates(chain[0].serial)[0].der == chain[0].der


def test_a_letter_to_a_doctor_is_enciphered_for_the_authentication_key(
    annuaire: Annuaire, certified: Certified
) -> None:
    signature, authentication = (
        certified(usage) for usage in (CertificateUsage.SIGNATURE, CertificateUsage.AUTHENTICATION)
    )
    annuaire.publish([signature, authentication], mail=MAIL)
    found = find_recipient(annuaire, MAIL.upper(), NOW)
    assert found.certificate.der == authentication.der
    assert (found.name, found.others, found.remark) == ("Madame ZOÉ ESSAI-PRATICIEN", (), "")
    assert set(certificates_for(annuaire, MAIL)) == {signature.der, authentication.der}
    assert certificates_for(annuaire, MAIL[1:]) == []


def test_of_two_valid_ones_the_newest_is_taken_and_that_is_said(
    annuaire: Annuaire, certified: Certified
) -> None:
    old = certified()
    new = certified(begin=datetime(2026, 6, 1, tzinfo=UTC))
    later = certified(begin=datetime(2027, 6, 1, tzinfo=UTC))
    annuaire.publish([new, old, later], mail=MAIL)
    found = find_recipient(annuaire, MAIL, NOW)
    assert found.certificate.serial == new.serial
    assert [one.serial for one in found.others] == [old.serial]
    assert "2 valid certificates: the newest is taken" in found.remark
    assert new.serial in found.remark


def test_a_caisse_is_found_by_its_address(
    annuaire: Annuaire, authority: Authority, key_source: KeySource
) -> None:
    issued = authority.issue_caisse("01", "349", not_before=BEGIN, key_source=key_source)
    annuaire.publish([read_certificate(issued.certificate)])
    found = find_recipient(annuaire, "01349@349.01.rss.test", NOW)
    assert found.certificate.use is CertificateUse.ENCIPHERMENT
    assert annuaire.server("01349@349.01.rss.test").departement == "72"
    assert annuaire.search(AnnuaireQuery(EntryKind.SERVER, text="01349", departement="72")).total == 1


def test_why_nobody_is_found_is_said(annuaire: Annuaire, certified: Certified) -> None:
    with pytest.raises(NobodyToEncipherFor, match="nobody with the mail address"):
        find_recipient(annuaire, MAIL, NOW)
    one = certified()
    annuaire.publish([certified(CertificateUsage.SIGNATURE), one], mail=MAIL)
    for when, why in (
        (datetime(2031, 1, 1, tzinfo=UTC), "expired on 2029-03-01"),
        (datetime(2020, 1, 1), "begins on 2026-03-01"),
    ):
        with pytest.raises(NobodyToEncipherFor, match=why):
            find_recipient(annuaire, MAIL, when)
    with pytest.raises(NobodyToEncipherFor, match="nobody"):
        find_recipient(annuaire, MAIL[:-1], NOW)
    with annuaire.changing() as change:
        change.revocations(one.issuer, {one.serial: datetime(2026, 10, 1, tzinfo=UTC)})
    assert find_recipient(annuaire, MAIL, datetime(2026, 9, 30, tzinfo=UTC)).certificate.serial == one.serial
    with pytest.raises(NobodyToEncipherFor, match="is revoked"):
        find_recipient(annuaire, MAIL, NOW)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("21b617", "21b617"),
        ("0x21B617", "21b617"),
        ("00:21:B6:17", "21b617"),
        ("1b617", "01b617"),
        ("", "0"),
        ("0", "0"),
    ],
)
def test_a_serial_number_is_known_however_it_is_written(written: str, kept: str) -> None:
    assert serial_text(written) == kept
