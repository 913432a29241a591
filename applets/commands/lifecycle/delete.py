"""DELETE FILE (ISO/IEC 7816-9:2017 §7.9)."""

from typing import TYPE_CHECKING

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.files.security import Operation
from bifente.applets.commands.lifecycle.meant import PART_9, fid_meant, file_meant
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.files import Directory, File, file_record, life_record
from bifente.applets.kernel.growth import created_record
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import out_of_turn, require
from bifente.layouts.created import CREATED

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_9} §7.9"


def _request(apdu: CommandAPDU) -> int | None:
    return fid_meant(apdu, _CLAUSE)


def _delete(card: "SmartCard", fid: int | None) -> bytes:
    """The file is gone, a directory with all that is in it; whoever was in there is in the directory around it.

    Its own rule allows that, or the directory's for what is in it. What a kind of card cannot be without stays.
    """
    meant = file_meant(card, _CLAUSE, fid)
    parent = meant.parent
    if parent is None:
        raise out_of_turn(_CLAUSE, "the MF cannot be deleted")
    _require(card, meant, parent)
    gone = list(meant.within()) if isinstance(meant, Directory) else [meant]
    for each in gone:
        if each.node.source != CREATED and not (isinstance(each, File) and each.node.optional):
            raise out_of_turn(_CLAUSE, "{} belongs to every card of this kind", each.path)
    changes: dict[str, bytes | None] = {}
    present = set(card.store.names())
    for each in gone:
        for record in (file_record(each.path), created_record(each.path), life_record(each.path)):
            if record in present:
                changes[record] = None
    card.persistent.commit(changes)
    parent.remove(meant)
    card.tree.applications = [one for one in card.tree.applications if one[1] not in gone]
    for channel in card.channels:
        if channel is None:
            continue
        if channel.directory in gone:
            channel.directory, channel.environment = parent, None
        if channel.file in gone:
            channel.file, channel.record = None, 0
    card.look_apart()
    return b""


def _require(card: "SmartCard", meant: File | Directory, parent: Directory) -> None:
    try:
        require("DELETE FILE", meant.path, meant.node.access.get(Operation.DELETE), card.proven)
    except CardError:
        rule = parent.node.access.get(Operation.DELETE_CHILD)
        if rule is None or not rule.allows(card.proven):
            raise


DELETE_FILE = Instruction(instructions.DELETE_FILE, "DELETE FILE", _request, _delete, anywhere=True)
