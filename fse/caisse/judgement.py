"""What a caisse thinks of a lot: frozen values in, a verdict out, nothing read and nothing written.

A :class:`LotDossier` is what was received, with its signatures already tried (:mod:`bifente.fse.caisse.evidence`);
:class:`CaisseKnowledge` are what the caisse knew at that moment. The same two give the same verdict for ever.

Findings of gravity ``lot`` refuse the lot (ARL−), those of gravity ``invoice`` reject an invoice of a lot that was taken in
charge (RSP), notes are told and change nothing. A lot is looked at to its end: all that is wrong is said at once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from bifente.fse.caisse.codes import CaisseFinding, Gravity
from bifente.fse.sheet.model import CareSheet
from bifente.fse.sheet.rights import ProblemKind


@dataclass(frozen=True, slots=True)
class SignerFacts:
    """A verified certificate of a CPS: who holds the card, and which.

    ``identity`` is type, national identifier and key (the common name), ``card`` issuer and number of the card, ``serial``
    that of the certificate in hexadecimal, ``revoked`` the day since when it is revoked, as far as anybody was asked.
    """

    identity: str
    card: str
    serial: str
    revoked: date | None = None


@dataclass(frozen=True, slots=True)
class Money:
    """Parts of an invoice in euro cents: fees charged, asked of the obligatory and of the complementary insurance."""

    fees: int
    amo: int
    amc: int = 0


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What the tariff makes of a sheet. ``participation`` and ``franchise`` are kept back at the payment, in cents.

    ``unknown`` are the acts that the tariff does not know on their day; there is then no money to compare.
    """

    money: Money
    participation: int = 0
    franchise: int = 0
    words: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InvoiceDossier:
    """An invoice as it came. ``digest`` is the SHA-256 of the signed sheet in hexadecimal, ``doubts`` what its signatures lack.

    ``sheet`` is None when it could not be read. ``vitale`` is the number of the carte Vitale (ten bytes in hexadecimal),
    empty without one; ``claimed`` what the professional asks for, None where the sheet does not say it; ``recomputed``
    what the tariff says, None without a tariff.
    """

    number: int
    digest: str
    sheet: CareSheet | None = None
    signer: SignerFacts | None = None
    vitale: str = ""
    doubts: tuple[str, ...] = ()
    rights_proven: bool = True
    professional_proven: bool = True
    replaces: int | None = None
    claimed: Money | None = None
    recomputed: Recomputed | None = None
    insurer: str = ""
    """The complementary insurer whose part this lot asks for; empty where it asks for none."""
    certified: bool | None = None
    """Whether the MAC of a Vitale 1 was checked, False without the mother key for it; None when no Vitale 1 was there."""


OBLIGATORY: Final = "O"
COMPLEMENTARY: Final = "C"
"""Which part a lot asks for: that of the assurance maladie, or by a DRE that of a complementary insurer."""


@dataclass(frozen=True, slots=True)
class LotDossier:
    """A lot as it came.

    ``professional`` is the number for billing with its key (9 digits), ``organisme`` régime and caisse (5 digits) or,
    of a DRE (``part`` C), the number of the complementary insurer, ``digest`` the SHA-256 of the signed lot in hexadecimal, ``created`` the day of creation in record 1. ``findings`` are
    what was wrong with it before anything could be judged: its form and its signature.
    """

    professional: str
    number: int
    organisme: str
    mode: str
    file_id: str
    digest: str
    created: date | None
    signer: SignerFacts | None
    invoices: tuple[InvoiceDossier, ...]
    findings: tuple[CaisseFinding, ...] = ()
    part: str = OBLIGATORY
    may_sign_lots: str = ""
    """The habilitation 2.21 of who signed, where the lot proves it; empty where nothing does."""


@dataclass(frozen=True, slots=True)
class KnownLot:
    """A lot of the same professional and number that was judged before."""

    digest: str
    positive: bool
    received: date


