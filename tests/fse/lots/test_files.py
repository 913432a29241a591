"""A file of signed lots: made, read by the other side, and every change on its way found."""

from dataclasses import replace
from itertools import count

import pytest
from issued import TODAY, authority
from surgery import consultation, signer_of_lots

from bifente.fse.b2 import read_file
from bifente.fse.b2.errors import B2Error
from bifente.fse.lots.files import lot_file, read_lot_file
from bifente.fse.lots.grouping import LotLimits, into_lots
from bifente.fse.lots.judging import check_records, check_signing_holder, lot_of, lot_signer
from bifente.fse.lots.records import certification_zone
from bifente.fse.lots.signedlot import LotRefused, read_signed_lot, sign_lot
from bifente.fse.lots.values import Invoice, LotError, LotFile
from bifente.fse.sheet import verify
from bifente.igc import TrustStore


@pytest.fixture(scope="session")
def made(invoices: list[Invoice]) -> LotFile:
    """Two lots in a file, signed by the doctor whose sheets they hold."""
    with consultation() as session:
        signer = signer_of_lots(session)
        lots = into_lots(invoices, count(41), TODAY, LotLimits(invoices=2))
        return lot_file(lots, "FSE001", TODAY, signer)


@pytest.fixture(scope="session")
def trust() -> TrustStore:
    return authority().trust_store


def test_it_is_a_file_of_the_norm(made: LotFile, invoices: list[Invoice]) -> None:
    assert len(made.b2) % 128 == 0
    file = read_file(made.b2)
    assert [row.name for row in file.rows()] == [
        "000", *("1", "2", "4", "5", "2", "4", "4M", "5", "6"), *("1", "2", "4", "4", "4M", "5", "6"), "999",
    ]  # fmt: skip
    first, second = file.lots
    assert first.header.text("numero_lot") == "041"
    assert first.trailer["total_facture"] == sum(invoice.sheet.total for invoice in invoices[:2])
    assert second.trailer["nombre_lignes"] == 3
    assert file.trailer["volume"] == 18
    assert file.trailer["nombre_lots"] == 2
    zones = [invoice.total.text("zone_certification") for lot in file.lots for invoice in lot.invoices]
    assert zones == [certification_zone(invoice.signed) for invoice in invoices]


def test_the_other_side_finds_the_sheets_again(
    made: LotFile, invoices: list[Invoice], trust: TrustStore
) -> None:
    received = read_lot_file(made.b2, tuple(reversed(made.signed_lots)))
    assert (received.identification, received.created) == ("FSE001", TODAY)
    assert [lot.number for lot in received.lots] == [41, 42]
    found = []
    for lot in received.lots:
        verified = [verify(signed, trust).sheet for signed in lot.content.sheets]
        again = lot_of(lot.content, verified)
        check_records(lot.content, again)
        check_signing_holder(lot.content, verified, lot_signer(lot.content, trust, TODAY))
        found += again.invoices
    assert found == invoices


@pytest.mark.parametrize("at", [300, 128 + 40, 128 * 3 + 100, -200, -300])
def test_a_changed_record_is_found(made: LotFile, at: int) -> None:
    changed = bytearray(made.b2)
    changed[at] = ord("7") if changed[at] != ord("7") else ord("8")
    with pytest.raises((LotRefused, B2Error)):
        read_lot_file(bytes(changed), made.signed_lots)


def test_every_byte_of_a_lot_is_signed(made: LotFile) -> None:
    """All records between 000 and 999: none of their bytes can be another, whatever it meant."""
    for at in range(128, len(made.b2) - 128, 61):
        changed = bytearray(made.b2)
        changed[at] ^= 1
        with pytest.raises((LotRefused, B2Error)):
            read_lot_file(bytes(changed), made.signed_lots)


def test_a_bit_of_a_signed_lot_is_found(made: LotFile) -> None:
    signed = made.signed_lots[0]
    for at in range(0, len(signed), 397):
        changed = bytearray(signed)
        changed[at] ^= 0x10
        with pytest.raises(LotRefused):
            read_lot_file(made.b2, (bytes(changed), made.signed_lots[1]))


def test_a_lot_without_signature_and_a_signature_without_lot(made: LotFile, invoices: list[Invoice]) -> None:
    with pytest.raises(LotRefused, match="no signed lot") as refused:
        read_lot_file(made.b2, made.signed_lots[:1])
    assert refused.value.kind == "signature.lot-unsigned"
    with consultation() as session:
        (other,) = into_lots(invoices[:1], count(9), TODAY)
        more = sign_lot(other, "FSE001", signer_of_lots(session))
    with pytest.raises(LotRefused, match="without records"):
        read_lot_file(made.b2, (*made.signed_lots, more))


