"""The wire of vsmartcard's virtual PC/SC driver (vpcd), as its ``src/vpcd/vpcd.c`` and ``doc/api.txt`` have it.

Every message, in both directions, is a length of two bytes, big endian, and that many bytes. From the driver, a message
of one byte is a control; any other length is a command APDU. Only a command and the question for the ATR are answered;
the card never speaks first and can say nothing but an answer: it leaves by closing the connection.
"""

import socket
from enum import IntEnum
from typing import Final

LIMIT: Final = 0xFFFF
"""No message is longer, although the driver tells applications 65 536 (``IFDHControl``, dwMaxAPDUDataSize)."""

_QUICKACK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)


class Control(IntEnum):
    """What the driver says with one byte. Only :attr:`ATR` is answered."""

    POWER_OFF = 0
    POWER_ON = 1
    RESET = 2
    ATR = 4


class ConnectionEnded(Exception):
    """The other side closed the connection, or it broke. Half a message may be lost."""


class Wire:
    """One connection between a driver and a card, cut into messages. The socket stays its owner's to close.

    Debian 12's driver (vsmartcard 3.3) sends length and body apart: Nagle's algorithm keeps the body back until the
    length is acknowledged, and an acknowledgement may be delayed by 40 ms. So it is asked for at once with the first
    bytes of each message, and again after a control, which no answer acknowledges. Linux forgets the request (tcp(7),
    TCP_QUICKACK), so it is made each time: then the body mostly comes together with the length. Later drivers send a
    message whole, and lose nothing by it.
    """

    __slots__ = ("_receive", "_send", "_set")

    def __init__(self, connection: socket.socket) -> None:
        # Bound once: each microsecond here is one per cent of a command.
        self._receive = connection.recv
        self._send = connection.sendall
        self._set = connection.setsockopt
        self._set(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self) -> bytes:
        """The next message, 0 to 65 535 bytes. Waits for it; ConnectionEnded when there is none any more."""
        receive = self._receive
        try:
            length = receive(2)
            if _QUICKACK is not None:
                self._set(socket.IPPROTO_TCP, _QUICKACK, 1)
            if len(length) == 1:
                length += receive(1)
            if len(length) < 2:
                raise ConnectionEnded("closed by the other side")
            size = length[0] << 8 | length[1]
            message = receive(size) if size else b""
            while len(message) < size:
                more = receive(size - len(message))
                if not more:
                    raise ConnectionEnded("closed by the other side")
                message += more
        except OSError as error:
            raise ConnectionEnded(str(error)) from error
        return message

    def write(self, message: bytes) -> None:
        """Send a message of 1 to 65 535 bytes whole.

        Nothing is ever sent as an empty message: a driver on Linux would wait in ``recv`` for bytes that never come.
        """
        if not 0 < len(message) <= LIMIT:
            raise ValueError(f"a message has 1 to {LIMIT} bytes, not {len(message)}")
        try:
            self._send(len(message).to_bytes(2) + message)
        except OSError as error:
            raise ConnectionEnded(str(error)) from error

    def acknowledge(self) -> None:
        """Let the driver know at once that its bytes have come, where no answer is going to carry that."""
        if _QUICKACK is not None:
            try:
                self._set(socket.IPPROTO_TCP, _QUICKACK, 1)
            except OSError as error:
                raise ConnectionEnded(str(error)) from error
