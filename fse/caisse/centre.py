"""A caisse at work: it takes the mails of its box, judges what is in them, answers, and settles what it owes.

A mail is one transaction: what came, the verdict, and the answer in the outbox. Only then is the mail dealt with, and only
then does the answer leave. Whoever is killed in between takes up where it was: the mail that comes again was seen already,
and the answer that was not known to have left leaves again, the same to the byte.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import islice
from typing import Final

from bifente.fse.caisse.answers import arl_mail, arl_of
from bifente.fse.caisse.codes import CaisseFinding
from bifente.fse.caisse.evidence import Examiner, LotEvidence, examined
from bifente.fse.caisse.identity import CaisseIdentity, CaissePolicy
from bifente.fse.caisse.judgement import (
    CaisseKnowledge,
    KnownLot,
    LotDossier,
    LotVerdict,
    judge,
)
from bifente.fse.caisse.misbehaviour import altered, holding
from bifente.fse.caisse.opening import OpenedMail, SealedFile, examined_mail, opened_mail
from bifente.fse.caisse.recording import lot_record
from bifente.fse.caisse.rules import (
    AlterArl,
    CaisseRule,
    DelayArl,
    DuplicateArl,
    LoseArl,
    Occasion,
    RefuseLot,
    RejectInvoice,
)
from bifente.fse.caisse.settlement import SettlementReport, settled, together
from bifente.fse.caisse.store.store import CaisseStore, CaisseTransaction, StoreFailed, working_days_after
from bifente.fse.caisse.workers import LotWorkers, collected
from bifente.fse.post import (
    Delivered,
    Post,
    PostError,
)
from bifente.igc.opposition import OppositionList

_ABOUT_ARL: Final[tuple[type[CaisseRule], ...]] = (LoseArl, DelayArl, DuplicateArl, AlterArl)


@dataclass(slots=True)
class Intake:
    """What one round through the mailbox brought: mails, and lots by what became of them."""

    mails: int = 0
    seen: int = 0
    unreadable: int = 0
    accepted: int = 0
    refused: int = 0
    repeated: int = 0
    sent: int = 0
    closed: bool = False
    """A rule has closed the mailbox."""


@dataclass(slots=True)
class Caisse:
    """A caisse. *oppositions* gives the lists of opposed cards, which are read anew for each round; *workers* examine lots."""

    store: CaisseStore
    identity: CaisseIdentity
    examiner: Examiner
    policy: CaissePolicy = field(default_factory=CaissePolicy)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    oppositions: Callable[[], Sequence[OppositionList]] = tuple
    workers: LotWorkers | None = None
    _opposed: tuple[dict[str, date], dict[str, date]] = field(default_factory=lambda: ({}, {}))

    # -- what comes in

    def receive(self, post: Post, *, most: int | None = None) -> Intake:
        """Judge and answer what is in the mailbox, at most *most* mails, and send what waits. Raises PostError, CaisseError."""
        done = Intake()
        now = self.clock()
        closed = self.policy.rules.closed(now)
        if closed is not None:
            done.closed = True
            return done
        self._read_oppositions()
        waiting: deque[Callable[[], OpenedMail]] = deque()
        ids: deque[str] = deque()

        def finish(left: int) -> None:
            while len(waiting) > left:
                mail = waiting.popleft()()
                self._take(mail, done)
                post.done(ids.popleft())

        ahead = 2 * self.workers.count if self.workers is not None else 0
        for delivered in islice(post.fetch(), most):
            done.mails += 1
            if self._seen(delivered):
                done.seen += 1
                post.done(delivered.id)
                continue
            waiting.append(self._examining(opened_mail(delivered, self.identity)))
            ids.append(delivered.id)
            finish(ahead)
        finish(0)
        done.sent = self.send(post)
        return done

    def send(self, post: Post) -> int:
        """Send the mails whose time has come; how many left. One that is refused for good is noted and given up."""
        sent = 0
        while True:
            now = self.clock()
            with self.store.reading() as transaction:
                waiting = transaction.waiting_mails(now)
            if not waiting:
                return sent
            for mail in waiting:
                trouble = ""
                try:
                    post.send(mail.message, sender=mail.sender, recipient=mail.recipient)
                    sent += 1
                except PostError as error:
                    if not getattr(error, "permanent", False):
                        raise
                    trouble = str(error)
                with self.store.writing() as transaction:
                    transaction.mails_sent([mail.id], now)
                    event = "not-sent" if trouble else "sent"
                    transaction.note(now, event, trouble or f"{mail.kind} to {mail.recipient}", lot=mail.lot)

    def _read_oppositions(self) -> None:
        certificates: dict[str, date] = {}
        vitales: dict[str, date] = {}
        for one in self.oppositions():
            for cps in one.cps:
                certificates.update(dict.fromkeys(cps.certificates, cps.since))
            vitales.update({vitale.pan: vitale.since for vitale in one.vitale})
        self._opposed = certificates, vitales

    def _seen(self, delivered: Delivered) -> bool:
        """This very delivery was processed before: its mailbox could not be told."""
        digest = sha256(delivered.message).hexdigest()
        with self.store.reading() as transaction:
            return transaction.message_seen(delivered.id, digest)

    def _examining(self, mail: SealedFile | OpenedMail) -> Callable[[], OpenedMail]:
        """How to get what is in a mail: looked at by a worker meanwhile, or when it is asked for."""
        if isinstance(mail, OpenedMail):
            return lambda: mail
        today = self.clock().date()
        if self.workers is None:
            return lambda: examined_mail(mail, examined(mail.b2, mail.signed_lots, today, self.examiner))
        future = self.workers.submit(mail.b2, mail.signed_lots, today)
        return lambda: examined_mail(mail, collected(future, mail.signed_lots))

    def _take(self, mail: OpenedMail, done: Intake) -> None:
        try:
            self._keep(mail, done)
        except StoreFailed as error:
            if not error.conflict:
                raise
            self._keep(mail, done)  # another process was faster with the same lot: it is a repeated one now

    def _keep(self, mail: OpenedMail, done: Intake) -> None:
        now = self.clock()
        with self.store.writing() as transaction:
            if transaction.message_seen(mail.message.delivered, mail.message.digest):
                done.seen += 1
                return
            message = transaction.add_message(mail.message, now)
            if mail.trouble:
                done.unreadable += 1
                transaction.note(now, "unreadable", mail.trouble, message=message)
            for evidence in mail.evidence:
                self._answer(transaction, message, mail.message.sender, evidence, now, done)

    def _answer(
        self,
        transaction: CaisseTransaction,
        message: int,
        sender: str,
        evidence: LotEvidence,
        now: datetime,
        done: Intake,
    ) -> None:
        """Judge one lot, keep it, and put its ARL into the outbox."""
        lot = evidence.dossier
        known, arls = self._knowledge(transaction, lot, now.date())
        verdict = judge(lot, known)
        if verdict.repeated:
            key, arl, times = arls[lot.digest]
            transaction.add_repeat(key)
            done.repeated += 1
            transaction.note(
                now, "repeated", f"lot {lot.number} of {lot.professional}", message=message, lot=key
            )
        else:
            verdict = self._misjudged(transaction, lot, verdict)
            arl, times = arl_of(lot, verdict, self.identity.code, self.identity.signer, now), -1
            due = working_days_after(now.date(), self.policy.settle_after)
            record = lot_record(evidence, verdict, sender, arl, now.date(), due)
            key = transaction.add_lot(record, message, now)
            done.accepted += verdict.positive
            done.refused += not verdict.positive
            words = "; ".join(f"{one.code} {one.words}" for one in verdict.refusals)
            transaction.note(
                now,
                "arl-positive" if verdict.positive else "arl-negative",
                f"lot {lot.number} of {lot.professional}, {len(lot.invoices)} invoice{'s' * (len(lot.invoices) != 1)}{': ' if words else ''}{words}",
                message=message,
                lot=key,
            )
        self._post_arl(transaction, lot, arl, sender, key, times + 1, now)

    def _knowledge(
        self, transaction: CaisseTransaction, lot: LotDossier, today: date
    ) -> tuple[CaisseKnowledge, dict[str, tuple[int, bytes, int]]]:
        """What is known that bears on *lot*; and by their digests the lots of its number, their ARLs and how often they came."""
        before = transaction.lots_of(lot.professional, lot.number)
        numbers = {one.number for one in lot.invoices}
        numbers |= {one.sheet.number for one in lot.invoices if one.sheet is not None}
        numbers |= {one.replaces for one in lot.invoices if one.replaces is not None}
        certificates, vitales = self._opposed
        known = CaisseKnowledge(
            today=today,
            organismes=self.identity.organismes,
            lots=tuple(KnownLot(one.digest, one.positive, one.day) for one in before),
            invoices=transaction.invoices_of(lot.professional, lot.part, numbers),
            opposed_certificates=certificates,
            opposed_vitales=vitales,
            revocation=self.examiner.revocation.asks,
            tariff=self.examiner.pricer is not None,
            delegates=self.policy.delegates,
        )
        return known, {one.digest: (one.id, one.arl, one.repeats) for one in before}

    # -- misbehaviour

    def _misjudged(self, transaction: CaisseTransaction, lot: LotDossier, verdict: LotVerdict) -> LotVerdict:
        """The verdict as the rules will have it."""
        rules = self.policy.rules
        if not rules.rules or not verdict.positive:
            return verdict
        for rule in holding(rules, [RefuseLot], _occasion(lot), transaction):
            finding = CaisseFinding(rule.code, detail="by a rule of this caisse")
            return LotVerdict(False, (*verdict.findings, finding))
        invoices = []
        for one in verdict.invoices:
            found = holding(rules, [RejectInvoice], _occasion(lot, one.number), transaction)
            more = tuple(CaisseFinding(rule.code, one.number, "by a rule of this caisse") for rule in found)
            invoices.append(replace(one, accepted=False, findings=(*one.findings, *more)) if more else one)
        return replace(verdict, invoices=tuple(invoices))

    def _post_arl(
        self,
        transaction: CaisseTransaction,
        lot: LotDossier,
        arl: bytes,
        sender: str,
        key: int,
        times: int,
        now: datetime,
    ) -> None:
        """Put the ARL into the outbox, as the rules will have it."""
        copies, when, what = 1, now, ""
        for rule in holding(self.policy.rules, _ABOUT_ARL, _occasion(lot, name=str(times)), transaction):
            if isinstance(rule, LoseArl):
                copies, what = 0, "lost"
            elif isinstance(rule, DelayArl):
                when, what = when + rule.wait, f"delayed by {rule.wait}"
            elif isinstance(rule, DuplicateArl):
                copies, what = copies * rule.copies, f"sent {rule.copies} times"
            else:
                arl, what = altered(arl), "altered"
            transaction.note(now, "misbehaved", f"the ARL of lot {lot.number} is {what}", lot=key)
        for copy in range(copies):
            mail = arl_mail(
                arl,
                lot,
                sender=self.identity.address,
                recipient=sender,
                now=now,
                reference=f"arl {lot.digest or key} {key} {times} {copy}",
            )
            transaction.add_mail(replace(mail, not_before=when), lot=key)

    # -- settlement

    def settle(self, day: date, post: Post | None = None) -> SettlementReport:
        """Settle what is due on *day*: one return for each professional, and what is owed to the assurés.

        Raises CaisseError, and with *post* PostError.
        """
        with self.store.reading() as transaction:
            professionals = transaction.professionals_due(day)
        report = SettlementReport()
        for professional in professionals:
            with self.store.writing() as transaction:
                done = settled(transaction, professional, day, self.identity, self.policy.rules, self.clock())
                report = together(report, done)
        if post is not None:
            self.send(post)
        return report


def _occasion(lot: LotDossier, invoice: int = 0, name: str = "") -> Occasion:
    return Occasion(
        professional=lot.professional,
        organisme=lot.organisme,
        lot=lot.number,
        invoice=invoice,
        name=f"{lot.digest}{name}",
    )
