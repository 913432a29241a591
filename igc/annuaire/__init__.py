"""The annuaire: who has cards and certificates, where they practise, and what can be enciphered for them.

Filled from what an authority issued and from the public extracts of the Annuaire Santé; searched by name, identifier, card,
mail, département, commune, profession and savoir-faire.
"""

from bifente.igc.annuaire.annuaire import Annuaire, ImportResult
from bifente.igc.annuaire.certificates import read_certificate
from bifente.igc.annuaire.errors import (
    AnnuaireBusy,
    AnnuaireError,
    AnnuaireMissing,
    ExtractRefused,
    NobodyToEncipherFor,
    NotListed,
)
from bifente.igc.annuaire.extracts import ExtractKind, opened_extract
from bifente.igc.annuaire.recipients import AnnuaireRecipient, certificates_for, find_recipient
from bifente.igc.annuaire.values import AnnuaireQuery, CertificateUse, EntryKind

__all__ = [
    "Annuaire",
    "AnnuaireBusy",
    "AnnuaireError",
    "AnnuaireMissing",
    "AnnuaireQuery",
    "AnnuaireRecipient",
    "CertificateUse",
    "EntryKind",
    "ExtractKind",
    "ExtractRefused",
    "ImportResult",
    "NobodyToEncipherFor",
    "NotListed",
    "certificates_for",
    "find_recipient",
    "opened_extract",
    "read_certificate",
]
