"""The items of a trace in captured packets: GSMTAP SIM and USB CCID, told apart packet by packet.

Packets of other devices and programs are left alone. What was not captured is hidden; a command without an answer, also
where the capture was stopped, is an exchange without one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bifente.traces.errors import TraceError
from bifente.traces.formats.base import Masks
from bifente.traces.formats.captures import ccid, gsmtap, t1blocks
from bifente.traces.formats.captures.packets import CutOff, Packet
from bifente.traces.formats.unread import Unread
from bifente.traces.formats.written import together
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, Item, Level, ReaderEvent

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_A_YEAR: Final = 365 * 24 * 3600 * 1_000_000
"""Packets of 1970 count from the beginning of the trace: nobody knew the date."""
_REMARK: Final = re.compile(r"(command|took|slot|event|reader|masked)\b ?(.*)")


class _Said:
    """The remarks in the comment of a packet."""

    def __init__(self, comment: str) -> None:
        self.command: int | None = None
        self.took = 0
        self.slot = ""
        self.event: EventKind | None = None
        self.reader = ""
        self.mask = ""
        for part in comment.split("; "):
            found = _REMARK.fullmatch(part)
            if found is None:
                continue
            name, value = found.groups()
            if name in ("command", "took") and re.fullmatch(r"\d{1,18}", value):
                setattr(self, name, int(value))
            elif name in ("slot", "reader"):
                setattr(self, name, value)
            elif name == "event" and value in set(EventKind):
                self.event = EventKind(value)
            elif name == "masked":
                self.mask = part


class _T1:
    """A card whose T=1 blocks are seen."""

    def __init__(self) -> None:
        self.asked = t1blocks.Assembler()
        self.said = t1blocks.Assembler()
        self.command: bytes | None = None
        self.began = 0


_Place = tuple[ccid.Device, int]
"""A device and its slot."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A message that has no answer yet; ``sequence`` is that of the answer."""

    message: ccid.Message
    said: _Said
    began: int
    sequence: int


