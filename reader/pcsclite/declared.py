"""What the messages of pcsc-lite are, declared with construct: the tests hold the compiled structures of serving against it."""

from typing import Final

from construct import Bytes, Construct, Int32sn, Int32un, Padding, Struct

from bifente.reader.pcsclite.codes import MAX_ATR, MAX_BUFFER, MAX_NAME
from bifente.reader.pcsclite.messages import Command

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
