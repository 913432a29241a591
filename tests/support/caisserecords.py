"""Records of a caisse: a lot with a good invoice and a rejected one, and a refused lot."""

from datetime import UTC, datetime

from bifente.fse.caisse.codes import CaisseFinding
from bifente.fse.caisse.store.records import InvoiceRecord, LotRecord, ReceivedMessage
from bifente.fse.caisse.store.store import CaisseStore

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
DAY = NOW.date()


def invoice(
    number: int, *, state: str = "accepted", findings: tuple[CaisseFinding, ...] = ()
) -> InvoiceRecord:
    return InvoiceRecord(
        number=number,
        digest="ab" * 32,
        replaces=None,
        nir="280019999999917",
        birth="800101",
        rank=1,
        insurance="AS",
        insurer="",
        care=DAY,
        speciality="01",
        department="99",
        third_party=True,
        acts=1,
        fees=3000,
        amo=2100,
        amc=0,
        participation=200,
        franchise=0,
        lines="[]",
        state=state,
        due=DAY,
        findings=findings,
    )


def lot(number: int = 1, *invoices: InvoiceRecord, digest: str = "cd" * 32) -> LotRecord:
    return LotRecord(
        professional="991000019",
        number=number,
        organisme="01349",
        file_id="000001",
        mode="S",
        part="O",
        digest=digest,
        signer="0899700000017",
        made=DAY,
        positive=bool(invoices),
        address="durif@medical.invalid",
        arl=b"arl",
        evidence=b"lot",
        invoices=invoices,
        findings=() if invoices else (CaisseFinding("L05"),),
        count=2,
    )


def filled(store: CaisseStore) -> None:
    """A message with a lot of two invoices, one of them rejected, and a refused lot."""
    with store.writing() as transaction:
        message = transaction.add_message(ReceivedMessage("1.mail", "ef" * 32, "a@b", "IR", 10), NOW)
        refused = CaisseFinding("R04", 2, "1 asked, 2 by the tariff")
        first = lot(1, invoice(1), invoice(2, state="rejected", findings=(refused,)))
        transaction.add_lot(first, message, NOW)
        transaction.add_lot(lot(2), message, NOW)
