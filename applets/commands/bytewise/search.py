"""SEARCH BINARY (ISO/IEC 7816-4:2020 §11.3.6)."""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions, tlv
from bifente.apdu.command import CommandAPDU
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.commands.bytewise.place import (
    OFFSET_TAG,
    BytePlace,
    file_at,
    inside,
    odd_place,
    offset_data,
    place,
)
from bifente.applets.kernel.errors import CardWarning
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4, incorrect_data, require, wrong_length

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_4} §11.3.6"
_EXPECTED = "SEARCH BINARY sends what to look for and asks by Le where it stands"


class SearchBinaryRequest(NamedTuple):
    """Find ``sought`` from ``place`` on; ``framed`` when the offset is to be answered in object 54."""

    place: BytePlace
    sought: bytes
    framed: bool


def _request(apdu: CommandAPDU) -> SearchBinaryRequest:
    if not apdu.data or apdu.ne is None:
        raise wrong_length(apdu, _CLAUSE, _EXPECTED)
    return SearchBinaryRequest(place(apdu, _CLAUSE), apdu.data, framed=False)


def _odd_request(apdu: CommandAPDU) -> SearchBinaryRequest:
    if apdu.ne is None:
        raise wrong_length(apdu, _CLAUSE, _EXPECTED)
    offsets, sought = offset_data(apdu, _CLAUSE, with_data=True)
    if not sought:
        raise incorrect_data(_CLAUSE, "there is nothing to look for")
    return SearchBinaryRequest(odd_place(apdu, _CLAUSE, offsets[0]), sought, framed=True)


def _search(card: "SmartCard", request: SearchBinaryRequest) -> bytes:
    """The offset of the first match, in one byte or two; 6282 without one."""
    file = file_at(card, _CLAUSE, request.place)
    require("SEARCH BINARY", file.path, file.read_rule, card.proven)
    inside(_CLAUSE, file, request.place.offset)
    card.channel.file = file
    at = file.content.find(request.sought, request.place.offset)
    if at < 0:
        why = Why(_CLAUSE, "{} does not hold that from offset {} on", (file.path, request.place.offset))
        raise CardWarning(SW.END_OF_FILE_REACHED, why)
    offset = at.to_bytes(1 if at <= 0xFF else 2, "big")
    return tlv.encode(OFFSET_TAG, offset) if request.framed else offset


SEARCH_BINARY = Instruction(instructions.SEARCH_BINARY, "SEARCH BINARY", _request, _search)
SEARCH_BINARY_ODD = Instruction(
    instructions.SEARCH_BINARY | instructions.BER_TLV, "SEARCH BINARY", _odd_request, _search
)
