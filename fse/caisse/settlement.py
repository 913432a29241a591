"""The settlement: what a caisse owes a professional for his invoices, as one return (RSP) in the outbox."""

from dataclasses import dataclass
from datetime import date, datetime

from bifente.fse.caisse.answers import noemie_of, outcome_of, rsp_mail, rsp_of
from bifente.fse.caisse.identity import CaisseIdentity
from bifente.fse.caisse.judgement import OBLIGATORY, REJECTED
from bifente.fse.caisse.misbehaviour import holding, miscounted
from bifente.fse.caisse.recording import PAID, REIMBURSED
from bifente.fse.caisse.rules import CaisseRules, Miscount, Occasion
from bifente.fse.caisse.store.records import DueInvoice
from bifente.fse.caisse.store.store import CaisseTransaction
from bifente.fse.returns.errors import InvalidReturn
from bifente.fse.returns.outcomes import InvoiceOutcome


@dataclass(frozen=True, slots=True)
class SettlementReport:
    """What one settlement did: returns written, invoices by what became of them, cents paid to professionals."""

    returns: int = 0
    paid: int = 0
    rejected: int = 0
    reimbursed: int = 0
    cents: int = 0


def together(one: SettlementReport, other: SettlementReport) -> SettlementReport:
    """Both added up."""
    return SettlementReport(
        one.returns + other.returns,
        one.paid + other.paid,
        one.rejected + other.rejected,
        one.reimbursed + other.reimbursed,
        one.cents + other.cents,
    )


def settled(
    transaction: CaisseTransaction,
    professional: str,
    day: date,
    identity: CaisseIdentity,
    rules: CaisseRules,
    now: datetime,
) -> SettlementReport:
    """Settle what is due to one professional on *day*: write the return, put it into the outbox. What was done."""
    due = transaction.due_invoices(professional, day)
    told: list[tuple[DueInvoice, InvoiceOutcome]] = []
    untold: list[DueInvoice] = []
    for one in due:
        if one.state != REJECTED and not one.third_party and one.part == OBLIGATORY:
            untold.append(one)
            continue
        try:
            told.append((one, outcome_of(one)))
        except InvalidReturn as error:
            transaction.note(now, "untold", str(error), lot=one.lot, number=one.number)
            untold.append(one)
    rsp = None
    cents = 0
    if told:
        file_id = f"{transaction.count('file') % 1_000_000:06}"
        made = rsp_of(
            [outcome for _, outcome in told],
            organisme=min(identity.organismes),
            professional=professional,
            day=day,
            file_id=file_id,
            name="",
        )
        content = noemie_of(made)
        cents = made.total
        for rule in holding(
            rules, [Miscount], Occasion(professional=professional, name=file_id), transaction
        ):
            content = miscounted(content, rule.cents)
            transaction.note(now, "misbehaved", f"the total of RSP {file_id} is wrong by {rule.cents} cents")
        rsp = transaction.add_rsp(professional, day, len(told), cents, content)
        transaction.add_mail(
            rsp_mail(
                content,
                sender=identity.address,
                recipient=told[-1][0].address,
                professional=professional,
                now=now,
                reference=f"rsp {professional} {file_id}",
            ),
            rsp=rsp,
        )
        transaction.note(
            now,
            "rsp",
            f"{file_id} of {professional}, {len(told)} invoice{'s' * (len(told) != 1)}, {cents} cents",
        )
    states = {True: REJECTED, False: PAID}
    transaction.settle([(one.lot, one.place, states[one.state == REJECTED]) for one, _ in told], day, rsp)
    transaction.settle(
        [(one.lot, one.place, REJECTED if one.state == REJECTED else REIMBURSED) for one in untold],
        day,
        None,
    )
    rejected = sum(one.state == REJECTED for one in due)
    return SettlementReport(
        returns=int(rsp is not None),
        paid=sum(one.state != REJECTED for one, _ in told),
        rejected=rejected,
        reimbursed=sum(one.state != REJECTED for one in untold),
        cents=cents,
    )
