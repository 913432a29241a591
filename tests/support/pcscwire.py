"""A client that speaks the pcsc-lite protocol byte by byte, and a card that does as it is told."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bifente.reader import TwoSlotReader
from bifente.reader.pcsclite import PcscServer
from bifente.reader.pcsclite.codes import Disposition, Rv, Share
from bifente.reader.pcsclite.messages import EVENTS, HEADER, LAYOUTS, READER_STATE, WAIT, Command

T0_ATR = bytes.fromhex("3BAC00402A001225006480000310009000")
T1_ATR = bytes.fromhex("3B800181")
BOTH_ATR = bytes.fromhex("3B80800101")

SECONDS = 10.0


class FakeCard:
    """Echoes; ``pause`` seconds before each answer; counts what is done to it."""

    def __init__(self, atr: bytes = T1_ATR, answer: bytes | None = None, pause: float = 0.0) -> None:
        self.atr = atr
        self.answer = answer
        self.pause = pause
        self.seen: list[bytes] = []
        self.cold = self.warm = self.off = 0
        self.busy = threading.Event()
        self.hold: threading.Event | None = None

    def power_on(self) -> bytes:
        self.cold += 1
        return self.atr

    def reset(self) -> bytes:
        self.warm += 1
        return self.atr

    def power_off(self) -> None:
        self.off += 1

    def transmit(self, command: bytes, /) -> bytes:
        self.seen.append(command)
        self.busy.set()
        if self.hold is not None:
            self.hold.wait(SECONDS)
        if self.pause:
            time.sleep(self.pause)
        return self.answer if self.answer is not None else command[4:] + b"\x90\x00"


@dataclass(frozen=True)
class State:
    """A reader state as a client sees it."""

    name: str
    counter: int
    bits: int
    sharing: int
    atr: bytes
    protocol: int


class Wire:
    """One connection, with a context when *version* is given. Every call returns what the server answered."""

    def __init__(self, path: Path, version: tuple[int, int] | None = (4, 4)) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(SECONDS)
        self.socket.connect(str(path))
        self.context = 0
        if version is not None:
            assert self.call(Command.VERSION, *version, 0)[-1] == Rv.SUCCESS
            self.context = self.call(Command.ESTABLISH_CONTEXT, 2, 0, 0)[1]

    def receive(self, size: int) -> bytes:
        received = b""
        while len(received) < size:
            piece = self.socket.recv(size - len(received))
            if not piece:
                raise ConnectionResetError("the server hung up")
            received += piece
        return received

    def send(self, command: int, *fields: object, extra: bytes = b"") -> None:
        body = LAYOUTS[command].pack(*fields) if command in LAYOUTS else b""
        self.socket.sendall(HEADER.pack(len(body), command) + body + extra)

    def call(self, command: int, *fields: object, extra: bytes = b"") -> tuple[int, ...]:
        self.send(command, *fields, extra=extra)
        layout = LAYOUTS[command]
        return layout.unpack(self.receive(layout.size))

    def connect(self, name: str, share: int = Share.SHARED, protocols: int = 3) -> tuple[int, int, int]:
        """(card, active protocol, rv)"""
        answer = self.call(Command.CONNECT, self.context, name.encode(), share, protocols, 0, 0, 0)
        return answer[4], answer[5], answer[6]

    def card(self, name: str, share: int = Share.SHARED, protocols: int = 3) -> int:
        card, _, rv = self.connect(name, share, protocols)
        assert rv == Rv.SUCCESS, hex(rv)
        return card

    def reconnect(
        self, card: int, initialization: int = 0, share: int = Share.SHARED, protocols: int = 3
    ) -> tuple[int, int]:
        """(active protocol, rv)"""
        return self.call(Command.RECONNECT, card, share, protocols, initialization, 0, 0)[4:]

    def disconnect(self, card: int, disposition: int = Disposition.LEAVE) -> int:
        return self.call(Command.DISCONNECT, card, disposition, 0)[-1]

    def begin_once(self, card: int) -> int:
        return self.call(Command.BEGIN_TRANSACTION, card, 0)[-1]

    def begin(self, card: int) -> int:
        """As libpcsclite does: again after a sharing violation."""
        deadline = time.monotonic() + SECONDS
        while (rv := self.begin_once(card)) == Rv.SHARING_VIOLATION and time.monotonic() < deadline:
            pass
        return rv

    def end(self, card: int, disposition: int = Disposition.LEAVE) -> int:
        return self.call(Command.END_TRANSACTION, card, disposition, 0)[-1]

    def status(self, card: int) -> int:
        return self.call(Command.STATUS, card, 0)[-1]

    def transmit(
        self, card: int, command: bytes, protocol: int = 2, room: int = 65548
    ) -> tuple[int, bytes, int]:
        """(rv, answer, the length that the server told)"""
        answer = self.call(Command.TRANSMIT, card, protocol, 16, len(command), 3, 16, room, 0, extra=command)
        told, rv = answer[6], answer[7]
        return rv, self.receive(told) if rv == Rv.SUCCESS else b"", told

    def control(self, card: int, code: int, data: bytes = b"", room: int = 65548) -> tuple[int, bytes]:
        answer = self.call(Command.CONTROL, card, code, len(data), room, 0, 0, extra=data)
        return answer[5], self.receive(answer[4]) if answer[5] == Rv.SUCCESS else b""

    def attribute(self, card: int, which: int, room: int = 264) -> tuple[int, bytes, int]:
        _, _, value, length, rv = self.call(Command.GET_ATTRIB, card, which, b"", room, 0)
        return rv, bytes(value)[: length if rv == Rv.SUCCESS else 0], length  # type: ignore[call-overload]

    def states(self) -> list[State]:
        self.send(Command.GET_READERS_STATE)
        return self.read_states()

    def read_states(self, count: int = 16) -> list[State]:
        raw = self.receive(READER_STATE.size * count)
        states = []
        for name, counter, bits, sharing, atr, size, protocol in READER_STATE.iter_unpack(raw):
            states.append(State(name.rstrip(b"\0").decode(), counter, bits, sharing, atr[:size], protocol))
        return states

    def state(self, name: str) -> State:
        return next(one for one in self.states() if one.name == name)

    def wait(self) -> list[State]:
        """Begin to wait, as a client of protocol 4:4 or 4:5 does."""
        self.send(Command.WAIT_READER_STATE_CHANGE)
        return self.read_states()

    def news(self) -> int:
        return int(WAIT.unpack(self.receive(WAIT.size))[1])

    def events(self) -> tuple[int, int]:
        self.send(Command.GET_READER_EVENTS)
        return EVENTS.unpack(self.receive(EVENTS.size))

    def raw(self, data: bytes) -> None:
        self.socket.sendall(data)

    def hung_up(self) -> bool:
        """The server closes the connection, and says nothing more."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self.socket.close()

    def kill(self) -> None:
        """Close at once, as a killed process does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def serving(folder: Path, *cards: FakeCard, **options: object) -> Iterator[tuple[TwoSlotReader, PcscServer]]:
    """A two-slot reader with the given cards, served on a socket in *folder*."""
    options.setdefault("idle_power_off", None)
    with TwoSlotReader("R", wait=SECONDS) as reader:
        for slot, card in zip(reader.slots, cards, strict=False):
            reader.insert(slot, card)
        with PcscServer(reader, path=folder / "s", **options) as server:  # type: ignore[arg-type]
            yield reader, server


def until(condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Wait until something has become true; fail when it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not become true in time"
        time.sleep(0.002)
