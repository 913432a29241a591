"""What goes wrong when the annuaire is asked: the errors that a face renders, and what kind of answer each is."""

from enum import Enum
from typing import Final

from bifente.igc.errors import IgcError
from bifente.workbench.errors import WorkbenchError

REFUSALS: Final[tuple[type[Exception], ...]] = (WorkbenchError, IgcError, OSError)
"""All that asking the annuaire may raise; everything else is a fault."""


class AnnuaireRefusal(Enum):
    """What an error is for whoever asked."""

    NOT_FOUND = 404
    NOT_UNDERSTOOD = 400
    NOT_NOW = 503


def refusal_of(error: Exception) -> AnnuaireRefusal:
    """Of one of :data:`REFUSALS`: whether there is no such entry, the question is wrong, or the file cannot be read now."""
    kind = str(getattr(error, "kind", ""))
    if kind == "input.not-listed":
        return AnnuaireRefusal.NOT_FOUND
    return AnnuaireRefusal.NOT_UNDERSTOOD if kind.startswith("input") else AnnuaireRefusal.NOT_NOW
