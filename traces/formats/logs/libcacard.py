"""libcacard as QEMU uses it: the debug lines of the library, and what its client ``vscclient`` prints.

The library (``G_MESSAGES_DEBUG=libcacard``) tells the header of each command and how many bytes follow, and of an answer
its status word and length: the bytes that it does not tell are hidden. ``vscclient`` prints them all.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import BinaryIO, Final

from bifente.traces.errors import TraceError
from bifente.traces.formats.base import (
    DayClock,
    Parser,
    ReadOnly,
    Source,
    answer_of,
    atr_of,
    command_of,
    parse_with,
)
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, Item, ReaderEvent

_HEADER: Final = re.compile(
    r"vreader_xfr_bytes: CL[AS]=0x([0-9a-f]{1,2}),INS=0x([0-9a-f]{1,2}),P1=0x([0-9a-f]{1,2}),P2=0x([0-9a-f]{1,2}),"
    r"Lc=(\d{1,5}),Le=(\d{1,5})"
)
_STATUS: Final = re.compile(
    r"vreader_xfr_bytes: status=\d+ sw1=0x([0-9a-f]{1,2}) sw2=0x([0-9a-f]{1,2}) len=(\d{1,6})"
)
_RECEIVED: Final = re.compile(r"\s*>>> \d+ recv APDU:\s*(.*)")
_SAID: Final = re.compile(r"\s*libcacard response: ?(.*)")
_INSERTED: Final = re.compile(r"\s*CARD INSERT \d+: ?(.*)")
_REMOVED: Final = re.compile(r"\s*CARD REMOVE \d+:")
_READER: Final = re.compile(r"\s*READER INSERT: (.*)")
_TIME: Final = re.compile(r"\b(\d\d):(\d\d):(\d\d)\.(\d{3,6})\b")
_MARKS: Final = re.compile(
    rb"vreader_xfr_bytes: (?:CL[AS]=0x|status=)|^>>> \d+ recv APDU:|^libcacard response:|^CARD INSERT \d+: ",
    re.MULTILINE,
)


class Libcacard(ReadOnly):
    """libcacard and vscclient."""

    name = "libcacard"
    title = "libcacard log"

    def recognises(self, head: bytes) -> bool:
        """A line of the library or of its client."""
        return _MARKS.search(head) is not None

    def read(self, stream: BinaryIO) -> Source:
        """Read a trace. Raises TraceError."""
        return parse_with(_Parser(), stream)


class _Parser(Parser):
    title = "libcacard log"
    lacking = "it has neither recv APDU nor the header of a command"

    def __init__(self) -> None:
        super().__init__()
        self._clock = DayClock()
        self._now = 0
        self._command: MaskedBytes | None = None
        self._whole = False
        """The bytes of the command are known, so those of the answer will be."""
        self._below = False
        self._began = 0

    def line(self, text: str, number: int) -> Iterator[Item]:
        if (time := _TIME.search(text[:120])) is not None:
            self._now = self._clock.at(*time.groups())
        if self._below:
            self._below = False
            yield from self._asked(command_of(text, number), whole=True)
        elif (received := _RECEIVED.fullmatch(text)) is not None:
            if received[1]:
                yield from self._asked(command_of(received[1], number), whole=True)
            else:
                self._below = True
        elif (said := _SAID.fullmatch(text)) is not None:
            yield self._answered(answer_of(said[1], number), number)
        elif (header := _HEADER.search(text)) is not None:
            if not (self._whole and self._command is not None):
                yield from self._asked(_command(header), whole=False)
        elif (status := _STATUS.search(text)) is not None:
            if not self._whole:
                size = int(status[3])
                answer = bytes(size) + bytes((int(status[1], 16), int(status[2], 16)))
                yield self._answered(MaskedBytes.hiding(answer, [(0, size)]), number)
        else:
            yield from self._event(text, number)

    def _event(self, text: str, number: int) -> Iterator[Item]:
        if (inserted := _INSERTED.fullmatch(text)) is not None:
            atr = atr_of(inserted[1], number)
            if self.header.atr is None:
                self.header = replace(self.header, atr=atr)
            yield ReaderEvent(EventKind.INSERTED, self._now, "", atr)
        elif _REMOVED.match(text):
            yield from self._unanswered()
            yield ReaderEvent(EventKind.REMOVED, self._now)
        elif (reader := _READER.fullmatch(text)) is not None and not self.header.reader:
            self.header = replace(self.header, reader=reader[1])

    def _asked(self, command: MaskedBytes, *, whole: bool) -> Iterator[Item]:
        yield from self._unanswered()
        self._command, self._whole, self._began = command, whole, self._now

    def _answered(self, answer: MaskedBytes, number: int) -> Exchange:
        if self._command is None:
            raise TraceError("an answer without a command", number)
        return self._exchange(answer)

    def _exchange(self, answer: MaskedBytes) -> Exchange:
        assert self._command is not None
        command, self._command = self._command, None
        return Exchange(command, answer, self._began, self._now - self._began)

    def _unanswered(self) -> Iterator[Item]:
        if self._command is not None:
            yield self._exchange(MaskedBytes(b""))

    def end(self, number: int) -> Iterable[Item]:  # nothing is wrong with a command at the end
        return self._unanswered()


def _command(found: re.Match[str]) -> MaskedBytes:
    """A command of which the header and the lengths are known, and not its data."""
    head = bytes(int(found[at], 16) for at in range(1, 5))
    size, expected = int(found[5]), int(found[6])
    extended = size > 255 or expected > 256
    if size:
        head += b"\0" + size.to_bytes(2, "big") if extended else bytes((size,))
    body = head + bytes(size)
    if expected:
        lead = b"\0" if extended and not size else b""
        body += lead + (expected & 0xFFFF).to_bytes(2, "big") if extended else bytes((expected & 0xFF,))
    return MaskedBytes.hiding(body, [(len(head), len(head) + size)])
