"""WRITE RECORD (ISO/IEC 7816-4:2020 §11.4.4)."""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
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
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4, require, wrong_length, wrong_parameters
from bifente.applets.kernel.writing import written

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_4} §11.4.4"
_EXPECTED = "P2 has a short identifier and 0 to 3 with P1 = 00, or 4 with a record number"
_ALLOWED = BY_IDENTIFIER | {Which.NUMBER}


class WriteRecordRequest(NamedTuple):
    """``data`` upon the record at ``address``."""

    address: Address
    data: bytes


def _request(apdu: CommandAPDU) -> WriteRecordRequest:
    if not apdu.data or apdu.ne is not None:
        raise wrong_length(apdu, _CLAUSE, "WRITE RECORD sends a record and expects none")
    meant = address(apdu, _CLAUSE, _ALLOWED, _EXPECTED)
    if meant.which in BY_IDENTIFIER and meant.p1:
        raise wrong_parameters(apdu, _CLAUSE, _EXPECTED)
    return WriteRecordRequest(meant, apdu.data)


def _write(card: "SmartCard", request: WriteRecordRequest) -> bytes:
    """Old and new record together, as the file's data coding byte says. PREVIOUS in a cyclic file adds one."""
    meant = request.address
    file, structure = records_file(card, meant.sfi)
    require("WRITE RECORD", file.path, file.write_rule, card.proven)
    data = fitting(_CLAUSE, file, structure, request.data)
    if structure.cyclic and meant.which is Which.PREVIOUS:
        point(card, file, meant, add(card, _CLAUSE, file, structure, data))
        return b""
    place = located(card, file, meant)[0]
    old = file.records[place]
    if len(old) != len(data):
        why = Why(_CLAUSE, "{} bytes came for a record of {} that has {}", (len(data), file.path, len(old)))
        raise CardError(SW.WRONG_LENGTH, why)
    put(card, file, structure, {place: written(_CLAUSE, file, old, data)})
    point(card, file, meant, place)
    return b""


WRITE_RECORD = Instruction(instructions.WRITE_RECORD, "WRITE RECORD", _request, _write)
