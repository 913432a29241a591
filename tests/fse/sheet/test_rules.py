"""What no honest producer would sign is refused by who verifies: by the rules that draw sheets up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from signedsheet import Signed, refused

from bifente.fse.sheet import (
    ComplementarySource,
    InvalidSheet,
    SheetRefused,
    Signatory,
    ThirdParty,
    canonical,
    verify,
)
from bifente.fse.sheet.signature import Issued
from bifente.ssv.groups import Group

NURSE = {"profession": 60, "speciality": None}


def edit(path: str, value: object) -> Callable[[dict], None]:
    """Sets the value at a path such as ``rights/amo/end`` or ``acts/0/date``."""

    def change(sheet: dict) -> None:
        *parents, last = (int(part) if part.isdigit() else part for part in path.split("/"))
        for part in parents:
            sheet = sheet[part]
        assert sheet[last] != value
        sheet[last] = value

    return change


BREACHES = [
    ("situation/may_sign_sheets", "0", "may not sign"),
    ("situation/may_sign_sheets", "00", "1 digit"),
    ("situation/may_sign_sheets", "0\u200b", "1 digit"),
    ("situation/may_sign_lots", "non", "1 digit"),
    ("situation/speciality", "1", "2 digit"),
    ("situation/speciality", "024", "2 digit"),
    ("situation/speciality", "٢٤", "2 digit"),
    ("rights/amo/end", "ZZZZZZZZ", "not a date"),
    ("rights/amo/end", "99999999", "not a date"),
    ("rights/amo/end", "2026", "not a date"),
    ("rights/coverage/period/begin", "20250229", "not a date"),
    ("rights/insured/card_end", "99991399", "not a date"),
    ("rights/beneficiary/number", -5, "1 to 19"),
    ("rights/beneficiary/number", 20, "1 to 19"),
    ("acts/0/date", "0001-01-01", "before 1998"),
    ("acts/0/date", "2026-03-03", "later than the care date"),
    ("acts/0/amount", -1, "cents"),
    ("acts/0/coefficient", "0", "coefficient"),
    ("care_date", "0998-03-02", "later than the care date|before 1998"),
    ("number", 0, "sheet number"),
    ("situation/number", 256, "0 to 255"),
    ("professional/card_type", "7", "type of card"),
    ("professional/card_type", "1", "in training"),
    ("professional/card_type", "2", "no profession"),
    ("rights/amo", None, "rights-closed"),
]


SINCE_3 = [
    ("nature", "99", "nature d'assurance"),
    ("nature", "30", "go together"),
    ("nature", "41", "without the accident"),
    ("maternity", "2025-12-01", "go together"),
    ("exoneration", "X", "exoneration"),
    ("exoneration", "", "exoneration"),
    ("pathway", "TT", "pathway"),
    ("pathway", "t", "pathway"),
    ("prescribed", "2026-03-01", "without a prescriber"),
    ("prescriber", {"billing_id": "12", "speciality": "", "rpps": "", "name": ""}, "9 digits"),
    ("accident", {"day": "2026-03-03", "number": ""}, "later than the care date"),
    ("accident", {"day": "2026-03-01", "number": "123456789"}, "without the nature"),
    ("acts/0/quantity", 0, "quantity"),
    ("acts/0/quantity", 100, "quantity"),
    ("acts/0/complement", "X", "complement"),
    ("acts/0/qualifier", "d", "qualificatif"),
    ("acts/0/place", "2", "place"),
    ("acts/0/amount", 10_000_000, "at most"),
    ("acts/0/code", "HBLD138", "act code"),
    ("mode", "X", "not a SheetMode"),
    ("mode", "F", "names a Vitale"),
    ("mode", "D", "names a Vitale"),
    ("rights_origin", "typed", "typed in"),
    ("prepared_by", "8025000001/00000017", "prepared by card"),
]
"""Breaches of what sheets say from version 3 on."""

PRICE = {
    "unit": 3000,
    "base": 3000,
    "rate": 70,
    "amo": 2100,
    "amc": 900,
    "reduction": 0,
    "flat": 0,
    "exoneration": "0",
    "participation": "",
}
CCAM = {
    "activity": "1",
    "phase": "0",
    "modifiers": [],
    "association": "",
    "documentary": "",
    "teeth": [],
    "grouping": "",
}
PRICES = [
    {"amo": 3001},
    {"amc": 901},
    {"rate": 101},
    {"unit": -1},
    {"flat": 10_000_000},
    {"exoneration": "8"},
    {"participation": "B"},
]
TECHNICAL = [
    {"activity": "6"},
    {"phase": ""},
    {"modifiers": ["F", "F"]},
    {"modifiers": list("FPSUV")},
    {"modifiers": ["ab"]},
    {"association": "6"},
    {"documentary": "xx"},
    {"teeth": ["09"]},
    {"teeth": ["11"] * 17},
    {"grouping": "adc"},
]


def test_each_breach_of_the_norm_is_refused_whoever_has_signed_it(signed):
    for path, value, reason in SINCE_3:
        error = refused(signed, signed.saying(edit(path, value)))
        assert reason in str(error), (path, str(error))


def test_prices_and_acts_of_the_ccam_are_judged_too(signed):
    for change in PRICES:
        refused(signed, signed.saying(edit("acts/0/price", PRICE | change)))
    for change in TECHNICAL:

        def technical(sheet: dict, change: dict = change) -> None:
            sheet["acts"][0] |= {"code": "HBLD138", "ccam": CCAM | change}

        refused(signed, signed.saying(technical))
    right = signed.saying(lambda sheet: sheet["acts"][0].update(code="HBLD138", ccam=CCAM, price=PRICE))
    assert verify(right, signed.trust).sheet.acts[0].price.amc == 900


def test_the_complementary_of_the_card_is_the_cards(consultation, consult, maker, fse_rights):
    amc = Group.of(
        109, "99999997", "", "M12345", "00", "202501010000", "202612310000", "NR", "001", "DRE.RSS.FR"
    )
    groups = [*fse_rights[:5], amc, *fse_rights[5:]]
    with consultation(vitale=maker.vitale(groups)) as session:
        day = date(2026, 3, 2)
        found = session.complementary(day)
        assert (found.number, found.member, found.routing) == ("99999997", "M12345", "NR")
        assert session.complementary(day, 2) is None
        assert session.complementary(date(2027, 1, 1)) is None
        sheet = session.draw_up([consult], number=1, care_date=day, third_party=ThirdParty(True, found))
        assert session.verify(session.sign(sheet)).sheet == sheet
        for other in (replace(found, number="88888888"), replace(found, member="M1")):
            forged = replace(sheet, third_party=ThirdParty(True, other))
            with pytest.raises(SheetRefused, match="complementary insurer of the card is 99999997"):
                session.verify(session.sign(forged))
        told = replace(found, number="88888888", source=ComplementarySource.ATTESTATION)
        assert session.verify(session.sign(replace(sheet, third_party=ThirdParty(True, told))))


def test_rights_of_a_day_without_an_act(signed):
    earlier = [{"amo": None, "coverage": None, "day": "2026-03-01"}]
    assert "no act" in str(refused(signed, signed.saying(edit("rights/earlier", earlier))))


@pytest.mark.parametrize("version", [1, 2, 3])
def test_each_breach_of_a_rule_is_refused_whoever_has_signed_it(signed, version):
    """Both cards sign what the producer's terminal gives them; bytes, not values, so that nothing refuses it before."""
    assert verify(signed.saying(lambda sheet: None, version=version), signed.trust).version == version
    for path, value, reason in BREACHES:
        error = refused(signed, signed.saying(edit(path, value), version=version))
        assert Signatory.VITALE in error.signatories, path
        assert any(part in str(error) for part in reason.split("|")), (path, str(error))


