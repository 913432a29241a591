"""The business data of a professional's card, and the SSV groups 1 and 2 that come from it."""

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from bifente.codes.holder import CardHolder
from bifente.codes.rpps import Rpps
from bifente.layouts import businessdata, ssv
from bifente.layouts.businessdata import (
    billing_groups,
    billing_values,
    holder_group,
    holder_of,
    holder_values,
)
from bifente.layouts.codec import Codec
from bifente.layouts.errors import LayoutError
from bifente.layouts.ssv import Group

DOCTOR = CardHolder(
    card_type=0,
    category=0x80,
    national_id="8" + Rpps.with_key("9970000001").number,
    family_name="ÉTOURNEAU",
    given_name="Maëlle",
    civility=22,
    profession=10,
    future_profession=None,
    responsibility=0,
    speciality="SM26",
    structure_id=None,
    structure_name=None,
    department="Paris (75)",
    card_number="2900000001",
)
EMPLOYEE = CardHolder(
    card_type=2,
    category=0x80,
    national_id="1990000006/CPET0001",
    family_name="HERBIN",
    given_name="Tao",
    civility=31,
    profession=None,
    future_profession=None,
    responsibility=2,
    speciality=None,
    structure_id="1990000006",
    structure_name="HÔPITAL IMAGINAIRE",
    department=None,
    card_number="2900000002",
)
ACTIVITY = {
    "numero_logique": 1,
    "mode_exercice": "00",
    "structure": "499700000001101",
    "raison_sociale": "CABINET ÉTOURNEAU",
    "debut": "20200101",
    "secteur": "SA07",
}
SITUATION = {
    "numero_logique": 1,
    "mode_exercice": "00",
    "statut_exercice": "10",
    "secteur_activite": "31",
    "type_structure": "0",
    "structure": "99100001",
    "cle_structure": "9",
    "raison_sociale": "CABINET ÉTOURNEAU",
    "numero_facturation": "99100001",
    "cle_facturation": "9",
    "code_conventionnel": "1",
    "specialite": "01",
    "zone_tarifaire": "24",
    "zone_ik": "1",
    "agrement_1": "00",
    "agrement_2": "00",
    "agrement_3": "00",
    "signe_facture": "1",
    "signe_lot": "1",
}
CODECS = {
    "CPS_ID_CARD": businessdata.ID_CARD,
    "CPS_NAME_PS": businessdata.NAME,
    "CPS_LANG_PS": businessdata.LANGUAGES,
    "CPS_INFO_PS": businessdata.INFO,
}
OBJECTS = [
    *((codec, holder_values(DOCTOR, "20240101", "20270131")[name]) for name, codec in CODECS.items()),
    (businessdata.ACTIVITY, ACTIVITY),
    (businessdata.BILLING, [SITUATION, {**SITUATION, "numero_logique": 2}]),
]
IDS = [*CODECS, "CPS_ACTIVITY", "CPS_SIT_FACT"]

TEXT = st.text(st.characters(codec="latin-1"), max_size=20)
CODES = st.integers(0, 99)
OPTIONAL = st.none() | TEXT
HOLDERS = st.builds(
    CardHolder,
    card_type=st.integers(0, 4),
    category=st.sampled_from([0x00, 0x80]),
    national_id=st.from_regex(r"8[0-9]{11}|0[0-9A-Z]{9}|1[0-9]{9}/[A-Z0-9]{4}", fullmatch=True),
    family_name=TEXT,
    given_name=TEXT,
    civility=CODES,
    profession=st.none() | CODES,
    future_profession=st.none() | CODES,
    responsibility=st.integers(0, 2),
    speciality=OPTIONAL,
    structure_id=OPTIONAL,
    structure_name=OPTIONAL,
    department=OPTIONAL,
    card_number=st.text("0123456789", min_size=10, max_size=10),
)


@pytest.mark.parametrize(("codec", "value"), OBJECTS, ids=IDS)
def test_objects_come_back_and_are_der(codec: Codec, value: dict) -> None:
    data = codec.encode(value)
    assert codec.decode(data) == value
    parsed = core.Sequence.load(data, strict=True)
    assert parsed.dump() == data


@pytest.mark.parametrize(("codec", "value"), OBJECTS, ids=IDS)
def test_objects_cut_at_each_byte(codec: Codec, value: dict) -> None:
    data = codec.encode(value)
    for size in range(len(data)):
        with pytest.raises(LayoutError):
            codec.decode(data[:size])
    with pytest.raises(LayoutError):
        codec.decode(data + b"\0")


