"""The business data of a professional's card: the bytes that the State's screen tool was seen to print, and limits."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.codes.holder import CardHolder
from bifente.codes.rpps import Rpps
from bifente.layouts.codec import Codec
from bifente.layouts.codecs import businessdata, businesstexts, professional
from bifente.layouts.codecs.businessdata import ACTIVITY, BILLING, ID_CARD, INFO, NAME, form_of, holder_values
from bifente.layouts.errors import LayoutError
from bifente.ssv.findings import findings

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
    department=None,
    card_number="2900000001",
)

# Printed rightly by the screen tool of Cryptolib CPS 5.2.2 (ansforge/dops-cryptolib) from the bytes of a card of ours.
PRINTED: dict[str, tuple[Codec, str, object]] = {
    "CPS_ID_CARD": (
        ID_CARD,
        "E31E80068025000001FF81052900990011820180830420240115840420290114",
        {
            "emetteur": "8025000001",
            "numero": "2900990011",
            "categorie": "80",
            "emission": "20240115",
            "fin_validite": "20290114",
        },
    ),
    "CPS_NAME_PS": (
        NAME,
        (
            "E436800116810D4649435449462D4C45524F555882074D41524954414C"
            "831043414D494C4C45FF414E4452C945FFFF840743414D494C4C45"
        ),
        {
            "civilite": "22",
            "nom_patronymique": "FICTIF-LEROUX",
            "nom_marital": "MARITAL",
            "prenoms": ["CAMILLE", "ANDRÉE", ""],
            "prenom_usuel": "CAMILLE",
        },
    ),
    "CPS_INFO_PS": (
        INFO,
        "ED2C800200A1810C38393937303030303030313382010A840F4C45524F55582D45584552434943458504534D3236",
        {
            "carte": {"type": "00", "modele": "ONONNNNO"},
            "id_nat_ps": "899700000013",
            "profession": "10",
            "nom_exercice": "LEROUX-EXERCICE",
            "specialite": "SM26",
        },
    ),
    "CPS_ACTIVITY_01_PS": (
        ACTIVITY,
        (
            "EE3D800100810110830101841B434142494E455420464943544946204455204452204C45524F5558"
            "850F343939373030303030303133303031860453413037"
        ),
        {
            "exercice": {"mode": "00"},
            "statut": "10",
            "numero_logique": 1,
            "raison_sociale": "CABINET FICTIF DU DR LEROUX",
            "structure": "499700000013001",
            "secteur": "SA07",
        },
    ),
    "CPS_ACTIVITY_02_PS": (
        ACTIVITY,
        (
            "EE4080010181012482024448830102841F434C494E495155452046494354495645204445532054524F4953204F494553"
            "850A31304230393930303131860453413031"
        ),
        {
            "exercice": {"mode": "01"},
            "statut": "24",
            "tableau_pharmacien": "DH",
            "numero_logique": 2,
            "raison_sociale": "CLINIQUE FICTIVE DES TROIS OIES",
            "structure": "10B0990011",
            "secteur": "SA01",
        },
    ),
    "CPS_SIT_FACT": (
        BILLING,
        (
            "E032A0178001018105991000019F82030112418303000000840111"
            "A0178001028105991000027F82033222028303010203840110"
        ),
        {
            "situations": [
                {
                    "situation": 1,
                    "identifiant": "991000019",
                    "conventionnelles": {"specialite": "01", "convention": "1", "zone": "24", "ik": "1"},
                    "agrements": {"agrement_1": "00", "agrement_2": "00", "agrement_3": "00"},
                    "autorisations": "11",
                },
                {
                    "situation": 2,
                    "identifiant": "991000027",
                    "conventionnelles": {"specialite": "32", "convention": "2", "zone": "20", "ik": "2"},
                    "agrements": {"agrement_1": "01", "agrement_2": "02", "agrement_3": "03"},
                    "autorisations": "10",
                },
            ]
        },
    ),
}
EACH = pytest.mark.parametrize(
    ("codec", "data", "value"),
    [(codec, bytes.fromhex(data), value) for codec, data, value in PRINTED.values()],
    ids=PRINTED,
)


@EACH
def test_the_printed_bytes_both_ways(codec: Codec, data: bytes, value: dict) -> None:
    assert codec.decode(data) == value
    assert codec.encode(value) == data
    assert form_of(codec, data) == 2


def objects(data: bytes) -> list[tuple[int, bytes]]:
    """An independent decoder, as a reader of the State's would be: one-byte tags, lengths of up to three bytes."""
    found = []
    while data and data[0]:
        tag, size, head = data[0], data[1], 2
        if size > 0x80:
            head += size - 0x80
            size = int.from_bytes(data[2:head], "big")
        found.append((tag, data[head : head + size]))
        data = data[head + size :]
    return found


