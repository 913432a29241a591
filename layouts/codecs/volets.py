"""The two volets of a carte Vitale 2 that are of use without software of the insurance: emergency and medical.

The public presentations of the Vitale 2 say what they are for: whom to warn and which doctor to ask when somebody is
found unconscious; allergies and long treatments. Structure, tags and sizes are **synthetic**: BER-TLV, UTF-8,
followed by zeros. A volet of zeros only holds nothing (None).
"""

from bifente.layouts.codec import PaddedCodec
from bifente.layouts.codecs.template import Element, Template, Wrapped
from bifente.layouts.codecs.values import DATE, Text

EMERGENCY_SIZE = 512
MEDICAL_SIZE = 2048

_NAME = Text("utf-8", at_most=80, at_least=1)
_LINE = Text("utf-8", at_most=120)
_PHONE = Text("ascii", pattern=r"\+?[0-9][0-9 .]{0,19}", expected="a telephone number")

EMERGENCY = PaddedCodec(
    Wrapped(
        0xE1,
        Template(
            (
                Element(
                    0xA1,
                    "personnes_a_prevenir",
                    Template(
                        (
                            Element(0x80, "nom", _NAME),
                            Element(0x81, "prenom", _LINE, optional=True),
                            Element(0x82, "telephone", _PHONE),
                            Element(0x83, "lien", _LINE, optional=True, meaning="e.g. conjointe, fils"),
                        )
                    ),
                    many=True,
                ),
                Element(
                    0xA2,
                    "medecin_traitant",
                    Template(
                        (
                            Element(0x80, "nom", _NAME),
                            Element(0x81, "identifiant", _LINE, optional=True, meaning="national identifier"),
                            Element(0x82, "telephone", _PHONE, optional=True),
                        )
                    ),
                    optional=True,
                ),
                Element(0x90, "mise_a_jour", DATE, optional=True, meaning="AAAAMMJJ"),
            )
        ),
    ),
    EMERGENCY_SIZE,
)
"""``{"personnes_a_prevenir": [{"nom", "prenom", "telephone", "lien"}], "medecin_traitant": {"nom", "identifiant",
"telephone"}, "mise_a_jour": "AAAAMMJJ"}`` or None, 512 bytes."""

MEDICAL = PaddedCodec(
    Wrapped(
        0xE2,
        Template(
            (
                Element(
                    0xA1,
                    "allergies",
                    Template(
                        (
                            Element(0x80, "substance", _NAME),
                            Element(0x81, "reaction", _LINE, optional=True),
                            Element(0x82, "constatee", DATE, optional=True, meaning="AAAAMMJJ"),
                        )
                    ),
                    many=True,
                ),
                Element(
                    0xA2,
                    "traitements",
                    Template(
                        (
                            Element(0x80, "medicament", _NAME),
                            Element(0x81, "posologie", _LINE, optional=True),
                            Element(0x82, "motif", _LINE, optional=True),
                            Element(0x83, "debut", DATE, optional=True, meaning="AAAAMMJJ"),
                            Element(0x84, "fin", DATE, optional=True, meaning="AAAAMMJJ"),
                        )
                    ),
                    many=True,
                    meaning="traitements au long cours",
                ),
                Element(0x90, "mise_a_jour", DATE, optional=True, meaning="AAAAMMJJ"),
            )
        ),
    ),
    MEDICAL_SIZE,
)
"""``{"allergies": [{"substance", "reaction", "constatee"}], "traitements": [{"medicament", "posologie", "motif",
"debut", "fin"}], "mise_a_jour": "AAAAMMJJ"}`` or None, 2048 bytes."""
