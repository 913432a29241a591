"""What a search finds, and what it cannot be made to do."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.igc.annuaire import Annuaire, AnnuaireQuery, EntryKind, NotListed
from bifente.igc.annuaire.store.questions import looks_like_identifier


def names(annuaire: Annuaire, **asked: object) -> list[str]:
    return [entry.name for entry in annuaire.search(AnnuaireQuery(**asked)).entries]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"text": "fic"}, ["FICTIF-ÉPINETTE Maëlle"]),
        ({"text": "EPINETTE"}, ["FICTIF-ÉPINETTE Maëlle"]),
        ({"text": "épinette maelle"}, ["FICTIF-ÉPINETTE Maëlle"]),
        ({"text": "mae fic"}, ["FICTIF-ÉPINETTE Maëlle"]),
        ({"text": "mar"}, ["MARTINET-CŒUR Jean-Noël", "D'ALMÉIDA Martine"]),
        ({"text": "coeur"}, ["MARTINET-CŒUR Jean-Noël"]),
        ({"text": "cœur"}, ["MARTINET-CŒUR Jean-Noël"]),
        ({"text": "almeida"}, ["D'ALMÉIDA Martine"]),
        ({"family_name": "mar"}, ["MARTINET-CŒUR Jean-Noël"]),
        ({"given_name": "mar"}, ["D'ALMÉIDA Martine"]),
        ({"text": "899700000103"}, ["D'ALMÉIDA Martine"]),
        ({"text": "997 0000 0103"}, ["D'ALMÉIDA Martine"]),
        ({"identifier": "99700000102"}, ["MARTINET-CŒUR Jean-Noël"]),
        ({"identifier": "99700000102", "family_name": "fic"}, []),
        ({"departement": "54"}, ["D'ALMÉIDA Martine"]),
        ({"text": "mar", "departement": "88"}, ["MARTINET-CŒUR Jean-Noël"]),
        ({"commune": "epin", "profession": "60"}, ["MARTINET-CŒUR Jean-Noël"]),
        ({"skill": "SM26"}, ["FICTIF-ÉPINETTE Maëlle"]),
        ({"departement": "88", "skill": "SM54"}, ["FICTIF-ÉPINETTE Maëlle"]),
        ({"text": "mart", "profession": "21"}, []),
        ({"text": "zzz"}, []),
        ({}, []),
        ({"kind": EntryKind.STRUCTURE, "text": "mirab"}, ["CLINIQUE FICTIVE DES MIRABELLES"]),
        ({"kind": EntryKind.STRUCTURE, "text": "540999999"}, ["CLINIQUE FICTIVE DES MIRABELLES"]),
        ({"kind": EntryKind.STRUCTURE, "text": "1540999999"}, ["CLINIQUE FICTIVE DES MIRABELLES"]),
        ({"kind": EntryKind.STRUCTURE, "mail": "CONTACT@mira"}, ["CLINIQUE FICTIVE DES MIRABELLES"]),
        ({"kind": EntryKind.STRUCTURE, "departement": "88"}, ["CABINET FICTIF DES SAPINS"]),
        ({"kind": EntryKind.SERVER, "text": "mirab"}, []),
    ],
)
def test_an_entry_is_found_by_what_is_known_of_it(
    filled: Annuaire, asked: dict[str, object], found: list[str]
) -> None:
    assert names(filled, **asked) == found


@pytest.mark.parametrize(
    "typed",
    [
        '" OR 1=1 --',
        "mar*)",
        "NEAR(a b)",
        "family:x",
        "'",
        '"',
        "%",
        "*",
        "^mar",
        "\0",
        "a" * 5000,
        "- " * 500,
    ],
)
def test_a_hostile_filter_is_no_more_than_words(filled: Annuaire, typed: str) -> None:
    everything = len(names(filled, departement="88")) + len(names(filled, departement="54"))
    for field in (
        "text",
        "family_name",
        "commune",
        "card",
        "mail",
        "serial",
        "identifier",
        "profession",
        "skill",
    ):
        assert len(names(filled, **{field: typed})) < everything
    assert filled.counts().professionals == 3


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Annuaire]:
    with Annuaire.make(tmp_path_factory.mktemp("empty") / "annuaire.db") as made:
        yield made


@given(
    typed=st.text(max_size=60),
    kind=st.sampled_from(list(EntryKind)),
    field=st.sampled_from(["text", "text", "commune", "mail", "identifier", "serial", "profession"]),
)
def test_whatever_is_typed_is_answered(empty: Annuaire, typed: str, kind: EntryKind, field: str) -> None:
    assert empty.search(AnnuaireQuery(kind, **{field: typed})).total == 0  # type: ignore[arg-type]


def test_pages_follow_one_another_in_the_order_of_names(filled: Annuaire) -> None:
    query = AnnuaireQuery(commune="epinal")
    first, second, third = (filled.search(query, page=page, size=1) for page in (1, 2, 3))
    assert (first.total, second.total, third.total, first.more) == (2, 2, 2, False)
    assert first.entries[0].name < second.entries[0].name
    assert third.entries == ()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("899700000013", True),
        ("99 700 000 013", True),
        ("00B6077602", True),
        ("10B0057881", True),
        ("30B0057881/CPET0002", True),
        ("MARTIN", False),
        ("rue 3", False),
        ("pharmacie 123 soleil", False),
        ("12", False),
    ],
)
def test_a_number_is_told_from_a_name(typed: str, expected: bool) -> None:
    assert looks_like_identifier(typed) is expected


def test_who_is_hidden_is_found_by_nothing_until_listed_again(filled: Annuaire) -> None:
    assert filled.hide("899700000103")
    for asked in ({"text": "almeida"}, {"departement": "54"}, {"identifier": "899700000103"}):
        assert names(filled, **asked) == []
    assert filled.people_at("R10100000000103") == []
    with pytest.raises(NotListed):
        filled.professional("899700000103")
    assert filled.show("899700000103")
    assert names(filled, text="almeida") == ["D'ALMÉIDA Martine"]
    assert not filled.show("899700000103")
