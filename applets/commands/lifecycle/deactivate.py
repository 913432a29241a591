"""DEACTIVATE FILE (ISO/IEC 7816-9:2017 §7.4)."""

from typing import TYPE_CHECKING

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.files.fcp import LifeCycle
from bifente.apdu.files.security import Operation
from bifente.applets.commands.lifecycle.meant import PART_9, fid_meant, file_meant, live_on
from bifente.applets.kernel.instruction import Instruction

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_9} §7.4"


def _request(apdu: CommandAPDU) -> int | None:
    return fid_meant(apdu, _CLAUSE)


def _deactivate(card: "SmartCard", fid: int | None) -> bytes:
    """Its content is out of reach until it is activated; that of a directory with all that is in it."""
    meant = file_meant(card, _CLAUSE, fid)
    live_on(card, "DEACTIVATE FILE", _CLAUSE, meant, Operation.DEACTIVATE, LifeCycle.DEACTIVATED)
    return b""


DEACTIVATE_FILE = Instruction(
    instructions.DEACTIVATE_FILE, "DEACTIVATE FILE", _request, _deactivate, anywhere=True
)
