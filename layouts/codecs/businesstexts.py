"""The business data as cards made before December 2026 hold them: form 1, wholly **synthetic**.

DER sequences (ITU-T X.690) of UTF-8 texts with implicit context tags. No reader of the State's shows anything of them;
cards that have them keep them. CPS_LANG_PS has this form still, for nobody is known to read it.
"""

from bifente.codes.holder import CardHolder
from bifente.layouts.codec import JsonValue, record, sequence, string
from bifente.layouts.codecs.template import Element, ListOf, Template, Wrapped
from bifente.layouts.codecs.values import DATE, UTF8, Number, Text
from bifente.layouts.errors import groups_as_content
from bifente.ssv.groups import GROUPS, Group

SEQUENCE = 0x30
_BYTE = Text("ascii", pattern="[0-9A-F]{2}", expected="a code of two hexadecimal digits")


def _text(tag: int, key: str, meaning: str = "") -> Element:
    return Element(tag, key, UTF8, meaning=meaning)


def _maybe(tag: int, key: str, meaning: str = "") -> Element:
    return Element(tag, key, UTF8, optional=True, meaning=meaning)


ID_CARD = Wrapped(
    SEQUENCE,
    Template(
        (
            _text(0x80, "emetteur", "IdEmetteur"),
            _text(0x81, "carte", "IdCarteLog: the ten-digit number of the card"),
            Element(0x82, "categorie", _BYTE, meaning="CategorieCarte (G01)"),
            Element(0x83, "type_carte", _BYTE, meaning="TypeCarte (G02)"),
            Element(0x84, "emission", DATE, meaning="DateEmis"),
            Element(0x85, "fin_validite", DATE, meaning="DateFinVal"),
        )
    ),
)
"""CPS_ID_CARD (InfosCarte)."""

NAME = Wrapped(
    SEQUENCE,
    Template(
        (
            _text(0x80, "civilite", "code civilité (G03)"),
            _text(0x81, "nom", "NomPatronym"),
            _maybe(0x82, "nom_marital", "NomMarital"),
            Element(0x83, "prenoms", UTF8, many=True, meaning="Prénom[0..2]"),
            _maybe(0x84, "prenom_usuel", "PrenomUsuel"),
            _maybe(0x85, "nom_exercice", "NomExerc"),
        )
    ),
)
"""CPS_NAME_PS (InfosPorteur)."""

LANGUAGES = Wrapped(
    SEQUENCE, Template((Element(0x80, "langues", UTF8, many=True, meaning="codes langue (G00)"),))
)
"""CPS_LANG_PS."""

INFO = Wrapped(
    SEQUENCE,
    Template(
        (
            Element(0x80, "type_carte", _BYTE, meaning="TypeCarte (G02)"),
            _text(0x81, "id_nat_ps", "IdNatPS, with its type digit (G08)"),
            _maybe(0x82, "profession", "CodeProfession (G15)"),
            _maybe(0x83, "future_profession", "profession in training (G16)"),
            _maybe(0x84, "responsabilite", "G04"),
            _maybe(0x85, "situation_professionnelle", "SitProf (G14)"),
            Element(0x86, "attributions", UTF8, many=True, meaning="AttribComp[0..3] (G18)"),
            _maybe(0x87, "specialite_ordinale", "SpecQual (G12)"),
            _maybe(0x88, "nature_qualification", "NatureQual (G11)"),
            _maybe(0x89, "structure", "identifier of the employer, with its type digit (G07)"),
            _maybe(0x8A, "raison_sociale", "name of the employer"),
            _maybe(0x8B, "departement", "label such as Paris (75)"),
            _maybe(0x9E, "specialite", "R01, e.g. SM26; the object ends with it"),
        )
    ),
)
"""CPS_INFO_PS (InfosPS2)."""

