"""The T=1 test card: SELECT, READ and UPDATE BINARY on a file of 65 536 bytes, and an echo."""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.applets.commands import binary, selection
from bifente.applets.kernel.instruction import Instruction, table
from bifente.applets.kernel.refusals import wrong_parameters
from bifente.layouts.cards.t1test import LAYOUT

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard


class EchoRequest(NamedTuple):
    """Give back ``data``, repeated or cut to ``length`` bytes when a length is asked for."""

    data: bytes
    length: int | None


def _request(apdu: CommandAPDU) -> EchoRequest:
    if apdu.p1 or apdu.p2:
        raise wrong_parameters(apdu, "bifente.applets.t1test (synthetic)", "those of ECHO are 0000")
    return EchoRequest(apdu.data, apdu.ne)


def _echo(card: "SmartCard", request: EchoRequest) -> bytes:  # noqa: ARG001
    if request.length is None:
        return b""
    if not request.data:
        return bytes(request.length)
    return request.data[: request.length]


ECHO = Instruction(instructions.ECHO, "ECHO", _request, _echo)
"""Case 2: Le zero bytes. Case 4: the data. Cases 1 and 3: nothing. The instruction code is our own."""

INSTRUCTIONS = table(
    (selection.instruction(LAYOUT.select_answers), binary.READ_BINARY, binary.UPDATE_BINARY, ECHO)
)
