"""The families of cards: what the emulator needs to know of each kind, in a folder of its own.

A family is the package ``bifente.applets.families.<kind>`` with its ``FAMILY``, for a kind that
``bifente.layouts.registry`` lists, or a value that a program registers. It is loaded when a card of its kind is met.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from bifente.applets.kernel.classes import INTERINDUSTRY, ClassPolicy
from bifente.layouts import registry
from bifente.layouts.codec import JsonValue
from bifente.layouts.nodes import Layout
from bifente.slotted import dataclass

if TYPE_CHECKING:
    from bifente.applets.kernel.instruction import Table
    from bifente.applets.perso.profile.model import Profile

Document = Mapping[str, JsonValue]
"""A profile as a document, not yet validated."""


def as_kept(kept: Document, form: int | None) -> dict[str, JsonValue]:  # noqa: ARG001
    """What a card keeps of its profile, when all cards of the kind keep it in the same form."""
    return dict(kept)


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of card.

    Instructions and model are functions that load them, since a card that is only shown needs neither.
    """

    layout: Layout
    """Files, access rules, PINs, keys and certificates, its part in the recognition."""
    instructions: "Callable[[], Table]"
    """What it answers to."""
    model: "Callable[[Document], type[Profile]]"
    """The model of a document that says this kind; its methods give what stands on the card."""
    example: str
    """A profile, shipped by that name or the path of a file, of which suites make a card that they try."""
    classes: ClassPolicy = INTERINDUSTRY
    """Which class bytes it takes."""
    restored: Callable[[Document, int | None], dict[str, JsonValue]] = as_kept
    """The profile as a document again, of what a card keeps of it and the form that the card says."""

    @property
    def kind(self) -> str:
        """Its name in card files and profiles."""
        return self.layout.kind


_registered: dict[str, Family] = {}


def family_of(kind: str) -> Family:
    """The family of a kind of card; KeyError for a kind that is not known."""
    if kind in _registered:
        return _registered[kind]
    if kind not in registry.kinds():
        raise KeyError(kind)
    family: Family = import_module(f"{__name__}.{kind}").FAMILY
    return family


def register(family: Family) -> None:
    """Make a kind of card known that bifente does not bring. ValueError when its name is taken."""
    registry.add(family.layout)
    _registered[family.kind] = family


def unregister(kind: str) -> None:
    """Forget a kind that was registered; KeyError for any other."""
    registry.remove(kind)
    del _registered[kind]
