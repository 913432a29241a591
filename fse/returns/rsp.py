"""The RSP (*Rejet, Signalement, Paiement*): values to NOEMIE and back.

The nesting is the typical one of ``spec/fse.md`` §2.2; what it leaves open is our choice and said in
:mod:`bifente.fse.noemie.nesting`. Also ours (**synthetic**): a reject of seven characters is a 294 with the first four, and a second one
of level A (*code affiné*) with the last three; participation and franchise are lines 210 with a negative sign.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Final, NoReturn

from bifente.fse.noemie import (
    ENTITIES,
    Correspondent,
    Entity,
    FileIdentity,
    NoemieFile,
    read_file,
    write_file,
)
from bifente.fse.noemie.errors import EntityRefused
from bifente.fse.noemie.nesting import USUAL_LEVELS
from bifente.fse.returns.errors import InvalidReturn
from bifente.fse.returns.outcomes import (
    FRANCHISE_ACT,
    PARTICIPATION_ACT,
    CodeKind,
    FlatDetail,
    FlatPayment,
    InvoiceOutcome,
    LineOutcome,
    OutcomeCode,
    PartOutcome,
    PartState,
    Retention,
    check_day,
    check_text,
)

_ELECTRONIC: Final = "01"
_FLAT: Final = "03"
_WITHHELD: Final = "05"


@dataclass(frozen=True, slots=True)
class Rsp:
    """One return to one professional: what became of invoices, what was withheld and what was paid besides, on one day.

    ``payee`` is the professional's number, up to 15 digits; ``transfer`` the text of the bank transfer, empty when there is none;
    ``payer`` names the caisse that pays.
    """

    identity: FileIdentity
    payee: str
    day: date
    transfer: str = ""
    payer: str = ""
    outcomes: tuple[InvoiceOutcome, ...] = ()
    retentions: tuple[Retention, ...] = ()
    flat_payments: tuple[FlatPayment, ...] = ()

    def __post_init__(self) -> None:
        if not (self.payee.isascii() and self.payee.isdigit() and 0 < len(self.payee) <= 15):
            raise InvalidReturn(f"payee: {self.payee[:20]!r} is not a number of at most 15 digits")
        if self.payee.startswith("0"):
            raise InvalidReturn("payee: zeros before a number are what fills its field")
        check_day("day", self.day)
        check_text("transfer", self.transfer, 64)
        if self.transfer[31:32] == " " or self.transfer.startswith(" "):
            raise InvalidReturn("transfer: neither its first nor its 32nd character may be a blank")
        check_text("payer", self.payer, 10)
        if self.payer and not self.transfer:
            raise InvalidReturn("payer: without a transfer nobody pays")

    @property
    def total(self) -> int:
        """Cents that are transferred: what is paid of all invoices and besides, with what is withheld."""
        return (
            sum(one.paid for one in self.outcomes)
            + sum(one.amount for one in self.retentions)
            + sum(one.amount for one in self.flat_payments)
        )


def write_rsp(rsp: Rsp) -> bytes:
    """The NOEMIE file. Raises InvalidReturn for what a file cannot hold."""
    try:
        return write_file(NoemieFile.of(rsp.identity, _entities(rsp)))
    except EntityRefused as error:
        raise InvalidReturn(str(error)) from None


def read_rsp(content: bytes) -> Rsp:
    """The return in a NOEMIE file, compressed with gzip or not. Raises NotNoemie, NoemieRefused, InvalidReturn."""
    return _Reading().run(read_file(content))


def _made(number: str, **values: str | int | date) -> Entity:
    if number in USUAL_LEVELS:
        values["level"] = USUAL_LEVELS[number]
    return ENTITIES[number].build(**values)


def _entities(rsp: Rsp) -> Iterator[Entity]:
    yield _made("020", payee=rsp.payee)
    yield _made("040", payee=rsp.payee)
    if rsp.transfer:
        first, second = rsp.transfer[:32], rsp.transfer[32:]
        yield _made("071", day=rsp.day, transfer=first, transfer_more=second, payer=rsp.payer)
    else:
        yield _made("070", day=rsp.day)
    if rsp.outcomes:
        yield _made("081", return_type=_ELECTRONIC)
        for (lot, made), group in groupby(rsp.outcomes, lambda one: (one.lot, one.lot_made)):
            yield _made("080", made=made, lot=lot)
            for outcome in group:
                yield from _invoice(outcome)
    if rsp.flat_payments:
        yield _made("081", return_type=_FLAT)
        for payment in rsp.flat_payments:
            yield _made("261", payment=payment.code, amount=payment.amount)
            for detail in payment.details:
                yield _made(
                    "262", code=detail.code, label=detail.label, period=detail.period, amount=detail.amount
                )
    if rsp.retentions:
        yield _made("081", return_type=_WITHHELD)
        for line, held in enumerate(rsp.retentions, 1):
            yield _made(
                "250",
                line=min(line, 99),
                debt=held.debt,
                recorded=held.recorded,
                debt_kind=held.debt_kind,
                recovery=held.recovery,
                amount=abs(held.amount),
                sign=_sign(held.amount),
                balance=held.balance,
            )


def _invoice(outcome: InvoiceOutcome) -> Iterator[Entity]:
    yield _made(
        "102",
        invoice=f"{outcome.invoice:09}",
        lot=f"{outcome.lot:03}",
        made=outcome.lot_made,
        invoice_type=outcome.invoice_type,
        insurance=outcome.insurance,
    )
    yield _made(
        "103",
        nir=outcome.nir[:13],
        nir_key=outcome.nir[13:],
        birth=outcome.birth,
        rank=outcome.rank,
        patient_name=outcome.name,
        patient_given_name=outcome.given_name,
    )
    yield _made("150", insurance=outcome.insurance)
    if outcome.archive:
        yield _made("160", archive=outcome.archive)
    yield _made("198", **_part(outcome.amo))
    if outcome.amc is not None:
        yield _made("199", **_part(outcome.amc), complementary_insurer=outcome.insurer, member=outcome.member)
    for line in outcome.lines:
        yield _line(line)
    following = max((line.number for line in outcome.lines), default=0)
    for act, amount in ((PARTICIPATION_ACT, outcome.participation), (FRANCHISE_ACT, outcome.franchise)):
        if amount:
            following += 1
            yield _made("210", line=following, exoneration="0", reimbursed=amount, sign="N", act=act)
    for code in outcome.codes:
        yield from _code(code)
    for comment in outcome.comments:
        yield _made("295", comment=comment)


def _part(part: PartOutcome) -> dict[str, str | int | date]:
    return {
        "asked": part.asked,
        "state": part.state.value,
        "paid": abs(part.paid),
        "sign": _sign(part.paid),
    }


def _line(line: LineOutcome) -> Entity:
    return _made(
        "210",
        line=line.number,
        exoneration=line.exoneration,
        first_day=line.care_day,
        last_day=line.care_day,
        unit_price=line.unit_price,
        base=line.base,
        rate=line.rate,
        reimbursed=abs(line.reimbursed),
        sign=_sign(line.reimbursed),
        act=line.act,
        complement=line.complement,
        quantity=line.quantity,
        coefficient=int(line.coefficient * 100),
        charged=line.charged,
        qualifier=line.qualifier,
    )


def _code(code: OutcomeCode) -> Iterator[Entity]:
    if code.kind is CodeKind.NOTICE:
        yield _made("290", line=code.line, code=code.code, label=code.label)
        return
    common: dict[str, str | int | date] = {"label": code.label, "part": code.part, "line": code.line}
    level = "L" if code.line else "F"
    yield _made("294", code=code.code[:4], reject_level=level, rank=1, more=code.more, **common)
    if len(code.code) > 4:
        yield _made("294", code=code.code[4:], reject_level="A", rank=2, **common)


def _sign(amount: int) -> str:
    return "N" if amount < 0 else "P"


@dataclass(slots=True)
class _Invoice:
    """What was read of an invoice so far."""

    number: Entity
    lot: Entity | None
    nir: str = ""
    facts: dict[str, str | int] = field(default_factory=dict)
    parts: dict[str, Entity] = field(default_factory=dict)
    lines: list[LineOutcome] = field(default_factory=list)
    codes: list[OutcomeCode] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)


class _Reading:
    """One pass through the entities of one RSP."""

    def __init__(self) -> None:
        self._payee = ""
        self._day: date | None = None
        self._transfer = ""
        self._payer = ""
        self._lot: Entity | None = None
        self._invoice: _Invoice | None = None
        self._outcomes: list[InvoiceOutcome] = []
        self._retentions: list[Retention] = []
        self._payments: list[FlatPayment] = []

    def run(self, file: NoemieFile) -> Rsp:
        for entity in file.entities:
            self._take(entity)
        self._finish()
        if not self._payee:
            raise InvalidReturn("there is no entity 040: nobody is said to be paid")
        if self._day is None:
            raise InvalidReturn("there is neither an entity 070 nor 071: the day is not known")
        return Rsp(
            FileIdentity.of(file.header),
            self._payee,
            self._day,
            self._transfer,
            self._payer,
            tuple(self._outcomes),
            tuple(self._retentions),
            tuple(self._payments),
        )

    def _take(self, entity: Entity) -> None:
        number = entity.number
        if number in ("040", "081", "080", "100", "102", "250", "261"):
            self._finish()
        if number == "040":
            if self._payee:
                _refuse(entity, "there are several payees: split the file by them")
            self._payee = entity.value("payee").lstrip("0") or "0"
        elif number in ("070", "071"):
            self._day = _needed(entity, "day")
            if number == "071":
                self._transfer = f"{entity.value('transfer'):<32}{entity.value('transfer_more')}".rstrip(" ")
                self._payer = entity.value("payer")
        elif number == "081":
            self._lot = None
        elif number == "080":
            self._lot = entity
        elif number in ("100", "102"):
            self._invoice = _Invoice(entity, self._lot)
        elif number == "250":
            self._retentions.append(
                Retention(
                    entity.value("debt"),
                    _needed(entity, "recorded"),
                    entity.value("debt_kind"),
                    entity.value("recovery"),
                    entity.signed("amount"),
                    entity.integer("balance"),
                )
            )
        elif number == "261":
            self._payments.append(FlatPayment(entity.integer("payment"), entity.integer("amount")))
        elif number == "262" and self._payments:
            detail = FlatDetail(
                entity.value("label"),
                entity.integer("amount"),
                entity.value("period"),
                entity.value("code"),
            )
            self._payments[-1] = replace(self._payments[-1], details=(*self._payments[-1].details, detail))
        elif self._invoice is not None:
            _add(self._invoice, entity)

    def _finish(self) -> None:
        """Close the invoice that is being read."""
        if self._invoice is not None:
            self._outcomes.append(_outcome(self._invoice))
            self._invoice = None


def _add(invoice: _Invoice, entity: Entity) -> None:
    number, facts = entity.number, invoice.facts
    if number in ("103", "110"):
        invoice.nir = entity.value("nir") + entity.value("nir_key")
    if number in ("103", "120"):
        facts |= {"birth": entity.value("birth"), "rank": entity.integer("rank")}
    names = {"103": ("patient_name", "patient_given_name"), "120": ("name", "given_name")}
    if number in names:
        facts["name"], facts["given_name"] = (entity.value(name) for name in names[number])
    elif number == "150":
        facts["insurance"] = entity.value("insurance")
    elif number == "160":
        facts["archive"] = entity.integer("archive")
    elif number in ("198", "199"):
        invoice.parts[number] = entity
        if number == "199":
            facts |= {"insurer": entity.value("complementary_insurer"), "member": entity.value("member")}
    elif number == "210":
        _add_line(invoice, entity)
    elif number == "290":
        code, label = entity.value("code"), entity.value("label")
        invoice.codes.append(OutcomeCode(code, label, CodeKind.NOTICE, line=entity.integer("line")))
    elif number == "294":
        _add_reject(invoice, entity)
    elif number == "295":
        invoice.comments.append(entity.value("comment"))


def _add_line(invoice: _Invoice, entity: Entity) -> None:
    act, reimbursed = entity.value("act"), entity.signed("reimbursed")
    deduction = {PARTICIPATION_ACT: "participation", FRANCHISE_ACT: "franchise"}.get(act)
    if deduction is not None and reimbursed <= 0:
        before = invoice.facts.get(deduction, 0)
        invoice.facts[deduction] = (before if isinstance(before, int) else 0) - reimbursed
        return
    invoice.lines.append(
        LineOutcome(
            entity.integer("line"),
            act,
            _needed(entity, "first_day"),
            charged=entity.integer("charged"),
            base=entity.integer("base"),
            rate=entity.integer("rate"),
            reimbursed=reimbursed,
            unit_price=entity.integer("unit_price"),
            coefficient=Decimal(entity.integer("coefficient")) / 100,
            quantity=entity.integer("quantity"),
            complement=entity.value("complement"),
            qualifier=entity.value("qualifier"),
            exoneration=entity.value("exoneration"),
        )
    )


def _add_reject(invoice: _Invoice, entity: Entity) -> None:
    code = entity.value("code")
    if entity.value("reject_level") == "A":
        if not invoice.codes or len(invoice.codes[-1].code) != 4 or len(code) != 3:
            _refuse(entity, "a code affiné of three characters follows a reject of four")
        invoice.codes[-1] = replace(invoice.codes[-1], code=invoice.codes[-1].code + code)
        return
    label, part, line = entity.value("label"), entity.value("part"), entity.integer("line")
    invoice.codes.append(OutcomeCode(code, label, CodeKind.REJECT, part, line, entity.value("more")))


def _outcome(read: _Invoice) -> InvoiceOutcome:
    number = read.number
    lot = read.lot if read.lot is not None else number
    text = number.value("invoice")
    if not text.isdigit():
        _refuse(number, f"the invoice {text!r} is not a number")
    if "198" not in read.parts:
        _refuse(number, "nothing is said of the compulsory part (198)")
    complementary = read.parts.get("199")
    facts = dict(read.facts)
    if number.number == "102":
        facts["invoice_type"] = number.value("invoice_type")
    made = lot.day("made")
    if made is None:
        _refuse(number, "its lot, or the day on which it was made, is not said")
    return InvoiceOutcome(
        int(text),
        lot.integer("lot"),
        made,
        read.nir,
        _part_of(read.parts["198"]),
        _part_of(complementary) if complementary is not None else None,
        tuple(read.codes),
        tuple(read.lines),
        comments=tuple(read.comments),
        **facts,  # type: ignore[arg-type]  # each is what its own entity holds
    )


def _part_of(entity: Entity) -> PartOutcome:
    return PartOutcome(entity.integer("asked"), entity.signed("paid"), PartState(entity.value("state")))


def _needed(entity: Entity, name: str) -> date:
    day = entity.day(name)
    if day is None:
        _refuse(entity, f"{name}: {entity.value(name)!r} is not a date")
    return day


def _refuse(entity: Entity, what: str) -> NoReturn:
    raise InvalidReturn(f"entity {entity.number}: {what}")


__all__ = ["Correspondent", "FileIdentity", "Rsp", "read_rsp", "write_rsp"]
