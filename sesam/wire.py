"""The messages between the forwarder and this process: see the head of ``native/forwarder.c``.

::

    question := size (4), call (2), number of fields (1), fields
    answer   := size (4), code (2), number of fields (1), fields
    field    := size (4; FFFFFFFF: a null pointer), bytes

All numbers are little-endian; a size does not count itself. A question has at most 12 fields and 16 MiB.
"""

import socket
from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple

from bifente.sesam.errors import WireBroken

LARGEST: Final = 16 << 20
MOST_FIELDS: Final = 12
ABSENT: Final = 0xFFFFFFFF
_SIZE: Final = Struct("<I")
_HEAD: Final = Struct("<IHB")
_AT_ONCE: Final = 65536


class Question(NamedTuple):
    """The number of a call and its fields, None for a null pointer."""

    call: int
    fields: tuple[bytes | None, ...]


def parse_question(body: bytes) -> Question:
    """The question in *body*, without its size. Raises WireBroken."""
    if len(body) < 3:
        raise WireBroken("a question has at least three bytes")
    count = body[2]
    if count > MOST_FIELDS:
        raise WireBroken(f"{count} fields, at most {MOST_FIELDS}")
    fields: list[bytes | None] = []
    at = 3
    for _ in range(count):
        if at + 4 > len(body):
            raise WireBroken("the size of a field is cut")
        (size,) = _SIZE.unpack_from(body, at)
        at += 4
        if size == ABSENT:
            fields.append(None)
            continue
        if at + size > len(body):
            raise WireBroken("a field is cut")
        fields.append(body[at : at + size])
        at += size
    if at != len(body):
        raise WireBroken("bytes follow the last field")
    return Question(body[0] | body[1] << 8, tuple(fields))


def build_question(call: int, fields: Sequence[bytes | None]) -> bytes:
    """A question as the forwarder sends it."""
    return _message(call, fields)


def build_answer(code: int, fields: Sequence[bytes] = ()) -> bytes:
    """An answer as the forwarder takes it."""
    return _message(code, fields)


def _message(first: int, fields: Sequence[bytes | None]) -> bytes:
    if not fields:
        return _HEAD.pack(3, first, 0)
    parts = [b""]
    size = 3
    for field in fields:
        if field is None:
            parts.append(_SIZE.pack(ABSENT))
            size += 4
        else:
            parts += (_SIZE.pack(len(field)), field)
            size += 4 + len(field)
    parts[0] = _HEAD.pack(size, first, len(fields))
    return b"".join(parts)


def split_zones(packed: bytes | None) -> list[bytes]:
    """The zones of an array, as the forwarder packs them: of each its size (4) and its bytes. Raises WireBroken."""
    zones = []
    at = 0
    packed = packed or b""
    while at < len(packed):
        if at + 4 > len(packed):
            raise WireBroken("the size of a zone is cut")
        (size,) = _SIZE.unpack_from(packed, at)
        at += 4
        if at + size > len(packed):
            raise WireBroken("a zone is cut")
        zones.append(packed[at : at + size])
        at += size
    return zones


class Receiver:
    """The questions of one connection, one after the other."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = b""

    def next(self, largest: int = LARGEST) -> Question | None:
        """The next question, of at most *largest* bytes; None when the other side has closed. Raises WireBroken, OSError."""
        received = self._received
        while len(received) < 4:
            piece = self._connection.recv(_AT_ONCE)
            if not piece:
                return None
            received += piece
        (size,) = _SIZE.unpack_from(received)
        if size > largest:
            raise WireBroken(f"a question of {size} bytes, at most {largest}")
        end = 4 + size
        if len(received) < end:
            received = self._whole(received, end)
        self._received = received[end:]
        return parse_question(received[4:end])

    def _whole(self, received: bytes, end: int) -> bytes:
        parts = [received]
        missing = end - len(received)
        while missing > 0:
            piece = self._connection.recv(min(missing, LARGEST))
            if not piece:
                raise WireBroken("the connection ends within a question")
            parts.append(piece)
            missing -= len(piece)
        return b"".join(parts)
