"""From bytes that came by the post to a dossier that can be judged: signatures, certificates and prices are tried here.

Nothing is asked of the store, and nothing depends on what came before: lots can be looked at in any order, or in several
processes at once. What does not hold becomes a doubt in the dossier; only the judgement says what follows.
"""

from collections.abc import Callable
from hashlib import sha256

from cryptography import x509
from cryptography.x509.oid import NameOID

from bifente.fse.caisse.judgement import InvoiceDossier, Money, Recomputed, SignerFacts
from bifente.fse.caisse.revocation import NoRevocation, RevocationSource
from bifente.fse.errors import SheetRefused
from bifente.fse.sheet.model import CareSheet
from bifente.fse.sheet.signer import card_number
from bifente.fse.sheet.verification import verify
from bifente.igc import TrustStore

Pricer = Callable[[CareSheet], Recomputed]
"""What the tariff makes of a sheet."""


def invoice_dossier(
    number: int,
    signed: bytes,
    trust: TrustStore,
    *,
    revocation: RevocationSource | None = None,
    pricer: Pricer | None = None,
    replaces: int | None = None,
) -> InvoiceDossier:
    """What is to be judged of one signed sheet."""
    digest = sha256(signed).hexdigest()
    try:
        found = verify(signed, trust)
    except SheetRefused as error:
        doubts = tuple(f"{who.value}: {why}" for who, why in error.failures)
        return InvoiceDossier(number, digest, doubts=doubts, replaces=replaces)
    sheet = found.sheet
    return InvoiceDossier(
        number,
        digest,
        sheet,
        signer_facts(found.signer, revocation or NoRevocation()),
        found.vitale_number,
        rights_proven=found.rights_issued is not None,
        professional_proven=found.professional_issued is not None,
        replaces=replaces,
        claimed=claimed(sheet),
        recomputed=pricer(sheet) if pricer is not None else None,
    )


def claimed(sheet: CareSheet) -> Money | None:
    """What the sheet asks for; None for one of a version that has no prices."""
    prices = [act.price for act in sheet.acts if act.price is not None]
    if len(prices) != len(sheet.acts):
        return None
    return Money(sheet.total, sum(price.amo for price in prices), sum(price.amc for price in prices))


def signer_facts(certificate: x509.Certificate, revocation: RevocationSource) -> SignerFacts:
    """Who signed, of a certificate whose chain is verified."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return SignerFacts(
        ", ".join(str(one.value) for one in names),
        card_number(certificate),
        f"{certificate.serial_number:x}",
        revocation.revoked_since(certificate, None),
    )
