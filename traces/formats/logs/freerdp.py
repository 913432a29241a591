"""FreeRDP's log of redirected smart cards (``/log-level:DEBUG``): what a remote computer asks of the card here.

``Transmit_Call {`` with ``pbSendBuffer:`` and ``Transmit_Return {`` with ``pbRecvBuffer:``, one field a line, behind time,
process and thread; bytes in braces since 2.1, apart before. Long ones were cut before 3.25: what is missing is hidden. A
call names the card by its handle, a return does not: two calls at once cannot be told apart.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import BinaryIO, Final

from bifente.traces.errors import TraceError
from bifente.traces.formats.base import (
    T0,
    T1,
    DayClock,
    Parser,
    ReadOnly,
    Source,
    level_of,
    parse_with,
)
from bifente.traces.formats.written import masked_bytes_of
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, Item, ReaderEvent

_LINE: Final = re.compile(
    r"\s*\[(?P<hours>\d\d):(?P<minutes>\d\d):(?P<seconds>\d\d)[:.](?P<fraction>\d{1,6})\] \[[^\]]{0,40}\] ?"
    r"\[\w{1,10}\s*\] ?\[[\w.]{1,80}\] - (?:\[(?P<function>\w{1,80})\]: ?)?\s*(?P<said>.*)"
)
_MARKS: Final = re.compile(
    rb"\] - (?:\[\w+\]: ?)?\s*(?:Transmit|GetStatusChange[AW]?|Connect[AW]?|Status[AW]?)_(?:Call|Return) \{"
)
_BLOCK: Final = re.compile(r"(\w+?)(?:[AW])?_(Call|Return) \{")
_FIELD: Final = re.compile(
    r"(pbSendBuffer|pbRecvBuffer|cbSendLength|cbRecvLength|ReturnCode|hCard|handle): ?(.*)"
)
_CODE: Final = re.compile(r"\(0x([0-9A-Fa-f]{1,16})\)")
_PROTOCOL: Final = re.compile(r"pioSendPci: dwProtocol: ([12])\b")
_ATR: Final = re.compile(r"cbAtt?r(?:Len)?: (\d{1,3}) (?:rgbAtr: |pbAtr: )?(.*)")
_READER: Final = re.compile(r"szReader: (.*?) dwShareMode:")
_HANDLE: Final = re.compile(r"(?:\{ ?|0x)([0-9A-Fa-f]+)")


class FreeRdp(ReadOnly):
    """FreeRDP's smart card redirection."""

    name = "freerdp"
    title = "FreeRDP log"

    def recognises(self, head: bytes) -> bool:
        """The beginning of a call or a return."""
        return _MARKS.search(head) is not None

    def read(self, stream: BinaryIO) -> Source:
        """Read a trace. Raises TraceError."""
        return parse_with(_Parser(), stream)


class _Call:
    __slots__ = ("began", "command", "handle", "number", "protocol")

    def __init__(self, number: int, began: int) -> None:
        self.number = number
        self.began = began
        self.command = MaskedBytes(b"")
        self.handle = ""
        self.protocol = ""


