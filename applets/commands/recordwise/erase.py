"""ERASE RECORD (ISO/IEC 7816-4:2020 §11.4.8)."""

from typing import TYPE_CHECKING

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.applets.commands.recordwise.addressing import (
    Address,
    Which,
    address,
    located,
    point,
    put,
    records_file,
)
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4, require, wrong_length
from bifente.applets.kernel.writing import erased

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_4} §11.4.8"
_ALLOWED = frozenset((Which.NUMBER, Which.ONWARDS))


def _request(apdu: CommandAPDU) -> Address:
    if apdu.data or apdu.ne is not None:
        raise wrong_length(apdu, _CLAUSE, "ERASE RECORD sends nothing and answers nothing")
    return address(
        apdu, _CLAUSE, _ALLOWED, "P2 has a short identifier and 4 (record P1) or 5 (P1 to the last)"
    )


def _erase(card: "SmartCard", meant: Address) -> bytes:
    """The records are in the logical erased state; they stay where they are."""
    file, structure = records_file(card, meant.sfi)
    require("ERASE RECORD", file.path, file.update_rule, card.proven)
    places = located(card, file, meant)
    put(card, file, structure, {at: erased(file, len(file.records[at])) for at in places})
    point(card, file, meant, places[0])
    return b""


ERASE_RECORD = Instruction(instructions.ERASE_RECORD, "ERASE RECORD", _request, _erase)
