"""An RSP goes into a NOEMIE file and comes back the same; what it says is refused when it cannot be true."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from hypothesis import given, settings
from rspvalues import rsps

from bifente.codes.nir import Nir
from bifente.fse.noemie import Correspondent, FileIdentity, NoemieRefused, NotNoemie, check, entities_of
from bifente.fse.noemie.reading import PlacedEntity
from bifente.fse.returns.errors import InvalidReturn
from bifente.fse.returns.outcomes import (
    CodeKind,
    FlatPayment,
    InvoiceOutcome,
    OutcomeCode,
    PartOutcome,
    Retention,
    Settlement,
)
from bifente.fse.returns.rejectcodes import REASON_CODES, reason
from bifente.fse.returns.rsp import Rsp, read_rsp, write_rsp

NIR = str(Nir.with_key("1801375123456"))
IDENTITY = FileIdentity(
    Correspondent("CP", "00000000013499"), Correspondent("TP", "991234567"), "000001", date(2026, 11, 28)
)


def outcome(invoice: int = 1, lot: int = 12, amo: PartOutcome | None = None) -> InvoiceOutcome:
    return InvoiceOutcome(invoice, lot, date(2026, 11, 27), NIR, amo or PartOutcome.settled(2100))


def rsp(*outcomes: InvoiceOutcome) -> Rsp:
    return Rsp(IDENTITY, "991234567", date(2026, 11, 28), "VIREMENT 4711", outcomes=outcomes)


@given(rsps())
@settings(max_examples=20)
def test_what_is_written_is_read_again_and_has_no_fault(value: Rsp) -> None:
    content = write_rsp(value)
    assert [finding.line() for finding in check(BytesIO(content))] == []
    assert read_rsp(content) == value


def test_compressed_as_caisses_send_it_and_with_line_ends() -> None:
    content = write_rsp(rsp(outcome()))
    lines = b"\r\n".join(content[start : start + 128] for start in range(0, len(content), 128))
    assert read_rsp(gzip.compress(content)) == read_rsp(lines + b"\r\n") == rsp(outcome())


def test_the_typical_nesting_of_an_rsp() -> None:
    value = replace(
        rsp(replace(outcome(), codes=(reason("0250 050").of(),)), outcome(2), outcome(3, lot=13)),
        retentions=(Retention("4711", date(2026, 10, 1), "IND", "RPR", -500, 1500),),
        flat_payments=(FlatPayment(123, 4000),),
    )
    found = [one.entity for one in entities_of(BytesIO(write_rsp(value))) if isinstance(one, PlacedEntity)]
    invoice = ["102", "103", "150", "198"]
    assert [one.number for one in found] == [
        *("000", "020", "040", "071", "081", "080", *invoice, "294", "294", *invoice, "990"),
        *("080", *invoice, "990", "990", "081", "261", "990", "081", "250", "990", "990", "999"),
    ]
    controls = [(one.integer("count"), one.signed("total")) for one in found if one.number == "990"]
    assert controls == [(2, 4200), (1, 2100), (2, 6300), (1, 4000), (1, -500), (3, 9800)]
    trailer = found[-1]
    assert (trailer.integer("lots"), trailer.signed("total"), value.total) == (2, 9800, 9800)


def test_money_that_is_taken_back_makes_the_totals_negative() -> None:
    value = rsp(outcome(amo=PartOutcome(0, -2100)))
    content = write_rsp(value)
    assert read_rsp(content) == value
    assert content[-128:][85:97] == b"00000002100N"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda one: one, Settlement.PAID),
        (lambda one: replace(one, amo=PartOutcome.settled(2100, 2000)), Settlement.PARTLY_PAID),
        (lambda one: replace(one, amo=PartOutcome.settled(2100, 1900), participation=200), Settlement.PAID),
        (lambda one: replace(one, amo=PartOutcome.rejected(2100)), Settlement.REJECTED),
        (lambda one: replace(one, amo=PartOutcome.deferred(2100)), Settlement.DEFERRED),
        (
            lambda one: replace(one, amc=PartOutcome.rejected(900), insurer="0000401234"),
            Settlement.PARTLY_PAID,
        ),
        (lambda one: replace(one, codes=(reason("S12").of(),)), Settlement.PAID),
        (lambda one: replace(one, codes=(reason("R05").of(line=2),)), Settlement.PARTLY_PAID),
    ],
)
def test_what_became_of_an_invoice(
    change: Callable[[InvoiceOutcome], InvoiceOutcome], expected: Settlement
) -> None:
    assert change(outcome()).outcome is expected


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"nir": NIR[:13] + "00"}, "right key"),
        ({"nir": "1801375"}, "nir"),
        ({"invoice": 10**9}, "invoice: 1000000000"),
        ({"lot": 1000}, "lot: 1000"),
        ({"name": "DUPONT@"}, "name: 'DUPONT@'"),
        ({"name": "Bérénice"}, "printable ASCII"),
        ({"name": "X" * 26}, "0 to 25 characters"),
        ({"birth": "1980"}, "birth"),
        ({"insurance": "XX"}, "insurance: 'XX'"),
        ({"amc": PartOutcome.settled(1)}, "insurer"),
        ({"insurer": "0000401234"}, "no complementary part"),
        ({"lot_made": date(1999, 12, 31)}, "2000 to 2099"),
    ],
)
def test_an_outcome_that_no_file_can_say_is_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidReturn, match=words):
        replace(outcome(), **change)  # type: ignore[arg-type]


def test_a_part_that_is_not_paid_has_no_amount() -> None:
    with pytest.raises(InvalidReturn, match="state PAID"):
        replace(PartOutcome.rejected(2100), paid=1)


def test_codes_of_a_reject_have_four_or_seven_characters() -> None:
    with pytest.raises(InvalidReturn, match="one to four characters, or seven"):
        OutcomeCode("12345", "X")


def test_a_file_whose_totals_are_wrong_is_not_believed() -> None:
    content = write_rsp(rsp(outcome()))
    with pytest.raises(NoemieRefused, match=r"990.*2100 was found in the entity 080"):
        read_rsp(content.replace(b"00000002100P", b"00000002101P"))


def test_what_is_not_noemie_is_not_read() -> None:
    with pytest.raises(NotNoemie, match="entity 000"):
        read_rsp(b"1" * 128)


def test_the_codes_have_a_source_and_ours_say_that_they_are_synthetic() -> None:
    assert {code for code, one in REASON_CODES.items() if not one.synthetic} == {
        "0250050", "0317051", "0450072", "0460053", "0470049", "2900005",
    }  # fmt: skip
    for code, one in REASON_CODES.items():
        assert one.synthetic == code[0].isalpha()
        assert one.label
        assert one.advice
        value = rsp(replace(outcome(), codes=(one.of(),)))
        assert read_rsp(write_rsp(value)) == value


def test_an_unknown_code_is_named() -> None:
    with pytest.raises(InvalidReturn, match="'9999'"):
        reason("9999")


def test_kinds_of_codes_come_back_as_such() -> None:
    codes = (reason("S10").of(), reason("2900005").of(part="C"))
    read = read_rsp(write_rsp(rsp(replace(outcome(), codes=codes)))).outcomes[0]
    assert [one.kind for one in read.codes] == [CodeKind.NOTICE, CodeKind.REJECT]
    assert [one.code for one in read.rejects] == ["2900005"]
