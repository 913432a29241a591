"""The CPS2ter volet: what a chip that also is a CPS2ter shows to class A0, and to no other command.

Public are the class, the status words, the form of what SELECT answers, and where the situations stand: 3F00/7F01/4000
and 3F00/4010 to 401F (ansforge/dops-cryptolib, where the middleware reads them on a CPS3). That the volet of
identification is free and that of the assurance maladie under the PIN is secondary literature. Reference and form of the
PIN, and the files of the other blocks, are ``synthetic``.
"""

from bifente.layouts.access import ALWAYS, Pin
from bifente.layouts.codec import Codec
from bifente.layouts.codecs import cps2terdata
from bifente.layouts.nodes import DF, EF, SYNTHETIC, ef_access

CLASS = 0xA0
"""The class byte of all its commands."""

AID = bytes.fromhex("8025000001FF0002")
"""The applet's name on a CPS4."""

PIN = 0x01
ACTIVITIES = 16
BILLING_DF, BILLING_FID, FIRST_ACTIVITY_FID = 0x7F01, 0x4000, 0x4010

_CRYPTOLIB = "ansforge/dops-cryptolib"
_FREE = ef_access(read=ALWAYS)
_UNDER_PIN = ef_access(read=Pin(PIN))


def _identification(name: str, fid: int, codec: Codec, meaning: str, source: str) -> EF:
    return EF(name, fid, codec, _FREE, source, meaning=meaning, optional=True, personal=True, apart=True)


def _situation(name: str, fid: int, codec: Codec, meaning: str, *, apart: bool) -> EF:
    source = f"{_CRYPTOLIB} (FID, rule, tags and encodings); choice of parts {SYNTHETIC}"
    return EF(
        name, fid, codec, _UNDER_PIN, source, meaning=meaning, optional=True, personal=True, apart=apart
    )


VOLET: tuple[EF | DF, ...] = (
    _identification(
        "CPS2TER_ID", 0x4001, cps2terdata.ID, "InfosCarte", f"{_CRYPTOLIB} (tags); FID {SYNTHETIC}"
    ),
    _identification(
        "CPS2TER_NAME", 0x4002, cps2terdata.NAME, "InfosPorteur", f"{_CRYPTOLIB} (tags); FID {SYNTHETIC}"
    ),
    _identification("CPS2TER_LANG", 0x4003, cps2terdata.LANGUAGES, "languages", SYNTHETIC),
    _identification(
        "CPS2TER_PSINFO", 0x4004, cps2terdata.PSINFO, "InfosPS2", f"{_CRYPTOLIB} (tags); FID {SYNTHETIC}"
    ),
    *(
        _situation(
            f"CPS2TER_ACTIVITY_{number:02}_PS",
            FIRST_ACTIVITY_FID + number - 1,
            cps2terdata.ACTIVITY,
            f"situation d'exercice {number:02}",
            apart=True,
        )
        for number in range(1, ACTIVITIES + 1)
    ),
    DF(
        "DF CPS2ter",
        BILLING_DF,
        _CRYPTOLIB,
        children=(
            _situation(
                "CPS2TER_SIT_FACT", BILLING_FID, cps2terdata.BILLING, "situations de facturation", apart=False
            ),
        ),
        apart=True,
    ),
)
"""What stands below the MF for class A0 alone."""
