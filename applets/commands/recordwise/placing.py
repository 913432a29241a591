"""What UPDATE and WRITE RECORD have in common: data for one record, at an address; they differ in what becomes of the old one."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

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
from bifente.applets.kernel.refusals import require, wrong_length, wrong_parameters

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard
    from bifente.applets.kernel.files import File
    from bifente.layouts.access import Rule

_EXPECTED = "P2 has a short identifier and 0 to 3 with P1 = 00, or 4 with a record number"
_ALLOWED = BY_IDENTIFIER | {Which.NUMBER}


class RecordRequest(NamedTuple):
    """``data`` for the record at ``address``."""

    address: Address
    data: bytes


def record_request(apdu: CommandAPDU, clause: str, name: str) -> RecordRequest:
    """What the instruction *name* is asked. Raises CardError."""
    if not apdu.data or apdu.ne is not None:
        raise wrong_length(apdu, clause, f"{name} sends a record and expects none")
    meant = address(apdu, clause, _ALLOWED, _EXPECTED)
    if meant.which in BY_IDENTIFIER and meant.p1:
        raise wrong_parameters(apdu, clause, _EXPECTED)
    return RecordRequest(meant, apdu.data)


def place_record(
    card: "SmartCard",
    request: RecordRequest,
    clause: str,
    name: str,
    rule: "Callable[[File], Rule | None]",
    joined: "Callable[[File, bytes, bytes], bytes]",
) -> bytes:
    """One record becomes what *joined* makes of the file, the old record and the data, where *rule* of the file allows it.

    In a cyclic file PREVIOUS adds one, which becomes the first, as APPEND RECORD does. Raises CardError.
    """
    meant = request.address
    file, structure = records_file(card, meant.sfi)
    require(name, file.path, rule(file), card.proven)
    data = fitting(clause, file, structure, request.data)
    if structure.cyclic and meant.which is Which.PREVIOUS:
        point(card, file, meant, add(card, clause, file, structure, data))
        return b""
    place = located(card, file, meant)[0]
    put(card, file, structure, {place: joined(file, file.records[place], data)})
    point(card, file, meant, place)
    return b""
