"""The attributes of a reader (SCardGetAttrib) and its features (SCardControl; PC/SC part 10)."""

import logging
import struct
from enum import IntEnum
from typing import Final

from bifente.reader.pcsclite.codes import MAX_BUFFER_EXTENDED, Rv
from bifente.reader.pcsclite.handle import Handle, Refused
from bifente.reader.pcsclite.slot import PcscSlot
from bifente.reader.pinpad import Feature, PinPad, PinRequestError, pin_properties, tlv_properties


class Attribute(IntEnum):
    """The attributes that this reader has (PC/SC part 3, table 3-1; ``PCSC/reader.h``)."""

    VENDOR_NAME = 0x00010100
    VENDOR_IFD_TYPE = 0x00010101
    VENDOR_IFD_VERSION = 0x00010102
    VENDOR_IFD_SERIAL_NO = 0x00010103
    CHANNEL_ID = 0x00020110
    MAXINPUT = 0x0007A007
    CURRENT_PROTOCOL_TYPE = 0x00080201
    ICC_PRESENCE = 0x00090300
    ICC_INTERFACE_STATUS = 0x00090301
    ATR_STRING = 0x00090303
    ICC_TYPE_PER_ATR = 0x00090304
    DEVICE_UNIT = 0x7FFF0001
    DEVICE_FRIENDLY_NAME = 0x7FFF0003
    DEVICE_SYSTEM_NAME = 0x7FFF0004


_log = logging.getLogger(__name__)

VENDOR: Final = b"bifente\0"
MODEL: Final = b"virtual two-slot reader\0"
VERSION: Final = 0x01000000
"""1.0 as 0xMMmmbbbb."""

GET_FEATURE_REQUEST: Final = 0x42000000 + 3400
"""CM_IOCTL_GET_FEATURE_REQUEST (PC/SC part 10 v2.02.09 §2.2)."""
_FEATURE_BASE: Final = 0x42330000
"""Control codes of features: this plus the feature's tag, as readers with the CCID driver have them."""

_DWORD: Final = struct.Struct("=I")


def attribute(slot: PcscSlot, unit: int, which: int, room: int) -> bytes:
    """The value of an attribute. Refused: UNSUPPORTED_FEATURE, or INSUFFICIENT_BUFFER beyond *room* bytes."""
    value = _value(slot, unit, which)
    if value is None:
        raise Refused(Rv.UNSUPPORTED_FEATURE)
    if len(value) > room:
        raise TooLong(len(value))
    return value


class TooLong(Refused):
    """The client's buffer is too small; it is told the length."""

    def __init__(self, length: int) -> None:
        super().__init__(Rv.INSUFFICIENT_BUFFER)
        self.length = length


def _value(slot: PcscSlot, unit: int, which: int) -> bytes | None:
    match which:
        case Attribute.VENDOR_NAME:
            return VENDOR
        case Attribute.VENDOR_IFD_TYPE:
            return MODEL
        case Attribute.VENDOR_IFD_VERSION:
            return _DWORD.pack(VERSION)
        case Attribute.VENDOR_IFD_SERIAL_NO:
            return f"{unit:08d}\0".encode()
        case Attribute.CHANNEL_ID:
            return _DWORD.pack(0x0020_0000 | unit)  # 0x20: USB (PC/SC part 3 §3.1.6)
        case Attribute.CURRENT_PROTOCOL_TYPE:
            return _DWORD.pack(slot.protocol)
        case Attribute.ICC_PRESENCE:
            # 0 no card, 1 card there but not used, 2 card in place (PC/SC part 3, table 3-1)
            return b"\x02" if slot.present else b"\x00"
        case Attribute.ICC_INTERFACE_STATUS:
            return b"\x01" if slot.atr else b"\x00"
        case Attribute.ATR_STRING:
            return slot.atr
        case Attribute.ICC_TYPE_PER_ATR:
            return b"\x01" if slot.present else b"\x00"  # ISO/IEC 7816 asynchronous
        case Attribute.MAXINPUT:
            return _DWORD.pack(MAX_BUFFER_EXTENDED - 10)
        case Attribute.DEVICE_UNIT:
            return _DWORD.pack(unit)
        case Attribute.DEVICE_FRIENDLY_NAME | Attribute.DEVICE_SYSTEM_NAME:
            return slot.name.encode() + b"\0"
    return None


def control(slot: PcscSlot, handle: Handle, code: int, data: bytes, pin_pad: PinPad | None) -> bytes:
    """What the reader answers to a control code. Raises Refused."""
    if code == GET_FEATURE_REQUEST:
        return b"".join(
            struct.pack(">BBI", feature, 4, _FEATURE_BASE + feature) for feature in _features(pin_pad)
        )
    feature = code - _FEATURE_BASE
    if feature not in _features(pin_pad):
        raise Refused(Rv.UNSUPPORTED_FEATURE)
    if feature == Feature.GET_TLV_PROPERTIES:
        return tlv_properties(pin_pad)
    if feature == Feature.IFD_PIN_PROPERTIES:
        return pin_properties(pin_pad)
    assert pin_pad is not None

    def transmit(command: bytes) -> bytes:
        return slot.transmit(handle, slot.protocol, command)

    try:
        if feature == Feature.VERIFY_PIN_DIRECT:
            return pin_pad.verify(data, transmit, slot.name)
        return pin_pad.modify(data, transmit, slot.name)
    except PinRequestError as error:
        _log.warning("%s: the PIN pad refuses a request: %s", slot.name, error)
        raise Refused(Rv.INVALID_PARAMETER) from None


def _features(pin_pad: PinPad | None) -> tuple[Feature, ...]:
    asked = (Feature.IFD_PIN_PROPERTIES, Feature.GET_TLV_PROPERTIES)
    if pin_pad is None:
        return asked
    return (Feature.VERIFY_PIN_DIRECT, Feature.MODIFY_PIN_DIRECT, *asked)
