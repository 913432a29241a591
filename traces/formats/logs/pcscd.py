"""The log of pcscd with ``--debug --apdu``.

Each line begins with the microseconds since the one before, in colour on a terminal, and since pcsc-lite 1.9.6 with
the thread: ``00000010 [111] APDU: 00 A4 …``, ``00000508 [111] SW: 61 27``. In syslog the numbers are missing. It shows
what the reader shows: TPDUs where ``Send Protocol: T=0`` stands before. Command and answer belong together by their
thread; the number of the reader (``lun``) is told by the driver, its name when the daemon starts.
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
    DayClock,
    Losses,
    Masks,
    Parser,
    Source,
    answered,
    atr_of,
    command_of,
    level_of,
    mask_remark,
    parse_with,
    spaced,
    with_first_reset,
)
from bifente.traces.formats.written import BARE_ROW, masked_bytes_of
from bifente.traces.maskedbytes import MaskedBytes, joined
from bifente.traces.model import EventKind, Exchange, Item, ReaderEvent, TraceHeader

_LINE: Final = re.compile(r"\s*(?P<delta>-?\d{8,10}) (?:\[(?P<thread>\w{1,20})\] ?)?(?P<said>.*)")
_BARE: Final = re.compile(
    r".{0,200}?(?:^\s*|[\d:>\]] )(?:(?P<delta>-?\d{8,10}) )?(?:\[(?P<thread>\w{1,20})\] )?"
    r"(?P<said>(?:APDU|SW|Card ATR): ?.*|\S{1,200}:\d{1,5}:\w{1,60}\(\) .*)"
)
_PLACE: Final = re.compile(r"\S+:\d+:\w+\(\) ")
_LUN: Final = re.compile(r"\b[Ll]un[:=] ?([0-9A-Fa-f]{1,8})\b")
_CONNECT: Final = re.compile(r"Attempting Connect to (.*) using protocol")
_STARTUP: Final = re.compile(r"Attempting startup of (.*?)(?: using | \(|$)")
_TIME: Final = re.compile(r"\b(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\b")
_MOST: Final = 99_999_999
"""The longest pause that eight digits tell."""


_MARKS: Final = re.compile(
    rb"^(?:.{0,100}[ :])?-?\d{8,10} (?:\[\w{1,20}\] ?)?(?:\S{1,200}:\d+:\w+\(\) |(?:APDU|SW|Card ATR): )"
    rb"|^(?:.{0,100}[\d:\]] )?APDU: (?:[0-9A-Fa-f]{2} ){3}"
    rb"|^(?:.{0,100}[\d:\]] )?SW: (?:[0-9A-Fa-f]{2} )*[69][0-9A-Fa-f] [0-9A-Fa-f]{2}\s*$",
    re.MULTILINE,
)


class Pcscd:
    """pcsc-lite's daemon."""

    name = "pcscd"
    title = "pcscd --apdu log"
    suffixes = (".pcscd", ".log")

    def recognises(self, head: bytes) -> bool:
        """A line of place and microseconds, or one that tells a command, an answer or an ATR."""
        return _MARKS.search(head) is not None

    def read(self, stream: BinaryIO) -> Source:
        """Read a trace. Raises TraceError."""
        return parse_with(_Parser(), stream)

    def write(self, source: Source, stream: BinaryIO) -> list[str]:
        """Write a trace."""
        losses = Losses()
        now = 0
        for when, text in _lines(source, losses):
            delta = min(max(when - now, 0), _MOST)
            now += delta
            stream.write(f"{delta:08d} {text}\n".encode())
        return losses.notices()


def _lines(source: Source, losses: Losses) -> Iterator[tuple[int, str]]:
    header = source.header
    spoken = {T0: "T=0", T1: "T=1"}.get(header.protocol) if header.protocol is not None else None
    reader = header.reader if header.reader.isprintable() else ""
    began = 0
    for item in with_first_reset(source):
        if isinstance(item, ReaderEvent):
            yield from ((item.time, line) for line in _event(item, reader, losses))
            continue
        if not answered(item):
            losses.add("commands without an answer")
            continue
        began = max(item.time, began)
        if (remark := mask_remark(item)) is not None:
            yield began, f"bifente: {remark}"
        if spoken is not None:
            yield began, f"winscard.c:1596:SCardTransmit() Send Protocol: {spoken}"
        yield began, f"APDU: {spaced(item.command.shown)} "
        began += item.duration
        yield began, f"SW: {spaced(item.response.shown)} "


