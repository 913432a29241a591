"""Sheets come into the store: once each, under their numbers, with a log that holds together."""

import pytest
from sheetbytes import care_sheet, degraded, signed, unsigned

from bifente.fse.cabinet import Cabinet, CabinetError, EventRefused, SheetState
from bifente.fse.cabinet import log as chain
from bifente.fse.cabinet.errors import NumberTaken, UnknownRecord
from bifente.fse.errors import SheetRefused
from bifente.igc import Authority


def test_a_signed_sheet_is_kept_with_its_bytes(cabinet: Cabinet) -> None:
    raw = signed(care_sheet(12, amount=4250))
    kept = cabinet.keep(raw)
    record = kept.record
    assert not kept.again
    assert (record.number, record.professional, record.state, record.mode) == (
        12,
        "991000019",
        SheetState.SIGNED,
        "S",
    )
    assert (record.regime, record.caisse, record.centre, record.amount) == ("01", "349", "9881", 4250)
    assert cabinet.document(record.digest) == raw
    assert [(one.event, one.before, one.after) for one in cabinet.events("sheet", record.id)] == [
        ("sign", None, "signed")
    ]


def test_the_same_sheet_twice_is_one(cabinet: Cabinet) -> None:
    raw = signed(care_sheet(12))
    first, second = cabinet.keep(raw), cabinet.keep(raw)
    assert (second.again, second.record) == (True, first.record)
    assert cabinet.head().seq == 1


def test_another_sheet_under_a_number_that_is_taken_is_refused(cabinet: Cabinet) -> None:
    cabinet.keep(signed(care_sheet(12)))
    with pytest.raises(NumberTaken, match="000000012 of 991000019 belongs to another sheet") as refused:
        cabinet.keep(signed(care_sheet(12, amount=5000)))
    assert refused.value.free == 13
    assert cabinet.next_number("991000019") == 13, "a number that was only proposed was not used up"
    assert cabinet.next_number("991000019") == 14
    cabinet.keep(signed(care_sheet(12, billing="99100002")))  # another professional's own number
    assert len(cabinet.with_number(12)) == 2
    assert len(cabinet.with_number(12, "991000019")) == 1


def test_a_degraded_sheet_has_no_signature(cabinet: Cabinet) -> None:
    kept = cabinet.keep(unsigned(degraded(care_sheet(3))))
    assert (kept.record.state, kept.record.mode) == (SheetState.DEGRADED, "D")


def test_the_secretariat_prepares_and_the_doctor_signs_later(cabinet: Cabinet) -> None:
    sheet = care_sheet(3)
    prepared = cabinet.keep(unsigned(sheet)).record
    assert prepared.state is SheetState.PREPARED
    raw = signed(sheet)
    done = cabinet.keep(raw).record
    assert (done.id, done.state, done.mode) == (prepared.id, SheetState.SIGNED, "S")
    assert cabinet.document(done.digest) == raw
    assert [one.event for one in cabinet.events("sheet", done.id)] == ["prepare", "sign"]
    assert cabinet.keep(raw).again


def test_a_degraded_sheet_that_somebody_signed_is_refused(cabinet: Cabinet) -> None:
    with pytest.raises(CabinetError, match="this one is signed"):
        cabinet.keep(signed(degraded(care_sheet(1))))
    assert cabinet.head().seq == 0


def test_a_sheet_without_a_number_to_bill_under_is_refused(cabinet: Cabinet) -> None:
    with pytest.raises(CabinetError, match="no number of 9 digits"):
        cabinet.keep(signed(care_sheet(1, billing="", key="")))


@pytest.mark.parametrize("raw", [b"", b"{}", b"\x30\x03\x02\x01\x01", b"\0" * 200_000])
def test_what_is_no_sheet_is_refused(cabinet: Cabinet, raw: bytes) -> None:
    with pytest.raises(CabinetError, match=r"a\.p7m: (not a care sheet|longer than)"):
        cabinet.keep(raw, source="a.p7m")
    assert cabinet.sheets() == ()


def test_a_sheet_of_cards_that_are_not_trusted_is_refused(
    cabinet: Cabinet, pooled_authority: Authority
) -> None:
    with pytest.raises(SheetRefused):
        cabinet.keep(signed(care_sheet(1)), trust=pooled_authority.trust_store)
    assert cabinet.sheets() == ()


def test_a_sheet_is_withdrawn_with_a_reason_and_only_once(cabinet: Cabinet) -> None:
    record = cabinet.keep(signed(care_sheet(1))).record
    assert cabinet.withdraw(record.id, "typed twice").state is SheetState.WITHDRAWN
    with pytest.raises(EventRefused, match="'withdrawn'"):
        cabinet.withdraw(record.id, "again")
    assert cabinet.events("sheet", record.id)[-1].facts == {"why": "typed twice"}
    with pytest.raises(UnknownRecord, match="sheet 99"):
        cabinet.withdraw(99, "")


def test_pages_go_on_behind_the_last_one(cabinet: Cabinet) -> None:
    for number in range(1, 8):
        cabinet.keep(signed(care_sheet(number)) if number % 2 else unsigned(care_sheet(number)))
    first = cabinet.sheets(limit=3)
    second = cabinet.sheets(limit=3, after=first[-1].id)
    assert [one.number for one in (*first, *second)] == [1, 2, 3, 4, 5, 6]
    assert [one.number for one in cabinet.sheets(state=SheetState.PREPARED)] == [2, 4, 6]
    assert dict(cabinet.status().sheets) == {"signed": 4, "prepared": 3}
    assert [one.seq for one in cabinet.events(after=5)] == [6, 7]


def test_the_log_is_a_chain(cabinet: Cabinet) -> None:
    for number in range(1, 5):
        cabinet.keep(signed(care_sheet(number)))
    digest = chain.ORIGIN
    with cabinet.store.read() as connection:
        for row in chain.rows_after(connection):
            digest = chain.link(digest, row)
            assert digest == row["digest"]
        assert chain.head_of(connection).digest == digest
