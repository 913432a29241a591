"""What goes into the store and comes out of it, as values."""

from dataclasses import dataclass
from datetime import date, datetime

from bifente.fse.caisse.codes import CaisseFinding


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A mail as it was delivered: the mailbox's name for it, SHA-256, sender, subject and size."""

    delivered: str
    digest: str
    sender: str
    subject: str
    size: int


@dataclass(frozen=True, slots=True)
class InvoiceRecord:
    """An invoice of a lot that was taken in charge; amounts in euro cents."""

    number: int
    digest: str
    replaces: int | None
    nir: str
    birth: str
    rank: int
    insurance: str
    insurer: str
    care: date
    speciality: str
    department: str
    third_party: bool
    acts: int
    fees: int
    amo: int
    amc: int
    participation: int
    franchise: int
    lines: str
    state: str
    due: date | None
    findings: tuple[CaisseFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class LotRecord:
    """A judged lot with its answer. ``evidence`` is the signed lot with its sheets."""

    professional: str
    number: int
    organisme: str
    file_id: str
    mode: str
    part: str
    digest: str
    signer: str
    made: date
    positive: bool
    address: str
    arl: bytes
    evidence: bytes | None
    invoices: tuple[InvoiceRecord, ...] = ()
    findings: tuple[CaisseFinding, ...] = ()
    count: int = 0
    """How many invoices the lot has, also where they are not kept because it was refused."""


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A mail to send, byte for byte."""

    kind: str
    sender: str
    recipient: str
    message: bytes
    not_before: datetime


@dataclass(frozen=True, slots=True)
class WaitingMail:
    """A mail of the outbox that was not sent yet."""

    id: int
    kind: str
    sender: str
    recipient: str
    message: bytes
    lot: int | None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A line of the journal."""

    id: int
    at: datetime
    event: str
    lot: int | None
    number: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class StoredLot:
    """What was answered to a lot before."""

    id: int
    digest: str
    positive: bool
    day: date
    arl: bytes
    repeats: int = 0


@dataclass(frozen=True, slots=True)
class DueInvoice:
    """An invoice that waits for its settlement."""

    lot: int
    place: int
    lot_number: int
    lot_made: date
    number: int
    part: str
    nir: str
    birth: str
    rank: int
    insurance: str
    insurer: str
    care: date
    fees: int
    amo: int
    amc: int
    participation: int
    franchise: int
    lines: str
    third_party: bool
    state: str
    address: str
    findings: tuple[CaisseFinding, ...] = ()