def _event(event: ReaderEvent, reader: str, losses: Losses) -> Iterator[str]:
    if event.kind is EventKind.REMOVED:
        yield f"eventhandler.c:354:EHStatusHandlerThread() Card Removed From {reader}"
    elif event.kind in RESETS and event.atr:
        if event.kind is EventKind.INSERTED:
            yield f"eventhandler.c:423:EHStatusHandlerThread() Card inserted into {reader}"
        else:
            how = "IFD_RESET" if event.kind is EventKind.WARM_RESET else "IFD_POWER_UP"
            yield f"winscard.c:607:SCardReconnect() {how}: Reset complete."
        yield f"Card ATR: {spaced(event.atr)} "
    else:
        losses.add("events that pcscd does not tell")


class _Client:
    """A thread of the daemon, which serves one client or watches one reader."""

    __slots__ = ("attempt", "began", "command", "lun", "number", "own", "protocol", "reader")

    def __init__(self) -> None:
        self.command: MaskedBytes | None = None
        self.began = 0
        self.number = 0
        self.lun: str | None = None
        """The number of the reader, when the driver tells it between command and answer."""
        self.own = False
        """It was seen to speak with another card than the first one."""
        self.protocol: TransmissionProtocol | None = None
        self.reader: str | None = None
        self.attempt = ""
        """To which reader a connection is being made."""


