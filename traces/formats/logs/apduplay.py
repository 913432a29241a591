"""The log of APDUPlay (``winscard_log.txt``), the winscard stub of CRoCS MU.

Each exchange is a paragraph with ``transmitted:``, ``responseTime:<ms>#`` and ``received:``. Neither ATR nor events
are in it; times are kept to the millisecond, and what is hidden is not.
"""

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from bifente.traces.errors import TraceError
from bifente.traces.formats.base import (
    Losses,
    Parser,
    Source,
    answer_of,
    answered,
    command_of,
    of_cards,
    parse_with,
)
from bifente.traces.formats.written import BARE_ROW, masked_bytes_of
from bifente.traces.maskedbytes import MaskedBytes, joined
from bifente.traces.model import Exchange, Item, ReaderEvent

_TOOK: Final = re.compile(r"responseTime:(-?\d{1,12})#?")
_RESULT: Final = re.compile(r"SCardTransmit result:0x([0-9A-Fa-f]{1,16})#?")
_ELSE: Final = re.compile(r"SCard|\[|apdu|total|response|transmitted|received|$")
_FRAME: Final = re.compile(r"SCardTransmit \(handle 0x[0-9A-Fa-f]+\)#?:?")


class ApduPlay:
    """APDUPlay, and ApduView before it."""

    name = "apduplay"
    title = "APDUPlay log"
    suffixes = (".apduplay",)

    def recognises(self, head: bytes) -> bool:
        """``transmitted:`` at the beginning of a line."""
        return re.search(rb"^transmitted:", head, re.MULTILINE) is not None

    def read(self, stream: BinaryIO) -> Source:
        """Read a trace. Raises TraceError."""
        return parse_with(_Parser(), stream)

    def write(self, source: Source, stream: BinaryIO) -> list[str]:
        """Write a trace."""
        losses = Losses()
        for line in _lines(source, losses):
            stream.write(line.encode("ascii") + b"\r\n")
        return losses.notices()


def _lines(source: Source, losses: Losses) -> Iterator[str]:
    yield "[begin]"
    total = 0
    number = 0
    for item in of_cards(source.items):
        if isinstance(item, ReaderEvent):
            losses.add("events")
            continue
        if not answered(item):
            losses.add("commands without an answer")
            continue
        if item.command.masked or item.response.masked:
            losses.add("exchanges whose hidden bytes became 00")
        yield "SCardTransmit (handle 0x00000000)#"
        yield f"apduCounter:{number}#"
        yield f"totalBytesINCounter:{total + 1}#"
        yield f"transmitted:{item.command.shown.hex(' ')}"
        yield f"responseTime:{(item.duration + 500) // 1000}#"
        yield "SCardTransmit result:0x0#"
        yield f"received:{item.response.shown.hex(' ')}"
        yield ""
        number += 1
        total += len(item.command)


class _Parser(Parser):
    title = "APDUPlay log"

    def __init__(self) -> None:
        super().__init__()
        self._command: MaskedBytes | None = None
        self._wanted = ""
        self._failed = False
        self._time = 0
        self._took = 0

    def line(self, text: str, number: int) -> Iterable[Item]:
        text = text.strip()
        if self._wanted:
            # ApduView puts the bytes on the line below; there are none where the card did not answer.
            mark, self._wanted = self._wanted, ""
            if _ELSE.match(text) is None:
                text = mark + text
            elif mark == "received:" and self._failed:
                yield from self._unanswered()
            else:
                self.unread.add(number, f"no bytes follow {mark}")
        if text in ("transmitted:", "received:"):
            self._wanted = text
        elif text.startswith("transmitted:"):
            yield from self._unanswered()
            self._command = command_of(text[12:], number)
        elif text.startswith("received:"):
            yield self._answer(text[9:], number)
        elif (took := _TOOK.fullmatch(text)) is not None:
            self._took = max(1000 * int(took[1]), 0)
        elif (result := _RESULT.fullmatch(text)) is not None:
            self._failed = int(result[1], 16) != 0
        elif _FRAME.fullmatch(text) is not None:
            yield from self._unanswered()
        elif text and BARE_ROW.fullmatch(text):
            self._continue(masked_bytes_of(text, number, "bytes"), number)

    def _continue(self, more: MaskedBytes, number: int) -> None:
        """A command that was wrapped; an answer has been given away by then."""
        if self._command is None:
            raise TraceError("bytes that continue no command", number)
        self._command = joined(self._command, more)

    def _answer(self, text: str, number: int) -> Exchange:
        if self._command is None:
            raise TraceError("an answer without a command", number)
        response = MaskedBytes(b"") if self._failed and not text.strip() else answer_of(text, number)
        return self._exchange(self._command, response)

    def _exchange(self, command: MaskedBytes, response: MaskedBytes) -> Exchange:
        exchange = Exchange(command, response, self._time, self._took)
        self._time += self._took
        self._command, self._took, self._failed = None, 0, False
        return exchange

    def _unanswered(self) -> Iterable[Item]:
        if self._command is not None:
            yield self._exchange(self._command, MaskedBytes(b""))

    def end(self, number: int) -> Iterable[Item]:
        if self._wanted:
            self.unread.add(max(number, 1), "the bytes are missing")
        yield from self._unanswered()
