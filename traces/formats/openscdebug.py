"""The debug log of OpenSC (``OPENSC_DEBUG=6`` and more).

``Outgoing APDU (9 bytes):`` and ``Incoming APDU (2 bytes):`` stand above lines of sixteen bytes with their characters
(before 0.23 ``Outgoing APDU data [    9 bytes] ===``). The number is checked. Readers are told by ``pcsc_transmit:
reader '…'``: the first is the trace's, the others are slots by their name. Times are those of the day, to the
millisecond; the protocol is not told.
"""

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from bifente.apdu.link import TransmissionProtocol
from bifente.traces.errors import TraceError
from bifente.traces.formats.base import (
    RESETS,
    T0,
    T1,
    Losses,
    Masks,
    Source,
    answered,
    level_of,
    mask_remark,
    octets_of,
    parse_with,
    with_first_reset,
)
from bifente.traces.model import EventKind, Exchange, Item, ReaderEvent, TraceHeader

_DUMP: Final = re.compile(
    r"(?:.*?)(?P<what>Outgoing APDU|Incoming APDU|try to match card with ATR)(?: data)?\s*"
    r"[(\[]\s*(?P<count>\d{1,6}) bytes[)\]](?::| =+)\s*"
)
_PLACE: Final = re.compile(
    r"(?:P:\d+; T:0x[0-9a-fA-F]+ |0x[0-9a-fA-F]+ |(?P<date>\d{4}-\d\d-\d\d) )"
    r"(?P<time>\d\d:\d\d:\d\d\.\d{3}) \[[^\]]*\] \S+: ?(?P<said>.*)"
)
_READER: Final = re.compile(r"reader '(?P<reader>.*)'")
_PROTOCOL: Final = re.compile(r"bifente: protocol T=([01])")
_DAY: Final = 24 * 3600 * 1_000_000
_WIDTH: Final = 16


class OpenScDebug:
    """OpenSC, its tools and its PKCS #11 module."""

    name = "opensc"
    title = "OpenSC debug log"
    suffixes = (".opensc",)

    def recognises(self, head: bytes) -> bool:
        """A line with place and time, or a dump of an APDU."""
        return (
            re.search(rb"^(?:\S.*)?(?:Outgoing|Incoming) APDU(?: data)? ?[(\[]", head, re.MULTILINE)
            is not None
            or re.search(rb"^(?:P:\d+; T:)?0x[0-9a-f]+ \d\d:\d\d:\d\d\.\d{3} \[", head, re.MULTILINE)
            is not None
            or re.search(rb"^P:\d+; T:0x[0-9a-fA-F]+ \d\d:\d\d:\d\d\.\d{3} \[", head, re.MULTILINE)
            is not None
        )

    def read(self, stream: BinaryIO) -> Source:
        """Read a trace. Raises TraceError."""
        return parse_with(_Parser(), stream)

    def write(self, source: Source, stream: BinaryIO) -> list[str]:
        """Write a trace."""
        losses = Losses()
        for when, lines in _blocks(source, losses):
            clock = when // 1000 % (24 * 3600 * 1000)
            seconds, milliseconds = divmod(clock, 1000)
            time = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{milliseconds:03d}"
            prefix = f"P:1; T:0x1 {time} [bifente] "
            for line in lines:
                text = line[1:] if line[:1] == "\t" else prefix + line
                stream.write(text.encode("utf-8") + b"\n")
        return losses.told()


def _blocks(source: Source, losses: Losses) -> Iterator[tuple[int, list[str]]]:
    """What is said when; a line that begins with a tab goes without its place."""
    header = source.header
    first = header.reader if header.reader.isprintable() else ""
    if header.protocol is not None:
        yield 0, [f"reader-pcsc.c:618:pcsc_connect: bifente: protocol T={0 if header.protocol is T0 else 1}"]
    for item in with_first_reset(source):
        reader = item.slot if item.slot and item.slot.isprintable() else first
        named = f"reader-pcsc.c:325:pcsc_transmit: reader '{reader}'"
        if isinstance(item, ReaderEvent):
            if item.kind in RESETS and item.atr:
                yield (
                    item.time,
                    [
                        named,
                        "card.c:1567:match_atr_table: ",
                        *_dump("try to match card with ATR", item.atr),
                    ],
                )
            else:
                losses.add("events other than a reset")
            continue
        if not answered(item):
            losses.add("commands without an answer")
            continue
        lines = [] if (remark := mask_remark(item)) is None else [f"bifente.c:1:trace: bifente: {remark}"]
        yield (
            item.time,
            [*lines, named, "reader-pcsc.c:326:pcsc_transmit: ", *_dump("Outgoing APDU", item.command.shown)],
        )
        yield (
            item.time + item.duration,
            ["reader-pcsc.c:335:pcsc_transmit: ", *_dump("Incoming APDU", item.response.shown)],
        )


