"""Cutting a file into records of 128 bytes, however its writer has laid it out; with little memory, however long it is.

The norm has no separators (``spec/fse.md`` §1.1, after SVIEW and CALEB). Files that went through editors and hosts have line
ends, a byte order mark, EBCDIC, lines without their last spaces: all of these are read, and said.
"""

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, NamedTuple

from bifente.fse.b2.errors import NotB2
from bifente.fse.b2.record import LENGTH

AT_ONCE: Final = 1 << 16
"""Bytes that are read at a time."""
LONGEST_LINE: Final = 1 << 20
"""Bytes of a line that are looked at; the rest of a longer one is passed over."""

_EBCDIC: Final = bytes(
    ord(letter) if ord(letter) < 0x100 else 0x3F for letter in bytes(range(256)).decode("cp500")
).replace(b"\x85", b"\n")
"""EBCDIC (code page 500) → Latin-1. Letters, digits and spaces are the same in the other code pages of hosts."""

_AHEAD: Final = 3 * LENGTH
"""Bytes in which the next record is looked for."""

_PADDING: Final = b" \0\x1a\r\n"
"""What programs leave at the end of a file."""


class Chunk(NamedTuple):
    """What should be one record: always 128 bytes, filled with spaces or cut when ``length`` bytes were found."""

    number: int
    offset: int
    raw: bytes
    length: int


@dataclass(frozen=True, slots=True)
class B2Form:
    """How a file is laid out: its encoding, its line ends (``none``, ``LF``, ``CRLF``, ``CR``), a byte order mark."""

    encoding: str
    line_ends: str
    byte_order_mark: bool

    @property
    def plain(self) -> bool:
        """As the norm wants it: ASCII, no line ends, no mark."""
        return (self.encoding, self.line_ends, self.byte_order_mark) == ("ASCII", "none", False)


