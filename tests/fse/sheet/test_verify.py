"""A signed sheet that was touched is refused, and the message says whose signature does not hold."""

import random
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st
from signedsheet import refused, signer_of

from bifente.codes.dates import Period
from bifente.fse.sheet import Act, InvalidSheet, ProblemKind, SheetRefused, Signatory, canonical, verify
from bifente.igc import TrustStore
from bifente.layouts.recognition import sheet_payload

TODAY = date(2026, 3, 2)
BOTH = {Signatory.CPS, Signatory.VITALE}


def test_signing_again_the_same_gives_the_same(signed):
    assert signed.again(signed.content) == signed.raw
    assert verify(signed.raw, signed.trust).content == signed.content


@pytest.mark.parametrize("part", range(4))
def test_one_bit_in_each_byte(signed, part):
    """One bit, drawn, in one byte of three, and in each byte with HYPOTHESIS_PROFILE=long; what is content breaks both.

    Both but for the files of the CPS: of those the Vitale has signed its issuer's signature only.
    """
    choose = random.Random(20260302 + part)
    content = signed.content.encode()
    start = signed.raw.index(content)
    issuer = signed.content.cps_issued.signature
    files_of_cps = start + content.index(issuer) + len(issuer)
    for position in range(part, len(signed.raw), 4 if settings().max_examples > 1000 else 12):
        broken = bytearray(signed.raw)
        broken[position] ^= 1 << choose.randrange(8)
        error = refused(signed, bytes(broken))
        assert Signatory.CPS in error.signatories, position
        if start <= position < files_of_cps:
            assert error.signatories == BOTH, position


