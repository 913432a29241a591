"""The emergency and the medical volet: round trip, capacity, cuts, garbage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.layouts.codec import PaddedCodec
from bifente.layouts.codecs import volets
from bifente.layouts.errors import LayoutError

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=10)
PHONES = st.from_regex(r"\+?[0-9]{1,12}", fullmatch=True)
DATES = st.text("0123456789", min_size=8, max_size=8)
EMERGENCIES = st.fixed_dictionaries(
    {
        "personnes_a_prevenir": st.lists(
            st.fixed_dictionaries(
                {"nom": TEXT, "telephone": PHONES}, optional={"prenom": TEXT, "lien": TEXT}
            ),
            max_size=2,
        )
    },
    optional={
        "medecin_traitant": st.fixed_dictionaries(
            {"nom": TEXT}, optional={"identifiant": TEXT, "telephone": PHONES}
        ),
        "mise_a_jour": DATES,
    },
)
MEDICALS = st.fixed_dictionaries(
    {
        "allergies": st.lists(
            st.fixed_dictionaries({"substance": TEXT}, optional={"reaction": TEXT, "constatee": DATES}),
            max_size=3,
        ),
        "traitements": st.lists(
            st.fixed_dictionaries(
                {"medicament": TEXT},
                optional={"posologie": TEXT, "motif": TEXT, "debut": DATES, "fin": DATES},
            ),
            max_size=3,
        ),
    },
    optional={"mise_a_jour": DATES},
)
CASES = [(volets.EMERGENCY, EMERGENCIES, 512), (volets.MEDICAL, MEDICALS, 2048)]
IDS = ["emergency", "medical"]

EMERGENCY = {
    "personnes_a_prevenir": [
        {"nom": "LEGRAND", "prenom": "Zoé", "telephone": "+33 1 99 00 12 34", "lien": "épouse"}
    ],
    "medecin_traitant": {"nom": "Dr FICTIF", "identifiant": "899700000013", "telephone": "01.99.00.56.78"},
    "mise_a_jour": "20240131",
}


@pytest.mark.parametrize(("codec", "values", "size"), CASES, ids=IDS)
@given(data=st.data())
def test_a_volet_comes_back(
    codec: PaddedCodec, values: st.SearchStrategy, size: int, data: st.DataObject
) -> None:
    value = data.draw(values)
    encoded = codec.encode(value)
    assert len(encoded) == size
    assert codec.decode(encoded) == value


@pytest.mark.parametrize(("codec", "values", "size"), CASES, ids=IDS)
@given(data=st.data())
def test_a_volet_cut_at_each_byte(
    codec: PaddedCodec, values: st.SearchStrategy, size: int, data: st.DataObject
) -> None:
    value = data.draw(values)
    encoded = codec.encode(value)
    content = len(codec.inner.encode(value))
    for kept in range(1, content):
        with pytest.raises(LayoutError):
            codec.decode(encoded[:kept])
    assert codec.decode(encoded[:content]) == value


@pytest.mark.parametrize(("codec", "values", "size"), CASES, ids=IDS)
@given(garbage=st.binary(min_size=1, max_size=80))
def test_garbage_is_no_volet(
    codec: PaddedCodec, values: st.SearchStrategy, size: int, garbage: bytes
) -> None:
    try:
        value = codec.decode(garbage)
    except LayoutError:
        return
    assert codec.decode(codec.encode(value)) == value


@pytest.mark.parametrize(("codec", "values", "size"), CASES, ids=IDS)
def test_an_empty_volet(codec: PaddedCodec, values: st.SearchStrategy, size: int) -> None:
    assert codec.decode(bytes(size)) is None
    assert codec.encode(None) == bytes(size)


def test_an_ordinary_emergency_volet_fits() -> None:
    encoded = volets.EMERGENCY.encode(EMERGENCY)
    assert volets.EMERGENCY.decode(encoded) == EMERGENCY
    assert "épouse".encode() in encoded
    assert encoded.endswith(bytes(300))


def test_changing_one_volet_value_changes_its_bytes_only_from_there() -> None:
    changed = {**EMERGENCY, "mise_a_jour": "20240201"}
    before, after = volets.EMERGENCY.encode(EMERGENCY), volets.EMERGENCY.encode(changed)
    assert sum(one != two for one, two in zip(before, after, strict=True)) == 2


def test_the_capacity_is_said() -> None:
    one = {"substance": "pénicilline", "reaction": "œdème de Quincke"}
    volets.MEDICAL.encode({"allergies": [one] * 50, "traitements": []})
    with pytest.raises(LayoutError, match="2048"):
        volets.MEDICAL.encode({"allergies": [one] * 80, "traitements": []})


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        (volets.EMERGENCY, {"personnes_a_prevenir": [{"nom": "X"}]}),
        (volets.EMERGENCY, {"personnes_a_prevenir": [{"nom": "", "telephone": "1"}]}),
        (volets.EMERGENCY, {"personnes_a_prevenir": [{"nom": "X", "telephone": "appelez"}]}),
        (volets.EMERGENCY, {"personne": []}),
        (volets.EMERGENCY, {"mise_a_jour": "hier"}),
        (volets.MEDICAL, {"allergies": "pénicilline"}),
        (volets.MEDICAL, {"allergies": [{"reaction": "urticaire"}]}),
        (volets.MEDICAL, {"traitements": [{"medicament": "X", "debut": 20240101}]}),
    ],
)
def test_what_is_no_volet_is_refused_without_repeating_it(codec: PaddedCodec, value: dict) -> None:
    with pytest.raises(LayoutError) as refused:
        codec.encode(value)
    assert "urticaire" not in str(refused.value)


def test_lists_may_be_left_out() -> None:
    assert volets.MEDICAL.decode(volets.MEDICAL.encode({"mise_a_jour": "20240131"})) == {
        "allergies": [],
        "traitements": [],
        "mise_a_jour": "20240131",
    }