@dataclass(frozen=True, slots=True)
class KnownInvoice:
    """An invoice of the same professional and number in a lot that was taken in charge. ``state`` is the store's."""

    digest: str
    nir: str
    state: str


REJECTED: Final = "rejected"
"""The state of an invoice that an RSP has rejected, or will: its successor may come."""

PAID: Final = frozenset({"paid", "partly-paid", "reimbursed"})


@dataclass(frozen=True, slots=True)
class CaisseKnowledge:
    """What the caisse knows while it judges. Days since when a card is opposed are by certificate and by Vitale number."""

    today: date
    organismes: frozenset[str]
    lots: tuple[KnownLot, ...] = ()
    invoices: Mapping[int, KnownInvoice] = field(default_factory=dict)
    opposed_certificates: Mapping[str, date] = field(default_factory=dict)
    opposed_vitales: Mapping[str, date] = field(default_factory=dict)
    revocation: bool = False
    """Whether anybody could be asked for revoked certificates."""
    tariff: bool = False
    """Whether prices were recomputed."""
    delegates: frozenset[tuple[str, str]] = frozenset()
    """Who may sign whose lots beside the professional: identity of the signer, number for billing."""
    number_kept: timedelta = timedelta(days=90)
    """How long a lot number stands for its lot: three digits come round again."""
    too_late: timedelta = timedelta(days=365)
    """Care longer ago is not paid any more (FIDES: less than a year to bill)."""


@dataclass(frozen=True, slots=True)
class InvoiceVerdict:
    """What becomes of an invoice of a lot that was taken in charge; amounts in euro cents, to pay."""

    number: int
    accepted: bool
    findings: tuple[CaisseFinding, ...]
    amo: int = 0
    amc: int = 0
    participation: int = 0
    franchise: int = 0


@dataclass(frozen=True, slots=True)
class LotVerdict:
    """ARL+ or ARL−, why, and the invoices. ``repeated``: the lot came before, and is answered as it was then."""

    positive: bool
    findings: tuple[CaisseFinding, ...]
    invoices: tuple[InvoiceVerdict, ...] = ()
    repeated: bool = False

    @property
    def refusals(self) -> tuple[CaisseFinding, ...]:
        """Why the lot is refused."""
        return tuple(one for one in self.findings if one.gravity is Gravity.LOT)


def judge(lot: LotDossier, known: CaisseKnowledge) -> LotVerdict:
    """The verdict on a lot."""
    before = next((one for one in known.lots if one.digest == lot.digest), None)
    if before is not None:
        return LotVerdict(before.positive, (), repeated=True)
    findings = (*_of_lot(lot, known), *_of_sheets(lot, known))
    if any(one.gravity is Gravity.LOT for one in findings):
        return LotVerdict(False, findings)
    return LotVerdict(True, findings, tuple(_invoice(lot.part, one, known) for one in lot.invoices))


def _of_lot(lot: LotDossier, known: CaisseKnowledge) -> Iterator[CaisseFinding]:
    yield from lot.findings
    if not lot.invoices and not lot.findings:
        yield CaisseFinding("L02")
    if lot.organisme not in known.organismes and (lot.organisme or not lot.findings):
        yield CaisseFinding(
            "L09", detail=f"{lot.organisme}; served here: {', '.join(sorted(known.organismes))}"
        )
    if lot.created is not None and lot.created > known.today:
        yield CaisseFinding("L10", detail=f"created on {lot.created}, received on {known.today}")
    taken = next((one for one in known.lots if one.positive and _holds(one, known)), None)
    if taken is not None:
        yield CaisseFinding("L11", detail=f"lot {lot.number} of {taken.received} has other content")
    if lot.signer is not None:
        yield from _lost(lot.signer, known, known.today)
        yield from _entitled(lot, lot.signer, known)
    if not known.revocation:
        yield CaisseFinding("S06")
    if not known.tariff:
        yield CaisseFinding("S07")
    for number, count in Counter(one.number for one in lot.invoices).items():
        if count > 1:
            yield CaisseFinding("L17", number)


