"""Which file the commands on the life of files mean, and its next state (ISO/IEC 7816-9:2017 §7.2)."""

from typing import TYPE_CHECKING

from bifente.apdu.command import CommandAPDU
from bifente.apdu.files.fcp import LifeCycle
from bifente.apdu.files.security import Operation
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.files import Directory, File, life_record
from bifente.applets.kernel.refusals import out_of_turn, require, wrong_length, wrong_parameters

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

PART_9 = "ISO/IEC 7816-9:2017"
_FID_SIZES = (0, 2)


def fid_meant(apdu: CommandAPDU, clause: str) -> int | None:
    """The identifier of a file in the current directory; None for the current file. Raises CardError."""
    if apdu.p1 or apdu.p2:
        raise wrong_parameters(
            apdu, clause, "they are 0000: the current file, or one named by its identifier"
        )
    if len(apdu.data) not in _FID_SIZES or apdu.ne is not None:
        raise wrong_length(
            apdu, clause, "a file identifier of 2 bytes, or nothing, and no answer is asked for"
        )
    return int.from_bytes(apdu.data, "big") if apdu.data else None


def file_meant(card: "SmartCard", clause: str, fid: int | None) -> File | Directory:
    """The current EF, or the current DF where there is none; a child of the current DF. Raises CardError 6A82."""
    channel = card.channel
    if fid is None:
        return channel.file or channel.directory
    found = channel.directory.by_fid.get(fid)
    if found is None:
        why = Why(clause, "{} has no file {:04X}", (channel.directory.path, fid))
        raise CardError(SW.FILE_NOT_FOUND, why)
    return found


def live_on(
    card: "SmartCard", name: str, clause: str, meant: File | Directory, operation: Operation, state: LifeCycle
) -> None:
    """*meant* is in *state* from now on. Raises CardError: its rule forbids that, or it is terminated already."""
    require(name, meant.path, meant.node.access.get(operation), card.proven)
    if meant.state is LifeCycle.TERMINATED:
        raise out_of_turn(clause, "{} is terminated, for good", meant.path)
    record = None if state is LifeCycle.ACTIVATED else bytes((state,))
    if meant.state is not state:
        card.persistent.commit({life_record(meant.path): record})
        meant.enter(state)
        card.look_apart()
