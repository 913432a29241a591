"""The reader suite's PC/SC cases about buffers: libpcsclite itself, for pyscard chooses their sizes by itself."""

import ctypes
import struct
from ctypes import util
from typing import Final

from bifente.conformance.case import Bench, Collection, Need, check, same
from bifente.conformance.errors import CannotRun
from bifente.conformance.pcsc.calls import ANY, RESET, SHARED, T0

CASES = Collection("reader")

_LIBRARY: Final = "PC/SC part 5"
_CPS: Final = ("cps3",)
_ATTR_ATR: Final = 0x00090303


class _Library:
    """libpcsclite itself, for what pyscard does not let one choose: the sizes of buffers."""

    def __init__(self) -> None:
        name = util.find_library("pcsclite")
        if name is None:
            raise CannotRun("needs libpcsclite (the sizes of buffers cannot be chosen through pyscard)")
        self._library = ctypes.CDLL(name)

    def call(self, function: str, *arguments: object) -> int:
        result: int = getattr(self._library, function)(*arguments)
        return result & 0xFFFFFFFF


_INSUFFICIENT: Final = 0x80100008
_UNSUPPORTED: Final = frozenset({0x8010001F, 0x80100022, 0x80100016})


def _native(bench: Bench) -> tuple[_Library, ctypes.c_long, ctypes.c_long]:
    library = _Library()
    context, card, protocol = ctypes.c_long(), ctypes.c_long(), ctypes.c_ulong()
    same(
        library.call("SCardEstablishContext", ctypes.c_ulong(0), None, None, ctypes.byref(context)),
        0,
        "SCardEstablishContext",
    )
    bench.afterwards(lambda: library.call("SCardReleaseContext", context))
    name = bench.card("cps3").place.encode()
    result = library.call(
        "SCardConnect",
        context,
        name,
        ctypes.c_ulong(SHARED),
        ctypes.c_ulong(ANY),
        ctypes.byref(card),
        ctypes.byref(protocol),
    )
    same(result, 0, "SCardConnect")
    return library, context, card


@CASES.case(
    "buffer-readers",
    "The length of the readers' names is told first, and a shorter buffer is refused",
    f"{_LIBRARY}, SCardListReaders",
    _CPS,
    Need.PCSC,
)
def _buffer_readers(bench: Bench) -> None:
    library, context, _ = _native(bench)
    size = ctypes.c_ulong(0)
    same(
        library.call("SCardListReaders", context, None, None, ctypes.byref(size)),
        0,
        "SCardListReaders without a buffer",
    )
    wanted = size.value
    check(wanted > len(bench.card("cps3").place), "the length told is too small")
    short = ctypes.c_ulong(wanted - 1)
    result = library.call(
        "SCardListReaders", context, None, ctypes.create_string_buffer(wanted), ctypes.byref(short)
    )
    same(f"{result:08X}", f"{_INSUFFICIENT:08X}", "SCardListReaders into a buffer one byte short")
    same(short.value, wanted, "the length told then")


@CASES.case(
    "buffer-transmit",
    "An answer that does not fit into the buffer is refused, and the next one is whole",
    f"{_LIBRARY}, SCardTransmit",
    _CPS,
    Need.PCSC,
)
def _buffer_transmit(bench: Bench) -> None:
    library, _, card = _native(bench)
    pci = struct.pack("@LL", T0, struct.calcsize("@LL"))
    select, read = bytes.fromhex("00A4020C022F00"), bytes.fromhex("00B0000010")
    same(
        library.call(
            "SCardReconnect",
            card,
            ctypes.c_ulong(SHARED),
            ctypes.c_ulong(ANY),
            ctypes.c_ulong(RESET),
            ctypes.byref(ctypes.c_ulong()),
        ),
        0,
        "SCardReconnect",
    )
    results = []
    for command, room in ((select, 258), (read, 17), (read, 18)):
        answer, size = ctypes.create_string_buffer(300), ctypes.c_ulong(room)
        results.append(
            library.call(
                "SCardTransmit",
                card,
                pci,
                command,
                ctypes.c_ulong(len(command)),
                None,
                answer,
                ctypes.byref(size),
            )
        )
    expected = [0, _INSUFFICIENT, 0]
    same(
        [f"{result:08X}" for result in results],
        [f"{result:08X}" for result in expected],
        "SCardTransmit into 258, 17 and 18 bytes",
    )
    same((size.value, answer.raw[16:18]), (18, b"\x90\x00"), "length and status word of the last answer")


@CASES.case(
    "buffer-attribute",
    "The length of an attribute is told first, and a shorter buffer is refused",
    f"{_LIBRARY}, SCardGetAttrib",
    _CPS,
    Need.PCSC,
)
def _buffer_attribute(bench: Bench) -> None:
    library, _, card = _native(bench)
    which, size = ctypes.c_ulong(_ATTR_ATR), ctypes.c_ulong(0)
    result = library.call("SCardGetAttrib", card, which, None, ctypes.byref(size))
    if result in _UNSUPPORTED:
        raise CannotRun("the driver does not tell the ATR as an attribute")
    same(result, 0, "SCardGetAttrib without a buffer")
    same(size.value, len(bench.link("cps3", fresh=False).atr), "the length told")
    short = ctypes.c_ulong(size.value - 1)
    result = library.call("SCardGetAttrib", card, which, ctypes.create_string_buffer(64), ctypes.byref(short))
    same(f"{result:08X}", f"{_INSUFFICIENT:08X}", "SCardGetAttrib into a buffer one byte short")
