"""Which rules of misbehaviour hold for an occasion; what they have counted stands in the store, so that a restart changes nothing."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from bifente.fse.caisse.rules import CaisseRule, CaisseRules, Occasion, chosen

Rule = TypeVar("Rule", bound=CaisseRule)


class OccasionCounts(Protocol):
    """Where occasions are counted: a transaction on the store."""

    def count(self, name: str, step: int = 1) -> int:
        """Count on, and return the new number; a counter begins at 0."""


def holding(
    rules: CaisseRules, kinds: Iterable[type[Rule]], occasion: Occasion, counts: OccasionCounts
) -> list[Rule]:
    """The rules of these kinds that hold for *occasion*, in the order of the file; the occasion is counted."""
    wanted = tuple(kinds)
    found: list[Rule] = []
    for place, rule in enumerate(rules.rules):
        if not isinstance(rule, wanted) or not rule.admits(occasion):
            continue
        if rule.nth is not None and counts.count(f"rule {place} nth") not in rule.nth:
            continue
        if not chosen(rules.seed, place, occasion, rule.probability):
            continue
        if rule.times is not None and counts.count(f"rule {place} times") > rule.times:
            continue
        found.append(rule)
    return found


def altered(signed: bytes) -> bytes:
    """*signed* with one byte of its end changed, which is the signature's."""
    return signed[:-1] + bytes((signed[-1] ^ 1,))


def miscounted(noemie: bytes, cents: int) -> bytes:
    """A NOEMIE file whose last record (999, columns 86–96: the sum of all amounts) is wrong by *cents*."""
    begin = len(noemie) - 128 + 85
    total = max(int(noemie[begin : begin + 11]) + cents, 0) % 10**11
    return noemie[:begin] + f"{total:011}".encode() + noemie[begin + 11 :]
