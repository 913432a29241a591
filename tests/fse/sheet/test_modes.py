"""A sheet in other modes than the secured one, signed in two steps, and lots signed by a CPS."""

from dataclasses import replace
from datetime import date

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from signedsheet import refused

from bifente.fse.sheet import (
    CpsSigner,
    InvalidSheet,
    MaySignNoLot,
    ProblemKind,
    RightsOrigin,
    SheetMode,
    SheetRefused,
    Signatory,
    canonical,
    check_lot_signer,
    verify,
)
from bifente.fse.sheet.rights import Beneficiary, Insured, Rights
from bifente.fse.sheet.signature import (
    Issued,
    SignedContent,
    card_reference,
    complete,
    prepare,
    sign_alone,
)
from bifente.terminal import PinRequired

TODAY = date(2026, 3, 2)
TYPED = Rights(
    Insured("", "", "", "2800199999999", "17", "01", "349", "9881", ""),
    Beneficiary(1, "TESSIER", "", "CLAIRE", "", "", "19800101", "1", "0", ""),
    None,
    None,
)
CLOSED = (ProblemKind.NO_COVERAGE, ProblemKind.RIGHTS_CLOSED)


def intermediates(maker):
    return [one.public_bytes(Encoding.DER) for one in maker.authority.trust_store.intermediates]


@pytest.fixture
def typed(consultation, consult):
    """A session whose Vitale is not touched, and a sheet of the mode F for its CPS."""
    session = consultation()
    sheet = session.draw_up([consult], number=5, care_date=TODAY)
    return session, replace(
        sheet,
        mode=SheetMode.WITHOUT_VITALE,
        rights=TYPED,
        rights_origin=RightsOrigin.TYPED,
        accepted=CLOSED,
    )


def test_the_cps_signs_alone_and_the_verdict_says_what_is_not_proven(typed, maker):
    session, sheet = typed
    session.close()  # the CPS keeps its PIN
    raw = sign_alone(sheet, session.cps, intermediates=intermediates(maker))
    verdict = verify(raw, maker.authority.trust_store)
    assert verdict.sheet == sheet
    assert verdict.vitale is None
    assert verdict.professional_issued is not None
    assert [words.split()[1] for words in verdict.not_proven] == ["Vitale", "insured"]


def test_the_rules_of_the_mode_without_vitale(typed, signed, maker):
    session, sheet = typed
    for change in (
        {"rights_origin": RightsOrigin.VITALE},
        {"rights": replace(TYPED, insured=replace(TYPED.insured, card_serial="19999991"))},
        {"mode": SheetMode.SECURED},
        {"prepared_by": "8025000001/00000017"},
        {"accepted": ()},
    ):
        with pytest.raises(InvalidSheet):
            replace(sheet, **change)
    with pytest.raises(InvalidSheet, match="mode S"):
        sign_alone(canonical.decode(signed.content.sheet), session.cps, intermediates=intermediates(maker))
    degraded = replace(sheet, mode=SheetMode.DEGRADED)
    bare = SignedContent(canonical.encode(degraded), b"", b"", b"", b"", b"", b"")
    with pytest.raises(SheetRefused, match="on paper"):
        verify(complete(bare, degraded, session.cps, intermediates=intermediates(maker)), signed.trust)


def test_a_secured_sheet_cannot_lose_its_vitale(typed, signed):
    """Without the Vitale's signature a secured sheet is refused; nor does a sheet of mode F carry another's."""
    _, sheet = typed
    bare = SignedContent(
        signed.content.sheet, b"", b"", b"", b"", b"", b"", cps_issued=signed.content.cps_issued
    )
    assert Signatory.VITALE in refused(signed, signed.again(bare)).signatories
    carried = replace(signed.content, sheet=canonical.encode(sheet))
    assert refused(signed, signed.again(carried)).signatories == {Signatory.CPS}


