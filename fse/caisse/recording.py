"""A judged lot as the store keeps it."""

from datetime import date
from typing import Final

from bifente.fse.caisse.answers import lines_of
from bifente.fse.caisse.evidence import LotEvidence
from bifente.fse.caisse.judgement import REJECTED, InvoiceDossier, InvoiceVerdict, LotVerdict
from bifente.fse.caisse.store.records import InvoiceRecord, LotRecord
from bifente.fse.returns.outcomes import INSURANCE_OF_NATURE

ACCEPTED: Final = "accepted"
PAID: Final = "paid"
REIMBURSED: Final = "reimbursed"
"""States of an invoice: taken in charge, paid to the professional, reimbursed to the assuré; and ``rejected``."""


def lot_record(
    evidence: LotEvidence, verdict: LotVerdict, sender: str, arl: bytes, today: date, due: date
) -> LotRecord:
    """The record of *evidence* with its verdict and ARL; its invoices are settled on *due*."""
    lot = evidence.dossier
    invoices = (
        tuple(
            _invoice_record(dossier, judged, due)
            for dossier, judged in zip(lot.invoices, verdict.invoices, strict=True)
        )
        if verdict.positive
        else ()
    )
    return LotRecord(
        professional=lot.professional,
        number=lot.number,
        organisme=lot.organisme,
        file_id=lot.file_id,
        mode=lot.mode,
        part=lot.part,
        digest=lot.digest,
        signer=lot.signer.identity if lot.signer is not None else "",
        made=evidence.made or today,
        positive=verdict.positive,
        address=sender,
        arl=arl,
        evidence=evidence.signed,
        invoices=invoices,
        findings=tuple(verdict.findings),
        count=len(lot.invoices),
    )


def _invoice_record(dossier: InvoiceDossier, judged: InvoiceVerdict, due: date) -> InvoiceRecord:
    sheet = dossier.sheet
    if sheet is None:
        raise ValueError("an invoice without a sheet in a lot that was taken in charge")
    asked = dossier.claimed
    insured, patient = sheet.rights.insured, sheet.rights.beneficiary
    birth = patient.birth_date[2:8]
    return InvoiceRecord(
        number=dossier.number,
        digest=dossier.digest,
        replaces=dossier.replaces,
        nir=insured.nir + insured.nir_key,
        birth=birth if len(birth) == 6 and birth.isdigit() else "000000",
        rank=int(patient.birth_rank) if patient.birth_rank.isdigit() else 1,
        insurance=INSURANCE_OF_NATURE.get(sheet.nature, "AS"),
        insurer=_insurer_number(dossier.insurer),
        care=sheet.care_date,
        speciality=sheet.situation.speciality[:2],
        department=sheet.situation.billing_id[:2],
        third_party=sheet.third_party.amo or sheet.third_party.complementary is not None,
        acts=len(sheet.acts),
        fees=sheet.total,
        amo=judged.amo if judged.accepted else (asked.amo if asked is not None else 0),
        amc=judged.amc if judged.accepted else (asked.amc if asked is not None and dossier.insurer else 0),
        participation=judged.participation,
        franchise=judged.franchise,
        lines=lines_of(sheet),
        state=ACCEPTED if judged.accepted else REJECTED,
        due=due,
        findings=judged.findings,
    )


def _insurer_number(number: str) -> str:
    return number.strip().zfill(10) if number.strip().isdigit() else ""
