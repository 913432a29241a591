"""Codes of the technical acknowledgement (ARL). All **synthetic**: neither its layout nor its codes are public.

What they are about is not all invented: causes of a negative ARL that are told in public are a lot that cannot be verified and one
*télétransmis à l'avance* (``spec/fse.md`` §2.1). A code is added by one line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bifente.fse.returns.errors import InvalidReturn


@dataclass(frozen=True, slots=True)
class ArlReason:
    """A code with its labels; ``positive`` when a lot that has it is accepted all the same."""

    code: str
    french: str
    english: str
    positive: bool = False


_TABLE: Final = (
    ArlReason("P00", "lot reçu", "the lot was received", positive=True),
    ArlReason("P01", "lot en attente de retarification", "the lot waits to be priced again", positive=True),
    ArlReason("P02", "lot déjà reçu, réponse répétée", "the same lot was received before, and is answered again", positive=True),
    ArlReason("L01", "message indéchiffrable ou illisible", "the message cannot be deciphered or read"),
    ArlReason("L02", "message sans lot", "the message holds no lot"),
    ArlReason("L03", "fichier B2 illisible", "the B2 file cannot be read"),
    ArlReason("L04", "lot signé illisible", "the signed lot cannot be read"),
    ArlReason("L05", "signature du lot invalide", "the signature of the lot does not hold"),
    ArlReason("L06", "certificat du signataire du lot refusé", "the certificate of who signed the lot is refused"),
    ArlReason("L07", "carte signataire du lot révoquée ou en opposition", "the card that signed the lot is revoked or opposed"),
    ArlReason("L08", "signataire du lot non habilité", "who signed the lot is not entitled to sign it"),
    ArlReason("L09", "organisme destinataire erroné", "the lot is for an organisme that this caisse does not serve"),
    ArlReason("L10", "lot télétransmis à l'avance", "the lot is dated in the future"),
    ArlReason("L11", "doublon de lot", "another lot of this number was received"),
    ArlReason("L12", "enregistrements et feuilles signées divergents", "records and signed sheets do not belong together"),
    ArlReason("L13", "signatures d'une feuille invalides", "the signatures of a sheet do not hold"),
    ArlReason("L14", "feuille d'un autre professionnel", "a sheet of another professional than the lot's"),
    ArlReason("L15", "feuille pour un autre organisme", "a sheet for another organisme than the lot's"),
    ArlReason("L16", "carte signataire d'une feuille révoquée ou en opposition", "the card that signed a sheet was revoked or opposed"),
    ArlReason("L17", "numéro de facture en double dans le lot", "the same invoice number stands twice in the lot"),
    ArlReason("L18", "totaux du fichier ou du lot faux", "the totals of the file or of the lot are wrong"),
    ArlReason("L19", "lot trop ancien", "the lot is too old"),
    ArlReason("L20", "professionnel de santé inconnu", "the professional is not known"),
    ArlReason("L21", "certificat du professionnel périmé", "the professional's certificate has expired"),
    ArlReason("L22", "certificat du professionnel révoqué", "the professional's certificate was revoked"),
    ArlReason("L23", "feuille déjà reçue dans un autre lot", "a sheet was received in another lot before"),
    ArlReason("L24", "carte Vitale d'un émetteur non reconnu", "a carte Vitale is not of a trusted issuer"),
    ArlReason("L90", "refus d'une règle de cette caisse de test", "refused by a rule of this test caisse"),
    ArlReason("L99", "incident technique à la caisse", "the caisse has a technical incident"),
)  # fmt: skip

ARL_CODES: Final[Mapping[str, ArlReason]] = {one.code: one for one in _TABLE}
"""Code → what it means."""


def arl_reason(code: str) -> ArlReason:
    """What *code* means. Raises InvalidReturn for one that is not in the table."""
    if code not in ARL_CODES:
        raise InvalidReturn(f"{code[:20]!r} is not a code of an ARL that is known here")
    return ARL_CODES[code]