class _Parser(Parser):
    title = "pcscd log"
    lacking = "it has no APDU, for pcscd has to be started with --apdu"

    def __init__(self) -> None:
        super().__init__()
        self._masks = Masks()
        self._now = 0
        self._clock = DayClock()
        self._kind = EventKind.INSERTED
        self._clients: dict[str, _Client] = {}
        self._waiting: list[_Client] = []
        """Clients whose command has no answer yet."""
        self._anonymous: list[_Client] = []
        """Those of them of which nobody knows the thread."""
        self._names: dict[str, str] = {}
        self._starting = ""
        self._first_lun: str | None = None
        self._asking: _Client | None = None
        """Whose command stands in the line before."""
        self._held: Exchange | None = None
        """The one whose answer stands in the line before: more of it may follow."""

    def line(self, text: str, number: int) -> Iterable[Item]:
        found = _LINE.fullmatch(text) or (_BARE.fullmatch(text) if ":" in text else None)
        if found is None:
            if BARE_ROW.fullmatch(text):
                self._continue(masked_bytes_of(text, number, "bytes"), number)
            return
        self._asking = None
        yield from self._released()
        yield from self._line(text, found, number)

    def _released(self) -> Iterator[Item]:
        held, self._held = self._held, None
        if held is not None:
            yield held

    def _continue(self, more: MaskedBytes, number: int) -> None:
        if self._held is not None:
            self._held = self._held._replace(response=joined(self._held.response, more))
        elif self._asking is not None and self._asking.command is not None:
            self._asking.command = joined(self._asking.command, more)
        else:
            raise TraceError("bytes that continue neither a command nor an answer", number)

    def _line(self, text: str, found: re.Match[str], number: int) -> Iterable[Item]:
        said = found["said"]
        if found["delta"] is not None:
            # The clock of a computer may be set back.
            self._now += max(int(found["delta"]), 0)
        elif (time := _TIME.search(self.stamp or text[: found.start("said")])) is not None:
            self._now = max(self._clock.at(*time.groups()), self._now)
        thread = found["thread"] or ""
        if said.startswith("APDU:"):
            return self._asked(thread, command_of(said[5:], number), number)
        if said.startswith("SW:"):
            return self._answered(thread, masked_bytes_of(said[3:], number, "answer"), number)
        if said.startswith("Card ATR:"):
            return self._started(thread, said[9:].strip(), number)
        if said.startswith("bifente: "):
            self._masks.take(said[9:])
        elif (place := _PLACE.match(said)) is not None:
            return self._told(thread, said[place.end() :])
        return ()

    def _client(self, thread: str) -> _Client:
        return self._clients.setdefault(thread, _Client())

    def _asked(self, thread: str, command: MaskedBytes, number: int) -> Iterator[Item]:
        client = self._client(thread)
        if client.command is not None:
            if thread:
                yield self._exchange(client, MaskedBytes(b""))
            else:
                # Of an earlier command nobody knows any more whose it is.
                old, client = client, _Client()
                client.protocol, client.reader = old.protocol, old.reader
                self._clients[""] = client
        if thread and self._waiting:
            client.own = True
        client.command, client.began, client.number, client.lun = command, self._now, number, None
        self._asking = client
        self._waiting.append(client)
        if not thread:
            self._anonymous.append(client)

    def _answered(self, thread: str, answer: MaskedBytes, number: int) -> Iterator[Item]:
        if not thread and len(self._anonymous) > 1:
            lines = ", ".join(str(client.number) for client in self._anonymous[:3])
            for client in list(self._anonymous):
                yield self._exchange(client, MaskedBytes(b""))
            raise TraceError(
                f"whose answer this is cannot be known: the commands of the lines {lines} wait, and no thread is told",
                number,
            )
        client = self._client(thread)
        if client.command is None:
            raise TraceError("an answer without a command", number)
        if len(answer) == 1:
            raise TraceError("an answer has at least 2 bytes, this one 1", number)
        self._held = self._exchange(client, answer)

    def _exchange(self, client: _Client, answer: MaskedBytes) -> Exchange:
        assert client.command is not None
        asked, said = self._masks.apply(client.command, answer)
        client.command = None
        self._waiting.remove(client)
        if client in self._anonymous:
            self._anonymous.remove(client)
        level = level_of(client.protocol)
        return Exchange(asked, said, client.began, self._now - client.began, self._slot(client), level)

    def _slot(self, client: _Client) -> str:
        """The reader of a thread: by its number, else by what shows that there is a second one."""
        if client.lun is not None:
            if self._first_lun is None:
                self._first_lun = client.lun
            name = self._names.get(client.lun)
            if name is not None:
                return self._named(name)
            return "" if client.lun == self._first_lun else f"lun {client.lun}"
        if client.reader is not None:
            return self._named(client.reader)
        if not client.own:
            return ""
        thread = next((name for name, each in self._clients.items() if each is client), "")
        return f"thread {thread}" if thread else ""

    def _told(self, thread: str, said: str) -> Iterator[Item]:
        client = self._client(thread)
        if (lun := _LUN.search(said)) is not None:
            if client.command is not None:
                client.lun = lun[1]
            if self._starting:
                self._names[lun[1]], self._starting = self._starting, ""
        elif (startup := _STARTUP.match(said)) is not None:
            self._starting = startup[1]
        if said.startswith("Card inserted into "):
            self._kind = EventKind.INSERTED
            client.reader = said[19:]
            self._named(client.reader)
        elif said.startswith("Card Removed From "):
            client.reader = said[18:]
            if client.command is not None:
                yield self._exchange(client, MaskedBytes(b""))
            yield ReaderEvent(EventKind.REMOVED, self._now, self._named(client.reader))
        elif (connect := _CONNECT.match(said)) is not None:
            client.attempt = connect[1]
        elif said.startswith("Active Protocol: T=") and client.attempt:
            client.reader, client.attempt = client.attempt, ""
            self._named(client.reader)
        elif said.endswith("Reset complete."):
            self._kind = EventKind.COLD_RESET if "POWER_UP" in said else EventKind.WARM_RESET
        elif said.startswith("Send Protocol: T=") and said[17:18] in ("0", "1"):
            self._spoken(client, T0 if said[17] == "0" else T1)

    def _spoken(self, client: _Client, protocol: TransmissionProtocol) -> None:
        old = self.header
        if old.protocol is None:
            self.header = TraceHeader(old.reader, old.atr, protocol, masked=False)
        elif client.protocol is None and old.protocol is not protocol:
            client.own = True
        client.protocol = protocol

    def _named(self, reader: str) -> str:
        """The slot of a reader."""
        if not self.header.reader:
            self.header = TraceHeader(reader, self.header.atr, self.header.protocol, masked=False)
        return "" if reader == self.header.reader else reader

    def _started(self, thread: str, text: str, number: int) -> Iterator[Item]:
        if text.startswith("(NULL)"):
            return
        atr = atr_of(text, number)
        client = self._client(thread)
        if client.command is not None:
            yield self._exchange(client, MaskedBytes(b""))
        slot = self._slot(client)
        if self.header.atr is None and not slot:
            self.header = TraceHeader(self.header.reader, atr, self.header.protocol, masked=False)
        kind, self._kind = self._kind, EventKind.INSERTED
        yield ReaderEvent(kind, self._now, slot, atr)

    def end(self, number: int) -> Iterable[Item]:
        yield from self._released()
        for client in list(self._waiting):
            yield self._exchange(client, MaskedBytes(b""))