class FramedFile:
    """The records of a file. ``form`` is known at once; the chunks come one after the other, once.

    Raises NotB2 for what does not begin with record 000, in ASCII or EBCDIC.
    """

    def __init__(self, source: bytes | BinaryIO) -> None:
        self._stream = io.BytesIO(source) if isinstance(source, bytes) else source
        head = self._read()
        marked = head.startswith(codecs.BOM_UTF8)
        self._start = len(codecs.BOM_UTF8) if marked else 0
        head = head[self._start :]
        self._ebcdic = head.startswith(b"\xf0\xf0\xf0")
        if self._ebcdic:
            head = head.translate(_EBCDIC)
        if not head.startswith(b"000"):
            raise NotB2(_not_b2(head))
        self._head = head
        line_ends = (
            "CRLF" if b"\r\n" in head else "LF" if b"\n" in head else "CR" if b"\r" in head else "none"
        )
        self.form = B2Form("EBCDIC" if self._ebcdic else "ASCII", line_ends, marked)

    def _read(self) -> bytes:
        """The next piece: as many bytes as asked for but at the end, also of a stream that gives fewer."""
        pieces, missing = [], AT_ONCE
        while missing > 0 and (piece := self._stream.read(missing)):
            pieces.append(piece)
            missing -= len(piece)
        return b"".join(pieces)

    def _pieces(self) -> Iterator[bytes]:
        yield self._head
        self._head = b""
        while piece := self._read():
            yield piece.translate(_EBCDIC) if self._ebcdic else piece

    def chunks(self, *, realign: bool = False) -> Iterator[Chunk]:
        """The records from the first to the last; what pads the end of the file is none.

        With *realign*, where a record is too long or too short and no line end says so, the next one is looked for.
        """
        if self.form.line_ends != "none":
            return self._lines()
        return self._realigned() if realign else self._blocks()

    def _blocks(self) -> Iterator[Chunk]:
        number, offset, kept = 0, self._start, b""
        for piece in self._pieces():
            data = kept + piece if kept else piece
            whole = len(data) - len(data) % LENGTH
            for at in range(0, whole, LENGTH):
                number += 1
                yield Chunk(number, offset + at, data[at : at + LENGTH], LENGTH)
            offset += whole
            kept = data[whole:]
        if kept.strip(_PADDING):
            yield Chunk(number + 1, offset, kept.ljust(LENGTH), len(kept))

    def _realigned(self) -> Iterator[Chunk]:
        number, offset, data = 0, self._start, b""
        pieces, ended, beginning = self._pieces(), False, None
        while not ended:
            piece = next(pieces, b"")
            ended, data, at = not piece, data + piece, 0
            while at < (len(data) if ended else len(data) - _AHEAD):
                if beginning is None and data[at : at + 1] == b"1":
                    beginning = _beginning(data[at + 1 : at + 10])
                size = _size(data, at, beginning)
                raw = data[at : at + size]
                if raw.strip(_PADDING):
                    number += 1
                    yield Chunk(number, offset + at, raw[:LENGTH].ljust(LENGTH), len(raw))
                at += size
            offset, data = offset + at, data[at:]

    def _lines(self) -> Iterator[Chunk]:
        number, end = 0, b"\r" if self.form.line_ends == "CR" else b"\n"
        for offset, line, length in self._split(end):
            if not line.strip(_PADDING):
                continue
            if length % LENGTH:
                number += 1
                yield Chunk(number, offset, line[:LENGTH].ljust(LENGTH), length)
                continue
            for at in range(0, len(line), LENGTH):
                number += 1
                yield Chunk(number, offset + at, line[at : at + LENGTH], LENGTH)

    def _split(self, end: bytes) -> Iterator[tuple[int, bytes, int]]:
        """(offset, line without its end, its length) of each line; of an endless line the beginning, and its length."""
        offset, kept, passed = self._start, b"", 0
        for piece in self._pieces():
            *lines, rest = (kept + piece).split(end)
            for line in lines:
                whole = passed + len(line)
                content = line.removesuffix(b"\r") if end == b"\n" else line
                yield offset, content, passed + len(content)
                offset += whole + 1
                passed = 0
            kept = rest
            if len(kept) > LONGEST_LINE:
                passed += len(kept) - LONGEST_LINE
                kept = kept[:LONGEST_LINE]
        if kept:
            yield offset, kept.removesuffix(b"\r"), passed + len(kept)


def _beginning(professional: bytes) -> re.Pattern[bytes]:
    """How the records of a professional begin, as far as no field within a record looks the same."""
    number = re.escape(professional)
    return re.compile(
        rb"[2-5]%b [0-9A-C ]|6%b[0-9]{41}|1%b.{6}[0-9]{6}|999[A-Z]{2}[0-9]{14}" % (number, number, number)
    )


def _size(data: bytes, at: int, beginning: re.Pattern[bytes] | None) -> int:
    """How long the record at *at* is: as long as all, unless the next one begins out of step with it."""
    if beginning is None or beginning.match(data, at + LENGTH):
        return LENGTH
    found = beginning.search(data, at + 1, at + _AHEAD)
    size = found.start() - at if found is not None else LENGTH
    return size if size % LENGTH else LENGTH


def _not_b2(head: bytes) -> str:
    if not head:
        return "an empty file"
    known = {
        b"\x1f\x8b": "compressed (gzip)",
        b"\x78": "compressed (zlib)",
        b"PK": "a ZIP archive",
        b"\xff\xfe": "text in UTF-16",
        b"\xfe\xff": "text in UTF-16",
        b"\x30\x82": "DER (a CMS envelope, a certificate)",
        b"\x30\x80": "BER (a CMS envelope)",
    }
    for mark, what in known.items():
        if head.startswith(mark):
            return f"not a B2 file but {what}"
    beginning = head[:12].decode("latin-1").splitlines()[0]
    return f"not a B2 file: it begins with {beginning!r}, not with record 000"
