"""GSMTAP of type SIM in UDP: one packet for a command and its answer, another for each ATR.

That is how osmocom's simtrace writes and how Wireshark's ``gsm_sim`` dissects: the command TPDU, its data and the
status word in a row. Where the row can be cut in more than one way, a comment of the packet (pcapng only) says where.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import dpkt

from bifente.apdu.instructions import BY_CODE, codes
from bifente.traces.errors import TraceError

PORT: Final = 4729
_HEADER: Final = struct.Struct(">BBBBHbbIBBBB")
_SIM: Final = 4
APDU: Final = 0
ATR: Final = 1

ETHERNET, RAW_IP, LINUX_SLL, LINUX_SLL2, NULL, LOOP, IPV4, IPV6 = 1, 101, 113, 276, 0, 108, 228, 229
RAW_BSD, RAW_OPENBSD = 12, 14
LINKS: Final = frozenset(
    {ETHERNET, RAW_IP, LINUX_SLL, LINUX_SLL2, NULL, LOOP, IPV4, IPV6, RAW_BSD, RAW_OPENBSD}
)
"""Link types in which IP packets are looked for (www.tcpdump.org/linktypes.html)."""

_LOOPBACK: Final = b"\x7f\x00\x00\x01"

_OUTGOING: Final = codes(lambda known: known.outgoing, BY_CODE)
"""Instructions whose data, when P3 of them are there, come from the card."""


@dataclass(frozen=True, slots=True)
class SimPacket:
    """What one GSMTAP packet of type SIM carries."""

    kind: int
    payload: bytes


def packed(kind: int, payload: bytes) -> bytes:
    """An IPv4 packet on the loopback with one GSMTAP message."""
    message = _HEADER.pack(2, _HEADER.size // 4, _SIM, 0, 0, 0, 0, 0, kind, 0, 0, 0) + payload
    datagram = dpkt.udp.UDP(sport=PORT, dport=PORT, data=message, ulen=8 + len(message))
    packet = dpkt.ip.IP(src=_LOOPBACK, dst=_LOOPBACK, p=dpkt.ip.IP_PROTO_UDP, data=datagram)
    packet.len = len(packet)
    return bytes(packet)


MAX_PAYLOAD: Final = 65535 - 20 - 8 - _HEADER.size
"""What fits into one IPv4 packet."""


def unpacked(link: int, data: bytes, number: int) -> SimPacket | None:
    """The SIM message in a packet; None when it is something else. Raises TraceError for a damaged one."""
    try:
        datagram = _datagram(link, data)
    except (dpkt.UnpackError, struct.error, IndexError, ValueError):
        return None
    if datagram is None or PORT not in datagram[:2]:
        return None
    message = datagram[2]
    if len(message) < 4 or message[0] != 2 or message[2] != _SIM:
        return None
    start = 4 * message[1]
    if start < _HEADER.size or len(message) <= start:
        raise TraceError("the GSMTAP header does not fit", number, "packet")
    return SimPacket(message[12], message[start:])


def _datagram(link: int, data: bytes) -> tuple[int, int, bytes] | None:
    """Ports and content of a UDP datagram."""
    packet: object
    if link == ETHERNET:
        packet = dpkt.ethernet.Ethernet(data).data
    elif link == LINUX_SLL:
        packet = dpkt.sll.SLL(data).data
    elif link == LINUX_SLL2:
        packet = dpkt.sll2.SLL2(data).data
    elif link == LOOP:
        # As NULL, but the family is in network order.
        packet = dpkt.loopback.Loopback(data[3::-1] + data[4:]).data
    elif link == NULL:
        packet = dpkt.loopback.Loopback(data).data
    else:
        packet = (dpkt.ip6.IP6 if data[:1] and data[0] >> 4 == 6 else dpkt.ip.IP)(data)
    datagram = getattr(packet, "data", None)
    if not isinstance(datagram, dpkt.udp.UDP):
        return None
    return datagram.sport, datagram.dport, bytes(datagram.data)


def cut(row: bytes) -> int:
    """How many bytes of *row* are the command; the rest is the answer."""
    size = len(row)
    if size <= 6:
        return min(4, max(size - 2, 0))
    length, rest = row[4], size - 7
    if rest == 0:
        return 5
    if length == 0:
        return 5
    if rest == length:
        return 5 if row[1] in _OUTGOING else 5 + length
    if rest < length:
        return 5
    # More than the data: an answer follows, behind an Le.
    return 5 + length + 1


def exchange_rows(payload: bytes, said: int | None, number: int) -> Iterator[tuple[bytes, bytes]]:
    """Command and answer of a packet; *said* is the length of the command, when a comment tells it."""
    at = cut(payload) if said is None else said
    if not 0 < at <= len(payload):
        raise TraceError("the command is cut off", number, "packet")
    command, response = payload[:at], payload[at:]
    if len(response) == 1:
        raise TraceError("the answer is cut off", number, "packet")
    yield command, response
