"""Which bytes of which file the commands on transparent files mean (ISO/IEC 7816-4:2020 §11.3.2).

With an even instruction byte P1-P2 hold an offset, or a short identifier and an offset. With an odd one they hold a
short identifier or a file identifier, and the offset stands in the data field, in object ``54``.
"""

from typing import TYPE_CHECKING, NamedTuple

from bifente.apdu import tlv
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.files import File
from bifente.applets.kernel.refusals import PART_4, incorrect_data, wrong_length, wrong_parameters
from bifente.applets.kernel.target import closed, target

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

OFFSET_TAG = 0x54
DATA_TAG, DATA_TEMPLATE = 0x53, 0x73
_OFFSETS = "bit 8 of P1 is 0 (offset), or P1 is 80 to 9E (short EF identifier in five bits)"
_LAST_SFI = 30
_OFFSET_BYTES = 4


class BytePlace(NamedTuple):
    """Bytes of one file from ``offset`` on."""

    sfi: int
    """0 means the current EF, unless ``fid`` names one."""
    fid: int
    """0 where no file identifier was given."""
    offset: int


class OffsetData(NamedTuple):
    """What the data field of an odd instruction holds."""

    offsets: tuple[int, ...]
    data: bytes | None


def place(apdu: CommandAPDU, clause: str) -> BytePlace:
    """That of an even instruction. Raises CardError 6A86."""
    p1 = apdu.p1
    if p1 < 0x80:
        return BytePlace(0, 0, p1 << 8 | apdu.p2)
    if p1 & 0x60 or p1 == 0x9F:
        raise wrong_parameters(apdu, clause, _OFFSETS)
    return BytePlace(p1 & 0x1F, 0, apdu.p2)


def odd_place(apdu: CommandAPDU, clause: str, offset: int) -> BytePlace:
    """That of an odd instruction: P1-P2 are 0000, a short identifier below 001F, or a file identifier."""
    meant = apdu.p1 << 8 | apdu.p2
    if meant <= _LAST_SFI:
        return BytePlace(meant, 0, offset)
    if meant in (_LAST_SFI + 1, 0xFFFF):
        raise wrong_parameters(
            apdu, clause, "they are 0000, a short identifier to 001E, or a file identifier"
        )
    return BytePlace(0, meant, offset)


def offset_data(apdu: CommandAPDU, clause: str, *, offsets: int = 1, with_data: bool) -> OffsetData:
    """Object 54, up to so many of them, and 53 or 73 where there are to be data. Raises CardError."""
    if not apdu.data:
        raise wrong_length(apdu, clause, "an offset data object 54 stands in the data field")
    try:
        items = tlv.decode(apdu.data)
    except ApduError as error:
        raise incorrect_data(clause, "the data field is not BER-TLV: {}", str(error)) from None
    found = [item.value for item in items if item.tag == OFFSET_TAG]
    data = [item.value for item in items if item.tag in (DATA_TAG, DATA_TEMPLATE)]
    wanted = "54 and 53 or 73" if with_data else "54 alone" if offsets == 1 else f"up to {offsets} objects 54"
    if (
        len(found) + len(data) != len(items)
        or len(data) != with_data
        or not (1 <= len(found) <= offsets)
        or any(not 1 <= len(value) <= _OFFSET_BYTES for value in found)
    ):
        raise incorrect_data(clause, "the data field holds other objects than {}", wanted)
    return OffsetData(tuple(int.from_bytes(value, "big") for value in found), data[0] if data else None)


def discretionary(data: bytes, ne: int) -> bytes:
    """*data* in object 53, as much as *ne* bytes in all can hold."""
    size = min(len(data), ne)
    while size and len(tlv.encode_length(size)) + 1 + size > ne:
        size -= 1
    return tlv.encode(DATA_TAG, data[:size])


def file_at(card: "SmartCard", clause: str, meant: BytePlace) -> File:
    """The transparent file that is meant. Raises CardError."""
    if meant.fid:
        found = card.channel.directory.by_fid.get(meant.fid)
        if not isinstance(found, File):
            why = Why(clause, "{} has no EF {:04X}", (card.channel.directory.path, meant.fid))
            raise CardError(SW.FILE_NOT_FOUND, why)
        if found.closed:
            raise closed(found)
        file = found
    else:
        file = target(card, meant.sfi)
    if not file.transparent:
        why = Why(PART_4 + " §11.3.1", "{} has records, which the binary commands do not reach", (file.path,))
        raise CardError(SW.INCOMPATIBLE_WITH_FILE_STRUCTURE, why)
    return file


def inside(clause: str, file: File, offset: int, size: int = 0) -> None:
    """Refuse an offset outside the file with 6B00, and *size* bytes that do not fit behind it with 6A84."""
    there = len(file.content)
    if offset >= there:
        why = Why(clause, "offset {} lies outside {}, which has {} bytes", (offset, file.path, there))
        raise CardError(SW.WRONG_P1_P2, why)
    if offset + size > there:
        pattern = "{} bytes from offset {} do not fit into {}, which has {} bytes and keeps its size"
        raise CardError(SW.NOT_ENOUGH_MEMORY, Why(clause, pattern, (size, offset, file.path, there)))
