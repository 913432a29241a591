"""What comes back: the ARL (*accusé de réception logique*), signed by the caisse, its RSP (*Rejet, Signalement, Paiement*) in NOEMIE,
and the notice of a mail server (ANR, *avis de non-remise*).
"""

from bifente.fse.returns.anr import Anr, DeliveryAction, RecipientNotice, read_anr
from bifente.fse.returns.arl import (
    Arl,
    ArlCode,
    LotTreatment,
    read_arl,
    read_return,
    write_arl,
    write_treatment,
)
from bifente.fse.returns.arlcodes import ARL_CODES, ArlReason, arl_reason
from bifente.fse.returns.errors import InvalidReturn, ReturnRefused
from bifente.fse.returns.outcomes import (
    INSURANCE_OF_NATURE,
    CodeKind,
    FlatDetail,
    FlatPayment,
    InvoiceOutcome,
    LineOutcome,
    OutcomeCode,
    PartOutcome,
    PartState,
    Retention,
    Settlement,
)
from bifente.fse.returns.rejectcodes import REASON_CODES, ReasonCode, reason
from bifente.fse.returns.rsp import Rsp, read_rsp, write_rsp

__all__ = [
    "ARL_CODES",
    "INSURANCE_OF_NATURE",
    "REASON_CODES",
    "Anr",
    "Arl",
    "ArlCode",
    "ArlReason",
    "CodeKind",
    "DeliveryAction",
    "FlatDetail",
    "FlatPayment",
    "InvalidReturn",
    "InvoiceOutcome",
    "LineOutcome",
    "LotTreatment",
    "OutcomeCode",
    "PartOutcome",
    "PartState",
    "ReasonCode",
    "RecipientNotice",
    "Retention",
    "ReturnRefused",
    "Rsp",
    "Settlement",
    "arl_reason",
    "read_anr",
    "read_arl",
    "read_return",
    "read_rsp",
    "reason",
    "write_arl",
    "write_rsp",
    "write_treatment",
]
