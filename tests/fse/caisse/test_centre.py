"""The whole road on the caisse's side: a sealed mail with signed lots comes, is judged, answered once, and settled."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from caissedesk import CENTRE, NOON, SURGERY, TODAY, Centre
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from keypool import cycling

from bifente.fse.caisse.identity import CaissePolicy
from bifente.fse.caisse.judgement import Recomputed
from bifente.fse.caisse.rules import CaisseRules, parse_rules
from bifente.fse.caisse.store.statistics import status
from bifente.fse.lots.values import LotFile
from bifente.fse.noemie import read_file
from bifente.fse.noemie.errors import NoemieRefused
from bifente.fse.post import ARL, B2_TEST, EDI_CONSENT, B2Subject, Letter, MaildirPost, Part, seal
from bifente.fse.returns.arl import read_arl
from bifente.fse.returns.errors import ReturnRefused
from bifente.fse.sheet.model import CareSheet
from bifente.igc.opposition import OpposedVitale, OppositionList


def test_a_lot_is_acknowledged_and_paid(centre: Centre, files: Callable[..., LotFile]) -> None:
    file = files(7, 11, 12)
    centre.send(centre.mail(file))
    done = centre.caisse.receive(centre.box)
    assert (done.mails, done.accepted, done.refused, done.sent) == (1, 1, 0, 1)
    (arl,) = centre.arls()
    assert (arl.positive, arl.lot, arl.file_id, arl.codes) == (True, 7, "FSE001", ())
    assert centre.caisse.receive(centre.box).mails == 0

    centre.now += timedelta(days=2)
    report = centre.caisse.settle(centre.now.date(), centre.box)
    assert (report.returns, report.paid, report.cents) == (1, 2, 2 * 1900)
    (rsp,) = centre.rsps()
    assert [(one.invoice, one.lot, one.amo.asked, one.amo.paid) for one in rsp.outcomes] == [
        (11, 7, 2100, 1900),
        (12, 7, 2100, 1900),
    ]
    assert {one.participation for one in rsp.outcomes} == {200}
    assert rsp.total == 3800
    assert centre.caisse.settle(centre.now.date(), centre.box).returns == 0


def test_the_same_mail_twice_is_answered_once(centre: Centre, files: Callable[..., LotFile]) -> None:
    """The mailbox could not be told that the mail was dealt with: it comes again, under the same name."""

    class Forgetful(MaildirPost):
        def done(self, id: str) -> None:
            pass

    box = Forgetful(centre.folder, CENTRE)
    centre.send(centre.mail(files(7, 11)))
    assert centre.caisse.receive(box).accepted == 1
    assert (again := centre.caisse.receive(box)).seen == 1
    assert again.sent == 0
    assert len(centre.arls()) == 1


def test_the_same_lot_again_gets_the_same_arl(centre: Centre, files: Callable[..., LotFile]) -> None:
    file = files(7, 11)
    centre.send(centre.mail(file))
    centre.caisse.receive(centre.box)
    (first,) = centre.parts(ARL)
    for _ in range(2):
        centre.now += timedelta(hours=1)
        centre.send(centre.mail(file))
        assert centre.caisse.receive(centre.box).repeated == 1
        (again,) = centre.parts(ARL)
        assert again == first
    with centre.store.reading() as transaction:
        assert status(transaction).repeats == 2
        assert [one.event for one in transaction.journal()].count("repeated") == 2
        assert status(transaction).invoices[0].invoices == 1


def test_an_answer_that_did_not_leave_leaves_later(centre: Centre, files: Callable[..., LotFile]) -> None:
    """The post fails between the transaction and the sending: nothing is judged again, the same answer leaves."""

    class Broken(MaildirPost):
        def send(self, message: bytes, *, sender: str, recipient: str) -> None:
            raise OSError("cable cut")

    centre.send(centre.mail(files(7, 11)))
    with suppress(OSError):
        centre.caisse.receive(Broken(centre.folder, CENTRE))
    assert centre.arls() == []
    done = centre.caisse.receive(centre.box)
    assert (done.mails, done.sent) == (0, 1)
    (arl,) = centre.arls()
    assert arl.positive
    assert arl.issued == NOON


def test_a_changed_lot_is_refused_with_its_reason(centre: Centre, files: Callable[..., LotFile]) -> None:
    file = files(7, 11, 12)
    b2 = bytearray(file.b2)
    b2[128 * 3 + 60] = ord("9") if b2[128 * 3 + 60] != ord("9") else ord("8")
    centre.send(centre.mail(replace(file, b2=bytes(b2))))
    assert centre.caisse.receive(centre.box).refused == 1
    (arl,) = centre.arls()
    assert (arl.positive, arl.lot, [one.code for one in arl.codes]) == (False, 7, ["L12"])
    with centre.store.reading() as transaction:
        assert status(transaction).invoices == ()


def test_of_two_lots_in_a_file_the_good_one_is_accepted(
    centre: Centre, files: Callable[..., LotFile]
) -> None:
    file = files(7, 11, 12, invoices=1)
    spoiled = bytearray(file.signed_lots[1])
    spoiled[-5] ^= 1
    centre.send(centre.mail(replace(file, signed_lots=(file.signed_lots[0], bytes(spoiled)))))
    centre.caisse.receive(centre.box)
    found = {(arl.lot, arl.positive): [one.code for one in arl.codes] for arl in centre.arls()}
    assert found[7, True] == []
    assert "L12" in found[8, False]


def test_a_lot_for_another_caisse(centre: Centre, files: Callable[..., LotFile]) -> None:
    centre.send(centre.mail(files(7, 11)))
    caisse = centre.caisse
    caisse.identity = replace(caisse.identity, organismes=frozenset({"01422"}))
    caisse.receive(centre.box)
    (arl,) = centre.arls()
    assert [one.code for one in arl.codes] == ["L09"]


def test_a_lot_of_tomorrow(centre: Centre, files: Callable[..., LotFile]) -> None:
    centre.send(centre.mail(files(7, 11, day=TODAY + timedelta(days=1))))
    centre.caisse.receive(centre.box)
    (arl,) = centre.arls()
    assert [one.code for one in arl.codes] == ["L10"]


def test_a_sheet_in_two_lots(centre: Centre, files: Callable[..., LotFile]) -> None:
    centre.send(centre.mail(files(7, 11)))
    centre.send(centre.mail(files(8, 11, 12)))
    centre.caisse.receive(centre.box)
    found = {arl.lot: arl for arl in centre.arls()}
    assert found[7].positive
    assert [one.code for one in found[8].codes] == ["L23"]
    assert "11" in found[8].codes[0].label


def test_an_opposed_vitale_is_rejected_in_the_rsp(
    centre: Centre, files: Callable[..., LotFile], surgery_desk
) -> None:  # type: ignore[no-untyped-def]
    vitale = surgery_desk.dossier(1).vitale
    centre.oppositions = (OppositionList(vitale=(OpposedVitale("1", vitale, TODAY),)),)
    centre.send(centre.mail(files(7, 11)))
    centre.caisse.receive(centre.box)
    assert centre.arls()[0].positive
    report = centre.caisse.settle(TODAY + timedelta(days=5), centre.box)
    assert (report.rejected, report.paid, report.cents) == (1, 0, 0)
    (rsp,) = centre.rsps()
    (outcome,) = rsp.outcomes
    assert [one.code for one in outcome.codes] == ["R03"]
    assert outcome.amo.paid == 0


@pytest.mark.parametrize("spoil", [lambda mail: mail[:-400], lambda mail: b"no mail", lambda mail: b""])
def test_a_mail_that_cannot_be_read_loses_nothing(
    centre: Centre, files: Callable[..., LotFile], spoil: Callable[[bytes], bytes]
) -> None:
    centre.send(spoil(centre.mail(files(7, 11))))
    centre.send(centre.mail(files(8, 12)))
    done = centre.caisse.receive(centre.box)
    assert (done.mails, done.unreadable, done.accepted) == (2, 1, 1)
    with centre.store.reading() as transaction:
        assert "unreadable" in [one.event for one in transaction.journal()]


def test_a_mail_for_somebody_else_is_answered_by_a_negative_arl(
    centre: Centre, files: Callable[..., LotFile], surgery_desk, pooled_keys: list[RSAPrivateKey]
) -> None:  # type: ignore[no-untyped-def]
    """The subject says who sent it: so silence is not the only answer."""
    other = surgery_desk.authority.issue_caisse(
        "01", "349", not_before=NOON - timedelta(days=1), key_source=cycling(pooled_keys[3:])
    )
    parts = (Part("FSE001", EDI_CONSENT, B2_TEST, files(7, 11).b2),)
    subject = str(B2Subject("991000019", NOON.replace(tzinfo=None), 1))
    centre.send(seal(Letter(SURGERY, CENTRE, subject, parts, NOON), other.certificate))
    centre.caisse.receive(centre.box)
    (arl,) = centre.arls()
    assert (arl.positive, arl.professional, arl.codes[0].code) == (False, "991000019", "L01")


def test_a_dearer_sheet_than_the_tariff_is_rejected(centre: Centre, files: Callable[..., LotFile]) -> None:
    """The caisse of another day: its tables know another price."""
    tables = centre.examiner.pricer
    assert tables is not None

    def cheaper(sheet: CareSheet) -> Recomputed:
        found = tables(sheet)
        return replace(found, money=replace(found.money, amo=found.money.amo - 100))

    centre.examiner = replace(centre.examiner, pricer=cheaper)
    centre.send(centre.mail(files(7, 11)))
    centre.caisse.receive(centre.box)
    assert centre.caisse.settle(TODAY + timedelta(days=5), centre.box).rejected == 1
    (rsp,) = centre.rsps()
    (code,) = rsp.outcomes[0].codes
    assert (code.code, code.more) == ("R04", "21.00 EUR ASKED, 20.00 EUR BY")


def test_what_machines_send_is_never_answered(centre: Centre) -> None:
    subject = str(B2Subject("991000019", NOON.replace(tzinfo=None), 1))
    head = (
        f"From: {SURGERY}\r\nTo: {CENTRE}\r\nSubject: {subject}\r\nAuto-Submitted: auto-replied\r\n\r\nx\r\n"
    )
    centre.send(head.encode())
    done = centre.caisse.receive(centre.box)
    assert (done.unreadable, done.sent) == (1, 0)


# -- misbehaviour


def misbehaving(centre: Centre, text: str) -> CaisseRules:
    rules = parse_rules(text)
    centre.policy = CaissePolicy(rules=rules)
    return rules


def test_an_arl_is_lost_and_the_next_one_is_not(centre: Centre, files: Callable[..., LotFile]) -> None:
    misbehaving(centre, "rules:\n  - {nth: 1, do: lose}\n")
    file = files(7, 11)
    centre.send(centre.mail(file))
    assert centre.caisse.receive(centre.box).sent == 0
    centre.send(centre.mail(file))
    centre.caisse.receive(centre.box)
    (arl,) = centre.arls()
    assert arl.positive
    assert arl.issued == NOON


def test_an_arl_comes_late(centre: Centre, files: Callable[..., LotFile]) -> None:
    misbehaving(centre, "rules:\n  - {do: delay, hours: 60}\n")
    centre.send(centre.mail(files(7, 11)))
    centre.caisse.receive(centre.box)
    centre.now += timedelta(hours=59)
    centre.caisse.receive(centre.box)
    assert centre.arls() == []
    centre.now += timedelta(hours=1)
    centre.caisse.receive(centre.box)
    assert len(centre.arls()) == 1


def test_an_arl_comes_several_times(centre: Centre, files: Callable[..., LotFile]) -> None:
    misbehaving(centre, "rules:\n  - {lot: [6, 7], do: duplicate, copies: 3}\n")
    centre.send(centre.mail(files(7, 11)))
    centre.send(centre.mail(files(8, 12)))
    centre.caisse.receive(centre.box)
    assert sorted(arl.lot for arl in centre.arls()) == [7, 7, 7, 8]


def test_an_arl_is_altered(centre: Centre, files: Callable[..., LotFile]) -> None:
    misbehaving(
        centre, 'rules:\n  - {professional: "991000019", do: alter}\n  - {organisme: "01422", do: lose}\n'
    )
    centre.send(centre.mail(files(7, 11)))
    centre.caisse.receive(centre.box)
    (arl,) = centre.parts(ARL)
    with pytest.raises(ReturnRefused):
        read_arl(arl, centre.examiner.trust)


def test_a_lot_is_refused_by_a_rule(centre: Centre, files: Callable[..., LotFile]) -> None:
    misbehaving(centre, "rules:\n  - {lot: 7, do: refuse, code: L13}\n")
    centre.send(centre.mail(files(7, 11)))
    centre.caisse.receive(centre.box)
    (arl,) = centre.arls()
    assert [one.code for one in arl.codes] == ["L13"]


def test_an_invoice_is_rejected_by_a_rule(centre: Centre, files: Callable[..., LotFile]) -> None:
    misbehaving(centre, 'rules:\n  - {invoice: 12, do: reject, code: "0250 050"}\n')
    centre.send(centre.mail(files(7, 11, 12)))
    centre.caisse.receive(centre.box)
    report = centre.caisse.settle(TODAY + timedelta(days=5), centre.box)
    assert (report.paid, report.rejected) == (1, 1)
    (rsp,) = centre.rsps()
    assert [[code.code for code in one.codes] for one in rsp.outcomes] == [[], ["0250050"]]


def test_the_mailbox_is_closed(centre: Centre, files: Callable[..., LotFile]) -> None:
    misbehaving(centre, 'rules:\n  - {do: close, from: "2026-11-23 08:00", until: "2026-11-23 20:00"}\n')
    centre.send(centre.mail(files(7, 11)))
    assert centre.caisse.receive(centre.box).closed
    assert centre.arls() == []
    centre.now = NOON.replace(hour=20)
    assert centre.caisse.receive(centre.box).accepted == 1


def test_the_total_of_a_return_is_wrong(centre: Centre, files: Callable[..., LotFile]) -> None:
    misbehaving(centre, "rules:\n  - {do: miscount, cents: 100}\n")
    centre.send(centre.mail(files(7, 11)))
    centre.caisse.receive(centre.box)
    centre.caisse.settle(TODAY + timedelta(days=5), centre.box)
    (content,) = centre.parts("IRIS/NOEMIE")
    assert int(content[-128:][85:96]) == 1900 + 100
    with pytest.raises(NoemieRefused, match="total"):
        read_file(content)
