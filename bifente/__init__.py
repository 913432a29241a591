"""bifente: the French health cards (CPS, carte Vitale) and their care sheets, emulated.

Named after the *lecteur bi-fente*, the two-slot reader in which both cards meet. What most programs begin with stands
here and is imported when it is first used; the rest lives in sub-packages (``docs/architecture.md``)::

    from bifente import emulated_card

    card = emulated_card("gp")
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bifente.apdu import SW, CommandAPDU, ResponseAPDU
    from bifente.applets import open_card, read_card
    from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
    from bifente.terminal import CpsSession, Vitale1Session, VitaleSession, patient_session, recognise
    from bifente.workbench.cards.maker import emulated_card

__version__ = "0.1.0"

__all__ = [
    "CPS_SLOT",
    "SW",
    "VITALE_SLOT",
    "CommandAPDU",
    "CpsSession",
    "ResponseAPDU",
    "TwoSlotReader",
    "Vitale1Session",
    "VitaleSession",
    "__version__",
    "emulated_card",
    "open_card",
    "patient_session",
    "read_card",
    "recognise",
]

_MODULES = {
    **dict.fromkeys(("SW", "CommandAPDU", "ResponseAPDU"), "apdu"),
    **dict.fromkeys(("open_card", "read_card"), "applets"),
    **dict.fromkeys(("CPS_SLOT", "VITALE_SLOT", "TwoSlotReader"), "reader"),
    **dict.fromkeys(
        ("CpsSession", "Vitale1Session", "VitaleSession", "patient_session", "recognise"), "terminal"
    ),
    "emulated_card": "workbench.cards.maker",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