ACTIVITY = Wrapped(
    SEQUENCE,
    Template(
        (
            Element(0x80, "numero_logique", Number(1), meaning="NoLogSit"),
            _text(0x81, "mode_exercice", "ModeExerc (G17)"),
            _maybe(0x82, "statut", "Statut (G14)"),
            _maybe(0x83, "specialite", "SpecExerc (R01)"),
            _maybe(0x84, "structure", "IdStruct, with its type digit (G07)"),
            _maybe(0x85, "raison_sociale", "StructRaisSoc"),
            _maybe(0x86, "forme_juridique", "StructJurid (G21)"),
            _maybe(0x87, "tableau_pharmacien", "TabPharm (G05)"),
            _maybe(0x88, "id_nat_ps_remplace", "IdNatPSRemp"),
            Element(0x89, "debut", DATE, optional=True, meaning="DateDebSit"),
            Element(0x8A, "fin", DATE, optional=True, meaning="DateFinSit"),
            _text(0x9E, "secteur", "StructSectActiv (R02), e.g. SA07; the object ends with it"),
        )
    ),
)
"""CPS_ACTIVITY_nn_PS (situation d'exercice)."""

_SITUATION_KEYS = (
    "numero_logique",
    "mode_exercice",
    "statut_exercice",
    "secteur_activite",
    "type_structure",
    "structure",
    "cle_structure",
    "raison_sociale",
    "numero_facturation",
    "cle_facturation",
    "remplacant",
    "cle_remplacant",
    "code_conventionnel",
    "specialite",
    "zone_tarifaire",
    "zone_ik",
    "agrement_1",
    "agrement_2",
    "agrement_3",
    "signe_facture",
    "signe_lot",
)

_NUMBER = GROUPS[2].fields[0].name

BILLING = Wrapped(
    SEQUENCE,
    ListOf(
        SEQUENCE,
        Template(
            (
                Element(0x80, _SITUATION_KEYS[0], Number(1)),
                *(_maybe(0x80 + at, key) for at, key in enumerate(_SITUATION_KEYS) if at),
            )
        ),
    ),
)
"""CPS_SIT_FACT: a list of situations de facturation, each with the 21 fields of SSV group 2 in their order."""


def billing_groups(situations: JsonValue) -> list[Group]:
    """SSV groups 2 of a value of :data:`BILLING`; LayoutError."""
    groups = []
    for item in sequence(situations, "situations"):
        given = record(item, "situation", ("numero_logique",), _SITUATION_KEYS)
        number = Number(1).encode(given["numero_logique"])
        texts = [string(given.get(key, ""), key) for key in _SITUATION_KEYS[1:]]
        with groups_as_content():
            groups.append(Group.of(2, number.decode("latin-1"), *texts))
    return groups


def holder_values(holder: CardHolder, issued: str, expires: str) -> dict[str, JsonValue]:
    """The values of CPS_ID_CARD, CPS_NAME_PS, CPS_LANG_PS and CPS_INFO_PS in form 1, by these names.

    *issued* and *expires* are dates AAAAMMJJ.
    """
    optional = {
        "profession": _code(holder.profession),
        "future_profession": _code(holder.future_profession),
        "structure": holder.structure_id,
        "raison_sociale": holder.structure_name,
        "departement": holder.department,
        "specialite": holder.speciality,
    }
    info: dict[str, JsonValue] = {
        "type_carte": f"{holder.card_type:02X}",
        "id_nat_ps": holder.national_id,
        "responsabilite": f"{holder.responsibility:02d}",
        "attributions": [],
    }
    info.update({key: text for key, text in optional.items() if text is not None})
    return {
        "CPS_ID_CARD": {
            "emetteur": "8025000001",
            "carte": holder.card_number,
            "categorie": f"{holder.category:02X}",
            "type_carte": f"{holder.card_type:02X}",
            "emission": issued,
            "fin_validite": expires,
        },
        "CPS_NAME_PS": {
            "civilite": f"{holder.civility:02d}",
            "nom": holder.family_name,
            "prenoms": [holder.given_name],
        },
        "CPS_LANG_PS": {"langues": ["FR"]},
        "CPS_INFO_PS": info,
    }


def _code(value: int | None) -> str | None:
    return None if value is None else f"{value:02d}"
