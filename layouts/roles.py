"""Who may open what on a Vitale: the authorisation patterns behind the rules ``auth(…)``. All ``synthetic``.

The law says who may read what; how the real card knows is not public. The type of card is in each pattern, so that
profession 10 of a student (CPF, table G16) is never taken for a doctor (CPS, table G15).
"""

from bifente.apdu import tlv
from bifente.apdu.cvc import DOMAIN_CPS, ChaPattern
from bifente.layouts.access import Auth
from bifente.layouts.nodes import SYNTHETIC, SecurityEnvironment

_CPS, _CPF, _CPE, _CPA = 0, 1, 2, 3
_DOCTOR, _PHARMACIST, _DENTIST, _MIDWIFE = 10, 21, 40, 50

ANY_PROFESSIONAL = Auth(
    1,
    (ChaPattern(DOMAIN_CPS, _CPS), ChaPattern(DOMAIN_CPS, _CPE), ChaPattern(DOMAIN_CPS, _CPA)),
    "any professional",
)
"""Rights and sheet signature: CPS, CDE/CPE and CPA; not a CPF, whose holder does not bill."""

MEDICAL_VOLET = Auth(
    2,
    tuple(ChaPattern(DOMAIN_CPS, _CPS, code) for code in (_DOCTOR, _PHARMACIST, _DENTIST, _MIDWIFE)),
    "doctor, pharmacist, dentist or midwife",
)
"""Allergies and long treatments: those who prescribe or dispense."""

EMERGENCY_VOLET = Auth(
    4,
    (ChaPattern(DOMAIN_CPS, _CPS), ChaPattern(DOMAIN_CPS, _CPF)),
    "practising or in training",
)
"""Person to warn and treating doctor: whoever gives care, in training or not; no employee of an office."""

RECOGNISED = Auth(
    6,
    tuple(ChaPattern(DOMAIN_CPS, kind) for kind in (_CPS, _CPF, _CPE, _CPA)),
    "any card of the CPS family",
)
"""The Vitale proves itself to whatever professional's card has proven itself first."""


def environment(rule: Auth) -> SecurityEnvironment:
    """The security environment that lists the patterns of *rule*: one template A4 for each, ``FF`` for any value."""
    templates = b"".join(
        tlv.encode(
            0xA4,
            tlv.encode(0x95, b"\x80") + tlv.encode(0x5F4C, bytes.fromhex(str(pattern).replace("..", "FF"))),
        )
        for pattern in rule.patterns
    )
    return SecurityEnvironment(rule.environment, tlv.encode(0x7B, templates), rule.name, SYNTHETIC)


def pin_environment(number: int, reference: int, meaning: str) -> SecurityEnvironment:
    """The security environment that names PIN *reference* (usage qualifier 08: user authentication)."""
    template = tlv.encode(0xA4, tlv.encode(0x83, bytes((reference,))) + tlv.encode(0x95, b"\x08"))
    return SecurityEnvironment(number, tlv.encode(0x7B, template), meaning, SYNTHETIC)
