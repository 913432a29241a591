"""The validator of B2 finds nothing in what lots become."""

from itertools import count

from issued import TODAY
from surgery import consultation, signer_of_lots

from bifente.fse.b2.check import check
from bifente.fse.lots.files import lot_file
from bifente.fse.lots.grouping import LotLimits, into_lots
from bifente.fse.lots.values import Invoice


def test_a_file_of_lots_is_valid(invoices: list[Invoice]) -> None:
    with consultation() as session:
        signer = signer_of_lots(session)
        lots = into_lots(invoices, count(41), TODAY, LotLimits(invoices=2))
        made = lot_file(lots, "FSE001", TODAY, signer)
    assert [(one.rule.name, one.message) for one in check(made.b2)] == []
