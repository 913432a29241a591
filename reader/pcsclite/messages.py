"""The messages between libpcsclite and its server (pcsc-lite, ``src/winscard_msg.h`` and ``src/eventhandler.h``).

A client sends a :data:`HEADER` and the structure of its command; the server answers with the structure, filled in,
and no header. TRANSMIT and CONTROL are followed by the bytes that go to the card or the reader, their answers by
those that come back. Integers are in the order of the machine, for both ends are on it.

Serving uses the compiled :class:`struct.Struct` of each, in :data:`LAYOUTS`. What the messages are is declared in
:mod:`bifente.reader.pcsclite.declared`; a test holds the two against each other.
"""

import struct
from enum import IntEnum
from typing import Final

from bifente.reader.pcsclite.codes import MAX_ATR, MAX_BUFFER, MAX_NAME


class Command(IntEnum):
    """The commands that have a meaning; the gaps are numbers that pcsc-lite does not use."""

    ESTABLISH_CONTEXT = 0x01
    RELEASE_CONTEXT = 0x02
    CONNECT = 0x04
    RECONNECT = 0x05
    DISCONNECT = 0x06
    BEGIN_TRANSACTION = 0x07
    END_TRANSACTION = 0x08
    TRANSMIT = 0x09
    CONTROL = 0x0A
    STATUS = 0x0B
    CANCEL = 0x0D
    GET_ATTRIB = 0x0F
    SET_ATTRIB = 0x10
    VERSION = 0x11
    GET_READERS_STATE = 0x12
    WAIT_READER_STATE_CHANGE = 0x13
    STOP_WAITING_READER_STATE_CHANGE = 0x14
    GET_READER_EVENTS = 0x15
    GET_READERS_STATE_SIZE = 0x16
    GET_READERS_STATE_ARRAY = 0x17


HEADER: Final = struct.Struct("=II")
READER_STATE: Final = struct.Struct(f"={MAX_NAME}sIIi{MAX_ATR}s3xII")
WAIT: Final = struct.Struct("=II")
EVENTS: Final = struct.Struct("=II")
STATE_COUNT: Final = struct.Struct("=i")

_ATTRIBUTE_LAYOUT: Final = struct.Struct(f"=iI{MAX_BUFFER}sII")

LAYOUTS: Final[dict[int, struct.Struct]] = {
    Command.ESTABLISH_CONTEXT: struct.Struct("=III"),
    Command.RELEASE_CONTEXT: struct.Struct("=II"),
    Command.CONNECT: struct.Struct(f"=I{MAX_NAME}sIIiII"),
    Command.RECONNECT: struct.Struct("=iIIIII"),
    Command.DISCONNECT: struct.Struct("=iII"),
    Command.BEGIN_TRANSACTION: struct.Struct("=iI"),
    Command.END_TRANSACTION: struct.Struct("=iII"),
    Command.TRANSMIT: struct.Struct("=iIIIIIII"),
    Command.CONTROL: struct.Struct("=iIIIII"),
    Command.STATUS: struct.Struct("=iI"),
    Command.CANCEL: struct.Struct("=II"),
    Command.GET_ATTRIB: _ATTRIBUTE_LAYOUT,
    Command.SET_ATTRIB: _ATTRIBUTE_LAYOUT,
    Command.VERSION: struct.Struct("=iiI"),
}
"""The structures of the commands for :meth:`struct.Struct.unpack_from`; fields in the order of their declarations."""


def reader_state(name: bytes, counter: int, state: int, sharing: int, atr: bytes, protocol: int) -> bytes:
    """One reader's state. *name* without terminator, at most 127 bytes.

    Of *atr* clients have room for 33 bytes, as many as ISO/IEC 7816-3:2006 §8.2 allows; more is cut, for a length beyond
    it would have them read over the end of their own field.
    """
    atr = atr[:MAX_ATR]
    return READER_STATE.pack(name, counter, state, sharing, atr, len(atr), protocol)


NO_READER: Final = bytes(READER_STATE.size)
"""The state of a reader that does not exist."""