@pytest.mark.parametrize(
    ("path", "value", "what"),
    [
        ("professional/family_name", "AUTRE", "family name"),
        ("professional/given_name", "BERNARD", "given name"),
        ("professional/card_type", "3", "no profession|type"),
        ("professional/national_id", "9970000002", "professional"),
        ("situation/speciality", "24", "Infirmier"),
        ("situation/speciality", "50", "Pharmacien"),
    ],
)
@pytest.mark.parametrize("version", [1, 2, 3])
def test_the_signer_is_compared_with_the_certificate(signed, version, path, value, what):
    error = refused(signed, signed.saying(edit(path, value), version=version))
    assert any(part in str(error) for part in what.split("|")), str(error)


@pytest.mark.parametrize("issued", [True, False])
def test_a_nurse_signs_nothing_in_the_doctors_situation(maker, fse_holder, consultation, consult, issued):
    """The nurse's card is genuine, and says itself that its holder bills as a general practitioner."""
    nurse = replace(fse_holder, card_number="2900000041", **NURSE)
    card = maker.cps(nurse, prefix="nurse", issued=issued)
    with consultation(card) as session:
        sheet = session.draw_up([consult], number=1, care_date=date(2026, 3, 2))
        with pytest.raises(InvalidSheet, match="Médecin, the signer is Infirmier"):
            session.sign(sheet)


