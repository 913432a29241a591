"""apdu4j's ``.dump``: hexadecimal lines, command and answer in turn, with remarks.

``# ATR:`` and ``# PROTOCOL:`` stand at the top, ``# 24ms`` (before 2020 ``# Sent`` before a command and ``# Received in
24ms`` behind it) between a command and its answer. Slots and most events are not kept, times to the millisecond.
The times also tell commands from answers where mail has wrapped the lines.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import BinaryIO, Final

from bifente.traces.errors import TraceError
from bifente.traces.formats.base import (
    RESETS,
    T0,
    T1,
    Losses,
    Masks,
    Parser,
    Source,
    answer_of,
    answered,
    atr_of,
    command_of,
    level_of,
    mask_remark,
    of_cards,
    parse_with,
)
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, Item, ReaderEvent, TraceHeader

_TOOK: Final = re.compile(r"#\s*(?:Received in )?(?:(-?\d{1,9})s)?(-?\d{1,12})(?:[.,](\d{1,3})\d*)?ms")
_LONGEST_MESSAGE: Final = 4_000
"""Lines that may hold one message: an extended APDU in lines of 33 characters."""
_MARKS: Final = re.compile(rb"^# ?(?:PROTOCOL|ATR):", re.MULTILINE)


class Dump:
    """apdu4j, DumpingBIBO and LoggingCardTerminal."""

    name = "dump"
    title = "apdu4j dump"
    suffixes = (".dump",)

    def recognises(self, head: bytes) -> bool:
        """Its remarks about ATR and protocol, and plain hexadecimal below."""
        found = _MARKS.search(head)
        if found is None:
            return False
        lines = (line.strip() for line in head[found.start() :].splitlines())
        first = next((line for line in lines if line and not line.startswith(b"#")), b"")
        return not first or re.match(rb"(?:[0-9A-Fa-f]{2} ?){4}", first) is not None

    def read(self, stream: BinaryIO) -> Source:
        """Read a trace. Raises TraceError."""
        return parse_with(_Parser(), stream)

    def write(self, source: Source, stream: BinaryIO) -> list[str]:
        """Write a trace."""
        losses = Losses()
        for line in _lines(source, losses):
            stream.write(line.encode("utf-8") + b"\n")
        return losses.notices()


def _lines(source: Source, losses: Losses) -> Iterator[str]:
    header = source.header
    known = header.atr
    if header.reader and header.reader.isprintable():
        yield f"# Using {header.reader}"
    if known is not None:
        yield f"# ATR: {known.hex().upper()}"
    yield f"# PROTOCOL: {'T=0' if header.protocol is T0 else 'T=1' if header.protocol is T1 else 'unknown'}"
    yield "#"
    said = known is not None
    for item in of_cards(source.items):
        if isinstance(item, ReaderEvent):
            if item.kind not in RESETS or not item.atr:
                losses.add("events other than a reset")
            elif said and item.atr == known:
                said = False  # the top of the file has told this one
            else:
                said = False
                yield f"# RESET: {item.atr.hex().upper()}"
            continue
        said = False
        if not answered(item):
            losses.add("commands without an answer")
            continue
        if (remark := mask_remark(item)) is not None:
            yield f"# {remark}"
        yield item.command.shown.hex().upper()
        yield f"# {(item.duration + 500) // 1000}ms"
        yield item.response.shown.hex().upper()


class _Form(Enum):
    """How the lines between two remarks are shared out."""

    UNKNOWN = "no time has been read yet"
    BETWEEN = "the time stands between a command and its answer"
    SENT = "one remark stands before a command and another behind it"
    PLAIN = "no times: command and answer in turn, a line each"


class _Parser(Parser):
    """Takes the lines between two remarks together: mail may have wrapped a command or an answer over several."""

    title = "apdu4j dump"

    def __init__(self) -> None:
        super().__init__()
        self._masks = Masks()
        self._form = _Form.UNKNOWN
        self._lines: list[tuple[int, str]] = []
        self._command: MaskedBytes | None = None
        self._time = 0
        self._took = 0
        self._begun = False
        self._width = 0
        """Characters of a line that was seen to go on in the next; 0 while none was."""

    def line(self, text: str, number: int) -> Iterator[Item]:
        text = text.strip()
        if text.startswith("#"):
            yield from self._remark(text, number)
        elif text:
            self._lines.append((number, text))
            if self._form is _Form.PLAIN:
                yield from self._in_turn()
            elif len(self._lines) > _LONGEST_MESSAGE:
                yield from self._without_times()

    def _remark(self, text: str, number: int) -> Iterable[Item]:
        if (took := _TOOK.fullmatch(text)) is not None:
            if "Received" in text:
                self._form = _Form.SENT
                yield from self._commands(self._joined())
            else:
                self._form = _Form.BETWEEN
                yield from self._answer_and_command()
            seconds, milliseconds, thousandths = took.groups()
            whole = 1000 * int(seconds or 0) + int(milliseconds)
            self._took = max(1000 * whole + int((thousandths or "").ljust(3, "0")), 0)
            return
        yield from self._before_remark()
        if text.startswith("# Sent"):
            self._form = _Form.SENT
            if self._command is not None:
                yield from self._answered(MaskedBytes(b""))
        elif text.startswith("# RESET:"):
            yield from self._begin()
            yield ReaderEvent(EventKind.WARM_RESET, self._time, "", atr_of(text[8:], number))
        elif not self._begun and text.startswith("# ATR:"):
            self._change(atr=atr_of(text[6:], number))
        elif not self._begun and text.startswith("# PROTOCOL:"):
            self._change(protocol=text[11:].strip())
        elif not self._begun and text.startswith("# Using "):
            self._change(reader=text[8:])
        else:
            self._masks.take(text[1:])

    def _before_remark(self) -> Iterator[Item]:
        """What stands before a remark that is not a time."""
        if self._form is _Form.UNKNOWN and len(self._lines) > 1:
            yield from self._without_times()
        elif self._form is _Form.SENT and self._command is None:
            messages = self._shared_out()  # no time stands between these
            yield from self._commands(messages[:1])
            yield from self._answers(messages[1:])
        elif self._command is not None:
            messages = self._shared_out() if self._form is _Form.BETWEEN else self._joined()
            yield from self._answers(messages[:1])
            yield from self._commands(messages[1:])

    def _without_times(self) -> Iterator[Item]:
        self._form = _Form.PLAIN
        yield from self._in_turn()

    def _in_turn(self) -> Iterator[Item]:
        lines, self._lines = self._lines, []
        for one in lines:
            yield from self._commands([one]) if self._command is None else self._answers([one])

    def _answer_and_command(self) -> Iterator[Item]:
        """The lines before a time: the answer to the command before it, when there is one, and the next command."""
        if self._command is None:
            yield from self._commands(self._joined())
            return
        messages = self._shared_out()
        if len(messages) == 2:
            yield from self._answers([messages[0]])
        else:
            yield from self._answered(MaskedBytes(b""))
        if messages:
            yield from self._commands([messages[-1]])

    def _shared_out(self) -> list[tuple[int, str]]:
        """The waiting lines as one message or two: of more than two, one as long as the longest goes on in the next."""
        lines, self._lines = self._lines, []
        width = max((len(text) for _, text in lines), default=0) if len(lines) > 2 else self._width
        messages: list[tuple[int, str]] = []
        goes_on = False
        for number, text in lines:
            if goes_on:
                first, before = messages[-1]
                messages[-1] = (first, before + text)
                self._width = width
            else:
                messages.append((number, text))
            goes_on = len(text) == width
        if len(messages) > 2:
            self.unread.add(
                lines[0][0], f"{len(lines)} lines where two messages belong, and no telling where one ends"
            )
            return []
        return messages

    def _joined(self) -> list[tuple[int, str]]:
        """The waiting lines as one message, or none."""
        lines, self._lines = self._lines, []
        if len(lines) > 1:
            self._width = len(lines[0][1])
        return [(lines[0][0], "".join(text for _, text in lines))] if lines else []

    def _commands(self, messages: list[tuple[int, str]]) -> Iterator[Item]:
        for number, text in messages:
            if self._command is not None:
                yield from self._answered(MaskedBytes(b""))
            try:
                self._command = command_of(text, number)
            except TraceError as error:
                self.unread.add(number, error.reason)

    def _answers(self, messages: list[tuple[int, str]]) -> Iterator[Item]:
        for number, text in messages:
            try:
                answer = answer_of(text, number)
            except TraceError as error:
                self.unread.add(number, error.reason)
                continue
            yield from self._answered(answer)

    def _answered(self, response: MaskedBytes) -> Iterator[Item]:
        assert self._command is not None
        asked, said = self._masks.apply(self._command, response)
        yield from self._begin()
        yield Exchange(asked, said, self._time, self._took, "", level_of(self.header.protocol))
        self._time += self._took
        self._took = 0
        self._command = None

    def _begin(self) -> Iterable[Item]:
        if not self._begun:
            self._begun = True
            if self.header.atr is not None:
                yield ReaderEvent(EventKind.COLD_RESET, 0, "", self.header.atr)

    def _change(self, *, atr: bytes | None = None, protocol: str = "", reader: str = "") -> None:
        old = self.header
        spoken = {"T=0": T0, "T=1": T1}.get(protocol, old.protocol)
        self.header = TraceHeader(reader or old.reader, atr or old.atr, spoken, masked=False)

    def end(self, number: int) -> Iterable[Item]:
        if self._form is _Form.UNKNOWN:
            yield from self._without_times()
        yield from self._before_remark()
        yield from self._begin()
        if self._command is not None:
            yield from self._answered(MaskedBytes(b""))