def test_what_an_independent_decoder_reads_of_a_new_holder() -> None:
    values = holder_values(DOCTOR, "20240101", "20270131")
    [(tag, card)] = objects(ID_CARD.encode(values["CPS_ID_CARD"]))
    assert (tag, dict(objects(card))) == (
        0xE3,
        {
            0x80: bytes.fromhex("8025000001FF"),
            0x81: bytes.fromhex("2900000001"),
            0x82: b"\x80",
            0x83: bytes.fromhex("20240101"),
            0x84: bytes.fromhex("20270131"),
        },
    )
    [(tag, name)] = objects(NAME.encode(values["CPS_NAME_PS"]))
    assert (tag, dict(objects(name))) == (
        0xE4,
        {
            0x80: b"\x16",
            0x81: "ÉTOURNEAU".encode("latin-1"),
            0x83: "Maëlle".encode("latin-1") + b"\xff\xff\xff",
            0x84: "Maëlle".encode("latin-1"),
        },
    )
    encoded = INFO.encode(values["CPS_INFO_PS"])
    [(tag, info)] = objects(encoded)
    assert (tag, dict(objects(info))) == (
        0xED,
        {
            0x80: b"\x00",
            0x81: DOCTOR.national_id.encode(),
            0x82: b"\x0a",
            0x84: "ÉTOURNEAU".encode("latin-1"),
            0x85: b"SM26",
        },
    )
    assert encoded[-4:] == b"SM26", "public code takes the last four characters"


@EACH
def test_any_order_of_the_parts_and_zeros_behind_are_read(codec: Codec, data: bytes, value: dict) -> None:
    [(tag, inner)] = objects(data)
    parts = objects(inner)
    if tag != 0xE0:  # the order of situations is theirs
        parts.reverse()
    turned = b"".join(bytes((part, len(content))) + content for part, content in parts)
    assert codec.decode(bytes((tag, len(turned))) + turned + bytes(3)) == value


@EACH
def test_lengths_are_short(codec: Codec, data: bytes, value: dict) -> None:
    """``E3 81 1E`` shows nothing; E4 may have a length of two bytes and E0 one of three."""
    allowed = {0xE4: 2, 0xE0: 3}.get(data[0], 1)
    longer = {2: bytes((data[0], 0x81)) + data[1:], 3: bytes((data[0], 0x82, 0)) + data[1:]}
    for size, raw in longer.items():
        if size <= allowed:
            assert codec.decode(raw) == value
        else:
            with pytest.raises(LayoutError, match=r"a length of at most"):
                codec.decode(raw)


def test_the_length_of_a_situation_is_short() -> None:
    inner = bytes.fromhex(PRINTED["CPS_SIT_FACT"][1])[2:]
    with pytest.raises(LayoutError, match="A0: a length of at most 1"):
        BILLING.decode(bytes((0xE0, 0x1A, 0xA0, 0x81)) + inner[1:25])
    some: dict = PRINTED["CPS_SIT_FACT"][2]["situations"][0]  # type: ignore[index]
    with pytest.raises(LayoutError, match="A0: at most 127 bytes"):
        BILLING.encode({"situations": [{**some, "others": [{"tag": "9F25", "hex": "00" * 120}]}]})


