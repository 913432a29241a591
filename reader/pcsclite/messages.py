"""The messages between libpcsclite and its server (pcsc-lite, ``src/winscard_msg.h`` and ``src/eventhandler.h``).

A client sends a :data:`HEADER` and the structure of its command; the server answers with the structure, filled in,
and no header. TRANSMIT and CONTROL are followed by the bytes that go to the card or the reader, their answers by
those that come back. Integers are in the order of the machine, for both ends are on it.

The declarations below are what the messages are. Serving uses the compiled :class:`struct.Struct` of each, in
:data:`LAYOUTS`; a test holds the two against each other.
"""

import struct
from enum import IntEnum
from typing import Final

from construct import Bytes, Construct, Int32sn, Int32un, Padding, Struct

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


HEADER_DECLARED: Final = Struct("size" / Int32un, "command" / Int32un)

READER_STATE_DECLARED: Final = Struct(
    "name" / Bytes(MAX_NAME),
    "event_counter" / Int32un,
    "state" / Int32un,
    "sharing" / Int32sn,
    "atr" / Bytes(MAX_ATR),
    Padding(3),
    "atr_length" / Int32un,
    "protocol" / Int32un,
)
"""What a client knows of a reader: 184 bytes."""

WAIT_DECLARED: Final = Struct("timeout" / Int32un, "rv" / Int32un)
"""The news that some reader has changed, or that waiting is over."""

EVENTS_DECLARED: Final = Struct("events" / Int32un, "rv" / Int32un)

_ATTRIBUTE: Final = Struct(
    "card" / Int32sn,
    "attribute" / Int32un,
    "value" / Bytes(MAX_BUFFER),
    "length" / Int32un,
    "rv" / Int32un,
)
_CARD_DISPOSITION: Final = Struct("card" / Int32sn, "disposition" / Int32un, "rv" / Int32un)
_CARD: Final = Struct("card" / Int32sn, "rv" / Int32un)

DECLARED: Final[dict[Command, Construct]] = {
    Command.ESTABLISH_CONTEXT: Struct("scope" / Int32un, "context" / Int32un, "rv" / Int32un),
    Command.RELEASE_CONTEXT: Struct("context" / Int32un, "rv" / Int32un),
    Command.CONNECT: Struct(
        "context" / Int32un,
        "reader" / Bytes(MAX_NAME),
        "share_mode" / Int32un,
        "preferred_protocols" / Int32un,
        "card" / Int32sn,
        "active_protocol" / Int32un,
        "rv" / Int32un,
    ),
    Command.RECONNECT: Struct(
        "card" / Int32sn,
        "share_mode" / Int32un,
        "preferred_protocols" / Int32un,
        "initialization" / Int32un,
        "active_protocol" / Int32un,
        "rv" / Int32un,
    ),
    Command.DISCONNECT: _CARD_DISPOSITION,
    Command.BEGIN_TRANSACTION: _CARD,
    Command.END_TRANSACTION: _CARD_DISPOSITION,
    Command.TRANSMIT: Struct(
        "card" / Int32sn,
        "send_protocol" / Int32un,
        "send_pci_length" / Int32un,
        "send_length" / Int32un,
        "receive_protocol" / Int32un,
        "receive_pci_length" / Int32un,
        "receive_length" / Int32un,
        "rv" / Int32un,
    ),
    Command.CONTROL: Struct(
        "card" / Int32sn,
        "code" / Int32un,
        "send_length" / Int32un,
        "receive_length" / Int32un,
        "returned" / Int32un,
        "rv" / Int32un,
    ),
    Command.STATUS: _CARD,
    Command.CANCEL: Struct("context" / Int32un, "rv" / Int32un),
    Command.GET_ATTRIB: _ATTRIBUTE,
    Command.SET_ATTRIB: _ATTRIBUTE,
    Command.VERSION: Struct("major" / Int32sn, "minor" / Int32sn, "rv" / Int32un),
}
"""The structure of each command; a command that is not here has none."""

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
"""The same structures for :meth:`struct.Struct.unpack_from`; fields in the order of :data:`DECLARED`."""


def reader_state(name: bytes, counter: int, state: int, sharing: int, atr: bytes, protocol: int) -> bytes:
    """One reader's state. *name* without terminator, at most 127 bytes.

    Of *atr* clients have room for 33 bytes, as many as ISO/IEC 7816-3:2006 §8.2 allows; more is cut, for a length beyond
    it would have them read over the end of their own field.
    """
    atr = atr[:MAX_ATR]
    return READER_STATE.pack(name, counter, state, sharing, atr, len(atr), protocol)


NO_READER: Final = bytes(READER_STATE.size)
"""The state of a reader that does not exist."""
