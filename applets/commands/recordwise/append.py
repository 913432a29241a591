"""APPEND RECORD (ISO/IEC 7816-4:2020 §11.4.6)."""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.applets.commands.recordwise.addressing import add, fitting, records_file
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4, require, wrong_length, wrong_parameters

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_4} §11.4.6"
_LAST_SFI = 30


class AppendRequest(NamedTuple):
    """A new record in the file of that short identifier; 0 means the current EF."""

    sfi: int
    data: bytes


def _request(apdu: CommandAPDU) -> AppendRequest:
    sfi = apdu.p2 >> 3
    if apdu.p1 or apdu.p2 & 0x07 or sfi > _LAST_SFI:
        raise wrong_parameters(apdu, _CLAUSE, "P1 is 00, P2 a short identifier in its five high bits or 00")
    if not apdu.data or apdu.ne is not None:
        raise wrong_length(apdu, _CLAUSE, "APPEND RECORD sends a record and expects none")
    return AppendRequest(sfi, apdu.data)


def _append(card: "SmartCard", request: AppendRequest) -> bytes:
    """At the end of a linear file; as the first record of a cyclic one. It becomes the current record."""
    file, structure = records_file(card, request.sfi)
    require("APPEND RECORD", file.path, file.write_rule, card.proven)
    data = fitting(_CLAUSE, file, structure, request.data)
    place = add(card, _CLAUSE, file, structure, data)
    card.channel.file = file
    card.channel.record = place + 1
    return b""


APPEND_RECORD = Instruction(instructions.APPEND_RECORD, "APPEND RECORD", _request, _append)
