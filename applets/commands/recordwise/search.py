"""SEARCH RECORD (ISO/IEC 7816-4:2020 §11.4.7)."""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.commands.recordwise.addressing import records_file
from bifente.applets.kernel.errors import CardError, CardWarning
from bifente.applets.kernel.files import File
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4, incorrect_data, require, wrong_length, wrong_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_4} §11.4.7"
_FORWARD, _BACKWARD, _ENHANCED = 0x04, 0x05, 0x06
_LAST_SFI = 30
_FROM_OFFSET, _FROM_VALUE = 0x04, 0x0C
"""Bits 5 to 3 of the search indication: what the byte behind it is."""


class SearchRecordRequest(NamedTuple):
    """Which records hold ``sought``, seen from record ``start``."""

    sfi: int
    start: int
    """0 is the current record, or the first or the last one where none is current."""
    backward: bool
    beyond: bool
    """Begin with the record behind ``start``."""
    offset: int
    """Where in each record the search begins."""
    value: int | None
    """It begins behind the first byte of this value."""
    sought: bytes


def _request(apdu: CommandAPDU) -> SearchRecordRequest:
    sfi, kind = apdu.p2 >> 3, apdu.p2 & 0x07
    if kind not in (_FORWARD, _BACKWARD, _ENHANCED) or sfi > _LAST_SFI or apdu.p1 == 0xFF:
        expected = (
            "P2 has a short identifier and 4 (forward), 5 (backward) or 6 (enhanced), P1 a record number"
        )
        raise wrong_parameters(apdu, _CLAUSE, expected)
    if not apdu.data or apdu.ne is None:
        raise wrong_length(
            apdu, _CLAUSE, "SEARCH RECORD sends what to look for and asks by Le for record numbers"
        )
    if kind != _ENHANCED:
        return SearchRecordRequest(sfi, apdu.p1, kind == _BACKWARD, False, 0, None, apdu.data)
    indication, from_value = apdu.data[0], apdu.data[0] & 0xFC == _FROM_VALUE
    if len(apdu.data) < 3 or indication & 0xFC not in (_FROM_OFFSET, _FROM_VALUE):
        expected = "an enhanced search has 04 to 07 and an offset, or 0C to 0F and a value, and then what to look for"
        raise incorrect_data(_CLAUSE, expected)
    second = apdu.data[1]
    backward, beyond = bool(indication & 0x01), bool(indication & 0x02)
    offset, value = (0, second) if from_value else (second, None)
    return SearchRecordRequest(sfi, apdu.p1, backward, beyond, offset, value, apdu.data[2:])


def _search(card: "SmartCard", request: SearchRecordRequest) -> bytes:
    """The numbers of the records that match, in the order of the search; the first becomes current. 6282 without one."""
    file, _ = records_file(card, request.sfi)
    require("SEARCH RECORD", file.path, file.read_rule, card.proven)
    channel = card.channel
    start = request.start or (0 if request.sfi else channel.record)
    found = [at + 1 for at in _order(file, request, start) if _matches(file.records[at], request)]
    channel.file = file
    if not found:
        if request.sfi:
            channel.record = 0
        why = Why(_CLAUSE, "no record of {} holds that", (file.path,))
        raise CardWarning(SW.END_OF_FILE_REACHED, why)
    channel.record = found[0]
    return bytes(found)


def _order(file: File, request: SearchRecordRequest, start: int) -> "Sequence[int]":
    count = len(file.records)
    if start > count:
        why = Why(_CLAUSE, "{} has {} records, not {}", (file.path, count, start))
        raise CardError(SW.RECORD_NOT_FOUND, why)
    beyond = request.beyond and bool(start)
    if request.backward:
        return range((start or count) - 1 - beyond, -1, -1)
    return range(max(start - 1, 0) + beyond, count)


def _matches(record: bytes, request: SearchRecordRequest) -> bool:
    begin = request.offset
    if request.value is not None:
        begin = record.find(request.value)
        if begin < 0:
            return False
    return record.find(request.sought, begin) >= 0


SEARCH_RECORD = Instruction(instructions.SEARCH_RECORD, "SEARCH RECORD", _request, _search)
