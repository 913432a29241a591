"""Which class bytes a card takes, and how it takes secure messaging off a command (ISO/IEC 7816-4:2020 §5.4.1)."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Protocol

from bifente.apdu.classbyte import ClassByte, ClassRange
from bifente.apdu.command import CommandAPDU
from bifente.apdu.refusal import CommandPart, Why
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.refusals import PART_4
from bifente.slotted import dataclass, field

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLASS = f"{PART_4} §5.4.1"


class SecureMessagingStage(Protocol):
    """Between class byte and dispatch: the command that a protected one carries, and the answer protected as it was."""

    def carry(self, card: "SmartCard", apdu: CommandAPDU, answer: Callable[[CommandAPDU], bytes]) -> bytes:
        """The protected answer to *apdu*, of what *answer* gives to the command inside, refusals included.

        Raises CardError when the protection does not hold: then *answer* has not been asked.
        """


class NoSecureMessaging:
    """A card that has no keys for it."""

    def carry(self, card: "SmartCard", apdu: CommandAPDU, answer: Callable[[CommandAPDU], bytes]) -> bytes:
        """Refuse with 6882."""
        why = Why(_CLASS, "the class byte {} announces secure messaging", (CommandPart(apdu.raw, 0, 1),))
        raise CardError(SW.SECURE_MESSAGING_NOT_SUPPORTED, why)


class OtherApplet(Protocol):
    """Another applet of the same chip, which has a class of its own: the CPS2ter of a CPS3."""

    def transmit(self, card: "SmartCard", apdu: CommandAPDU) -> bytes:
        """The answer to a command of that class, with its status word. Raises CardError."""


@dataclass(frozen=True, slots=True)
class ClassPolicy:
    """The class bytes of a kind of card: the interindustry ones, unless it only has classes of its own."""

    channels: int = 1
    """How many logical channels there are, the basic one included: 1 to 20."""
    proprietary: frozenset[int] = frozenset()
    """Values of the proprietary range that say the same as 00."""
    interindustry: bool = True
    """It takes the interindustry classes; False for a card that answers 6E00 to them, 00 included."""
    secure_messaging: SecureMessagingStage = NoSecureMessaging()
    applets: Mapping[int, OtherApplet] = field(default_factory=dict)
    """Class byte → the other applet that takes its commands."""

    def check(self, class_byte: ClassByte, apdu: CommandAPDU) -> None:
        """Refuse a command of another class: CardError."""
        if not (class_byte.interindustry and self.interindustry):
            if class_byte.range is ClassRange.PROPRIETARY and class_byte.value in self.proprietary:
                return
            pattern = "the class byte {} is not one of the interindustry classes 00 to 1F and 40 to 7F"
            if not self.interindustry:
                own = " or ".join(f"{value:02X}" for value in sorted(self.proprietary))
                pattern = f"the class byte {{}} is not {own}, which is all that this card takes"
            raise CardError(SW.CLASS_NOT_SUPPORTED, Why(_CLASS, pattern, (CommandPart(apdu.raw, 0, 1),)))
        if class_byte.channel >= self.channels:
            pattern = "the class byte {} names another logical channel than 0"
            if self.channels > 1:
                pattern = f"the class byte {{}} names a logical channel above {self.channels - 1}"
            raise CardError(
                SW.LOGICAL_CHANNEL_NOT_SUPPORTED, Why(_CLASS, pattern, (CommandPart(apdu.raw, 0, 1),))
            )


INTERINDUSTRY: Final = ClassPolicy()
"""The interindustry classes of the basic channel, with command chaining and without secure messaging."""