def _holds(lot: KnownLot, known: CaisseKnowledge) -> bool:
    return known.today - lot.received < known.number_kept


def _lost(
    signer: SignerFacts, known: CaisseKnowledge, day: date, number: int | None = None
) -> Iterator[CaisseFinding]:
    """The card is opposed, or its certificate revoked, on *day*."""
    code = "L07" if number is None else "L16"
    for how, since in (
        ("opposed", known.opposed_certificates.get(signer.serial)),
        ("revoked", signer.revoked),
    ):
        if since is not None and since <= day:
            yield CaisseFinding(code, number, f"CPS {signer.card} is {how} since {since}")
            return  # a card that is opposed is revoked by the same act


def _entitled(lot: LotDossier, signer: SignerFacts, known: CaisseKnowledge) -> Iterator[CaisseFinding]:
    """The professional of the sheets may sign unless field 2.21 forbids it, anybody else who is proven to be entitled."""
    sheets = [one.sheet for one in lot.invoices if one.sheet is not None]
    own = {_identity(sheet) for sheet in sheets} == {signer.identity}
    if own:
        forbidden = [sheet for sheet in sheets if sheet.situation.may_sign_lots == "0"]
        if forbidden:
            number = forbidden[0].situation.number
            yield CaisseFinding(
                "L08", detail=f"situation de facturation {number} may not sign a lot (2.21 is 0)"
            )
    elif sheets and lot.may_sign_lots != "1" and (signer.identity, lot.professional) not in known.delegates:
        yield CaisseFinding(
            "L08", detail=f"{signer.identity} for {lot.professional}: nothing proves a habilitation"
        )


def _identity(sheet: CareSheet) -> str:
    who = sheet.professional
    return f"{who.id_type}{who.national_id}{who.id_key}"


def _of_sheets(lot: LotDossier, known: CaisseKnowledge) -> Iterator[CaisseFinding]:
    """What refuses the lot for one of its sheets."""
    for one in lot.invoices:
        for doubt in one.doubts:
            yield CaisseFinding("L13", one.number, doubt)
        if one.sheet is None:
            continue
        billing = one.sheet.situation.billing_id + one.sheet.situation.billing_id_key
        if billing != lot.professional:
            yield CaisseFinding("L14", one.number, f"{billing}, not {lot.professional}")
        insured = one.sheet.rights.insured
        if lot.part == OBLIGATORY and insured.regime + insured.caisse != lot.organisme:
            yield CaisseFinding("L15", one.number, f"{insured.regime}{insured.caisse}, not {lot.organisme}")
        if one.signer is not None:
            yield from _lost(one.signer, known, one.sheet.care_date, one.number)
        yield from _received_before(one, one.sheet, known)


def _received_before(
    one: InvoiceDossier, sheet: CareSheet, known: CaisseKnowledge
) -> Iterator[CaisseFinding]:
    """A signed sheet comes in one lot, unless its invoice was rejected and goes again."""
    for number in {one.number, sheet.number} - {one.replaces}:
        before = known.invoices.get(number)
        if before is not None and before.digest == one.digest:
            yield CaisseFinding("L23", one.number, f"invoice {number}, which is {before.state}")


_RIGHTS: Final = {
    ProblemKind.RIGHTS_CLOSED: "R01",
    ProblemKind.NO_COVERAGE: "R02",
    ProblemKind.CARD_EXPIRED: "S01",
    ProblemKind.UNREADABLE_DATE: "S02",
    ProblemKind.MUTUELLE_AND_AMC: "S03",
}
"""What becomes of a problem that the professional has accepted."""


