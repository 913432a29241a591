"""The CPS4: the chip ChipDoc of NXP, the IAS applet on logical channel 1, a CPS2ter on the basic one.

Public are its answers to reset, the names of its applets, its channels, the forms of its commands, the algorithms and how
the public middleware uses its PIN and keys (ansforge/dops-cryptolib, ``card-cps4.c``, and what its library sends). Its
files are not: ours are those of the CPS3, with rules and all, and the objects of the CPS2ter that its PKCS#11 library
lists beside them. So whatever stands here and is not said to be public is ``synthetic``.
"""

from dataclasses import replace
from typing import Final

from bifente.apdu.files.security import Operation
from bifente.layouts import cps2ter
from bifente.layouts.access import ALWAYS, NEVER, Pin
from bifente.layouts.cards import cps3
from bifente.layouts.codec import Codec, RawCodec
from bifente.layouts.codecs import cps2terdata, identity
from bifente.layouts.nodes import EF, SYNTHETIC, Crt, KeyObject, Layout, PinObject, ef_access
from bifente.layouts.recognition import ALGORITHM_RECOGNITION, CPS, CPS_ISSUER_SIGNATURE_FID, KEY_RECOGNITION

ATR: Final = bytes.fromhex("3B9B188001001225006480040100009044")
ATR_CANDIDATE: Final = bytes.fromhex("3B9B188001001225006480000401009044")
"""That of the release candidates."""
ATR_T0: Final = bytes.fromhex("3BDC18FF00001225006480000401009000")
"""That of cards which speak T=0 alone."""

CRYPTOLIB: Final = "ansforge/dops-cryptolib, card-cps4.c"
_ALIKE: Final = f"{SYNTHETIC}: as on the CPS3"

AID_ISSUER: Final = bytes.fromhex("A0000001510000")
"""GlobalPlatform's security domain of the issuer, which the middleware selects to leave the IAS applet."""
CHANNELS: Final = 4

KEY_AUTHENTICATION, KEY_SIGNATURE = 0xA0, 0xA1
"""20 is public; the middleware sets bit 8 to sign, and leaves it out to decipher."""

SHA1_PKCS1, SHA1_PSS, SHA256_PKCS1, SHA256_PSS = 0x0A, 0x15, 0x28, 0x2C
SIGNED: Final = {
    SHA1_PKCS1: ("sha1", False),
    SHA1_PSS: ("sha1", True),
    SHA256_PKCS1: ("sha256", False),
    SHA256_PSS: ("sha256", True),
}
"""Algorithm reference → the digest that it signs, and whether with PSS."""
RAW: Final = 0x00
"""The bare private operation, for which MSE names no algorithm; the number is ours."""

FIRST_OBJECT_FID: Final = 0xD140

_HOLDER = Pin(cps3.PIN)
_APPLICATION = next(node for node in cps3.LAYOUT.mf.directories() if node.fid == 0x0001)


def _alike(node: EF) -> EF:
    return replace(node, contactless=None, source=_ALIKE)


def _object(number: int, name: str, codec: Codec, meaning: str, *, under_pin: bool = False) -> EF:
    """One of the objects of the CPS2ter that the middleware finds beside those of the CPS3 (its specifications, table)."""
    return EF(
        f"{name} (IAS)",
        FIRST_OBJECT_FID + number,
        codec,
        ef_access(read=_HOLDER if under_pin else ALWAYS),
        f"ansforge/dops-cryptolib (name, rule); FID and content {SYNTHETIC}",
        meaning=meaning,
        optional=True,
        personal=True,
    )


OBJECTS: Final = (
    _object(0, "CPS2TER_ATR", RawCodec(), "the answer to reset of a CPS2ter"),
    _object(1, "CPS2TER_ICC", identity.SERIAL, "serial number"),
    _object(2, "CPS2TER_ID", cps2terdata.ID, "InfosCarte"),
    _object(3, "CPS2TER_NAME", cps2terdata.NAME, "InfosPorteur"),
    _object(4, "CPS2TER_LANG", cps2terdata.LANGUAGES, "languages"),
    _object(5, "CPS2TER_PSINFO", cps2terdata.PSINFO, "InfosPS2"),
    *(
        _object(
            0x10 + number - 1,
            f"CPS2TER_ACTIVITY_{number:02}_PS",
            cps2terdata.ACTIVITY,
            f"situation d'exercice {number:02}",
            under_pin=True,
        )
        for number in range(1, cps2ter.ACTIVITIES + 1)
    ),
)
"""CPS2TER_DIRAMO is not among them: nothing is known of what it holds."""

_KEYS = (
    KeyObject(
        "CPS_PRIV_SIG",
        KEY_SIGNATURE,
        {Operation.COMPUTE_SIGNATURE: _HOLDER, Operation.PUT: NEVER, Operation.GET: ALWAYS},
        {Crt.SIGNATURE: frozenset(SIGNED)},
        f"{CRYPTOLIB} (algorithms); reference and rules {SYNTHETIC}",
        "signature",
        non_repudiation=True,
    ),
    KeyObject(
        "CPS_PRIV_AUT",
        KEY_AUTHENTICATION,
        {
            Operation.COMPUTE_SIGNATURE: _HOLDER,
            Operation.DECIPHER: _HOLDER,
            Operation.PUT: NEVER,
            Operation.GET: ALWAYS,
        },
        {Crt.SIGNATURE: frozenset(SIGNED), Crt.CONFIDENTIALITY: frozenset({RAW})},
        f"{CRYPTOLIB} (reference, algorithms); rules {SYNTHETIC}",
        "authentication",
        non_repudiation=False,
    ),
    KeyObject(
        "CPS_PRIV_C2C",
        KEY_RECOGNITION,
        {Operation.INTERNAL_AUTHENTICATE: _HOLDER, Operation.PUT: NEVER, Operation.GET: ALWAYS},
        {Crt.AUTHENTICATION: frozenset({ALGORITHM_RECOGNITION})},
        SYNTHETIC,
        "recognition",
        non_repudiation=False,
    ),
)


def _pin(pin: PinObject) -> PinObject:
    return replace(pin, source=f"{CRYPTOLIB} (commands, three tries); reference and rules {_ALIKE}")


LAYOUT: Final = Layout(
    "cps4",
    "CPS4, contact",
    "a CPS",
    ATR,
    None,
    replace(
        cps3.LAYOUT.mf,
        source=f"{CRYPTOLIB} (name); the rest {_ALIKE}",
        children=(
            *(_alike(node) for node in cps3.LAYOUT.mf.files() if not node.apart),
            replace(
                _APPLICATION,
                source=f"{CRYPTOLIB} (name); the rest {_ALIKE}",
                children=(*(_alike(node) for node in _APPLICATION.files()), *OBJECTS),
                keys=_KEYS,
            ),
            *cps2ter.VOLET,
        ),
        pins=tuple(_pin(pin) for pin in cps3.LAYOUT.mf.pins),
    ),
    select_answers=frozenset({0x00, *cps3.LAYOUT.select_answers}),
    source=f"{CRYPTOLIB}; pcsc-tools (ATR)",
    party=CPS,
    issuer_signature=f"3F00/0001/{CPS_ISSUER_SIGNATURE_FID:04X}",
    other_atrs=(ATR_CANDIDATE, ATR_T0),
)
