"""The log of GlobalPlatformPro (``gp -d``), and of apdu4j's LoggingCardTerminal that it is made of.

``A>> T=1 (4+0011) 00A40400 0B … 00`` and ``A<< (0018+2) (24ms) … 9000``: the numbers in brackets are those of the
data bytes, and are checked. apdu4j alone writes ``>> …`` and ``<< (24ms) …``. Everything else in the log is passed
over, but for ``SCardConnect`` and ``SCardDisconnect``. Slots are not kept, times to the millisecond.
"""

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from bifente.traces.errors import TraceError
from bifente.traces.formats.base import (
    RESETS,
    T0,
    T1,
    Losses,
    Masks,
    Source,
    answer_of,
    answered,
    atr_of,
    level_of,
    mask_remark,
    octets_of,
    parse_with,
)
from bifente.traces.model import EventKind, Exchange, Item, ReaderEvent, TraceHeader

_ASKED: Final = re.compile(
    r"(?:A>>\s+(?P<protocol>T=\S+|\S+)\s+\((?P<header>\d+)\+(?P<data>\d+)\)|>>)\s*(?P<hex>.*)"
)
_SAID: Final = re.compile(r"(?:A<<\s+\((?P<data>\d+)\+2\)|<<)\s+\((?P<took>[0-9smh]+)\)\s*(?P<hex>.*)")
_TOOK: Final = re.compile(r"(?:(\d{1,6})m)?(?:(\d{1,6})s)?(?:(\d{1,9})ms)?")
_CONNECT: Final = re.compile(
    r'SCardConnect\("(?P<reader>.*)", [^)]*\) -> (?P<protocol>\S+), (?P<atr>[0-9A-Fa-f]+)'
)


class GpPro:
    """GlobalPlatformPro and apdu4j."""

    name = "gppro"
    title = "GlobalPlatformPro log"
    suffixes = (".gplog",)

    def recognises(self, head: bytes) -> bool:
        """A line of it."""
        return re.search(
            rb"^(?:A>>\s|>> [0-9A-F]{8}\b|SCardConnect\(\")", head, re.MULTILINE
        ) is not None and (b"<<" in head or b"SCardConnect(" in head)

    def read(self, stream: BinaryIO) -> Source:
        """Read a trace. Raises TraceError."""
        return parse_with(_Parser(), stream)

    def write(self, source: Source, stream: BinaryIO) -> list[str]:
        """Write a trace."""
        losses = Losses()
        for line in _lines(source, losses):
            stream.write(line.encode("utf-8") + b"\n")
        return losses.told()


def _lines(source: Source, losses: Losses) -> Iterator[str]:
    header = source.header
    spoken = "T=0" if header.protocol is T0 else "T=1" if header.protocol is T1 else "T=*"
    reader = header.reader if header.reader.isprintable() and '"' not in header.reader else ""

    def connected(atr: bytes) -> str:
        return f'SCardConnect("{reader}", T=*) -> {spoken}, {atr.hex().upper()}'

    said = header.atr is not None
    if header.atr:
        yield connected(header.atr)
    for item in source.items:
        if isinstance(item, ReaderEvent):
            if item.kind not in RESETS or not item.atr:
                losses.add("events other than a reset")
            elif said and item.atr == header.atr:
                said = False
            else:
                said = False
                yield f'SCardDisconnect("{reader}", true)'
                yield connected(item.atr)
            continue
        said = False
        if not answered(item) or len(item.command) < 4:
            losses.add("commands without an answer, or of fewer than 4 bytes")
            continue
        if (remark := mask_remark(item)) is not None:
            yield f"# {remark}"
        command, response = item.command.shown, item.response.shown
        count, parts = _parts(command)
        yield f"A>> {spoken} (4+{count:04d}) {' '.join(part.hex().upper() for part in parts if part)}"
        data = f"{response[:-2].hex().upper()} " if len(response) > 2 else ""
        took = f"{(item.duration + 500) // 1000}ms"
        yield f"A<< ({len(response) - 2:04d}+2) ({took}) {data}{response[-2:].hex().upper()}"


