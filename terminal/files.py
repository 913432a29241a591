"""Selecting and reading transparent files, as far as both cards do it alike (ISO/IEC 7816-4:2020 §11.2)."""

from functools import lru_cache
from typing import Final

from bifente.apdu import SW, ApduError
from bifente.apdu.instructions import READ_BINARY, SELECT
from bifente.apdu.tlv import decode_one, find
from bifente.layouts.recognition import Step
from bifente.terminal.errors import CardRefused, ProtocolBroken
from bifente.terminal.processors import Channel

BY_EF: Final = 0x02
BY_NAME: Final = 0x04
WITH_FCI: Final = 0x00
WITH_FCP: Final = 0x04
WITHOUT_ANSWER: Final = 0x0C

BLOCK: Final = 256
MAX_OFFSET: Final = 0x7FFF
"""READ BINARY with even INS addresses 15 bits: no file of these cards is longer."""


def select_application(channel: Channel, step: Step | str, aid: bytes, answer: int) -> bytes:
    """SELECT by DF name; *answer* is P2. Returns the control information. Raises CardRefused."""
    return channel.check(step, SELECT, BY_NAME, answer, aid, BLOCK)


def select_file(channel: Channel, step: Step | str, fid: int, answer: int) -> int | None:
    """SELECT an EF under the current DF; returns its size in bytes when the card tells it. Raises CardRefused."""
    return size_of(channel.check(step, SELECT, BY_EF, answer, fid.to_bytes(2, "big"), BLOCK))


def read_file(channel: Channel, step: Step | str, fid: int, answer: int) -> bytes:
    """SELECT an EF under the current DF and read all of it. Raises CardRefused."""
    return read_selected(channel, step, select_file(channel, step, fid, answer))


def read_selected(channel: Channel, step: Step | str, size: int | None) -> bytes:
    """READ BINARY of the current EF from its first byte to its end, in steps of 256 bytes, or of fewer where
    secure messaging leaves no room.

    With *size* the exact length is asked for; without it blocks of Le = 00 are read until one is short, as public
    readers of the Vitale do. Raises CardRefused.
    """
    return _read_on(channel, step, b"", size)


def read_short_identifier(channel: Channel, step: Step | str, sfi: int) -> bytes:
    """READ BINARY by short EF identifier, which selects the file, then on to its end. Raises CardRefused."""
    block = min(BLOCK, channel.most_answered)
    response = channel.send(channel.cla, READ_BINARY, 0x80 | sfi, 0, b"", block, step=step)
    if response.sw == SW.END_OF_FILE_REACHED or (response.sw == SW.SUCCESS and len(response.data) < block):
        return response.data
    if response.sw != SW.SUCCESS:
        raise CardRefused(step, response.sw, card=channel.card)
    return _read_on(channel, step, response.data, None)


def _read_on(channel: Channel, step: Step | str, head: bytes, size: int | None) -> bytes:
    parts = [head]
    offset = len(head)
    block = min(BLOCK, channel.most_answered)
    while size is None or offset < size:
        if offset > MAX_OFFSET:
            raise ProtocolBroken("a file without end", step=step)
        wanted = block if size is None else min(block, size - offset)
        response = channel.send(channel.cla, READ_BINARY, offset >> 8, offset & 0xFF, b"", wanted, step=step)
        if response.sw == SW.WRONG_P1_P2 and offset and size is None:
            break
        if response.sw not in (SW.SUCCESS, SW.END_OF_FILE_REACHED):
            raise CardRefused(step, response.sw, card=channel.card)
        parts.append(response.data)
        offset += len(response.data)
        if response.sw == SW.END_OF_FILE_REACHED or len(response.data) < wanted:
            break
    return b"".join(parts)


@lru_cache(maxsize=128)
def size_of(control_information: bytes) -> int | None:
    """Tag 80 of an FCP or FCI (ISO/IEC 7816-4:2020 table 10); None when it is not there or not readable.

    What was read is kept: the control information of a kind of card says the same on every card of it.
    """
    try:
        template, _ = decode_one(control_information)
        value = find(template.children(), 0x80)
    except ApduError:
        return None
    return int.from_bytes(value, "big") if value else None


def find_in(data: bytes, tag: int) -> bytes | None:
    """The value of *tag* on the outermost level of a file, None when it is absent or the file is not BER-TLV."""
    try:
        return find(data, tag)
    except ApduError:
        return None
