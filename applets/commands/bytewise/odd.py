"""READ BINARY and UPDATE BINARY with an offset data object, ``B1`` and ``D7`` (ISO/IEC 7816-4:2020 §11.3.3, §11.3.5)."""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.applets.commands.bytewise.place import (
    BytePlace,
    discretionary,
    file_at,
    inside,
    odd_place,
    offset_data,
)
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4, require, wrong_length
from bifente.applets.kernel.target import rewrite

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_READ_CLAUSE = f"{PART_4} §11.3.3"
_UPDATE_CLAUSE = f"{PART_4} §11.3.5"


class OddReadRequest(NamedTuple):
    """Read from ``place`` on, ``length`` bytes at most with the object around them."""

    place: BytePlace
    length: int


class OddUpdateRequest(NamedTuple):
    """Write ``data`` at ``place``."""

    place: BytePlace
    data: bytes


def _read_request(apdu: CommandAPDU) -> OddReadRequest:
    if apdu.ne is None:
        raise wrong_length(apdu, _READ_CLAUSE, "READ BINARY asks for data by Le")
    offset = offset_data(apdu, _READ_CLAUSE, with_data=False).offsets[0]
    return OddReadRequest(odd_place(apdu, _READ_CLAUSE, offset), apdu.ne)


def _read(card: "SmartCard", request: OddReadRequest) -> bytes:
    """Object 53 with what there is, as far as Le goes."""
    file = file_at(card, _READ_CLAUSE, request.place)
    require("READ BINARY", file.path, file.read_rule, card.proven)
    inside(_READ_CLAUSE, file, request.place.offset)
    card.channel.file = file
    return discretionary(file.content[request.place.offset :], request.length)


def _update_request(apdu: CommandAPDU) -> OddUpdateRequest:
    if apdu.ne is not None:
        raise wrong_length(apdu, _UPDATE_CLAUSE, "UPDATE BINARY sends data and expects none")
    offsets, data = offset_data(apdu, _UPDATE_CLAUSE, with_data=True)
    return OddUpdateRequest(odd_place(apdu, _UPDATE_CLAUSE, offsets[0]), data or b"")


def _update(card: "SmartCard", request: OddUpdateRequest) -> bytes:
    """Replace bytes inside the file, which keeps its size."""
    file = file_at(card, _UPDATE_CLAUSE, request.place)
    require("UPDATE BINARY", file.path, file.update_rule, card.proven)
    offset, data = request.place.offset, request.data
    inside(_UPDATE_CLAUSE, file, offset, len(data))
    content = file.content
    rewrite(card, file, content[:offset] + data + content[offset + len(data) :])
    card.channel.file = file
    return b""


READ_BINARY_ODD = Instruction(
    instructions.READ_BINARY | instructions.BER_TLV, "READ BINARY", _read_request, _read
)
UPDATE_BINARY_ODD = Instruction(
    instructions.UPDATE_BINARY | instructions.BER_TLV, "UPDATE BINARY", _update_request, _update
)
