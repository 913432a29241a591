"""Our declarations beside the two public descriptions: every field that differs, and why.

They are not ours to redistribute: both lie beside the checkout (``shared_data``). The first is the set of tables of
2004–2007 that the specification transcribes (``fse.md`` §1.2, both norms); the second, independent of it, the layouts of eight
records of establishments of today (``b2-cp-layouts.json``).
"""

import json
import re
from pathlib import Path

import pytest

from bifente.fse.b2 import RECORDS, B2Record, find_record

Shape = tuple[int, int, str, str]
"""First and last column, N or A, presence."""


def shapes(record: B2Record) -> set[Shape]:
    return {(one.first, one.last, "N" if one.numeric else "A", one.presence) for one in record.fields}


def described(text: str) -> dict[tuple[str, str], set[Shape]]:
    """(norm, record) → the fields that the tables of §1.2 print."""
    tables: dict[tuple[str, str], set[Shape]] = {}
    section = text[text.index("### 1.2 ") : text.index("### 1.3 ")]
    for part in re.split(r"^#### Type ", section, flags=re.MULTILINE)[1:]:
        name = part.split(" ", 1)[0]
        rows = re.findall(r"^\| (\d+)–(\d+) \| \d+ \| (\w) \| (\w+) \|", part, re.MULTILINE)
        norm = "CP" if "(condition) norme = `CP`" in part or name.startswith("3") else "PS"
        name = {"0": "000"}.get(name, name)
        tables[norm, name] = {(int(first), int(last), kind, presence) for first, last, kind, presence in rows}
    return tables


FROM_TABLES: dict[tuple[str, str], dict[str, str]] = {
    ("PS", "000"): {
        "92-128 F O": "the source prints F for the type: a slip, the message zone is alphanumeric and may be empty"
    },
    ("PS", "1"): {"11-16 A FO": "the source prints FO: mandatory, and often blank"},
    ("PS", "2C"): {"36-36 A F": "the letter says what the record is: it always stands there"},
    ("PS", "2P"): {"36-36 A F": "the letter says what the record is: it always stands there"},
    ("PS", "2S"): {"36-36 A F": "the letter says what the record is: it always stands there"},
    ("PS", "4M"): {"106-107 A F": "corrections 12: two more modifiers OC"},
    ("CP", "2"): {
        "27-29 N O": "corrections 12: optional",
        "40-48 A F": "corrections 12: numeric and mandatory",
        "74-76 A F": "corrections 12: numeric",
        "80-85 N F": "corrections 12: the date d'hospitalisation, mandatory",
        "95-95 N O": "§1.4: top éclatement",
        "96-101 A O": "corrections 10: numeric",
    },
    ("CP", "2S"): {
        "27-29 N O": "corrections 10: optional",
        "40-41 A O": "corrections 10: numeric",
        "65-128 N F": "§1.4: médecin traitant and parcours de soins",
    },
    ("CP", "3"): {"117-119 A F": "§1.4: code participation assuré in 117"},
    ("CP", "3S"): {"115-128 A F": "§1.4: origine de la prescription in 115"},
    ("CP", "3F"): {
        "86-98 A F": "§1.4: one article in a record",
        "99-112 A F": "§1.4: one article in a record",
        "113-114 N F": "§1.4: one article in a record",
        "115-121 N F": "§1.4: one article in a record",
        "122-128 N F": "§1.4: one article in a record",
    },
    ("CP", "3H"): {
        "56-56 N O": "§1.4: blank",
        "57-66 A F": "§1.4: coefficient de fractionnement in 57–61",
    },
    ("CP", "4"): {"53-53 N F": "§1.4: origine de la prescription"},
    ("CP", "5"): {
        "98-114 A O": "corrections 10: optional",
        "123-128 A O": "§1.4: zone éditeur in 123–126",
    },
}
"""(norm, record) → the fields of the tables that we do not declare, and why."""


@pytest.fixture(scope="module")
def tables(shared_data: Path) -> dict[tuple[str, str], set[Shape]]:
    path = shared_data.parent / "spec" / "fse.md"
    if not path.is_file():
        pytest.skip("the specification is not beside the checkout")
    return described(path.read_text(encoding="utf-8"))


def test_each_field_of_the_tables_is_declared_or_explained(tables: dict[tuple[str, str], set[Shape]]) -> None:
    assert len(tables) == 29
    differing = {
        place: {f"{first}-{last} {kind} {presence}" for first, last, kind, presence in gone}
        for place, fields in tables.items()
        if (gone := fields - shapes(find_record(*place)))
    }
    assert differing == {place: set(why) for place, why in FROM_TABLES.items()}


def test_every_record_but_3e_and_4e_is_in_the_tables(tables: dict[tuple[str, str], set[Shape]]) -> None:
    ours = {record.name for records in RECORDS.values() for record in records}
    assert ours - {name for _, name in tables} == {"3E", "4E"}


