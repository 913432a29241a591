"""The kinds of card that are known, for everybody who does not emulate them: terminals, traces, suites, command line.

A kind is a line of :data:`_MODULES`, or a layout that a program adds. A layout is loaded when somebody asks for it.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bifente.layouts.nodes import Layout

_MODULES: Final = {
    "cps3": "bifente.layouts.cards.cps3",
    "cps4": "bifente.layouts.cards.cps4",
    "vitale2": "bifente.layouts.cards.vitale2",
    "vitale1": "bifente.layouts.cards.vitale1",
    "t1test": "bifente.layouts.cards.t1test",
    "isotest": "bifente.layouts.cards.isotest",
}
"""Name of a kind, as card files and profiles have it → the module whose ``LAYOUT`` describes it."""

_BROUGHT: Final = tuple(_MODULES)
_added: "dict[str, Layout]" = {}


def kinds() -> tuple[str, ...]:
    """The names of all kinds, in the order in which a card of unknown kind is tried."""
    return (*_MODULES, *_added) if _added else _BROUGHT


def layout_of(kind: str) -> "Layout":
    """The layout of a kind of card; KeyError for a kind that is not known."""
    if kind in _added:
        return _added[kind]
    layout: Layout = import_module(_MODULES[kind]).LAYOUT
    return layout


def layouts() -> "Iterator[Layout]":
    """The layouts of all kinds."""
    return map(layout_of, kinds())


def called(kind: str) -> str:
    """What a person calls a card of that kind, with its article."""
    return layout_of(kind).called if kind in kinds() else f"a card of kind {kind}"


def add(layout: "Layout") -> None:
    """Make a kind of card known that bifente does not bring. ValueError for the name of one that is known."""
    if layout.kind in kinds():
        raise ValueError(f"there is a kind of card {layout.kind} already")
    _added[layout.kind] = layout


def remove(kind: str) -> None:
    """Forget a kind that was added; KeyError for any other."""
    del _added[kind]