class PacketReader:
    """Puts items together from packets."""

    def __init__(self) -> None:
        self.name = ""
        self.atr: bytes | None = None
        self.date: datetime | None = None
        self.unread = Unread("packet")
        self._bus = ccid.Bus()
        self._foreign: dict[int, int] = {}
        self._start: int | None = None
        self._asked: dict[_Place, _Asked] = {}
        self._parts: dict[tuple[ccid.Device, int, bool], bytes] = {}
        self._powered: set[_Place] = set()
        self._inserted: set[_Place] = set()
        self._off: dict[_Place, ReaderEvent] = {}
        self._tpdu = False
        self._t1: dict[_Place, _T1] = {}
        self._reset_before = False

    def items(self, source: Iterator[Packet]) -> Iterator[Item]:
        """What the packets say."""
        try:
            for packet in source:
                yield from self._packet(packet)
        except CutOff as error:
            self.unread.remarks.append(f"the capture ends within packet {error.line}")
        for message in self._bus.end():
            yield from self._answer(message, 0, 0)
        yield from self._off.values()
        for place, asked in self._asked.items():
            if asked.message.kind == ccid.TRANSFER:
                yield from self._unanswered(place, asked)
        for link, count in self._foreign.items():
            self.unread.remarks.append(f"{count} packets of link type {link} are of no kind that is read")

    def nothing(self) -> str:
        """Why there is nothing in the capture."""
        links = f" (link type {', '.join(map(str, self._foreign))})" if self._foreign else ""
        why = "".join(f": {each}" for each in (self.unread.reason, *self.unread.remarks[:1]) if each)
        return f"no packet is GSMTAP of type SIM or a message of USB CCID{links}{why}"

    def _packet(self, packet: Packet) -> Iterator[Item]:
        if self._start is None:
            dated = packet.time >= _A_YEAR
            self._start = packet.time if dated else 0
            self.date = EPOCH + timedelta(microseconds=min(packet.time, 1 << 57)) if dated else None
        when = max(packet.time - self._start, 0)
        try:
            if packet.link in gsmtap.LINKS:
                yield from self._gsmtap(packet, when)
            elif packet.link in ccid.LINKS:
                yield from self._ccid(packet, when)
            else:
                self._foreign[packet.link] = self._foreign.get(packet.link, 0) + 1
        except CutOff:
            raise
        except TraceError as error:
            self.unread.add(packet.number, error.reason)

    def _gsmtap(self, packet: Packet, when: int) -> Iterator[Item]:
        message = gsmtap.unpacked(packet.link, packet.data, packet.number)
        if message is None:
            return
        said = _Said(packet.comment)
        if message.kind == gsmtap.ATR:
            yield self._reset(message.payload, said, when, packet.number)
        elif message.kind == gsmtap.APDU:
            for command, response in gsmtap.exchange_rows(message.payload, said.command, packet.number):
                asked, answered = self._masked(MaskedBytes(command), MaskedBytes(response), said)
                yield Exchange(asked, answered, when, said.took, said.slot, Level.TPDU)

    def _reset(self, atr: bytes, said: _Said, when: int, number: int) -> ReaderEvent:
        if not 2 <= len(atr) <= 33:
            raise TraceError(f"an ATR has 2 to 33 bytes, this one {len(atr)}", number, "packet")
        if self.atr is None:
            self.atr = atr
        kind = said.event or (EventKind.WARM_RESET if self._reset_before else EventKind.COLD_RESET)
        self._reset_before = True
        return ReaderEvent(kind, when, said.slot, atr)

    def _masked(
        self, command: MaskedBytes, response: MaskedBytes, said: _Said
    ) -> tuple[MaskedBytes, MaskedBytes]:
        masks = Masks()
        masks.take(said.mask)
        return masks.apply(command, response)

    def _ccid(self, packet: Packet, when: int) -> Iterator[Item]:
        said = _Said(packet.comment)
        self.name = self.name or said.reader
        for message in self._bus.take(packet):
            if isinstance(message, ccid.Features):
                self._tpdu = message.tpdu
            elif isinstance(message, ccid.SlotChangeNotice):
                yield from self._changed(message, said, when)
            else:
                if message.missing:
                    self.unread.add(packet.number, f"{message.missing} of its bytes were not captured")
                if message.kind < 0x80:
                    yield from self._ask(message, said, when)
                else:
                    yield from self._answer(message, packet.number, when)

    def _changed(self, change: ccid.SlotChangeNotice, said: _Said, when: int) -> Iterator[Item]:
        for slot in change.changed:
            place = (change.device, slot)
            if (off := self._off.pop(place, None)) is not None:
                yield off
            self._powered.discard(place)
            if slot in change.present:
                self._inserted.add(place)
            else:
                yield ReaderEvent(EventKind.REMOVED, when, self._slot(slot, said))

    def _slot(self, slot: int, said: _Said) -> str:
        return said.slot or (f"slot {slot}" if slot else "")

    def _ask(self, message: ccid.Message, said: _Said, when: int) -> Iterator[Item]:
        place = (message.device, message.slot)
        if message.kind == ccid.TRANSFER and (off := self._off.pop(place, None)) is not None:
            yield off
        if message.kind == ccid.TRANSFER and message.parameter in (1, 3, 2):
            # An extended command in several blocks: 1 begins, 3 continues, 2 ends.
            key = (*place, True)
            self._parts[key] = (self._parts.get(key, b"") if message.parameter != 1 else b"") + message.data
            if message.parameter != 2:
                return
            message = replace(message, data=self._parts.pop(key), parameter=0)
        if message.kind == ccid.TRANSFER and message.parameter == 0x10:
            if place in self._asked:  # nothing is asked but the rest of the answer
                self._asked[place] = replace(self._asked[place], sequence=message.sequence)
            return
        before = self._asked.pop(place, None)
        if before is not None and before.message.kind == ccid.TRANSFER:
            yield from self._unanswered(place, before)
        self._asked[place] = _Asked(message, said, when, message.sequence)

    def _unanswered(self, place: _Place, asked: _Asked) -> Iterator[Item]:
        """A command on which the reader said nothing."""
        if place in self._t1 or not asked.message.data:
            return
        slot = self._slot(asked.message.slot, asked.said)
        command, _ = self._masked(asked.message.masked_bytes, MaskedBytes(b""), asked.said)
        yield Exchange(command, MaskedBytes(b""), asked.began, 0, slot, self._level())

    def _level(self) -> Level:
        return Level.TPDU if self._tpdu else Level.APDU

    def _answer(self, message: ccid.Message, number: int, when: int) -> Iterator[Item]:
        place = (message.device, message.slot)
        asked = self._asked.get(place)
        if asked is None or message.sequence != asked.sequence or message.status & 0xC0 == 0x80:
            return  # nobody asked, or the card wants more time
        request, said, began = asked.message, asked.said, asked.began
        if request.kind == ccid.TRANSFER and message.parameter in (1, 3):
            key = (*place, False)
            self._parts[key] = self._parts.get(key, b"") + message.data
            return
        del self._asked[place]
        slot = self._slot(message.slot, said)
        if request.kind == ccid.POWER_OFF:
            self._powered.discard(place)
            self._off[place] = ReaderEvent(EventKind.POWERED_OFF, began, slot)
        elif request.kind == ccid.POWER_ON and message.status & 0x40 == 0:
            yield self._power_on(place, message.data, began, slot, number)
        elif request.kind == ccid.TRANSFER and (line := self._t1.get(place)) is not None:
            yield from self._block(line, request, message, began, when, said, slot)
        elif request.kind == ccid.TRANSFER:
            first = self._parts.pop((*place, False), b"")
            data = (
                together((MaskedBytes(first), message.masked_bytes))
                if not message.status & 0x40
                else MaskedBytes(b"")
            )
            command, response = self._masked(request.masked_bytes, data, said)
            if not len(command):
                raise TraceError("the command is empty", number, "packet")
            if len(response) == 1:
                response = MaskedBytes(b"")
                self.unread.add(number, "an answer has at least 2 bytes, this one 1")
            yield Exchange(command, response, began, max(when - began, 0), slot, self._level())

    def _block(
        self,
        line: "_T1",
        request: ccid.Message,
        message: ccid.Message,
        began: int,
        when: int,
        said: _Said,
        slot: str,
    ) -> Iterator[Item]:
        """Two blocks of T=1: perhaps the end of a command, perhaps that of its answer."""
        if t1blocks.is_block(request.data) and (command := line.asked.take(request.data)) is not None:
            line.command, line.began = command, began
        if not t1blocks.is_block(message.data):
            return
        answer = line.said.take(message.data)
        if answer is None or line.command is None or len(answer) < 2 or not line.command:
            return
        asked, answered = self._masked(MaskedBytes(line.command), MaskedBytes(answer), said)
        line.command = None
        yield Exchange(asked, answered, line.began, when - line.began, slot, Level.APDU)

    def _power_on(self, place: _Place, atr: bytes, when: int, slot: str, number: int) -> ReaderEvent:
        if not 2 <= len(atr) <= 33:
            raise TraceError(f"an ATR has 2 to 33 bytes, this one {len(atr)}", number, "packet")
        self._off.pop(place, None)
        kind = EventKind.WARM_RESET if place in self._powered else EventKind.COLD_RESET
        if place in self._inserted:
            kind = EventKind.INSERTED
        self._inserted.discard(place)
        self._powered.add(place)
        self._t1.pop(place, None)
        if self._tpdu and t1blocks.speaks_t1(atr):
            self._t1[place] = _T1()
        if self.atr is None:
            self.atr = atr
        return ReaderEvent(kind, when, slot, atr)
