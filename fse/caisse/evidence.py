"""From bytes that came by the post to dossiers that can be judged: signatures, certificates and prices are tried here.

Nothing is asked of the store, and nothing depends on what came before: lots can be looked at in any order, or in several
processes at once. What does not hold becomes a doubt in the dossier; only the judgement says what follows.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from hashlib import sha256

from cryptography import x509

from bifente.fse.b2.errors import B2Error
from bifente.fse.b2.files import read_file
from bifente.fse.b2.record import B2Row
from bifente.fse.caisse.codes import CaisseFinding
from bifente.fse.caisse.judgement import (
    COMPLEMENTARY,
    OBLIGATORY,
    InvoiceDossier,
    LotDossier,
    Money,
    Recomputed,
    SignerFacts,
)
from bifente.fse.errors import FseError, SheetRefused
from bifente.fse.lots.files import check_rows
from bifente.fse.lots.judging import check_records, check_signing_holder, lot_of, lot_signer
from bifente.fse.lots.records import certification_zone
from bifente.fse.lots.signedlot import LotRefused, SignedLot, read_signed_lot
from bifente.fse.lots.values import dre_insurer
from bifente.fse.sheet.model import CareSheet
from bifente.fse.sheet.signer import card_number, common_name
from bifente.fse.sheet.verification import verify
from bifente.igc import TrustStore
from bifente.igc.errors import StatusUnavailable
from bifente.igc.statussource import NoRevocation, RevocationSource

Pricer = Callable[[CareSheet], Recomputed]
"""What the tariff makes of a sheet."""


@dataclass(frozen=True, slots=True)
class Examiner:
    """By whom and by what lots are looked at: the authorities, who is asked for revoked certificates, and the tariff."""

    trust: TrustStore
    revocation: RevocationSource = field(default_factory=NoRevocation)
    pricer: Pricer | None = None


@dataclass(frozen=True, slots=True)
class LotEvidence:
    """A lot to judge, and the bytes that it came in: None when no signed lot belongs to the records."""

    dossier: LotDossier
    signed: bytes | None
    made: date | None


def examined(b2: bytes, signed_lots: Sequence[bytes], today: date, by: Examiner) -> list[LotEvidence]:
    """The lots of a file. Certificates are judged on *today*, those of sheets on their care date.

    A file that cannot be read gives the lots that were signed for it, each with that finding; without any, one of no
    professional and number 0.
    """
    try:
        file = read_file(b2)
    except B2Error as error:
        return list(_without_file(signed_lots, CaisseFinding("L03", detail=str(error))))
    file_id = _said(file.header, "identification")
    by_zone = {certification_zone(signed): signed for signed in signed_lots}
    found = [_lot(tuple(lot.rows()), file_id, by_zone, today, by) for lot in file.lots]
    found += _without_file(tuple(by_zone.values()), CaisseFinding("L12", detail="no records in the file"))
    return found or [_nothing(file_id, CaisseFinding("L02"))]


def _without_file(signed_lots: Sequence[bytes], finding: CaisseFinding) -> Iterator[LotEvidence]:
    for signed in signed_lots:
        try:
            told = read_signed_lot(signed).manifest
        except LotRefused:
            yield _nothing("", finding, sha256(signed).hexdigest())
            continue
        yield LotEvidence(
            LotDossier(
                told.professional,
                told.lot,
                told.complementary or told.organisme.code,
                told.mode,
                told.file,
                sha256(signed).hexdigest(),
                told.day,
                None,
                (),
                (finding,),
                part=COMPLEMENTARY if told.complementary else OBLIGATORY,
            ),
            signed,
            told.day,
        )
    if not signed_lots and finding.code == "L03":
        yield _nothing("", finding)


def _nothing(file_id: str, finding: CaisseFinding, digest: str = "") -> LotEvidence:
    return LotEvidence(LotDossier("", 0, "", "", file_id, digest, None, None, (), (finding,)), None, None)


_REASONS = {"signature": "L05", "unreadable": "L04", "untrusted": "L06", "signer": "L08"}
"""Why a lot is refused → the code; every other reason is that records and sheets do not belong together."""


def _lot(
    rows: tuple[B2Row, ...], file_id: str, by_zone: dict[str, bytes], today: date, by: Examiner
) -> LotEvidence:
    """One lot of a file: its records say which, its signed lot says whether that is true."""
    head = rows[0]
    professional, number = _said(head, "numero_ps"), _said(head, "numero_lot")
    signed = by_zone.pop(_said(rows[-1], "zone_certification"), None)
    digest = sha256(signed if signed is not None else b"".join(one.raw for one in rows)).hexdigest()
    told = LotDossier(
        professional,
        int(number) if number.isdigit() else 0,
        _said(head, "regime_pivot") + _said(head, "caisse_pivot"),
        _said(head, "certification"),
        file_id,
        digest,
        None,
        None,
        (),
    )
    if signed is None:
        return LotEvidence(
            _with(told, CaisseFinding("L12", detail="no signed lot has these records")), None, None
        )
    try:
        content = read_signed_lot(signed)
    except LotRefused as error:
        return LotEvidence(_with(told, _refusal(error)), signed, None)
    return LotEvidence(_signed_lot(content, rows, file_id, digest, today, by), signed, content.manifest.day)


def _said(row: B2Row, name: str) -> str:
    """A field of a record; nothing where the norm of the file has none of that name."""
    try:
        return row.text(name).strip()
    except KeyError:
        return ""


def _signed_lot(
    content: SignedLot, rows: tuple[B2Row, ...], file_id: str, digest: str, today: date, by: Examiner
) -> LotDossier:
    told = content.manifest
    findings = []
    signer = None
    if told.file != file_id:
        findings.append(CaisseFinding("L12", detail=f"signed for file {told.file}, this is {file_id}"))
    try:
        check_rows(rows, content)
    except LotRefused as error:
        findings.append(_refusal(error))
    try:
        certificate = lot_signer(content, by.trust, today)
        signer = signer_facts(certificate, by.revocation)
    except LotRefused as error:
        findings.append(_refusal(error))
    except StatusUnavailable as error:
        findings.append(CaisseFinding("L06", detail=str(error)))
    invoices = tuple(
        invoice_dossier(entry.number, signed, by, replaces=entry.replaces, complementary=told.complementary)
        for entry, signed in zip(told.invoices, content.sheets, strict=True)
    )
    sheets = [one.sheet for one in invoices if one.sheet is not None]
    may_sign = ""
    if len(sheets) == len(invoices) and not findings:
        try:
            check_records(content, lot_of(content, sheets))
            if told.signing is not None:
                check_signing_holder(content, sheets, certificate)
                may_sign = "1"
        except LotRefused as error:
            findings.append(_refusal(error))
    return LotDossier(
        told.professional,
        told.lot,
        told.complementary or told.organisme.code,
        told.mode,
        file_id,
        digest,
        told.day,
        signer,
        invoices,
        tuple(findings),
        COMPLEMENTARY if told.complementary else OBLIGATORY,
        may_sign,
    )


def _refusal(error: LotRefused) -> CaisseFinding:
    return CaisseFinding(_REASONS.get(error.reason, "L12"), detail=str(error))


def _with(dossier: LotDossier, finding: CaisseFinding) -> LotDossier:
    return replace(dossier, findings=(*dossier.findings, finding))


def invoice_dossier(
    number: int, signed: bytes, by: Examiner, *, replaces: int | None = None, complementary: str = ""
) -> InvoiceDossier:
    """What is to be judged of one signed sheet; *complementary* is the insurer that a DRE asks."""
    digest = sha256(signed).hexdigest()
    try:
        found = verify(signed, by.trust)
    except SheetRefused as error:
        doubts = tuple(f"{who.value}: {why}" for who, why in error.failures)
        return InvoiceDossier(number, digest, doubts=doubts, replaces=replaces)
    except FseError as error:
        return InvoiceDossier(number, digest, doubts=(str(error),), replaces=replaces)
    sheet = found.sheet
    try:
        facts = signer_facts(found.signer, by.revocation)
    except StatusUnavailable as error:
        return InvoiceDossier(number, digest, doubts=(str(error),), replaces=replaces)
    return InvoiceDossier(
        number,
        digest,
        sheet,
        facts,
        found.vitale_number,
        rights_proven=found.rights_issued is not None,
        professional_proven=found.professional_issued is not None,
        replaces=replaces,
        claimed=claimed(sheet),
        recomputed=by.pricer(sheet) if by.pricer is not None else None,
        insurer=complementary or _mutuelle(sheet),
        certified=found.certified,
    )


def _mutuelle(sheet: CareSheet) -> str:
    """The complementary insurer whose part the caisse pays for it; one that a DRE asks is not among them."""
    named = sheet.third_party.complementary
    return named.number if named is not None and not dre_insurer(sheet) else ""


def claimed(sheet: CareSheet) -> Money | None:
    """What the sheet asks for; None for one of a version that has no prices."""
    prices = [act.price for act in sheet.acts if act.price is not None]
    if len(prices) != len(sheet.acts):
        return None
    return Money(sheet.total, sum(price.amo for price in prices), sum(price.amc for price in prices))


def signer_facts(certificate: x509.Certificate, revocation: RevocationSource) -> SignerFacts:
    """Who signed, of a certificate whose chain is verified."""
    return SignerFacts(
        common_name(certificate),
        card_number(certificate),
        f"{certificate.serial_number:x}",
        revocation.revoked_since(certificate, None),
    )
