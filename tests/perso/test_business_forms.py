"""The business data of new cards, of cards made before, and what does not fit into either."""

import gzip
import json
from datetime import date
from pathlib import Path

import pytest

from bifente.applets import card_of, open_card
from bifente.applets.perso import ProfileError, parse_profile
from bifente.applets.perso.cardrecords import content_bytes, layout_of
from bifente.applets.perso.edit import change
from bifente.applets.perso.edit.dump import dump, dump_text
from bifente.applets.perso.edit.view import view
from bifente.applets.store.stores import MemoryStore, read_snapshot
from bifente.reader import CPS_SLOT, TwoSlotReader
from bifente.ssv.groups import Group
from bifente.terminal import CpsSession

EARLIER = Path(__file__).with_name("cards") / "nurse-form-1.card.gz"
"""Made by the release before form 2, of the shipped profile *nurse*, her given name SACHA-Œ; keys of nobody."""

DOCTOR = """\
kind: cps3
card: CPS
holder:
  national_id: "899700000013"
  family_name: FICTIF-LEROUX
  given_name: CAMILLE
  civility: 22
  profession: 10
"""
ACTIVITY = "activities:\n  1: {numero_logique: 1, mode_exercice: 00, secteur: SA07}\n"


@pytest.fixture
def earlier_file(tmp_path: Path) -> Path:
    path = tmp_path / "earlier.card"
    path.write_bytes(gzip.decompress(EARLIER.read_bytes()))
    path.chmod(0o600)
    return path


@pytest.fixture
def earlier(earlier_file: Path) -> dict[str, bytes]:
    return read_snapshot(earlier_file)


def raw(records: dict[str, bytes], name: str) -> bytes:
    path, node = layout_of(records).named(name)
    return content_bytes(records, node, path)


def professional(card) -> list:
    with TwoSlotReader() as reader:
        reader.insert(CPS_SLOT, card)
        session = CpsSession(reader.link(CPS_SLOT))
        session.verify_pin(b"1234")
        return session.professional()


def test_a_card_made_before_answers_as_it_did(earlier_file: Path) -> None:
    holder, first, second = professional(open_card(earlier_file))
    assert (holder["nom du PS"], holder["prénom du PS"]) == ("FICTIF-MOREAU", "SACHA-OE")
    assert (first["mode d'exercice"], first["secteur d'activité"], first["raison sociale structure"]) == (
        "00",
        "32",
        "CABINET FICTIF DES INFIRMIERS DU PARC",
    )
    assert (
        second.raw("numéro logique de la situation"),
        second["mode d'exercice"],
        second["secteur d'activité"],
        second["numéro d'identification du PS remplaçant"],
    ) == (b"\x02", "04", "31", "99100003")


def test_a_card_made_before_keeps_its_form_and_says_so(earlier: dict[str, bytes]) -> None:
    for name in ("CPS_ID_CARD", "CPS_NAME_PS", "CPS_INFO_PS", "CPS_ACTIVITY_04_PS", "CPS_SIT_FACT"):
        assert raw(earlier, name)[:1] == b"\x30", name
    assert "SACHA-Œ".encode() in raw(earlier, "CPS_NAME_PS")
    assert view(earlier).business_form.startswith("form 1, synthetic")
    after = change.set_field(earlier, "CPS_NAME_PS/nom", "AUTRE")
    assert raw({**earlier, **after}, "CPS_NAME_PS")[:1] == b"\x30"


def test_a_card_made_before_is_dumped_made_again_and_expired(earlier, again, make, pooled_authority) -> None:
    assert dump(earlier)["form"] == 1
    assert again(dump_text(earlier, secrets=True)) == earlier
    second = make(parse_profile(dump_text(earlier), "d.yaml"))
    for name in ("CPS_NAME_PS", "CPS_INFO_PS", "CPS_ACTIVITY_01_PS", "CPS_SIT_FACT"):
        assert raw(second, name) == raw(earlier, name), name
    changes = change.expire(second, pooled_authority, date(2026, 3, 1))
    assert json.loads(changes["file/3F00/0001/D104"])["value"]["fin_validite"] == "20260301"
    assert change.restore({**second, **{name: value for name, value in changes.items() if value}})


def test_a_new_card_has_form_2_and_a_dump_of_it_too(make, again) -> None:
    records = make("gp")
    assert view(records).business_form == "form 2, as the State's readers take them"
    assert [raw(records, name)[0] for name in ("CPS_ID_CARD", "CPS_NAME_PS", "CPS_INFO_PS")] == [
        0xE3,
        0xE4,
        0xED,
    ]
    assert (raw(records, "CPS_ACTIVITY_02_PS")[0], raw(records, "CPS_SIT_FACT")[0]) == (0xEE, 0xE0)
    assert (raw(records, "CPS_INFO_PS")[-4:], raw(records, "CPS_ACTIVITY_01_PS")[-4:]) == (b"SM26", b"SA07")
    assert again(dump_text(records, secrets=True)) == records
    assert "form" not in dump(records)


