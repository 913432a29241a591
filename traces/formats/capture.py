"""Captured packets as formats: GSMTAP SIM and USB CCID, in pcapng and in pcap.

Reading finds out by itself which of the two a packet is. What a packet cannot say stands in its comment, which only
pcapng has: hidden bytes, the name of the slot, how long an answer took, where a row of GSMTAP is to be cut.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import BinaryIO, Final

from bifente.traces.errors import TraceError
from bifente.traces.formats import ccid, gsmtap, t1blocks
from bifente.traces.formats.base import T0, Losses, Masks, Source, mask_remark, with_first_reset
from bifente.traces.formats.packets import PCAP_MAGICS, PCAPNG_MAGIC, Packet, PacketWriter, packets
from bifente.traces.model import EventKind, Exchange, Item, Level, ReaderEvent, TraceHeader
from bifente.traces.octets import Octets

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_A_YEAR: Final = 365 * 24 * 3600 * 1_000_000
"""Packets of 1970 count from the beginning of the trace: nobody knew the date."""
_REMARK: Final = re.compile(r"(command|took|slot|event|reader|masked)\b ?(.*)")


class Capture:
    """One of the four ways to write; all read alike."""

    def __init__(self, name: str, title: str, suffixes: tuple[str, ...], *, usb: bool, pcapng: bool) -> None:
        self.name = name
        self.title = title
        self.suffixes = suffixes
        self._usb = usb
        self._pcapng = pcapng

    def recognises(self, head: bytes) -> bool:
        """The magic number of the container; what is inside shows when it is read."""
        return head[:4] == PCAPNG_MAGIC if self._pcapng else head[:4] in PCAP_MAGICS

    def read(self, stream: BinaryIO) -> Source:
        """Read a trace. Raises TraceError; its ``line`` is the number of a packet."""
        reader = _Reader()
        found = reader.items(packets(stream))
        first = next(found, None)
        if first is None:
            raise TraceError("no packet is GSMTAP of type SIM or a message of USB CCID", 1, "packet")
        header = TraceHeader(reader.name, reader.atr, None, reader.date, masked=False)
        return Source(header, chain((first,), found))

    def write(self, source: Source, stream: BinaryIO) -> list[str]:
        """Write a trace."""
        losses = Losses()
        link = ccid.USBMON_MMAPPED if self._usb else gsmtap.IPV4
        writer = PacketWriter(stream, link, pcapng=self._pcapng, name=source.header.reader)
        date = source.header.date
        start = 0 if date is None else max((date - _EPOCH) // timedelta(microseconds=1), 0)
        if self._usb:
            _write_ccid(source, writer, start, losses)
        else:
            _write_gsmtap(source, writer, start, losses)
        return losses.told()


def _comment(item: Item, losses: Losses, writer: PacketWriter, *parts: str) -> str:
    """What the packet cannot say; a pcap loses it."""
    said = list(parts)
    if item.slot and all(32 <= ord(letter) != 127 for letter in item.slot) and ";" not in item.slot:
        said.append(f"slot {item.slot}")
    if isinstance(item, Exchange) and (mask := mask_remark(item)) is not None:
        if not writer.comments:
            losses.add("exchanges whose hidden bytes became 00")
        said.append(mask)
    return "; ".join(said)


def _write_gsmtap(source: Source, writer: PacketWriter, start: int, losses: Losses) -> None:
    for item in with_first_reset(source):
        if isinstance(item, ReaderEvent):
            if not item.atr:
                losses.add("events that GSMTAP does not tell")
                continue
            comment = _comment(item, losses, writer, f"event {item.kind.value}")
            writer.write(start + item.time, gsmtap.packed(gsmtap.ATR, item.atr), comment)
            continue
        command, response = item.command.shown, item.response.shown
        row = command + response
        if not command or len(response) < 2 or len(row) > gsmtap.MAX_PAYLOAD:
            losses.add("commands without an answer, or too long for a packet")
            continue
        cut_here = gsmtap.cut(row) == len(command)
        if not (cut_here or writer.comments):
            losses.add("exchanges that will be cut elsewhere when they are read again")
        parts = [f"took {item.duration}"] if item.duration else []
        if not cut_here:
            parts.append(f"command {len(command)}")
        writer.write(
            start + item.time, gsmtap.packed(gsmtap.APDU, row), _comment(item, losses, writer, *parts)
        )


def _write_ccid(source: Source, writer: PacketWriter, start: int, losses: Losses) -> None:
    tpdu = source.header.protocol is T0
    slots: dict[str, int] = {}
    powered: set[str] = set()
    sequence = 0
    name = source.header.reader
    for packet in ccid.descriptors(tpdu=tpdu):
        writer.write(start, packet, f"reader {name}" if name and name.isprintable() else "")
    for item in with_first_reset(source):
        if item.slot not in slots and len(slots) == 16:
            losses.add("items of more than sixteen slots")
            continue
        slot = slots.setdefault(item.slot, len(slots))
        when = start + item.time
        sequence = (sequence + 1) & 0xFF
        comment = _comment(item, losses, writer)
        if isinstance(item, Exchange):
            if not item.command or len(item.response) == 1:
                losses.add("commands that are empty, or answers of one byte")
                continue
            done = ccid.answer(
                ccid.DATA_BLOCK, slot, sequence, item.response.shown, 0 if item.response.shown else 0x40
            )
            writer.write(when, ccid.command(ccid.TRANSFER, slot, sequence, item.command.shown), comment)
            writer.write(when + item.duration, done, comment)
            continue
        if item.kind is EventKind.REMOVED:
            powered.discard(item.slot)
            writer.write(when, ccid.change(slot, present=False), comment)
        elif item.kind is EventKind.READER_GONE or (item.kind is not EventKind.POWERED_OFF and not item.atr):
            losses.add("events that CCID does not tell")
        else:
            _write_power(item, slot, sequence, writer, when, comment, powered)


def _write_power(
    event: ReaderEvent,
    slot: int,
    sequence: int,
    writer: PacketWriter,
    when: int,
    comment: str,
    powered: set[str],
) -> None:
    if event.kind is EventKind.INSERTED:
        powered.discard(event.slot)
        writer.write(when, ccid.change(slot, present=True), comment)
    elif event.kind is EventKind.POWERED_OFF or (
        event.kind is EventKind.COLD_RESET and event.slot in powered
    ):
        powered.discard(event.slot)
        writer.write(when, ccid.command(ccid.POWER_OFF, slot, sequence), comment)
        writer.write(when, ccid.answer(ccid.SLOT_STATUS, slot, sequence, b"", 1), comment)
    if event.kind is EventKind.POWERED_OFF:
        return
    powered.add(event.slot)
    writer.write(when, ccid.command(ccid.POWER_ON, slot, sequence), comment)
    writer.write(when, ccid.answer(ccid.DATA_BLOCK, slot, sequence, event.atr), comment)


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


class _Reader:
    """Puts items together from packets."""

    def __init__(self) -> None:
        self.name = ""
        self.atr: bytes | None = None
        self.date: datetime | None = None
        self._start: int | None = None
        self._asked: dict[tuple[tuple[int, int], int], tuple[ccid.Message, int, _Said, int]] = {}
        self._parts: dict[tuple[tuple[int, int], int, bool], bytes] = {}
        self._powered: set[tuple[tuple[int, int], int]] = set()
        self._inserted: set[tuple[tuple[int, int], int]] = set()
        self._off: dict[tuple[tuple[int, int], int], ReaderEvent] = {}
        self._tpdu = False
        self._t1: dict[tuple[tuple[int, int], int], _T1] = {}
        self._reset_before = False

    def items(self, source: Iterator[Packet]) -> Iterator[Item]:
        """What the packets say."""
        last = 0
        for packet in source:
            last = packet.number
            if self._start is None:
                dated = packet.time >= _A_YEAR
                self._start = packet.time if dated else 0
                self.date = _EPOCH + timedelta(microseconds=min(packet.time, 1 << 57)) if dated else None
            when = max(packet.time - self._start, 0)
            if packet.link in gsmtap.LINKS:
                yield from self._gsmtap(packet, when)
            elif packet.link in ccid.LINKS:
                yield from self._ccid(packet, when)
        yield from self._off.values()
        for _, number, _, _ in self._asked.values():
            raise TraceError("the command has no answer", min(number, last), "packet")

    def _gsmtap(self, packet: Packet, when: int) -> Iterator[Item]:
        message = gsmtap.unpacked(packet.link, packet.data, packet.number)
        if message is None:
            return
        said = _Said(packet.comment)
        if message.kind == gsmtap.ATR:
            yield self._reset(message.payload, said, when, packet.number)
        elif message.kind == gsmtap.APDU:
            for command, response in gsmtap.exchange_rows(message.payload, said.command, packet.number):
                asked, answered = self._masked(command, response, said)
                yield Exchange(asked, answered, when, said.took, said.slot, Level.TPDU)

    def _reset(self, atr: bytes, said: _Said, when: int, number: int) -> ReaderEvent:
        if not 2 <= len(atr) <= 33:
            raise TraceError(f"an ATR has 2 to 33 bytes, this one {len(atr)}", number, "packet")
        if self.atr is None:
            self.atr = atr
        kind = said.event or (EventKind.WARM_RESET if self._reset_before else EventKind.COLD_RESET)
        self._reset_before = True
        return ReaderEvent(kind, when, said.slot, atr)

    def _masked(self, command: bytes, response: bytes, said: _Said) -> tuple[Octets, Octets]:
        masks = Masks()
        masks.take(said.mask)
        return masks.apply(command, response)

    def _ccid(self, packet: Packet, when: int) -> Iterator[Item]:
        message = ccid.unpacked(packet.link, packet.data, packet.number)
        said = _Said(packet.comment)
        self.name = self.name or said.reader
        if isinstance(message, ccid.Features):
            self._tpdu = message.tpdu
        elif isinstance(message, ccid.SlotChange):
            yield from self._changed(message, said, when)
        elif isinstance(message, ccid.Message):
            if message.kind < 0x80:
                yield from self._ask(message, packet, said, when)
            else:
                yield from self._answer(message, packet, when)

    def _changed(self, change: ccid.SlotChange, said: _Said, when: int) -> Iterator[Item]:
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

    def _ask(self, message: ccid.Message, packet: Packet, said: _Said, when: int) -> Iterator[Item]:
        place = (message.device, message.slot)
        if message.kind == ccid.TRANSFER and (off := self._off.pop(place, None)) is not None:
            yield off
        if message.kind == ccid.TRANSFER and message.parameter in (1, 3, 2):
            # An extended command in several blocks: 1 begins, 3 continues, 2 ends.
            key = (*place, True)
            self._parts[key] = (self._parts.get(key, b"") if message.parameter != 1 else b"") + message.data
            if message.parameter != 2:
                return
            message = ccid.Message(*_place_of(message), self._parts.pop(key))
        if message.kind == ccid.TRANSFER and message.parameter == 0x10:
            return  # nothing is asked but the rest of the answer
        self._asked[place] = (message, packet.number, said, when)

    def _answer(self, message: ccid.Message, packet: Packet, when: int) -> Iterator[Item]:
        place = (message.device, message.slot)
        asked = self._asked.get(place)
        if asked is None or message.status & 0xC0 == 0x80:
            return  # nobody asked, or the card wants more time
        request, number, said, began = asked
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
            data = self._parts.pop((*place, False), b"") + message.data
            if message.status & 0x40:
                data = b""
            if len(data) == 1 or not request.data:
                raise TraceError("command or answer is cut off", packet.number, "packet")
            command, response = self._masked(request.data, data, said)
            level = Level.TPDU if self._tpdu else Level.APDU
            yield Exchange(command, response, began, when - began, slot, level)

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
        asked, answered = self._masked(line.command, answer, said)
        line.command = None
        yield Exchange(asked, answered, line.began, when - line.began, slot, Level.APDU)

    def _power_on(
        self, place: tuple[tuple[int, int], int], atr: bytes, when: int, slot: str, number: int
    ) -> ReaderEvent:
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


def _place_of(message: ccid.Message) -> tuple[tuple[int, int], int, int, int]:
    """Device, kind, slot and sequence number of a message."""
    return message.device, message.kind, message.slot, message.sequence


CAPTURES: Final = (
    Capture("pcapng", "GSMTAP SIM in pcapng", (".pcapng",), usb=False, pcapng=True),
    Capture("pcap", "GSMTAP SIM in pcap", (".pcap",), usb=False, pcapng=False),
    Capture("pcapng-ccid", "USB CCID in pcapng", (), usb=True, pcapng=True),
    Capture("pcap-ccid", "USB CCID in pcap", (), usb=True, pcapng=False),
)
