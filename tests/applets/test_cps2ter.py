"""The CPS2ter of a chip: the dialogue that the State's middleware holds, its status words, the switch between the applets."""

import pytest
from issued import TODAY, authority, issued, records

from bifente.apdu.status import SW
from bifente.applets import SmartCard, card_of
from bifente.applets.perso import parse_profile, personalise
from bifente.applets.perso.make.keys import KeySource
from bifente.applets.perso.profile.shipped import shipped_text
from bifente.applets.store.stores import MemoryStore
from bifente.crypto import rsa
from bifente.layouts.codecs import cps2terdata
from bifente.layouts.cps2ter import VOLET
from bifente.layouts.nodes import EF
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
from bifente.reader.wrappers.t0front import T0Front
from bifente.terminal import CpsSession, VitaleSession, recognise
from bifente.terminal.whichcard import kind_of

PIN, WRONG = "A02000010431323334", "A02000010439393939"
BACK = "00A40404088025000001FF0100"


@pytest.fixture
def card() -> SmartCard:
    return issued("gp")


@pytest.fixture
def front(card: SmartCard) -> T0Front:
    return T0Front(card)


def talk(front: T0Front, *commands: str) -> str:
    for command in commands:
        answer = front.transmit(bytes.fromhex(command))
    return answer.hex().upper()


def read(front: T0Front, *path: str) -> bytes:
    for fid in path:
        assert talk(front, f"A0A4000002{fid}") in ("9000", "9F09")
    size = int(talk(front, "A0C0000009")[4:8], 16)
    content = front.transmit(bytes.fromhex(f"A0B00000{size:02X}"))
    assert content[-2:] == b"\x90\x00"
    return content[:-2]


def test_the_dialogue_of_the_middleware(front: T0Front) -> None:
    # as Cryptolib CPS 5.2.2 held it with this card
    assert talk(front, "002000010431323334") == "9000"
    said = [
        ("A0A40000023F00", "9000"),
        ("A0A40000027F01", "9000"),
        ("A0A40000024000", "9F09"),
        ("A0C0000009", "8507001B4000040000" + "9000"),
        ("A0B000001B", "E019A0178001018105991000019F82030112418303000000840111" + "9000"),
        ("A0A40000023F00", "9000"),
        ("A0A40000024010", "9F09"),
        ("A0C0000009", "850700394010040000" + "9000"),
    ]
    for command, answer in said:
        assert talk(front, command) == answer, command


def test_the_situations_in_the_forms_of_the_volet(front: T0Front) -> None:
    assert talk(front, PIN) == "9000"
    assert cps2terdata.ACTIVITY.decode(read(front, "3F00", "4010")) == {
        "exercice": {"mode": "00", "statut": "10"},
        "etablissement": {"secteur": "", "forme_juridique": "", "structure": "499700000013001"},
        "numero_logique": 1,
        "raison_sociale": "CABINET FICTIF DU DR FICTIF-LEROUX",
    }
    info = cps2terdata.PSINFO.decode(read(front, "3F00", "4004"))
    assert info == {
        "carte": {"type": "00"},
        "id_nat_ps": "899700000013",
        "profession": "10",
        "situation": "10",
        "nom_exercice": "FICTIF-LEROUX",
    }


def test_what_only_the_volet_holds() -> None:
    text = (
        shipped_text("gp")
        .replace(
            "    secteur: SA07\n",
            '    secteur: SA07\n    forme_juridique: "70"\n    specialite: "07"\n    debut: "20200101"\n'
            '    id_nat_ps_remplace: "899700000021"\n',
        )
        .replace("    zone_ik: 1\n", '    zone_ik: 1\n    secteur_activite: "31"\n')
    )
    profile = parse_profile(text, "gp.yaml")
    assert profile.resolved(TODAY).notes() == []
    made = personalise(profile, authority(), keys=_keys(), today=TODAY)
    card = card_of(MemoryStore(made), "cps3")
    card.power_on()
    front = T0Front(card)
    assert talk(front, PIN) == "9000"
    value = cps2terdata.ACTIVITY.decode(read(front, "4010"))
    assert value == {
        "exercice": {"mode": "00", "statut": "10"},
        "etablissement": {"secteur": "31", "forme_juridique": "70", "structure": "499700000013001"},
        "qualification": {"specialite": "07"},
        "numero_logique": 1,
        "remplace": "899700000021",
        "debut": "20200101",
        "raison_sociale": "CABINET FICTIF DU DR FICTIF-LEROUX",
    }


def _keys() -> KeySource:
    kept = rsa.load_private(records("gp")["key/3F00/0001/81"], validate=False)
    return lambda _bits: kept


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("A0A4000002DEAD", SW.CPS2TER_FILE_NOT_FOUND),
        ("A0A4000002D120", SW.CPS2TER_FILE_NOT_FOUND),
        ("A0A40400023F00", SW.WRONG_P1_P2),
        ("A0A40000033F0000", SW.WRONG_LENGTH),
        ("A0B0000001", SW.CPS2TER_WRONG_FILE_TYPE),
        ("A088000008" + "00" * 8, SW.INSTRUCTION_NOT_SUPPORTED),
        ("A0C0000009", SW.NO_PRECISE_DIAGNOSIS),
        ("A020000104" + b"12A4".hex(), SW.WRONG_LENGTH),
        ("A020000204" + b"1234".hex(), SW.CPS2TER_PIN_NOT_ACTIVATED),
        ("A020000904" + b"1234".hex(), SW.CPS2TER_PIN_NOT_ACTIVATED),
        ("A1A40000023F00", SW.CLASS_NOT_SUPPORTED),
    ],
)
def test_its_own_status_words(front: T0Front, command: str, answer: SW) -> None:
    assert talk(front, command) == f"{answer:04X}"


