"""Three months of copies: a change is found, and what waits for an answer is kept."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from clockhands import Hands
from farcaisse import FarCaisse
from sheetbytes import care_sheet, degraded, several, signed, unsigned

from bifente.crypto.cms import KeySigner
from bifente.fse.cabinet import Cabinet
from bifente.fse.cabinet.archive import months_before
from bifente.fse.cabinet.inbox import Opening
from bifente.fse.cabinet.log import ChainHead
from bifente.fse.cabinet.outbox import CabinetSender
from bifente.fse.post import ARL, MaildirPost

Change = Callable[[str], None]


@pytest.fixture
def change(cabinet: Cabinet) -> Change:
    """SQL behind the surgery's back, by one who may write the file and has taken the triggers away."""

    def run(sql: str) -> None:
        with cabinet.store.write() as connection:
            connection.exec_driver_sql("DROP TRIGGER IF EXISTS event_no_update")
            connection.exec_driver_sql("DROP TRIGGER IF EXISTS event_no_delete")
            connection.exec_driver_sql(sql)

    return run


@pytest.fixture
def year(
    cabinet: Cabinet,
    lot_signer: KeySigner,
    post: MaildirPost,
    sender: CabinetSender,
    caisse: FarCaisse,
    opening: Opening,
    clock: Hands,
) -> Cabinet:
    """Sheets in many states, all of the same day: 1 paid, 2 rejected and replaced by 6, 3 rejected, 4 ARL+ with third-party payment,
    5 ARL+ without; 7 was never sent, 8 is withdrawn."""
    for raw in several((1, 2, 3, 4), third_party=True) + several((5,)):
        cabinet.keep(raw)
    cabinet.make_lots(lot_signer)
    cabinet.send(post, sender)
    (file,) = caisse.receive()
    (lot,) = file.lots
    caisse.answer((ARL, caisse.arl(file, lot)))
    caisse.pay(lot, {1: 2100, 2: None, 3: None})
    list(cabinet.collect(post, opening))
    cabinet.replace_rejected(2)
    cabinet.keep(unsigned(degraded(care_sheet(7))))
    cabinet.withdraw(cabinet.keep(signed(care_sheet(8))).record.id, "typed twice")
    return cabinet


def test_a_store_that_nobody_touched_is_whole(year: Cabinet) -> None:
    head = year.head()
    report = year.check_archive(noted=head)
    assert report.findings == ()
    assert (report.lines, report.head, report.purged) == (head.seq, head, 0)
    assert report.documents >= 10


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE document SET content = x'00' WHERE kind = 'arl'", "arl .*: the copy is not what was kept"),
        (
            "UPDATE document SET content = NULL WHERE kind = 'lot'",
            "lot .*: the copy is gone, and was not purged",
        ),
        ("UPDATE event SET facts = '{}' WHERE seq = 3", "log: line 3 was changed"),
        ("UPDATE event SET at = '2026-03-04T09:00:00+00:00' WHERE seq = 5", "log: line 5 was changed"),
        ("UPDATE event SET subject_id = 2 WHERE seq = 1", "log: line 1 was changed"),
        ("DELETE FROM event WHERE seq = 4", "log: line 4 is missing"),
        ("DELETE FROM event WHERE seq = (SELECT max(seq) FROM event)", "log: it ends with line"),
        ("UPDATE sheet SET state = 'paid' WHERE number = 4", r"sheet 4 is 'paid', and the log says 'ARL\+'"),
        ("UPDATE lot SET state = 'sent'", "lot 1 is 'sent', and the log says 'processing'"),
    ],
)
def test_what_was_changed_behind_its_back_is_found(
    year: Cabinet, change: Change, sql: str, words: str
) -> None:
    change(sql)
    findings = year.check_archive().findings
    assert len(findings) >= 1
    assert any(re.search(words, one) for one in findings), findings


def test_a_log_that_was_written_anew_shows_beside_a_note(year: Cabinet, change: Change) -> None:
    from sqlalchemy import insert, select

    from bifente.fse.cabinet import log
    from bifente.fse.cabinet.tables import EVENTS, HEAD

    noted = year.head()
    with year.store.read() as connection:
        rows = [dict(row) for row in connection.execute(select(EVENTS).order_by(EVENTS.c.seq)).mappings()]
    change("DELETE FROM event")
    digest = log.ORIGIN
    for row in rows:
        row["at"] = "2026-03-02T09:00:00+00:00"
        digest = row["digest"] = log.link(digest, row)
    with year.store.write() as connection:
        connection.execute(insert(EVENTS), rows)
        connection.execute(HEAD.update().values(digest=digest))
    assert year.check_archive().findings == (), "a chain by itself can be forged as a whole"
    (finding,) = year.check_archive(noted=noted).findings
    assert "not the one that was noted" in finding
    longer = ChainHead(noted.seq + 9, noted.digest)
    assert "which was noted, is not there" in year.check_archive(noted=longer).findings[0]


def test_nothing_is_purged_before_three_months_are_over(year: Cabinet, clock: Hands) -> None:
    clock.now = datetime(2026, 6, 3, 9, 0, tzinfo=UTC)
    assert year.purge().sheets == 0
    clock.turn(seconds=1)
    assert year.purge(dry=True).sheets == 3
    assert year.purge().sheets == 3


def test_what_waits_for_its_answer_is_kept(year: Cabinet, clock: Hands) -> None:
    clock.turn(days=100)
    dry = year.purge(dry=True)
    assert year.check_archive().purged == 0
    report = year.purge()
    assert (dry.sheets, dry.kept) == (report.sheets, report.kept)
    assert report.sheets == 3  # paid, ARL+ without third-party payment, withdrawn
    assert dict(report.kept) == {
        "the invoice in its place, n° 000000006, needs the copy": 1,
        "rejected, and not sent again": 1,
        "the RSP has not come": 1,
        "not sent yet": 2,
    }
    assert (7, "not sent yet") in report.examples
    assert report.octets > 1000
    gone = {sheet.number for sheet in year.sheets() if year.document(sheet.digest) is None}
    assert gone == {1, 5, 8}
    assert [event.event for event in year.events("sheet", 1)][-1] == "purge"
    assert year.check_archive().findings == ()
    assert year.purge().sheets == 0
    arls = [lot.arl for lot in year.lots()]
    assert all(arl is not None and year.document(arl) for arl in arls), "an ARL is kept"


def test_with_the_last_sheet_of_a_lot_go_its_copies(
    cabinet: Cabinet, lot_signer: KeySigner, post: MaildirPost, sender: CabinetSender, caisse: FarCaisse, opening: Opening, clock: Hands
) -> None:  # fmt: skip
    for raw in several((1, 2)):
        cabinet.keep(raw)
    cabinet.make_lots(lot_signer)
    cabinet.send(post, sender)
    caisse.acknowledge()
    list(cabinet.collect(post, opening))
    clock.turn(days=100)
    report = cabinet.purge()
    assert (report.sheets, report.documents) == (2, 5)  # both sheets, the lot, the file, the mail
    assert b"TESSIER" not in Path(cabinet.store.place).read_bytes(), "what was purged is overwritten"


def test_three_months_before(cabinet: Cabinet) -> None:
    cases = {
        (2026, 5, 31): (2026, 2, 28),
        (2028, 5, 31): (2028, 2, 29),
        (2026, 3, 3): (2025, 12, 3),
        (2026, 1, 1): (2025, 10, 1),
    }
    for day, before in cases.items():
        found = months_before(datetime(*day, 12, tzinfo=UTC), 3)
        assert (found.year, found.month, found.day) == before
