"""Sheets that a Vitale 1 has certified: what the MAC proves, to whom, and that nothing of it can be touched."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from issued import authority, issued, records

from bifente.applets import card_of
from bifente.applets.store.stores import MemoryStore
from bifente.crypto import rsa
from bifente.crypto.legacy.diversified import card_key, retail_mac
from bifente.fse.caisse.evidence import Examiner, invoice_dossier
from bifente.fse.caisse.workers import ExaminerSettings
from bifente.fse.errors import InvalidSheet, Signatory
from bifente.fse.sheet import Act, CareSession, SheetRefused, canonical, verify
from bifente.fse.sheet.signature import SignedContent, card_reference, complete, prepare, sign_content
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def trust():
    authority().mother_key("sheet")
    return authority().trust_store


@pytest.fixture(scope="module")
def session(trust):
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, issued("gp"))
        reader.insert(VITALE_SLOT, issued("vitale1-family"))
        with CareSession(reader.link(CPS_SLOT), reader.link(VITALE_SLOT), trust=trust, today=TODAY) as made:
            made.present_pin(b"1234")
            made.recognise()
            yield made


@pytest.fixture(scope="module")
def sheet(session):
    return session.draw_up([Act("G", Decimal(1), 3000, TODAY)], number=7, care_date=TODAY, beneficiary=3)


@pytest.fixture(scope="module")
def signed(session, sheet) -> bytes:
    return session.sign(sheet)


@pytest.fixture(scope="module")
def content(signed, trust) -> SignedContent:
    return verify(signed, trust).content


@pytest.fixture(scope="module")
def again(session, trust):
    """Another content, signed by the CPS: whoever holds it can have it sign anything."""
    signer = session.cps.signature_certificate()
    key = rsa.load_private(records("gp")["key/3F00/0001/81"], validate=False)
    (above,) = [
        one.public_bytes(Encoding.DER) for one in trust.intermediates if one.subject.public_bytes() in signer
    ]
    return lambda content: sign_content(
        content.encode(), signer, above, lambda message: rsa.sign_message(key, message)
    )


def test_it_is_a_sheet_of_version_4(signed, sheet, trust) -> None:
    found = verify(signed, trust)
    assert (found.version, found.sheet, found.certified, found.vitale) == (4, sheet, True, None)
    assert found.vitale_number.startswith("8025000002")
    assert found.sheet.rights.beneficiary.given_name == "CAMILLE"
    assert any("holder of the mother key" in words and "third party" in words for words in found.not_proven)
    assert any("rights are not proven" in words for words in found.not_proven)
    assert canonical.encode(sheet).startswith(b'{"format":"bifente-sheet/4","provenance":"synthetic"')
    assert len(found.content.vitale_signature) == 8


def test_without_the_mother_key_nobody_can_check_it(signed, trust) -> None:
    found = verify(signed, replace(trust, sheet_keys=()))
    assert found.certified is False
    assert any("MAC of the Vitale 1 is not checked" in words for words in found.not_proven)


def test_another_authoritys_key_does_not_accept_it(signed, trust) -> None:
    with pytest.raises(SheetRefused, match="the MAC is not that of this sheet") as refused:
        verify(signed, replace(trust, sheet_keys=(bytes(16),)))
    assert refused.value.signatories == {Signatory.VITALE}
    assert verify(signed, replace(trust, sheet_keys=(bytes(16), *trust.sheet_keys))).certified


@pytest.mark.parametrize(
    "part", ["vitale_signature", "chr_vitale", "rv", "chr_cps", "rc", "vitale_certificate"]
)
def test_a_professional_who_signs_again_does_not_help(content, again, trust, part) -> None:
    """The professional's terminal has the CPS sign whatever it likes; the MAC it cannot make."""
    value = bytearray(getattr(content, part))
    value[-1] ^= 1
    with pytest.raises(SheetRefused) as refused:
        verify(again(replace(content, **{part: bytes(value)})), trust)
    assert Signatory.VITALE in refused.value.signatories


def test_another_amount_is_refused(content, again, trust) -> None:
    sheet = canonical.decode(content.sheet)
    changed = replace(sheet, number=8)
    assert verify(again(content), trust).certified
    with pytest.raises(SheetRefused, match="MAC"):
        verify(again(replace(content, sheet=canonical.encode(changed))), trust)


def test_it_does_not_pass_as_a_sheet_of_version_3(content, again, trust) -> None:
    older = replace(canonical.decode(content.sheet), version=3)
    with pytest.raises(SheetRefused, match="the Vitale's certificate is refused"):
        verify(again(replace(content, sheet=canonical.encode(older), version=3)), trust)


def test_who_holds_the_mother_key_could_have_made_it(content, again, trust) -> None:
    """What a MAC does not prove, tried: the caisse itself can make one for a sheet that no card has seen."""
    changed = replace(content, sheet=canonical.encode(replace(canonical.decode(content.sheet), number=8)))
    key = card_key(authority().mother_key("sheet"), content.chr_vitale)
    forged = replace(changed, vitale_signature=retail_mac(key, changed.vitale_payload))
    assert verify(again(forged), trust).certified


def test_signed_later_by_another_card(session, sheet, trust) -> None:
    recognition = session.recognition
    prepared = replace(sheet, prepared_by=card_reference(recognition.chr_cps))
    signed = complete(
        prepare(prepared, recognition),
        prepared,
        session.cps,
        intermediates=[one.public_bytes(Encoding.DER) for one in trust.intermediates],
    )
    found = verify(signed, trust)
    assert found.certified
    assert found.opener is not None


def test_the_versions_belong_to_the_generations(session, sheet) -> None:
    with pytest.raises(InvalidSheet, match="signs sheets of version 4"):
        session.sign(replace(sheet, version=3))


def test_a_vitale_2_signs_no_such_sheet(trust, sheet) -> None:
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, issued("gp"))
        reader.insert(VITALE_SLOT, card_of(MemoryStore(records("vitale-single")), "vitale2"))
        with CareSession(reader.link(CPS_SLOT), reader.link(VITALE_SLOT), trust=trust, today=TODAY) as made:
            made.present_pin(b"1234")
            made.recognise()
            drawn = made.draw_up([Act("G", Decimal(1), 3000, TODAY)], number=7, care_date=TODAY)
            assert drawn.version == 3
            with pytest.raises(InvalidSheet, match="signs sheets of version 3"):
                made.sign(replace(drawn, version=4))


def test_what_a_caisse_sees_of_it(signed, trust) -> None:
    seen = invoice_dossier(1, signed, Examiner(trust))
    assert (seen.certified, seen.rights_proven, seen.doubts) == (True, False, ())
    assert seen.vitale == verify(signed, trust).vitale_number
    assert invoice_dossier(1, signed, Examiner(replace(trust, sheet_keys=()))).certified is False
    doubted = invoice_dossier(1, signed, Examiner(replace(trust, sheet_keys=(bytes(16),))))
    assert "the MAC is not that of this sheet" in doubted.doubts[0]


def test_workers_of_a_caisse_have_the_key_too(trust) -> None:
    made = ExaminerSettings.of(trust, None).made()
    assert made.trust.sheet_keys == trust.sheet_keys
