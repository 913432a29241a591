"""The ISO test card: every structure of file and every command of the kernel."""

from typing import TYPE_CHECKING

from bifente.applets.families import Document, Family
from bifente.applets.kernel.classes import ClassPolicy
from bifente.layouts.cards.isotest import LAYOUT

if TYPE_CHECKING:
    from bifente.applets.families.isotest.profile import IsoTestProfile
    from bifente.applets.kernel.instruction import Table


def _instructions() -> "Table":
    from bifente.applets.families.isotest.instructions import INSTRUCTIONS

    return INSTRUCTIONS


def _model(_document: Document) -> "type[IsoTestProfile]":
    from bifente.applets.families.isotest.profile import IsoTestProfile

    return IsoTestProfile


FAMILY = Family(
    layout=LAYOUT,
    instructions=_instructions,
    model=_model,
    example="isotest",
    classes=ClassPolicy(channels=20),
)
