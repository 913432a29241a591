"""From signed sheets to paid ones: lots, files, mails, and whatever comes back."""

from collections.abc import Sequence
from datetime import date

import pytest
from clockhands import Hands
from farcaisse import CABINET, FarCaisse
from sheetbytes import care_sheet, degraded, several, signed, unsigned

from bifente.crypto.cms import KeySigner
from bifente.fse.cabinet import Cabinet, CabinetError, EventRefused, LotState, SheetState
from bifente.fse.cabinet.caisses import CertificateBook, UnknownCaisse
from bifente.fse.cabinet.errors import CabinetStoreBusy, NumberTaken
from bifente.fse.cabinet.inbox import CollectedMail, Opening
from bifente.fse.cabinet.outbox import CabinetSender
from bifente.fse.lots.grouping import LotLimits
from bifente.fse.post import ARL, NOEMIE, MaildirPost, PostUncertain
from bifente.igc import Authority


def keep(cabinet: Cabinet, sheets: Sequence[bytes]) -> list[int]:
    return [cabinet.keep(raw).record.id for raw in sheets]


def states(cabinet: Cabinet) -> list[str]:
    return [sheet.state.value for sheet in cabinet.sheets()]


@pytest.fixture
def sent(
    cabinet: Cabinet, lot_signer: KeySigner, post: MaildirPost, sender: CabinetSender, caisse: FarCaisse
) -> Cabinet:
    """Three sheets of one caisse, with third-party payment, on their way."""
    keep(cabinet, several((1, 2, 3), third_party=True))
    cabinet.make_lots(lot_signer)
    report = cabinet.send(post, sender)
    assert [lot for lot, _ in report.handed] == [1]
    return cabinet


def collect(cabinet: Cabinet, post: MaildirPost, opening: Opening) -> list[CollectedMail]:
    return list(cabinet.collect(post, opening))


def test_a_day_from_the_sheets_to_the_payment(
    sent: Cabinet, post: MaildirPost, caisse: FarCaisse, opening: Opening
) -> None:
    (file,) = caisse.receive()
    (lot,) = file.lots
    assert [entry.number for entry in lot.content.manifest.invoices] == [1, 2, 3]
    assert states(sent) == ["sent"] * 3
    caisse.answer((ARL, caisse.arl(file, lot)))
    (mail,) = collect(sent, post, opening)
    assert (mail.kind, mail.again) == ("arl", False)
    assert (states(sent), sent.lot(1).state) == (["ARL+"] * 3, LotState.ACKNOWLEDGED)
    assert sent.due() == ()
    caisse.pay(lot, {1: 2100, 2: 1500})
    collect(sent, post, opening)
    assert states(sent) == ["paid", "partly paid", "ARL+"]
    assert sent.lot(1).state is LotState.PROCESSING
    caisse.pay(lot, {3: None})
    (mail,) = collect(sent, post, opening)
    assert "rejected, 0250050" in mail.words[0]
    assert states(sent) == ["paid", "partly paid", "rejected"]
    assert [sheet.paid for sheet in sent.sheets()] == [2100, 1500, None]
    assert sent.lot(1).state is LotState.SETTLED
    assert [event.event for event in sent.events("lot", 1)] == [
        "make",
        "send",
        "ARL+",
        "RSP for a part",
        "RSP for all",
    ]
    assert [event.after for event in sent.events("sheet", 3)] == [
        "signed",
        "in lot",
        "sent",
        "ARL+",
        "rejected",
    ]


def test_a_return_for_a_part_proves_that_the_lot_was_received(
    sent: Cabinet, post: MaildirPost, caisse: FarCaisse, opening: Opening
) -> None:
    """The ARL is lost, and the caisse pays what it pays: the sheets that no RSP names are not sent for ever."""
    (file,) = caisse.receive()
    caisse.pay(file.lots[0], {1: 2100})
    collect(sent, post, opening)
    assert states(sent) == ["paid", "ARL+", "ARL+"]
    assert sent.lot(1).state is LotState.PROCESSING
    assert sent.due() == ()


