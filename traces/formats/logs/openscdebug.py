"""The debug log of OpenSC (``OPENSC_DEBUG=6`` and more).

``Outgoing APDU (9 bytes):`` and ``Incoming APDU (2 bytes):`` stand above lines of sixteen bytes with their characters
(before 0.13 ``Outgoing APDU data [    9 bytes] ===``). The number is checked. Readers are told by ``pcsc_transmit:
reader '…'``: the first is the trace's, the others are slots by their name. Process and thread (``P:1; T:0x2``, on Windows
``T:2`` and a date) tell whose answer it is. Times are those of the day, to the millisecond; the protocol is not told.
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
    DayClock,
    Losses,
    Masks,
    Parser,
    Source,
    answered,
    level_of,
    mask_remark,
    parse_with,
    with_first_reset,
)
from bifente.traces.formats.written import masked_bytes_of, together
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, Item, ReaderEvent, TraceHeader

_DUMP: Final = re.compile(
    r"(?P<what>Outgoing APDU|Incoming APDU|try to match card with ATR)(?: data)?\s*"
    r"[(\[]\s*(?P<count>\d{1,6}) bytes?[)\]](?::| ?=+)\s*$"
)
_PLACE: Final = re.compile(
    r"\s*(?P<thread>P:\d+; ?T:(?:0x)?[0-9a-fA-F]+ |0x[0-9a-fA-F]+ )?(?:\d{4}-\d\d?-\d\d? )?"
    r"(?P<hours>\d\d):(?P<minutes>\d\d):(?P<seconds>\d\d)\.(?P<fraction>\d{1,20}) \[[^\]]{0,100}\] (?P<said>.*)"
)
_FUNCTION: Final = re.compile(r"(?:\[[^\]]{0,100}\] )?\S{1,100}:\d+:\w*: ?")
_READER: Final = re.compile(r"reader '(?P<reader>.*)'")
_CHECKED: Final = re.compile(r"\S{1,100}:refresh_attributes: (.*) check$")
_PROTOCOL: Final = re.compile(r"bifente: protocol T=([01])")
_ROW_BYTES: Final = re.compile(
    r"(?:[0-9A-Fa-f]{2}|[0-9A-Fa-f][Xx*?]|[Xx*?][0-9A-Fa-f]|(?:[Xx]{2}|\*\*|\?\?|##|__|\.\.)+)(?= |$)"
)
_ROW_CUT: Final = re.compile(r"\[[^\[\]]{1,60}\]|<[^<>]{1,60}>|\.{3,}|…|(?i:redacted|masked|hidden|removed)")
_WIDTH: Final = 16
_MARKS: Final = re.compile(
    rb"^(?:\S.{0,200})?(?:Outgoing|Incoming) APDU(?: data)? ?[(\[]"
    rb"|^(?:P:\d+; ?T:(?:0x)?|0x)[0-9a-fA-F]+ (?:\d{4}-\d\d?-\d\d? )?\d\d:\d\d:\d\d\.\d+ \["
    rb"|^\d{4}-\d\d?-\d\d? \d\d:\d\d:\d\d\.\d+ \[[^\]]{0,100}\] \S{1,100}:\d+:\w",
    re.MULTILINE,
)


class OpenScDebug:
    """OpenSC, its tools and its PKCS #11 module."""

    name = "opensc"
    title = "OpenSC debug log"
    suffixes = (".opensc",)

    def recognises(self, head: bytes) -> bool:
        """A line with place and time, or a dump of an APDU."""
        return _MARKS.search(head) is not None

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
        return losses.notices()


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


class _Talker:
    """A thread of a program that speaks with cards, one at a time."""

    __slots__ = ("began", "checked", "command", "slot")

    def __init__(self) -> None:
        self.checked = ""
        """The reader that was looked at last, before a card in it is connected."""
        self.slot = ""
        self.command: MaskedBytes | None = None
        self.began = 0


class _Dump:
    """The bytes of an APDU, which come in rows."""

    __slots__ = ("count", "number", "rows", "what")

    def __init__(self, what: str, count: int, number: int) -> None:
        self.what = what
        self.count = count
        self.number = number
        self.rows: list[MaskedBytes] = []

    @property
    def missing(self) -> int:
        return self.count - sum(len(row) for row in self.rows)

    def take(self, text: str, number: int) -> bool:
        """The next row; False when *text* is none, and the bytes that are missing were cut out."""
        wanted = min(self.missing, _WIDTH)
        at, found = 0, ""
        text = text.strip()
        while len(found) < 2 * wanted and (bytes_here := _ROW_BYTES.match(text, at)) is not None:
            found += bytes_here[0]
            at = bytes_here.end() + 1
        found = found[: 2 * wanted]
        if len(found) < 2 * wanted:
            if _ROW_CUT.match(text, at) is None:
                if self.rows and not found and any(row.masked for row in self.rows):
                    return False
                raise TraceError(f"{self.what}: a row of {wanted} bytes is wanted", number)
            found += "*" * (2 * wanted - len(found))
        self.rows.append(masked_bytes_of(found, number, self.what))
        return True

    def masked_bytes(self) -> MaskedBytes:
        """The whole, as far as it is known."""
        missing = MaskedBytes.hiding(bytes(self.missing), [(0, self.missing)])
        return together((*self.rows, missing))