def _invoice(part: str, one: InvoiceDossier, known: CaisseKnowledge) -> InvoiceVerdict:
    sheet = one.sheet
    if sheet is None:  # its doubts have refused the lot
        return InvoiceVerdict(one.number, False, ())
    findings = (
        *_of_number(one, sheet, known),
        *_of_days(one, sheet, known),
        *(CaisseFinding(_RIGHTS[kind], one.number, kind.value) for kind in sheet.accepted),
        *_of_card(one, sheet, known),
        *_of_price(one),
    )
    accepted = all(finding.gravity is Gravity.NOTE for finding in findings)
    if not accepted:
        return InvoiceVerdict(one.number, False, findings)
    return InvoiceVerdict(one.number, True, findings, *_to_pay(part, one))


def _of_number(one: InvoiceDossier, sheet: CareSheet, known: CaisseKnowledge) -> Iterator[CaisseFinding]:
    before = known.invoices.get(one.number)
    if before is not None:
        if before.nir == sheet.rights.insured.nir and before.state in PAID:
            yield CaisseFinding("2900005", one.number)
        else:
            yield CaisseFinding(
                "R06", one.number, f"it is {before.state}: an invoice that goes again takes a new number"
            )
    if one.replaces is not None:
        old = known.invoices.get(one.replaces)
        if old is None or old.state != REJECTED:
            why = "is not known here" if old is None else f"is {old.state}"
            yield CaisseFinding("R09", one.number, f"invoice {one.replaces} {why}")


def _of_days(one: InvoiceDossier, sheet: CareSheet, known: CaisseKnowledge) -> Iterator[CaisseFinding]:
    if sheet.care_date > known.today:
        yield CaisseFinding("R07", one.number, f"{sheet.care_date}, received on {known.today}")
    oldest = min(act.date for act in sheet.acts)
    if known.today - oldest > known.too_late:
        yield CaisseFinding("R08", one.number, f"{oldest}, received on {known.today}")


def _of_card(one: InvoiceDossier, sheet: CareSheet, known: CaisseKnowledge) -> Iterator[CaisseFinding]:
    since = known.opposed_vitales.get(one.vitale) if one.vitale else None
    if since is not None and since <= sheet.care_date:
        yield CaisseFinding("R03", one.number, f"since {since}, care on {sheet.care_date}")
    if not one.vitale:
        yield CaisseFinding("S09", one.number)
    elif not one.rights_proven:
        yield CaisseFinding("S04", one.number)
    if one.certified is False:
        yield CaisseFinding("S13", one.number)
    if not one.professional_proven:
        yield CaisseFinding("S05", one.number)


def _of_price(one: InvoiceDossier) -> Iterator[CaisseFinding]:
    ours, theirs = one.recomputed, one.claimed
    if ours is None:
        return
    if ours.unknown:
        yield CaisseFinding("R05", one.number, ", ".join(ours.unknown))
        return
    if theirs is None:
        return
    for code, asked, right in (("R04", theirs.amo, ours.money.amo), ("S08", theirs.amc, ours.money.amc)):
        if asked != right:
            yield CaisseFinding(code, one.number, f"{cents(asked)} asked, {cents(right)} by the tariff")


def _to_pay(part: str, one: InvoiceDossier) -> tuple[int, int, int, int]:
    """AMO, AMC, participation and franchise: by the tariff, or as asked where there is none."""
    ours = one.recomputed or Recomputed(one.claimed or Money(0, 0))
    amc = ours.money.amc if one.insurer else 0
    if part == COMPLEMENTARY:
        return 0, amc, 0, 0
    return ours.money.amo, amc, ours.participation, ours.franchise


def cents(amount: int) -> str:
    """An amount in words: ``8.40 €``."""
    return f"{amount // 100}.{amount % 100:02} €"


def all_findings(verdict: LotVerdict) -> Iterable[CaisseFinding]:
    """Those of the lot, then those of its invoices."""
    yield from verdict.findings
    for invoice in verdict.invoices:
        yield from invoice.findings