def test_the_doctor_signs_later_what_the_secretariat_has_prepared(consultation, consult, maker, fse_holder):
    """Two sessions: the employee's card (CPE) opens the Vitale and signs nothing; the doctor signs without Vitale."""
    with consultation() as session:
        professional = session.professional()
    employee = replace(
        fse_holder,
        card_type=2,
        national_id="30B0990037/CPET0001",
        family_name="SECRETAIRE",
        profession=None,
        speciality=None,
        structure_id="10B0990037",
        structure_name="CABINET DURIF",
        department="Paris (75)",
        card_number="2900000062",
    )
    secretariat = consultation(maker.cps(employee, prefix="cpe", situations=[]))
    from bifente.fse.sheet import draw_up

    opened = card_reference(secretariat.recognition.chr_cps)
    sheet = draw_up(
        number=8,
        care_date=TODAY,
        professional=professional,
        rights=secretariat.rights(),
        acts=[consult],
        prepared_by=opened,
    )
    with pytest.raises(InvalidSheet, match="prepared by"):
        prepare(replace(sheet, prepared_by="8025000001/00000017"), secretariat.recognition)
    with pytest.raises(InvalidSheet, match="two steps"):
        secretariat.sign(sheet)
    with pytest.raises(InvalidSheet, match="names professional"):
        secretariat.sign(replace(sheet, prepared_by=""))
    prepared = prepare(sheet, secretariat.recognition).encode()
    secretariat.close()

    content = SignedContent.parse(prepared)
    doctor = consultation(ready=False)
    with pytest.raises(PinRequired):
        complete(content, sheet, doctor.cps, intermediates=intermediates(maker))
    doctor.present_pin(b"1234")
    raw = complete(content, sheet, doctor.cps, intermediates=intermediates(maker))
    trust = maker.authority.trust_store
    verdict = verify(raw, trust)
    assert verdict.sheet == sheet
    assert verdict.opener.chr[2:] != verdict.content.cps_issued.signature
    assert verdict.sheet.prepared_by == opened == card_reference(verdict.opener.chr)
    assert verdict.not_proven == ()

    def signs(content: SignedContent) -> bytes:
        return complete(content, sheet, doctor.cps, intermediates=intermediates(maker))

    for forged in (
        replace(content, opener_certificate=b""),
        replace(content, opener_issued=Issued()),
        replace(content, chr_cps=verdict.content.chr_vitale),
        replace(content, opener_certificate=content.vitale_certificate),
        replace(content, rv=bytes(16)),
    ):
        with pytest.raises(SheetRefused) as caught:
            verify(signs(forged), trust)
        assert Signatory.VITALE in caught.value.signatories


def test_rights_told_online_stand_beside_who_the_card_names(consultation, consult, maker, fse_rights):
    """Another period than the card's is taken from a service; another person never."""
    online = [
        group.replace("date de fin des droits AMO", "202712310000") if group.id == 105 else group
        for group in fse_rights
    ]
    from bifente.fse.sheet import draw_up

    with consultation() as session:
        sheet = draw_up(
            number=9,
            care_date=TODAY,
            professional=session.professional(),
            rights=online,
            acts=[consult],
            rights_origin=RightsOrigin.ONLINE,
        )
        assert sheet.rights != session.rights_at(TODAY)[0]
        verdict = session.verify(session.sign(sheet))
        assert verdict.sheet.rights.amo.end.text == "20271231"
        assert ["online" in words for words in verdict.not_proven] == [True]
        with pytest.raises(SheetRefused, match="not those that their issuer has signed"):
            session.verify(session.sign(replace(sheet, rights_origin=RightsOrigin.VITALE)))
        person = replace(sheet.rights.beneficiary, given_name="PAUL")
        other = replace(sheet, rights=replace(sheet.rights, beneficiary=person))
        with pytest.raises(SheetRefused, match="not those that their issuer has signed"):
            session.verify(session.sign(other))


def test_many_acts(consultation, consult):
    acts = [replace(consult, amount=at, quantity=99) for at in range(979)]
    with consultation() as session:
        sheet = session.draw_up(acts, number=2, care_date=TODAY, pathway="T")
        verdict = session.verify(session.sign(sheet))
    assert verdict.sheet == sheet
    assert verdict.sheet.total == sum(range(979))


# lots


def test_a_cps_signs_other_bytes_after_its_pin(consultation, maker):
    session = consultation(ready=False)
    signer = CpsSigner(session.cps, intermediates(maker))
    with pytest.raises(PinRequired):
        signer.sign(b"lot")
    session.present_pin(b"1234")
    certificate = x509.load_der_x509_certificate(signer.certificate)
    certificate.public_key().verify(signer.sign(b"lot"), b"lot", PKCS1v15(), SHA256())
    (issuer,) = signer.chain
    certificate.verify_directly_issued_by(x509.load_der_x509_certificate(issuer))


def test_who_may_sign_a_lot(signed):
    own = canonical.decode(signed.content.sheet).situation
    check_lot_signer(own, own)
    check_lot_signer(own, replace(own, may_sign_lots="", structure_id=""))
    with pytest.raises(MaySignNoLot, match=r"2\.21 is 0"):
        check_lot_signer(replace(own, may_sign_lots="0"), own)
    colleague = replace(own, billing_id="99100002", billing_id_key="7")
    check_lot_signer(own, colleague)
    for elsewhere in (replace(colleague, structure_id="997000000999"), replace(colleague, structure_id="")):
        with pytest.raises(MaySignNoLot, match="another practice"):
            check_lot_signer(own, elsewhere)
    nowhere = replace(own, structure_id="")
    with pytest.raises(MaySignNoLot):
        check_lot_signer(nowhere, replace(colleague, structure_id=""))
