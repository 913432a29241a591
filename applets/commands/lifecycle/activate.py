"""ACTIVATE FILE (ISO/IEC 7816-9:2017 §7.5)."""

from typing import TYPE_CHECKING

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.files.fcp import LifeCycle
from bifente.apdu.files.security import Operation
from bifente.applets.commands.lifecycle.meant import PART_9, fid_meant, file_meant, live_on
from bifente.applets.kernel.instruction import Instruction

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_9} §7.5"


def _request(apdu: CommandAPDU) -> int | None:
    return fid_meant(apdu, _CLAUSE)


def _activate(card: "SmartCard", fid: int | None) -> bytes:
    """Out of creation, initialisation or deactivation; an activated file stays one."""
    meant = file_meant(card, _CLAUSE, fid)
    live_on(card, "ACTIVATE FILE", _CLAUSE, meant, Operation.ACTIVATE, LifeCycle.ACTIVATED)
    return b""


ACTIVATE_FILE = Instruction(instructions.ACTIVATE_FILE, "ACTIVATE FILE", _request, _activate, anywhere=True)
