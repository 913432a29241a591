"""A return of a caisse with one of each: paid, partly paid, rejected, noted, withheld and paid besides."""

from dataclasses import replace
from datetime import date

from bifente.codes.nir import Nir
from bifente.fse.noemie import Correspondent, FileIdentity
from bifente.fse.returns.outcomes import (
    FlatDetail,
    FlatPayment,
    InvoiceOutcome,
    LineOutcome,
    PartOutcome,
    Retention,
)
from bifente.fse.returns.rejectcodes import reason
from bifente.fse.returns.rsp import Rsp, write_rsp

DAY = date(2026, 11, 28)


def some_rsp() -> Rsp:
    """The same each time."""
    paid = InvoiceOutcome(
        1,
        12,
        date(2026, 11, 27),
        str(Nir.with_key("1801375123456")),
        PartOutcome.settled(2100),
        name="MARTIN",
        given_name="ZOE",
        birth="801300",
        lines=(LineOutcome(1, "G", date(2026, 11, 27), charged=3000, base=3000, rate=70, reimbursed=2100),),
    )
    return Rsp(
        FileIdentity(Correspondent("CP", "00000000013499"), Correspondent("TP", "991234567"), "000001", DAY),
        "991234567",
        DAY,
        "VIREMENT 4711",
        "CPAM 349",
        outcomes=(
            paid,
            replace(paid, invoice=2, amo=PartOutcome.settled(2100, 1900), participation=200),
            replace(paid, invoice=3, amo=PartOutcome.rejected(2100), codes=(reason("0250 050").of(),)),
            replace(
                paid,
                invoice=4,
                lot=13,
                codes=(reason("S12").of(),),
                comments=("VOIR NOTRE COURRIER DU 20 NOVEMBRE",),
            ),
        ),
        retentions=(Retention("DETTE4711", date(2026, 10, 1), "IND", "RPR", -500, 1500),),
        flat_payments=(FlatPayment(123, 4000, (FlatDetail("FORFAIT", 4000),)),),
    )


def some_noemie() -> bytes:
    """Its file."""
    return write_rsp(some_rsp())
