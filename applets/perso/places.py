"""Where each kind of card keeps its keys and their certificates, by the names that profiles give them."""

from collections.abc import Mapping
from typing import Final

from bifente.layouts import cps3
from bifente.layouts.recognition import KEY_RECOGNITION, KEY_SHEET

_APPLICATION: Final = "3F00/0001"
_VITALE, _ADELE = "3F00/0001", "3F00/0002"

KEYS: Final[dict[str, Mapping[str, tuple[str, int]]]] = {
    "cps3": {
        "signature": (_APPLICATION, cps3.KEY_SIGNATURE),
        "authentication": (_APPLICATION, cps3.KEY_AUTHENTICATION),
        "recognition": (_APPLICATION, KEY_RECOGNITION),
    },
    "vitale2": {"recognition": (_VITALE, KEY_RECOGNITION), "sheet": (_ADELE, KEY_SHEET)},
}
CERTIFICATES: Final[dict[str, Mapping[str, str]]] = {
    "cps3": {"EF.C.CH.SIG": "signature", "EF.C.CH.AUT": "authentication", "EF.CVC": "recognition"},
    "vitale2": {"EF.CVC": "recognition", "EF.CVC.SHEET": "sheet"},
}


def certificate_files(kind: str) -> Mapping[str, str]:
    """Name of each certificate's file → name of its key, for a kind of card."""
    return CERTIFICATES.get(kind, {})


def key_places(kind: str) -> Mapping[str, tuple[str, int]]:
    """Name of each private key → its directory's path and its reference, for a kind of card."""
    return KEYS.get(kind, {})
