"""USB CCID as Linux' usbmon captures it: the messages between computer and reader.

Written are the configuration descriptor (so that Wireshark knows the interface class), PC_to_RDR_XfrBlock and
RDR_to_PC_DataBlock for an exchange, IccPowerOn, IccPowerOff and NotifySlotChange for events (USB Device Class: Smart
Card CCID, revision 1.1, §5.1, §6). An IccPowerOn of a card without supply is a cold reset, else a warm one.
"""

import struct
from dataclasses import dataclass
from typing import Final

from bifente.traces.errors import TraceError

USBMON, USBMON_MMAPPED, USBPCAP = 189, 220, 249
LINKS: Final = frozenset({USBMON, USBMON_MMAPPED, USBPCAP})

_USBMON: Final = struct.Struct("<QBBBBHBBqiiII8siiII")
_USBMON_SHORT: Final = 48
_BULK_OUT, _BULK_IN, _INTERRUPT_IN = 0x02, 0x82, 0x81
_BULK, _INTERRUPT, _CONTROL = 3, 1, 2
_SUBMIT, _COMPLETE = 0x53, 0x43

POWER_ON, POWER_OFF, TRANSFER = 0x62, 0x63, 0x6F
DATA_BLOCK, SLOT_STATUS, SLOT_CHANGE = 0x80, 0x81, 0x50
_KNOWN: Final = frozenset({POWER_ON, POWER_OFF, TRANSFER, DATA_BLOCK, SLOT_STATUS})

_DEVICE, _BUS = 2, 1
_CCID_CLASS: Final = 0x0B
_FEATURES_TPDU, _FEATURES_APDU = 0x000100BA, 0x000404BE


@dataclass(frozen=True, slots=True)
class Message:
    """One message of CCID: of which device, in which direction, and its fields."""

    device: tuple[int, int]
    kind: int
    slot: int
    sequence: int
    data: bytes
    status: int = 0
    parameter: int = 0
    """wLevelParameter or bChainParameter."""


@dataclass(frozen=True, slots=True)
class SlotChange:
    """RDR_to_PC_NotifySlotChange: which slots hold a card now."""

    device: tuple[int, int]
    present: tuple[int, ...]
    changed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Features:
    """The level of exchange of a reader, out of its class descriptor."""

    tpdu: bool


def unpacked(link: int, data: bytes, number: int) -> Message | SlotChange | Features | None:
    """The message in a packet; None for anything else on the bus. Raises TraceError for a damaged one."""
    found = _payload(link, data, number)
    if found is None:
        return None
    device, endpoint, transfer, payload = found
    if transfer == _CONTROL:
        return _features(payload)
    if transfer == _INTERRUPT:
        return _slot_change(device, payload)
    if transfer != _BULK or len(payload) < 10 or payload[0] not in _KNOWN:
        return None
    if (payload[0] < 0x80) == bool(endpoint & 0x80):
        return None
    kind, size, slot, sequence = struct.unpack_from("<BIBB", payload)
    if size != len(payload) - 10:
        raise TraceError(
            f"{size} bytes of CCID are announced, {len(payload) - 10} are there", number, "packet"
        )
    answer = kind >= 0x80
    parameter = payload[9] if answer else payload[8] | payload[9] << 8
    return Message(device, kind, slot, sequence, payload[10:], payload[7] if answer else 0, parameter)


def _payload(link: int, data: bytes, number: int) -> tuple[tuple[int, int], int, int, bytes] | None:
    """Device, endpoint, kind of transfer and data of a packet that carries some."""
    if link == USBPCAP:
        if len(data) < 27:
            raise TraceError("the packet is cut off", number, "packet")
        size, _, status, _, _, bus, address, endpoint, transfer, _ = struct.unpack_from("<HQIHBHHBBI", data)
        if status or size > len(data):
            return None
        return (bus, address), endpoint, transfer, data[size:]
    size = _USBMON.size if link == USBMON_MMAPPED else _USBMON_SHORT
    if len(data) < size:
        raise TraceError("the packet is cut off", number, "packet")
    _, event, transfer, endpoint, address, bus, _, without, *_ = _USBMON.unpack_from(data + bytes(16))
    # Data go out with the submission and come in with its completion.
    if without or event != (_COMPLETE if endpoint & 0x80 else _SUBMIT):
        return None
    return (bus, address), endpoint, transfer, data[size:]


