"""Whose rights a card carries: the order of its groups, the people among them and the periods of what they have."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

from bifente.codes.dates import Period
from bifente.slotted import dataclass
from bifente.ssv.errors import SsvError
from bifente.ssv.groups import Group

BENEFICIARIES = 19
"""At most this many on a card (the largest CNDA test cards)."""

_BODY_OF_BENEFICIARY = (105, 106, 107, 108, 109, 111)
_ONCE = (107, 109, 111)

PERIODS: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        102: ("date de début du service AMO famille", "date de fin du service AMO famille"),
        104: ("date de début du service AMO bénéficiaire", "date de fin du service AMO bénéficiaire"),
        105: ("date de début des droits AMO", "date de fin des droits AMO"),
        106: ("date de début de couverture", "date de fin de couverture"),
        108: ("date de début des droits mutuelle", "date de fin des droits mutuelle"),
        109: ("date de début de validité AMC", "date de fin de validité AMC"),
    }
)
"""The groups that hold for a time, with the names of the fields in which it begins and ends."""


def period(group: Group) -> Period:
    """The time that a group of :data:`PERIODS` holds for. CodeError for fields that are not dates."""
    begin, end = PERIODS[group.id]
    return Period.parse(group[begin], group[end])


@dataclass(frozen=True, slots=True)
class Person:
    """A bénéficiaire: the place on the card from 1, group 104 and the groups after it, up to the next person's."""

    number: int
    head: Group
    body: tuple[Group, ...]

    @property
    def groups(self) -> tuple[Group, ...]:
        """All groups of the person, in the order of the card."""
        return (self.head, *self.body)

    def of(self, identifier: int) -> list[Group]:
        """The groups of that number after the first."""
        return [group for group in self.body if group.id == identifier]


def people(groups: Sequence[Group]) -> list[Person]:
    """The people of a card, in its order. What stands before the first group 104 is nobody's."""
    starts = [index for index, group in enumerate(groups) if group.id == 104]
    return [
        Person(number, groups[start], tuple(groups[start + 1 : end]))
        for number, (start, end) in enumerate(pairwise([*starts, len(groups)]), 1)
    ]


def check_order(groups: Sequence[Group]) -> None:
    """Accept 101, [102], [103] and one to nineteen times (104, 105*, 106*, [107, 108*], [109], [111]); else SsvError.

    Mutuelle (107) and AMC (109) on one beneficiary are reported by ``findings``, not refused: the card exists.
    """
    ids = [group.id for group in groups]
    if not ids or ids[0] != 101:
        raise SsvError("a card begins with group 101", group=ids[0] if ids else None)
    previous = 101
    beneficiaries = 0
    for identifier in ids[1:]:
        if identifier == 104:
            beneficiaries += 1
        elif identifier in (102, 103):
            if not (beneficiaries == 0 and previous < identifier):
                raise SsvError(f"cannot stand after group {previous}", group=identifier)
        elif identifier in _BODY_OF_BENEFICIARY:
            again = identifier == previous and identifier in _ONCE
            if not beneficiaries or identifier < previous or again:
                raise SsvError(f"cannot stand after group {previous}", group=identifier)
            if identifier == 108 and previous not in (107, 108):
                raise SsvError("a period of a mutuelle without group 107", group=108)
        else:
            raise SsvError("is not a group of a carte Vitale, or stands twice", group=identifier)
        previous = identifier
    if not beneficiaries:
        raise SsvError("the card has no beneficiary (group 104)")
    if beneficiaries > BENEFICIARIES:
        raise SsvError(f"{beneficiaries} beneficiaries, the limit is {BENEFICIARIES}", group=104)
