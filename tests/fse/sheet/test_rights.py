"""Rights on a day: periods include both ends, open ends are open, and what is wrong is told."""

from datetime import date

import pytest

from bifente.fse.sheet import ProblemKind, UnknownBeneficiary
from bifente.fse.sheet.rights import beneficiaries, rights_at
from bifente.ssv import wire
from bifente.ssv.groups import Group


def card(*tail: Group, end: str = "") -> list[Group]:
    head = Group.of(
        101, "T", "19999991", end, "", "", "", "A", "2800199999999", "17", "01", "349", "9881", "10"
    )
    return [head, Group.of(104, "TESSIER", "", "CLAIRE"), *tail]


OPEN = (Group.of(105, "202501010000", ""), Group.of(106, "", "", "0", "0100"))


def kinds(groups, day, number=1):
    return [problem.kind for problem in rights_at(groups, number, day)[1]]


@pytest.mark.parametrize(
    ("begin", "end", "day", "covered"),
    [
        ("202501010000", "202512310000", date(2025, 1, 1), True),
        ("202501010000", "202512310000", date(2025, 12, 31), True),
        ("202501010000", "202512310000", date(2024, 12, 31), False),
        ("202501010000", "202512310000", date(2026, 1, 1), False),
        ("202501010000", "", date(2999, 1, 1), True),
        ("202501010000", "000000000000", date(2999, 1, 1), True),
        ("", "202512310000", date(1970, 1, 1), True),
    ],
)
def test_periods(begin, end, day, covered):
    rights, problems = rights_at(
        card(Group.of(105, begin, end), Group.of(106, begin, end, "2", "0100")), 1, day
    )
    assert (rights.amo is not None) is covered
    assert (rights.coverage is not None) is covered
    expected = [] if covered else [ProblemKind.RIGHTS_CLOSED, ProblemKind.NO_COVERAGE]
    assert [problem.kind for problem in problems] == expected


def test_the_period_of_the_day_is_chosen_among_several():
    groups = card(
        Group.of(105, "202001010000", "202012310000"),
        Group.of(105, "202401010000", "202412310000"),
        Group.of(106, "202001010000", "202406300000", "0", "0100"),
        Group.of(106, "202407010000", "202412310000", "1", "0104"),
    )
    rights, problems = rights_at(groups, 1, date(2024, 8, 1))
    assert (rights.amo.begin.text, rights.coverage.situation, problems) == ("20240101", "0104", ())


@pytest.mark.parametrize(("end", "expired"), [("", False), ("202603010000", True), ("202603020000", False)])
def test_an_expired_card_is_told(end, expired):
    found = kinds(card(*OPEN, end=end), date(2026, 3, 2))
    assert found == ([ProblemKind.CARD_EXPIRED] if expired else [])


def test_a_card_without_rights():
    problems = rights_at(card(Group.of(106, "", "", "0", "0100")), 1, date(2026, 1, 1))[1]
    assert [problem.kind for problem in problems] == [ProblemKind.RIGHTS_CLOSED]
    assert "none on the card" in problems[0].message


@pytest.mark.parametrize(
    "text", ["2025", "2025010100AA", "²02501010000", "2025010100000", "202513010000", "202502300000"]
)
@pytest.mark.parametrize("end", [False, True])
def test_a_date_that_is_none_is_told_and_opens_nothing(text, end):
    fields = (b"", text.encode("latin-1"))
    groups = card(Group(105, fields if end else fields[::-1]), OPEN[1])
    assert kinds(groups, date(2026, 1, 1)) == [ProblemKind.UNREADABLE_DATE, ProblemKind.RIGHTS_CLOSED]


def test_mutuelle_beside_amc_is_told():
    groups = card(*OPEN, Group.of(107, "99999997"), Group.of(109, "99999997"))
    assert kinds(groups, date(2026, 1, 1)) == [ProblemKind.MUTUELLE_AND_AMC]


def test_a_birth_date_out_of_the_calendar_is_a_birth_date():
    groups = card(*OPEN)
    groups[1] = groups[1].replace("date de naissance", "194219010000")
    assert beneficiaries(groups)[0].birth_date == "19421901"


@pytest.mark.parametrize("number", [0, 2, -1])
def test_unknown_beneficiaries(number):
    with pytest.raises(UnknownBeneficiary, match="the card has 1"):
        rights_at(card(*OPEN), number, date(2026, 1, 1))


def test_every_official_card_is_understood(virtual_cards):
    """Rights in 2006 are open for most of them; none fails."""
    clean = 0
    for path in virtual_cards:
        groups = wire.decode_card(path.read_bytes())
        for person in beneficiaries(groups):
            _, problems = rights_at(groups, person.number, date(2006, 6, 1))
            assert ProblemKind.UNREADABLE_DATE not in {problem.kind for problem in problems}
            clean += not problems
    assert clean > 100
