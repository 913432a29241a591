"""The errors of the care sheet: one family."""

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bifente.fse.sheet.rights import Problem


class FseError(Exception):
    """A care sheet that cannot be made, read or accepted. ``hint`` says what a person can do."""

    kind: str = "input"
    hint: str = ""


class InvalidSheet(FseError, ValueError):
    """A field of the sheet that is not what a sheet may hold; the message names it."""


class CanonicalError(FseError, ValueError):
    """Bytes that are not the canonical form of a sheet."""


class UnknownBeneficiary(FseError):
    """The card has no such bénéficiaire."""

    hint = "read the rights and choose one of the bénéficiaires on the card"

    def __init__(self, number: int, count: int) -> None:
        super().__init__(f"no bénéficiaire number {number}: the card has {count}")
        self.number = number
        self.count = count


class UnknownSituation(FseError):
    """The CPS has no such billing situation (*situation de facturation*)."""

    hint = "choose one of the situations de facturation of the CPS"

    def __init__(self, number: int, known: Sequence[int]) -> None:
        listed = ", ".join(str(one) for one in known) or "none"
        super().__init__(f"no situation de facturation number {number}: the CPS has {listed}")
        self.number = number
        self.known = tuple(known)


class MaySignNoSheet(InvalidSheet):
    """The billing situation has no *habilitation à signer une facture* (field 2.20 is 0; what other values than 0 and 1
    mean is not public)."""

    hint = "choose a situation de facturation that may sign, or another card"

    def __init__(self, number: int) -> None:
        super().__init__(f"situation de facturation {number} may not sign a care sheet (2.20 is 0)")
        self.number = number


class MaySignNoLot(FseError):
    """The billing situation has no *habilitation à signer un lot* (field 2.21), or the lot is of another practice."""

    hint = "let the holder sign who billed it, or one of the same practice with the habilitation (2.21)"


class RightsRefused(FseError):
    """The rights on the card do not cover the care date; ``problems`` says why, one by one."""

    kind = "input.rights"
    hint = "choose another care date"

    def __init__(self, problems: "Sequence[Problem]") -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = tuple(problems)


class RightsUnknown(FseError):
    """A source of rights does not tell those of this card."""

    kind = "input.rights-unknown"
    hint = "ask for the rights of the insured whose card is there, or take those of the card"


class Signatory(Enum):
    """Whose signature."""

    VITALE = "Vitale"
    CPS = "CPS"


class SheetRefused(FseError):
    """A signed sheet that must not be accepted.

    ``failures`` pairs each signature that does not hold with the reason; the message names them all.
    """

    kind = "signature"
    hint = "the sheet was changed, or signed by cards that are not trusted"

    def __init__(self, failures: Sequence[tuple[Signatory, str]]) -> None:
        super().__init__("; ".join(f"{who.value} signature: {why}" for who, why in failures))
        self.failures = tuple(failures)

    @property
    def signatories(self) -> frozenset[Signatory]:
        """Whose signatures do not hold."""
        return frozenset(who for who, _ in self.failures)