TOO_MUCH: list[tuple[Codec, str, object, str]] = [
    (NAME, "nom_patronymique", "N" * 28, "nom_patronymique: a text of 0 to 27 bytes"),
    (NAME, "nom_marital", "N" * 28, "nom_marital: a text of 0 to 27 bytes"),
    (NAME, "prenom_usuel", "N" * 28, "prenom_usuel: a text of 0 to 27 bytes"),
    (NAME, "prenoms", ["A", "N" * 28], "prenoms: 2: a text of 0 to 27 bytes"),
    (NAME, "prenoms", ["A", "B", "C", "D"], "prenoms: at most 3 texts"),
    (NAME, "prenoms", ["LOUŸ".lower()], "prenoms: 1: 'ÿ' ends a name"),
    (
        NAME,
        "nom_patronymique",
        "KŐSZEGI",
        r"'Ő' \(U\+0150, LATIN CAPITAL LETTER O WITH DOUBLE ACUTE\) is not in",
    ),
    (NAME, "civilite", "100", "civilite: a code of two digits"),
    (INFO, "id_nat_ps", "8" * 32, "id_nat_ps: a text of 0 to 31 bytes"),
    (INFO, "nom_exercice", "N" * 28, "nom_exercice: a text of 0 to 27 bytes"),
    (INFO, "specialite", "SM26SM26SM2", "specialite: a text of 0 to 10 bytes"),
    (INFO, "carte", {"type": "00", "modele": "OX"}, "carte: modele: eight letters O or N"),
    (ACTIVITY, "raison_sociale", "R" * 41, "raison_sociale: a text of 0 to 40 bytes"),
    (ACTIVITY, "structure", "1" * 16, "structure: a text of 0 to 15 bytes"),
    (ACTIVITY, "tableau_pharmacien", "Dhm", "tableau_pharmacien: a text of 0 to 2 bytes"),
    (ACTIVITY, "numero_logique", 256, "numero_logique: a number from 0 to 255"),
    (ACTIVITY, "raison_sociale", "CAFÉ ☕", r"raison_sociale: '☕' \(U\+2615, HOT BEVERAGE\)"),
]


@pytest.mark.parametrize(("codec", "key", "given", "said"), TOO_MUCH)
def test_what_does_not_fit_is_refused_by_its_name(codec: Codec, key: str, given: object, said: str) -> None:
    value = next(value for known, _, value in PRINTED.values() if known is codec)
    with pytest.raises(LayoutError, match=said):
        codec.encode({**value, key: given})  # type: ignore[dict-item]


def test_at_most_eight_situations() -> None:
    some: dict = PRINTED["CPS_SIT_FACT"][2]["situations"][0]  # type: ignore[index]
    assert len(BILLING.encode({"situations": [some] * 8})) == 3 + 8 * 25
    with pytest.raises(LayoutError, match="situations: at most 8 expected, not 9"):
        BILLING.encode({"situations": [some] * 9})
    nine = bytes.fromhex("E081E1") + BILLING.encode({"situations": [some]})[2:] * 9
    with pytest.raises(LayoutError, match="situations: at most 8 expected, not 9"):
        BILLING.decode(nine)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("CŒUR", "COEUR"),
        ("Sœur", "Soeur"),
        ("L’ÉTOILE", "L'ÉTOILE"),
        ("E\u0301TOILE", "ÉTOILE"),
        ("MARIE\u2011ANNE", "MARIE-ANNE"),
        ("FRANC\u0327OIS", "FRANÇOIS"),
    ],
)
def test_letters_that_latin_1_can_say_otherwise(typed: str, kept: str) -> None:
    value = {**PRINTED["CPS_NAME_PS"][2], "nom_patronymique": typed, "prenoms": [typed]}  # type: ignore[dict-item]
    read = NAME.decode(NAME.encode(value))
    assert (read["nom_patronymique"], read["prenoms"]) == (kept, [kept])  # type: ignore[index,call-overload]


