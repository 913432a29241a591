"""The cards. What stands here is imported when it is first used: showing a card file needs no card that answers."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard
    from bifente.applets.kernel.records import layout_of
    from bifente.applets.kinds import card_of, open_card, read_card

__all__ = ["SmartCard", "card_of", "layout_of", "open_card", "read_card"]


_MODULES = {"SmartCard": "kernel.card", "layout_of": "kernel.records"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'kinds')}"), name)
