"""READ BINARY and UPDATE BINARY (ISO/IEC 7816-4:2020 §11.3)."""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import instructions
from bifente.apdu.command import CommandAPDU
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError, CardWarning
from bifente.applets.kernel.files import File
from bifente.applets.kernel.instruction import Instruction
from bifente.applets.kernel.refusals import PART_4, forbidden, require, wrong_length, wrong_parameters
from bifente.applets.kernel.target import rewrite, target

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard


_new = tuple.__new__

_READ_CLAUSE = f"{PART_4} §11.3.3"
_UPDATE_CLAUSE = f"{PART_4} §11.3.5"
_OFFSETS = "bit 8 of P1 is 0 (offset), or P1 is 80 to 9E (short EF identifier in five bits)"


class ReadRequest(NamedTuple):
    """Read up to ``length`` bytes from ``offset``; ``to_end`` when Le, all zeros, asked for all there is (§11.3.3)."""

    sfi: int
    """0 means the current EF."""
    offset: int
    length: int
    to_end: bool


class UpdateRequest(NamedTuple):
    """Write ``data`` at ``offset``."""

    sfi: int
    offset: int
    data: bytes


def _read_request(apdu: CommandAPDU) -> ReadRequest:
    ne = apdu.ne
    if ne is None or apdu.data:
        raise wrong_length(apdu, _READ_CLAUSE, "READ BINARY sends no data and asks for some by Le")
    p1 = apdu.p1
    # 256 is Le = 00 in short form, and a number like others in extended form
    to_end = ne == 65536 or (ne == 256 and len(apdu.raw) == 5)
    if p1 < 0x80:
        return _new(ReadRequest, (0, p1 << 8 | apdu.p2, ne, to_end))
    if p1 & 0x60 or p1 == 0x9F:
        raise wrong_parameters(apdu, _READ_CLAUSE, _OFFSETS)
    return ReadRequest(p1 & 0x1F, apdu.p2, ne, to_end)


def _update_request(apdu: CommandAPDU) -> UpdateRequest:
    if not apdu.data or apdu.ne is not None:
        raise wrong_length(apdu, _UPDATE_CLAUSE, "UPDATE BINARY sends data and expects none")
    p1 = apdu.p1
    if p1 < 0x80:
        return UpdateRequest(0, p1 << 8 | apdu.p2, apdu.data)
    if p1 & 0x60 or p1 == 0x9F:
        raise wrong_parameters(apdu, _UPDATE_CLAUSE, _OFFSETS)
    return UpdateRequest(p1 & 0x1F, apdu.p2, apdu.data)


def _target(card: "SmartCard", sfi: int) -> File:
    """The transparent EF meant."""
    file = target(card, sfi)
    if not file.transparent:
        why = Why(PART_4 + " §11.3.1", "{} has records, which the binary commands do not reach", (file.path,))
        raise CardError(SW.INCOMPATIBLE_WITH_FILE_STRUCTURE, why)
    return file


def _read(card: "SmartCard", request: ReadRequest) -> bytes:
    """Up to ``length`` bytes; 6282 with them when the file ends before (§11.3.3).

    A short identifier makes its EF the current one, if the command is not refused (§7.3.3).
    """
    channel = card.channel
    proven = card.proven
    sfi = request.sfi
    current = channel.file
    # the usual case without a call: it is asked for more often than anything else
    file = (
        _target(card, sfi) if sfi or current is None or current.closed or not current.transparent else current
    )
    if not file.read_rule.allows(proven):
        why = forbidden("READ BINARY", file.path, file.read_rule, proven)
        raise CardError(SW.SECURITY_STATUS_NOT_SATISFIED, why)
    content = file.content
    offset = request.offset
    if offset >= len(content):
        raise CardError(SW.WRONG_P1_P2, _outside(_READ_CLAUSE, file, offset))
    channel.file = file
    data = content[offset : offset + request.length]
    if len(data) < request.length and not request.to_end:
        why = Why(
            _READ_CLAUSE,
            "{} ends {} bytes after offset {}, Le asked for {}",
            (file.path, len(data), offset, request.length),
        )
        raise CardWarning(SW.END_OF_FILE_REACHED, why, data)
    return data


def _outside(clause: str, file: File, offset: int) -> Why:
    return Why(
        clause, "offset {} lies outside {}, which has {} bytes", (offset, file.path, len(file.content))
    )


def _update(card: "SmartCard", request: UpdateRequest) -> bytes:
    """Replace bytes inside the file, which keeps its size (§11.3.5)."""
    file = _target(card, request.sfi)
    require("UPDATE BINARY", file.path, file.update_rule, card.proven)
    content = file.content
    end = request.offset + len(request.data)
    if request.offset >= len(content):
        raise CardError(SW.WRONG_P1_P2, _outside(_UPDATE_CLAUSE, file, request.offset))
    if end > len(content):
        values = (len(request.data), request.offset, file.path, len(content))
        why = Why(
            _UPDATE_CLAUSE,
            "{} bytes from offset {} do not fit into {}, which has {} bytes and keeps its size",
            values,
        )
        raise CardError(SW.NOT_ENOUGH_MEMORY, why)
    updated = content[: request.offset] + request.data + content[end:]
    rewrite(card, file, updated)
    card.channel.file = file
    return b""


READ_BINARY = Instruction(instructions.READ_BINARY, "READ BINARY", _read_request, _read)
UPDATE_BINARY = Instruction(instructions.UPDATE_BINARY, "UPDATE BINARY", _update_request, _update)
