"""The complementary insurer that a carte Vitale names: a mutuelle (SSV group 107) or an AMC (109)."""

from collections.abc import Sequence
from datetime import date

from bifente.codes.errors import CodeError
from bifente.fse.errors import InvalidSheet
from bifente.fse.sheet.acts import Complementary, ComplementarySource
from bifente.ssv.groups import Group
from bifente.ssv.people import people, period

_AMC, _MUTUELLE, _RIGHTS_OF_MUTUELLE = 109, 107, 108


def complementary_of(groups: Sequence[Group], beneficiary: int, day: date) -> Complementary | None:
    """The complementary insurer of *beneficiary* (from 1, in card order) in force on *day*; None when there is none."""
    persons = people(groups)
    if not 1 <= beneficiary <= len(persons):
        return None
    person = persons[beneficiary - 1]
    for amc in person.of(_AMC):
        if _in_force(amc, day):
            return Complementary(
                number=amc["numéro de complémentaire B2"],
                member=amc["numéro d'adhérent AMC"],
                routing=amc["code de routage du flux AMC"],
                host=amc["identifiant d'hôte"],
                domain=amc["nom de domaine AMC"],
                source=ComplementarySource.VITALE,
            )
    if any(_in_force(rights, day) for rights in person.of(_RIGHTS_OF_MUTUELLE)):
        for mutuelle in person.of(_MUTUELLE):
            return Complementary(
                number=mutuelle["identification mutuelle"], source=ComplementarySource.VITALE
            )
    return None


def check_complementary(named: Complementary, groups: Sequence[Group], beneficiary: int, day: date) -> None:
    """Raise InvalidSheet unless *named* is the insurer of the card; the type of contract is the professional's."""
    found = complementary_of(groups, beneficiary, day)
    fields = ("number", "member", "routing", "host", "domain")
    if found is None or any(getattr(found, one) != getattr(named, one) for one in fields):
        said = "none" if found is None else found.number
        raise InvalidSheet(f"the complementary insurer of the card is {said}, not {named.number}")


def _in_force(group: Group, day: date) -> bool:
    """Whether the period of *group* holds on *day*; one that is not a period never does."""
    try:
        return period(group).contains(day)
    except CodeError:
        return False
