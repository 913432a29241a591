"""T=1 blocks in a capture: readers that exchange TPDUs pass them on as they are, and they have to be put together.

A block is NAD, PCB, LEN, INF and a checksum (ISO/IEC 7816-3:2006 §11.3). I-blocks carry the parts of a command or an
answer, R-blocks and S-blocks manage the line. Only the checksum LRC is known here; no reader uses CRC.
"""

from functools import reduce
from operator import xor
from typing import Final

from bifente.apdu.errors import ApduError
from bifente.apdu.reset.atr import Atr

_MORE: Final = 0x20


def speaks_t1(atr: bytes) -> bool:
    """The first protocol that the card offers is T=1."""
    try:
        protocols = Atr.parse(atr).protocols
    except ApduError:
        return False
    return tuple(protocols[:1]) == (1,)


def is_block(data: bytes) -> bool:
    """The length and the checksum are those of a T=1 block."""
    return len(data) >= 4 and data[2] == len(data) - 4 and data[2] != 0xFF and reduce(xor, data) == 0


class Assembler:
    """Puts one direction of one card together, block by block."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts = bytearray()

    def take(self, block: bytes) -> bytes | None:
        """The whole command or answer with its last block; None before, and for blocks that carry nothing."""
        control = block[1]
        if control & 0x80:
            return None
        self._parts += block[3:-1]
        if control & _MORE:
            return None
        whole = bytes(self._parts)
        self._parts.clear()
        return whole


def block(number: int, data: bytes, *, more: bool = False) -> bytes:
    """An I-block; *number* is its sequence bit."""
    head = bytes((0, (number & 1) << 6 | (_MORE if more else 0), len(data))) + data
    return head + bytes((reduce(xor, head),))
