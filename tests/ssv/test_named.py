"""The groups of a carte Vitale by name, nested as the rights are."""

from hypothesis import given
from hypothesis import strategies as st

from bifente.ssv.groups import GROUPS, Group
from bifente.ssv.named import named
from bifente.ssv.people import check_order

CARD = [
    Group.of(101, "T", "12345678"),
    Group.of(103, "013499881"),
    Group.of(104, "UN", "", "ALIX"),
    Group.of(105, "202001010000"),
    Group.of(106, "202001010000", "", "1", "0100"),
    Group.of(106, "202101010000"),
    Group.of(107, "88888888"),
    Group.of(108, "202201010000"),
    Group.of(108, "202301010000"),
    Group.of(111, "RUF"),
    Group.of(104, "DEUX", "", "SACHA"),
    Group.of(105, "202401010000"),
    Group.of(109, "99999999"),
]


def test_fields_have_names_and_stand_below_their_beneficiary() -> None:
    value = named(CARD)
    assert value["version"] == 1
    assert value["assure"]["numero_de_serie_de_la_carte"] == "12345678"
    assert value["service_amo_famille"] is None
    assert value["accident_du_travail"]["organisme_gestionnaire_du_risque_at"] == "013499881"
    first, second = value["beneficiaires"]
    assert (first["numero"], first["nom_usuel"], second["numero"], second["prenom"]) == (1, "UN", 2, "SACHA")
    assert [cover["code_ald"] for cover in first["couvertures"]] == ["1", ""]
    assert [period["date_de_debut_des_droits_mutuelle"] for period in first["mutuelle"]["droits"]] == [
        "202201010000",
        "202301010000",
    ]
    assert (first["amc"], first["zone_commune"]["ruf_beneficiaire_complementaire"]) == (None, "RUF")
    assert (second["mutuelle"], second["couvertures"]) == (None, [])
    assert second["amc"]["numero_de_complementaire_b2"] == "99999999"


@given(st.integers(1, 4), st.data())
def test_nothing_is_lost(people: int, data: st.DataObject) -> None:
    texts = st.text(st.characters(max_codepoint=255), max_size=4)
    wanted = [101, *[part for _ in range(people) for part in (104, 105, 106, 107, 108, 108, 109, 111)]]
    card = [Group.of(one, *(data.draw(texts) for _ in GROUPS[one].fields)) for one in wanted]
    check_order(card)
    assert sorted(_groups(named(card))) == sorted((one.id, one.fields) for one in card)


def _groups(value: object) -> list[tuple[int, tuple[bytes, ...]]]:
    """All groups in the value."""
    found = []
    if isinstance(value, dict):
        if "groupe" in value:
            texts = {name: text for name, text in value.items() if isinstance(text, str)}
            assert all(name.isascii() and name.isidentifier() for name in texts)
            assert len(texts) == len(GROUPS[value["groupe"]].fields), "two fields of one name"
            found.append((value["groupe"], tuple(text.encode("latin-1") for text in texts.values())))
        for item in value.values():
            found += _groups(item)
    elif isinstance(value, list):
        for item in value:
            found += _groups(item)
    return found
