"""The carte Vitale 1: the family card."""

from typing import TYPE_CHECKING

from bifente.applets.families import Document, Family
from bifente.applets.kernel.classes import ClassPolicy
from bifente.layouts.cards.vitale1 import CLASS, LAYOUT

if TYPE_CHECKING:
    from bifente.applets.families.vitale1.profile import FamilyCardProfile
    from bifente.applets.kernel.instruction import Table


def _instructions() -> "Table":
    from bifente.applets.families.vitale1.instructions import INSTRUCTIONS

    return INSTRUCTIONS


def _model(_document: Document) -> "type[FamilyCardProfile]":
    from bifente.applets.families.vitale1.profile import FamilyCardProfile

    return FamilyCardProfile


FAMILY = Family(
    layout=LAYOUT,
    instructions=_instructions,
    model=_model,
    example="vitale1-family",
    classes=ClassPolicy(proprietary=frozenset({CLASS}), interindustry=False),
)
