"""UPDATE RECORD (ISO/IEC 7816-4:2020 §11.4.5)."""

from typing import TYPE_CHECKING

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.applets.commands.recordwise.placing import RecordRequest, place_record, record_request
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_4} §11.4.5"
_NAME = "UPDATE RECORD"


def _request(apdu: CommandAPDU) -> RecordRequest:
    return record_request(apdu, _CLAUSE, _NAME)


def _update(card: "SmartCard", request: RecordRequest) -> bytes:
    """One record is replaced."""
    return place_record(
        card, request, _CLAUSE, _NAME, lambda file: file.update_rule, lambda _file, _old, data: data
    )


UPDATE_RECORD = Instruction(instructions.UPDATE_RECORD, _NAME, _request, _update)
