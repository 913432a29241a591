"""The families of cards: what the emulator needs to know of each kind, in a folder of its own.

A family is the package ``bifente.applets.families.<kind>`` with its ``FAMILY``, for a kind that
``bifente.layouts.registry`` lists, or a value that a program registers. It is loaded when a card of its kind is met.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from bifente.layouts import registry

if TYPE_CHECKING:
    from bifente.applets.families.family import Family

_registered: "dict[str, Family]" = {}


def family_of(kind: str) -> "Family":
    """The family of a kind of card; KeyError for a kind that is not known."""
    if kind in _registered:
        return _registered[kind]
    if kind not in registry.kinds():
        raise KeyError(kind)
    family: Family = import_module(f"{__name__}.{kind}").FAMILY
    return family


def register(family: "Family") -> None:
    """Make a kind of card known that bifente does not bring. ValueError when its name is taken."""
    registry.add(family.layout)
    _registered[family.kind] = family


def unregister(kind: str) -> None:
    """Forget a kind that was registered; KeyError for any other."""
    registry.remove(kind)
    del _registered[kind]
