"""What every format of a trace is, and what the textual ones share.

A format reads a binary stream into a :class:`Source` and writes one. Both work item by item: a trace of a million
exchanges needs no more memory than one of ten.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final, Protocol

from bifente.apdu.link import TransmissionProtocol
from bifente.traces.errors import TraceError
from bifente.traces.files import MAX_LINE
from bifente.traces.formats.intake import without_colours, without_stamp
from bifente.traces.formats.unread import Unread
from bifente.traces.formats.written import masked_bytes_of
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, Item, Level, ReaderEvent, TraceHeader

T0: Final = TransmissionProtocol.T0
T1: Final = TransmissionProtocol.T1


@dataclass(slots=True)
class Source:
    """A trace as it is read: its header, and its items, which can be taken once.

    Taking an item raises TraceError, with its line, where the file cannot be read on. What was passed over is in
    ``unread``, complete when all items are taken.
    """

    header: TraceHeader
    items: Iterator[Item]
    unread: Unread = field(default_factory=Unread)


class Format(Protocol):
    """One way to write a trace in a file."""

    @property
    def name(self) -> str:
        """What ``--to`` calls it."""

    @property
    def title(self) -> str:
        """What it is, in a few words."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The endings of file names by which it is chosen for writing."""

    def recognises(self, head: bytes) -> bool:
        """A file that begins with *head* (up to 64 KiB) is of this format."""

    def read(self, stream: BinaryIO) -> Source:
        """Read a trace. Raises TraceError, at once or while the items are taken."""

    def write(self, source: Source, stream: BinaryIO) -> list[str]:
        """Write a trace. Returns what the format could not keep, in words."""


class ReadOnly:
    """A format that other programs write and that is only read here."""

    name = ""
    title = ""
    suffixes: tuple[str, ...] = ()

    def write(self, source: Source, stream: BinaryIO) -> list[str]:  # the signature of Format
        """Raises TraceError."""
        raise TraceError(f"a {self.title} is read, not written; choose another format")


class Parser:
    """The reader of one textual format: takes lines, gives items.

    A line that cannot be understood raises TraceError, and reading goes on with the next one.
    """

    title = ""
    """What the format is, in a few words."""
    lacking = ""
    """What may be missing in a file in which nothing is found."""

    def __init__(self) -> None:
        self.header = TraceHeader(masked=False)
        """What is known so far; complete before the first exchange is given."""
        self.unread = Unread()
        self.stamp = ""
        """What the journal or syslog has put before the line; empty when there was nothing."""

    def line(self, text: str, number: int) -> Iterable[Item]:
        """Take one line without its end. Raises TraceError naming *number*."""
        raise NotImplementedError

    def end(self, number: int) -> Iterable[Item]:
        """The file has ended after *number* lines."""
        raise NotImplementedError


