"""The business data of a CPS3: the content of the data objects CPS_ID_CARD … CPS_SIT_FACT.

The document that defines them is not public. The form here is what the State's own readers take: the screen tool of
Cryptolib CPS 5.2.2 and older tools of the GIP-CPS (ansforge/dops-cryptolib). Which of the optional parts an issuer
writes, their order, and what pads them are inferred, hence ``synthetic``; so are CPS_LANG_PS and CPS_DATA as a whole.

BER-TLV, tags in any order. Texts are Latin-1. Lengths are short: the readers show nothing of E3, ED, EE and A0 with a
length of two bytes, nor of E4 with one of three. Nothing is written behind an object, for public code takes the
speciality from the last bytes of CPS_INFO_PS and the sector from those of CPS_ACTIVITY_nn_PS.

Cards made before hold form 1 (:mod:`bifente.layouts.codecs.businesstexts`) and keep it: the codecs here read and write both.
"""

from bifente.codes.holder import CardHolder
from bifente.layouts.codec import JsonValue, RawCodec
from bifente.layouts.codecs import businesstexts
from bifente.layouts.codecs.businessvalues import (
    Decimal,
    Digits,
    EndedTexts,
    First,
    Flags,
    Forms,
    Nibbles,
    ShortObject,
    ShortObjects,
)
from bifente.layouts.codecs.template import Element, Template
from bifente.layouts.codecs.values import Hex, Number, Text

ISSUER = "8025000001"
"""The issuer number of the cards of the CPS family."""

SITUATIONS = 8
"""At most this many situations de facturation stand on a card."""

SIGNS_SHEETS, SIGNS_LOTS = 0x10, 0x01
"""The bits of the authorisations of a situation de facturation."""

_BYTE = Hex((1,))
_DAY = Digits(4, (8,))
_NAME = Text("latin-1", at_most=27)


def _maybe(tag: int, key: str, content: Text | Decimal | Hex | Digits | Nibbles, meaning: str) -> Element:
    return Element(tag, key, content, optional=True, meaning=meaning)


ID_CARD_PARTS = Template(
    (
        Element(0x80, "emetteur", Digits(6, (10,)), optional=True, meaning="IdEmetteur"),
        Element(0x81, "numero", Digits(5, (10,)), meaning="IdCarteLog: the ten-digit number of the card"),
        Element(0x82, "categorie", _BYTE, meaning="CategorieCarte (G01)"),
        _maybe(0x83, "emission", _DAY, "DateEmis, AAAAMMJJ"),
        _maybe(0x84, "fin_validite", _DAY, "DateFinVal, AAAAMMJJ"),
    )
)
NAME_PARTS = Template(
    (
        Element(0x80, "civilite", Decimal(), meaning="code civilité (G03)"),
        Element(0x81, "nom_patronymique", _NAME, meaning="NomPatronym"),
        _maybe(0x82, "nom_marital", _NAME, "NomMarital"),
        Element(0x83, "prenoms", EndedTexts(_NAME, 3), optional=True, meaning="Prénom[0..2]"),
        _maybe(0x84, "prenom_usuel", _NAME, "PrenomUsuel"),
    )
)
INFO_PARTS = Template(
    (
        Element(
            0x80, "carte", First("type", _BYTE, "modele", Flags()), meaning="TypeCarte (G02) and ModeleCarte"
        ),
        Element(0x81, "id_nat_ps", Text("latin-1", at_most=31), meaning="IdNatPS, with its type digit (G08)"),
        _maybe(0x82, "profession", Decimal(), "CodeProfession (G15)"),
        _maybe(0x83, "metier", Decimal(), "CodeMetier; of a CPF the profession in training (G16)"),
        _maybe(0x84, "nom_exercice", _NAME, "NomExerc"),
        _maybe(0x85, "specialite", Text("latin-1", at_most=10), "R01, e.g. SM26; the object ends with it"),
    )
)
ACTIVITY_PARTS = Template(
    (
        Element(
            0x80, "exercice", First("mode", Decimal(), "statut", _BYTE), meaning="ModeExerc (G17) and Statut"
        ),
        _maybe(0x81, "statut", Hex((1, 3)), "Statut (G14), then SpecExerc (G12) and NatureQual (G11)"),
        _maybe(0x82, "tableau_pharmacien", Text("latin-1", at_most=2), "TabPharm (G05)"),
        Element(0x83, "numero_logique", Number(1), meaning="NoLogSit"),
        _maybe(0x84, "raison_sociale", Text("latin-1", at_most=40), "StructRaisSoc"),
        _maybe(0x85, "structure", Text("latin-1", at_most=15), "IdStruct, with its type digit (G07)"),
        _maybe(
            0x86,
            "secteur",
            Text("latin-1", at_most=10),
            "StructSectActiv (R02), e.g. SA07; the object ends with it",
        ),
    )
)
SITUATION_PARTS = Template(
    (
        Element(0x80, "situation", Number(1), meaning="LienLogiqueSitPS: NoLogSit of its activity"),
        _maybe(0x81, "identifiant", Digits(5, (0, 8, 9)), "IdFacturation: eight digits and their key"),
        _maybe(
            0x82,
            "conventionnelles",
            Nibbles((("specialite", 2), ("convention", 1), ("zone", 2), ("ik", 1))),
            "InfosConventionnelles: G100, G101, G102, G103",
        ),
        _maybe(
            0x83,
            "agrements",
            Nibbles((("agrement_1", 2), ("agrement_2", 2), ("agrement_3", 2))),
            "agréments (G104)",
        ),
        _maybe(0x84, "autorisations", _BYTE, "bit 10: signs FSE, bit 01: signs lots"),
    )
)
BILLING_PARTS = ShortObjects("situations", 0xA0, SITUATION_PARTS, SITUATIONS)

