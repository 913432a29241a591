"""WRITE RECORD (ISO/IEC 7816-4:2020 §11.4.4)."""

from typing import TYPE_CHECKING

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.commands.recordwise.placing import RecordRequest, place_record, record_request
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4
from bifente.applets.kernel.writing import written

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard
    from bifente.applets.kernel.files import File

_CLAUSE = f"{PART_4} §11.4.4"
_NAME = "WRITE RECORD"


def _request(apdu: CommandAPDU) -> RecordRequest:
    return record_request(apdu, _CLAUSE, _NAME)


def _write(card: "SmartCard", request: RecordRequest) -> bytes:
    """Old and new record together, as the file's data coding byte says."""
    return place_record(card, request, _CLAUSE, _NAME, lambda file: file.write_rule, _joined)


def _joined(file: "File", old: bytes, data: bytes) -> bytes:
    if len(old) != len(data):
        why = Why(_CLAUSE, "{} bytes came for a record of {} that has {}", (len(data), file.path, len(old)))
        raise CardError(SW.WRONG_LENGTH, why)
    return written(_CLAUSE, file, old, data)


WRITE_RECORD = Instruction(instructions.WRITE_RECORD, _NAME, _request, _write)