def numbered_lines(stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """The lines of a text, from 1, without their ends and colours. Raises TraceError for one too long."""
    number = 0
    while raw := stream.readline(MAX_LINE + 1):
        number += 1
        if len(raw) > MAX_LINE:
            raise TraceError("the line is too long", number)
        text = raw.decode("utf-8", "replace").rstrip("\r\n")
        if number == 1:
            text = text.removeprefix("\ufeff")
        yield number, without_colours(text)


def parse_with(parser: Parser, stream: BinaryIO) -> Source:
    """Read a text with *parser*: as far as the first exchange now, for the header, the rest when it is taken.

    Raises TraceError when nothing at all was understood.
    """
    rest = _parsed(parser, stream)
    first: list[Item] = []
    for item in rest:
        first.append(item)
        if isinstance(item, Exchange):
            break

    def everything() -> Iterator[Item]:
        yield from first
        yield from rest

    return Source(parser.header, everything(), parser.unread)


def _parsed(parser: Parser, stream: BinaryIO) -> Iterator[Item]:
    number = 0
    found = False
    for number, text in numbered_lines(stream):
        parser.stamp, said = without_stamp(text)
        try:
            for item in parser.line(said, number):
                found = True
                yield item
        except TraceError as error:
            parser.unread.add(error.line or number, error.reason)
    for item in parser.end(number):
        found = True
        yield item
    if not found:
        why = parser.unread.reason or parser.lacking
        reason = f": {why}" if why else ""
        raise TraceError(f"nothing in this {parser.title} was understood{reason}", parser.unread.first)


def level_of(protocol: TransmissionProtocol | None) -> Level:
    """What a log between terminal and reader shows: TPDUs of a T=0 card, else APDUs."""
    return Level.TPDU if protocol is T0 else Level.APDU


def atr_of(text: str, number: int) -> bytes:
    """An ATR of 2 to 33 bytes. Raises TraceError."""
    written = masked_bytes_of(text, number, "ATR")
    if written.masked or not 2 <= len(written) <= 33:
        raise TraceError(f"an ATR has 2 to 33 bytes, this one {len(written)}", number)
    return written.shown


def command_of(text: str, number: int, size: int | None = None) -> MaskedBytes:
    """A command of at least one byte. Raises TraceError."""
    command = masked_bytes_of(text, number, "command", size)
    if not len(command):
        raise TraceError("the command is empty", number)
    return command


def answer_of(text: str, number: int, size: int | None = None) -> MaskedBytes:
    """An answer of at least two bytes. Raises TraceError."""
    answer = masked_bytes_of(text, number, "answer", size)
    if len(answer) < 2:
        raise TraceError(f"an answer has at least 2 bytes, this one {len(answer)}", number)
    return answer


class DayClock:
    """Microseconds since the first time that was read, from times of the day; never less than before."""

    __slots__ = ("_now", "_start")

    def __init__(self) -> None:
        self._start: int | None = None
        self._now = 0

    def at(self, hours: str, minutes: str, seconds: str, fraction: str | None = None) -> int:
        """The time that was read last. A log that runs past midnight goes on, one whose clock steps back waits."""
        clock = ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1_000_000
        # Some systems have printed more than they had.
        if fraction is not None and len(fraction) <= 9:
            clock += int(fraction.ljust(6, "0")[:6])
        if self._start is None:
            self._start = clock
        now = (clock - self._start) % _DAY
        now += self._now // _DAY * _DAY
        if now + _DAY // 2 < self._now:
            now += _DAY
        elif now - _DAY // 2 > self._now:
            now -= _DAY
        self._now = max(now, self._now)
        return self._now


_DAY: Final = 24 * 3600 * 1_000_000


def spaced(data: bytes) -> str:
    """``00 A4 04 00``."""
    return data.hex(" ").upper()


def answered(exchange: Exchange) -> bool:
    """The exchange can stand in a log of commands and answers."""
    return len(exchange.command) > 0 and len(exchange.response) >= 2


_MASK_REMARK: Final = re.compile(r"masked((?: (?:command|response)(?: \d{1,6}-\d{1,6})+)+)")
_MASK_PART: Final = re.compile(r" (command|response)((?: \d+-\d+)+)")

Spans = tuple[tuple[int, int], ...]


def mask_remark(exchange: Exchange) -> str | None:
    """``masked command 5-9``: which bytes of the exchange are hidden, for a format whose bytes cannot say so."""
    parts = [
        f" {name}" + "".join(f" {start}-{stop}" for start, stop in masked_bytes.hidden)
        for name, masked_bytes in (("command", exchange.command), ("response", exchange.response))
        if masked_bytes.masked
    ]
    return f"masked{''.join(parts)}" if parts else None


class Masks:
    """Takes remarks of :func:`mask_remark`, and hides those bytes in the next exchange."""

    __slots__ = ("_next",)

    def __init__(self) -> None:
        self._next: dict[str, Spans] = {}

    def take(self, text: str) -> bool:
        """Note a remark; False when *text* is none."""
        found = _MASK_REMARK.fullmatch(text.strip())
        if found is None:
            return False
        self._next = {
            part[1]: tuple((int(a), int(b)) for a, b in (span.split("-") for span in part[2].split()))
            for part in _MASK_PART.finditer(found[1])
        }
        return True

    def apply(self, command: MaskedBytes, response: MaskedBytes) -> tuple[MaskedBytes, MaskedBytes]:
        """The bytes of the next exchange, with what is hidden."""
        if not self._next:
            return command, response
        spans, self._next = self._next, {}
        return (
            MaskedBytes.hiding(command.shown, (*command.hidden, *spans.get("command", ()))),
            MaskedBytes.hiding(response.shown, (*response.hidden, *spans.get("response", ()))),
        )


class Losses:
    """Counts what a format cannot keep."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, what: str) -> None:
        """Once more."""
        self._counts[what] = self._counts.get(what, 0) + 1

    def notices(self) -> list[str]:
        """In words."""
        return [f"{what}: {count}" for what, count in self._counts.items()]


RESETS: Final = frozenset({EventKind.INSERTED, EventKind.COLD_RESET, EventKind.WARM_RESET})


def of_cards(items: Iterable[Item]) -> Iterator[Item]:
    """The items without the calls of programs, of which other formats know nothing."""
    return (item for item in items if isinstance(item, Exchange) or item.kind is not EventKind.CALL)


def with_first_reset(source: Source) -> Iterator[Item]:
    """The items, with an event that tells the header's ATR before them when none of them does in time."""
    atr = source.header.atr
    for item in of_cards(source.items):
        if atr is not None:
            if isinstance(item, Exchange):
                yield ReaderEvent(EventKind.INSERTED, item.time, item.slot, atr)
                atr = None
            elif item.kind in RESETS and item.atr:
                atr = None
        yield item
