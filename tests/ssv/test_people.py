"""The people of a card and the periods of their groups."""

from datetime import date

import pytest
from anygroups import any_card
from hypothesis import given

from bifente.codes.errors import CodeError
from bifente.ssv.groups import GROUPS, FieldKind, Group
from bifente.ssv.people import PERIODS, people, period

ASSURED = Group.of(101, "T")
ALIX, SACHA = Group.of(104, "UN", "", "ALIX"), Group.of(104, "DEUX", "", "SACHA")
RIGHTS, COVERAGE = Group.of(105, "200501010000"), Group.of(106, "200501010000", "200512310000")


def test_each_person_has_the_groups_up_to_the_next() -> None:
    first, second = people([ASSURED, ALIX, RIGHTS, COVERAGE, COVERAGE, SACHA])
    assert (first.number, first.head, first.body) == (1, ALIX, (RIGHTS, COVERAGE, COVERAGE))
    assert (first.of(106), first.of(104), first.of(111)) == ([COVERAGE, COVERAGE], [], [])
    assert (second.number, second.groups) == (2, (SACHA,))


def test_what_stands_before_the_first_person_is_nobodys() -> None:
    assert people([]) == people([ASSURED, RIGHTS]) == []
    (person,) = people([RIGHTS, ALIX])
    assert person.groups == (ALIX,)


@given(any_card())
def test_a_card_is_its_head_and_its_people(card: list[Group]) -> None:
    persons = people(card)
    head = [group for group in card if group.id < 104]
    assert head + [group for person in persons for group in person.groups] == card
    assert [person.number for person in persons] == list(range(1, len(persons) + 1))


def test_periods_are_of_date_fields() -> None:
    for identifier, names in PERIODS.items():
        kinds = {field.name: field.kind for field in GROUPS[identifier].fields}
        assert [kinds[name] for name in names] == [FieldKind.DATE, FieldKind.DATE]
        assert ["début" in names[0], "fin" in names[1]] == [True, True]


def test_the_period_of_a_group() -> None:
    assert period(COVERAGE).contains(date(2005, 12, 31))
    assert not period(COVERAGE).contains(date(2006, 1, 1))
    assert period(RIGHTS).contains(date(2099, 1, 1))
    with pytest.raises(CodeError):
        period(Group.of(105, "2005"))
    with pytest.raises(KeyError):
        period(ASSURED)