def test_blanks_among_packed_digits() -> None:
    """Nibbles above 9 are blanks."""
    situation = bytes.fromhex("E00FA00D") + bytes.fromhex("800101 8203FF1FFF 830300FFFF")
    read = BILLING.decode(situation)
    assert read == {
        "situations": [
            {
                "situation": 1,
                "conventionnelles": {"specialite": "", "convention": "1", "zone": "", "ik": ""},
                "agrements": {"agrement_1": "00", "agrement_2": "", "agrement_3": ""},
            }
        ]
    }
    assert BILLING.encode(read) == situation


# The two forms, and what a terminal makes of them.

TEXT = st.text(st.characters(codec="latin-1", exclude_characters="ÿ"), max_size=20)
CODES = st.integers(0, 99)
HOLDERS = st.builds(
    CardHolder,
    card_type=st.integers(0, 4),
    category=st.sampled_from([0x00, 0x80]),
    national_id=st.from_regex(r"8[0-9]{11}|0[0-9A-Z]{9}|1[0-9]{9}/[A-Z0-9]{4}", fullmatch=True),
    family_name=TEXT.filter(bool),
    given_name=TEXT.filter(bool),
    civility=CODES,
    profession=st.none() | CODES,
    future_profession=st.none(),
    responsibility=st.just(0),
    speciality=st.none() | st.text("SM0123456789", max_size=10),
    structure_id=st.none(),
    structure_name=st.none(),
    department=st.none(),
    card_number=st.text("0123456789", min_size=10, max_size=10),
)


@pytest.mark.parametrize("values", [holder_values, businesstexts.holder_values])
@given(holder=HOLDERS)
def test_a_holder_comes_back_from_the_objects_of_either_form(values, holder: CardHolder) -> None:
    made = values(holder, "20240101", "20270131")
    read = [codec.decode(codec.encode(made[name])) for name, codec in professional.HOLDER.items()]
    assert professional.holder_of(*read) == holder


def test_the_forms_are_not_mistaken() -> None:
    for name, codec in professional.HOLDER.items():
        for form, values in ((1, businesstexts.holder_values), (2, holder_values)):
            value = values(DOCTOR, "20240101", "20270131")[name]
            data = codec.encode(value)
            assert form_of(codec, data) == form
            assert codec.decode(data) == value
    assert (BILLING.encode([]), BILLING.encode({"situations": []})) == (b"\x30\x00", b"\xe0\x00")
    earlier = {**businesstexts.holder_values(DOCTOR, "20240101", "20270131")["CPS_NAME_PS"]}
    with pytest.raises(LayoutError, match="nom"):
        NAME.encode({**earlier, "nom_patronymique": "X"})


def test_objects_that_name_no_holder() -> None:
    values = holder_values(DOCTOR, "20240101", "20270131")
    card, name, info = (dict(values[label]) for label in professional.HOLDER)  # type: ignore[arg-type]
    for broken in (
        (None, name, info),
        (card, {}, info),
        (card, name, {}),
        (card, name, {**info, "carte": {"type": "XY"}}),
        (card, {**name, "civilite": None}, info),
        (card, name, {**info, "profession": "dix"}),
    ):
        with pytest.raises(LayoutError):
            professional.holder_of(*broken)  # type: ignore[arg-type]


FROM_ACTIVITY = (
    "mode d'exercice",
    "statut d'exercice",
    "type d'identification structure",
    "numéro d'identification structure",
    "raison sociale structure",
)
"""Fields of group 2 that the linked activity says."""


def contents() -> dict[str, bytes]:
    return {label: bytes.fromhex(data) for label, (_, data, _) in PRINTED.items()}


