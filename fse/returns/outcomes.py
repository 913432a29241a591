"""What a caisse decided about the invoices of a professional: the values of an RSP (*Rejet, Signalement, Paiement*).

Amounts are integers of euro cents. Texts are as a NOEMIE file has them: :func:`bifente.fse.noemie.spelt` makes them so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Final

from bifente.codes.errors import CodeError
from bifente.codes.nir import Nir
from bifente.fse.noemie.codelists import (
    ACT_COMPLEMENTS,
    DEBTS,
    EXPENSE_QUALIFIERS,
    INSURANCES,
    PERIODS,
    RECOVERIES,
    REJECT_PARTS,
)
from bifente.fse.noemie.layout import DELIMITER
from bifente.fse.returns.errors import InvalidReturn

_MOST_CENTS: Final = 10**8 - 1
PARTICIPATION_ACT: Final = "PAV"
"""*Participation assuré (en ville)*, a nature of prestation of the nomenclatures; that an RSP says the deduction so is synthetic."""
FRANCHISE_ACT: Final = "FRT"
"""*Franchise tiers payant sur médicament*, likewise."""

INSURANCE_OF_NATURE: Final[Mapping[str, str]] = {
    "10": "AS",
    "11": "C6",
    "12": "CN",
    "13": "AS",
    "22": "SG",
    "30": "AM",
    "40": "AT",
    "41": "AT",
    "50": "DC",
    "70": "PS",
    "80": "IN",
    "90": "PM",
}
"""*Nature d'assurance* of B2 (record 2, 77–78) → that of NOEMIE (``spec/fse.md`` §1.5; AM as entity 150 has it in §2.2)."""


class PartState(Enum):
    """What became of one part of an invoice (198 and 199, *état paiement*)."""

    PAID = "P"
    REJECTED = "R"
    DEFERRED = "D"
    UNTREATED = ""


@dataclass(frozen=True, slots=True)
class PartOutcome:
    """The compulsory or the complementary part: what was asked, what is paid; *paid* is negative when money is taken back."""

    asked: int
    paid: int = 0
    state: PartState = PartState.PAID

    def __post_init__(self) -> None:
        check_range("asked", self.asked, 0, _MOST_CENTS)
        check_range("paid", self.paid, -_MOST_CENTS, _MOST_CENTS)
        if self.paid and self.state is not PartState.PAID:
            raise InvalidReturn("paid: only what is in the state PAID has an amount that was paid")

    @classmethod
    def settled(cls, asked: int, paid: int | None = None) -> "PartOutcome":
        """Paid, all that was asked or *paid* of it."""
        return cls(asked, asked if paid is None else paid)

    @classmethod
    def rejected(cls, asked: int) -> "PartOutcome":
        """Nothing is paid."""
        return cls(asked, 0, PartState.REJECTED)

    @classmethod
    def deferred(cls, asked: int) -> "PartOutcome":
        """Nothing is decided yet."""
        return cls(asked, 0, PartState.DEFERRED)


class CodeKind(Enum):
    """What a code says of its invoice."""

    REJECT = "reject"
    """It, or the line, is not paid (entity 294)."""
    NOTICE = "notice"
    """*Signalement*: it is paid, and there is something to know (entity 290)."""


