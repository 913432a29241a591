"""The containers of captured packets: pcap and pcapng, read and written packet by packet.

dpkt's readers end without a word where a file is cut off and know one interface only, so the blocks are taken apart
here (libpcap's pcap-savefile(5); pcapng, draft-ietf-opsawg-pcapng). Errors count packets, not lines; that the file ends
within a packet, as it does when a capture was stopped hard, is an error of its own.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from bifente.traces.errors import TraceError

PCAP_MAGICS: Final = {
    b"\xd4\xc3\xb2\xa1": ("<", 1),
    b"\xa1\xb2\xc3\xd4": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\x3c\x4d": (">", 1000),
}
"""Byte order, and how many units make a microsecond."""
PCAPNG_MAGIC: Final = b"\x0a\x0d\x0d\x0a"

_ORDER_MAGIC: Final = 0x1A2B3C4D
_INTERFACE, _SIMPLE, _ENHANCED = 1, 3, 6
_COMMENT, _RESOLUTION, _NAME, _OFFSET = 1, 9, 2, 14
_LARGEST: Final = 1 << 22
"""No packet of a smart card takes four megabytes."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet: microseconds since 1970, its link type, its bytes, what pcapng says of it."""

    number: int
    time: int
    link: int
    data: bytes
    comment: str = ""
    missing: int = 0
    """How many of its bytes were not captured."""


class CutOff(TraceError):
    """The file ends within a packet."""


def packets(stream: BinaryIO) -> Iterator[Packet]:
    """The packets of a pcap or pcapng. Raises TraceError naming the packet (``line`` is its number)."""
    magic = stream.read(4)
    if magic in PCAP_MAGICS:
        return _pcap(stream, *PCAP_MAGICS[magic])
    if magic == PCAPNG_MAGIC:
        return _pcapng(stream)
    raise TraceError("this is neither pcap nor pcapng", 1, "packet")


def _exactly(stream: BinaryIO, size: int, number: int) -> bytes:
    if size > _LARGEST:
        raise TraceError(f"a length of {size} bytes cannot be", number, "packet")
    data = stream.read(size)
    if len(data) < size:
        raise CutOff("the packet is cut off", number, "packet")
    return data


def _pcap(stream: BinaryIO, order: str, divisor: int) -> Iterator[Packet]:
    header = _exactly(stream, 20, 1)
    link = int(struct.unpack(order + "I", header[16:20])[0]) & 0x0FFFFFFF
    number = 0
    while first := stream.read(1):
        number += 1
        seconds, units, size, whole = struct.unpack(order + "IIII", first + _exactly(stream, 15, number))
        data = _exactly(stream, size, number)
        time = seconds * 1_000_000 + units // divisor
        yield Packet(number, time, link, data, missing=max(whole - size, 0))


def _pcapng(stream: BinaryIO) -> Iterator[Packet]:
    order = _section(stream, 1)
    interfaces: list[tuple[int, Callable[[int], int]]] = []
    number = 1
    while first := stream.read(1):
        raw = first + _exactly(stream, 3, number)
        if raw == PCAPNG_MAGIC:
            order, interfaces = _section(stream, number), []
            continue
        kind = struct.unpack(order + "I", raw)[0]
        body = _body(stream, order, number)
        try:
            if kind == _INTERFACE:
                link = struct.unpack_from(order + "H", body)[0]
                interfaces.append((link, _clock(_options(body, 8, order), order)))
            elif kind == _ENHANCED:
                which, high, low, size, original = struct.unpack_from(order + "IIIII", body)
                link, clock = interfaces[which]
                if size > len(body) - 20:
                    raise TraceError("the packet is cut off", number, "packet")
                options = _options(body, 20 + size + -size % 4, order)
                comment = options.get(_COMMENT, b"").decode("utf-8", "replace")
                missing = max(original - size, 0)
                yield Packet(number, clock(high << 32 | low), link, body[20 : 20 + size], comment, missing)
                number += 1
            elif kind == _SIMPLE:
                original = struct.unpack_from(order + "I", body)[0]
                size = min(original, len(body) - 4)
                yield Packet(number, 0, interfaces[0][0], body[4 : 4 + size], missing=original - size)
                number += 1
        except (struct.error, IndexError):
            raise TraceError("its block cannot be read", number, "packet") from None