class _Parser(Parser):
    title = "OpenSC debug log"
    lacking = "it has no APDU, for it needs OPENSC_DEBUG=6 or more"

    def __init__(self) -> None:
        super().__init__()
        self._masks = Masks()
        self._clock = DayClock()
        self._now = 0
        self._dump: _Dump | None = None
        self._talkers: dict[str, _Talker] = {}
        self._talker = self._talkers.setdefault("", _Talker())
        self._protocol: TransmissionProtocol | None = None
        self._atrs: dict[str, bytes] = {}

    def line(self, text: str, number: int) -> Iterator[Item]:
        if (dump := self._dump) is not None:
            self._dump = None
            try:
                taken = dump.take(text, number)
            except TraceError as error:
                # What stands here instead may be the next message.
                self.unread.add(number, error.reason)
            else:
                if taken and dump.missing:
                    self._dump = dump
                    return
                yield from self._whole(dump)
                if taken:
                    return
        if (found := _DUMP.search(text)) is not None:
            self._dump = _Dump(found["what"], int(found["count"]), number)
            if found["count"].strip("0") == "":
                self._dump = None
        if (place := _PLACE.match(text)) is not None:
            self._talker = self._talkers.setdefault(place["thread"] or "", _Talker())
            self._now = self._clock.at(place["hours"], place["minutes"], place["seconds"], place["fraction"])
            if (checked := _CHECKED.match(place["said"])) is not None:
                self._talker.checked = checked[1]
            self._told(_FUNCTION.sub("", place["said"], count=1))
        elif (function := _FUNCTION.match(text.strip())) is not None:
            self._told(text.strip()[function.end() :])

    def _told(self, said: str) -> None:
        if said.startswith("reader '") and (named := _READER.search(said)) is not None:
            self._used(self._talker, named["reader"])
        elif said.startswith("bifente: "):
            self._masks.take(said[9:])
            if (spoken := _PROTOCOL.match(said)) is not None:
                self._protocol = T0 if spoken[1] == "0" else T1
                self.header = TraceHeader(self.header.reader, self.header.atr, self._protocol, masked=False)

    def _used(self, talker: _Talker, reader: str) -> None:
        if not self.header.reader:
            self.header = TraceHeader(reader, self.header.atr, self.header.protocol, masked=False)
        talker.slot = "" if reader == self.header.reader else reader

    def _whole(self, dump: _Dump) -> Iterator[Item]:
        talker, data = self._talker, dump.masked_bytes()
        if dump.what == "Outgoing APDU":
            yield from self._unanswered(talker)
            talker.command, talker.began = data, self._now
        elif dump.what == "Incoming APDU":
            if talker.command is None:
                raise TraceError("an answer without a command", dump.number)
            if len(data) < 2:
                yield from self._unanswered(talker)
                raise TraceError(f"an answer has at least 2 bytes, this one {len(data)}", dump.number)
            yield self._exchange(talker, data)
        elif 2 <= len(data) <= 33 and not data.masked:
            yield from self._inserted(talker, data.shown)

    def _inserted(self, talker: _Talker, atr: bytes) -> Iterator[Item]:
        if talker.checked:
            self._used(talker, talker.checked)
        if self._atrs.get(talker.slot) != atr:
            # OpenSC shows the ATR to each of its drivers in turn.
            self._atrs[talker.slot] = atr
            if self.header.atr is None and not talker.slot:
                self.header = TraceHeader(self.header.reader, atr, self.header.protocol, masked=False)
            yield ReaderEvent(EventKind.INSERTED, self._now, talker.slot, atr)

    def _exchange(self, talker: _Talker, data: MaskedBytes) -> Exchange:
        assert talker.command is not None
        asked, said = self._masks.apply(talker.command, data)
        talker.command = None
        level = level_of(self._protocol)
        return Exchange(asked, said, talker.began, self._now - talker.began, talker.slot, level)

    def _unanswered(self, talker: _Talker) -> Iterator[Item]:
        if talker.command is not None:
            yield self._exchange(talker, MaskedBytes(b""))

    def end(self, number: int) -> Iterable[Item]:
        if self._dump is not None:
            self.unread.add(self._dump.number, f"{self._dump.what}: {self._dump.missing} bytes are missing")
        for talker in self._talkers.values():
            yield from self._unanswered(talker)
