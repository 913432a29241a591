"""READ RECORD (ISO/IEC 7816-4:2020 §11.4.3)."""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.commands.recordwise.addressing import (
    Address,
    Which,
    address,
    located,
    point,
    records_file,
)
from bifente.applets.kernel.errors import CardError, CardWarning
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4, forbidden, wrong_length

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_4} §11.4.3"
_EXPECTED = "P2 has a short identifier and 0 to 6, P1 a record number or an identifier below FF"
_ALLOWED = frozenset(Which)


class ReadRecordRequest(NamedTuple):
    """Read the records at ``address``, ``length`` bytes at most; ``to_end`` when Le, all zeros, asked for all of them."""

    address: Address
    length: int
    to_end: bool


def _request(apdu: CommandAPDU) -> ReadRecordRequest:
    ne = apdu.ne
    if ne is None or apdu.data:
        raise wrong_length(apdu, _CLAUSE, "READ RECORD sends no data and asks for some by Le")
    # 256 is Le = 00 in short form, and a number like others in extended form
    to_end = ne == 65536 or (ne == 256 and len(apdu.raw) == 5)
    return ReadRecordRequest(address(apdu, _CLAUSE, _ALLOWED, _EXPECTED), ne, to_end)


def _read(card: "SmartCard", request: ReadRecordRequest) -> bytes:
    """The records one after the other; 6282 with them when Le asked for more."""
    meant = request.address
    file, _ = records_file(card, meant.sfi)
    proven = card.proven
    if not file.read_rule.allows(proven):
        why = forbidden("READ RECORD", file.path, file.read_rule, proven)
        raise CardError(SW.SECURITY_STATUS_NOT_SATISFIED, why)
    places = located(card, file, meant)
    records = file.records
    point(card, file, meant, places[0])
    data = records[places[0]] if len(places) == 1 else b"".join(records[at] for at in places)
    if len(data) < request.length and not request.to_end:
        why = Why(
            _CLAUSE, "{} bytes stand there in {}, Le asked for {}", (len(data), file.path, request.length)
        )
        raise CardWarning(SW.END_OF_FILE_REACHED, why, data)
    return data[: request.length]


READ_RECORD = Instruction(instructions.READ_RECORD, "READ RECORD", _request, _read)