class _Parser(Parser):
    title = "FreeRDP log"
    lacking = "it has no Transmit_Call with its bytes"

    def __init__(self) -> None:
        super().__init__()
        self._clock = DayClock()
        self._now = 0
        self._block = ""
        self._length: int | None = None
        self._calls: list[_Call] = []
        self._call: _Call | None = None
        self._failed = False
        self._answer: MaskedBytes | None = None
        self._connecting = ""
        self._readers: dict[str, str] = {}
        self._atr = b""

    def line(self, text: str, number: int) -> Iterator[Item]:
        found = _LINE.fullmatch(text)
        if found is None:
            return
        self._now = self._clock.at(found["hours"], found["minutes"], found["seconds"], found["fraction"])
        said = found["said"]
        if (block := _BLOCK.fullmatch(said)) is not None:
            self._block, self._length = f"{block[1]}_{block[2]}", None
            self._answer, self._failed = None, False
            self._call = _Call(number, self._now) if self._block == "Transmit_Call" else None
        elif said == "}":
            yield from self._end_of_block(number)
        elif (reader := _READER.search(said)) is not None:
            self._connecting = reader[1]
        elif (atr := _ATR.search(said)) is not None:
            yield from self._inserted(int(atr[1]), atr[2], number)
        elif (spoken := _PROTOCOL.match(said)) is not None and self._call is not None:
            self._call.protocol = spoken[1]
        elif (field := _FIELD.match(said)) is not None:
            self._field(field[1], field[2], number)
        elif found["function"] == "smartcard_log_redir_handle":
            self._field("handle", said, number)

    def _field(self, name: str, value: str, number: int) -> None:
        if name in ("cbSendLength", "cbRecvLength"):
            self._length = int(value) if value.isdecimal() and len(value) < 7 else None
        elif name == "ReturnCode":
            code = _CODE.search(value)
            self._failed = code is not None and int(code[1], 16) != 0
        elif name in ("hCard", "handle"):
            handle = _HANDLE.search(value)
            if handle is not None and self._call is not None:
                self._call.handle = handle[1]
            elif handle is not None and self._block == "Connect_Return":
                self._readers[handle[1]] = self._connecting
                if not self.header.reader:
                    self.header = replace(self.header, reader=self._connecting)
        elif name == "pbSendBuffer" and self._call is not None:
            self._call.command = self._bytes(value, number, "command")
        elif name == "pbRecvBuffer" and self._block == "Transmit_Return":
            self._answer = self._bytes(value, number, "answer")

    def _bytes(self, value: str, number: int, what: str) -> MaskedBytes:
        """The bytes of a field; those that the log has cut off are hidden."""
        text = value.strip(" {}")
        if text.startswith(("null", "(nil)")):
            return MaskedBytes(b"")
        masked_bytes = masked_bytes_of(text[: len(text) // 2 * 2] if " " not in text else text, number, what)
        missing = max((self._length or 0) - len(masked_bytes), 0)
        if not missing:
            return masked_bytes
        whole = masked_bytes.shown + bytes(missing)
        return MaskedBytes.hiding(whole, (*masked_bytes.hidden, (len(masked_bytes), len(whole))))

    def _end_of_block(self, number: int) -> Iterator[Item]:
        block, self._block = self._block, ""
        if block == "Transmit_Call" and self._call is not None:
            call, self._call = self._call, None
            if not len(call.command):
                raise TraceError("a call without the bytes of its command", call.number)
            self._calls.append(call)
        elif block == "Transmit_Return":
            if not self._calls:
                raise TraceError("an answer without a command", number)
            if len(self._calls) > 1:
                lines = ", ".join(str(call.number) for call in self._calls[:3])
                yield from self._unanswered()
                raise TraceError(
                    f"whose answer this is cannot be known: the calls of the lines {lines} wait", number
                )
            answer = self._answer if self._answer is not None and not self._failed else MaskedBytes(b"")
            yield self._exchange(self._calls.pop(), answer if len(answer) >= 2 else MaskedBytes(b""))

    def _slot(self, handle: str) -> str:
        reader = self._readers.get(handle, "")
        return "" if reader == self.header.reader else reader

    def _exchange(self, call: _Call, answer: MaskedBytes) -> Exchange:
        protocol = {"1": T0, "2": T1}.get(call.protocol)
        if self.header.protocol is None:
            self.header = replace(self.header, protocol=protocol)
        took = self._now - call.began if len(answer) else 0
        return Exchange(call.command, answer, call.began, took, self._slot(call.handle), level_of(protocol))

    def _unanswered(self) -> Iterator[Item]:
        calls, self._calls = self._calls, []
        for call in calls:
            yield self._exchange(call, MaskedBytes(b""))

    def _inserted(self, size: int, value: str, number: int) -> Iterator[Item]:
        atr = masked_bytes_of(value.strip(" {}"), number, "ATR").shown[:size]
        if not 2 <= len(atr) <= 33 or atr == self._atr or atr[:1] not in (b"\x3b", b"\x3f"):
            return
        self._atr = atr
        if self.header.atr is None:
            self.header = replace(self.header, atr=atr)
        yield ReaderEvent(EventKind.INSERTED, self._now, "", atr)

    def end(self, number: int) -> Iterable[Item]:  # what waits has its own number
        return self._unanswered()