def _parts(command: bytes) -> tuple[int, tuple[bytes, ...]]:
    """How many data bytes there are, and header, Lc, data, Le; an ill-formed body counts as one."""
    size = len(command)
    if size <= 5:
        return 0, (command[:4], command[4:])
    if command[4]:
        count = command[4] if size - 5 >= command[4] else size - 5
        return count, (command[:4], command[4:5], command[5 : 5 + count], command[5 + count :])
    if size < 7:
        return 0, (command[:4], command[4:])
    count = min(int.from_bytes(command[5:7], "big"), size - 7)
    if size == 7:
        return 0, (command[:4], command[4:])
    return count, (command[:4], command[4:7], command[7 : 7 + count], command[7 + count :])


class _Parser:
    def __init__(self) -> None:
        self.header = TraceHeader(masked=False)
        self._masks = Masks()
        self._command: bytes | None = None
        self._since = 0
        self._time = 0

    def line(self, text: str, number: int) -> Iterable[Item]:
        text = text.strip()
        if text.startswith("#"):
            self._masks.take(text[1:])
        elif text.startswith(("A>>", ">>")):
            self._ask(text, number)
        elif text.startswith(("A<<", "<<")):
            yield self._answer(text, number)
        elif (found := _CONNECT.match(text)) is not None:
            yield self._connect(found, number)

    def _connect(self, found: re.Match[str], number: int) -> ReaderEvent:
        atr = atr_of(found["atr"], number)
        first = self.header.atr is None
        if first:
            spoken = {"T=0": T0, "T=1": T1}.get(found["protocol"])
            self.header = TraceHeader(found["reader"], atr, spoken, masked=False)
        return ReaderEvent(EventKind.COLD_RESET if first else EventKind.WARM_RESET, self._time, "", atr)

    def _ask(self, text: str, number: int) -> None:
        found = _ASKED.fullmatch(text)
        if found is None:
            raise TraceError("this is no command of GlobalPlatformPro", number)
        if self._command is not None:
            raise TraceError("the command has no answer", self._since)
        command = octets_of(found["hex"], number, "command")
        if len(command) < 4:
            raise TraceError("the command is cut off", number)
        if found["data"] is not None and int(found["data"]) != _parts(command)[0]:
            raise TraceError(
                f"{found['data']} data bytes are announced, {_parts(command)[0]} are there", number
            )
        self._command, self._since = command, number
        if self.header.protocol is None and found["protocol"] in ("T=0", "T=1"):
            old = self.header
            self.header = TraceHeader(
                old.reader, old.atr, T0 if found["protocol"] == "T=0" else T1, masked=False
            )

    def _answer(self, text: str, number: int) -> Exchange:
        found = _SAID.fullmatch(text)
        took = None if found is None else _TOOK.fullmatch(found["took"])
        if found is None or took is None:
            raise TraceError("this is no answer of GlobalPlatformPro", number)
        if self._command is None:
            raise TraceError("an answer without a command", number)
        response = answer_of(found["hex"], number)
        if found["data"] is not None and int(found["data"]) != len(response) - 2:
            raise TraceError(
                f"{found['data']} data bytes are announced, {len(response) - 2} are there", number
            )
        minutes, seconds, milliseconds = (int(part or 0) for part in took.groups())
        duration = (60 * minutes + seconds) * 1_000_000 + milliseconds * 1000
        asked, said = self._masks.apply(self._command, response)
        self._command = None
        exchange = Exchange(asked, said, self._time, duration, "", level_of(self.header.protocol))
        self._time += duration
        return exchange

    def end(self, number: int) -> Iterable[Item]:
        if self._command is not None:
            raise TraceError("the command has no answer", self._since)
        return ()
