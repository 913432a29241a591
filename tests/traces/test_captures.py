"""Captures as others make them: T=1 blocks, chained CCID blocks, Windows' USBPcap, other link types of GSMTAP."""

import io
import struct

import dpkt
import pytest

from bifente.traces.errors import TraceError
from bifente.traces.formats import Source, read_stream
from bifente.traces.formats.captures import ccid, gsmtap
from bifente.traces.formats.captures.packets import PacketWriter
from bifente.traces.formats.captures.t1blocks import block, is_block, speaks_t1
from bifente.traces.model import EventKind, Exchange, Item, Level, ReaderEvent

T1_ATR = bytes.fromhex("3BDC18FF8191FE1FC38073C821136605036351000250")
T0_ATR = bytes.fromhex("3BAC00402A001225006480000310009000")
SELECT = bytes.fromhex("00A4040005A00000000300")
ANSWER = bytes(range(40)) + b"\x90\x00"


def captured(link: int, *captured_packets: bytes) -> list[Item]:
    stream = io.BytesIO()
    writer = PacketWriter(stream, link, pcapng=False)
    for number, packet in enumerate(captured_packets):
        writer.write(1_700_000_000_000_000 + number * 100, packet)
    stream.seek(0)
    return list(read_stream(stream)[1].items)


def power_on(atr: bytes, *, tpdu: bool) -> list[bytes]:
    return [
        *ccid.descriptors(tpdu=tpdu),
        ccid.command(ccid.POWER_ON, 0, 0),
        ccid.answer(ccid.DATA_BLOCK, 0, 0, atr),
    ]


def transfer(number: int, asked: bytes, said: bytes, status: int = 0) -> list[bytes]:
    return [
        ccid.command(ccid.TRANSFER, 0, number, asked),
        ccid.answer(ccid.DATA_BLOCK, 0, number, said, status),
    ]


def exchanges(items: list[Item]) -> list[tuple[bytes, bytes]]:
    return [(item.command.plain, item.response.plain) for item in items if isinstance(item, Exchange)]


def test_t1_blocks_are_put_together() -> None:
    negotiation = bytes.fromhex("00C101FE3E")
    receive_ready = bytes.fromhex("00900090")
    packets = [
        *power_on(T1_ATR, tpdu=True),
        *transfer(1, negotiation, bytes.fromhex("00E101FE1E")),
        *transfer(2, block(0, SELECT[:6], more=True), receive_ready),
        *transfer(3, block(1, SELECT[6:]), block(0, ANSWER[:20], more=True)),
        *transfer(4, receive_ready, block(1, ANSWER[20:])),
        *transfer(5, block(0, SELECT), block(0, b"\x90\x00")),
    ]
    items = captured(ccid.USBMON_MMAPPED, *packets)
    assert exchanges(items) == [(SELECT, ANSWER), (SELECT, b"\x90\x00")]
    first = items[1]
    assert isinstance(first, Exchange)
    assert (first.level, first.duration) == (Level.APDU, 300)


def test_t0_and_apdu_readers_are_taken_as_they_are() -> None:
    tpdu = captured(ccid.USBMON_MMAPPED, *power_on(T0_ATR, tpdu=True), *transfer(1, SELECT[:10], b"\x61\x10"))
    apdu = captured(ccid.USBMON_MMAPPED, *power_on(T1_ATR, tpdu=False), *transfer(1, SELECT, ANSWER))
    assert exchanges(tpdu) == [(SELECT[:10], b"\x61\x10")]
    assert exchanges(apdu) == [(SELECT, ANSWER)]
    assert [item.level for item in (*tpdu, *apdu) if isinstance(item, Exchange)] == [Level.TPDU, Level.APDU]


def test_what_blocks_are() -> None:
    assert speaks_t1(T1_ATR)
    assert not speaks_t1(T0_ATR)
    assert not speaks_t1(b"\x3b")
    assert is_block(block(0, SELECT))
    assert not is_block(SELECT)
    assert not is_block(b"")


