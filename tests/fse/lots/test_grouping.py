"""Which invoices share a lot and a file, and that limits split and never fail."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest
from issued import TODAY

from bifente.fse.lots.grouping import LotLimits, into_dre_lots, into_files, into_lots
from bifente.fse.lots.records import lot_rows, rows_of
from bifente.fse.lots.values import Invoice, Lot, LotError, LotFile, Organisme
from bifente.fse.sheet.acts import Complementary, ThirdParty


def copies(invoice: Invoice, numbers: range) -> list[Invoice]:
    return [
        replace(invoice, number=number, sheet=replace(invoice.sheet, number=number)) for number in numbers
    ]


def to_caisse(invoice: Invoice, caisse: str) -> Invoice:
    sheet = invoice.sheet
    insured = replace(sheet.rights.insured, caisse=caisse)
    return replace(invoice, sheet=replace(sheet, rights=replace(sheet.rights, insured=insured)))


def test_one_lot_in_the_order_of_the_numbers(invoices: list[Invoice]) -> None:
    (lot,) = into_lots(reversed(invoices), count(7), TODAY)
    assert [invoice.number for invoice in lot.invoices] == [1, 2, 3]
    assert (lot.number, lot.mode, lot.organisme.code) == (7, "S", Organisme.of(invoices[0].sheet).code)


def test_each_caisse_gets_lots_and_a_file_of_its_own(invoices: list[Invoice]) -> None:
    mixed = [invoices[0], to_caisse(invoices[1], "881"), to_caisse(invoices[2], "881")]
    lots = into_lots(mixed, count(1), TODAY)
    assert [(lot.organisme.caisse, len(lot.invoices)) for lot in lots] == [
        (invoices[0].sheet.rights.insured.caisse, 1),
        ("881", 2),
    ]
    assert [len(file) for file in into_files(lots)] == [1, 1]


@pytest.mark.parametrize(
    ("limits", "sizes"),
    [
        (LotLimits(invoices=4), [4, 4, 2]),
        (LotLimits(lines=3), [3, 3, 3, 1]),
        (LotLimits(cents=6000), [2, 2, 2, 2, 2]),
        (LotLimits(records=2 + 2 + 3 * 5), [5, 5]),
        (LotLimits(), [10]),
    ],
)
def test_what_does_not_fit_begins_a_new_lot(
    invoices: list[Invoice], limits: LotLimits, sizes: list[int]
) -> None:
    lots = into_lots(copies(invoices[0], range(1, 11)), count(1), TODAY, limits)
    assert [len(lot.invoices) for lot in lots] == sizes
    assert sorted(invoice.number for lot in lots for invoice in lot.invoices) == list(range(1, 11))


def test_a_file_holds_as_many_records_as_it_may(invoices: list[Invoice]) -> None:
    limits = LotLimits(records=100, invoices=10)
    lots = into_lots(copies(invoices[0], range(1, 101)), count(1), TODAY, limits)
    files = into_files(lots, limits)
    sizes = [2 + sum(2 + sum(rows_of(one) for one in lot.invoices) for lot in file) for file in files]
    assert max(sizes) <= 100
    assert [lot for file in files for lot in file] == lots
    assert all(size + 2 + 3 * 10 > 100 for size in sizes[:-1])


def test_a_million_euros_are_split_too(invoices: list[Invoice]) -> None:
    """A lot cannot say more than 9 999 999.99 €."""
    act = replace(invoices[0].sheet.acts[0], amount=9_999_999)
    dear = replace(invoices[0], sheet=replace(invoices[0].sheet, acts=(act,)))
    lots = into_lots(copies(dear, range(1, 251)), count(1), TODAY)
    assert [len(lot.invoices) for lot in lots] == [100, 100, 50]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: replace(one, number=0), "1 to 999999999"),
        (lambda one: replace(one, number=5), "holds sheet 1, and replaces none"),
        (lambda one: replace(one, replaces=1), "cannot replace itself"),
        (lambda one: replace(one, number=10**9, replaces=1), "1 to 999999999"),
    ],
)
def test_an_invoice_that_is_none(
    invoices: list[Invoice], change: Callable[[Invoice], Invoice], said: str
) -> None:
    with pytest.raises(LotError, match=said):
        change(invoices[0])


def test_a_rejected_invoice_takes_a_new_number(invoices: list[Invoice]) -> None:
    again = replace(invoices[0], number=77, replaces=1)
    (lot,) = into_lots([again], count(1), TODAY)
    assert lot.invoices == (again,)


def test_a_lot_that_is_none(invoices: list[Invoice]) -> None:
    (lot,) = into_lots(invoices, count(1), TODAY)
    for changes, said in (
        ({"number": 0}, "lot 0"),
        ({"number": 1000}, "lot 1000"),
        ({"professional": "12345"}, "9 digits"),
        ({"professional": "991000027"}, "is that of professional"),
        ({"invoices": ()}, "no invoice"),
        ({"invoices": (invoices[0], invoices[0])}, "twice"),
        ({"mode": "F"}, "is of mode S"),
        ({"organisme": Organisme("02", "881")}, "belongs to"),
    ):
        with pytest.raises(LotError, match=said):
            replace(lot, **changes)


def test_numbers_that_end_are_said(invoices: list[Invoice]) -> None:
    with pytest.raises(LotError, match="more lots than the 1 numbers"):
        into_lots(invoices, iter([1]), TODAY, LotLimits(invoices=1))


@pytest.mark.parametrize("bad", ["", "FSE1", "fse001", "FSE0011", "FSE 01"])
def test_a_file_has_a_name_of_six(bad: str) -> None:
    with pytest.raises(LotError, match="6 capital letters or digits"):
        LotFile(bad, Organisme("01", "349"), b"", ())


def test_the_limits_are_those_that_fields_can_say() -> None:
    for limits in ({"invoices": 1000}, {"lines": 0}, {"cents": 10**9}, {"records": 6}):
        with pytest.raises(LotError, match="limit of"):
            LotLimits(**limits)


def test_a_lot_is_a_value(invoices: list[Invoice]) -> None:
    (lot,) = into_lots(invoices, count(1), TODAY)
    assert isinstance(lot, Lot)
    assert lot == into_lots(invoices, count(1), TODAY)[0]


def asking(invoice: Invoice, complementary: Complementary) -> Invoice:
    """The same invoice in third-party payment for both parts."""
    act = invoice.sheet.acts[0]
    assert act.price is not None
    priced = replace(act, price=replace(act.price, amc=act.price.base - act.price.amo))
    sheet = replace(invoice.sheet, acts=(priced,), third_party=ThirdParty(True, complementary))
    return replace(invoice, sheet=sheet)


def test_an_amc_is_asked_by_a_dre_and_a_mutuelle_by_the_caisse(invoices: list[Invoice]) -> None:
    by_dre = asking(invoices[0], Complementary("99999999", routing="TM", domain="DRE.EXAMPLE"))
    by_caisse = asking(replace(invoices[1]), Complementary("88888888"))
    lots = into_lots([by_dre, by_caisse, invoices[2]], count(1), TODAY)
    assert [[invoice.number for invoice in lot.invoices] for lot in lots] == [[1, 2, 3]]
    (dre,) = into_dre_lots([by_dre, by_caisse, invoices[2]], count(1), TODAY)
    assert (dre.receiver, [invoice.number for invoice in dre.invoices]) == ("0099999999", [1])
    heads = {row["numero_facture"]: row for row in lot_rows(lots[0]) if row.name == "2"}
    told = {
        number: (row["top_eclatement"], row["destinataire_reglement"], row["organisme_complementaire"])
        for number, row in heads.items()
    }
    assert list(told.values()) == [("E", "15", "99999999"), ("", "15", "88888888"), ("", "00", "")]
    with pytest.raises(LotError, match="by a DRE"):
        replace(dre, invoices=(by_caisse,))


def test_a_dre_travels_in_a_file_of_its_own(invoices: list[Invoice]) -> None:
    by_dre = asking(invoices[0], Complementary("99999999", routing="TM"))
    lots = [*into_lots([by_dre], count(1), TODAY), *into_dre_lots([by_dre], count(2), TODAY)]
    assert sorted(file[0].receiver for file in into_files(lots)) == [
        "0099999999", Organisme.of(by_dre.sheet).code,
    ]  # fmt: skip
