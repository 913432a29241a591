"""How a command APDU is written on the command line.

Two notations, told apart by themselves::

    compact   [CLA] INS [P1 P2] [":" DATA] ["/" [LE]] ["=" [SW]]      84/08=   A40400:A000000527=9000
    plain     CLA INS P1 P2 and at least one byte more, ["=" [SW]]    00A4040C023F00=9000

All parts are hexadecimal; blanks and line ends between digits are allowed. The head of the compact form has 2 digits
(INS), 4 (CLA INS), 6 (INS P1 P2) or 8 (all four); what is left out is 00. Lc is computed. LE has 2 digits (00, or none
at all, is 256) or 4, which makes the lengths extended (0000 is 65 536). More than 255 bytes of DATA make them extended
too. SW has four digits, of which any may be ``x`` for "whatever": ``=61xx``; ``=`` alone is ``=9000``.

The plain form is sent byte for byte, malformed or not: it is a tool for testing cards.
The compact form is that of Yubico's ``ykman apdu``; extended LE, ``x`` and blanks are ours.
"""

import re
from dataclasses import dataclass

from bifente.apdu import SW, ApduError, CommandAPDU
from bifente.apdu.secrecy import shown_command

_HEX = re.compile(r"[0-9A-Fa-f]*")
_SEPARATED = re.compile(r"[:;,-]|\b0[xX](?=[0-9A-Fa-f])|(?<=[0-9A-Fa-f]{2})[hH]\b")
_SHAPE = re.compile(r"(?P<head>[^:/=]*)(?::(?P<data>[^:/=]*))?(?:/(?P<le>[^:/=]*))?(?:=(?P<sw>[^:/=]*))?")
_SW = re.compile(r"[0-9A-Fa-fXx]{4}")


class NotationError(ApduError):
    """A command that is not written as it should be. The message quotes no DATA: they may hold a PIN."""

    hint = "plain hexadecimal, or [CLA]INS[P1P2][:DATA][/LE][=SW]; see bifente apdu send --help"


@dataclass(frozen=True, slots=True)
class ExpectedSW:
    """A status word of four hexadecimal digits, ``x`` where any digit will do."""

    pattern: str

    def matches(self, sw: SW) -> bool:
        """True when *sw* is one of those meant."""
        return all(want in ("x", have) for want, have in zip(self.pattern, f"{sw:04X}", strict=True))

    def __str__(self) -> str:
        return self.pattern


@dataclass(frozen=True, slots=True)
class WrittenCommand:
    """A command as it was written: the bytes to send and what is expected, None when nothing is."""

    raw: bytes
    expected: ExpectedSW | None

    def __repr__(self) -> str:
        return f"WrittenCommand({shown_command(self.raw)}, expected={self.expected})"


def parse_hex(text: str, what: str) -> bytes:
    """The bytes of hexadecimal *text*, blanks allowed. Raises NotationError, which names *what*."""
    digits = "".join(text.split())
    if not _HEX.fullmatch(digits):
        raise NotationError(f"{what}: only hexadecimal digits are allowed")
    if len(digits) % 2:
        raise NotationError(f"{what}: an odd number of hexadecimal digits ({len(digits)})")
    return bytes.fromhex(digits)


def parse_written(text: str, what: str) -> bytes:
    """The bytes of hexadecimal as people write it: ``3B AC``, ``3B:AC``, ``3B-AC``, ``0x3B, 0xAC``, ``3Bh ACh``.

    Raises NotationError, which names *what*.
    """
    return parse_hex(_SEPARATED.sub(" ", text), what)


def parse_command(text: str) -> WrittenCommand:
    """Read one command in either notation. Raises NotationError."""
    parts = _SHAPE.fullmatch(text.strip())
    if parts is None:
        raise NotationError("the parts of a command are, in this order, head, :DATA, /LE and =SW, each once")
    expected = None if parts["sw"] is None else parse_expected(parts["sw"])
    head = parse_hex(parts["head"], "the head of the command" if parts["data"] is not None else "the command")
    if not head:
        raise NotationError("a command begins with INS, or with CLA INS P1 P2")
    if len(head) > 4:
        if parts["data"] is not None or parts["le"] is not None:
            raise NotationError(f"before : or / there are at most 4 bytes (CLA INS P1 P2), not {len(head)}")
        return WrittenCommand(head, expected)
    cla, ins, p1, p2 = _header(head)
    data = parse_hex(parts["data"] or "", "DATA")
    ne, extended = _parse_le(parts["le"])
    return WrittenCommand(CommandAPDU.build(cla, ins, p1, p2, data, ne, extended=extended).raw, expected)


def parse_expected(text: str) -> ExpectedSW:
    """The part after ``=``; empty means 9000. Raises NotationError."""
    text = "".join(text.split()) or "9000"
    if not _SW.fullmatch(text):
        raise NotationError(f"a status word has four hexadecimal digits or x, not {text[:20]!r}")
    return ExpectedSW(text.upper().replace("X", "x"))


def _header(head: bytes) -> tuple[int, int, int, int]:
    match tuple(head):
        case (ins,):
            return 0, ins, 0, 0
        case (cla, ins):
            return cla, ins, 0, 0
        case (ins, p1, p2):
            return 0, ins, p1, p2
        case (cla, ins, p1, p2):
            return cla, ins, p1, p2
    raise NotationError("the head of a command has one to four bytes")


def _parse_le(text: str | None) -> tuple[int | None, bool]:
    if text is None:
        return None, False
    le = parse_hex(text, "LE")
    if len(le) > 2:
        raise NotationError(f"LE has one byte, or two for extended lengths, not {len(le)}")
    extended = len(le) == 2
    return int.from_bytes(le) or (65536 if extended else 256), extended
