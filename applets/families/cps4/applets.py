"""Which applet each logical channel of a CPS4 has: the IAS applet, the CPS2ter, or the security domain of the issuer.

The middleware speaks to the IAS applet on channel 1 and leaves the CPS2ter on the basic one (ansforge/dops-cryptolib,
``card-cps4.c``). When the card answers 6985 there, it selects the issuer's domain on channel 1, the CPS2ter on channel 0
and the IAS applet on channel 1 again. So the IAS applet is one that cannot be selected on two channels at once
(GlobalPlatform Card Specification 2.3.1 §6.3: 6985), and that sequence takes it from whichever it was on. That the basic
channel begins with the CPS2ter, and what a channel answers whose applet is another, is ``synthetic``.
"""

from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.commands import selection
from bifente.applets.commands.cps2ter import Cps2terApplet, VoletState, no_class
from bifente.applets.commands.selection import Method, SelectRequest
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.files import Tree
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.state import LogicalChannel
from bifente.layouts import cps2ter
from bifente.layouts.cards.cps4 import AID_ISSUER, LAYOUT
from bifente.slotted import dataclass, field

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE: Final = "ansforge/dops-cryptolib, card-cps4.c"
_PLATFORM: Final = "GlobalPlatform Card Specification 2.3.1 §6.3"
_LEAST_NAME: Final = 5
"""Bytes of a DF name: a shorter one names no applet of the platform."""


class Applet(Enum):
    """What a logical channel has selected."""

    IAS = "the IAS applet"
    CPS2TER = "the CPS2ter"
    ISSUER = "the issuer's security domain"


@dataclass(slots=True)
class ChipState(VoletState):
    """What the CPS2ter knows, what each channel has selected, and which PIN may be replaced without its old value."""

    selected: dict[LogicalChannel, Applet] = field(default_factory=dict)
    unblocked: int | None = None

    def on(self, card: "SmartCard", channel: LogicalChannel) -> Applet:
        """The applet of *channel*: the basic one begins with the CPS2ter, the others with the issuer's domain."""
        return self.selected.get(channel, Applet.CPS2TER if channel is card.basic else Applet.ISSUER)


def state_of(card: "SmartCard") -> ChipState:
    """The state of the chip since its last reset."""
    if not isinstance(card.elsewhere, ChipState):
        card.elsewhere = ChipState(Tree(card.layout, card.store, apart=True).mf)
    return card.elsewhere


class ChipCps2ter(Cps2terApplet):
    """The CPS2ter of a CPS4: on the basic channel, where nobody has selected something else."""

    def enter(self, card: "SmartCard", apdu: CommandAPDU) -> None:
        """Raise 6E00 where the basic channel has another applet."""
        found = state_of(card).on(card, card.basic)
        if found is not Applet.CPS2TER:
            raise no_class(apdu, f"the basic channel has {found.value}; SELECT by name gives it the CPS2ter")


def of_the_ias_applet(instruction: Instruction[Any]) -> Instruction[Any]:
    """An instruction that only a channel with the IAS applet has."""
    run = instruction.run

    def gated(card: "SmartCard", request: object) -> bytes:
        _need_ias(card)
        return run(card, request)

    return replace(instruction, run=gated)


def _need_ias(card: "SmartCard") -> None:
    found = state_of(card).on(card, card.channel)
    if found is Applet.CPS2TER:
        why = Why(_CLAUSE, "this channel has the CPS2ter, which takes class A0; SELECT by name changes that")
        raise CardError(SW.CLASS_NOT_SUPPORTED, why)
    if found is Applet.ISSUER:
        why = Why(_PLATFORM, "this channel has the issuer's security domain, which takes SELECT alone here")
        raise CardError(SW.INSTRUCTION_NOT_SUPPORTED, why)


_IN_IAS = selection.instruction(LAYOUT.select_answers, LAYOUT.applets)


def _select(card: "SmartCard", request: SelectRequest) -> bytes:
    """By name an applet, or an application inside the IAS applet; by anything else a file of the latter."""
    state, channel = state_of(card), card.channel
    if request.method is not Method.BY_NAME:
        _need_ias(card)
        return _IN_IAS.run(card, request)
    for name, applet in ((cps2ter.AID, Applet.CPS2TER), (AID_ISSUER, Applet.ISSUER)):
        if len(request.target) >= _LEAST_NAME and name.startswith(request.target):
            _leave(card)
            state.selected[channel] = applet
            return b""
    others = [each for each in card.channels if each is not None and each is not channel]
    if any(state.on(card, each) is Applet.IAS for each in others):
        why = Why(_PLATFORM, "another channel has the IAS applet, which cannot be on two", ())
        raise CardError(SW.CONDITIONS_OF_USE_NOT_SATISFIED, why)
    answer = _IN_IAS.run(card, request)
    state.selected[channel] = Applet.IAS
    return answer


def _leave(card: "SmartCard") -> None:
    """What the channel had in the applet that it leaves."""
    channel = card.channel
    channel.directory, channel.file = card.tree.mf, None
    channel.environment = channel.session = None


SELECT = Instruction(instructions.SELECT, "SELECT", _IN_IAS.request, _select)
