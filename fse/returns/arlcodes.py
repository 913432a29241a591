"""Codes of the technical acknowledgement (ARL). All **synthetic**: neither its layout nor its codes are public.

What they are about is: causes of a negative ARL that are told in public are a lot that cannot be verified and one
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
    ArlReason("A00", "lot reçu", "the lot was received", positive=True),
    ArlReason("A01", "lot reçu, en attente de retarification", "the lot was received and is being priced again", positive=True),
    ArlReason("R01", "fichier illisible", "the file cannot be read"),
    ArlReason("R02", "message indéchiffrable", "the message cannot be deciphered"),
    ArlReason("R03", "fichier non conforme à la norme B2", "the file does not follow the B2 norm"),
    ArlReason("R04", "totaux du fichier ou du lot faux", "the totals of the file or of the lot are wrong"),
    ArlReason("R05", "caisse destinataire erronée", "the lot is for another caisse"),
    ArlReason("R06", "doublon de lot", "a lot of this number was received before, and is another one"),
    ArlReason("R07", "lot télétransmis à l'avance", "the lot is dated in the future"),
    ArlReason("R08", "lot trop ancien", "the lot is too old"),
    ArlReason("R10", "signature du lot invalide", "the signature of the lot does not hold"),
    ArlReason("R11", "signature d'une feuille invalide", "the signature of a sheet does not hold"),
    ArlReason("R12", "feuille absente du lot signé", "a sheet is missing from the signed lot"),
    ArlReason("R13", "feuille déjà reçue dans un autre lot", "a sheet was received in another lot before"),
    ArlReason("R14", "fichier et lot signé divergents", "the file and the signed lot do not say the same"),
    ArlReason("R20", "professionnel de santé inconnu", "the professional is not known"),
    ArlReason("R21", "carte de professionnel en opposition", "the professional's card is on the opposition list"),
    ArlReason("R22", "certificat de professionnel périmé", "the professional's certificate has expired"),
    ArlReason("R23", "certificat de professionnel révoqué", "the professional's certificate was revoked"),
    ArlReason("R24", "certificat de professionnel non reconnu", "the professional's certificate is not of a trusted authority"),
    ArlReason("R25", "professionnel non habilité à facturer", "the professional may not bill"),
    ArlReason("R30", "carte Vitale en opposition", "a carte Vitale is on the opposition list"),
    ArlReason("R31", "certificat de carte Vitale non reconnu", "a carte Vitale is not of a trusted issuer"),
    ArlReason("R99", "incident technique à la caisse", "the caisse has a technical incident"),
)  # fmt: skip

ARL_CODES: Final[Mapping[str, ArlReason]] = {one.code: one for one in _TABLE}


def arl_reason(code: str) -> ArlReason:
    """What *code* means. Raises InvalidReturn for one that is not in the table."""
    if code not in ARL_CODES:
        raise InvalidReturn(f"{code[:20]!r} is not a code of an ARL that is known here")
    return ARL_CODES[code]