def test_a_lot_belongs_to_its_file(made: LotFile) -> None:
    renamed = made.b2.replace(b"FSE001", b"FSE002")
    with pytest.raises(LotRefused, match="signed for file FSE001, this is FSE002"):
        read_lot_file(renamed, made.signed_lots)


def test_a_sheet_moved_to_another_lot(made: LotFile, invoices: list[Invoice]) -> None:
    """Whoever has no card cannot put a genuine sheet elsewhere: the manifest names each by its digest."""
    content = read_signed_lot(made.signed_lots[0])
    with pytest.raises(LotRefused, match="make no such lot"):
        lot_of(replace(content, sheets=content.sheets[:1]), [invoices[0].sheet])
    with pytest.raises(LotRefused, match="make no such lot"):
        lot_of(content, [invoices[0].sheet, invoices[2].sheet])


def test_records_that_say_something_else_than_the_sheets(invoices: list[Invoice], trust: TrustStore) -> None:
    """A professional who signs a lot whose records ask for more than the sheets do."""
    act = replace(invoices[0].sheet.acts[0], amount=4000)
    dearer = replace(invoices[0], sheet=replace(invoices[0].sheet, acts=(act,)))
    with consultation() as session:
        (lot,) = into_lots([dearer], count(1), TODAY)
        file = lot_file([lot], "FSE003", TODAY, signer_of_lots(session))
    (received,) = read_lot_file(file.b2, file.signed_lots).lots
    honest = lot_of(received.content, [verify(invoices[0].signed, trust).sheet])
    with pytest.raises(LotRefused, match="something else than its sheets"):
        check_records(received.content, honest)


def test_another_holder_signs_for_the_practice_or_not_at_all(
    invoices: list[Invoice], trust: TrustStore
) -> None:
    with consultation("nurse") as session:
        nurse = signer_of_lots(session)
        (lot,) = into_lots(invoices, count(1), TODAY)
        content = read_signed_lot(sign_lot(lot, "FSE001", nurse))
        signer = lot_signer(content, trust, TODAY)
        with pytest.raises(LotRefused, match="lot 1: "):
            check_signing_holder(content, [invoice.sheet for invoice in invoices], signer)
        billed = invoices[0].sheet.situation
        of_practice = replace(billed, number=4, billing_id="99100002", billing_id_key="7", may_sign_lots="1")
        for situation, refusal in (
            (of_practice, None),
            (replace(of_practice, may_sign_lots="0"), "may not sign a lot"),
            (replace(of_practice, structure_id="123456789"), "another practice"),
        ):
            content = read_signed_lot(sign_lot(lot, "FSE001", nurse, signing=situation))
            if refusal is None:
                check_signing_holder(content, [invoice.sheet for invoice in invoices], signer)
            else:
                with pytest.raises(LotRefused, match=refusal):
                    check_signing_holder(content, [invoice.sheet for invoice in invoices], signer)


def test_a_signer_of_another_authority(made: LotFile) -> None:
    content = read_signed_lot(made.signed_lots[0])
    with pytest.raises(LotRefused, match="not trusted"):
        lot_signer(content, TrustStore((), (), ()), TODAY)


@pytest.mark.parametrize("junk", [b"", b"0", b"\x30\x80", bytes(500)])
def test_what_is_no_signed_lot(junk: bytes) -> None:
    with pytest.raises(LotRefused):
        read_signed_lot(junk)


def test_one_file_one_sender_one_caisse(invoices: list[Invoice]) -> None:
    with consultation() as session:
        signer = signer_of_lots(session)
        (first,) = into_lots(invoices[:1], count(1), TODAY)
        (again,) = into_lots(invoices[1:2], count(1), TODAY)
        with pytest.raises(LotError, match="same number"):
            lot_file([first, again], "FSE001", TODAY, signer)
        with pytest.raises(LotError, match="no lot"):
            lot_file([], "FSE001", TODAY, signer)


def test_an_act_without_price_makes_no_invoice(invoices: list[Invoice]) -> None:
    act = replace(invoices[0].sheet.acts[0], price=None)
    with pytest.raises(LotError, match="has no price"):
        into_lots([replace(invoices[0], sheet=replace(invoices[0].sheet, acts=(act,)))], count(1), TODAY)
