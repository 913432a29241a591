"""PUT DATA of an issuer's update: several files of a card become others, all of them or none (``synthetic``).

ISO/IEC 7816-4:2020 §11.5 has PUT DATA; what it carries here is :mod:`bifente.layouts.issuerupdate`. One transaction of the
card's store holds all files and the day: a power cut leaves the card as before or as after.
"""

from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Final

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.files import Tree, decode_content, file_record
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.records import INITIAL, MAX_CONTENT
from bifente.applets.kernel.refusals import (
    PART_4,
    incorrect_data,
    require,
    wrong_length,
    wrong_parameters,
)
from bifente.applets.kernel.state import DATE_RECORD
from bifente.layouts.access import Rule
from bifente.layouts.issuerupdate import PARAMETERS, IssuerUpdate, decode_update
from bifente.layouts.nodes import EF

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_CLAUSE: Final = f"{PART_4} §11.5; content synthetic"


def _request(apdu: CommandAPDU) -> bytes:
    if (apdu.p1, apdu.p2) != PARAMETERS:
        raise wrong_parameters(apdu, _CLAUSE, "those of an issuer's update are 3FFF")
    if not apdu.data or apdu.ne is not None:
        raise wrong_length(apdu, _CLAUSE, "PUT DATA carries an update and expects nothing")
    return apdu.data


def _put(card: "SmartCard", data: bytes, *, rule: Rule, names: Collection[str]) -> bytes:
    """Write the files of *names* that the update names."""
    require("PUT DATA", "the issuer's files", rule, card.proven)
    try:
        update = decode_update(data)
    except ApduError as error:
        raise incorrect_data(_CLAUSE, "{}", str(error)) from None
    persistent = card.persistent
    changes = _changes(card, update, names)
    for name in list(changes):
        if INITIAL + name not in card.store.names():  # what "restore" brings back is the emulator's own
            changes[INITIAL + name] = card.store.get(name) if name in card.store.names() else b""
    if update.day > persistent.latest_date:
        changes[DATE_RECORD] = update.day.isoformat().encode()
    persistent.commit(changes)
    _reread(card)
    return b""


def _changes(card: "SmartCard", update: IssuerUpdate, names: Collection[str]) -> dict[str, bytes | None]:
    changes: dict[str, bytes | None] = {}
    nodes = {path: node for path, node in card.layout.walk() if isinstance(node, EF) and node.name in names}
    for path, content in update.files.items():
        node = nodes.get(path)
        if node is None or (content is None and not node.optional):
            raise incorrect_data(_CLAUSE, "{} is not a file that the issuer may change so", path)
        if content is not None and len(content) > MAX_CONTENT:
            why = Why(_CLAUSE, "{} would have {} bytes, {} is the most", (path, len(content), MAX_CONTENT))
            raise CardError(SW.NOT_ENOUGH_MEMORY, why)
        changes[file_record(path)] = None if content is None else decode_content(node, content)
    return changes


def _reread(card: "SmartCard") -> None:
    """The tree anew: files may have come or gone. Each channel begins at the MF again, in the session that it has."""
    card.tree = Tree(card.layout, card.store)
    for channel in card.channels:
        if channel is not None:
            channel.directory, channel.file, channel.environment = card.tree.mf, None, None


def instruction(rule: Rule, names: Collection[str]) -> Instruction[bytes]:
    """PUT DATA of a card whose issuer may change the files of *names* when *rule* is satisfied."""
    run = partial(_put, rule=rule, names=frozenset(names))
    return Instruction(
        instructions.PUT_DATA | instructions.BER_TLV, "PUT DATA", _request, run, chainable=True
    )
