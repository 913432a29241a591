"""cardpeek's ``.clf``: what its log records and its replay reader plays.

``R:<ATR>`` is a reset and must come first; ``C:<command>:<status word>:<data>`` an exchange, as it went over the
wire: GET RESPONSE is an exchange of its own. cardpeek reads lines of at most 1 023 characters (``replay.c``). Times are not kept.
"""

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from bifente.traces.errors import TraceError
from bifente.traces.formats.base import (
    RESETS,
    Losses,
    Masks,
    Parser,
    Source,
    answered,
    atr_of,
    command_of,
    mask_remark,
    parse_with,
    with_first_reset,
)
from bifente.traces.formats.written import masked_bytes_of, together
from bifente.traces.model import EventKind, Exchange, Item, Level, ReaderEvent, TraceHeader

_LINE: Final = re.compile(r"C:([^:]*):([^:]*):([^:]*)")
_MARKS: Final = re.compile(
    rb"^R:(?:[0-9A-Fa-f]{2} ?){2,33}$|^C:[0-9A-Fa-f]{8}[^:\n]*:[0-9A-Fa-f]{0,4}:[^:\n]*$", re.MULTILINE
)
_MAX_LINE: Final = 1023
_UNKNOWN_ATR: Final = b"\x3b\x00"
"""The shortest ATR there is; cardpeek needs one."""


class Clf:
    """cardpeek 0.8."""

    name = "clf"
    title = "cardpeek log"
    suffixes = (".clf",)

    def recognises(self, head: bytes) -> bool:
        """Its title, a reset or an exchange."""
        return head.startswith(b"# cardpeek trace file") or _MARKS.search(head) is not None

    def read(self, stream: BinaryIO) -> Source:
        """Read a trace. Raises TraceError."""
        return parse_with(_Parser(), stream)

    def write(self, source: Source, stream: BinaryIO) -> list[str]:
        """Write a trace."""
        losses = Losses()
        for line in _lines(source, losses):
            if len(line) > _MAX_LINE:
                losses.add("lines that are too long for cardpeek itself")
            stream.write(line.encode("utf-8") + b"\n")
        return losses.notices()


def _lines(source: Source, losses: Losses) -> Iterator[str]:
    yield "# cardpeek trace file"
    yield "# version 0"
    started = False
    for item in with_first_reset(source):
        if isinstance(item, ReaderEvent):
            if item.kind in RESETS and item.atr:
                started = True
                yield f"R:{item.atr.hex().upper()}"
            else:
                losses.add("events other than a reset")
            continue
        if not answered(item):
            losses.add("commands without an answer")
            continue
        if not started:
            started = True
            yield "# the ATR is not known"
            yield f"R:{_UNKNOWN_ATR.hex().upper()}"
        if (remark := mask_remark(item)) is not None:
            yield f"# {remark}"
        response = item.response.shown
        yield (
            f"C:{item.command.shown.hex().upper()}:{response[-2:].hex().upper()}:{response[:-2].hex().upper()}"
        )
    yield "# end"


class _Parser(Parser):
    title = "cardpeek log"
    lacking = "it has neither R:<ATR> nor C:<command>:<status word>:<data>"

    def __init__(self) -> None:
        super().__init__()
        self._masks = Masks()

    def line(self, text: str, number: int) -> Iterable[Item]:
        text = text.strip()
        if not text:
            return
        if text.startswith("#"):
            self._masks.take(text[1:])
            return
        if text.startswith("R:"):
            atr = atr_of(text[2:], number)
            first = self.header.atr is None
            if first:
                self.header = TraceHeader(atr=atr, masked=False)
            yield ReaderEvent(EventKind.COLD_RESET if first else EventKind.WARM_RESET, 0, "", atr)
            return
        found = _LINE.fullmatch(text)
        if found is None:
            raise TraceError("neither R:<ATR> nor C:<command>:<status word>:<data>", number)
        command = command_of(found[1], number)
        status = masked_bytes_of(found[2], number, "status word", 2)
        if not len(status) and not found[3].strip():
            yield Exchange(command, status, level=Level.TPDU)  # the card did not answer
            return
        if len(status) != 2:
            raise TraceError(f"a status word has 2 bytes, not {len(status)}", number)
        response = together((masked_bytes_of(found[3], number, "data"), status))
        asked, said = self._masks.apply(command, response)
        yield Exchange(asked, said, level=Level.TPDU)

    def end(self, number: int) -> Iterable[Item]:
        return ()
