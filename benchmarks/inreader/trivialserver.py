"""The floor of everything that goes through libpcsclite's socket: a server that knows just enough of the protocol.

It has one reader with a card, gives every TRANSMIT what a function says, and says yes to the rest. It keeps no
handles, no sharing, no transactions and no events: what ours does more is what a ratio to it shows.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from threading import Thread

READER = "R [CPS] 00 00"
_PRESENT = bytes.fromhex("00000000 34000000 00000000")


class TrivialServer:
    """Listens on *path*; ``answer(command)`` is what the card in the reader says. *protocol* is 1 for T=0, 2 for T=1."""

    def __init__(
        self,
        path: str,
        answer: Callable[[bytes], bytes],
        atr: bytes,
        reader: str = READER,
        protocol: int = 1,
    ) -> None:
        self._answer = answer
        self._protocol = protocol.to_bytes(4, "little")
        state = reader.encode().ljust(128, b"\0") + _PRESENT + atr.ljust(36, b"\0")
        self._states = state + len(atr).to_bytes(4, "little") + self._protocol + bytes(15 * 184)
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(path)
        self._listening.listen(256)
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """No new clients."""
        self._listening.close()

    def _accept(self) -> None:
        for number in count(1):
            try:
                connection, _ = self._listening.accept()
            except OSError:  # closed
                return
            Thread(target=self._client, args=(connection, number.to_bytes(4, "little")), daemon=True).start()

    def _client(self, connection: socket.socket, number: bytes) -> None:
        """*number* is this client's context and handle."""
        received, waits_in_states = b"", True
        with connection:
            while True:
                while len(received) < 8:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    received += piece
                size, code = int.from_bytes(received[:4], "little"), received[4]
                whole = 8 + size
                while len(received) < whole or (code == 9 and len(received) < whole + received[20]):
                    received += connection.recv(65536)
                body, rest = bytearray(received[8:whole]), received[whole:]
                if code == 9:  # SCARD_TRANSMIT
                    command, rest = rest[: body[12]], rest[body[12] :]
                    answer = self._answer(command)
                    body[24:28] = len(answer).to_bytes(4, "little")
                    connection.sendall(body + answer)
                elif code == 0x12:  # CMD_GET_READERS_STATE
                    connection.sendall(self._states)
                elif code == 0x13:  # CMD_WAIT_READER_STATE_CHANGE; nothing ever changes
                    connection.sendall(self._states if waits_in_states else b"")
                elif code == 0x14:  # CMD_STOP_WAITING_READER_STATE_CHANGE
                    connection.sendall(bytes(8))
                else:
                    if code == 0x11:  # CMD_VERSION: up to 4:4 a wait is answered with the states first
                        waits_in_states = int.from_bytes(body[4:8], "little") <= 4
                    elif code == 0x0A:  # SCARD_CONTROL: no features
                        rest, body[16:20] = rest[int.from_bytes(body[8:12], "little") :], bytes(4)
                    elif code == 0x0F:  # SCARD_GET_ATTRIB: SCARD_E_UNSUPPORTED_FEATURE
                        body[276:280] = (0x8010001F).to_bytes(4, "little")
                    elif code == 1:  # SCARD_ESTABLISH_CONTEXT
                        body[4:8] = number
                    elif code == 4:  # SCARD_CONNECT
                        body[140:152] = number + self._protocol + bytes(4)
                    connection.sendall(body)
                received = rest


@contextmanager
def trivial_server(
    path: str, answer: Callable[[bytes], bytes], atr: bytes, reader: str = READER
) -> Iterator[dict[str, str]]:
    """A server while the block lasts; the variable that its clients need."""
    server = TrivialServer(path, answer, atr, reader)
    try:
        yield {"PCSCLITE_CSOCK_NAME": path}
    finally:
        server.close()
