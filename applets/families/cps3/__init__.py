"""The CPS3."""

from typing import TYPE_CHECKING

from bifente.applets.families import Document, Family
from bifente.applets.kernel.classes import ClassPolicy
from bifente.applets.kernel.messaging import KEY_SET_MESSAGING
from bifente.layouts.cards.cps3 import LAYOUT
from bifente.layouts.codec import JsonValue
from bifente.layouts.cps2ter import CLASS

if TYPE_CHECKING:
    from bifente.apdu.command import CommandAPDU
    from bifente.applets.families.cps3.profile import ProfessionalProfile
    from bifente.applets.kernel.card import SmartCard
    from bifente.applets.kernel.instruction import Table


def _instructions() -> "Table":
    from bifente.applets.families.cps3.instructions import INSTRUCTIONS

    return INSTRUCTIONS


class _OtherApplet:
    """The CPS2ter of the chip, loaded when it is first spoken to."""

    def transmit(self, card: "SmartCard", apdu: "CommandAPDU") -> bytes:
        """The answer to a command of class A0."""
        from bifente.applets.commands.cps2ter import Cps2terApplet

        return Cps2terApplet().transmit(card, apdu)


def _model(document: Document) -> "type[ProfessionalProfile]":
    from bifente.applets.families.cps3.forms import EarlierProfile, PresentProfile

    return EarlierProfile if document.get("form") == 1 else PresentProfile


def _restored(kept: Document, form: int | None) -> dict[str, JsonValue]:
    """A card that says no form was made with business data of form 1."""
    return {**kept, "form": 1} if form is None else dict(kept)


FAMILY = Family(
    layout=LAYOUT,
    instructions=_instructions,
    model=_model,
    example="gp",
    classes=ClassPolicy(secure_messaging=KEY_SET_MESSAGING, applets={CLASS: _OtherApplet()}),
    restored=_restored,
)
