"""READ BINARY and UPDATE BINARY (ISO/IEC 7816-4:2020 §11.3)."""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu.command import CommandAPDU
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError, CardWarning
from bifente.applets.kernel.files import File, file_record
from bifente.applets.kernel.instruction import Instruction

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard


_new = tuple.__new__


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
        raise CardError(SW.WRONG_LENGTH)
    p1 = apdu.p1
    # 256 is Le = 00 in short form, and a number like others in extended form
    to_end = ne == 65536 or (ne == 256 and len(apdu.raw) == 5)
    if p1 < 0x80:
        return _new(ReadRequest, (0, p1 << 8 | apdu.p2, ne, to_end))
    if p1 & 0x60 or p1 == 0x9F:
        raise CardError(SW.INCORRECT_P1_P2)
    return ReadRequest(p1 & 0x1F, apdu.p2, ne, to_end)


def _update_request(apdu: CommandAPDU) -> UpdateRequest:
    if not apdu.data or apdu.ne is not None:
        raise CardError(SW.WRONG_LENGTH)
    p1 = apdu.p1
    if p1 < 0x80:
        return UpdateRequest(0, p1 << 8 | apdu.p2, apdu.data)
    if p1 & 0x60 or p1 == 0x9F:
        raise CardError(SW.INCORRECT_P1_P2)
    return UpdateRequest(p1 & 0x1F, apdu.p2, apdu.data)


def _target(card: "SmartCard", sfi: int) -> File:
    """The EF meant."""
    volatile = card.volatile
    if sfi:
        file = volatile.directory.by_sfi.get(sfi)
        if file is None:
            raise CardError(SW.FILE_NOT_FOUND)
        return file
    file = volatile.file
    if file is None:
        raise CardError(SW.NO_CURRENT_EF)
    return file


def _read(card: "SmartCard", request: ReadRequest) -> bytes:
    """Up to ``length`` bytes; 6282 with them when the file ends before (§11.3.3).

    A short identifier makes its EF the current one, if the command is not refused (§7.3.3).
    """
    volatile = card.volatile
    file = _target(card, request.sfi)
    if not file.read_rule.allows(volatile):
        raise CardError(SW.SECURITY_STATUS_NOT_SATISFIED)
    content = file.content
    offset = request.offset
    if offset >= len(content):
        raise CardError(SW.WRONG_P1_P2)
    volatile.file = file
    data = content[offset : offset + request.length]
    if len(data) < request.length and not request.to_end:
        raise CardWarning(SW.END_OF_FILE_REACHED, data)
    return data


def _update(card: "SmartCard", request: UpdateRequest) -> bytes:
    """Replace bytes inside the file, which keeps its size (§11.3.5)."""
    file = _target(card, request.sfi)
    if not file.update_rule.allows(card.volatile):
        raise CardError(SW.SECURITY_STATUS_NOT_SATISFIED)
    content = file.content
    end = request.offset + len(request.data)
    if request.offset >= len(content):
        raise CardError(SW.WRONG_P1_P2)
    if end > len(content):
        raise CardError(SW.NOT_ENOUGH_MEMORY)
    updated = content[: request.offset] + request.data + content[end:]
    card.persistent.commit({file_record(file.path): file.record_of(updated)})
    file.replace(updated)
    card.volatile.file = file
    return b""


READ_BINARY = Instruction(0xB0, "READ BINARY", _read_request, _read)
UPDATE_BINARY = Instruction(0xD6, "UPDATE BINARY", _update_request, _update)