ID_CARD = Forms(ShortObject(0xE3, ID_CARD_PARTS), "numero", businesstexts.ID_CARD, "type_carte")
"""CPS_ID_CARD (InfosCarte)."""

NAME = Forms(ShortObject(0xE4, NAME_PARTS, 2), "nom_patronymique", businesstexts.NAME, "nom")
"""CPS_NAME_PS (InfosPorteur)."""

LANGUAGES = businesstexts.LANGUAGES
"""CPS_LANG_PS, which no public reader reads; form and content are ``synthetic``."""

INFO = Forms(ShortObject(0xED, INFO_PARTS), "carte", businesstexts.INFO, "type_carte")
"""CPS_INFO_PS (InfosPS2)."""

ACTIVITY = Forms(ShortObject(0xEE, ACTIVITY_PARTS), "exercice", businesstexts.ACTIVITY, "mode_exercice")
"""CPS_ACTIVITY_nn_PS (situation d'exercice)."""

BILLING = Forms(ShortObject(0xE0, BILLING_PARTS, 3), "situations", businesstexts.BILLING)
"""CPS_SIT_FACT: situations de facturation, each of which names an activity by its NoLogSit."""

DATA = RawCodec()
"""CPS_DATA: free for the software of the workplace."""

PARTS: dict[str, tuple[int, Template]] = {
    "CPS_ID_CARD": (0xE3, ID_CARD_PARTS),
    "CPS_NAME_PS": (0xE4, NAME_PARTS),
    "CPS_INFO_PS": (0xED, INFO_PARTS),
    "CPS_ACTIVITY_nn_PS": (0xEE, ACTIVITY_PARTS),
    "CPS_SIT_FACT": (0xA0, SITUATION_PARTS),
}
"""The outer tag and the parts of each object; for CPS_SIT_FACT those of one situation in its E0."""


def form_of(codec: object, data: bytes) -> int | None:
    """1 or 2 for the bytes of an object of which there are two forms, None for any other content."""
    if not isinstance(codec, Forms):
        return None
    return 1 if codec.is_before(data) else 2


def holder_values(holder: CardHolder, issued: str, expires: str) -> dict[str, JsonValue]:
    """The values of CPS_ID_CARD, CPS_NAME_PS, CPS_LANG_PS and CPS_INFO_PS, by these names, for a new card.

    *issued* and *expires* are dates AAAAMMJJ. Responsibility, structure and department have no place in them.
    """
    info: dict[str, JsonValue] = {
        "carte": {"type": f"{holder.card_type:02X}"},
        "id_nat_ps": holder.national_id,
    }
    if holder.profession is not None:
        info["profession"] = f"{holder.profession:02d}"
    if holder.future_profession is not None:
        info["metier"] = f"{holder.future_profession:02d}"
    info["nom_exercice"] = holder.family_name
    if holder.speciality is not None:
        info["specialite"] = holder.speciality
    return {
        "CPS_ID_CARD": {
            "emetteur": ISSUER,
            "numero": holder.card_number,
            "categorie": f"{holder.category:02X}",
            "emission": issued,
            "fin_validite": expires,
        },
        "CPS_NAME_PS": {
            "civilite": f"{holder.civility:02d}",
            "nom_patronymique": holder.family_name,
            "prenoms": [holder.given_name, "", ""],
            "prenom_usuel": holder.given_name,
        },
        "CPS_LANG_PS": {"langues": ["fr"]},
        "CPS_INFO_PS": info,
    }
