"""The whole road over emulated cards in a two-slot reader: PIN, recognition, rights, sheet, signatures."""

import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from bifente.fse.sheet import (
    Act,
    MaySignNoSheet,
    ProblemKind,
    RightsRefused,
    UnknownBeneficiary,
    UnknownSituation,
)
from bifente.ssv import wire
from bifente.ssv.groups import Group
from bifente.terminal import (
    CpsAbsent,
    CpsUnusable,
    PinRequired,
    RecognitionRequired,
    VitaleRemoved,
    VitaleSession,
    VitaleUnusable,
    WrongPin,
)

TODAY = date(2026, 3, 2)


def test_from_pin_to_verified_sheet(consultation, consult):
    with consultation() as session:
        sheet = session.draw_up([consult], number=1, care_date=TODAY)
        signed = session.sign(sheet)
        verified = session.verify(signed)
        assert verified.sheet == sheet
        assert sheet.professional.family_name == "DURIF"
        assert sheet.rights.insured.nir == "2800199999999"
        assert sheet.rights.beneficiary.given_name == "CLAIRE"
        assert (sheet.rights.coverage.ald, sheet.rights.coverage.situation) == ("1", "0104")
        assert verified.content.chr_cps == session.recognition.chr_cps
        assert session.private_key_operations == 4
        assert set(session.timings) == {
            "cards",
            "pin",
            "recognition",
            "rights",
            "professional",
            "sheet",
            "signature",
            "verification",
        }


def test_openssl_accepts_it(consultation, consult, authority, tmp_path, require_tool):
    with consultation() as session:
        signed = session.sign(session.draw_up([consult], number=1, care_date=TODAY))
        content = session.verify(signed).content.encode()
    message, root, out = tmp_path / "sheet.p7m", tmp_path / "root.pem", tmp_path / "content.der"
    message.write_bytes(signed)
    root.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in authority.trust_anchors()))

    def openssl(source: Path, *more: str) -> subprocess.CompletedProcess[str]:
        command = [require_tool("openssl"), "cms", "-verify", "-binary", "-inform", "DER", "-in", str(source)]
        command += ["-CAfile", str(root), "-out", str(out), *more]
        command += ["-attime", str(int(datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()))]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    done = openssl(message)
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == content
    done = openssl(message, "-cades")
    assert done.returncode == 0, done.stderr
    broken = bytearray(signed)
    broken[signed.index(b"TESSIER")] ^= 1
    message.write_bytes(broken)
    assert openssl(message).returncode != 0


def test_without_pin(consultation):
    session = consultation(ready=False)
    with pytest.raises(PinRequired):
        session.recognise()
    with pytest.raises(RecognitionRequired):
        session.rights()


def test_wrong_pin_tells_the_tries(consultation):
    session = consultation(ready=False)
    with pytest.raises(WrongPin) as caught:
        session.present_pin(b"0000")
    assert (caught.value.tries_left, caught.value.ssv_code) == (2, 0xF003)
    session.present_pin(b"1234")


def test_expired_rights_are_refused_unless_accepted(consultation, consult):
    with consultation() as session:
        with pytest.raises(RightsRefused) as caught:
            session.draw_up([consult], number=1, care_date=TODAY, beneficiary=2)
        assert [one.kind for one in caught.value.problems] == [ProblemKind.RIGHTS_CLOSED]
        assert "20241231" in str(caught.value)
        sheet = session.draw_up(
            [consult], number=1, care_date=TODAY, beneficiary=2, accept=[ProblemKind.RIGHTS_CLOSED]
        )
        assert sheet.accepted == (ProblemKind.RIGHTS_CLOSED,)
        assert sheet.rights.amo is None
        verified = session.verify(session.sign(sheet))
        assert verified.sheet.accepted == (ProblemKind.RIGHTS_CLOSED,)


def test_rights_are_judged_on_the_day_of_each_act(consultation, consult):
    early = Act("C", Decimal(1), 2300, date(2024, 12, 31))
    with consultation() as session, pytest.raises(RightsRefused, match="20241231"):
        session.draw_up([consult, early], number=1, care_date=TODAY)


def test_beneficiary_and_situation_are_chosen(consultation, consult):
    with consultation() as session:
        assert [one.given_name for one in session.beneficiaries()] == ["CLAIRE", "HUGO"]
        with pytest.raises(UnknownBeneficiary):
            session.draw_up([consult], number=1, care_date=TODAY, beneficiary=3)
        assert session.draw_up([consult], number=1, care_date=TODAY).situation.number == 1
        sheet = session.draw_up([consult], number=1, care_date=TODAY, situation=3)
        assert sheet.situation.structure_name == "HOPITAL FICTIF"
        with pytest.raises(UnknownSituation, match="the CPS has 1, 3"):
            session.draw_up([consult], number=1, care_date=TODAY, situation=2)


