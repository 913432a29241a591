"""CREATE FILE (ISO/IEC 7816-9:2017 §7.3)."""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.files.fcp import Fcp, LifeCycle
from bifente.apdu.files.security import Operation
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.commands.lifecycle.meant import PART_9
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.files import Directory, File, file_record, life_record
from bifente.applets.kernel.growth import (
    CREATED_PREFIX,
    MAX_CREATED,
    MAX_DEPTH,
    created_record,
    environments_of,
)
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.records import MAX_CONTENT
from bifente.applets.kernel.refusals import incorrect_data, require, wrong_length, wrong_parameters
from bifente.layouts.created import node_of
from bifente.layouts.errors import LayoutError
from bifente.layouts.nodes import DF, EF
from bifente.layouts.structures import Transparent

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE = f"{PART_9} §7.3"
_STATES = (LifeCycle.CREATION, LifeCycle.INITIALISATION, LifeCycle.ACTIVATED)


class CreateRequest(NamedTuple):
    """A file of these parameters, whose bytes are kept as they came."""

    fcp: Fcp
    raw: bytes
    state: LifeCycle


def _request(apdu: CommandAPDU) -> CreateRequest:
    if apdu.p1 or apdu.p2:
        raise wrong_parameters(
            apdu, _CLAUSE, "they are 0000: all is said by the parameters in the data field"
        )
    if not apdu.data or apdu.ne is not None:
        raise wrong_length(
            apdu, _CLAUSE, "CREATE FILE sends file control parameters (62) and expects nothing"
        )
    try:
        fcp = Fcp.parse(apdu.data)
    except ApduError as error:
        raise incorrect_data(
            _CLAUSE, "the data field holds no file control parameters: {}", str(error)
        ) from None
    state = LifeCycle.ACTIVATED if fcp.life_cycle is None else LifeCycle.of(fcp.life_cycle)
    if state not in _STATES:
        raise incorrect_data(_CLAUSE, "a file is created in state 01, 03 or 05 of its life (8A)")
    return CreateRequest(fcp, apdu.data, state)


def _create(card: "SmartCard", request: CreateRequest) -> bytes:
    """The file is there, and current. A transparent EF is all zeros; a file of records has none yet."""
    directory = card.channel.directory
    chain = [directory.node]
    above = directory.parent
    while above is not None:
        chain.append(above.node)
        above = above.parent
    try:
        node = node_of(request.fcp, list(environments_of(chain[::-1])))
    except LayoutError as error:
        raise incorrect_data(_CLAUSE, "such a file cannot be made: {}", str(error)) from None
    operation = Operation.CREATE_DF if isinstance(node, DF) else Operation.CREATE_EF
    require("CREATE FILE", directory.path, directory.node.access.get(operation), card.proven)
    _check_free(card, directory, node, len(chain))
    path = f"{directory.path}/{node.fid:04X}"
    changes: dict[str, bytes | None] = {created_record(path): request.raw}
    if request.state is not LifeCycle.ACTIVATED:
        changes[life_record(path)] = bytes((request.state,))
    made: File | Directory
    if isinstance(node, EF):
        made = File(node, path, card.store, directory)
        size = request.fcp.size or 0
        if size > MAX_CONTENT:
            raise _no_room("a file has at most {} bytes, not {}", MAX_CONTENT, size)
        changes[file_record(path)] = made.record_of(
            bytes(size if isinstance(node.structure, Transparent) else 0)
        )
    else:
        made = Directory(node, path, directory)
    card.persistent.commit(changes)
    directory.add(made)
    made.enter(request.state)
    _make_current(card, made)
    return b""


def _make_current(card: "SmartCard", made: File | Directory) -> None:
    channel = card.channel
    channel.record = 0
    if isinstance(made, File):
        channel.file = made
        return
    channel.directory, channel.file, channel.environment = made, None, None
    if made.node.aid is not None:
        card.tree.applications.append((made.node.aid, made))


def _check_free(card: "SmartCard", directory: Directory, node: EF | DF, depth: int) -> None:
    """Refuse an identifier, a short one or a name that is taken, and more than the card has room for."""
    if node.fid in directory.by_fid or node.fid == directory.node.fid:
        raise CardError(
            SW.FILE_ALREADY_EXISTS, Why(_CLAUSE, "{} has a file {:04X}", (directory.path, node.fid))
        )
    if isinstance(node, EF):
        if node.sfi is not None and node.sfi in directory.by_sfi:
            pattern = "{} has a file with the short identifier {:02X}"
            raise CardError(SW.FILE_ALREADY_EXISTS, Why(_CLAUSE, pattern, (directory.path, node.sfi)))
    else:
        if node.aid is not None and any(node.aid == aid for aid, _ in card.tree.applications):
            raise CardError(SW.DF_NAME_ALREADY_EXISTS, Why(_CLAUSE, "the card has a DF of that name"))
        if depth >= MAX_DEPTH:
            raise _no_room("directories stand in one another {} deep at most (synthetic)", MAX_DEPTH)
    if len(card.store.names(CREATED_PREFIX)) >= MAX_CREATED:
        raise _no_room("there is room for {} created files (synthetic)", MAX_CREATED)


def _no_room(pattern: str, *values: object) -> CardError:
    return CardError(SW.NOT_ENOUGH_MEMORY, Why(_CLAUSE, pattern, values))


CREATE_FILE = Instruction(instructions.CREATE_FILE, "CREATE FILE", _request, _create)