@dataclass(frozen=True, slots=True)
class OutcomeCode:
    """A reason. A reject has up to four characters or seven (4 + 3, the *code affiné*), a notice up to ten.

    ``line`` is the line of prestation, 0 for the invoice as a whole; ``part`` is O (compulsory, or both) or C.
    """

    code: str
    label: str
    kind: CodeKind = CodeKind.REJECT
    part: str = "O"
    line: int = 0
    more: str = ""

    def __post_init__(self) -> None:
        reject = self.kind is CodeKind.REJECT
        check_text("code", self.code, 10, least=1)
        if reject and (len(self.code) not in (1, 2, 3, 4, 7) or " " in self.code):
            raise InvalidReturn(f"code: {self.code!r} is not a reject's one to four characters, or seven")
        check_text("label", self.label, 86 if reject else 80, least=1)
        check_code("part", self.part, REJECT_PARTS)
        check_range("line", self.line, 0, 99)
        check_text("more", self.more, 30)
        if not reject and (self.part != "O" or self.more):
            raise InvalidReturn("a notice has neither a part nor more than its label")


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """A line of prestation (entity 210): ``reimbursed`` is negative when money is taken back; ``rate`` is percent."""

    number: int
    act: str
    care_day: date
    charged: int
    base: int
    rate: int
    reimbursed: int
    unit_price: int = 0
    coefficient: Decimal = Decimal(1)
    quantity: int = 1
    complement: str = ""
    qualifier: str = ""
    exoneration: str = "0"

    def __post_init__(self) -> None:
        check_range("number", self.number, 1, 99)
        check_text("act", self.act, 3, least=1)
        if self.act in (PARTICIPATION_ACT, FRANCHISE_ACT):
            raise InvalidReturn(
                f"act: {self.act} is a deduction, which the outcome has as an amount of its own"
            )
        for name in ("charged", "base", "unit_price"):
            check_range(name, getattr(self, name), 0, _MOST_CENTS)
        check_range("rate", self.rate, 0, 999)
        check_range("reimbursed", self.reimbursed, -_MOST_CENTS, _MOST_CENTS)
        check_range("quantity", self.quantity, 0, 999)
        hundredths = self.coefficient * 100
        if not 0 <= hundredths <= 99999 or hundredths != hundredths.to_integral_value():
            raise InvalidReturn(f"coefficient: {self.coefficient} is not from 0 to 999.99 in hundredths")
        check_code("complement", self.complement, {"": "", **ACT_COMPLEMENTS})
        check_code("qualifier", self.qualifier, {"": "", **EXPENSE_QUALIFIERS})
        check_text("exoneration", self.exoneration, 1, least=1)
        check_day("care_day", self.care_day)


class Settlement(Enum):
    """What became of an invoice, both parts together."""

    PAID = "paid"
    PARTLY_PAID = "partly paid"
    REJECTED = "rejected"
    DEFERRED = "deferred"


@dataclass(frozen=True, slots=True)
class InvoiceOutcome:
    """What was decided about one invoice.

    ``nir`` has 15 characters, of the assuré; ``birth`` is AAMMJJ and may be in no calendar, ``rank`` the *rang de naissance*:
    with the NIR they say which bénéficiaire it is. ``amo.paid`` and ``amc.paid`` are what is transferred, after the deduction
    of ``participation`` and ``franchise``. ``insurer`` and ``member`` name the complementary part.
    """

    invoice: int
    lot: int
    lot_made: date
    nir: str
    amo: PartOutcome
    amc: PartOutcome | None = None
    codes: tuple[OutcomeCode, ...] = ()
    lines: tuple[LineOutcome, ...] = ()
    participation: int = 0
    franchise: int = 0
    comments: tuple[str, ...] = ()
    insurer: str = ""
    member: str = ""
    name: str = ""
    given_name: str = ""
    birth: str = "000000"
    rank: int = 1
    insurance: str = "AS"
    invoice_type: str = "F"
    archive: int = 0

    def __post_init__(self) -> None:
        check_range("invoice", self.invoice, 1, 999_999_999)
        check_range("lot", self.lot, 0, 999)
        check_day("lot_made", self.lot_made)
        _check_nir(self.nir)
        check_text("name", self.name, 25)
        check_text("given_name", self.given_name, 15)
        if len(self.birth) != 6 or not (self.birth.isascii() and self.birth.isdigit()):
            raise InvalidReturn(f"birth: {self.birth[:20]!r} is not six digits AAMMJJ")
        check_range("rank", self.rank, 0, 9)
        check_code("insurance", self.insurance, INSURANCES)
        check_code("invoice_type", self.invoice_type, dict.fromkeys("ABCDEFLPR", ""))
        check_range("archive", self.archive, 0, 10**17 - 1)
        for name in ("participation", "franchise"):
            check_range(name, getattr(self, name), 0, _MOST_CENTS)
        for comment in self.comments:
            check_text("comments", comment, 128, least=1)
        if self.insurer and not (
            self.insurer.isascii() and self.insurer.isdigit() and len(self.insurer) == 10
        ):
            raise InvalidReturn(
                f"insurer: {self.insurer[:20]!r} is not the ten digits of a complementary insurer"
            )
        check_text("member", self.member, 15)
        if self.amc is None and (self.insurer or self.member):
            raise InvalidReturn("insurer: there is no complementary part")
        if self.amc is not None and not self.insurer:
            raise InvalidReturn("insurer: the complementary part needs the number of its insurer")
        deductions = bool(self.participation) + bool(self.franchise)
        if max((line.number for line in self.lines), default=0) + deductions > 99:
            raise InvalidReturn("lines: an invoice has at most 99 lines, deductions among them")

    @property
    def asked(self) -> int:
        """Cents that were asked of both parts."""
        return self.amo.asked + (self.amc.asked if self.amc is not None else 0)

    @property
    def paid(self) -> int:
        """Cents that are paid of both parts."""
        return self.amo.paid + (self.amc.paid if self.amc is not None else 0)

    @property
    def rejects(self) -> tuple[OutcomeCode, ...]:
        """The codes that say why something is not paid."""
        return tuple(code for code in self.codes if code.kind is CodeKind.REJECT)

    @property
    def outcome(self) -> Settlement:
        """Rejected when no part is paid and one is rejected, deferred when one waits; partly paid when a part or a line is rejected,
        or less is paid than asked beyond the participation and franchise."""
        parts = [part for part in (self.amo, self.amc) if part is not None]
        states = {part.state for part in parts} - {PartState.UNTREATED}
        if PartState.PAID not in states:
            return Settlement.REJECTED if PartState.REJECTED in states else Settlement.DEFERRED
        if states != {PartState.PAID} or self.rejects:
            return Settlement.PARTLY_PAID
        short = self.asked - self.paid - self.participation - self.franchise
        return Settlement.PARTLY_PAID if short > 0 else Settlement.PAID