def test_the_other_applet_sleeps_until_it_is_called(front: T0Front) -> None:
    assert talk(front, "00A4090C063F000001D104", "A0A40000023F00") == "9000"
    for command in (
        "00B0000001",
        "00A4000C023F00",
        "0084000008",
        "00A4040C0DE828BD080F8025000001FF0010",
    ):
        assert talk(front, command) == "6E00"
    assert talk(front, BACK).startswith("61")
    assert talk(front, "00B0000001") == "6986"  # it begins anew
    assert talk(front, "A0B0000001") == "9408"  # so does the CPS2ter


def test_a_terminal_finds_the_card_in_whatever_mode_it_was_left(card: SmartCard) -> None:
    class Behind:
        atr, protocol = card.layout.atr, None
        transmit = staticmethod(card.transmit)

    card.transmit(bytes.fromhex("A0A40000023F00"))
    assert kind_of(Behind()) == "cps3"  # type: ignore[arg-type]


def test_a_session_works_with_a_card_that_was_left_in_the_other_mode(card: SmartCard) -> None:
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, card)
        reader.insert(VITALE_SLOT, issued("vitale-single"))
        link = reader.link(CPS_SLOT)
        link.transmit(bytes.fromhex("A0A40000023F00"))
        assert link.transmit(bytes.fromhex("00B0000001")) == b"\x6e\x00"
        doctor, patient = CpsSession(link), VitaleSession(reader.link(VITALE_SLOT))
        doctor.verify_pin(b"1234")
        with recognise(doctor, patient, date=TODAY, anchors=authority().trust_store.cv_roots):
            assert patient.rights()
        assert len(doctor.sign(b"a sheet")) == 256


def test_a_pin_verified_for_one_opens_the_other(front: T0Front) -> None:
    assert talk(front, PIN, BACK).startswith("61")
    assert talk(front, "0020000100") == "9000"
    assert talk(front, "00A4090C063F000001D120", "00B0000001") == "EE9000"
    assert talk(front, "00200001FF", "0020FF0100") == "9000"
    assert talk(front, "A0A40000024010", "A0B0000001") == "9804"


def test_both_count_the_same_tries(front: T0Front) -> None:
    assert talk(front, WRONG) == "9804"
    assert talk(front, BACK, "0020000100") == "63C2"
    assert talk(front, WRONG, WRONG) == "9804"
    assert talk(front, PIN) == "9840"
    assert talk(front, BACK, "0020000100") == "6983"
    unblocking = b"12345678" + b"4321"
    assert talk(front, f"A02C0001{len(unblocking):02X}{unblocking.hex()}") == "9000"
    assert talk(front, "A020000104" + b"4321".hex()) == "9000"
    assert talk(front, "A024000108" + b"43211234".hex()) == "9000"
    assert talk(front, PIN) == "9000"


def test_a_new_value_that_is_no_pin_costs_no_try(front: T0Front) -> None:
    assert talk(front, "A024000106" + b"123412".hex()) == "6700"
    assert talk(front, PIN) == "9000"
    assert talk(front, BACK, "0020FF0100", "0020000100") == "63C3"


def test_the_volet_is_not_to_be_reached_otherwise(front: T0Front) -> None:
    for path in ("3F007F014000", "3F004010", "3F007F01"):
        assert talk(front, f"00A4090C{len(path) // 2:02X}{path}") == "6A82"


def test_a_card_made_before_has_an_empty_volet() -> None:
    volet = {f"file/3F00/{node.fid:04X}" for node in VOLET if isinstance(node, EF)} | {"file/3F00/7F01/4000"}
    card = card_of(
        MemoryStore({name: value for name, value in records("gp").items() if name not in volet}), "cps3"
    )
    card.power_on()
    front = T0Front(card)
    assert talk(front, "A0A40000027F01") == "9000"
    assert talk(front, "A0A40000024000") == "9404"


def test_any_bytes_of_class_a0_get_a_status_word(card: SmartCard) -> None:
    front = T0Front(card)
    for ins in range(256):
        for tail in ("", "00", "000000", "00000002FFFF", "010203" + "FF" * 3):
            answer = front.transmit(bytes((0xA0, ins)) + bytes.fromhex(tail))
            assert len(answer) >= 2
            assert answer[-2:] != b"\x6f\x00" or ins == 0xC0, (ins, tail)


def test_without_contacts_there_is_no_cps2ter() -> None:
    card = card_of(MemoryStore(records("gp")), "cps3", contactless=True)
    card.power_on()
    assert card.transmit(bytes.fromhex("A0A40000023F00")) == b"\x6e\x00"
    assert card.transmit(bytes.fromhex("00A4000C023F00")) == b"\x90\x00"