def _section(stream: BinaryIO, number: int) -> str:
    """Read the rest of a section header, of which the type has been read; the byte order."""
    head = _exactly(stream, 8, number)
    order = "<" if struct.unpack("<I", head[4:8])[0] == _ORDER_MAGIC else ">"
    size, magic = struct.unpack(order + "II", head)
    if magic != _ORDER_MAGIC or size < 28 or size % 4:
        raise TraceError("the section header of the pcapng cannot be read", number, "packet")
    _exactly(stream, size - 12, number)
    return order


def _body(stream: BinaryIO, order: str, number: int) -> bytes:
    size = struct.unpack(order + "I", _exactly(stream, 4, number))[0]
    if size < 12 or size % 4:
        raise TraceError(f"a block of {size} bytes cannot be", number, "packet")
    body = _exactly(stream, size - 8, number)
    if struct.unpack(order + "I", body[-4:])[0] != size:
        raise TraceError("the two lengths of its block differ", number, "packet")
    return body[:-4]


def _options(body: bytes, at: int, order: str) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while at + 4 <= len(body):
        code, size = struct.unpack_from(order + "HH", body, at)
        if code == 0:
            break
        found.setdefault(code, body[at + 4 : at + 4 + size])
        at += 4 + size + -size % 4
    return found


def _clock(options: dict[int, bytes], order: str) -> Callable[[int], int]:
    """From units of an interface to microseconds."""
    raw = options.get(_RESOLUTION, b"\x06")[:1] or b"\x06"
    power = raw[0] & 0x7F
    units = 2**power if raw[0] & 0x80 else 10**power
    offset = 0
    if len(options.get(_OFFSET, b"")) == 8:
        offset = int(struct.unpack(order + "q", options[_OFFSET])[0])
    return lambda count: max(count * 1_000_000 // units + offset * 1_000_000, 0)


class PacketWriter:
    """Writes packets of one link type, as pcapng or as pcap, which has no comments."""

    def __init__(self, stream: BinaryIO, link: int, *, pcapng: bool, name: str = "") -> None:
        self._stream = stream
        self._pcapng = pcapng
        if not pcapng:
            stream.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 18, link))
            return
        self._block(0x0A0D0D0A, struct.pack("<IHHq", _ORDER_MAGIC, 1, 0, -1))
        named = _option(_NAME, name.encode("utf-8")[:200]) if name else b""
        self._block(_INTERFACE, struct.pack("<HHI", link, 0, 1 << 18) + (named + bytes(4) if named else b""))

    @property
    def comments(self) -> bool:
        """Comments are kept."""
        return self._pcapng

    def write(self, time: int, data: bytes, comment: str = "") -> None:
        """One packet, *time* in microseconds since 1970."""
        if not self._pcapng:
            seconds, left = divmod(time, 1_000_000)
            self._stream.write(struct.pack("<IIII", seconds & 0xFFFFFFFF, left, len(data), len(data)) + data)
            return
        head = struct.pack("<IIIII", 0, time >> 32 & 0xFFFFFFFF, time & 0xFFFFFFFF, len(data), len(data))
        said = _option(_COMMENT, comment.encode("utf-8")) + bytes(4) if comment else b""
        self._block(_ENHANCED, head + data + bytes(-len(data) % 4) + said)

    def _block(self, kind: int, body: bytes) -> None:
        size = struct.pack("<I", len(body) + 12)
        self._stream.write(struct.pack("<I", kind) + size + body + size)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)
