"""Codes that an RSP gives as reasons: those that are public, each with its source, and ours (**synthetic**).

No list of the real codes is public (``spec/fse.md`` §9). Six stand in the opening of a memo of a caisse; the others here begin with
a letter, which no public code does, so that nobody takes them for real ones. A code is added by one line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bifente.fse.noemie.spelling import spelt
from bifente.fse.returns.errors import InvalidReturn
from bifente.fse.returns.outcomes import CodeKind, OutcomeCode

MEMO: Final = (
    "caisse memo «Rejets de télétransmission les plus courants – orthoptistes» (studylibfr 3925819), opening"
)
SYNTHETIC: Final = "synthetic"


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """A code with its label in French, what a surgery can do about it, and where it comes from."""

    code: str
    label: str
    advice: str
    source: str
    kind: CodeKind = CodeKind.REJECT

    @property
    def synthetic(self) -> bool:
        """It is ours: no caisse uses it."""
        return self.source == SYNTHETIC

    def of(self, *, part: str = "O", line: int = 0, more: str = "") -> OutcomeCode:
        """The code as an outcome has it. Raises InvalidReturn."""
        most = 86 if self.kind is CodeKind.REJECT else 80
        return OutcomeCode(self.code, spelt(self.label, most), self.kind, part, line, spelt(more, 30))


_NOTICE: Final = CodeKind.NOTICE

_TABLE: Final = (
    ReasonCode(
        "0250050",
        "L'assuré est absent de notre référentiel",
        "the NIR is wrong, or another caisse is in charge",
        MEMO,
    ),
    ReasonCode(
        "0317051",
        "Incompatibilité nature d'assurance",
        "compare the nature d'assurance with the acts (the label is cut in the source)",
        MEMO,
    ),
    ReasonCode(
        "0450072",
        "L'exonération est sur la carte Vitale mais n'est pas trouvée dans notre fichier à la date des soins",
        "look at the rights online (ADRi) or at the attestation, and have the card updated",
        MEMO,
    ),
    ReasonCode(
        "0460053",
        "L'établissement prescripteur est inconnu au fichier national",
        "correct the FINESS of the prescriber",
        MEMO,
    ),
    ReasonCode(
        "0470049", "Prescription interdite à cette date", "look at the prescriber and at the date", MEMO
    ),
    ReasonCode(
        "2900005",
        "Facture déjà payée",
        "the same number was paid for the same bénéficiaire: do not send it again",
        MEMO,
    ),
ReasonCode("R01", "Droits fermés à la date des soins", "read the card again, or ask for the rights online", SYNTHETIC),
    ReasonCode("R02", "Aucun code couverture en vigueur à la date des soins", "read the card again, or ask for the rights online", SYNTHETIC),
    ReasonCode("R03", "Carte Vitale en opposition à la date des soins", "the card was declared lost or stolen", SYNTHETIC),
    ReasonCode("R04", "Montant demandé différent du tarif", "price the sheet again by the tables of its date", SYNTHETIC),
    ReasonCode("R05", "Acte inconnu à la date des soins", "correct the code of the act or its date", SYNTHETIC),
    ReasonCode("R06", "Numéro de facture déjà utilisé", "give the invoice a number that was not used", SYNTHETIC),
    ReasonCode("R07", "Date des soins dans le futur", "correct the date", SYNTHETIC),
    ReasonCode("R08", "Délai de facturation dépassé", "the act is too old to be billed", SYNTHETIC),
    ReasonCode("R09", "Facture remplacée non rejetée", "only a rejected invoice is replaced by another", SYNTHETIC),
    ReasonCode("R10", "Bénéficiaire inconnu pour cet assuré", "look at the date and rank of birth", SYNTHETIC),
    ReasonCode("R11", "Professionnel de santé non habilité à la date des soins", "look at the situation de facturation", SYNTHETIC),
    ReasonCode("R12", "Prescription absente ou périmée", "bill with a prescription that was valid", SYNTHETIC),
    ReasonCode("R13", "Organisme complémentaire inconnu", "correct the number of the complementary insurer", SYNTHETIC),
    ReasonCode("R14", "Contrat complémentaire fermé à la date des soins", "the patient pays this part", SYNTHETIC),
    ReasonCode("R90", "Rejet par une règle de cette caisse de test", "look at the rules of the caisse", SYNTHETIC),
    ReasonCode("S01", "Carte Vitale périmée à la date des soins", "tell the patient to have the card renewed", SYNTHETIC, _NOTICE),
    ReasonCode("S02", "Date illisible sur la carte", "tell the patient to update the card", SYNTHETIC, _NOTICE),
    ReasonCode("S03", "Mutuelle et AMC pour un même bénéficiaire", "ask the patient which one pays", SYNTHETIC, _NOTICE),
    ReasonCode("S04", "Droits non prouvés par leur émetteur", "nothing to do", SYNTHETIC, _NOTICE),
    ReasonCode("S05", "Nom et situation de facturation non prouvés par leur émetteur", "nothing to do", SYNTHETIC, _NOTICE),
    ReasonCode("S06", "Révocation non vérifiée", "nothing to do", SYNTHETIC, _NOTICE),
    ReasonCode("S07", "Tarif non recalculé", "nothing to do", SYNTHETIC, _NOTICE),
    ReasonCode("S08", "Part complémentaire différente du tarif", "compare with the tables of the date", SYNTHETIC, _NOTICE),
    ReasonCode("S09", "Facture transmise sans la carte Vitale", "nothing to do", SYNTHETIC, _NOTICE),
    ReasonCode("S10", "Participation forfaitaire retenue", "nothing to do: the patient owes it", SYNTHETIC, _NOTICE),
    ReasonCode("S11", "Franchise retenue", "nothing to do: the patient owes it", SYNTHETIC, _NOTICE),
    ReasonCode("S12", "Changement de caisse gestionnaire", "read the card again at the next visit", SYNTHETIC, _NOTICE),
    ReasonCode("S13", "Certification de la Vitale 1 non vérifiée", "nothing to do: this caisse has no key for it", SYNTHETIC, _NOTICE),
)  # fmt: skip

REASON_CODES: Final[Mapping[str, ReasonCode]] = {one.code: one for one in _TABLE}
"""Code, without blanks → what is known of it."""


def reason(code: str) -> ReasonCode:
    """What is known of *code*, blanks in it allowed. Raises InvalidReturn for one that is not in the table."""
    compact = "".join(code.split())
    if compact not in REASON_CODES:
        raise InvalidReturn(f"{code[:20]!r} is not a code of an RSP that is known here")
    return REASON_CODES[compact]
