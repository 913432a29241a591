"""What a caisse writes: the ARL of a lot, the RSP of a settlement, and the mails around them.

A mail is written once, kept in the outbox and sent as it is, however often it has to be sent.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from bifente.crypto.cms import Signer
from bifente.documents import Fields, parse_json
from bifente.fse.caisse.codes import CaisseFinding, Gravity
from bifente.fse.caisse.judgement import REJECTED, LotDossier, LotVerdict
from bifente.fse.caisse.store.records import DueInvoice, OutgoingMail
from bifente.fse.noemie import Correspondent, FileIdentity
from bifente.fse.post import ARL, EDI_CONSENT, NOEMIE, Letter, Part, pack
from bifente.fse.returns.arl import Arl, ArlCode, write_arl
from bifente.fse.returns.outcomes import InvoiceOutcome, LineOutcome, OutcomeCode, PartOutcome
from bifente.fse.returns.rejectcodes import REASON_CODES
from bifente.fse.returns.rsp import Rsp, write_rsp
from bifente.fse.sheet.model import CareSheet

_LONGEST_LABEL: Final = 200


def arl_of(lot: LotDossier, verdict: LotVerdict, caisse: str, signer: Signer, now: datetime) -> bytes:
    """The signed ARL of *caisse*: positive without codes, or negative with all that was found, each code once.

    Raises InvalidReturn for a lot of which neither professional nor digest is known.
    """
    arl = Arl(
        file_id=lot.file_id if lot.file_id.isascii() and lot.file_id.isalnum() else NO_FILE,
        professional=lot.professional,
        lot=lot.number,
        positive=verdict.positive,
        codes=_codes(verdict.refusals),
        lot_digest=lot.digest,
        issued=now.replace(microsecond=0),
        caisse=caisse,
    )
    return write_arl(arl, signer)


NO_FILE: Final = "000000"
"""Stands for the name of a file that could not be read."""


def _codes(refusals: Sequence[CaisseFinding]) -> tuple[ArlCode, ...]:
    by_code: dict[str, list[CaisseFinding]] = {}
    for one in refusals:
        by_code.setdefault(one.code, []).append(one)
    return tuple(ArlCode(code, _label(found)) for code, found in by_code.items())


def _label(found: Sequence[CaisseFinding]) -> str:
    first = found[0]
    invoices = ", ".join(dict.fromkeys(str(one.invoice) for one in found if one.invoice is not None))
    label = f"{first.words} (facture {invoices})" if invoices else first.words
    label = "".join(letter if letter.isprintable() else "?" for letter in label)
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"


def arl_mail(
    arl: bytes, lot: LotDossier, *, sender: str, recipient: str, now: datetime, reference: str
) -> OutgoingMail:
    """The mail with an ARL; *reference* tells it from others with the same ARL."""
    name = f"arl-{lot.professional or 'unknown'}-{lot.number:03}.p7m"
    letter = Letter(
        sender=sender,
        recipient=recipient,
        subject=f"ARL {lot.professional or '-'} {lot.number:03} {lot.file_id or '-'}",
        parts=(Part(name, EDI_CONSENT, ARL, arl),),
        sent=now,
        reference=reference,
    )
    return OutgoingMail("arl", sender, recipient, pack(letter), now)


def rsp_mail(
    noemie: bytes, *, sender: str, recipient: str, professional: str, now: datetime, reference: str
) -> OutgoingMail:
    """The mail with a NOEMIE file."""
    letter = Letter(
        sender=sender,
        recipient=recipient,
        subject=f"NOEMIE {professional} {now:%Y%m%d}",
        parts=(Part(f"rsp-{professional}.noemie", EDI_CONSENT, NOEMIE, noemie),),
        sent=now,
        reference=reference,
    )
    return OutgoingMail("rsp", sender, recipient, pack(letter), now)


def rsp_of(
    outcomes: Sequence[InvoiceOutcome],
    *,
    organisme: str,
    professional: str,
    day: date,
    file_id: str,
    name: str,
) -> Rsp:
    """The return of one settlement to one professional."""
    paid = any(one.paid for one in outcomes)
    return Rsp(
        identity=FileIdentity(
            sender=Correspondent("CP", organisme),
            recipient=Correspondent("TP", professional),
            file_id=file_id,
            created=day,
        ),
        payee=professional.lstrip("0") or "1",
        day=day,
        transfer=f"VIREMENT {file_id}" if paid else "",
        payer=name if paid else "",
        outcomes=tuple(outcomes),
    )


def noemie_of(rsp: Rsp) -> bytes:
    """Its bytes."""
    return write_rsp(rsp)


def outcome_of(invoice: DueInvoice) -> InvoiceOutcome:
    """What became of an invoice, as the RSP says it. Raises InvalidReturn for what no file can hold."""
    rejected = invoice.state == REJECTED
    settled = PartOutcome.rejected if rejected else PartOutcome.settled
    kept_back = 0 if rejected else invoice.participation + invoice.franchise
    amo = (
        PartOutcome.rejected(invoice.amo)
        if rejected
        else PartOutcome.settled(invoice.amo, invoice.amo - kept_back)
    )
    with_amc = bool(invoice.insurer) and (invoice.amc > 0 or invoice.part == "C")
    return InvoiceOutcome(
        invoice=invoice.number,
        lot=invoice.lot_number,
        lot_made=invoice.lot_made,
        nir=invoice.nir,
        amo=amo,
        amc=settled(invoice.amc) if with_amc else None,
        codes=tuple(_outcome_code(one) for one in invoice.findings),
        lines=tuple(_line(number, one, rejected) for number, one in enumerate(_lines(invoice.lines), 1)),
        participation=0 if rejected else invoice.participation,
        franchise=0 if rejected else invoice.franchise,
        insurer=invoice.insurer if with_amc else "",
        birth=invoice.birth,
        rank=invoice.rank,
        insurance=invoice.insurance,
    )


def _outcome_code(finding: CaisseFinding) -> OutcomeCode:
    known = REASON_CODES[finding.code]
    return known.of(more=finding.detail if finding.gravity is Gravity.INVOICE else "")


def lines_of(sheet: CareSheet) -> str:
    """The acts of a sheet as the store keeps them: JSON, for the lines of the RSP."""
    lines = []
    for act in sheet.acts:
        price = act.price
        code = act.code if act.ccam is None else act.ccam.grouping or act.code
        lines.append(
            {
                "act": code[:3],
                "day": act.date.isoformat(),
                "charged": act.amount,
                "base": price.base if price else 0,
                "unit": price.unit if price else 0,
                "rate": price.rate if price else 0,
                "amo": price.amo if price else 0,
                "coefficient": str(act.coefficient),
                "quantity": act.quantity,
                "complement": act.complement,
                "qualifier": act.qualifier,
                "exoneration": price.exoneration if price else "0",
            }
        )
    return json.dumps(lines, separators=(",", ":"))


def _lines(text: str) -> Sequence[Mapping[str, object]]:
    found = parse_json(text.encode(), "lines of an invoice")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _line(number: int, value: Mapping[str, object], rejected: bool) -> LineOutcome:
    fields = Fields(value, "lines of an invoice")  # type: ignore[arg-type]  # as parse_json gives it
    return LineOutcome(
        number=number,
        act=fields.text("act"),
        care_day=fields.day("day"),
        charged=fields.integer("charged"),
        base=fields.integer("base"),
        rate=fields.integer("rate"),
        reimbursed=0 if rejected else fields.integer("amo"),
        unit_price=fields.integer("unit"),
        coefficient=Decimal(fields.text("coefficient")),
        quantity=fields.integer("quantity"),
        complement=fields.text("complement"),
        qualifier=fields.text("qualifier"),
        exoneration=fields.text("exoneration"),
    )