@pytest.mark.parametrize(("codec", "value"), OBJECTS, ids=IDS)
@given(st.data())
def test_damaged_objects_give_layout_errors(codec: Codec, value: dict, data: st.DataObject) -> None:
    raw = bytearray(codec.encode(value))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = codec.decode(bytes(raw))
    except LayoutError:
        return
    assert codec.decode(codec.encode(decoded)) == decoded


def test_the_two_public_facts_hold() -> None:
    """CPS_INFO_PS ends with the speciality, CPS_ACTIVITY_nn_PS with the sector: public software reads them there."""
    info = holder_values(DOCTOR, "20240101", "20270131")["CPS_INFO_PS"]
    assert businessdata.INFO.encode(info)[-4:] == b"SM26"
    assert businessdata.ACTIVITY.encode(ACTIVITY)[-4:] == b"SA07"


@given(HOLDERS)
def test_a_holder_comes_back_from_the_objects(holder: CardHolder) -> None:
    values = holder_values(holder, "20240101", "20270131")
    read = {name: codec.decode(codec.encode(values[name])) for name, codec in CODECS.items()}
    assert holder_of(read["CPS_ID_CARD"], read["CPS_NAME_PS"], read["CPS_INFO_PS"]) == holder


def test_objects_that_name_no_holder() -> None:
    values = holder_values(DOCTOR, "20240101", "20270131")
    card, name, info = values["CPS_ID_CARD"], values["CPS_NAME_PS"], values["CPS_INFO_PS"]
    for broken in (
        (None, name, info),
        (card, {}, info),
        (card, name, {}),
        ({**card, "type_carte": "XY"}, name, info),
        (card, {**name, "civilite": None}, info),
        (card, name, {**info, "profession": "dix"}),
    ):
        with pytest.raises(LayoutError):
            holder_of(*broken)


def test_group_1_of_a_doctor_and_of_an_employee() -> None:
    group = holder_group(DOCTOR)
    assert [group[number] for number in range(1, 8)] == [
        "0",
        "8",
        "9970000001",
        DOCTOR.national_id[-1],
        "22",
        "ÉTOURNEAU",
        "Maëlle",
    ]
    employee = holder_group(EMPLOYEE)
    assert (employee[1], employee[2], employee[3], employee[4]) == ("2", "1", "990000006/CPET0001", "")
    assert ssv.decode(ssv.encode([group, employee])) == [group, employee]


def test_group_2_carries_all_fields_in_the_order_of_the_interface() -> None:
    data = businessdata.BILLING.encode([SITUATION])
    (group,) = billing_groups(businessdata.BILLING.decode(data))
    assert group.fields[0] == b"\x01"
    assert group["code conventionnel"] == "1"
    assert group["numéro d'identification de facturation du PS"] == "99100001"
    assert group["code zone IK"] == "1"
    assert group["raison sociale structure"] == "CABINET ÉTOURNEAU"
    assert group["numéro d'identification du PS remplaçant"] == ""
    assert group["habilitation à signer un lot"] == "1"
    assert ssv.decode(ssv.encode([group])) == [group]
    assert ssv.findings([holder_group(DOCTOR), group]) == []


@given(
    st.lists(st.lists(st.binary(max_size=6), min_size=20, max_size=20), max_size=3),
    st.binary(min_size=3, max_size=3),
)
def test_any_groups_2_pass_through_the_object(bodies: list[list[bytes]], numbers: bytes) -> None:
    groups = [Group(2, (bytes((numbers[at],)), *body)) for at, body in enumerate(bodies)]
    stored = businessdata.BILLING.encode(billing_values(groups))
    assert billing_groups(businessdata.BILLING.decode(stored)) == groups


def test_what_is_no_situation() -> None:
    for wrong in (
        [{}],
        [{"numero_logique": 256}],
        [{"numero_logique": 1, "x": ""}],
        {"numero_logique": 1},
        None,
    ):
        with pytest.raises(LayoutError):
            billing_groups(wrong)  # type: ignore[arg-type]
    with pytest.raises(LayoutError):
        billing_values([Group.of(1)])
    with pytest.raises(LayoutError):
        billing_values([Group.of(2)])
    with pytest.raises(LayoutError, match="Latin-1"):
        billing_groups([{"numero_logique": 1, "raison_sociale": "€"}])