def test_one_object_of_the_earlier_form_is_named(make) -> None:
    value = {"civilite": "31", "nom": "AUTRE", "prenoms": []}
    records = make("gp")
    changes = change.set_field(records, "CPS_NAME_PS", json.dumps(value), as_json=True)
    assert view({**records, **changes}).business_form.endswith("in CPS_NAME_PS")


ACTIVITY_FIELDS = (
    "mode d'exercice",
    "statut d'exercice",
    "type d'identification structure",
    "numéro d'identification structure",
    "raison sociale structure",
)


def said(group: Group, *names: str) -> list[str]:
    return [group[name] for name in names]


def test_the_terminal_joins_situations_and_activities(make) -> None:
    """The nurse's second situation is that of activity file 4: it is the number inside that links them."""
    _, first, second = professional(card_of(MemoryStore(make("nurse")), "cps3"))
    assert said(first, *ACTIVITY_FIELDS) == [
        "00", "10", "4", "99700000039001", "CABINET FICTIF DES INFIRMIERS DU PARC",
    ]  # fmt: skip
    billing = "numéro d'identification de facturation du PS"
    assert said(first, billing, f"clé du {billing}") == ["99100003", "5"]
    assert said(second, *ACTIVITY_FIELDS) == [
        "04", "", "4", "99700000088001", "CABINET FICTIF DE MME FICTIF-ROBERT",
    ]  # fmt: skip
    nowhere = ("secteur d'activité", "clé du numéro d'identification structure")
    assert said(first, *nowhere, "numéro d'identification du PS remplaçant") == ["", "", ""]
    assert first["habilitation à signer une facture"] == "1"
    assert second["habilitation à signer un lot"] == "0"


def problems(text: str) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        parse_profile(text, "p.yaml")
    return [str(problem) for problem in caught.value.problems]


NINE = "billing:\n" + "".join(f"  - {{numero_logique: {number}}}\n" for number in range(9))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (DOCTOR + NINE, "9: billing: at most 8 expected, not 9"),
        (DOCTOR.replace("FICTIF-LEROUX", "FICTIF-" + "X" * 21), "5: holder.family_name: a text of 0 to 27 bytes"),
        (DOCTOR.replace("CAMILLE", "C" * 28), "6: holder.given_name: a text of 0 to 27 bytes"),
        (DOCTOR.replace("CAMILLE", "LOU\u0177"), "6: holder.given_name: 'ŷ' (U+0177, LATIN SMALL LETTER Y WITH CIRC"),
        (DOCTOR.replace("CAMILLE", "LOUÿ"), "6: holder.given_name: 'ÿ' ends a name"),
        (DOCTOR.replace("FICTIF-LEROUX", "KŐSZEGI"), "5: holder.family_name: 'Ő' (U+0150, LATIN CAPITAL LETTER O"),
        (DOCTOR + "  birth_name: Š\n", "9: holder.birth_name: 'Š' (U+0160"),
        (DOCTOR + "  other_given_names: [A, B, C]\n", "9: holder.other_given_names: at most 2 expected, not 3"),
        (DOCTOR + "  other_given_names: [A, Ł]\n", "9: holder.other_given_names[2]: 'Ł' (U+0141"),
        (DOCTOR.replace("899700000013", "500000000099703/CPAT0001-AND-MORE-OF-IT"), "4: holder.national_id: "),
        (
            DOCTOR + ACTIVITY.replace("secteur", f"raison_sociale: {'R' * 41}, secteur"),
            "10: activities.1.raison_sociale: at most 40 letters expected, not 41",
        ),
        (
            DOCTOR + ACTIVITY.replace("secteur", "raison_sociale: CABINET Ž, secteur"),
            "10: activities.1.raison_sociale: a text of one line in Latin-1 expected: 'Ž' (U+017D",
        ),
        (
            DOCTOR + ACTIVITY.replace("secteur", f"structure: '{'1' * 16}', secteur"),
            "10: activities.1.structure: at most 15 letters expected, not 16",
        ),
        (
            DOCTOR + ACTIVITY.replace("secteur", "tableau_pharmacien: Dhm, secteur"),
            "10: activities.1.tableau_pharmacien: at most 2 letters",
        ),
        (DOCTOR + "billing:\n  - {numero_logique: 1, numero_facturation: '99100001'}\n", "10: billing[1].cle_facturation"),
        (DOCTOR + "billing:\n  - {numero_logique: 1, zone_tarifaire: 245}\n", "10: billing[1].zone_tarifaire: a code"),
        (
            DOCTOR + ACTIVITY + "billing:\n  - {numero_logique: 1, mode_exercice: 04}\n",
            "12: billing[1].mode_exercice: activity 1, where the card has it, says otherwise",
        ),
        (DOCTOR + "languages: [FRA]\n", "9: languages: at most 4 codes of two letters"),
        (DOCTOR + "form: 3\n", "9: form: "),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_at_personalisation_by_line_and_field(text: str, said: str) -> None:
    found = problems(text)
    assert any(problem.startswith(f"p.yaml:{said}") for problem in found), found


