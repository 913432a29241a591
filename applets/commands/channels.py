"""MANAGE CHANNEL (ISO/IEC 7816-4:2020 §11.2.3)."""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4, wrong_length, wrong_parameters

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_4} §11.2.3"
_LAST = 19
_OPEN, _CLOSE = 0x00, 0x80


class ChannelRequest(NamedTuple):
    """Open or close a logical channel: the one of that number, 0 for the next free one or that of the command itself."""

    opens: bool
    number: int


def _request(apdu: CommandAPDU) -> ChannelRequest:
    if apdu.p1 not in (_OPEN, _CLOSE) or apdu.p2 > _LAST:
        raise wrong_parameters(apdu, _CLAUSE, "P1 is 00 (open) or 80 (close) and P2 a channel, 00 to 13")
    if apdu.data:
        raise wrong_length(apdu, _CLAUSE, "MANAGE CHANNEL carries no data")
    opens = apdu.p1 == _OPEN
    if opens and not apdu.p2 and apdu.ne is None:
        raise wrong_length(apdu, _CLAUSE, "the card answers the number that it assigns: Le is 01 or 00")
    return ChannelRequest(opens, apdu.p2)


def _manage(card: "SmartCard", request: ChannelRequest) -> bytes:
    """An opened channel begins in the MF, or where the channel is from which it was opened, unless that is the basic one.

    What a closed one had is forgotten. What has been proven to the card holds for all of them.
    """
    return _open(card, request.number) if request.opens else _close(card, request.number)


def _open(card: "SmartCard", number: int) -> bytes:
    channels = card.channels
    if not number:
        free = next((at for at, channel in enumerate(channels) if channel is None), None)
        if free is None:
            raise _none_free(f"all {len(channels)} logical channels are open")
        card.open_channel(free)
        return bytes((free,))
    if number >= len(channels):
        why = Why(_CLAUSE, "this card has the logical channels 0 to {}, not {}", (len(channels) - 1, number))
        raise CardError(SW.LOGICAL_CHANNEL_NOT_SUPPORTED, why)
    if channels[number] is not None:
        raise _none_free(f"logical channel {number} is open already")
    card.open_channel(number)
    return b""


def _none_free(sentence: str) -> CardError:
    return CardError(SW.FUNCTION_NOT_SUPPORTED, Why(_CLAUSE, sentence))


def _close(card: "SmartCard", number: int) -> bytes:
    closed = number or card.channels.index(card.channel)
    if not closed:
        why = Why(_CLAUSE, "the basic logical channel is always open")
        raise CardError(SW.INCORRECT_P1_P2, why)
    if closed >= len(card.channels) or card.channels[closed] is None:
        why = Why(_CLAUSE, "logical channel {} is not open", (closed,))
        raise CardError(SW.LOGICAL_CHANNEL_NOT_SUPPORTED, why)
    card.channels[closed] = None
    return b""


MANAGE_CHANNEL = Instruction(instructions.MANAGE_CHANNEL, "MANAGE CHANNEL", _request, _manage, anywhere=True)
