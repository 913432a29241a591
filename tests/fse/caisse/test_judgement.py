"""The verdict on a lot: what refuses it, what rejects an invoice, what is only told."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from bifente.fse.caisse.answers import _codes
from bifente.fse.caisse.codes import CaisseFinding, Gravity
from bifente.fse.caisse.evidence import Examiner, invoice_dossier
from bifente.fse.caisse.judgement import (
    CaisseKnowledge,
    InvoiceDossier,
    KnownInvoice,
    KnownLot,
    LotDossier,
    Money,
    Recomputed,
    SignerFacts,
    judge,
)
from bifente.fse.returns.arlcodes import ARL_CODES
from bifente.fse.returns.rejectcodes import REASON_CODES
from bifente.fse.sheet.rights import ProblemKind
from bifente.igc import Authority
from bifente.igc.revocation import revoke
from bifente.igc.status import StatusChecker, status_checker

OTHER = SignerFacts("0999999999", "8025000001/2900000099", "abc")


def codes(findings: tuple[CaisseFinding, ...]) -> list[str]:
    return [one.code for one in findings]


def test_a_good_lot_is_taken_in_charge(good_lot: LotDossier, known: CaisseKnowledge) -> None:
    verdict = judge(good_lot, known)
    assert verdict.positive
    assert verdict.findings == ()
    assert [one.accepted for one in verdict.invoices] == [True, True]
    assert all(one.findings == () for one in verdict.invoices)


def test_the_signatures_of_the_cards_are_tried(good_lot: LotDossier) -> None:
    first = good_lot.invoices[0]
    assert first.doubts == ()
    assert first.signer is not None
    assert first.signer.card.startswith("8025000001/")
    assert len(first.vitale) == 20


@pytest.mark.parametrize("place", [300, 3000, -10])
def test_a_changed_sheet_refuses_the_lot_and_says_whose_signature(
    surgery_desk: object, changed: Callable[..., LotDossier], known: CaisseKnowledge, place: int
) -> None:
    signed = bytearray(surgery_desk.sheet(1))  # type: ignore[attr-defined]
    signed[place] ^= 1
    spoiled = invoice_dossier(1, bytes(signed), Examiner(surgery_desk.authority.trust_store))  # type: ignore[attr-defined]
    assert spoiled.doubts
    assert all(doubt.startswith(("CPS: ", "Vitale: ")) for doubt in spoiled.doubts)
    verdict = judge(changed(doubts=spoiled.doubts, sheet=None), known)
    assert not verdict.positive
    assert {one.code for one in verdict.refusals} == {"L13"}
    assert verdict.refusals[0].invoice == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"organisme": "01999"}, "L09"),
        ({"created": date(2026, 11, 24)}, "L10"),
        ({"professional": "991000993"}, "L14"),
        ({"signer": OTHER}, "L08"),
        ({"invoices": ()}, "L02"),
        ({"findings": (CaisseFinding("L05"),)}, "L05"),
    ],
)
def test_what_refuses_a_lot(
    good_lot: LotDossier, known: CaisseKnowledge, changes: dict[str, object], code: str
) -> None:
    verdict = judge(replace(good_lot, **changes), known)  # type: ignore[arg-type]
    assert not verdict.positive
    assert verdict.invoices == ()
    assert code in codes(verdict.refusals)


def test_the_same_invoice_twice_in_a_lot(good_lot: LotDossier, known: CaisseKnowledge) -> None:
    twice = replace(good_lot, invoices=(*good_lot.invoices, good_lot.invoices[0]))
    assert codes(judge(twice, known).refusals) == ["L17"]


def test_a_delegate_may_sign_and_so_may_who_proves_it(good_lot: LotDossier, known: CaisseKnowledge) -> None:
    foreign = replace(good_lot, signer=OTHER)
    named = replace(known, delegates=frozenset({(OTHER.identity, good_lot.professional)}))
    assert judge(foreign, named).positive
    assert judge(replace(foreign, may_sign_lots="1"), known).positive
    assert not judge(replace(foreign, may_sign_lots="0"), known).positive


def test_the_professional_whose_situation_may_sign_no_lot(
    good_lot: LotDossier, known: CaisseKnowledge
) -> None:
    def without(one: InvoiceDossier) -> InvoiceDossier:
        assert one.sheet is not None
        situation = replace(one.sheet.situation, may_sign_lots="0")
        return replace(one, sheet=replace(one.sheet, situation=situation))

    lot = replace(good_lot, invoices=tuple(without(one) for one in good_lot.invoices))
    assert codes(judge(lot, known).refusals) == ["L08"]


def test_a_lost_cps_refuses_its_lots_from_that_day_on(good_lot: LotDossier, known: CaisseKnowledge) -> None:
    assert good_lot.signer is not None
    today = replace(known, opposed_certificates={good_lot.signer.serial: known.today})
    assert set(codes(judge(good_lot, today).refusals)) == {"L07", "L16"}
    tomorrow = replace(known, opposed_certificates={good_lot.signer.serial: known.today + timedelta(days=1)})
    assert judge(good_lot, tomorrow).positive


def test_a_sheet_signed_before_the_loss_stays_good(good_lot: LotDossier, known: CaisseKnowledge) -> None:
    """The professional got another card, which signs the lot; the sheets of the lost one are older than its loss."""
    assert good_lot.signer is not None
    later = replace(
        known,
        today=known.today + timedelta(days=2),
        opposed_certificates={good_lot.signer.serial: known.today + timedelta(days=1)},
    )
    renewed = replace(good_lot, signer=replace(good_lot.signer, serial="ffff"))
    assert judge(renewed, later).positive
    assert codes(judge(good_lot, later).refusals) == ["L07"]


def test_the_same_lot_again_gets_the_same_answer(good_lot: LotDossier, known: CaisseKnowledge) -> None:
    for positive in (True, False):
        before = KnownLot(good_lot.digest, positive, known.today)
        verdict = judge(replace(good_lot, organisme="99999"), replace(known, lots=(before,)))
        assert (verdict.positive, verdict.repeated) == (positive, True)


def test_another_lot_of_the_same_number(good_lot: LotDossier, known: CaisseKnowledge) -> None:
    other = KnownLot("cd" * 32, True, known.today - timedelta(days=3))
    assert codes(judge(good_lot, replace(known, lots=(other,))).refusals) == ["L11"]
    refused = replace(other, positive=False)
    assert judge(good_lot, replace(known, lots=(refused,))).positive
    long_ago = replace(other, received=known.today - known.number_kept)
    assert judge(good_lot, replace(known, lots=(long_ago,))).positive


def rejected(lot: LotDossier, known: CaisseKnowledge) -> list[str]:
    """Codes of the first invoice of a lot that is taken in charge."""
    verdict = judge(lot, known)
    assert verdict.positive
    assert not verdict.invoices[0].accepted
    assert verdict.invoices[1].accepted
    return codes(verdict.invoices[0].findings)


def test_an_opposed_vitale(good_lot: LotDossier, known: CaisseKnowledge) -> None:
    vitale = good_lot.invoices[0].vitale
    lot = replace(good_lot, invoices=(good_lot.invoices[0], replace(good_lot.invoices[1], vitale="00" * 10)))
    assert rejected(lot, replace(known, opposed_vitales={vitale: known.today})) == ["R03"]
    after = replace(known, opposed_vitales={vitale: known.today + timedelta(days=1)})
    assert judge(lot, after).invoices[0].accepted


@pytest.mark.parametrize(
    ("kind", "code", "accepted"),
    [
        (ProblemKind.RIGHTS_CLOSED, "R01", False),
        (ProblemKind.NO_COVERAGE, "R02", False),
        (ProblemKind.CARD_EXPIRED, "S01", True),
        (ProblemKind.UNREADABLE_DATE, "S02", True),
    ],
)
def test_rights_that_the_professional_accepted(
    changed: Callable[..., LotDossier],
    good_lot: LotDossier,
    known: CaisseKnowledge,
    kind: ProblemKind,
    code: str,
    accepted: bool,
) -> None:
    assert good_lot.invoices[0].sheet is not None
    verdict = judge(changed(sheet=replace(good_lot.invoices[0].sheet, accepted=(kind,))), known)
    assert verdict.positive
    assert verdict.invoices[0].accepted is accepted
    assert codes(verdict.invoices[0].findings) == [code]


def test_every_kind_of_problem_has_its_consequence(
    changed: Callable[..., LotDossier], good_lot: LotDossier, known: CaisseKnowledge
) -> None:
    for kind in ProblemKind:
        assert good_lot.invoices[0].sheet is not None
        verdict = judge(changed(sheet=replace(good_lot.invoices[0].sheet, accepted=(kind,))), known)
        assert len(verdict.invoices[0].findings) == 1, kind


def test_an_invoice_that_was_paid_already(good_lot: LotDossier, known: CaisseKnowledge) -> None:
    assert good_lot.invoices[0].sheet is not None
    nir = good_lot.invoices[0].sheet.rights.insured.nir
    for state, code in (("paid", "2900005"), ("rejected", "R06"), ("accepted", "R06")):
        before = KnownInvoice("cd" * 32, nir, state)
        assert rejected(good_lot, replace(known, invoices={1: before})) == [code]


def test_a_rejected_invoice_goes_again_under_a_new_number(
    changed: Callable[..., LotDossier], known: CaisseKnowledge
) -> None:
    again = changed(replaces=99)
    assert rejected(again, known) == ["R09"]
    old = KnownInvoice("cd" * 32, "", "paid")
    assert rejected(again, replace(known, invoices={99: old})) == ["R09"]
    assert judge(again, replace(known, invoices={99: replace(old, state="rejected")})).invoices[0].accepted


def test_days_that_are_not_paid(good_lot: LotDossier, known: CaisseKnowledge) -> None:
    late = replace(known, today=known.today + timedelta(days=366))
    assert [codes(one.findings) for one in judge(good_lot, late).invoices] == [["R08"], ["R08"]]
    early = replace(known, today=known.today - timedelta(days=1))
    verdict = judge(replace(good_lot, created=None), early)
    assert [codes(one.findings) for one in verdict.invoices] == [["R07"], ["R07"]]


def test_prices_are_compared_with_the_tariff(
    changed: Callable[..., LotDossier], known: CaisseKnowledge
) -> None:
    asked = Money(3000, 1900, 900)
    priced = changed(claimed=asked, recomputed=Recomputed(asked, 200), insurer="0000000042")
    same = judge(priced, known).invoices[0]
    assert (same.accepted, same.amo, same.amc, same.participation) == (True, 1900, 900, 200)
    less = Recomputed(replace(asked, amo=1800))
    assert rejected(changed(claimed=asked, recomputed=less), known) == ["R04"]
    unknown = Recomputed(Money(0, 0), unknown=("ZZZ9",))
    assert rejected(changed(claimed=asked, recomputed=unknown), known) == ["R05"]
    other = changed(claimed=asked, recomputed=Recomputed(replace(asked, amc=800)), insurer="0000000042")
    amc = judge(other, known).invoices[0]
    assert (amc.accepted, amc.amc, codes(amc.findings)) == (True, 800, ["S08"])


def test_a_dre_asks_for_the_complementary_part_alone(
    changed: Callable[..., LotDossier], known: CaisseKnowledge
) -> None:
    asked = Recomputed(Money(3000, 1900, 900), 200)
    dre = replace(changed(recomputed=asked, insurer="0000000042"), part="C", organisme="0000000042")
    verdict = judge(dre, replace(known, organismes=frozenset({"0000000042"})))
    first, second = verdict.invoices
    assert (first.amo, first.amc, first.participation) == (0, 900, 0)
    assert (second.amo, second.amc) == (0, 0)


def test_what_nobody_proved_or_asked_is_said(
    changed: Callable[..., LotDossier], known: CaisseKnowledge
) -> None:
    lot = changed(rights_proven=False, professional_proven=False)
    verdict = judge(lot, replace(known, revocation=False, tariff=False))
    assert codes(verdict.findings) == ["S06", "S07"]
    assert codes(verdict.invoices[0].findings) == ["S04", "S05"]
    assert verdict.positive
    assert verdict.invoices[0].accepted


def test_a_sheet_comes_in_one_lot(
    changed: Callable[..., LotDossier], good_lot: LotDossier, known: CaisseKnowledge
) -> None:
    first = good_lot.invoices[0]
    before = KnownInvoice(first.digest, "", "accepted")
    (refusal,) = judge(good_lot, replace(known, invoices={1: before})).refusals
    assert (refusal.code, refusal.invoice) == ("L23", 1)
    rejected_before = replace(known, invoices={1: replace(before, state="rejected")})
    assert judge(changed(number=91, replaces=1), rejected_before).positive
    assert codes(judge(changed(number=91), rejected_before).refusals) == ["L23"]


def test_every_finding_has_a_code_of_an_answer_and_its_gravity(
    good_lot: LotDossier, known: CaisseKnowledge
) -> None:
    for code, reason in ARL_CODES.items():
        assert (CaisseFinding(code).gravity is Gravity.LOT) is not reason.positive
        assert CaisseFinding(code).words == reason.french
    for code in REASON_CODES:
        assert CaisseFinding(code, 1).gravity in (Gravity.INVOICE, Gravity.NOTE)
    assert not ARL_CODES.keys() & REASON_CODES.keys()
    assert CaisseFinding("X", 1).gravity is Gravity.INVOICE


def test_a_mail_that_nobody_can_read_is_not_said_to_be_for_another_organisme(
    good_lot: LotDossier, known: CaisseKnowledge
) -> None:
    unreadable = replace(
        good_lot, organisme="", invoices=(), signer=None, findings=(CaisseFinding("L01", detail="cut short"),)
    )
    assert codes(judge(unreadable, known).refusals) == ["L01"]
    assert "L09" in codes(judge(replace(good_lot, organisme="01999"), known).refusals)


def test_an_invoice_with_two_doubts_is_named_once_in_the_arl(
    changed: Callable[..., LotDossier], known: CaisseKnowledge
) -> None:
    lot = changed(doubts=("CPS: no", "Vitale: no"), sheet=None)
    verdict = judge(lot, known)
    assert codes(verdict.refusals) == ["L13", "L13"]
    (code,) = _codes(verdict.refusals)
    assert code.label.endswith("CPS: no (facture 1)")


@pytest.mark.parametrize(("certified", "found"), [(None, []), (True, []), (False, ["S13"])])
def test_a_caisse_without_the_mother_key_says_so(
    changed: Callable[..., LotDossier], known: CaisseKnowledge, certified: bool | None, found: list[str]
) -> None:
    verdict = judge(changed(certified=certified), known)
    assert codes(verdict.invoices[0].findings) == found
    assert verdict.invoices[0].accepted


def test_a_card_that_is_revoked_refuses_lot_and_sheet(
    surgery_desk: object, known: CaisseKnowledge, good_lot: LotDossier, tmp_path: Path
) -> None:
    """The register of the authority is asked, and where nobody can tell, a caisse that insists refuses the sheet."""
    authority = surgery_desk.authority  # type: ignore[attr-defined]
    shutil.copytree(authority.directory, tmp_path / "igc")
    revoking = Authority.open(tmp_path / "igc")
    trust, signed = authority.trust_store, surgery_desk.sheet(1)  # type: ignore[attr-defined]

    def dossier(checker: StatusChecker) -> InvoiceDossier:
        return invoice_dossier(1, signed, Examiner(trust, checker))

    before = dossier(status_checker([revoking], hard_fail=True))
    assert before.signer is not None
    assert (before.signer.revoked, before.doubts) == (None, ())
    day = datetime.combine(known.today, time(), UTC)
    revoke(revoking, revoking.register.find(int(before.signer.serial, 16)), since=day)
    after = dossier(status_checker([revoking]))
    assert after.signer is not None
    assert after.signer.revoked == known.today
    verdict = judge(replace(good_lot, invoices=(after,), signer=after.signer), known)
    assert {one.code for one in verdict.refusals} == {"L07", "L16"}
    [doubt] = dossier(StatusChecker(trust, [], hard_fail=True)).doubts
    assert doubt == "whether the certificate is revoked cannot be told: there is nobody to ask"