def test_a_lot_for_each_caisse_professional_and_mode(
    cabinet: Cabinet, lot_signer: KeySigner, post: MaildirPost, sender: CabinetSender
) -> None:
    keep(cabinet, several((1, 2)))
    keep(cabinet, several((3,), caisse="422"))
    keep(cabinet, several((1,), billing="99100002"))
    cabinet.keep(unsigned(degraded(care_sheet(9))))
    cabinet.keep(unsigned(care_sheet(10)))  # prepared only
    made = cabinet.make_lots(lot_signer)
    assert (len(made.lots), made.files, made.left) == (4, 3, ())
    lots = cabinet.lots()
    assert sorted((one.professional, one.caisse, one.mode, one.number) for one in lots) == [
        ("991000019", "349", "D", 1), ("991000019", "349", "S", 2), ("991000019", "422", "S", 3), ("991000029", "349", "S", 1),
    ]  # fmt: skip
    assert {cabinet.sheet(one).state for one in (1, 2, 3, 4, 5)} == {SheetState.IN_LOT}
    assert cabinet.sheet(6).state is SheetState.PREPARED
    assert cabinet.make_lots(lot_signer).lots == ()


def test_what_passes_the_limits_is_split(cabinet: Cabinet, lot_signer: KeySigner) -> None:
    keep(cabinet, several(range(1, 8)))
    made = cabinet.make_lots(lot_signer, limits=LotLimits(invoices=3, lots=2))
    assert (len(made.lots), made.files) == (3, 2)
    assert [len(cabinet.sheets(lot=one)) for one in made.lots] == [3, 3, 1]


def test_a_card_that_is_pulled_changes_nothing(cabinet: Cabinet, lot_signer: KeySigner) -> None:
    class Pulled(Exception):
        pass

    class PulledAtTheSecond:
        certificate, chain = lot_signer.certificate, lot_signer.chain
        left = 1

        def sign(self, data: bytes) -> bytes:
            if not self.left:
                raise Pulled
            self.left -= 1
            return lot_signer.sign(data)

    keep(cabinet, several((1,)) + several((2,), caisse="422"))
    with pytest.raises(Pulled):
        cabinet.make_lots(PulledAtTheSecond())
    assert states(cabinet) == ["in lot", "signed"]
    cabinet.make_lots(lot_signer)
    assert states(cabinet) == ["in lot", "in lot"]
    assert [lot.number for lot in cabinet.lots()] == [1, 2], "no number was lost"


def test_an_arl_minus_is_retransmitted_within_two_working_days(
    sent: Cabinet, post: MaildirPost, sender: CabinetSender, caisse: FarCaisse, opening: Opening, clock: Hands
) -> None:
    caisse.acknowledge(["L10"])
    collect(sent, post, opening)
    assert states(sent) == ["ARL-"] * 3
    (due,) = sent.due()
    assert (due.lot.due, due.retransmit, due.days) == ("2026-03-05", True, 2)
    clock.turn(days=1)
    report = sent.retransmit(post, sender)
    assert [lot for lot, _ in report.handed] == [1]
    assert states(sent) == ["resent"] * 3
    caisse.acknowledge()
    first, second = caisse.received
    assert first[0] != second[0], "another mail"
    assert [lot.signed for lot in first[1].lots] == [lot.signed for lot in second[1].lots], "the same lot"
    collect(sent, post, opening)
    assert states(sent) == ["ARL+"] * 3


def test_silence_is_taken_for_an_absence_of_return_and_a_late_arl_still_counts(
    sent: Cabinet, post: MaildirPost, sender: CabinetSender, caisse: FarCaisse, opening: Opening, clock: Hands
) -> None:
    assert [(one.lot.due, one.retransmit) for one in sent.due()] == [("2026-03-05", False)]
    clock.turn(days=2)
    assert sent.watch() == (), "the last day is not over"
    clock.turn(days=1)
    assert sent.due(date(2026, 3, 6))[0].days == -1
    (late,) = sent.watch()
    assert (late.state, late.due) == (LotState.NO_RETURN, "2026-03-10")  # Friday the 6th → Tuesday
    assert states(sent) == ["no return"] * 3
    sent.retransmit(post, sender)
    assert states(sent) == ["resent"] * 3
    caisse.acknowledge()
    assert len(caisse.received) == 2, "the first had come after all"
    collect(sent, post, opening)
    assert states(sent) == ["ARL+"] * 3
    assert [event.event for event in sent.events("lot", 1)].count("ARL+") == 1, (
        "two answers of the same bytes are one"
    )


