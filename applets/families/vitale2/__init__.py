"""The carte Vitale 2."""

from typing import TYPE_CHECKING

from bifente.applets.families import Document, Family
from bifente.applets.kernel.classes import ClassPolicy
from bifente.applets.kernel.messaging import KEY_SET_MESSAGING
from bifente.layouts.cards.vitale2 import LAYOUT

if TYPE_CHECKING:
    from bifente.applets.families.vitale2.profile import VitaleProfile
    from bifente.applets.kernel.instruction import Table


def _instructions() -> "Table":
    from bifente.applets.families.vitale2.instructions import INSTRUCTIONS

    return INSTRUCTIONS


def _model(_document: Document) -> "type[VitaleProfile]":
    from bifente.applets.families.vitale2.profile import VitaleProfile

    return VitaleProfile


FAMILY = Family(
    layout=LAYOUT,
    instructions=_instructions,
    model=_model,
    example="vitale-volets",
    classes=ClassPolicy(secure_messaging=KEY_SET_MESSAGING),
)
