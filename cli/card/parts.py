"""Parts of a card on the command line: their completion, and how they are printed."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from bifente.cli.visible import say

if TYPE_CHECKING:
    from bifente.workbench.cards.parts import Inside, Shown


def complete_part(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The parts of the card that stands before on the command line; none when it cannot be read."""
    from bifente.workbench.cards.parts import names_in

    card = ctx.params.get("card")
    if card is None:
        return []
    wanted = incomplete.casefold()
    return [CompletionItem(name) for name in names_in(Path(card)) if name.casefold().startswith(wanted)]


def show_parts(found: "Mapping[str, Shown | Inside]") -> None:
    """Print parts of a card one after the other."""
    from bifente.applets.perso.edit.view import lines_of
    from bifente.cli.card.tree import show_part, show_value
    from bifente.workbench.cards.parts import Inside

    for part in found.values():
        if not isinstance(part, Inside):
            show_part(part)
        elif isinstance(part.value, dict | list):
            show_value(lines_of(part.value))
        else:
            say(str(part.value))