@pytest.mark.parametrize(("card_type", "name"), [(2, "cpe"), (3, "cpa")])
def test_an_employee_has_no_doctors_situation(maker, fse_holder, consultation, consult, card_type, name):
    employee = replace(
        fse_holder,
        card_type=card_type,
        national_id=f"30B0990037/{name.upper()}T0001",
        profession=None,
        speciality=None,
        structure_id="10B0990037",
        structure_name="HOPITAL FICTIF",
        department="Paris (75)",
        card_number=f"290000006{card_type}",
    )
    with (
        consultation(maker.cps(employee, prefix=name)) as session,
        pytest.raises(InvalidSheet, match="has no profession"),
    ):
        session.draw_up([consult], number=1, care_date=date(2026, 3, 2))


def test_a_nurses_own_situation_is_hers(maker, fse_holder, consultation, consult):
    situation = Group.of(2, "\x01", "0", "1", "32").replace("code spécialité", "24")
    nurse = replace(fse_holder, card_number="2900000041", **NURSE)
    with consultation(maker.cps(nurse, prefix="nurse", situations=[situation])) as session:
        sheet = session.draw_up([consult], number=1, care_date=date(2026, 3, 2))
        assert session.verify(session.sign(sheet)).sheet == sheet


# what the issuers have signed


def dishonest(signed: Signed, path: str, value: object) -> str:
    return str(refused(signed, signed.saying(edit(path, value))))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("rights/coverage/ald", "0"),
        ("rights/coverage/situation", "0100"),
        ("rights/amo/end", "20991231"),
        ("rights/insured/nir", "1800199999999"),
        ("rights/beneficiary/given_name", "HUGO"),
        ("rights/beneficiary/number", 2),
        ("accepted", ["mutuelle-and-amc"]),
    ],
)
def test_rights_that_their_issuer_has_not_signed(signed, path, value):
    error = refused(signed, signed.saying(edit(path, value)))
    assert error.signatories == {Signatory.VITALE}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("situation/tariff_zone", "30"),
        ("situation/convention", "2"),
        ("situation/billing_id", "99100009"),
        ("situation/speciality", "03"),
        ("situation/may_sign_lots", "0"),
        ("professional/civility", "16"),
    ],
)
def test_a_situation_that_its_issuer_has_not_signed(signed, path, value):
    error = refused(signed, signed.saying(edit(path, value)))
    assert error.signatories == {Signatory.CPS}
    assert "issuer has signed" in str(error)