def test_more_time_and_a_mute_card() -> None:
    asked = ccid.command(ccid.TRANSFER, 0, 1, SELECT)
    items = captured(
        ccid.USBMON_MMAPPED,
        *power_on(T0_ATR, tpdu=False),
        asked,
        ccid.answer(ccid.DATA_BLOCK, 0, 1, b"", 0x80),
        ccid.answer(ccid.DATA_BLOCK, 0, 1, ANSWER),
        *transfer(2, SELECT, b"", 0x40),
    )
    assert exchanges(items) == [(SELECT, ANSWER), (SELECT, b"")]


def level(packet: bytes, parameter: int, *, answer: bool) -> bytes:
    """The packet with that wLevelParameter or bChainParameter."""
    at = 64 + (9 if answer else 8)
    return packet[:at] + bytes((parameter,)) + packet[at + 1 :]


def test_extended_commands_in_several_blocks() -> None:
    long = bytes.fromhex("00D60000000200") + bytes(512)
    empty = ccid.answer(ccid.DATA_BLOCK, 0, 1)
    items = captured(
        ccid.USBMON_MMAPPED,
        *power_on(T1_ATR, tpdu=False),
        level(ccid.command(ccid.TRANSFER, 0, 1, long[:300]), 1, answer=False),
        level(empty, 0x10, answer=True),
        level(ccid.command(ccid.TRANSFER, 0, 2, long[300:]), 2, answer=False),
        level(ccid.answer(ccid.DATA_BLOCK, 0, 2, ANSWER[:9]), 1, answer=True),
        level(ccid.command(ccid.TRANSFER, 0, 3), 0x10, answer=False),
        level(ccid.answer(ccid.DATA_BLOCK, 0, 3, ANSWER[9:]), 2, answer=True),
    )
    assert exchanges(items) == [(long, ANSWER)]


def usbpcap(packet: bytes) -> bytes:
    """The same message as USBPcap captures it."""
    endpoint, transfer_type = packet[10], packet[9]
    data = packet[64:]
    return (
        struct.pack("<HQIHBHHBBI", 27, 1, 0, 9, endpoint >> 7, 1, 2, endpoint, transfer_type, len(data))
        + data
    )


def test_usbpcap() -> None:
    packets = [*power_on(T0_ATR, tpdu=False)[-2:], *transfer(1, SELECT, ANSWER)]
    items = captured(ccid.USBPCAP, *map(usbpcap, packets))
    assert exchanges(items) == [(SELECT, ANSWER)]
    assert items[0] == ReaderEvent(EventKind.COLD_RESET, 0, "", T0_ATR)


def test_other_links_of_gsmtap() -> None:
    packet = gsmtap.packed(gsmtap.APDU, SELECT[:10] + b"\x61\x10")
    ethernet = bytes(dpkt.ethernet.Ethernet(data=dpkt.ip.IP(packet), type=dpkt.ethernet.ETH_TYPE_IP))
    for link, raw in ((gsmtap.ETHERNET, ethernet), (gsmtap.RAW_IP, packet), (gsmtap.IPV4, packet)):
        assert exchanges(captured(link, raw)) == [(SELECT[:10], b"\x61\x10")]
    other = bytes(dpkt.ethernet.Ethernet(data=b"\0" * 30))
    assert exchanges(captured(gsmtap.ETHERNET, other, b"", ethernet)) == [(SELECT[:10], b"\x61\x10")]


def test_a_capture_of_something_else() -> None:
    with pytest.raises(TraceError, match="no packet is GSMTAP"):
        captured(gsmtap.ETHERNET, bytes(60))


