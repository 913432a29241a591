"""The business data in the CPS2ter volet of a card: InfosCarte, InfosPorteur, InfosPS2, situations d'exercice and de facturation.

The tags and encodings of the situations (E8) and of InfosPS2 (E6) are those that the Windows tool of the GIP-CPS reads
(ansforge/dops-cryptolib); InfosCarte, InfosPorteur and the billing are read like the business data of a CPS3. Which
of the optional parts an issuer writes is inferred, hence ``synthetic``; CPS2TER_LANG is ``synthetic`` as a whole.
"""

import re

from bifente.layouts.codec import JsonValue, record, string
from bifente.layouts.codecs import businessdata
from bifente.layouts.codecs.businessvalues import Decimal, Digits, First, Flags, ShortObject
from bifente.layouts.codecs.template import Element, Template
from bifente.layouts.codecs.values import Hex, Number, Text
from bifente.layouts.errors import LayoutError
from bifente.slotted import dataclass

NONE = 0xFF
"""The byte of a code that is not given."""


@dataclass(frozen=True, slots=True)
class DecimalOrNone:
    """One byte as two decimal digits; the empty text is FF, no code."""

    def encode(self, value: JsonValue) -> bytes:
        """The byte; LayoutError."""
        return bytes((NONE,)) if value == "" else Decimal().encode(value)

    def decode(self, data: bytes) -> JsonValue:
        """Two digits or the empty text; LayoutError."""
        return "" if data == bytes((NONE,)) else Decimal().decode(data)


@dataclass(frozen=True, slots=True)
class Establishment:
    """Sector (G19), legal form (G21) and identifier of a structure: two bytes, then nibbles, the last F to fill."""

    def encode(self, value: JsonValue) -> bytes:
        """The bytes of ``{"secteur", "forme_juridique", "structure"}``; LayoutError naming the part."""
        parts = record(value, "etablissement", ("secteur", "forme_juridique", "structure"))
        structure = string(parts["structure"], "structure")
        if re.fullmatch("[0-9A-E]{0,15}", structure) is None:
            raise LayoutError("structure: at most 15 digits or letters A to E expected")
        head = b"".join(DecimalOrNone().encode(parts[key]) for key in ("secteur", "forme_juridique"))
        return head + bytes.fromhex(structure + "F" * (len(structure) % 2))

    def decode(self, data: bytes) -> JsonValue:
        """The three parts; LayoutError."""
        if not 2 <= len(data) <= 10:
            raise LayoutError(f"2 to 10 bytes expected, not {len(data)}")
        structure = data[2:].hex().upper().removesuffix("F")
        if re.fullmatch("[0-9A-E]{0,15}", structure) is None:
            raise LayoutError("structure: the nibble F only fills")
        sector, form = (DecimalOrNone().decode(data[at : at + 1]) for at in (0, 1))
        return {"secteur": sector, "forme_juridique": form, "structure": structure}


_BYTE = Hex((1,))
_DAY = Digits(4, (8,))
_NAME = Text("latin-1", at_most=27)

PSINFO_PARTS = Template(
    (
        Element(
            0x80, "carte", First("type", _BYTE, "modele", Flags()), meaning="TypeCarte (G02) and ModeleCarte"
        ),
        Element(0x81, "id_nat_ps", Text("latin-1", at_most=31), meaning="IdNatPS, with its type digit (G08)"),
        Element(0x82, "profession", Decimal(), optional=True, meaning="CodeProfession (G15)"),
        Element(
            0x83,
            "metier",
            Decimal(),
            optional=True,
            meaning="CodeMetier; of a CPF the profession in training (G16)",
        ),
        Element(0x84, "situation", Decimal(), optional=True, meaning="SitProf (G14)"),
        Element(0x85, "nom_exercice", _NAME, optional=True, meaning="NomExerc"),
    )
)
ACTIVITY_PARTS = Template(
    (
        Element(
            0x80,
            "exercice",
            First("mode", Decimal(), "statut", _BYTE),
            meaning="ModeExerc (G17) and Statut (G14)",
        ),
        Element(
            0x81,
            "etablissement",
            Establishment(),
            optional=True,
            meaning="StructSectActiv (G19), StructJurid (G21), IdStruct with its type digit (G07)",
        ),
        Element(
            0x82,
            "qualification",
            First("specialite", Decimal(), "nature", Decimal()),
            optional=True,
            meaning="SpecExerc (G12) and NatureQual (G11)",
        ),
        Element(
            0x83, "tableau_pharmacien", Text("latin-1", at_most=2), optional=True, meaning="TabPharm (G05)"
        ),
        Element(0x84, "numero_logique", Number(1), meaning="NoLogSit"),
        Element(0x85, "remplace", Text("latin-1", at_most=31), optional=True, meaning="IdNatPSRemp"),
        Element(0x86, "debut", _DAY, optional=True, meaning="DateDebSit, AAAAMMJJ"),
        Element(0x87, "fin", _DAY, optional=True, meaning="DateFinSit, AAAAMMJJ"),
        Element(0x88, "raison_sociale", Text("latin-1", at_most=40), optional=True, meaning="StructRaisSoc"),
    )
)

ID = ShortObject(0xE3, businessdata.ID_CARD_PARTS)
"""InfosCarte."""

NAME = ShortObject(0xE4, businessdata.NAME_PARTS, 2)
"""InfosPorteur."""

LANGUAGES = businessdata.LANGUAGES
"""The codes of the languages."""

PSINFO = ShortObject(0xE6, PSINFO_PARTS)
"""InfosPS2."""

ACTIVITY = ShortObject(0xE8, ACTIVITY_PARTS)
"""A situation d'exercice."""

BILLING = ShortObject(0xE0, businessdata.BILLING_PARTS, 3)
"""The situations de facturation."""

PARTS: dict[str, tuple[int, Template]] = {
    "CPS2TER_PSINFO": (0xE6, PSINFO_PARTS),
    "CPS2TER_ACTIVITY_nn_PS": (0xE8, ACTIVITY_PARTS),
}
"""The outer tag and the parts of the objects that a CPS3 has in another form."""
