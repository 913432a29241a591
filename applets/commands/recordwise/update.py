"""UPDATE RECORD (ISO/IEC 7816-4:2020 §11.4.5)."""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.applets.commands.recordwise.addressing import (
    BY_IDENTIFIER,
    Address,
    Which,
    add,
    address,
    fitting,
    located,
    point,
    put,
    records_file,
)
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4, require, wrong_length, wrong_parameters

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_4} §11.4.5"
_EXPECTED = "P2 has a short identifier and 0 to 3 with P1 = 00, or 4 with a record number"
_ALLOWED = BY_IDENTIFIER | {Which.NUMBER}


class UpdateRecordRequest(NamedTuple):
    """``data`` in the place of the record at ``address``."""

    address: Address
    data: bytes


def _request(apdu: CommandAPDU) -> UpdateRecordRequest:
    if not apdu.data or apdu.ne is not None:
        raise wrong_length(apdu, _CLAUSE, "UPDATE RECORD sends a record and expects none")
    meant = address(apdu, _CLAUSE, _ALLOWED, _EXPECTED)
    if meant.which in BY_IDENTIFIER and meant.p1:
        raise wrong_parameters(apdu, _CLAUSE, _EXPECTED)
    return UpdateRecordRequest(meant, apdu.data)


def _update(card: "SmartCard", request: UpdateRecordRequest) -> bytes:
    """One record is replaced. In a cyclic file PREVIOUS adds one, which becomes the first, as APPEND RECORD does."""
    meant = request.address
    file, structure = records_file(card, meant.sfi)
    require("UPDATE RECORD", file.path, file.update_rule, card.proven)
    data = fitting(_CLAUSE, file, structure, request.data)
    if structure.cyclic and meant.which is Which.PREVIOUS:
        point(card, file, meant, add(card, _CLAUSE, file, structure, data))
        return b""
    place = located(card, file, meant)[0]
    put(card, file, structure, {place: data})
    point(card, file, meant, place)
    return b""


UPDATE_RECORD = Instruction(instructions.UPDATE_RECORD, "UPDATE RECORD", _request, _update)