def test_typed_names_become_what_latin_1_can_hold(make) -> None:
    text = DOCTOR.replace("FICTIF-LEROUX", "FICTIF-CŒUR").replace("CAMILLE", "ZOE\u0308 D’A")
    text += ACTIVITY.replace("secteur", "raison_sociale: L’ŒUVRE DE SOEUR ZOE\u0308, secteur")
    records = make(parse_profile(text, "p.yaml"))
    assert "FICTIF-COEUR".encode("latin-1") in raw(records, "CPS_INFO_PS")
    assert "ZOË D'A".encode("latin-1") in raw(records, "CPS_NAME_PS")
    assert "L'OEUVRE DE SOEUR ZOË".encode("latin-1") in raw(records, "CPS_ACTIVITY_01_PS")
    subject = next(
        line for name, line in view(records).root.directories[0].files[6].lines if name == "subject"
    )
    assert "SN=FICTIF-COEUR" in subject, "the certificate and the card name the same person"
    changed = change.set_field(records, "CPS_NAME_PS/nom_marital", "SŒURE\u0301")
    assert "SOEURÉ".encode("latin-1") in raw({**records, **changed}, "CPS_NAME_PS")
    with pytest.raises(change.PathError, match=r"CPS_NAME_PS: nom_marital: 'ő' \(U\+0151, LATIN SMALL"):
        change.set_field(records, "CPS_NAME_PS/nom_marital", "Erdős")


def test_what_has_no_place_on_the_card_is_noticed() -> None:
    more = "specialite: SM26, forme_juridique: 70, debut: 2020-01-01, secteur"
    text = DOCTOR + ACTIVITY.replace("secteur", more)
    text += (
        "billing:\n  - {numero_logique: 1, cle_structure: 3, secteur_activite: 31}\n  - {numero_logique: 7}\n"
    )
    assert parse_profile(text, "p.yaml").notes() == [
        "activities.1.specialite: no object of the business data holds it",
        "billing[1].cle_structure: no object of the business data holds it",
        "billing[2].numero_logique: no activity has the number 7",
    ]


def test_all_names_of_a_holder(make) -> None:
    more = "  birth_name: FICTIF-NEE\n  married_name: FICTIF-EPOUSE\n  other_given_names: [ANNE, LÉA]\n"
    records = make(parse_profile(DOCTOR + more, "p.yaml"))
    assert raw(records, "CPS_NAME_PS").hex().upper() == (
        "E43A80011681" + "0A" + b"FICTIF-NEE".hex().upper() + "820D" + b"FICTIF-EPOUSE".hex().upper()
        + "8311" + b"CAMILLE".hex().upper() + "FF" + b"ANNE".hex().upper() + "FF" + "4CC941FF" + "8407"
        + b"CAMILLE".hex().upper()
    )  # fmt: skip


VITALE = """\
kind: vitale2
assure: {nir: "1851399123456"}
beneficiaires:
  - nom: %s
    prenom: %s
    date_naissance: 1985-13-07
    couvertures:
      - situation: "0100"
volet_urgence:
  personnes_a_prevenir:
    - {nom: "CŒUR-E\u0301TOILE", telephone: "0199000000"}
"""


def test_typed_names_of_a_vitale(make) -> None:
    records = make(parse_profile(VITALE % ("CŒUR D’OR", "ZOE\u0308"), "v.yaml"))
    fields = json.loads(records["file/3F00/0001/2201"])["value"][0]["fields"]
    assert (fields[0], fields[2]) == ("COEUR D'OR", "ZOË")
    assert "CŒUR-ÉTOILE".encode() in raw(records, "URGENCE"), "a volet is UTF-8 and holds œ"
    changed = change.set_field(records, "BEN01/104/nom usuel", "SŒUR’S")
    assert json.loads(changed["file/3F00/0001/2201"])["value"][0]["fields"][0] == "SOEUR'S"
    changed = change.set_field(records, "EF.ID/nom", "E\u0301TOILE")
    assert "ÉTOILE".encode("latin-1") in raw({**records, **changed}, "EF.ID")
    with pytest.raises(
        change.PathError, match=r"group 104, field 1: 'Ł' \(U\+0141, LATIN CAPITAL LETTER L WITH"
    ):
        change.set_field(records, "BEN01/104/nom usuel", "Łukasz")
    assert problems(VITALE % ("Łukasz", "A"))[0].startswith(
        "p.yaml:4: beneficiaires[1].nom: a text of one line in Latin-1 expected: 'Ł' (U+0141"
    )


def test_typed_names_in_groups_of_a_vitale(make) -> None:
    groups = [
        {"group": 101, "fields": ["T", "12345678", *[""] * 12]},
        {"group": 104, "fields": ["CŒUR", *[""] * 17]},
    ]
    profile = {"kind": "vitale2", "groups": groups}
    records = make(parse_profile(json.dumps(profile), "v.yaml"))
    assert json.loads(records["file/3F00/0001/2201"])["value"][0]["fields"][0] == "COEUR"
    groups[1]["fields"][0] = "Łukasz"
    assert "'Ł' (U+0141" in problems(json.dumps(profile))[0]