def test_bytes_that_were_not_captured_are_hidden_and_it_is_said() -> None:
    whole = power_on(T0_ATR, tpdu=False)
    broken = transfer(1, SELECT, ANSWER)
    source = opened(ccid.USBMON_MMAPPED, *whole, broken[0], broken[1][:-1])
    (exchange,) = (item for item in source.items if isinstance(item, Exchange))
    assert exchange.response.hex() == ANSWER[:-1].hex().upper() + "**"
    assert source.unread.notices() == [
        "1 packet was not understood: 8", "packet 8: 1 of its bytes were not captured",
    ]  # fmt: skip


def opened(link: int, *captured_packets: bytes, cut: int = 0) -> Source:
    stream = io.BytesIO()
    writer = PacketWriter(stream, link, pcapng=False)
    for number, packet in enumerate(captured_packets):
        writer.write(1_700_000_000_000_000 + number * 100, packet)
    raw = stream.getvalue()
    return read_stream(io.BytesIO(raw[: len(raw) - cut]))[1]


def of_device(packet: bytes, address: int, endpoint: int | None = None) -> bytes:
    """The packet as one of another device of the bus."""
    return packet[:10] + bytes((packet[10] if endpoint is None else endpoint, address)) + packet[12:]


def carrying(packet: bytes, data: bytes) -> bytes:
    """The packet with other data, and its lengths."""
    sizes = struct.pack("<II", len(data), len(data))
    return packet[:32] + sizes + packet[40:64] + data


OUT, IN = ccid.command(ccid.TRANSFER, 0, 1, b""), ccid.answer(ccid.DATA_BLOCK, 0, 1, b"")
STORAGE = [
    carrying(of_device(OUT, 7), b"USBC" + bytes(27)),
    carrying(of_device(IN, 7), b"\x80" + bytes(511)),
    carrying(of_device(IN, 7), b"USBS" + bytes(9)),
    carrying(of_device(OUT, 7), b"USBC" + bytes(27)),
    carrying(of_device(OUT, 7), b"\x6f" + (502).to_bytes(4, "little") + bytes(507)),
    carrying(of_device(IN, 7), b"USBS" + bytes(9)),
]
"""What a memory stick says, with data that look like messages of a reader."""
OTHER_DESCRIPTORS = bytes.fromhex("09022000010100803209040000020806500007058102000200070502020002 00")
"""Of a mass storage device (class 08)."""


@pytest.mark.parametrize("described", [True, False])
def test_other_devices_of_the_bus_are_left_alone(described: bool) -> None:
    reader = power_on(T0_ATR, tpdu=False)
    stick = [carrying(of_device(reader[1], 7), OTHER_DESCRIPTORS)] if described else []
    mixed = [
        *stick,
        *(reader if described else reader[-2:]),
        *STORAGE,
        *transfer(1, SELECT, ANSWER),
        *STORAGE,
    ]
    source = opened(ccid.USBMON_MMAPPED, *mixed)
    items = list(source.items)
    assert exchanges(items) == [(SELECT, ANSWER)]
    assert items[0] == ReaderEvent(EventKind.COLD_RESET, 0 if not described else items[0].time, "", T0_ATR)
    assert source.unread.notices() == []


def test_a_mouse_is_no_slot_change() -> None:
    reader = power_on(T0_ATR, tpdu=False)
    moves = carrying(of_device(ccid.change(0, present=False), 7), b"\x50\x02")
    assert [item for item in captured(ccid.USBMON_MMAPPED, *reader, moves, *transfer(1, SELECT, ANSWER)) if isinstance(item, ReaderEvent)] == [
        ReaderEvent(EventKind.COLD_RESET, 400, "", T0_ATR)
    ]  # fmt: skip


@pytest.mark.parametrize("described", [True, False])
def test_a_packet_may_be_longer_than_its_message(described: bool) -> None:
    reader = power_on(T0_ATR, tpdu=False)
    asked, answered = transfer(1, SELECT, ANSWER)
    padded = carrying(answered, answered[64:].ljust(128, b"\0"))
    source = opened(ccid.USBMON_MMAPPED, *(reader if described else reader[-2:]), asked, padded)
    assert exchanges(list(source.items)) == [(SELECT, ANSWER)]
    assert source.unread.notices() == []


