"""The log of pcscd with ``--debug --apdu``.

Each line begins with the microseconds since the one before, in colour on a terminal, and since pcsc-lite 1.9.6 with
the thread: ``00000010 APDU: 00 A4 …``, ``00000508 SW: 61 27``. It shows what the reader shows: TPDUs where ``Send
Protocol: T=0`` stands before. The lines do not say which reader they are of.
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
    Masks,
    Source,
    answered,
    atr_of,
    level_of,
    mask_remark,
    octets_of,
    parse_with,
    spaced,
    with_first_reset,
)
from bifente.traces.model import EventKind, Exchange, Item, ReaderEvent, TraceHeader

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_LINE: Final = re.compile(r"(?P<delta>\d{8,9}) (?:\[\w+\] )?(?P<said>.*)")
_PLACE: Final = re.compile(r"\S+:\d+:\w+\(\) ")
_MOST: Final = 99_999_999
"""The longest pause that eight digits tell."""


class Pcscd:
    """pcsc-lite's daemon."""

    name = "pcscd"
    title = "pcscd --apdu log"
    suffixes = (".pcscd", ".log")

    def recognises(self, head: bytes) -> bool:
        """A line with eight digits of microseconds that tells a command or an ATR."""
        text = _COLOUR.sub("", head.decode("latin-1"))
        return (
            re.search(
                r"^\d{8,9} (?:\[\w+\] )?(?:\S+:\d+:\w+\(\) |APDU: |SW: |Card ATR: )", text, re.MULTILINE
            )
            is not None
        )

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
        return losses.told()


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


class _Parser:
    def __init__(self) -> None:
        self.header = TraceHeader(masked=False)
        self._masks = Masks()
        self._now = 0
        self._command: bytes | None = None
        self._began = 0
        self._kind = EventKind.INSERTED
        self._protocol: TransmissionProtocol | None = None

    def line(self, text: str, number: int) -> Iterable[Item]:
        found = _LINE.fullmatch(_COLOUR.sub("", text))
        if found is None:
            return
        self._now += int(found["delta"])
        said = found["said"]
        if said.startswith("APDU: "):
            yield from self._unanswered()
            self._command, self._began = octets_of(said[6:], number, "command"), self._now
            if not self._command:
                raise TraceError("the command is empty", number)
        elif said.startswith("SW: "):
            if self._command is None:
                raise TraceError("an answer without a command", number)
            response = octets_of(said[4:], number, "answer")
            if len(response) == 1:
                raise TraceError("an answer has at least 2 bytes, this one 1", number)
            yield self._exchange(self._command, response)
        elif said.startswith("Card ATR: ") and not said.startswith("Card ATR: (NULL)"):
            yield from self._started(atr_of(said[10:], number))
        elif said.startswith("bifente: "):
            self._masks.take(said[9:])
        elif (place := _PLACE.match(said)) is not None:
            yield from self._told(said[place.end() :])

    def _told(self, said: str) -> Iterable[Item]:
        if said.startswith("Card inserted into "):
            self._kind = EventKind.INSERTED
            self._named(said[19:])
        elif said.startswith("Card Removed From "):
            self._named(said[18:])
            yield from self._unanswered()
            yield ReaderEvent(EventKind.REMOVED, self._now)
        elif said.endswith("Reset complete."):
            self._kind = EventKind.COLD_RESET if "POWER_UP" in said else EventKind.WARM_RESET
        elif said.startswith("Send Protocol: T=") and said[17:18] in ("0", "1"):
            protocol = T0 if said[17] == "0" else T1
            if self._protocol is not protocol:
                self._protocol = protocol
                if self.header.protocol is None:
                    old = self.header
                    self.header = TraceHeader(old.reader, old.atr, protocol, masked=False)

    def _named(self, reader: str) -> None:
        if not self.header.reader:
            self.header = TraceHeader(reader, self.header.atr, self.header.protocol, masked=False)

    def _started(self, atr: bytes) -> Iterable[Item]:
        yield from self._unanswered()
        if self.header.atr is None:
            self.header = TraceHeader(self.header.reader, atr, self.header.protocol, masked=False)
        kind, self._kind = self._kind, EventKind.INSERTED
        yield ReaderEvent(kind, self._now, "", atr)

    def _exchange(self, command: bytes, response: bytes) -> Exchange:
        self._command = None
        asked, said = self._masks.apply(command, response)
        return Exchange(asked, said, self._began, self._now - self._began, "", level_of(self._protocol))

    def _unanswered(self) -> Iterable[Item]:
        if self._command is not None:
            yield self._exchange(self._command, b"")

    def end(self, number: int) -> Iterable[Item]:
        return self._unanswered()