def test_in_treatment_means_to_wait(
    sent: Cabinet, post: MaildirPost, sender: CabinetSender, caisse: FarCaisse, opening: Opening, clock: Hands
) -> None:
    (file,) = caisse.receive()
    caisse.answer((ARL, caisse.treatment(file, file.lots[0])))
    collect(sent, post, opening)
    assert states(sent) == ["processing"] * 3
    clock.turn(days=30)
    assert sent.retransmit(post, sender).handed == ()
    caisse.answer((ARL, caisse.arl(file, file.lots[0])))
    caisse.pay(file.lots[0], {1: 2100, 2: 2100, 3: 2100})
    collect(sent, post, opening)
    assert states(sent) == ["paid"] * 3


def test_a_rejected_invoice_goes_again_under_a_new_number(
    sent: Cabinet,
    post: MaildirPost,
    sender: CabinetSender,
    caisse: FarCaisse,
    opening: Opening,
    lot_signer: KeySigner,
) -> None:
    (file,) = caisse.receive()
    caisse.answer((ARL, caisse.arl(file, file.lots[0])))
    caisse.pay(file.lots[0], {1: None, 2: None, 3: 2100})
    collect(sent, post, opening)
    same = sent.replace_rejected(1)
    assert (same.number, same.replaces, same.state) == (4, 1, SheetState.SIGNED)
    corrected = sent.replace_rejected(2, signed(care_sheet(7, amount=2500, third_party=True)))
    assert (corrected.number, corrected.replaces, corrected.amount) == (7, 2, 2500)
    assert [sheet.state.value for sheet in sent.sheets()][:2] == ["replaced", "replaced"]
    assert sent.events("sheet", 1)[-1].facts == {"by": 4}
    with pytest.raises(EventRefused, match="possible: nothing more"):
        sent.replace_rejected(1)
    with pytest.raises(EventRefused, match="'paid'"):
        sent.replace_rejected(3)
    sent.make_lots(lot_signer)
    sent.send(post, sender)
    (file,) = caisse.receive()
    assert [(one.number, one.replaces) for one in file.lots[0].content.manifest.invoices] == [(4, 1), (7, 2)]


def test_a_corrected_sheet_needs_a_number_of_its_own(
    sent: Cabinet, post: MaildirPost, caisse: FarCaisse, opening: Opening
) -> None:
    (file,) = caisse.receive()
    caisse.pay(file.lots[0], {1: None})
    collect(sent, post, opening)
    with pytest.raises(NumberTaken):
        sent.replace_rejected(1, signed(care_sheet(1, amount=2500)))
    with pytest.raises(CabinetError, match="not of 991000019"):
        sent.replace_rejected(1, signed(care_sheet(8, billing="99100002")))
    assert states(sent)[0] == "rejected"


def test_the_same_return_twice_is_one_event_and_a_note(
    sent: Cabinet, post: MaildirPost, caisse: FarCaisse, opening: Opening
) -> None:
    (file,) = caisse.receive()
    arl, rsp = caisse.arl(file, file.lots[0]), caisse.rsp(file.lots[0], {1: 2100})
    for again in range(3):
        caisse.answer((ARL, arl), again=again)
        caisse.answer((NOEMIE, rsp), again=again + 10)
    mails = collect(sent, post, opening)
    assert len(mails) == 6
    assert [event.event for event in sent.events("sheet", 1)] == ["sign", "put in lot", "send", "ARL+", "pay"]
    assert [event.event for event in sent.events("lot", 1)].count("the same return again") == 2
    assert collect(sent, post, opening) == []


def test_the_same_mail_twice_is_known_by_its_bytes(
    sent: Cabinet, post: MaildirPost, caisse: FarCaisse, opening: Opening
) -> None:
    (file,) = caisse.receive()
    mail = caisse.mail((ARL, caisse.arl(file, file.lots[0])))
    box = TwiceInTheBox(mail)
    assert [found.again for found in sent.collect(box, opening)] == [False, True]
    assert box.dealt_with == ["first", "second"]
    assert [event.event for event in sent.events("lot", 1)] == ["make", "send", "ARL+"]


