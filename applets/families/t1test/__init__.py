"""The T=1 test card: an echo and one large file."""

from typing import TYPE_CHECKING

from bifente.applets.families import Document, Family
from bifente.layouts.cards.t1test import LAYOUT

if TYPE_CHECKING:
    from bifente.applets.families.t1test.profile import T1TestProfile
    from bifente.applets.kernel.instruction import Table


def _instructions() -> "Table":
    from bifente.applets.families.t1test.instructions import INSTRUCTIONS

    return INSTRUCTIONS


def _model(_document: Document) -> "type[T1TestProfile]":
    from bifente.applets.families.t1test.profile import T1TestProfile

    return T1TestProfile


FAMILY = Family(layout=LAYOUT, instructions=_instructions, model=_model, example="t1test")
