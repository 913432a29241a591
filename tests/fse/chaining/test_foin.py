"""The chaining number: what is published of its shape, and that each of the two parties knows too little."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.fse.chaining import ChainingError, ChainingIdentity, chained, first_pass, second_pass

FIRST, SECOND = bytes(range(32)), bytes(range(32, 64))
MOTHER = ChainingIdentity("2801599999111", "198015", "2")

nirs = st.builds(
    "{}{:02}{:02}99{:06}".format,
    st.sampled_from("12"),
    st.integers(0, 99),
    st.integers(13, 19),
    st.integers(0, 999_999),
)
people = st.builds(
    ChainingIdentity,
    nirs,
    st.builds("{}{:02}".format, st.integers(1900, 2026), st.integers(1, 12)),
    st.sampled_from("12"),
)


@given(people)
def test_seventeen_characters_that_do_not_change(person: ChainingIdentity) -> None:
    number = chained(person, FIRST, SECOND)
    assert re.fullmatch("[A-Z2-7]{17}", number)
    assert number == second_pass(first_pass(person, FIRST), SECOND)


@given(people, people)
def test_two_people_meet_only_when_they_cannot_be_told_apart(
    one: ChainingIdentity, other: ChainingIdentity
) -> None:
    assert (chained(one, FIRST, SECOND) == chained(other, FIRST, SECOND)) == (one == other)


def test_twins_of_one_sex_collide_and_others_do_not() -> None:
    """Two girls under their father's NIR, born in one month; their brother of the same birth."""
    father = "1801599999222"
    girl, sister = (ChainingIdentity(father, "201502", "2") for _ in range(2))
    brother = ChainingIdentity(father, "201502", "1")
    assert chained(girl, FIRST, SECOND) == chained(sister, FIRST, SECOND)
    assert chained(girl, FIRST, SECOND) != chained(brother, FIRST, SECOND)


def test_a_child_that_gets_a_nir_of_its_own_changes_its_number() -> None:
    before = ChainingIdentity("1801599999222", "201502", "2")
    after = ChainingIdentity("2151599999333", "201502", "2")
    assert chained(before, FIRST, SECOND) != chained(after, FIRST, SECOND)


def test_either_key_alone_gives_another_number() -> None:
    number = chained(MOTHER, FIRST, SECOND)
    assert chained(MOTHER, SECOND, FIRST) != number
    assert chained(MOTHER, FIRST, FIRST) != number
    assert chained(MOTHER, SECOND, SECOND) != number


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("2801599999111;198015", "three parts"),
        ("2801599999;198015;2", "13 characters"),
        ("280159999911100;198015;2", "key"),
        ("2801599999111;1980;2", "AAAAMM"),
        ("2801599999111;198015;F", "sex"),
        ("", "three parts"),
    ],
)
def test_what_is_not_a_person_is_refused_without_showing_it(line: str, named: str) -> None:
    with pytest.raises(ChainingError, match=named) as refused:
        ChainingIdentity.parse(line)
    assert "2801599999" not in str(refused.value)


def test_a_line_may_have_the_key_of_the_nir() -> None:
    from bifente.codes.nir import Nir

    with_key = str(Nir.with_key("2801599999111"))
    assert ChainingIdentity.parse(f"{with_key};198015;2") == MOTHER


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ChainingError, match="32 bytes"):
        first_pass(MOTHER, bytes(size))


@pytest.mark.parametrize("hidden", ["", "A" * 51, "A" * 53, "a" * 52, "1" * 52])
def test_the_second_pass_takes_what_the_first_gives_and_nothing_else(hidden: str) -> None:
    with pytest.raises(ChainingError, match="first pass"):
        second_pass(hidden, SECOND)
