"""The driver that calls a vpcd listener."""

import socket
from collections.abc import Callable
from contextlib import suppress

ATR_T1 = bytes.fromhex("3B8F80010031B86404B0ECC1739401808290000E")
OFF, ON, RESET, GET_ATR = b"\0", b"\1", b"\2", b"\4"
WAIT = 10.0


class PlainCard:
    """Answers the command's bytes after its header, and remembers what was done to it."""

    def __init__(self, atr: bytes = ATR_T1) -> None:
        self.atr = atr
        self.done: list[str] = []
        self.answers: Callable[[bytes], bytes] = lambda command: command[4:] + b"\x90\x00"

    def power_on(self) -> bytes:
        self.done.append("on")
        return self.atr

    def reset(self) -> bytes:
        self.done.append("reset")
        return self.atr

    def power_off(self) -> None:
        self.done.append("off")

    def transmit(self, command: bytes, /) -> bytes:
        self.done.append(command.hex())
        return self.answers(command)


class Driver:
    """The driver's end of one connection."""

    def __init__(self, connection: socket.socket, *, pieces: int) -> None:
        self.socket = connection
        self.pieces = pieces
        connection.settimeout(WAIT)

    def say(self, message: bytes) -> None:
        framed = len(message).to_bytes(2) + message
        if self.pieces == 2:
            self.socket.sendall(framed[:2])
            self.socket.sendall(framed[2:])
        else:
            self.socket.sendall(framed)

    def hear(self) -> bytes:
        return self._exactly(int.from_bytes(self._exactly(2)))

    def ask(self, message: bytes) -> bytes:
        self.say(message)
        return self.hear()

    def ended(self) -> bool:
        """The card has left; waits for it."""
        with suppress(ConnectionResetError):
            return self.socket.recv(1) == b""
        return True

    def _exactly(self, size: int) -> bytes:
        received = b""
        while len(received) < size:
            part = self.socket.recv(size - len(received))
            if not part:
                raise EOFError
            received += part
        return received
