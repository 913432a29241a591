"""For the tests of your own software: emulated cards as pytest fixtures, declared in one line; and without pytest.

What stands here is imported when it is first used.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bifente.testing.declared import Wanted
    from bifente.testing.emulated import (
        EmulatedCps,
        EmulatedReader,
        EmulatedVitale,
        RecordedTrace,
        emulated_reader,
    )
    from bifente.workbench.cards.maker import PIN, PUK, CardMaker, emulated_card

__all__ = [
    "PIN",
    "PUK",
    "CardMaker",
    "EmulatedCps",
    "EmulatedReader",
    "EmulatedVitale",
    "RecordedTrace",
    "Wanted",
    "emulated_card",
    "emulated_reader",
]

_MODULES = {
    "Wanted": "bifente.testing.declared",
    **dict.fromkeys(
        ("EmulatedCps", "EmulatedReader", "EmulatedVitale", "RecordedTrace", "emulated_reader"),
        "bifente.testing.emulated",
    ),
    **dict.fromkeys(("PIN", "PUK", "CardMaker", "emulated_card"), "bifente.workbench.cards.maker"),
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_MODULES[name]), name)
