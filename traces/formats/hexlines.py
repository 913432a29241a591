"""Plain hexadecimal lines: what people paste.

Command and answer in turn, or marked ``>`` and ``<`` (also ``C:``/``R:``, ``=>``/``<=``, ``-->``/``<--``), with or
without spaces, ``**`` for a hidden byte. ``#`` begins a remark; ``# ATR 3B…`` names the card. scriptor of pcsc-tools
writes so, with its explanation behind ``:``. Times and slots are not kept.
"""

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from bifente.traces.errors import TraceError
from bifente.traces.formats.base import (
    RESETS,
    Losses,
    Source,
    answered,
    atr_of,
    parse_with,
)
from bifente.traces.model import EventKind, Exchange, Item, ReaderEvent, TraceHeader
from bifente.traces.octets import Octets

_LINE: Final = re.compile(
    r"(?P<mark>>+|<+|=>|<=|-->|<--|[CR]:)?\s*(?P<hex>(?:(?:[0-9A-Fa-f]{2}|\*\*)(?:[ :]|$|(?=[0-9A-Fa-f*])))*)"
)
_ASKS: Final = frozenset({">", ">>", "=>", "-->", "C:"})
_ATR: Final = re.compile(r"#\s*ATR:?\s+((?:[0-9A-Fa-f]{2} ?)+)")
_SHAPE: Final = re.compile(
    rb"\s*(?:(?:>+|<+|=>|<=|-->|<--|[CR]:)\s*)?(?:[0-9A-Fa-f*]{2}[ :]?){2,}(?: ?: .*)?\s*"
)


class HexLines:
    """Command and answer, line by line."""

    name = "hex"
    title = "plain hexadecimal lines"
    suffixes = (".hex", ".txt", ".apdu")

    def recognises(self, head: bytes) -> bool:
        """The first line that is no remark is hexadecimal and nothing else."""
        lines = (line.strip() for line in head.splitlines())
        remarks_apart = (line for line in lines if line and not line.startswith(b"#") and line not in _PROSE)
        first = next(remarks_apart, b"")
        return _SHAPE.fullmatch(first) is not None or (
            not first and _ATR.match(head.decode("latin-1")) is not None
        )

    def read(self, stream: BinaryIO) -> Source:
        """Read a trace. Raises TraceError."""
        return parse_with(_Parser(), stream)

    def write(self, source: Source, stream: BinaryIO) -> list[str]:
        """Write a trace."""
        losses = Losses()
        for line in _lines(source, losses):
            stream.write(line.encode("utf-8") + b"\n")
        return losses.told()


_PROSE: Final = frozenset({b"Using T=0 protocol", b"Using T=1 protocol"})


def _lines(source: Source, losses: Losses) -> Iterator[str]:
    known = source.header.atr
    if known:
        yield f"# ATR {known.hex().upper()}"
    said = bool(known)
    for item in source.items:
        if isinstance(item, ReaderEvent):
            if item.kind not in RESETS or not item.atr:
                losses.add("events other than a reset")
            elif said and item.atr == known:
                said = False
            else:
                said = False
                yield f"# ATR {item.atr.hex().upper()}"
            continue
        said = False
        if not answered(item):
            losses.add("commands without an answer")
            continue
        yield f"> {item.command.hex()}"
        yield f"< {item.response.hex()}"


class _Parser:
    def __init__(self) -> None:
        self.header = TraceHeader(masked=False)
        self._command: Octets | None = None
        self._since = 0

    def line(self, text: str, number: int) -> Iterable[Item]:
        text = text.strip()
        if not text or text.encode("utf-8", "replace") in _PROSE:
            return
        if text.startswith("#"):
            if (told := _ATR.fullmatch(text)) is not None:
                atr = atr_of(told[1], number)
                first = self.header.atr is None
                if first:
                    self.header = TraceHeader(atr=atr, masked=False)
                yield ReaderEvent(EventKind.COLD_RESET if first else EventKind.WARM_RESET, 0, "", atr)
            return
        # scriptor explains a status word behind a colon.
        found = _LINE.fullmatch(text.partition(" : ")[0])
        if found is None:
            raise TraceError("this is not hexadecimal", number)
        octets = Octets.parse(re.sub("[ :]", "", found["hex"]))
        mark = found["mark"]
        asks = self._command is None if mark is None else mark in _ASKS
        if asks:
            if self._command is not None:
                raise TraceError("the command has no answer", self._since)
            if not octets:
                raise TraceError("the command is empty", number)
            self._command, self._since = octets, number
            return
        if self._command is None:
            raise TraceError("an answer without a command", number)
        if len(octets) < 2:
            raise TraceError(f"an answer has at least 2 bytes, this one {len(octets)}", number)
        command, self._command = self._command, None
        yield Exchange(command, octets)

    def end(self, number: int) -> Iterable[Item]:
        if self._command is not None:
            raise TraceError("the command has no answer", self._since)
        return ()
