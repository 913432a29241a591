"""Whether a signed lot may be believed: who signed it, and whether its records say what its sheets say."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from hashlib import sha256

from cryptography import x509

from bifente.fse.b2.errors import B2Error
from bifente.fse.errors import FseError
from bifente.fse.lots.records import lot_rows
from bifente.fse.lots.signedlot import LotRefused, SignedLot
from bifente.fse.lots.values import Invoice, Lot, LotError
from bifente.fse.sheet.lotsigner import check_lot_signer
from bifente.fse.sheet.model import CareSheet
from bifente.fse.sheet.signer import check_signer
from bifente.igc import CertificateUsage, TrustStore, UntrustedCertificate


def lot_signer(content: SignedLot, trust: TrustStore, day: date) -> x509.Certificate:
    """The certificate by which a lot is signed, verified up to the roots on *day*. Raises LotRefused."""
    try:
        intermediates = tuple(x509.load_der_x509_certificate(der) for der in content.chain)
        store = TrustStore(trust.anchors, intermediates, trust.cv_roots)
        when = datetime.combine(day, time(12), UTC)
        return store.verify_certificate(content.signer, when, CertificateUsage.SIGNATURE)
    except (UntrustedCertificate, ValueError) as error:
        raise LotRefused(
            "untrusted", f"lot {content.manifest.lot}: its signer is not trusted: {error}"
        ) from error


def check_signing_holder(content: SignedLot, sheets: Sequence[CareSheet], signer: x509.Certificate) -> None:
    """Raise LotRefused unless the holder of *signer* is the professional of all *sheets*, or may sign his lots.

    The situation of another holder is what his card said: no issuer's signature goes with it.
    """
    signing = content.manifest.signing
    for sheet in sheets:
        try:
            if signing is None:
                check_signer(sheet, signer)
            else:
                check_lot_signer(signing, sheet.situation)
        except FseError as error:
            raise LotRefused("signer", f"lot {content.manifest.lot}: {error}") from error


def lot_of(content: SignedLot, sheets: Sequence[CareSheet]) -> Lot:
    """The lot that the manifest and these *sheets*, in its order, make. Raises LotRefused when they contradict one another."""
    told = content.manifest
    try:
        return Lot(
            told.professional,
            told.lot,
            told.organisme,
            told.mode,
            told.day,
            tuple(
                Invoice(entry.number, sheet, signed, entry.replaces)
                for entry, sheet, signed in zip(told.invoices, sheets, content.sheets, strict=True)
            ),
            told.complementary,
        )
    except (LotError, ValueError) as error:
        raise LotRefused("sheets", f"the sheets in lot {told.lot} make no such lot: {error}") from error


def check_records(content: SignedLot, lot: Lot) -> None:
    """Raise LotRefused unless the B2 records that were signed are those that the sheets of *lot* make."""
    digest = sha256()
    try:
        for one in lot_rows(lot, marking=content.manifest.marking):
            digest.update(one.raw)
    except (LotError, B2Error) as error:
        raise LotRefused("sheets", f"the sheets in lot {lot.number} make no records: {error}") from error
    if digest.hexdigest() != content.manifest.records:
        raise LotRefused("records", f"lot {lot.number}: its B2 records say something else than its sheets")