def _slot_change(device: tuple[int, int], payload: bytes) -> SlotChange | None:
    if len(payload) < 2 or payload[0] != SLOT_CHANGE:
        return None
    bits = int.from_bytes(payload[1:9], "little")
    slots = range(4 * min(len(payload) - 1, 8))
    return SlotChange(
        device,
        tuple(slot for slot in slots if bits >> 2 * slot & 1),
        tuple(slot for slot in slots if bits >> 2 * slot & 2),
    )


def _features(payload: bytes) -> Features | None:
    at = 0
    while at + 2 <= len(payload) and payload[at] >= 2:
        if payload[at] == 0x36 and payload[at + 1] == 0x21 and at + 44 <= len(payload):
            return Features(int.from_bytes(payload[at + 40 : at + 44], "little") & 0x70000 == 0x10000)
        at += payload[at]
    return None


def command(kind: int, slot: int, sequence: int, data: bytes = b"") -> bytes:
    """A message to the reader, as its submission."""
    body = struct.pack("<BIBBBH", kind, len(data), slot, sequence, 0, 0) + data
    return _captured(_SUBMIT, _BULK, _BULK_OUT, sequence, body)


def answer(kind: int, slot: int, sequence: int, data: bytes = b"", status: int = 0) -> bytes:
    """A message of the reader, as the completion of a transfer."""
    body = struct.pack("<BIBBBBB", kind, len(data), slot, sequence, status, 0, 0) + data
    return _captured(_COMPLETE, _BULK, _BULK_IN, sequence, body)


def change(slot: int, *, present: bool) -> bytes:
    """The reader's notice that a card came or went."""
    bits = (2 | present) << 2 * slot
    body = bytes((SLOT_CHANGE,)) + bits.to_bytes(slot // 4 + 1, "little")
    return _captured(_COMPLETE, _INTERRUPT, _INTERRUPT_IN, 0, body)


def descriptors(*, tpdu: bool) -> list[bytes]:
    """The two packets of a request for the configuration, by which the interface is known as CCID."""
    interface = bytes((9, 4, 0, 0, 3, _CCID_CLASS, 0, 0, 0))
    features = _FEATURES_TPDU if tpdu else _FEATURES_APDU
    functional = struct.pack("<BBHBBIII", 0x36, 0x21, 0x0110, 15, 7, 3, 4000, 4000)
    functional += struct.pack("<BIIBIIIII", 0, 9600, 115200, 0, 254, 0, 0, features, 65556)
    functional += struct.pack("<BBHBB", 0xFF, 0xFF, 0, 0, 16)
    endpoints = b"".join(
        struct.pack("<BBBBHB", 7, 5, address, attributes, 64, interval)
        for address, attributes, interval in ((_INTERRUPT_IN, 3, 16), (_BULK_OUT, 2, 0), (_BULK_IN, 2, 0))
    )
    body = interface + functional + endpoints
    configuration = struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), 1, 1, 0, 0x80, 50) + body
    device = struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0, 0, 0, 64, 0, 0, 0x0100, 0, 0, 0, 1)
    captured = []
    for kind, content, number in ((1, device, 1), (2, configuration, 2)):
        setup = struct.pack("<BBHHH", 0x80, 6, kind << 8, 0, len(content))
        captured += [
            _captured(_SUBMIT, _CONTROL, 0x80, 1000 + number, b"", setup),
            _captured(_COMPLETE, _CONTROL, 0x80, 1000 + number, content),
        ]
    return captured


def _captured(
    event: int, transfer: int, endpoint: int, number: int, data: bytes, setup: bytes | None = None
) -> bytes:
    has_setup = 0 if setup is not None else ord("-")
    has_data = 0 if data else ord("<" if endpoint & 0x80 else ">")
    status = 0 if event == _COMPLETE else -115
    fields = (number, event, transfer, endpoint, _DEVICE, _BUS, has_setup, has_data, 0, 0, status)
    return _USBMON.pack(*fields, len(data), len(data), setup or bytes(8), 0, 0, 0, 0) + data
