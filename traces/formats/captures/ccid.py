"""USB CCID as Linux' usbmon captures it: the messages between computer and reader.

Written are the configuration descriptor (so that Wireshark knows the interface class), PC_to_RDR_XfrBlock and
RDR_to_PC_DataBlock for an exchange, IccPowerOn, IccPowerOff and NotifySlotChange for events (USB Device Class: Smart
Card CCID, revision 1.1, §5.1, §6). An IccPowerOn of a card without supply is a cold reset, else a warm one.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bifente.traces.errors import TraceError
from bifente.traces.formats.captures.packets import Packet
from bifente.traces.maskedbytes import MaskedBytes

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
_ALL: Final = _KNOWN | {0x61, 0x65, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x71, 0x72, 0x73, 0x82, 0x83, 0x84}
"""The messages of §6.1 and §6.2."""
_HEADER: Final = 10
_LONGEST: Final = _HEADER + 65556
_STORAGE_COMMAND: Final = b"USBC"
"""How each command to a mass storage device begins (USB Mass Storage Class, Bulk-Only Transport, §5.1)."""
_WITHOUT: Final = frozenset(b"<>Z")
"""Marks of usbmon for a packet that carries no data."""

Device = tuple[int, int]
"""Bus and address."""

_DEVICE, _BUS = 2, 1
_CCID_CLASS: Final = 0x0B
_FEATURES_TPDU, _FEATURES_APDU = 0x000100BA, 0x000404BE


@dataclass(frozen=True, slots=True)
class Message:
    """One message of CCID: of which device, in which direction, and its fields."""

    device: Device
    kind: int
    slot: int
    sequence: int
    data: bytes
    status: int = 0
    parameter: int = 0
    """wLevelParameter or bChainParameter."""
    missing: int = 0
    """How many bytes behind ``data`` were not captured."""

    @property
    def masked_bytes(self) -> MaskedBytes:
        """The data, with what was not captured hidden."""
        whole = self.data + bytes(self.missing)
        return MaskedBytes.hiding(whole, [(len(self.data), len(whole))])


@dataclass(frozen=True, slots=True)
class SlotChangeNotice:
    """RDR_to_PC_NotifySlotChange: which slots hold a card now."""

    device: Device
    present: tuple[int, ...]
    changed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Features:
    """The level of exchange of a reader, out of its class descriptor."""

    tpdu: bool


@dataclass(frozen=True, slots=True)
class _Transfer:
    """A packet that carries data."""

    device: Device
    endpoint: int
    kind: int
    data: bytes
    missing: int


class Bus:
    """Takes the packets of a USB bus and gives the messages of its card readers.

    Which endpoints are those of a reader is known from its descriptors. Where these were not captured, a device is taken
    for a reader when it answers a well-formed message with its number. A message may be longer than a packet, and a packet
    longer than its message.
    """

    def __init__(self) -> None:
        self._endpoints: dict[Device, frozenset[int]] = {}
        self._asked: dict[Device, tuple[int, int]] = {}
        self._readers: set[Device] = set()
        self._storage: set[Device] = set()
        self._begun: dict[tuple[Device, int], bytearray] = {}

    def take(self, packet: Packet) -> Iterator[Message | SlotChangeNotice | Features]:
        """What a packet completes. Raises TraceError for a damaged one."""
        found = _transfer(packet)
        if found is None:
            return
        if found.kind == _CONTROL:
            yield from self._described(found)
        elif found.kind == _INTERRUPT and self._is_reader(found):
            change = _slot_change(found.device, found.data)
            if change is not None:
                yield change
        elif found.kind == _BULK:
            yield from self._bulk(found)

    def _described(self, found: _Transfer) -> Iterator[Features]:
        described = _endpoints(found.data)
        if described is not None:
            self._endpoints[found.device] = described
            self._storage.discard(found.device)
        features = _features(found.data)
        if features is not None:
            yield features

    def _is_reader(self, found: _Transfer) -> bool:
        """The endpoint is known to be one of a reader."""
        endpoints = self._endpoints.get(found.device)
        return found.endpoint in endpoints if endpoints is not None else found.device in self._readers

    def _bulk(self, found: _Transfer) -> Iterator[Message]:
        if not self._is_reader(found) and not self._may_be_reader(found):
            return
        place = (found.device, found.endpoint)
        if not found.endpoint & 0x80:
            # What the host says next ends what it has not heard to the end.
            for other in [each for each in self._begun if each[0] == found.device and each[1] & 0x80]:
                yield from self._rest(other)
        data = self._begun.pop(place, None) or bytearray()
        data += found.data
        if data[0] not in _ALL or (data[0] < 0x80) == bool(found.endpoint & 0x80):
            return
        wanted = _HEADER + int.from_bytes(data[1:5], "little")
        if wanted > _LONGEST:
            return
        if len(data) < max(wanted, _HEADER) and not found.missing:
            self._begun[place] = data
        elif len(data) >= _HEADER and data[0] in _KNOWN:
            yield _message(found.device, bytes(data[:wanted]), max(wanted - len(data), 0))

    def _rest(self, place: tuple[Device, int]) -> Iterator[Message]:
        """A message that does not go on."""
        data = self._begun.pop(place, None)
        if data is not None and len(data) >= _HEADER and data[0] in _KNOWN:
            wanted = _HEADER + int.from_bytes(data[1:5], "little")
            yield _message(place[0], bytes(data), wanted - len(data))

    def end(self) -> Iterator[Message]:
        """What has begun and does not go on any more."""
        for place in list(self._begun):
            yield from self._rest(place)

    def _may_be_reader(self, found: _Transfer) -> bool:
        """Nobody has described the device: whether it speaks like a reader."""
        device, data = found.device, found.data
        if device in self._endpoints or device in self._storage:
            return False
        if data[:4] == _STORAGE_COMMAND and not found.endpoint & 0x80:
            self._storage.add(device)
            return False
        if len(data) < _HEADER or data[0] not in _ALL:
            return False
        answers = bool(found.endpoint & 0x80)
        if (data[0] >= 0x80) != answers:
            return False
        slot, sequence = data[5], data[6]
        if answers:
            if self._asked.get(device) != (slot, sequence):
                return False
            self._readers.add(device)
            return True
        if int.from_bytes(data[1:5], "little") != len(data) - _HEADER + found.missing:
            return False
        self._asked[device] = (slot, sequence)
        return True


def _message(device: Device, data: bytes, missing: int) -> Message:
    kind, _, slot, sequence = struct.unpack_from("<BIBB", data)
    answer = kind >= 0x80
    parameter = data[9] if answer else data[8] | data[9] << 8
    status = data[7] if answer else 0
    return Message(device, kind, slot, sequence, data[_HEADER:], status, parameter, missing)


def _transfer(packet: Packet) -> _Transfer | None:
    """A packet that carries data; None for any other."""
    data, number = packet.data, packet.number
    if packet.link == USBPCAP:
        if len(data) < 27:
            raise TraceError("the packet is cut off", number, "packet")
        size, _, status, _, _, bus, address, endpoint, kind, carried = struct.unpack_from("<HQIHBHHBBI", data)
        if status or size > len(data):
            return None
        missing = max(carried - (len(data) - size), packet.missing, 0)
        return _Transfer((bus, address), endpoint, kind, data[size:], missing)
    size = _USBMON.size if packet.link == USBMON_MMAPPED else _USBMON_SHORT
    if len(data) < size:
        raise TraceError("the packet is cut off", number, "packet")
    fields = _USBMON.unpack_from(data + bytes(16))
    _, event, kind, endpoint, address, bus, _, without, _, _, _, carried, *_ = fields
    # Data go out with the submission and come in with its completion.
    if without in _WITHOUT or len(data) == size or event != (_COMPLETE if endpoint & 0x80 else _SUBMIT):
        return None
    missing = max(carried - (len(data) - size), packet.missing, 0)
    return _Transfer((bus, address), endpoint, kind, data[size:], missing)


def _slot_change(device: Device, payload: bytes) -> SlotChangeNotice | None:
    if len(payload) < 2 or payload[0] != SLOT_CHANGE:
        return None
    bits = int.from_bytes(payload[1:9], "little")
    slots = range(4 * min(len(payload) - 1, 8))
    return SlotChangeNotice(
        device,
        tuple(slot for slot in slots if bits >> 2 * slot & 1),
        tuple(slot for slot in slots if bits >> 2 * slot & 2),
    )


def _endpoints(payload: bytes) -> frozenset[int] | None:
    """The endpoints of card readers that a configuration descriptor tells; None when it is not a whole one."""
    if len(payload) < 18 or payload[1] != 2 or payload[0] < 9:
        return None
    found: set[int] = set()
    interfaces = 0
    at, reader = 0, False
    while at + 2 <= len(payload) and payload[at] >= 2:
        size, kind = payload[at], payload[at + 1]
        if kind == 4 and at + 9 <= len(payload):
            interfaces += 1
            reader = payload[at + 5] == _CCID_CLASS
        elif kind == 0x21 and size == 0x36:
            reader = True  # readers before the standard say that they are of the vendor's own class
        elif kind == 5 and reader and at + 3 <= len(payload):
            found.add(payload[at + 2])
        at += size
    return frozenset(found) if interfaces else None


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