def _dump(what: str, data: bytes) -> Iterator[str]:
    yield f"\t{what} ({len(data)} byte{'' if len(data) == 1 else 's'}):"
    for at in range(0, len(data), _WIDTH):
        row = data[at : at + _WIDTH]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        yield f"\t{row.hex(' ').upper():{3 * _WIDTH - 1 if len(data) > _WIDTH else 0}} {text}"
    yield "\t"


class _Parser:
    def __init__(self) -> None:
        self.header = TraceHeader(masked=False)
        self._masks = Masks()
        self._what = ""
        self._rows = bytearray()
        self._missing = 0
        self._announced = 0
        self._slot = ""
        self._command: bytes | None = None
        self._began = 0
        self._start: int | None = None
        self._now = 0
        self._protocol: TransmissionProtocol | None = None
        self._atrs: dict[str, bytes] = {}

    def line(self, text: str, number: int) -> Iterable[Item]:
        if self._missing:
            yield from self._row(text, number)
            return
        if (dump := _DUMP.fullmatch(text)) is not None:
            self._what, self._missing = dump["what"], int(dump["count"])
            self._announced = number
            self._rows.clear()
            return
        if (place := _PLACE.match(text)) is not None:
            self._at(place["time"])
            self._told(place["said"])

    def _at(self, time: str) -> None:
        hours, minutes, seconds, milliseconds = (int(part) for part in re.split("[:.]", time))
        clock = (((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds) * 1000
        if self._start is None:
            self._start = clock
        # A log that runs past midnight goes on counting.
        now = (clock - self._start) % _DAY
        while now + _DAY // 2 < self._now:
            now += _DAY
        self._now = max(now, self._now)

    def _told(self, said: str) -> None:
        if (named := _READER.search(said)) is not None and said.startswith("reader '"):
            reader = named["reader"]
            if not self.header.reader:
                self.header = TraceHeader(reader, self.header.atr, self.header.protocol, masked=False)
            self._slot = "" if reader == self.header.reader else reader
        elif said.startswith("bifente: "):
            self._masks.take(said[9:])
            if (spoken := _PROTOCOL.match(said)) is not None:
                self._protocol = T0 if spoken[1] == "0" else T1
                self.header = TraceHeader(self.header.reader, self.header.atr, self._protocol, masked=False)

    def _row(self, text: str, number: int) -> Iterable[Item]:
        here = min(self._missing, _WIDTH)
        if len(text) < 3 * here - 1 or text[3 * here - 1 : 3 * here] not in ("", " "):
            raise TraceError(f"{self._what}: a row of {here} bytes is wanted", number)
        self._rows += octets_of(text[: 3 * here - 1], number, self._what)
        self._missing -= here
        if self._missing == 0:
            yield from self._whole(bytes(self._rows), number)

    def _whole(self, data: bytes, number: int) -> Iterable[Item]:
        if self._what == "Outgoing APDU":
            yield from self._unanswered()
            self._command, self._began = data, self._now
        elif self._what == "Incoming APDU":
            if self._command is None:
                raise TraceError("an answer without a command", number)
            if len(data) < 2:
                raise TraceError(f"an answer has at least 2 bytes, this one {len(data)}", number)
            yield self._exchange(self._command, data)
        elif self._atrs.get(self._slot) != data and 2 <= len(data) <= 33:
            # OpenSC shows the ATR to each of its drivers in turn.
            self._atrs[self._slot] = data
            if self.header.atr is None and not self._slot:
                self.header = TraceHeader(self.header.reader, data, self.header.protocol, masked=False)
            yield ReaderEvent(EventKind.INSERTED, self._now, self._slot, data)

    def _exchange(self, command: bytes, response: bytes) -> Exchange:
        self._command = None
        asked, said = self._masks.apply(command, response)
        level = level_of(self._protocol)
        return Exchange(asked, said, self._began, self._now - self._began, self._slot, level)

    def _unanswered(self) -> Iterable[Item]:
        if self._command is not None:
            yield self._exchange(self._command, b"")

    def end(self, number: int) -> Iterable[Item]:
        if self._missing:
            raise TraceError(f"{self._what}: {self._missing} bytes are missing", max(number, 1))
        return self._unanswered()