@pytest.mark.parametrize(
    ("part", "whose"),
    [
        ("sheet", BOTH),
        ("vitale_signature", BOTH),
        ("vitale_certificate", BOTH),
        ("chr_vitale", BOTH),
        ("rv", BOTH),
        ("chr_cps", BOTH),
        ("rc", BOTH),
    ],
)
def test_a_bit_in_the_content_breaks_both(signed, part, whose):
    value = getattr(signed.content, part)
    start = signed.raw.index(value) if part != "chr_vitale" else signed.raw.rindex(value)
    broken = bytearray(signed.raw)
    broken[start + len(value) // 2] ^= 4
    assert refused(signed, bytes(broken)).signatories == whose


def test_a_bit_in_the_signature_of_the_cps_breaks_only_that(signed):
    broken = bytearray(signed.raw)
    broken[-1] ^= 1
    assert refused(signed, bytes(broken)).signatories == {Signatory.CPS}


@pytest.mark.parametrize("size", [0, 1, 10, 100, 1000, -1])
def test_cut_and_extended(signed, size):
    refused(signed, signed.raw[:size])
    refused(signed, signed.raw + bytes(abs(size) + 1))


@given(st.binary(max_size=300))
def test_garbage(raw):
    with pytest.raises(SheetRefused):
        verify(raw, TrustStore((), (), ()))


def test_the_rights_of_another_vitale(signed, consultation, consult, maker):
    """Genuine cards, genuine signatures: the sheet shows the rights of one Vitale and is signed by another."""
    with consultation() as session:
        theirs = session.draw_up([consult], number=1, care_date=TODAY)
        groups = [
            session.rights()[0].replace("numéro de série de la carte", "99000002"),
            *session.rights()[1:],
        ]
    with consultation(vitale=maker.vitale(groups, serial="99000002")) as session:
        own = session.draw_up([consult], number=1, care_date=TODAY)
        assert session.verify(session.sign(own)).sheet == own
        with pytest.raises(InvalidSheet, match="are those of Vitale 19999991, not of Vitale 99000002"):
            session.sign(theirs)
        content = session.verify(session.sign(own)).content
        vitale = session.vitale.sign_sheet(sha256(canonical.encode(theirs)).digest())
    moved = replace(content, sheet=canonical.encode(theirs), vitale_signature=vitale)
    error = refused(signed, signed.again(moved))
    assert error.signatories == {Signatory.VITALE}
    assert "its rights are those of Vitale 19999991" in str(error)


def test_rights_that_are_closed_and_that_nobody_accepted(signed):
    sheet = canonical.decode(signed.content.sheet)
    closed = replace(sheet.rights, amo=None, coverage=None)
    with pytest.raises(InvalidSheet, match="no-coverage"):
        replace(sheet, rights=closed)
    with pytest.raises(InvalidSheet, match="card-expired, rights-closed"):
        replace(
            sheet,
            rights=replace(
                sheet.rights,
                insured=replace(sheet.rights.insured, card_end="20260301"),
                amo=Period.parse("20200101", "20260301"),
            ),
        )
    accepted = (ProblemKind.NO_COVERAGE, ProblemKind.RIGHTS_CLOSED)
    raw = canonical.encode(replace(sheet, rights=closed, accepted=accepted))
    said = [kind.value.encode() for kind in accepted]
    assert all(word in raw for word in said), "the caisse reads what was accepted"


def test_the_cps_cannot_change_the_sheet_under_the_vitale(signed):
    sheet = canonical.decode(signed.content.sheet)
    dearer = replace(sheet, acts=(replace(sheet.acts[0], amount=9900),))
    forged = signed.again(replace(signed.content, sheet=canonical.encode(dearer)))
    assert refused(signed, forged).signatories == {Signatory.VITALE}


@pytest.mark.parametrize("part", ["chr_vitale", "rv", "chr_cps", "rc", "vitale_signature"])
def test_the_cps_cannot_change_what_the_vitale_says(signed, part):
    value = bytearray(getattr(signed.content, part))
    value[-1] ^= 1
    forged = signed.again(replace(signed.content, **{part: bytes(value)}))
    whose = BOTH if part == "chr_cps" else {Signatory.VITALE}  # nor are the situations those of such a card
    assert refused(signed, forged).signatories == whose


def test_a_shorter_challenge_is_refused_not_a_failure(signed):
    forged = signed.again(replace(signed.content, rc=b"short"))
    assert refused(signed, forged).signatories == {Signatory.VITALE}


def test_the_recognition_certificate_does_not_sign_sheets(signed, consultation, fse_key):
    """Key 83 would sign anything with a token in it; its certificate (usage 01) is not taken for a sheet."""
    with consultation() as session:
        certificate = session.vitale.cv_certificate()
    payload = signed.content.vitale_payload
    forged = replace(
        signed.content,
        vitale_certificate=certificate,
        vitale_signature=signer_of(fse_key("vitale 83"))(payload),
    )
    error = refused(signed, signed.again(forged))
    assert error.signatories == {Signatory.VITALE}
    assert "signs sheets" in str(error)


def test_another_cps_cannot_sign_what_this_one_opened(signed, maker, fse_holder, consultation, consult):
    """The thief of a Vitale's signature: both cards genuine, but the Vitale was opened by another CPS."""
    thief = replace(fse_holder, card_number="2900000025", national_id="899700000025", family_name="AUTRE")
    cps = maker.cps(thief, prefix="thief")
    with consultation(cps, ready=False) as session:
        session.present_pin(b"1234")
        session.recognise()
        certificate = session.cps.signature_certificate()
        forged = signed.again(signed.content, signer=certificate, sign_message=session.cps.sign)
    error = refused(signed, forged)
    assert "opened by CPS 8025000001/…00000017" in str(error)
    assert error.signatories == BOTH  # nor is the thief the professional whom the sheet names


def test_the_signer_is_the_professional_on_the_sheet(signed):
    sheet = canonical.decode(signed.content.sheet)
    other = replace(sheet, professional=replace(sheet.professional, national_id="9970000002"))
    raw = canonical.encode(other)
    content = replace(signed.content, sheet=raw)
    content = replace(content, vitale_signature=signed.vitale_key(content.vitale_payload))
    error = refused(signed, signed.again(content))
    assert error.signatories == {Signatory.CPS}
    assert "names professional" in str(error)


def test_the_authentication_certificate_does_not_sign(signed, consultation, fse_key):
    with consultation() as session:
        certificate = session.cps.authentication_certificate()
    forged = signed.again(signed.content, signer=certificate, sign_message=signer_of(fse_key("cps 82")))
    assert refused(signed, forged).signatories == {Signatory.CPS}


def test_authorities_that_are_not_trusted(signed, other_authority):
    theirs = other_authority.trust_store
    assert refused(signed, signed.raw, theirs).signatories == BOTH
    only_cv = TrustStore(theirs.anchors, theirs.intermediates, signed.trust.cv_roots)
    assert refused(signed, signed.raw, only_cv).signatories == {Signatory.CPS}
    only_x509 = TrustStore(signed.trust.anchors, signed.trust.intermediates, theirs.cv_roots)
    error = refused(signed, signed.raw, only_x509)
    assert error.signatories == BOTH
    assert "CPS signature: the issuer's signature on the card is refused" in str(error)


def test_an_intermediate_of_somebody_else(signed, other_authority):
    same_name = next(
        one
        for one in other_authority.trust_store.intermediates
        if one.subject.rfc4514_string() == _subject(signed.intermediate)
    )
    forged = signed.again(signed.content, intermediate=same_name.public_bytes(Encoding.DER))
    assert refused(signed, forged).signatories == {Signatory.CPS}


def _subject(der: bytes) -> str:
    from cryptography import x509

    return x509.load_der_x509_certificate(der).subject.rfc4514_string()


@pytest.mark.parametrize("day", [date(2025, 5, 31), date(2028, 6, 1)])
def test_certificates_are_judged_on_the_day(signed, day):
    assert refused(signed, signed.raw, day=day).signatories == BOTH
    assert verify(signed.raw, signed.trust, day=TODAY + timedelta(days=1))


def test_other_encodings_of_the_same_content_are_refused(signed):
    with_blank = replace(signed.content, sheet=signed.content.sheet + b" ")
    with_blank = replace(with_blank, vitale_signature=signed.vitale_key(with_blank.vitale_payload))
    error = refused(signed, signed.again(with_blank))
    assert "canonical" in str(error)
    assert Signatory.VITALE in error.signatories
    long_form = signed.content.encode()
    assert long_form[:2] == b"\x30\x82"
    refused(signed, signed.again(b"\x30\x83\x00" + long_form[2:]))


def test_the_payload_is_that_of_the_card(signed):
    content = signed.content
    digest = sha256(content.sheet).digest()
    parts = digest, content.chr_vitale, content.rv, content.chr_cps, content.rc
    issued = (sha256(one.signature).digest() for one in (content.vitale_issued, content.cps_issued))
    expected = sheet_payload(*parts, *issued)
    assert content.vitale_payload == expected
    assert content.vitale_signature == signed.vitale_key(expected)


def test_two_acts_and_three(consultation, consult):
    acts = [consult, Act("MD", consult.coefficient, 1000, TODAY), Act("ID", consult.coefficient, 350, TODAY)]
    with consultation() as session:
        sheet = session.draw_up(acts, number=2, care_date=TODAY)
        assert session.verify(session.sign(sheet)).sheet.total == 4350


def test_the_signature_names_both_certificates(signed):
    from asn1crypto import cms, tsp

    (info,) = cms.ContentInfo.load(signed.raw)["content"]["signer_infos"]
    attributes = {one["type"].native: one["values"][0] for one in info["signed_attrs"]}
    assert isinstance(attributes["signing_certificate_v2"], tsp.SigningCertificateV2)
    named = [one["cert_hash"].native for one in attributes["signing_certificate_v2"]["certs"]]
    assert named == [sha256(signed.signer).digest(), sha256(signed.intermediate).digest()]
    assert attributes["message_digest"].native == sha256(signed.content.encode()).digest()
    assert set(attributes) == {"content_type", "message_digest", "signing_certificate_v2"}


def test_whatever_is_done_to_the_bytes_the_sheet_is_refused(signed):
    """Bits, bytes, cuts and copies anywhere; nothing but SheetRefused comes out."""
    choose = random.Random(7)
    for _ in range(250):
        broken = bytearray(signed.raw)
        at, other = choose.randrange(len(broken)), choose.randrange(len(broken))
        match choose.randrange(4):
            case 0:
                broken[at] = choose.randrange(256)
            case 1:
                del broken[at : at + choose.randrange(1, 40)]
            case 2:
                broken[at:at] = broken[other : other + choose.randrange(1, 300)]
            case 3:
                broken[at : at + 4] = choose.randbytes(4)
        if broken != signed.raw:
            refused(signed, bytes(broken))


def test_a_certificate_that_a_library_would_choke_on(signed):
    """Version 66 in the intermediate, and a serial number below zero."""
    version = signed.intermediate.index(b"\xa0\x03\x02\x01\x02")
    for position, value in ((version + 4, 66), (version + 7, 0xFF)):
        odd = bytearray(signed.intermediate)
        odd[position] = value
        broken = signed.raw.replace(signed.intermediate, bytes(odd))
        assert refused(signed, broken).signatories == {Signatory.CPS}
