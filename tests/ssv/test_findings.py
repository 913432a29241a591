"""What is reported about the groups of a card, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.ssv.findings import SSV_BOTH_COMPLEMENTARY, Finding, FindingKind, describe, findings, unusual_end
from bifente.ssv.groups import GROUPS, Group
from bifente.ssv.people import check_order

REAL_LIKE = Group.of(
    101, "", "12345678", "203012310000", "", "", "", "A", "1420162965165", "", "01", "751", "0000", "10"
)
NIR_KEY = f"{97 - 1420162965165 % 97:02d}"
ASSURED = REAL_LIKE.replace("clé NIR", NIR_KEY)
PERSON = Group.of(104, "DURAND", "", "ALIX", **{"date de naissance": "194201010000", "qualité": "0"})
RIGHTS = Group.of(105, "200501010000", "")
COVERAGE = Group.of(106, "", "", "0", "0100")
CARD = [ASSURED, PERSON, RIGHTS, COVERAGE]


def with_(index: int, field: str, text: str) -> list[Group]:
    return [group.replace(field, text) if at == index else group for at, group in enumerate(CARD)]


def test_an_ordinary_card_has_nothing_odd() -> None:
    assert findings(CARD) == []


@pytest.mark.parametrize(
    ("index", "field", "text", "kind"),
    [
        (0, "clé NIR", "98", FindingKind.NIR_KEY),
        (0, "clé NIR", "", FindingKind.NIR_KEY),
        (0, "NIR", "", FindingKind.NIR_SHAPE),
        (0, "date de fin de validité de la carte", "203013010000", FindingKind.DATE),
        (0, "date de fin de validité de la carte", "2030-12-3100", FindingKind.NO_DATE),
        (0, "type de carte Vitale", "T", FindingKind.TEST_CARD),
        (0, "caisse gestionnaire", "349", FindingKind.TEST_CARD),
        (0, "caisse gestionnaire", "999", FindingKind.TEST_CARD),
        (0, "centre gestionnaire", "0349", FindingKind.TEST_CARD),
        (0, "code régime", "55", FindingKind.CODE),
        (0, "caisse gestionnaire", "75", FindingKind.SIZE),
        (1, "nom usuel", "A\x1b[31m", FindingKind.CONTROL),
        (1, "prénom", "A\nB", FindingKind.CONTROL),
        (1, "adresse ligne 2", "\x9b1m", FindingKind.CONTROL),
        (1, "qualité", "7", FindingKind.CODE),
        (1, "date de naissance", "194219010000", FindingKind.DATE),
        (1, "date de naissance", "194201000000", FindingKind.DATE),
        (2, "date de fin des droits AMO", "200401010000", FindingKind.PERIOD),
        (3, "code ALD", "9", FindingKind.CODE),
    ],
)
def test_one_oddity_is_one_finding_at_its_place(index: int, field: str, text: str, kind: FindingKind) -> None:
    found = findings(with_(index, field, text))
    assert [finding.kind for finding in found] == [kind]
    assert (found[0].index, found[0].group) == (index, CARD[index].id)
    if kind is not FindingKind.PERIOD:
        assert found[0].field == CARD[index].number(field)


def test_the_caisse_999_is_a_test_of_the_regime_01_only() -> None:
    other = [ASSURED.replace("code régime", "02").replace("caisse gestionnaire", "999"), *CARD[1:]]
    assert findings(other) == []


def test_a_certified_nir_is_checked_and_an_absent_one_is_not() -> None:
    certified = PERSON.replace("NIR certifié", "1420162965165").replace("clé NIR certifié", NIR_KEY)
    absent = PERSON.replace("clé NIR certifié", "00").replace("date de certification du NIR", "000000000000")
    wrong = certified.replace("clé NIR certifié", "01" if NIR_KEY != "01" else "02")
    assert findings([ASSURED, certified, RIGHTS]) == []
    assert findings([ASSURED, absent, RIGHTS]) == []
    found = findings([ASSURED, wrong, RIGHTS])
    assert [(finding.kind, finding.index, finding.field) for finding in found] == [
        (FindingKind.CERTIFIED_NIR_KEY, 1, 10)
    ]
    assert NIR_KEY in found[0].message
    assert "1420162965165" not in found[0].message


def test_a_fictitious_nir_is_said() -> None:
    number = "1421962965165"
    card = [ASSURED.replace("NIR", number).replace("clé NIR", "96"), *CARD[1:]]
    assert [finding.kind for finding in findings(card)] == [FindingKind.FICTITIOUS_NIR]


def test_mutuelle_and_amc_of_one_beneficiary() -> None:
    mutuelle, amc = Group.of(107, "99999997"), Group.of(109, "31800000")
    found = findings([*CARD, mutuelle, amc])
    assert [(finding.kind, finding.ssv_code, finding.index) for finding in found] == [
        (FindingKind.BOTH_COMPLEMENTARY, SSV_BOTH_COMPLEMENTARY, 1)
    ]
    check_order([*CARD, mutuelle, amc])
    assert findings([*CARD, mutuelle, PERSON, RIGHTS, amc]) == []


@pytest.mark.parametrize(("group", "limit"), [(RIGHTS, 3), (COVERAGE, 7)])
def test_more_periods_than_usual(group: Group, limit: int) -> None:
    head = [ASSURED, PERSON]
    assert findings([*head, *[group] * limit]) == []
    found = findings([*head, *[group] * (limit + 1)])
    assert [(finding.kind, finding.group) for finding in found] == [(FindingKind.TOO_MANY, group.id)]


@given(st.lists(st.sampled_from(list(GROUPS)), max_size=8), st.data())
def test_nothing_that_decodes_makes_it_fail(ids: list[int], data: st.DataObject) -> None:
    groups = []
    for identifier in ids:
        count = len(GROUPS[identifier].fields)
        fields = data.draw(st.lists(st.binary(max_size=14), min_size=count, max_size=count))
        groups.append(Group(identifier, tuple(fields)))
    found = findings(groups)
    assert all(isinstance(finding, Finding) and finding.message for finding in found)
    for group in groups:
        assert len(describe(group)) == len(group.fields)


def test_fields_are_explained_in_words() -> None:
    lines = {description.name: (text, words) for _, description, text, words in describe(ASSURED)}
    assert lines["code régime"] == ("01", "Régime général")
    assert lines["date de fin de validité de la carte"] == ("203012310000", "31/12/2030")
    assert lines["type d'identification du porteur"] == ("A", "Assuré")
    situation = Group.of(2, "\x01", "00")
    assert describe(situation)[0][2] == "01"
    assert describe(situation)[1][3] == "Libéral, exploitant, commerçant"


MUTUELLE = Group.of(107, "88888888", "OOOOOOOO", "00")


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ([PERSON, RIGHTS, COVERAGE], None),
        ([PERSON, COVERAGE], None),
        ([PERSON], "neither rights (105) nor coverage (106)"),
        ([PERSON, RIGHTS, COVERAGE, PERSON], "neither rights (105) nor coverage (106)"),
        ([PERSON, RIGHTS], "has no coverage (106)"),
        (
            [PERSON, RIGHTS, COVERAGE.replace("date de fin de couverture", "200901010000")],
            "ends before the rights (105)",
        ),
        ([PERSON, RIGHTS, COVERAGE, MUTUELLE], "a mutuelle (107) without its period (108)"),
        ([PERSON, COVERAGE, MUTUELLE, Group.of(108), PERSON, COVERAGE], "alone has neither mutuelle"),
        ([PERSON, COVERAGE, COVERAGE, PERSON, COVERAGE], "fewer groups 106 than each of the others"),
    ],
)
def test_what_is_unusual_about_the_end_of_a_card(people: list[Group], said: str | None) -> None:
    found = unusual_end([ASSURED, *people])
    assert found is None if said is None else found is not None and said in found


def test_a_beneficiary_without_any_period_is_noticed_wherever_it_stands() -> None:
    found = findings([ASSURED, PERSON, PERSON, RIGHTS, COVERAGE])
    assert [(one.kind, one.index, one.group) for one in found] == [(FindingKind.NO_PERIOD, 1, 104)]


def test_letters_of_windows_1252_are_named() -> None:
    """A content that holds œ or ’ holds a byte that Latin-1 has not: it stays as it is, and the letter is named."""
    (found,) = findings(with_(1, "nom usuel", "C\x9cUR D\x92OR"))
    assert found.kind is FindingKind.CONTROL
    assert found.message.endswith("control characters in a text (9C is œ, 92 is ’ in Windows-1252)")
