"""The CPS4."""

from typing import TYPE_CHECKING

from bifente.applets.families import Document, Family
from bifente.applets.kernel.classes import ClassPolicy
from bifente.applets.kernel.messaging import KEY_SET_MESSAGING
from bifente.layouts.cards.cps4 import CHANNELS, LAYOUT
from bifente.layouts.cps2ter import CLASS

if TYPE_CHECKING:
    from bifente.apdu.command import CommandAPDU
    from bifente.applets.families.cps4.profile import ChipDocProfile
    from bifente.applets.kernel.card import SmartCard
    from bifente.applets.kernel.instruction import Table


def _instructions() -> "Table":
    from bifente.applets.families.cps4.instructions import INSTRUCTIONS

    return INSTRUCTIONS


class _OtherApplet:
    """The CPS2ter of the chip, loaded when it is first spoken to."""

    def transmit(self, card: "SmartCard", apdu: "CommandAPDU") -> bytes:
        """The answer to a command of class A0."""
        from bifente.applets.families.cps4.applets import ChipCps2ter

        return ChipCps2ter().transmit(card, apdu)


def _model(_document: Document) -> "type[ChipDocProfile]":
    from bifente.applets.families.cps4.profile import ChipDocProfile

    return ChipDocProfile


FAMILY = Family(
    layout=LAYOUT,
    instructions=_instructions,
    model=_model,
    example="gp-cps4",
    classes=ClassPolicy(
        channels=CHANNELS, secure_messaging=KEY_SET_MESSAGING, applets={CLASS: _OtherApplet()}
    ),
)
