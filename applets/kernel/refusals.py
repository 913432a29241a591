"""What refusals of several instructions have in common: the rule that refused, and the parameters that nothing stands for."""

from typing import NamedTuple

from bifente.apdu.command import CommandAPDU
from bifente.apdu.cvc import Cha
from bifente.apdu.refusal import CommandPart, Why
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError
from bifente.layouts.access import Never, Rule, SecurityStatus

PART_4 = "ISO/IEC 7816-4:2020"
ACCESS = f"{PART_4} §9.3"
"""Security attributes and the conditions they announce."""
RECOGNITION = "docs/recognition.md (synthetic)"
"""The mutual recognition is of our own invention."""


class ProvenThen(NamedTuple):
    """What had been proven to a card at some moment, for a sentence."""

    verified: frozenset[int]
    role: Cha | None

    @classmethod
    def to(cls, status: SecurityStatus) -> "ProvenThen":
        """What is proven now."""
        return cls(frozenset(status.verified), status.role)

    def __str__(self) -> str:
        parts = [f"PIN {reference:02X} is verified" for reference in sorted(self.verified)]
        if self.role is not None:
            parts.append(
                f"a card with the authorisation {self.role.encode().hex().upper()} has authenticated itself"
            )
        return " and ".join(parts) or "nothing is proven"


class Needed(NamedTuple):
    """An access rule, for a sentence."""

    rule: Rule | None

    def __str__(self) -> str:
        if self.rule is None:
            return "has no access rule, and what has none is forbidden"
        return "is never allowed" if isinstance(self.rule, Never) else f"needs {self.rule}"


def require(what: str, target: object, rule: Rule | None, status: SecurityStatus) -> None:
    """Refuse *what* on *target* with 6982 unless *rule* is satisfied; without a rule it is forbidden."""
    if rule is None or not rule.allows(status):
        raise CardError(SW.SECURITY_STATUS_NOT_SATISFIED, forbidden(what, target, rule, status))


def forbidden(what: str, target: object, rule: Rule | None, status: SecurityStatus) -> Why:
    """Which rule refuses *what* on *target*, and what is proven so far."""
    return Why(ACCESS, "{} of {} {}; {}", (what, target, Needed(rule), ProvenThen.to(status)))


def parameters(apdu: CommandAPDU) -> CommandPart:
    """P1-P2 of a command."""
    return CommandPart(apdu.raw, 2, 4)


def wrong_parameters(apdu: CommandAPDU, clause: str, expected: str) -> CardError:
    """6A86: P1-P2 are none of the *expected* ones."""
    return CardError(SW.INCORRECT_P1_P2, Why(clause, "P1-P2 are {}; {}", (parameters(apdu), expected)))


def wrong_length(apdu: CommandAPDU, clause: str, expected: str) -> CardError:
    """6700: Lc or Le is not what is *expected*."""
    size = len(apdu.raw)
    le = CommandPart(apdu.raw, size - (2 if apdu.case.extended else 1), size)
    counted = len(apdu.data)
    if apdu.ne is None:
        return CardError(
            SW.WRONG_LENGTH, Why(clause, "{} bytes of data and no Le came; {}", (counted, expected))
        )
    return CardError(
        SW.WRONG_LENGTH, Why(clause, "{} bytes of data and Le {} came; {}", (counted, le, expected))
    )


def incorrect_data(clause: str, pattern: str, *values: object) -> CardError:
    """6A80: the data field is not what the command takes."""
    return CardError(SW.INCORRECT_DATA_FIELD, Why(clause, pattern, values))


def not_on_card(clause: str, pattern: str, *values: object) -> CardError:
    """6A88: what the command refers to is not there."""
    return CardError(SW.REFERENCED_DATA_NOT_FOUND, Why(clause, pattern, values))


def out_of_turn(clause: str, pattern: str, *values: object) -> CardError:
    """6985: something that has to come before did not."""
    return CardError(SW.CONDITIONS_OF_USE_NOT_SATISFIED, Why(clause, pattern, values))
