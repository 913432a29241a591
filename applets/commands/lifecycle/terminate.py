"""TERMINATE EF, TERMINATE DF and TERMINATE CARD USAGE (ISO/IEC 7816-9:2017 §7.6 to §7.8)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.files.fcp import LifeCycle
from bifente.apdu.files.security import Operation
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.commands.lifecycle.meant import PART_9, fid_meant, file_meant, live_on
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.files import Directory
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import wrong_length, wrong_parameters

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_DF_CLAUSE, _EF_CLAUSE, _CARD_CLAUSE = f"{PART_9} §7.6", f"{PART_9} §7.7", f"{PART_9} §7.8"

Terminate = Callable[["SmartCard", int | None], bytes]


def _df_request(apdu: CommandAPDU) -> int | None:
    return fid_meant(apdu, _DF_CLAUSE)


def _ef_request(apdu: CommandAPDU) -> int | None:
    return fid_meant(apdu, _EF_CLAUSE)


def _terminates(name: str, clause: str, *, directories: bool) -> Terminate:
    """What ends the life of an EF, or of a DF; neither ends the other's."""

    def terminate(card: "SmartCard", fid: int | None) -> bytes:
        meant = (
            file_meant(card, clause, fid) if fid is not None or not directories else card.channel.directory
        )
        if isinstance(meant, Directory) is not directories or meant is card.tree.mf:
            pattern = "{} is a directory" if isinstance(meant, Directory) else "{} is an EF"
            if meant is card.tree.mf:
                pattern = "{} is the MF, whose end is that of the card (TERMINATE CARD USAGE)"
            why = Why(clause, pattern, (meant.path,))
            raise CardError(SW.CONDITIONS_OF_USE_NOT_SATISFIED, why)
        live_on(card, name, clause, meant, Operation.TERMINATE, LifeCycle.TERMINATED)
        return b""

    return terminate


def _card_request(apdu: CommandAPDU) -> None:
    if apdu.p1 or apdu.p2:
        raise wrong_parameters(apdu, _CARD_CLAUSE, "those of TERMINATE CARD USAGE are 0000")
    if apdu.data or apdu.ne is not None:
        raise wrong_length(apdu, _CARD_CLAUSE, "TERMINATE CARD USAGE sends nothing and answers nothing")


def _end(card: "SmartCard", _request: None) -> bytes:
    """After this the card refuses every command, for good."""
    mf = card.tree.mf
    live_on(card, "TERMINATE CARD USAGE", _CARD_CLAUSE, mf, Operation.TERMINATE, LifeCycle.TERMINATED)
    return b""


TERMINATE_DF = Instruction(
    instructions.TERMINATE_DF,
    "TERMINATE DF",
    _df_request,
    _terminates("TERMINATE DF", _DF_CLAUSE, directories=True),
    anywhere=True,
)
TERMINATE_EF = Instruction(
    instructions.TERMINATE_EF,
    "TERMINATE EF",
    _ef_request,
    _terminates("TERMINATE EF", _EF_CLAUSE, directories=False),
    anywhere=True,
)
TERMINATE_CARD_USAGE = Instruction(
    instructions.TERMINATE_CARD_USAGE, "TERMINATE CARD USAGE", _card_request, _end, anywhere=True
)
