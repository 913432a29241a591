"""READ RECORD and UPDATE RECORD on a part of a record, ``B3`` and ``DD`` (ISO/IEC 7816-4:2020 §11.4.3, §11.4.5)."""

from enum import IntEnum
from operator import and_, or_, xor
from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.commands.bytewise.place import discretionary, offset_data
from bifente.applets.commands.recordwise.addressing import (
    Address,
    Which,
    address,
    located,
    point,
    put,
    records_file,
)
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.files import File
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4, require, wrong_length, wrong_parameters

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_READ_CLAUSE = f"{PART_4} §11.4.3"
_UPDATE_CLAUSE = f"{PART_4} §11.4.5"
_READ_EXPECTED = "P2 has a short identifier and 0 to 4, P1 a record number or an identifier below FF"
_ONE = frozenset(Which) - {Which.ONWARDS, Which.BACK}
_LAST_SFI = 30


class Change(IntEnum):
    """Bits 3 to 1 of P2: what becomes of old and new bytes."""

    REPLACE = 4
    AND = 5
    OR = 6
    XOR = 7


_OPERATIONS = {Change.AND: and_, Change.OR: or_, Change.XOR: xor}
_CHANGES = {change.value: change for change in Change}


class PartReadRequest(NamedTuple):
    """Read the record at ``address`` from ``offset`` on, ``length`` bytes at most with the object around them."""

    address: Address
    offset: int
    length: int


class PartUpdateRequest(NamedTuple):
    """Change the record at ``address`` from ``offset`` on by ``data``."""

    address: Address
    change: Change
    offset: int
    data: bytes


def _read_request(apdu: CommandAPDU) -> PartReadRequest:
    if apdu.ne is None:
        raise wrong_length(apdu, _READ_CLAUSE, "READ RECORD asks for data by Le")
    offset = offset_data(apdu, _READ_CLAUSE, with_data=False).offsets[0]
    return PartReadRequest(address(apdu, _READ_CLAUSE, _ONE, _READ_EXPECTED), offset, apdu.ne)


def _read(card: "SmartCard", request: PartReadRequest) -> bytes:
    """Object 53 with what there is, as far as Le goes."""
    meant = request.address
    file, _ = records_file(card, meant.sfi)
    require("READ RECORD", file.path, file.read_rule, card.proven)
    at = located(card, file, meant)[0]
    record = file.records[at]
    _inside(_READ_CLAUSE, file, record, request.offset)
    point(card, file, meant, at)
    return discretionary(record[request.offset :], request.length)


def _update_request(apdu: CommandAPDU) -> PartUpdateRequest:
    sfi, change = apdu.p2 >> 3, _CHANGES.get(apdu.p2 & 0x07)
    if change is None or sfi > _LAST_SFI or apdu.p1 == 0xFF:
        expected = "P2 has a short identifier and 4 (replace), 5 (AND), 6 (OR) or 7 (XOR), P1 a record number"
        raise wrong_parameters(apdu, _UPDATE_CLAUSE, expected)
    if apdu.ne is not None:
        raise wrong_length(apdu, _UPDATE_CLAUSE, "UPDATE RECORD sends data and expects none")
    offsets, data = offset_data(apdu, _UPDATE_CLAUSE, with_data=True)
    return PartUpdateRequest(Address(sfi, Which.NUMBER, apdu.p1), change, offsets[0], data or b"")


def _update(card: "SmartCard", request: PartUpdateRequest) -> bytes:
    """A part of the record is changed; the record keeps its size."""
    meant, offset, data = request.address, request.offset, request.data
    file, structure = records_file(card, meant.sfi)
    require("UPDATE RECORD", file.path, file.update_rule, card.proven)
    at = located(card, file, meant)[0]
    record = file.records[at]
    _inside(_UPDATE_CLAUSE, file, record, offset)
    end = offset + len(data)
    if end > len(record):
        pattern = "{} bytes from offset {} do not fit into a record of {}, which has {} and keeps its size"
        why = Why(_UPDATE_CLAUSE, pattern, (len(data), offset, file.path, len(record)))
        raise CardError(SW.NOT_ENOUGH_MEMORY, why)
    combine = _OPERATIONS.get(request.change)
    if combine is not None:
        data = bytes(combine(old, new) for old, new in zip(record[offset:end], data, strict=True))
    put(card, file, structure, {at: record[:offset] + data + record[end:]})
    point(card, file, meant, at)
    return b""


def _inside(clause: str, file: File, record: bytes, offset: int) -> None:
    if offset >= len(record):
        why = Why(
            clause, "offset {} lies outside a record of {}, which has {}", (offset, file.path, len(record))
        )
        raise CardError(SW.WRONG_P1_P2, why)


READ_RECORD_ODD = Instruction(
    instructions.READ_RECORD | instructions.BER_TLV, "READ RECORD", _read_request, _read
)
UPDATE_RECORD_ODD = Instruction(
    instructions.UPDATE_RECORD | instructions.BER_TLV, "UPDATE RECORD", _update_request, _update
)