def test_files_that_were_changed_under_the_signature(signed):
    for part, signatory in (("vitale_issued", Signatory.VITALE), ("cps_issued", Signatory.CPS)):
        issued = getattr(signed.content, part)
        for at in range(len(issued.files)):
            fid, content = issued.files[at]
            files = list(issued.files)
            files[at] = (fid, content[:-1] + bytes((content[-1] ^ 1,)))
            forged = replace(signed.content, **{part: replace(issued, files=tuple(files))})
            error = refused(signed, signed.by_both(forged))
            assert error.signatories == {signatory}
            assert f"{fid:04X}" in str(error)
            files = [one for one in issued.files if one[0] != fid]
            forged = replace(signed.content, **{part: replace(issued, files=tuple(files))})
            assert refused(signed, signed.by_both(forged)).signatories == {signatory}


def test_a_signature_that_was_taken_off(signed):
    """The Vitale has signed which issuers' signatures both cards hold: none of them can be left out."""
    for part in ("vitale_issued", "cps_issued"):
        stripped = replace(signed.content, **{part: Issued()})
        assert refused(signed, signed.again(stripped)).signatories == {Signatory.VITALE}
        kept = replace(signed.content, **{part: replace(getattr(signed.content, part), signature=b"")})
        refused(signed, signed.again(kept))


def test_the_signature_of_another_card_and_an_old_one_of_the_same(
    sign_again, maker, fse_holder, signed, fse_rights, fse_situations
):
    """Genuine signatures of the issuer, carried over: the Vitale has signed the others."""
    before = [group.replace("code ALD", "0") if group.id == 106 else group for group in fse_rights]
    elsewhere = [group.replace("code zone tarifaire", "10") for group in fse_situations]
    other = sign_again(
        maker.cps(replace(fse_holder, card_number="2900000058"), prefix="other"), prefix="other"
    ).content
    older_rights = sign_again(vitale=maker.vitale(before)).content
    older_holder = sign_again(maker.cps(situations=elsewhere)).content
    for part, foreign in (
        ("cps_issued", other),
        ("vitale_issued", older_rights),
        ("cps_issued", older_holder),
    ):
        forged = replace(signed.content, **{part: getattr(foreign, part)})
        assert getattr(forged, part) != getattr(signed.content, part)
        error = refused(signed, signed.again(forged))
        assert Signatory.VITALE in error.signatories
        assert "issuers' signatures" in str(error)


# cards and sheets made before


def test_cards_without_the_signature_say_what_is_not_proven(sign_again, maker):
    whole = sign_again()
    assert verify(whole.raw, whole.trust).not_proven == ()
    old = sign_again(maker.cps(issued=False), maker.vitale(issued=False))
    verdict = verify(old.raw, old.trust)
    assert (verdict.rights_issued, verdict.professional_issued, verdict.version) == (None, None, 3)
    assert len(verdict.not_proven) == 2
    half = sign_again(vitale=maker.vitale(issued=False))
    assert [line.split()[1] for line in verify(half.raw, half.trust).not_proven] == ["rights"]


def test_a_sheet_of_version_1_is_marked(signed):
    raw = signed.saying(lambda sheet: None, version=1)
    verdict = verify(raw, signed.trust)
    assert verdict.version == verdict.sheet.version == 1
    assert all("version 1" in words for words in verdict.not_proven)
    assert len(verdict.not_proven) == 2
    assert b"bifente-FSE/1" in verdict.content.vitale_payload


def test_versions_are_not_mixed(signed):
    """A sheet of one version in a message of the other: what one proves is not believed of the other."""
    old = canonical.encode(replace(canonical.decode(signed.content.sheet), version=1))
    error = refused(signed, signed.by_both(replace(signed.content, sheet=old)))
    assert "version 1 in a message of version 3" in str(error)
    bare = replace(signed.content, version=1, vitale_issued=Issued(), cps_issued=Issued())
    assert "version 3 in a message of version 1" in str(refused(signed, signed.by_both(bare)))
    # nor does the Vitale's signature of a new sheet serve an old one
    downgraded = replace(bare, sheet=old)
    assert refused(signed, signed.again(downgraded)).signatories == {Signatory.VITALE}
