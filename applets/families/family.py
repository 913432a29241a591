"""A family: what the emulator needs to know of a kind of card, in one value."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

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
    restored: Callable[[Document, int | None], dict[str, JsonValue]] = as_kept
    """The profile as a document again, of what a card keeps of it and the form that the card says."""

    @property
    def kind(self) -> str:
        """Its name in card files and profiles."""
        return self.layout.kind
