"""The log of GlobalPlatformPro (``gp -d``), and of apdu4j's loggers that it is made of.

``A>> T=1 (4+0011) 00A40400 0B … 00`` and ``A<< (0018+2) (24ms) … 9000``: the numbers in brackets are those of the
data bytes, and are checked. ``A#1>>`` speaks on a logical channel, ``B>>`` passes bytes. apdu4j alone writes ``>> …``
and ``<< … (24ms)``; since 2023 remarks begin with ``#``, since 2026 the protocol is missing and times have decimals.
``<< SCARD_E_…`` is an exchange without an answer. Times are kept to the millisecond.
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

_ASKED: Final = re.compile(
    r"(?P<mark>[\w.-]{0,20}(?:#\d{1,3})?)>>\s*(?:(?P<protocol>T=\S+|DIRECT)\s+)?"
    r"(?:\((?:4\+(?P<data>\d{1,6})|(?P<all>\d{1,6}))\)\s*)?(?P<hex>.*)"
)
_SAID: Final = re.compile(
    r"(?P<mark>[\w.-]{0,20}(?:#\d{1,3})?)<<\s*(?:\((?:(?P<data>\d{1,6})\+2|(?P<all>\d{1,6}))\)\s*)?"
    r"(?:\((?P<before>-?[\d.,smhuµn]+)\)\s*)?(?P<rest>.*)"
)
_BEHIND: Final = re.compile(r"\((-?[\d.,smhuµn]{1,30})\)$")
_TOOK: Final = re.compile(r"-?(?:(\d{1,6})m)?(?:(\d{1,6})s)?(?:(\d{1,9}(?:[.,]\d{1,6})?)ms)?")
_FAILED: Final = re.compile(
    r"(?:SCARD_|0x8010|\[error\]|[A-Za-z]*(?:Exception|Error|error|fail))", re.IGNORECASE
)
_MALFORMED: Final = "[malformed]"
_CONNECT: Final = re.compile(
    r'SCardConnect\("(?P<reader>.*)", [^)]*\) -> (?P<protocol>\S+), (?P<atr>[0-9A-Fa-f]+)'
)
_MARKS: Final = re.compile(
    rb"^(?:[AB](?:#\d+)?>>\s|[\w.-]{0,20}>> (?:T=\S+ )?[0-9A-Fa-f]{8}\b|(?:# ?)?SCardConnect\(\")",
    re.MULTILINE,
)


class GpPro:
    """GlobalPlatformPro and apdu4j."""

    name = "gppro"
    title = "GlobalPlatformPro log"
    suffixes = (".gplog",)

    def recognises(self, head: bytes) -> bool:
        """A line of it."""
        return _MARKS.search(head) is not None and (b"<<" in head or b"SCardConnect(" in head)

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
    spoken = "T=0" if header.protocol is T0 else "T=1" if header.protocol is T1 else "T=*"
    reader = header.reader if header.reader.isprintable() and '"' not in header.reader else ""

    def connected(atr: bytes) -> str:
        return f'SCardConnect("{reader}", T=*) -> {spoken}, {atr.hex().upper()}'

    said = header.atr is not None
    if header.atr:
        yield connected(header.atr)
    for item in of_cards(source.items):
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


class _Parser(Parser):
    title = "GlobalPlatformPro log"

    def __init__(self) -> None:
        super().__init__()
        self._masks = Masks()
        self._command: MaskedBytes | None = None
        self._time = 0
        self._reader = ""
        self._connected = False

    def line(self, text: str, number: int) -> Iterable[Item]:
        text = text.strip()
        told = text.lstrip("# ")
        if (found := _CONNECT.match(told)) is not None:
            return self._connect(found, number)
        if text.startswith("#"):
            self._masks.take(text[1:])
        elif (asked := _ASKED.fullmatch(text)) is not None:
            return self._ask(asked, number)
        elif (said := _SAID.fullmatch(text)) is not None:
            return self._answer(said, number)
        return ()

    def _connect(self, found: re.Match[str], number: int) -> Iterator[Item]:
        yield from self._unanswered()
        atr = atr_of(found["atr"], number)
        if not self._connected:
            spoken = {"T=0": T0, "T=1": T1}.get(found["protocol"])
            self.header = TraceHeader(found["reader"], atr, spoken, masked=False)
        again = self._connected and found["reader"] == self._reader
        self._reader, self._connected = found["reader"], True
        kind = EventKind.WARM_RESET if again else EventKind.COLD_RESET
        yield ReaderEvent(kind, self._time, self._slot(), atr)

    def _slot(self) -> str:
        return "" if self._reader == self.header.reader else self._reader

    def _ask(self, found: re.Match[str], number: int) -> Iterator[Item]:
        # A command in another one's place: that one was not answered.
        yield from self._unanswered()
        count = found["data"]
        text = found["hex"].removesuffix(_MALFORMED)
        command = command_of(text, number, None if found["all"] is None else int(found["all"]))
        raw = command.shown
        if count is not None and len(raw) < 4:
            raise TraceError("the command is cut off", number)
        if count is not None and int(count) != _parts(raw)[0] and text == found["hex"]:
            raise TraceError(f"{count} data bytes are announced, {_parts(raw)[0]} are there", number)
        self._command = command
        if self.header.protocol is None and found["protocol"] in ("T=0", "T=1"):
            old = self.header
            spoken = T0 if found["protocol"] == "T=0" else T1
            self.header = TraceHeader(old.reader, old.atr, spoken, masked=False)

    def _answer(self, found: re.Match[str], number: int) -> Iterator[Item]:
        rest = found["rest"]
        behind = _BEHIND.search(rest, max(len(rest) - 32, 0))
        took = _duration(found["before"] or (behind[1] if behind is not None else ""))
        rest = rest if behind is None else rest[: behind.start()]
        if self._command is None:
            raise TraceError("an answer without a command", number)
        if _FAILED.match(rest):
            yield self._exchange(MaskedBytes(b""), took)
            return
        size = int(found["data"]) + 2 if found["data"] else int(found["all"]) if found["all"] else None
        try:
            response = answer_of(rest, number, size)
            if size is not None and size != len(response):
                raise TraceError(
                    f"{found['data'] or found['all']} data bytes are announced, {len(response) - 2} are there",
                    number,
                )
        except TraceError:
            yield self._exchange(MaskedBytes(b""), took)
            raise
        yield self._exchange(response, took)

    def _exchange(self, response: MaskedBytes, took: int = 0) -> Exchange:
        assert self._command is not None
        asked, said = self._masks.apply(self._command, response)
        self._command = None
        exchange = Exchange(asked, said, self._time, took, self._slot(), level_of(self.header.protocol))
        self._time += took
        return exchange

    def _unanswered(self) -> Iterator[Item]:
        if self._command is not None:
            yield self._exchange(MaskedBytes(b""))

    def end(self, number: int) -> Iterable[Item]:
        return self._unanswered()


def _duration(text: str) -> int:
    """Microseconds of ``24ms``, ``8s378ms`` or ``1.25ms``; 0 where a clock was set back."""
    found = _TOOK.fullmatch(text)
    if found is None or text.startswith("-"):
        return 0
    minutes, seconds, milliseconds = found.groups()
    thousandths = round(float((milliseconds or "0").replace(",", ".")) * 1000)
    return (60 * int(minutes or 0) + int(seconds or 0)) * 1_000_000 + thousandths
