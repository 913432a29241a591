"""What every format of a trace is, and what the textual ones share.

A format reads a binary stream into a :class:`Source` and writes one. Both work item by item: a trace of a million
exchanges needs no more memory than one of ten.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

from bifente.apdu.link import TransmissionProtocol
from bifente.traces.errors import TraceError
from bifente.traces.files import MAX_LINE
from bifente.traces.model import EventKind, Exchange, Item, Level, ReaderEvent, TraceHeader
from bifente.traces.octets import Octets

T0: Final = TransmissionProtocol.T0
T1: Final = TransmissionProtocol.T1


@dataclass(slots=True)
class Source:
    """A trace as it is read: its header, and its items, which can be taken once.

    Taking an item raises TraceError, with its line, where the file is damaged.
    """

    header: TraceHeader
    items: Iterator[Item]


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


class Parser(Protocol):
    """The reader of one textual format: takes lines, gives items."""

    header: TraceHeader
    """What is known so far; complete before the first exchange is given."""

    def line(self, text: str, number: int) -> Iterable[Item]:
        """Take one line without its end. Raises TraceError naming *number*."""

    def end(self, number: int) -> Iterable[Item]:
        """The file has ended after *number* lines."""


def numbered_lines(stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """The lines of a text, from 1, without their ends. Raises TraceError for one too long."""
    number = 0
    while raw := stream.readline(MAX_LINE + 1):
        number += 1
        if len(raw) > MAX_LINE:
            raise TraceError("the line is too long", number)
        yield number, raw.decode("utf-8", "replace").rstrip("\r\n")


def parse_with(parser: Parser, stream: BinaryIO) -> Source:
    """Read a text with *parser*: as far as the first exchange now, for the header, the rest when it is taken."""

    def items() -> Iterator[Item]:
        number = 0
        for number, text in numbered_lines(stream):
            yield from parser.line(text, number)
        yield from parser.end(number)

    rest = items()
    first: list[Item] = []
    for item in rest:
        first.append(item)
        if isinstance(item, Exchange):
            break

    def everything() -> Iterator[Item]:
        yield from first
        yield from rest

    return Source(parser.header, everything())


def level_of(protocol: TransmissionProtocol | None) -> Level:
    """What a log between terminal and reader shows: TPDUs of a T=0 card, else APDUs."""
    return Level.TPDU if protocol is T0 else Level.APDU


_PAIRS: Final = re.compile(r"(?:[0-9A-Fa-f]{2}[ :]?)*")


def octets_of(text: str, number: int, what: str) -> bytes:
    """Bytes from hexadecimal, in pairs, perhaps apart. Raises TraceError."""
    text = text.strip()
    if not _PAIRS.fullmatch(text):
        raise TraceError(f"{what}: these are not pairs of hexadecimal digits", number)
    return bytes.fromhex(text.replace(":", ""))


def atr_of(text: str, number: int) -> bytes:
    """An ATR of 2 to 33 bytes. Raises TraceError."""
    atr = octets_of(text, number, "ATR")
    if not 2 <= len(atr) <= 33:
        raise TraceError(f"an ATR has 2 to 33 bytes, this one {len(atr)}", number)
    return atr


def answer_of(text: str, number: int) -> bytes:
    """An answer of at least two bytes. Raises TraceError."""
    answer = octets_of(text, number, "answer")
    if len(answer) < 2:
        raise TraceError(f"an answer has at least 2 bytes, this one {len(answer)}", number)
    return answer


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
        f" {name}" + "".join(f" {start}-{stop}" for start, stop in octets.hidden)
        for name, octets in (("command", exchange.command), ("response", exchange.response))
        if octets.masked
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

    def apply(self, command: bytes, response: bytes) -> tuple[Octets, Octets]:
        """The bytes of the next exchange, with what is hidden."""
        if not self._next:
            return Octets(command), Octets(response)
        spans, self._next = self._next, {}
        return (
            Octets.hiding(command, spans.get("command", ())),
            Octets.hiding(response, spans.get("response", ())),
        )


class Losses:
    """Counts what a format cannot keep."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, what: str) -> None:
        """Once more."""
        self._counts[what] = self._counts.get(what, 0) + 1

    def told(self) -> list[str]:
        """In words."""
        return [f"{what}: {count}" for what, count in self._counts.items()]


RESETS: Final = frozenset({EventKind.INSERTED, EventKind.COLD_RESET, EventKind.WARM_RESET})


def with_first_reset(source: Source) -> Iterator[Item]:
    """The items, with an event that tells the header's ATR before them when none of them does in time."""
    atr = source.header.atr
    for item in source.items:
        if atr is not None:
            if isinstance(item, Exchange):
                yield ReaderEvent(EventKind.INSERTED, item.time, item.slot, atr)
                atr = None
            elif item.kind in RESETS and item.atr:
                atr = None
        yield item
