"""GET RESPONSE of a card that keeps what of an answer Le had no room for (ISO/IEC 7816-4:2020 §11.7.1).

That is chaining of answers between terminal and card (§5.3.4), under whatever protocol. What T=0 adds by itself stands in the
reader (``bifente.reader.wrappers.t0front``).
"""

from typing import TYPE_CHECKING

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4, out_of_turn, wrong_length, wrong_parameters

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_4} §11.7.1"


def _request(apdu: CommandAPDU) -> None:
    if apdu.p1 or apdu.p2:
        raise wrong_parameters(apdu, _CLAUSE, "those of GET RESPONSE are 0000")
    if apdu.data or apdu.ne is None:
        raise wrong_length(apdu, _CLAUSE, "GET RESPONSE sends nothing and asks by Le")


def _respond(card: "SmartCard", _request: None) -> bytes:
    """What waits on this channel; the kernel cuts it, and keeps the rest, as it does with every answer."""
    waiting, card.channel.waiting = card.channel.waiting, b""
    if not waiting:
        raise out_of_turn(_CLAUSE, "nothing waits: any other command drops what did")
    return waiting


GET_RESPONSE = Instruction(instructions.GET_RESPONSE, "GET RESPONSE", _request, _respond, anywhere=True)
