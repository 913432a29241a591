"""The outside of a NOEMIE file: blocks of 128 characters, as they are or compressed, in one line or one a line.

The first block is the entity 000 and the last one 999. Every other is one flag character (``1`` on the last of the stream)
and 127 characters of entities (``spec/fse.md`` §2.2). Caisses send the file in gzip (§2.4); editors add line ends.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedReader, RawIOBase
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from bifente.fse.noemie.findings import EntityPlace, NoemieFinding

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK: Final = 128
PAYLOAD: Final = BLOCK - 1
"""Characters of entities in a block."""

MOST_BYTES: Final = 1 << 30
"""No file is read further, compressed or not: eight million blocks."""

_GZIP: Final = b"\x1f\x8b"
_END_MARKS: Final = b"\r\n\x1a\x00 "
"""What may follow the last block: line ends, the DOS end of file, the filling of a host's records."""
_LONGEST_LINE: Final = 1 << 16
_AT_ONCE: Final = 1 << 16
"""Bytes that are taken from the file at a time."""


@dataclass(frozen=True, slots=True)
class NoemieBlock:
    """128 characters; ``number`` counts from 1, ``byte`` is the offset in the file from 0. Latin-1, so that nothing is lost."""

    number: int
    byte: int
    text: str


def blocks_of(stream: BinaryIO) -> Iterator[NoemieBlock | NoemieFinding]:
    """The blocks of a file, and what is wrong with them. Never fails but by OSError of *stream*."""
    content = _Plain(stream)
    plain = BufferedReader(content, _AT_ONCE)
    head = plain.peek(BLOCK + 2)[: BLOCK + 2]
    lines = b"\n" in head
    count = 0
    for found in (_lines if lines else _fixed)(cast(BinaryIO, plain)):
        if isinstance(found, NoemieBlock):
            count = found.number
        yield found
    if content.failure:
        place = EntityPlace(0, count, content.count)
        yield NoemieFinding(place, "", "", "file", "", content.failure)


def _fixed(plain: BinaryIO) -> Iterator[NoemieBlock | NoemieFinding]:
    """Blocks one after the other, without anything between them."""
    number, byte = 0, 0
    while piece := plain.read(BLOCK):
        if len(piece) < BLOCK and not piece.strip(_END_MARKS):
            return
        number += 1
        if len(piece) < BLOCK:
            yield _short(number, byte, len(piece))
        yield NoemieBlock(number, byte, piece.ljust(BLOCK).decode("latin-1"))
        byte += BLOCK


def _lines(plain: BinaryIO) -> Iterator[NoemieBlock | NoemieFinding]:
    """One block a line; a longer line holds several."""
    number, byte = 0, 0
    while line := plain.readline(_LONGEST_LINE):
        content = line.rstrip(b"\r\n\x1a\x00")
        for start in range(0, len(content), BLOCK):
            piece = content[start : start + BLOCK]
            number += 1
            if len(piece) < BLOCK:
                yield _short(number, byte + start, len(piece))
            yield NoemieBlock(number, byte + start, piece.ljust(BLOCK).decode("latin-1"))
        byte += len(line)


def _short(number: int, byte: int, length: int) -> NoemieFinding:
    return NoemieFinding(
        EntityPlace(0, number, byte),
        "",
        "",
        "block length",
        str(length),
        f"a block has {BLOCK} characters, this one {length}; read as if blanks followed",
    )


class _Plain(RawIOBase):
    """What a file says, taken out of gzip when it is in it; what fails there ends it and is told in ``failure``."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self.failure = ""
        self.count = 0
        begin = stream.read(2)
        whole = cast(BinaryIO, _Before(begin, stream))
        # read1: what could be taken out before the damage is not lost with it
        self._more: Callable[[int], bytes] = (
            gzip.GzipFile(fileobj=whole).read1 if begin == _GZIP else whole.read
        )

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """The next bytes."""
        view = memoryview(buffer).cast("B")
        try:
            piece = self._more(len(view))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self.failure = f"the gzip compression is damaged: {str(error).splitlines()[0]}"
            return 0
        self.count += len(piece)
        if self.count > MOST_BYTES:
            self.failure = f"more than {MOST_BYTES >> 20} MiB: the rest is not read"
            return 0
        view[: len(piece)] = piece
        return len(piece)


class _Before(RawIOBase):
    """Bytes that were read already, and the stream they came from."""

    def __init__(self, begin: bytes, stream: BinaryIO) -> None:
        super().__init__()
        self._begin = begin
        self._stream = stream

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, at most *size*; all of them when it is negative."""
        begin, self._begin = self._begin, b""
        if size < 0:
            return begin + self._stream.read()
        if len(begin) > size:
            begin, self._begin = begin[:size], begin[size:]
        return begin + self._stream.read(size - len(begin))