class TwiceInTheBox:
    def __init__(self, mail: bytes) -> None:
        self.mail = mail
        self.dealt_with: list[str] = []

    def send(self, message: bytes, *, sender: str, recipient: str) -> None:
        raise AssertionError

    def fetch(self):  # type: ignore[no-untyped-def]
        from bifente.fse.post import Delivered

        yield Delivered("first", self.mail)
        yield Delivered("second", self.mail)

    def done(self, id: str) -> None:
        self.dealt_with.append(id)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lot_digest": "0" * 64}, "another content"),
        ({"file_id": "999999"}, "another content, file or caisse"),
        ({"lot": 77}, "was never made here"),
        ({"professional": "991000029"}, "was never made here"),
    ],
)
def test_an_arl_about_something_else_is_set_aside(
    sent: Cabinet,
    post: MaildirPost,
    caisse: FarCaisse,
    opening: Opening,
    changes: dict[str, object],
    words: str,
) -> None:
    (file,) = caisse.receive()
    caisse.answer((ARL, caisse.arl(file, file.lots[0], changes=changes)))
    (mail,) = collect(sent, post, opening)
    assert mail.kind == "aside"
    assert words in mail.words[0]
    assert states(sent) == ["sent"] * 3
    assert dict(sent.status().received) == {"aside": 1}
    assert collect(sent, post, opening) == [], "it is not read again"


def test_an_arl_of_nobody_known_is_set_aside(
    sent: Cabinet, post: MaildirPost, caisse: FarCaisse, cabinet: Cabinet, production_authority: Authority
) -> None:
    caisse.acknowledge()
    (mail,) = collect(sent, post, Opening(production_authority.trust_store))
    assert mail.kind == "aside"
    assert "not trusted" in mail.words[0]
    assert states(sent) == ["sent"] * 3


@pytest.mark.parametrize("cut", [0, 10, 400, -300])
def test_a_mail_that_is_cut_short_is_set_aside(
    sent: Cabinet, caisse: FarCaisse, opening: Opening, cut: int
) -> None:
    (file,) = caisse.receive()
    mail = caisse.mail((ARL, caisse.arl(file, file.lots[0])))[:cut]
    found = list(sent.collect(TwiceInTheBox(mail), opening))
    assert [one.kind for one in found] == ["aside", "aside"]
    assert states(sent) == ["sent"] * 3


def test_an_rsp_for_what_is_not_there_is_set_aside_as_a_whole(
    sent: Cabinet, post: MaildirPost, caisse: FarCaisse, opening: Opening
) -> None:
    (file,) = caisse.receive()
    caisse.pay(file.lots[0], {1: 2100, 99: 2100})
    (mail,) = collect(sent, post, opening)
    assert mail.kind == "aside"
    assert "n° 000000099 of 991000019, which is not in the store" in mail.words[0]
    assert states(sent) == ["sent"] * 3, "nothing of it is half done"


def test_a_mail_that_is_not_delivered_comes_back_as_anr(
    cabinet: Cabinet,
    lot_signer: KeySigner,
    post: MaildirPost,
    sender: CabinetSender,
    opening: Opening,
    clock: Hands,
) -> None:
    keep(cabinet, several((1, 2), caisse="422"))  # nobody opened this box
    cabinet.make_lots(lot_signer)
    cabinet.send(post, sender)
    assert states(cabinet) == ["sent"] * 2
    (mail,) = collect(cabinet, post, opening)
    assert mail.kind == "anr"
    assert "unknown box" in mail.words[0]
    assert states(cabinet) == ["ANR"] * 2
    assert cabinet.due()[0].retransmit
    cabinet.retransmit(post, sender)
    assert states(cabinet) == ["resent"] * 2
    (mail,) = collect(cabinet, post, opening)
    assert states(cabinet) == ["ANR"] * 2, "the second one came back too, and is not taken for the first"


def test_a_lot_that_is_given_up_sets_its_sheets_free(
    sent: Cabinet,
    post: MaildirPost,
    sender: CabinetSender,
    caisse: FarCaisse,
    opening: Opening,
    lot_signer: KeySigner,
) -> None:
    with pytest.raises(EventRefused, match="'sent': 'release' does not fit"):
        sent.release(1, "impatience")
    caisse.acknowledge(["L05"])
    collect(sent, post, opening)
    sent.release(1, "signed by the wrong card")
    assert states(sent) == ["signed"] * 3
    assert sent.retransmit(post, sender).handed == ()
    assert sent.make_lots(lot_signer).lots == (2,)
    assert sent.lot(2).number == 2
    sent.send(post, sender)
    caisse.acknowledge()
    collect(sent, post, opening)
    assert states(sent) == ["ARL+"] * 3


