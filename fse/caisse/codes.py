"""What a caisse finds wrong, and what follows of it: findings by the codes of the answers that it writes.

What refuses a lot has a code of the ARL (:mod:`bifente.fse.returns.arlcodes`), what rejects or marks an invoice one of the RSP
(:mod:`bifente.fse.returns.rejectcodes`).
"""

from dataclasses import dataclass
from enum import Enum

from bifente.fse.returns.arlcodes import ARL_CODES
from bifente.fse.returns.outcomes import CodeKind
from bifente.fse.returns.rejectcodes import REASON_CODES


class Gravity(Enum):
    """What follows of a finding; the values stand in stores."""

    LOT = "lot"
    """The lot is refused technically: ARL−, nothing of it is taken in charge."""
    INVOICE = "invoice"
    """The lot is taken in charge, and the invoice rejected in the RSP."""
    NOTE = "note"
    """The invoice is paid, and the RSP says so (*signalement*)."""


@dataclass(frozen=True, slots=True)
class CaisseFinding:
    """One thing found: its code, the invoice it is about (None: the whole lot), and a line about it."""

    code: str
    invoice: int | None = None
    detail: str = ""

    @property
    def gravity(self) -> Gravity:
        """What follows of it; a code that only a rule gives is as grave as where it stands."""
        if self.code in REASON_CODES:
            return Gravity.NOTE if REASON_CODES[self.code].kind is CodeKind.NOTICE else Gravity.INVOICE
        if self.code in ARL_CODES:
            return Gravity.NOTE if ARL_CODES[self.code].positive else Gravity.LOT
        return Gravity.LOT if self.invoice is None else Gravity.INVOICE

    @property
    def label(self) -> str:
        """The French label of its code, or nothing."""
        if self.code in REASON_CODES:
            return REASON_CODES[self.code].label
        if self.code in ARL_CODES:
            return ARL_CODES[self.code].french
        return ""

    @property
    def words(self) -> str:
        """One line: label and detail."""
        return ": ".join(part for part in (self.label, self.detail) if part)
