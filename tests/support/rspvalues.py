"""Returns of a caisse as hypothesis makes them: whatever the values allow."""

from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from bifente.codes.nir import Nir
from bifente.fse.noemie import Correspondent, FileIdentity
from bifente.fse.noemie.codelists import DEBTS, EXPENSE_QUALIFIERS, FLOWS, INSURANCES, PERIODS, RECOVERIES
from bifente.fse.returns.outcomes import (
    CodeKind,
    FlatDetail,
    FlatPayment,
    InvoiceOutcome,
    LineOutcome,
    OutcomeCode,
    PartOutcome,
    PartState,
    Retention,
)
from bifente.fse.returns.rsp import Rsp

LETTERS = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "@")
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
CENTS = st.integers(0, 10**6)
SIGNED = st.integers(-(10**6), 10**6)


def texts(most: int, least: int = 0) -> st.SearchStrategy[str]:
    """Texts that a file holds as they are."""
    made = st.text(LETTERS, min_size=least, max_size=most).map(lambda text: text.rstrip(" "))
    return made.filter(lambda text: len(text) >= least)


def nirs() -> st.SearchStrategy[str]:
    """Fictitious: month 13 to 19."""

    def made(sex: int, year: int, month: int, department: str, rest: int) -> str:
        return str(Nir.with_key(f"{sex}{year:02}{month}{department}{rest:06}"))

    return st.builds(
        made,
        st.integers(1, 2),
        st.integers(0, 99),
        st.integers(13, 19),
        st.sampled_from(["01", "75", "2A", "2B", "99"]),
        st.integers(0, 999_999),
    )


PARTS = st.one_of(
    st.builds(PartOutcome, CENTS, SIGNED),
    st.builds(
        PartOutcome,
        CENTS,
        st.just(0),
        st.sampled_from([PartState.REJECTED, PartState.DEFERRED, PartState.UNTREATED]),
    ),
)
REJECTS = st.builds(
    OutcomeCode,
    st.one_of(st.from_regex(r"[0-9A-Z]{1,4}", fullmatch=True), st.from_regex(r"[0-9]{7}", fullmatch=True)),
    texts(86, 1),
    st.just(CodeKind.REJECT),
    st.sampled_from("OC"),
    st.integers(0, 99),
    texts(30),
)
NOTICES = st.builds(
    OutcomeCode, texts(10, 1), texts(80, 1), st.just(CodeKind.NOTICE), line=st.integers(0, 99)
)
LINES = st.builds(
    LineOutcome,
    st.integers(1, 97),
    st.sampled_from(["G", "AMI", "ADC"]),
    DAYS,
    charged=CENTS,
    base=CENTS,
    rate=st.integers(0, 100),
    reimbursed=SIGNED,
    unit_price=CENTS,
    coefficient=st.integers(0, 99999).map(lambda hundredths: Decimal(hundredths) / 100),
    quantity=st.integers(0, 999),
    complement=st.sampled_from(["", "N", "F"]),
    qualifier=st.sampled_from(["", *EXPENSE_QUALIFIERS]),
    exoneration=st.sampled_from("04C"),
)


@st.composite
def outcomes(draw: st.DrawFn) -> InvoiceOutcome:
    """One invoice."""
    amc = draw(st.none() | PARTS)
    return InvoiceOutcome(
        invoice=draw(st.integers(1, 999_999_999)),
        lot=draw(st.integers(0, 3)),
        lot_made=draw(st.sampled_from([date(2026, 11, 27), date(2026, 11, 28)])),
        nir=draw(nirs()),
        amo=draw(PARTS),
        amc=amc,
        codes=tuple(draw(st.lists(REJECTS | NOTICES, max_size=2))),
        lines=tuple(draw(st.lists(LINES, max_size=2))),
        participation=draw(st.sampled_from([0, 200])),
        franchise=draw(st.sampled_from([0, 100])),
        comments=tuple(draw(st.lists(texts(128, 1), max_size=1))),
        insurer="0000401234" if amc is not None else "",
        member=draw(texts(15)) if amc is not None else "",
        name=draw(texts(25)),
        given_name=draw(texts(15)),
        birth=draw(st.from_regex(r"[0-9]{6}", fullmatch=True)),
        rank=draw(st.integers(0, 9)),
        insurance=draw(st.sampled_from(list(INSURANCES))),
        invoice_type=draw(st.sampled_from("FDB")),
        archive=draw(st.integers(0, 10**17 - 1)),
    )


RETENTIONS = st.builds(
    Retention,
    texts(10, 1),
    DAYS,
    st.sampled_from(list(DEBTS)),
    st.sampled_from(list(RECOVERIES)),
    SIGNED,
    CENTS,
)
PAYMENTS = st.builds(
    FlatPayment,
    st.integers(0, 99_999),
    CENTS,
    st.lists(
        st.builds(FlatDetail, texts(80), CENTS, st.sampled_from(list(PERIODS)), texts(5)), max_size=2
    ).map(tuple),
)
IDENTITIES = st.builds(
    FileIdentity,
    st.just(Correspondent("CP", "00000000013499", "BIFENT")),
    st.just(Correspondent("TP", "991234567")),
    st.from_regex(r"[0-9]{6}", fullmatch=True),
    DAYS,
    flow=st.sampled_from(list(FLOWS)),
)


def rsps() -> st.SearchStrategy[Rsp]:
    """One return."""
    return st.builds(
        Rsp,
        IDENTITIES,
        st.just("991234567"),
        DAYS,
        st.just("") | st.just("VIREMENT 4711") | st.just("V" * 64),
        outcomes=st.lists(outcomes(), max_size=4).map(tuple),
        retentions=st.lists(RETENTIONS, max_size=2).map(tuple),
        flat_payments=st.lists(PAYMENTS, max_size=2).map(tuple),
    )