@pytest.mark.parametrize("size", [1, 9, 10, 20, 51])
def test_a_message_may_be_longer_than_a_packet(size: int) -> None:
    reader = power_on(T0_ATR, tpdu=False)
    asked, answered = transfer(1, SELECT, ANSWER)
    body = answered[64:]
    parts = [carrying(answered, body[at : at + size]) for at in range(0, len(body), size)]
    source = opened(ccid.USBMON_MMAPPED, *reader, asked, *parts, *transfer(2, SELECT, ANSWER))
    assert exchanges(list(source.items)) == [(SELECT, ANSWER)] * 2
    assert source.unread.notices() == []


def test_a_capture_that_was_stopped_early() -> None:
    packets = [*power_on(T0_ATR, tpdu=False), *transfer(1, SELECT, ANSWER), *transfer(2, SELECT, ANSWER)]
    whole = sum(16 + len(packet) for packet in packets[-2:])
    for cut in range(1, whole):
        source = opened(ccid.USBMON_MMAPPED, *packets, cut=cut)
        found = exchanges(list(source.items))
        kept = 2 if cut < 16 + len(packets[-1]) else 1
        at_an_end = cut in (16 + len(packets[-1]), whole)
        assert found == [(SELECT, ANSWER), (SELECT, b"")][:kept] or (
            cut == 16 + len(packets[-1]) and len(found) == 2
        )
        assert bool(source.unread.notices()) is not at_an_end


def test_a_command_without_its_answer() -> None:
    reader = power_on(T0_ATR, tpdu=False)
    asked = ccid.command(ccid.TRANSFER, 0, 1, SELECT)
    items = captured(ccid.USBMON_MMAPPED, *reader, asked, *transfer(2, SELECT, ANSWER), asked)
    assert exchanges(items) == [(SELECT, b""), (SELECT, ANSWER), (SELECT, b"")]


def test_the_pcap_of_qemu() -> None:
    packets = [*power_on(T0_ATR, tpdu=False)[-2:], *transfer(1, SELECT, ANSWER)]
    marked = [packet[:15] + b"=" + packet[16:] for packet in packets]
    assert exchanges(captured(ccid.USBMON_MMAPPED, *marked)) == [(SELECT, ANSWER)]


def test_gsmtap_on_any_interface_of_linux() -> None:
    packet = gsmtap.packed(gsmtap.APDU, SELECT[:10] + b"\x61\x10")
    cooked = struct.pack(">HHIHBB8s", 0x0800, 0, 1, 772, 0, 6, bytes(8)) + packet
    loop = struct.pack(">I", 2) + packet
    for link, raw in ((gsmtap.LINUX_SLL2, cooked), (gsmtap.LOOP, loop), (gsmtap.RAW_OPENBSD, packet)):
        assert exchanges(captured(link, raw)) == [(SELECT[:10], b"\x61\x10")]


def test_a_link_type_that_is_not_read_is_named() -> None:
    with pytest.raises(TraceError, match=r"no packet is GSMTAP .* \(link type 147\)"):
        captured(147, bytes(60))


def test_a_damaged_gsmtap_packet_is_named_and_passed_over() -> None:
    packet = gsmtap.packed(gsmtap.APDU, SELECT[:10] + b"\x61\x10")
    short = gsmtap.packed(gsmtap.ATR, b"\x3b")
    source = opened(gsmtap.IPV4, packet, short, packet)
    assert exchanges(list(source.items)) == [(SELECT[:10], b"\x61\x10")] * 2
    assert source.unread.notices() == [
        "1 packet was not understood: 2", "packet 2: an ATR has 2 to 33 bytes, this one 1",
    ]  # fmt: skip