def test_the_groups_of_the_printed_bytes() -> None:
    """Group 1 under the names of practice; group 2 joined over NoLogSit, empty where no object of a CPS3 says it."""
    holder, first, second = professional.professional_groups(contents())
    assert [text for _, text in holder.items()] == [
        "0", "8", "9970000001", "3", "22", "LEROUX-EXERCICE", "CAMILLE",
    ]  # fmt: skip
    assert [text for _, text in first.items()] == [
        "\x01", "00", "10", "", "4", "99700000013001", "", "CABINET FICTIF DU DR LEROUX", "99100001", "9",
        "", "", "1", "01", "24", "1", "00", "00", "00", "1", "1",
    ]  # fmt: skip
    assert [text for _, text in second.items()] == [
        "\x02", "01", "24", "", "1", "0B0990011", "", "CLINIQUE FICTIVE DES TROIS OIES", "99100002", "7",
        "", "", "2", "32", "20", "2", "01", "02", "03", "1", "0",
    ]  # fmt: skip
    assert findings([holder, first]) == []
    filled = {field.name for field, text in first.items() if text}
    assert filled == set(professional.SOURCES), "each field says where it comes from, or is empty"


def test_00_in_the_place_of_the_tag_of_the_situations_and_none_at_all() -> None:
    data = contents()["CPS_SIT_FACT"]
    groups = professional.professional_groups({**contents(), "CPS_SIT_FACT": b"\0" + data[1:]})
    assert groups == professional.professional_groups(contents())
    for empty in (b"", b"\0", bytes(64), b"\xe0\0"):
        assert len(professional.professional_groups({**contents(), "CPS_SIT_FACT": empty})) == 1


def test_a_situation_whose_activity_is_not_there() -> None:
    without = {label: content for label, content in contents().items() if label != "CPS_ACTIVITY_02_PS"}
    _, first, second = professional.professional_groups(without)
    assert first["mode d'exercice"] == "00"
    assert [second[name] for name in FROM_ACTIVITY] == ["", "", "", "", ""]
    assert second["numéro d'identification de facturation du PS"] == "99100002"
    assert professional.linked_activities(BILLING.decode(without["CPS_SIT_FACT"])) == (1, 2)


def test_a_status_beside_the_mode_counts_where_81_is_absent() -> None:
    activity = ACTIVITY.encode({"exercice": {"mode": "00", "statut": "24"}, "numero_logique": 1})
    assert (
        activity == bytes.fromhex("EE07 80020024 830101".replace(" ", ""))
        or activity[2:6].hex() == "80020024"
    )
    groups = professional.professional_groups({**contents(), "CPS_ACTIVITY_01_PS": activity})
    assert (groups[1]["mode d'exercice"], groups[1]["statut d'exercice"]) == ("00", "24")


def test_groups_of_the_earlier_form() -> None:
    """Its situations say all 21 fields themselves."""
    situation = {
        "numero_logique": 1,
        "mode_exercice": "04",
        "secteur_activite": "31",
        "remplacant": "99100003",
    }
    data = BILLING.encode([situation])
    assert professional.linked_activities(BILLING.decode(data)) == ()
    *_, group = professional.professional_groups({**contents(), "CPS_SIT_FACT": data})
    filled = {field.name: text for field, text in group.items() if text}
    assert filled == {
        "numéro logique de la situation": "\x01",
        "mode d'exercice": "04",
        "secteur d'activité": "31",
        "numéro d'identification du PS remplaçant": "99100003",
    }


def test_group_1_of_an_employee() -> None:
    group = professional.holder_group(replace(DOCTOR, national_id="1990000006/CPET0001"))
    assert tuple(text for _, text in group.items())[1:4] == ("1", "990000006/CPET0001", "")


def test_the_parts_are_named_for_the_documentation() -> None:
    for tag, template in businessdata.PARTS.values():
        assert 0xA0 <= tag <= 0xEE
        assert all(element.meaning for element in template.elements)
