"""Plain hexadecimal lines, and any other log that people paste.

Written are ``>`` and ``<`` with ``**`` for a hidden byte; ``#`` begins a remark, ``# ATR 3B…`` names the card. Read are
lines marked in any of the usual ways (``bifente.traces.formats.pasted``), or command and answer in turn: scriptor and
opensc-tool, gpshell, pySim, pyscard, ykman, vicc, the FIDO log of Windows. What no answer follows is an exchange without
one. Times are kept where the lines tell the time of the day, slots are not.
"""

from collections.abc import Iterator
from typing import BinaryIO

from bifente.traces.formats.base import RESETS, Losses, Source, answered, parse_with
from bifente.traces.formats.pastedlog import PastedLog, is_pasted
from bifente.traces.model import ReaderEvent


class HexLines:
    """Command and answer, line by line."""

    name = "hex"
    title = "plain hexadecimal lines"
    suffixes = (".hex", ".txt", ".apdu")

    def recognises(self, head: bytes) -> bool:
        """A marked command, or hexadecimal lines that are a command and an answer or stand at the beginning."""
        return is_pasted(head.decode("utf-8", "replace"))

    def read(self, stream: BinaryIO) -> Source:
        """Read a trace. Raises TraceError."""
        return parse_with(PastedLog(), stream)

    def write(self, source: Source, stream: BinaryIO) -> list[str]:
        """Write a trace."""
        losses = Losses()
        for line in _lines(source, losses):
            stream.write(line.encode("utf-8") + b"\n")
        return losses.notices()


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
