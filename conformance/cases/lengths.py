"""The reader suite's APDU cases: 1 to 4, short and extended, at the boundaries, on the T=1 test card.

The card answers ``EE`` with the data it was sent, cut to Le, or with Le zero bytes, and has a file of 65 536 bytes.
"""

from typing import Final

from bifente.apdu.command import CommandAPDU
from bifente.apdu.instructions import ECHO, READ_BINARY, UPDATE_BINARY
from bifente.conformance.case import Bench, Collection, Need, same
from bifente.conformance.errors import Nonconformity

CASES = Collection("reader")

_T1: Final = ("t1test",)
_OK: Final = b"\x90\x00"


def _pattern(size: int) -> bytes:
    """Bytes that differ from their neighbours at every power of two: a shift or a cut shows."""
    return bytes((at * 7 + (at >> 8)) & 0xFF for at in range(size))


def _exchange(bench: Bench, command: CommandAPDU, expected: bytes, what: str) -> None:
    answer = bench.link("t1test").transmit(command.raw)
    if answer == expected + _OK:
        return
    if answer[-2:] != _OK:
        raise Nonconformity(f"{what} is answered {answer[-2:].hex().upper()}, not 9000")
    same(len(answer) - 2, len(expected), f"{what}: bytes of data")
    first = next(
        at for at, (found, right) in enumerate(zip(answer, expected, strict=False)) if found != right
    )
    raise Nonconformity(f"{what}: byte {first} is {answer[first]:02X}, not {expected[first]:02X}")


@CASES.case("case-1", "Case 1: no data either way", "ISO/IEC 7816-3:2006 §12.1", _T1)
def _case_1(bench: Bench) -> None:
    _exchange(bench, CommandAPDU.build(0, ECHO), b"", "case 1")


def _declare(name: str, size: int, wanted: int | None, *, extended: bool) -> None:
    form = "extended" if extended else "short"
    words = [f"{size} bytes of data"] if size else []
    words += [f"Le = {wanted}"] if wanted is not None else []

    @CASES.case(name, f"{form}: {', '.join(words)}", "ISO/IEC 7816-3:2006 §12.1", _T1)
    def _run(bench: Bench) -> None:
        data = _pattern(size)
        expected = b"" if wanted is None else data[:wanted] if data else bytes(wanted)
        _exchange(bench, CommandAPDU.build(0, ECHO, 0, 0, data, wanted, extended=extended), expected, name)


for _wanted in (1, 2, 255, 256):
    _declare(f"case-2s-{_wanted}", 0, _wanted, extended=False)
for _wanted in (1, 255, 256, 257, 65535, 65536):
    _declare(f"case-2e-{_wanted}", 0, _wanted, extended=True)
for _size in (1, 2, 254, 255):
    _declare(f"case-3s-{_size}", _size, None, extended=False)
for _size in (1, 255, 256, 257, 65535):
    _declare(f"case-3e-{_size}", _size, None, extended=True)
for _size, _wanted in ((1, 1), (255, 255), (255, 256), (255, 1), (1, 256)):
    _declare(f"case-4s-{_size}-{_wanted}", _size, _wanted, extended=False)
for _size, _wanted in (
    (1, 1),
    (255, 257),
    (256, 256),
    (257, 257),
    (257, 256),
    (32768, 32767),
    (65535, 65535),
    (65535, 65536),
):
    _declare(f"case-4e-{_size}-{_wanted}", _size, _wanted, extended=True)


@CASES.case(
    "t1-answers-at-once",
    "Under T=1 the answer comes at once: neither 61xx nor 6Cxx",
    "ISO/IEC 7816-3:2006 §12.1",
    _T1,
)
def _at_once(bench: Bench) -> None:
    link = bench.link("t1test")
    answer = link.transmit(bytes.fromhex("00A40004023F0000"))
    same(answer[-2:], _OK, "the status word of SELECT with Le = 00")
    same(answer[:1], b"\x62", "the first byte of the FCP")
    same(link.transmit(bytes.fromhex("00C0000000")), b"\x6d\x00", "GET RESPONSE, which nobody needs")


@CASES.case(
    "large-file", "A file of 65 536 bytes reads at every boundary", "ISO/IEC 7816-4:2020 §11.3.3", _T1
)
def _large(bench: Bench) -> None:
    link = bench.link("t1test")
    same(link.transmit(bytes.fromhex("00A4020C021001")), _OK, "SELECT the large file")
    whole = link.transmit(bytes.fromhex("00B00000000000"))
    same((len(whole) - 2, whole[-2:]), (65536, _OK), "bytes read at once and status word")
    for offset, size in ((0, 255), (1, 256), (255, 257), (0x7F00, 256), (0x7FFF, 1)):
        command = CommandAPDU.build(0, READ_BINARY, offset >> 8, offset & 0xFF, b"", size)
        answer = link.transmit(command.raw)
        same(answer[-2:], _OK, f"the status word of {size} bytes from {offset}")
        if answer[:-2] != whole[offset : offset + size]:
            raise Nonconformity(f"{size} bytes from {offset} are not those of the whole")


@CASES.case(
    "large-update",
    "What is written with an extended command is read back",
    "ISO/IEC 7816-4:2020 §11.3.5",
    _T1,
    Need.DESTRUCTIVE,
)
def _update(bench: Bench) -> None:
    link = bench.link("t1test")
    same(link.transmit(bytes.fromhex("00A4020C021001")), _OK, "SELECT the large file")
    old = link.transmit(CommandAPDU.build(0, READ_BINARY, 0x12, 0x34, b"", 1000).raw)[:-2]
    restore = CommandAPDU.build(0, UPDATE_BINARY, 0x12, 0x34, old).raw
    bench.afterwards(lambda: link.transmit(restore))
    data = _pattern(1000)
    same(
        link.transmit(CommandAPDU.build(0, UPDATE_BINARY, 0x12, 0x34, data).raw),
        _OK,
        "UPDATE BINARY of 1 000 bytes",
    )
    link.cold_reset()
    same(link.transmit(bytes.fromhex("00A4020C021001")), _OK, "SELECT the large file")
    found = link.transmit(CommandAPDU.build(0, READ_BINARY, 0x12, 0x34, b"", 1000).raw)
    same(found == data + _OK, True, "what was written is read after a cold reset")


@CASES.case(
    "lengths-do-not-add-up",
    "Lc that does not agree with the data is refused",
    "ISO/IEC 7816-4:2020 §5.6, 6700",
    _T1,
)
def _refused(bench: Bench) -> None:
    link = bench.link("t1test")
    for text in ("00EE000005AABB", "00EE0000000002AA", "00EE0000020102030405"):
        same(link.transmit(bytes.fromhex(text)), b"\x67\x00", f"the answer to {text}")
