"""The surgery: a store in which each sheet and lot is a state machine, what it sends, collects, sends again and archives.

The names are imported when they are first used.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bifente.fse.cabinet.cabinet import Cabinet, KeptSheet
    from bifente.fse.cabinet.errors import CabinetError, EventRefused
    from bifente.fse.cabinet.records import CabinetLot, CabinetSheet
    from bifente.fse.cabinet.states import LotEvent, LotState, SheetEvent, SheetState
    from bifente.fse.cabinet.workingdays import WorkingDays

__all__ = [
    "Cabinet",
    "CabinetError",
    "CabinetLot",
    "CabinetSheet",
    "EventRefused",
    "KeptSheet",
    "LotEvent",
    "LotState",
    "SheetEvent",
    "SheetState",
    "WorkingDays",
]

_MODULES = {
    **dict.fromkeys(("Cabinet", "KeptSheet"), "cabinet"),
    **dict.fromkeys(("CabinetError", "EventRefused"), "errors"),
    **dict.fromkeys(("CabinetLot", "CabinetSheet"), "records"),
    **dict.fromkeys(("LotEvent", "LotState", "SheetEvent", "SheetState"), "states"),
    "WorkingDays": "workingdays",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
