"""WRITE BINARY (ISO/IEC 7816-4:2020 §11.3.4)."""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.applets.commands.bytewise.place import BytePlace, file_at, inside, odd_place, offset_data, place
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4, require, wrong_length
from bifente.applets.kernel.target import rewrite
from bifente.applets.kernel.writing import written

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_4} §11.3.4"


class WriteRequest(NamedTuple):
    """Write ``data`` upon what stands at ``place``."""

    place: BytePlace
    data: bytes


def _request(apdu: CommandAPDU) -> WriteRequest:
    if not apdu.data or apdu.ne is not None:
        raise wrong_length(apdu, _CLAUSE, "WRITE BINARY sends data and expects none")
    return WriteRequest(place(apdu, _CLAUSE), apdu.data)


def _odd_request(apdu: CommandAPDU) -> WriteRequest:
    if apdu.ne is not None:
        raise wrong_length(apdu, _CLAUSE, "WRITE BINARY sends data and expects none")
    offsets, data = offset_data(apdu, _CLAUSE, with_data=True)
    return WriteRequest(odd_place(apdu, _CLAUSE, offsets[0]), data or b"")


def _write(card: "SmartCard", request: WriteRequest) -> bytes:
    """Old and new bytes together, as the file's data coding byte says."""
    file = file_at(card, _CLAUSE, request.place)
    require("WRITE BINARY", file.path, file.write_rule, card.proven)
    offset, data = request.place.offset, request.data
    inside(_CLAUSE, file, offset, len(data))
    content, end = file.content, offset + len(data)
    new = written(_CLAUSE, file, content[offset:end], data)
    rewrite(card, file, content[:offset] + new + content[end:])
    card.channel.file = file
    return b""


WRITE_BINARY = Instruction(instructions.WRITE_BINARY, "WRITE BINARY", _request, _write)
WRITE_BINARY_ODD = Instruction(
    instructions.WRITE_BINARY | instructions.BER_TLV, "WRITE BINARY", _odd_request, _write
)
