"""pcsc-spy of pcsc-lite: what a program asked of PC/SC, as the library writes it and as the tool shows it.

The library's lines are ``<thread>@`` and ``>|seconds|microseconds|SCardTransmit``, then one line a parameter, then
``<|…|…|SCardTransmit|…|0x00000000`` (since 2.2 without the text of the result). They are what is written here;
``pcsc-spy FILE`` shows them. The tool's own text (``SCardTransmit``, `` i …``, `` o …``, `` => …``) has no times but how
long each call took; it indents the second thread by four blanks, the third by eight, and with ``-t`` names them
``(t1)``. Before 1.9.9 the parameters of SCardTransmit lack the protocols. Hidden bytes become 00.
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
    Losses,
    Parser,
    Source,
    answered,
    level_of,
    parse_with,
    spaced,
    with_first_reset,
)
from bifente.traces.formats.written import masked_bytes_of
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, Item, ReaderEvent, TraceHeader

_CALL: Final = re.compile(r">\|(\d+)\|(\d+)\|(\w+)")
_RETURN: Final = re.compile(r"<\|(\d+)\|(\d+)\|(\w+)\|(?:[^|]*\|)?0x([0-9A-Fa-f]+)")
_THREAD: Final = re.compile(r"\s*([0-9A-Fa-f]+@)")
_SHOWN: Final = re.compile(r"(?P<thread>[ \t]*(?:\(t\d+\) )?) ?(?P<said>SCard?[A-Z]\w+|[io] .*|=> .*)")
_RESULT: Final = re.compile(r"=> .*\[0x([0-9A-Fa-f]{8,16})\]\)?\s*(?:\[(-?[\d.?-]+)\])?")
_NAME: Final = re.compile(r"SCard?[A-Z][A-Za-z0-9]+")
_STATISTICS: Final = re.compile(
    r"Thread \d+/\d+|Results sorted|total time:|-?[\d.]+ sec \(|parsing |Tag|Length: |Value: |[bw][A-Z]\w+: |ulDataLength|"
    r"Min: |Max: |APDU:|[0-9A-F]{4} |\s*$"
)
_MARKS: Final = re.compile(
    rb"^(?:[0-9A-Fa-f]+@)?[<>]\|\d+\|\d+\|SCard|^SCard\w+\r?\n[io] |^(?:\(t\d+\) +)?i (?:hCard|hContext|dwScope): ",
    re.MULTILINE,
)
_CALLS: Final = frozenset(
    {"SCardTransmit", "SCardConnect", "SCardReconnect", "SCardStatus", "SCardGetStatusChange"}
)
_PROTOCOLS: Final = {1: T0, 2: T1}
_RESET, _UNPOWER = 1, 2
_A_YEAR: Final = 365 * 24 * 3600 * 1_000_000
"""Before, times count from the beginning of the trace."""
_SUCCESS: Final = "0x00000000"


class PcscSpy:
    """libpcscspy and pcsc-spy."""

    name = "pcsc-spy"
    title = "pcsc-spy log"
    suffixes = (".spy",)

    def recognises(self, head: bytes) -> bool:
        """A call at the beginning of a line."""
        return _MARKS.search(head) is not None

    def read(self, stream: BinaryIO) -> Source:
        """Read a trace. Raises TraceError."""
        return parse_with(_Parser(), stream)

    def write(self, source: Source, stream: BinaryIO) -> list[str]:
        """Write a trace."""
        losses = Losses()
        for call, when, parameters, took in _calls(source, losses):
            seconds, microseconds = divmod(when, 1_000_000)
            ended, left = divmod(when + took, 1_000_000)
            lines = [
                f">|{seconds}|{microseconds}|{call}",
                *parameters,
                f"<|{ended}|{left}|{call}|Command successful.|{_SUCCESS}",
            ]
            stream.write("".join(f"1@{line}\n" for line in lines).encode())
        return losses.notices()


def _calls(source: Source, losses: Losses) -> Iterator[tuple[str, int, list[str], int]]:
    header = source.header
    spoken = header.protocol or T0
    first = header.reader if header.reader.isprintable() else ""
    handles: dict[str, str] = {}
    for item in with_first_reset(source):
        reader = item.slot if item.slot and item.slot.isprintable() else first
        if item.slot not in handles:
            handles[item.slot] = f"0x{len(handles) + 1:08X}"
            shared = ["0x00000001", reader, "0x00000002", "0x00000003", "0x00000000", "0x00000000"]
            yield "SCardConnect", item.time, [*shared, handles[item.slot], f"0x{spoken:08X}"], 0
        handle = handles[item.slot]
        if isinstance(item, ReaderEvent):
            if item.kind not in RESETS or not item.atr:
                losses.add("events other than a reset")
                continue
            if item.kind is not EventKind.INSERTED:
                how = "0x00000001" if item.kind is EventKind.WARM_RESET else "0x00000002"
                changed = [handle, "0x00000002", "0x00000003", how, f"0x{spoken:08X}"]
                yield "SCardReconnect", item.time, changed, 0
            sizes = [handle, "0x00000100", "0x00000021", f"0x{len(reader.encode()) + 1:08X}"]
            told = f"0x{len(item.atr):08X}"
            state = [reader, "0x00010034", f"0x{spoken:08X}", told, f"{spaced(item.atr)} "]
            yield "SCardStatus", item.time, sizes + state, 0
            continue
        if not answered(item):
            losses.add("commands without an answer")
            continue
        if item.command.masked or item.response.masked:
            losses.add("exchanges whose hidden bytes became 00")
        pci = [f"0x{spoken:08X}", "0x00000010"]
        sent = [f"0x{len(item.command):08X}", f"{spaced(item.command.shown)} "]
        received = [f"0x{len(item.response):08X}", f"{spaced(item.response.shown)} "]
        yield "SCardTransmit", item.time, [handle, *pci, *sent, *pci, *received], item.duration


class _Open:
    """A call that has not returned yet."""

    __slots__ = ("began", "lines", "name", "number", "numbers")

    def __init__(self, name: str, number: int, began: int) -> None:
        self.name = name
        self.number = number
        self.began = began
        self.lines: list[str] = []
        self.numbers: list[int] = []
        """Where they stand, when they do not follow each other."""


class _Parser(Parser):
    title = "pcsc-spy log"
    lacking = "it has no SCardTransmit"

    def __init__(self) -> None:
        super().__init__()
        self._open: dict[str, _Open] = {}
        self._shown: dict[str, _Open] = {}
        self._margin: str | None = None
        self._readers: dict[str, str] = {}
        self._protocols: dict[str, TransmissionProtocol] = {}
        self._atrs: dict[str, bytes] = {}
        self._next_kind: dict[str, EventKind] = {}
        self._start: int | None = None
        self._clock = 0

    def line(self, text: str, number: int) -> Iterable[Item]:
        found = _THREAD.match(text)
        thread = "" if found is None else found[1]
        told = text[found.end() :] if found is not None else text.lstrip()
        if (call := _CALL.fullmatch(told)) is not None:
            before = self._open.pop(thread, None)
            self._open[thread] = _Open(call[3], number, self._when(call[1], call[2]))
            return () if before is None else self._left(before)
        if (returned := _RETURN.fullmatch(told)) is not None:
            opened = self._open.pop(thread, None)
            if opened is None or opened.name != returned[3]:
                raise TraceError(f"{returned[3]} returns without having been called", number)
            took = max(self._when(returned[1], returned[2]) - opened.began, 0)
            parameters = [(each, opened.number + at) for at, each in enumerate(opened.lines, 1)]
            return self._returned(opened, parameters, int(returned[4], 16) == 0, took, number)
        if thread in self._open and (thread or not self._shown):
            self._open[thread].lines.append(told)
            return ()
        if thread:
            raise TraceError("a parameter without its call", number)
        return self._text(text, number)

    def _when(self, seconds: str, microseconds: str) -> int:
        if len(seconds) > 15 or len(microseconds) > 6:
            return 0
        when = int(seconds) * 1_000_000 + int(microseconds)
        if self._start is None:
            self._start = when if when >= _A_YEAR else 0
        return max(when - self._start, 0)

    def _text(self, text: str, number: int) -> Iterator[Item]:
        """A line of what the tool shows."""
        if self._margin is None and _NAME.fullmatch(text.strip()) is not None:
            # The first call is one of the first thread: what stands before it was put there by others.
            self._margin = text[: len(text) - len(text.lstrip())]
        found = _SHOWN.fullmatch(text.removeprefix(self._margin or ""))
        if found is None:
            if _STATISTICS.match(text.strip()) is None and self._margin is not None:
                raise TraceError("this is not a line of pcsc-spy", number)
            return
        said = found["said"]
        thread = self._thread(found["thread"])
        if _NAME.fullmatch(said) is not None:
            before = self._shown.pop(thread, None)
            self._shown[thread] = _Open(said, number, self._clock)
            if before is not None:
                yield from self._left(before)
        elif (opened := self._shown.get(thread)) is None:
            raise TraceError("a parameter or a result without its call", number)
        elif not said.startswith("=>"):
            opened.lines.append(said.strip())
            opened.numbers.append(number)
        elif (done := _RESULT.match(said)) is None:
            raise TraceError("this result cannot be read", number)
        else:
            del self._shown[thread]
            took = (
                round(float(done[2]) * 1_000_000) if re.fullmatch(r"\d{1,9}(?:\.\d*)?", done[2] or "") else 0
            )
            self._clock += took
            if opened.name in _CALLS:
                parameters = _parameters_shown(opened)
                yield from self._returned(opened, parameters, int(done[1], 16) == 0, took, number)

    @staticmethod
    def _thread(indent: str) -> str:
        """A thread, by its name or by how far its lines are indented."""
        named = indent.strip()
        return named or str(len(indent.expandtabs(4)) // 4)

    def _left(self, opened: _Open) -> Iterator[Item]:
        """A call that never returned: what it sent is kept."""
        if opened.name != "SCardTransmit":
            return
        if opened.numbers:
            parameters = _parameters_shown(opened)
        else:
            parameters = [(each, opened.number + at) for at, each in enumerate(opened.lines, 1)]
        yield self._transmitted(opened, parameters, False, 0)

    def _returned(
        self, opened: _Open, told: list[tuple[str, int]], succeeded: bool, took: int, number: int
    ) -> Iterable[Item]:
        parameters = [each for each, _ in told]
        if opened.name == "SCardTransmit":
            yield self._transmitted(opened, told, succeeded, took)
        elif not succeeded:
            return
        elif opened.name == "SCardConnect" and len(parameters) >= 4:
            self._connected(parameters[1], parameters[-2], parameters[-1])
        elif opened.name == "SCardReconnect" and len(parameters) >= 5:
            how = _number(parameters[3])
            if how in (_RESET, _UNPOWER):
                kind = EventKind.WARM_RESET if how == _RESET else EventKind.COLD_RESET
                self._next_kind[parameters[0]] = kind
        elif opened.name == "SCardStatus" and len(parameters) >= 4:
            yield from self._status(opened, parameters, told[-1][1])
        elif opened.name == "SCardGetStatusChange":
            self._changes(parameters)

    def _transmitted(
        self, opened: _Open, told: list[tuple[str, int]], succeeded: bool, took: int
    ) -> Exchange:
        # handle, protocol, size of PCI, size, bytes; again protocol, size of PCI, size, bytes. Before 1.9.9 without PCI.
        old = len(told) <= 5 and len(told) >= 3 and not told[2][0].startswith("0x")
        asked, said = (1, 3) if old else (3, 7)
        if len(told) < asked + 2:
            raise TraceError("SCardTransmit: parameters are missing", opened.number)
        command = _counted(told[asked][0], told[asked + 1][0], told[asked + 1][1], "command")
        if not len(command):
            raise TraceError("the command is empty", told[asked + 1][1])
        response = MaskedBytes(b"")
        if succeeded:
            if len(told) < said + 2:
                raise TraceError("SCardTransmit: the answer is missing", opened.number)
            response = _counted(told[said][0], told[said + 1][0], told[said + 1][1], "answer")
            if len(response) < 2:
                raise TraceError(
                    f"an answer has at least 2 bytes, this one {len(response)}", told[said + 1][1]
                )
        protocol = None if old else _PROTOCOLS.get(_number(told[1][0]))
        protocol = protocol or self._protocols.get(told[0][0])
        slot = self._slot(self._readers.get(told[0][0], ""))
        return Exchange(command, response, opened.began, took, slot, level_of(protocol))

    def _slot(self, reader: str) -> str:
        return "" if reader == self.header.reader else reader

    def _connected(self, reader: str, handle: str, spoken: str) -> None:
        protocol = _PROTOCOLS.get(_number(spoken))
        if protocol is None:
            return  # a direct connection talks to the reader, not to a card
        self._readers[handle] = reader
        self._protocols[handle] = protocol
        if not self.header.reader:
            self.header = TraceHeader(reader, self._atrs.get(reader), protocol, masked=False)

    def _status(self, opened: _Open, parameters: list[str], number: int) -> Iterable[Item]:
        reader = self._readers.get(parameters[0])
        told = parameters[-1]
        atr = masked_bytes_of(told, number, "ATR").shown if re.match(r"3[BFbf] ", told) else b""
        if reader is None or not 2 <= len(atr) <= 33:
            return
        kind = self._next_kind.pop(parameters[0], None)
        if kind is None and self._atrs.get(f"told {reader}") == atr:
            return
        self._atrs[f"told {reader}"] = atr
        if self.header.atr is None and reader == self.header.reader:
            self.header = TraceHeader(reader, atr, self.header.protocol, masked=False)
        yield ReaderEvent(kind or EventKind.INSERTED, opened.began, self._slot(reader), atr)

    def _changes(self, parameters: list[str]) -> None:
        """The ATRs in the states of the readers, for the header."""
        for before, line in zip(parameters, parameters[4:], strict=False):
            if re.fullmatch(r"3[BFbf](?: [0-9A-Fa-f]{2}){1,32} ?", line) and not before.startswith("0x"):
                self._atrs[before] = bytes.fromhex(line)

    def end(self, number: int) -> Iterable[Item]:
        for opened in (*self._open.values(), *self._shown.values()):
            if len(opened.lines) >= 5:
                yield from self._left(opened)


def _number(text: str) -> int:
    """The number of ``0x00000001`` or ``T=0 (0x00000001)``; -1 when there is none."""
    found = re.search(r"0x([0-9A-Fa-f]{1,16})\b", text)
    return -1 if found is None else int(found[1], 16)


def _counted(count: str, text: str, number: int, what: str) -> MaskedBytes:
    size = _number(count)
    data = masked_bytes_of(text if text != "NULL" else "", number, what, size if size >= 0 else None)
    if len(data) != size:
        raise TraceError(f"{what}: {size} bytes are announced, {len(data)} are there", number)
    return data


_FIELD: Final = re.compile(r"[io] (?P<name>[\w.]+):? ?(?P<value>.*)")
_ROW: Final = re.compile(r"[io] {1,2}[0-9A-F]{4} (?P<hex>(?:(?:[0-9A-F]{2}|[Xx*.?]{2}) ){1,16})")


def _parameters_shown(opened: _Open) -> list[tuple[str, int]]:
    """The parameters in the order in which the library writes them; rows of bytes are put together."""
    found: list[tuple[str, int]] = []
    for number, line in zip(opened.numbers, opened.lines, strict=True):
        if (row := _ROW.match(line)) is not None and found:
            before = found[-1][0]
            found[-1] = (before + row["hex"], number)
        elif (field := _FIELD.fullmatch(line)) is not None:
            value = "" if field["name"].endswith(("Buffer", "pbAtr", "rgbAtr")) else field["value"]
            found.append((value, number))
    # Numbers are shown with their decimal value behind.
    return [(re.sub(r" \(\d+\)$", "", value), number) for value, number in found]