def test_a_file_with_a_lot_that_was_given_up_does_not_go_again(
    cabinet: Cabinet,
    lot_signer: KeySigner,
    post: MaildirPost,
    sender: CabinetSender,
    caisse: FarCaisse,
    opening: Opening,
) -> None:
    keep(cabinet, several((1, 2)))
    cabinet.make_lots(lot_signer, limits=LotLimits(invoices=1))
    cabinet.send(post, sender)
    caisse.acknowledge(["L99"])
    collect(cabinet, post, opening)
    assert states(cabinet) == ["ARL-"] * 2
    cabinet.release(1, "signed by the wrong card")
    report = cabinet.retransmit(post, sender)
    ((_, error),) = report.failed
    assert "was given up" in str(error)
    assert states(cabinet) == ["signed", "ARL-"]


def test_an_unknown_caisse_keeps_its_lot_and_no_other(
    cabinet: Cabinet, lot_signer: KeySigner, post: MaildirPost, sender: CabinetSender, caisse: FarCaisse
) -> None:
    keep(cabinet, several((1,), caisse="777") + several((2,)))
    cabinet.make_lots(lot_signer)
    report = cabinet.send(post, sender)
    ((_, error),) = report.failed
    assert isinstance(error, UnknownCaisse)
    assert "caisse 01777: no certificate of it is known" in str(error)
    assert states(cabinet) == ["in lot", "sent"]
    assert len(caisse.receive()) == 1


def test_a_certificate_that_is_over_or_of_another_authority_is_not_taken(
    cabinet: Cabinet,
    lot_signer: KeySigner,
    post: MaildirPost,
    sender: CabinetSender,
    clock: Hands,
    production_authority: Authority,
) -> None:
    keep(cabinet, several((1,)))
    cabinet.make_lots(lot_signer)
    clock.turn(days=5 * 365)
    ((_, error),) = cabinet.send(post, sender).failed
    assert "no certificate of it is valid on 2031-" in str(error)
    clock.turn(days=-5 * 365)
    book = sender.book
    assert isinstance(book, CertificateBook)
    book_of_strangers = CertificateBook(book._of["01", "349"], production_authority.trust_store)
    ((_, error),) = cabinet.send(post, CabinetSender(CABINET, book_of_strangers)).failed
    assert "its certificate is not trusted" in str(error)
    assert states(cabinet) == ["in lot"]


class Uncertain:
    """Takes the mail, and the connection ends before it can say so."""

    def __init__(self, post: MaildirPost) -> None:
        self.post = post

    def send(self, message: bytes, *, sender: str, recipient: str) -> None:
        self.post.send(message, sender=sender, recipient=recipient)
        raise PostUncertain("gone")

    def fetch(self):  # type: ignore[no-untyped-def]
        return self.post.fetch()

    def done(self, id: str) -> None:
        self.post.done(id)


def test_a_mail_server_that_went_away_is_gone_on_from(
    cabinet: Cabinet, lot_signer: KeySigner, post: MaildirPost, sender: CabinetSender, caisse: FarCaisse
) -> None:
    keep(cabinet, several((1,)))
    cabinet.make_lots(lot_signer)
    report = cabinet.send(Uncertain(post), sender)
    assert [str(error) for _, error in report.failed] == ["gone"]
    assert (states(cabinet), cabinet.status().waiting) == (["in lot"], 1)
    caisse.receive()
    again = cabinet.send(post, sender)
    assert (len(again.handed), len(again.again)) == (1, 1)
    caisse.receive()
    names = [name for name, _ in caisse.received]
    assert len(set(names)) == 1, "by its Message-ID the second is known for the first"
    assert [event.event for event in cabinet.events("lot", 1)] == ["make", "hand over again", "send"]


def test_one_process_sends_at_a_time(sent: Cabinet, post: MaildirPost, sender: CabinetSender) -> None:
    with sent.store.alone("sending"), pytest.raises(CabinetStoreBusy, match="another process is sending"):
        sent.send(post, sender)
    assert sent.send(post, sender).failed == ()


def test_lot_numbers_go_round_and_leave_out_the_open_ones(cabinet: Cabinet, lot_signer: KeySigner) -> None:
    from bifente.fse.cabinet import numbering

    keep(cabinet, several((1,)))
    cabinet.make_lots(lot_signer)  # lot 1 is open
    with cabinet.store.write() as connection:
        given = [numbering.next_lot(connection, "991000019") for _ in range(999)]
        assert given[:998] == list(range(2, 1000)), "1 is still under way"
        assert given[998] == 2
        assert [numbering.next_file(connection) for _ in range(2)] == ["000002", "000003"]
        numbering._set(connection, "*", "file", 999_999)
        assert numbering.next_file(connection) == "000001"