def test_a_situation_that_may_not_sign(consultation, consult, maker):
    """Field 2.20, *habilitation à signer une facture*."""
    situation = Group.of(2, "\x01", "00", "10").replace("habilitation à signer une facture", "0")
    session = consultation(cps=maker.cps(situations=[situation]))
    with session, pytest.raises(MaySignNoSheet, match="situation de facturation 1 may not sign"):
        session.draw_up([consult], number=1, care_date=TODAY)


def test_the_vitale_leaves(consultation, consult):
    with consultation() as session:
        sheet = session.draw_up([consult], number=1, care_date=TODAY)
        session.reader.remove(session.reader.slots[1])
        for _ in range(2):
            with pytest.raises(VitaleRemoved) as caught:
                session.sign(sheet)
            assert caught.value.ssv_code == 0xF015
        session.close()
        with pytest.raises(RecognitionRequired):
            session.sign(sheet)


def test_the_cps_leaves_and_the_vitale_closes(consultation, consult):
    with consultation() as session:
        sheet = session.draw_up([consult], number=1, care_date=TODAY)
        session.reader.remove(session.reader.slots[0])
        with pytest.raises(RecognitionRequired) as refused:
            session.vitale.rights()
        assert refused.value.sw == 0x6982
        with pytest.raises(CpsAbsent) as caught:
            session.sign(sheet)
        assert caught.value.ssv_code == 0xF001


def test_a_card_that_was_reset_by_another_signs_no_more(consultation, consult):
    """The PIN is presented again, and still the CPS does not know its Vitale."""
    for slot in (0, 1):
        with consultation() as session:
            sheet = session.draw_up([consult], number=1, care_date=TODAY)
            session.cps.link.cold_reset() if slot == 0 else session.vitale.link.reset()
            session.present_pin(b"1234")
            with pytest.raises(RecognitionRequired):
                session.sign(sheet)


def test_who_comes_next_finds_the_vitale_closed(consultation):
    with consultation() as session:
        assert session.rights()
    next_one = VitaleSession(session.reader.link(session.reader.slots[1]))
    with pytest.raises(RecognitionRequired):
        next_one.rights()
    with pytest.raises(RecognitionRequired):
        next_one.sign_sheet(bytes(32))


def test_no_sheet_after_log_out(consultation, consult):
    with consultation() as session:
        sheet = session.draw_up([consult], number=1, care_date=TODAY)
        session.cps.log_out()
        with pytest.raises(RecognitionRequired):
            session.sign(sheet)


def test_an_expired_vitale(consultation, maker):
    session = consultation(vitale=maker.vitale(expiry=date(2026, 3, 1)), ready=False)
    session.present_pin(b"1234")
    with pytest.raises(VitaleUnusable, match="ended on 2026-03-01"):
        session.recognise()


def test_a_card_of_another_authority(consultation, other_authority, maker):
    stranger = type(maker)(other_authority)
    session = consultation(cps=stranger.cps(prefix="stranger"), ready=False)
    session.present_pin(b"1234")
    with pytest.raises(CpsUnusable) as caught:
        session.recognise()
    assert caught.value.ssv_code == 0xF004
    session = consultation(vitale=stranger.vitale(prefix="stranger vitale"), ready=False)
    session.present_pin(b"1234")
    with pytest.raises(VitaleUnusable):
        session.recognise()


def test_a_student_is_recognised_and_reads_no_rights(consultation, maker, fse_holder):
    student = replace(
        fse_holder, card_type=1, profession=None, future_profession=10, card_number="2900000033"
    )
    with consultation(cps=maker.cps(student, prefix="student")) as session:
        assert session.recognition.cha_cps.g02 == 1
        with pytest.raises(RecognitionRequired) as caught:
            session.rights()
        assert caught.value.sw == 0x6982


def test_the_volets_open_to_whom_they_should(consultation, maker, fse_holder, fse_volets):
    with consultation() as session:
        assert (session.vitale.emergency_volet(), session.vitale.medical_volet()) == fse_volets
    nurse = replace(fse_holder, profession=60, speciality=None, card_number="2900000041")
    with consultation(cps=maker.cps(nurse, prefix="nurse")) as session:
        assert session.vitale.emergency_volet() == fse_volets[0]
        with pytest.raises(RecognitionRequired) as caught:
            session.vitale.medical_volet()
        assert (caught.value.step, caught.value.sw) == ("read MEDICAL", 0x6982)
        assert session.rights()


def test_every_official_card_makes_a_sheet(consultation, consult, maker, virtual_cards):
    """Rights by APDUs through the recognition, in the official order and byte for byte; then a sheet."""
    for path in virtual_cards[::15]:
        content = path.read_bytes()
        groups = wire.decode_card(content)
        with consultation(
            vitale=maker.vitale(groups, serial=groups[0]["numéro de série de la carte"])
        ) as session:
            assert wire.encode(session.rights()) == content
            sheet = session.draw_up([consult], number=1, care_date=TODAY, accept=list(ProblemKind))
            assert session.verify(session.sign(sheet)).sheet == sheet
