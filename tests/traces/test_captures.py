"""Captures as others make them: T=1 blocks, chained CCID blocks, Windows' USBPcap, other link types of GSMTAP."""

import io
import struct

import dpkt
import pytest

from bifente.traces.errors import TraceError
from bifente.traces.formats import ccid, gsmtap, read_stream
from bifente.traces.formats.packets import PacketWriter
from bifente.traces.formats.t1blocks import block, is_block, speaks_t1
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


def test_the_packet_that_is_damaged_is_named() -> None:
    whole = power_on(T0_ATR, tpdu=False)
    broken = transfer(1, SELECT, ANSWER)
    with pytest.raises(TraceError, match="packet 8: 42 bytes of CCID are announced, 41 are there") as caught:
        captured(ccid.USBMON_MMAPPED, *whole, broken[0], broken[1][:-1])
    assert caught.value.line == 8