@dataclass(frozen=True, slots=True)
class Retention:
    """A movement on a debt (entity 250): a negative ``amount`` is withheld from what is paid; ``balance`` is what remains."""

    debt: str
    recorded: date
    debt_kind: str
    recovery: str
    amount: int
    balance: int = 0

    def __post_init__(self) -> None:
        check_text("debt", self.debt, 10, least=1)
        check_day("recorded", self.recorded)
        check_code("debt_kind", self.debt_kind, DEBTS)
        check_code("recovery", self.recovery, RECOVERIES)
        check_range("amount", self.amount, -_MOST_CENTS, _MOST_CENTS)
        check_range("balance", self.balance, 0, _MOST_CENTS)


@dataclass(frozen=True, slots=True)
class FlatDetail:
    """What a flat payment is for (entity 262)."""

    label: str
    amount: int
    period: str = "P"
    code: str = ""

    def __post_init__(self) -> None:
        check_text("label", self.label, 80)
        check_range("amount", self.amount, 0, _MOST_CENTS)
        check_code("period", self.period, PERIODS)
        check_text("code", self.code, 5)


@dataclass(frozen=True, slots=True)
class FlatPayment:
    """A payment that is for no invoice (entity 261): *forfait*, reward; ``code`` has at most five digits."""

    code: int
    amount: int
    details: tuple[FlatDetail, ...] = ()

    def __post_init__(self) -> None:
        check_range("code", self.code, 0, 99_999)
        check_range("amount", self.amount, 0, _MOST_CENTS)


def check_range(name: str, value: int, least: int, most: int) -> None:
    """Raise InvalidReturn unless *value* is within the limits."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidReturn(f"{name}: {value!r} is not an integer from {least} to {most}")


def check_text(name: str, value: str, most: int, *, least: int = 0) -> None:
    """Raise InvalidReturn unless *value* stands in a file as it is."""
    if not least <= len(value) <= most:
        raise InvalidReturn(f"{name}: {value[:40]!r} has not {least} to {most} characters")
    written = value.isascii() and (value.isprintable() or not value) and DELIMITER not in value
    if not written or value != value.rstrip(" "):
        raise InvalidReturn(
            f"{name}: {value[:40]!r} is not in printable ASCII, or contains {DELIMITER}, or ends with a blank"
        )


def check_code(name: str, value: str, codes: Mapping[str, str]) -> None:
    """Raise InvalidReturn unless *value* is one of *codes*."""
    if value not in codes:
        raise InvalidReturn(
            f"{name}: {value[:20]!r} is none of {', '.join(code or 'empty' for code in codes)}"
        )


def check_day(name: str, value: date) -> None:
    """Raise InvalidReturn for a day that two digits of a year cannot say."""
    if not 2000 <= value.year < 2100:
        raise InvalidReturn(f"{name}: {value} is not in the years 2000 to 2099")


def _check_nir(text: str) -> None:
    try:
        nir = Nir.parse(text)
    except CodeError as error:
        raise InvalidReturn(f"nir: {error}") from None
    if str(nir) != text or not nir.check_key():
        raise InvalidReturn("nir: 15 characters with the right key are needed, without blanks")
