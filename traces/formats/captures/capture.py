"""Captured packets as formats: GSMTAP SIM and USB CCID, in pcapng and in pcap.

Reading finds out by itself which of the two a packet is. What a packet cannot say stands in its comment, which only
pcapng has: hidden bytes, the name of the slot, how long an answer took, where a row of GSMTAP is to be cut.
"""

from datetime import timedelta
from itertools import chain
from typing import BinaryIO, Final

from bifente.traces.errors import TraceError
from bifente.traces.formats.base import T0, Losses, Source, mask_remark, with_first_reset
from bifente.traces.formats.captures import ccid, gsmtap
from bifente.traces.formats.captures.captured import EPOCH, PacketReader
from bifente.traces.formats.captures.packets import PCAP_MAGICS, PCAPNG_MAGIC, PacketWriter, packets
from bifente.traces.model import EventKind, Exchange, Item, ReaderEvent, TraceHeader


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
        reader = PacketReader()
        found = reader.items(packets(stream))
        first = next(found, None)
        if first is None:
            raise TraceError(reader.nothing(), reader.unread.first, "packet")
        header = TraceHeader(reader.name, reader.atr, None, reader.date, masked=False)
        return Source(header, chain((first,), found), reader.unread)

    def write(self, source: Source, stream: BinaryIO) -> list[str]:
        """Write a trace."""
        losses = Losses()
        link = ccid.USBMON_MMAPPED if self._usb else gsmtap.IPV4
        writer = PacketWriter(stream, link, pcapng=self._pcapng, name=source.header.reader)
        date = source.header.date
        start = 0 if date is None else max((date - EPOCH) // timedelta(microseconds=1), 0)
        if self._usb:
            _write_ccid(source, writer, start, losses)
        else:
            _write_gsmtap(source, writer, start, losses)
        return losses.notices()


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


CAPTURES: Final = (
    Capture("pcapng", "GSMTAP SIM in pcapng", (".pcapng",), usb=False, pcapng=True),
    Capture("pcap", "GSMTAP SIM in pcap", (".pcap",), usb=False, pcapng=False),
    Capture("pcapng-ccid", "USB CCID in pcapng", (), usb=True, pcapng=True),
    Capture("pcap-ccid", "USB CCID in pcap", (), usb=True, pcapng=False),
)
