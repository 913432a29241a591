"""ERASE BINARY (ISO/IEC 7816-4:2020 §11.3.7)."""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.applets.commands.bytewise.place import BytePlace, file_at, inside, odd_place, offset_data, place
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4, incorrect_data, require, wrong_length
from bifente.applets.kernel.target import rewrite
from bifente.applets.kernel.writing import erased

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_4} §11.3.7"
_END_SIZES = (0, 2)


class EraseBinaryRequest(NamedTuple):
    """Erase from ``place`` as far as offset ``end``, which stays; to the end of the file without one."""

    place: BytePlace
    end: int | None


def _request(apdu: CommandAPDU) -> EraseBinaryRequest:
    if len(apdu.data) not in _END_SIZES or apdu.ne is not None:
        raise wrong_length(
            apdu, _CLAUSE, "ERASE BINARY sends nothing, or the offset in 2 bytes before which it ends"
        )
    return EraseBinaryRequest(place(apdu, _CLAUSE), int.from_bytes(apdu.data, "big") if apdu.data else None)


def _odd_request(apdu: CommandAPDU) -> EraseBinaryRequest:
    if apdu.ne is not None:
        raise wrong_length(apdu, _CLAUSE, "ERASE BINARY answers nothing")
    if not apdu.data:
        return EraseBinaryRequest(odd_place(apdu, _CLAUSE, 0), None)
    offsets = offset_data(apdu, _CLAUSE, offsets=2, with_data=False).offsets
    return EraseBinaryRequest(odd_place(apdu, _CLAUSE, offsets[0]), offsets[1] if len(offsets) > 1 else None)


def _erase(card: "SmartCard", request: EraseBinaryRequest) -> bytes:
    """The bytes are in the logical erased state; the file keeps its size."""
    file = file_at(card, _CLAUSE, request.place)
    require("ERASE BINARY", file.path, file.update_rule, card.proven)
    start = request.place.offset
    inside(_CLAUSE, file, start)
    content = file.content
    end = len(content) if request.end is None else request.end
    if not start < end <= len(content):
        raise incorrect_data(
            _CLAUSE,
            "the end {} does not lie behind offset {} in {} of {} bytes",
            end,
            start,
            file.path,
            len(content),
        )
    rewrite(card, file, content[:start] + erased(file, end - start) + content[end:])
    card.channel.file = file
    return b""


ERASE_BINARY = Instruction(instructions.ERASE_BINARY, "ERASE BINARY", _request, _erase)
ERASE_BINARY_ODD = Instruction(
    instructions.ERASE_BINARY | instructions.BER_TLV, "ERASE BINARY", _odd_request, _erase
)