JSON_NAMES = {
    "2CP": "2",
    "2S CP": "2S",
    "4S": "4S",
    "4E": "4E",
    "4B": "4B",
    "4H": "4H",
    "4M": "4M",
    "5CP": "5",
}
"""What the description calls a record → what we call it, in norm CP."""

FROM_LAYOUTS: dict[str, dict[str, str]] = {
    "4S": {"56-65 A F": "corrections 12: the description has a hole at 66–70; blank is declared up to 70"},
    "4B": {"43-48 A F": "corrections 10: printed mandatory in §1.2, optional there; both are blank"},
}
"""Record → the fields of the description that we do not declare, and why."""

CALLED: dict[str, str] = {
    "PS+cle": "numero_ps",
    "NIR": "nir",
    "cle": "cle_nir cle_individuel",
    "rang": "rang_beneficiaire",
    "facture": "numero_facture",
    "n entree": "numero_entree",
    "piece": "piece_justificative",
    "PEC etablie": "date_prise_en_charge",
    "droits a compter": "date_droits",
    "delivree par": "caisse_prise_en_charge",
    "exo": "exoneration",
    "date de l'hospitalisation": "date_hospitalisation",
    "AT/date accident": "accident",
    "entree": "date_entree",
    "sortie": "date_sortie",
    "OC": "organisme_complementaire",
    "seq": "sequence",
    "compl titre": "complement_titre",
    "dest reglement": "destinataire_reglement",
    "NIR indiv": "nir_individuel",
    "top MT": "top_medecin_traitant",
    "nom MT": "nom_medecin_traitant",
    "prenom MT": "prenom_medecin_traitant",
    "AM MT": "numero_medecin_traitant",
    "IPS": "parcours_soins",
    "cond exec": "condition_executant",
    "option coord": "option_coordination",
    "BR theorique": "base_theorique",
    "cond prescr": "condition_prescripteur",
    "date AP": "date_accord",
    "code AP": "accord",
    "lieu": "lieu_execution",
    "ordre FT": "forfait_technique",
    "top prevention": "prevention",
    "qualif prevention": "qualificatif_prevention",
    "participation": "participation participation_assure",
    "RPPS prescr": "rpps_prescripteur",
    "struct prescr": "structure_prescripteur",
    "RPPS exec": "rpps_executant",
    "struct exec": "lieu_execution",
    "SESAM": "reserve_sesam",
    "UCD": "code_ucd",
    "coef frac": "fractionnement",
    "cout reconst": "prix_achat",
    "PU": "prix_unitaire",
    "qte": "quantite",
    "total": "montant",
    "code": "code_acte",
    "ext doc": "extension_documentaire",
    "assoc": "association",
    "remb cond": "remboursement",
    "suppl charge": "supplement_charge",
    "nb types 3+4": "nombre_lignes",
    "BR hosp": "base_hospitalisation",
    "caisse hosp": "amo_hospitalisation",
    "honoraires": "total_honoraires",
    "caisse hono": "amo_honoraires",
    "OC hosp": "amc_hospitalisation",
    "OC hono": "amc_honoraires",
    "facture hosp": "facture_hospitalisation",
    "editeurs": "zone_editeur",
    "filler": "-",
}
"""A label of the description → what we call the field, where the label is not our name with spaces in it."""


def our_names(label: str) -> set[str]:
    """The names under which we may declare what the description labels so."""
    if label in CALLED:
        return set(CALLED[label].split())
    if len(label) == 1:
        return {"complement"}
    numbered = re.fullmatch(r"(date|qte|code|dent|modif OC|modif)(\d+)", label)
    if numbered is None:
        return {label.replace(" ", "_").lower()}
    kind, number = numbered.groups()
    whole = {"qte": "quantite", "code": "code_acte", "modif": "modificateur", "modif OC": "modificateur_oc"}
    from_one = kind in ("dent", "modif", "modif OC")
    return {f"{whole.get(kind, kind)}_{int(number) + (0 if from_one else 1)}"}


def test_the_eight_layouts_of_establishments_field_by_field(shared_data: Path) -> None:
    layouts = json.loads((shared_data / "fse" / "b2-cp-layouts.json").read_text(encoding="utf-8"))["records"]
    assert layouts.keys() == JSON_NAMES.keys()
    differing: dict[str, set[str]] = {}
    for described_as, name in JSON_NAMES.items():
        record = find_record("CP", name)
        ours = {field.first: field for field in record.fields}
        for one in layouts[described_as]:
            shape = (one["pos"], one["pos"] + one["len"] - 1, one["fmt"], one["pres"])
            if shape in shapes(record):
                assert ours[one["pos"]].name in our_names(one["label"]), (name, one)
            else:
                differing.setdefault(name, set()).add("{}-{} {} {}".format(*shape))
    assert differing == {name: set(why) for name, why in FROM_LAYOUTS.items()}
