"""The PIN pad of a terminal: PC/SC part 10, *IFDs with Secure PIN Entry Capabilities*.

A program sends a template of VERIFY, CHANGE REFERENCE DATA or RESET RETRY COUNTER; the terminal has the PIN typed,
sets it in, and sends the command to the card. The program learns the status word only. The digits never reach an
error, a log or a ``repr``: the command that carries them is a :class:`~bifente.apdu.secrecy.MarkedBytes`.

A template of any other command is refused before anybody types: UPDATE BINARY would write the PIN into a file that
the program then reads.

Who "types" is an :class:`Entry`: a script, a prompt, somebody who cancels or does nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum, StrEnum
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

from bifente.apdu.secrecy import MarkedBytes, is_change, is_verify
from bifente.slotted import dataclass

if TYPE_CHECKING:
    from construct import Struct


class Feature(IntEnum):
    """Features of PC/SC part 10 §2.3."""

    VERIFY_PIN_DIRECT = 0x06
    MODIFY_PIN_DIRECT = 0x07
    IFD_PIN_PROPERTIES = 0x0A
    GET_TLV_PROPERTIES = 0x12


class PinRequestError(Exception):
    """The structure of a PIN request, or its template, is not what PC/SC part 10 says."""


class EntryCancelled(Exception):
    """The cancel key was pressed."""


class EntryTimedOut(Exception):
    """Nobody pressed a key in time."""


class Ask(StrEnum):
    """What is to be typed."""

    PIN = "PIN"
    CURRENT = "current PIN"
    NEW = "new PIN"
    AGAIN = "new PIN again"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the display says: which secret, for the card in which slot, between how many digits, for how many seconds."""

    ask: Ask
    slot: str
    least: int
    most: int
    seconds: int


class Entry(Protocol):
    """Whoever sits before the terminal."""

    def enter(self, prompt: Prompt) -> str:
        """The digits typed. Raises EntryCancelled or EntryTimedOut."""


class Scripted:
    """Types the given entries one after the other, then begins again.

    An entry is a string of digits, or the word ``cancel`` or ``timeout``.
    """

    __slots__ = ("_entries", "_lock", "_rest")

    def __init__(self, entries: Iterable[str]) -> None:
        self._entries = tuple(entries)
        if not self._entries:
            raise ValueError("a script of a PIN pad has at least one entry")
        self._rest: Iterator[str] = iter(())
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"<Scripted PIN pad, {len(self._entries)} entries>"

    def enter(self, prompt: Prompt) -> str:
        """The next entry."""
        with self._lock:
            entry = next(self._rest, None)
            if entry is None:
                self._rest = iter(self._entries)
                entry = next(self._rest)
        if entry == "cancel":
            raise EntryCancelled
        if entry == "timeout":
            raise EntryTimedOut
        return entry


SW_TIMEOUT: Final = 0x6400
SW_CANCELLED: Final = 0x6401
SW_MISMATCH: Final = 0x6402
SW_WRONG_SIZE: Final = 0x6403
"""What a PIN pad itself answers (PC/SC part 10 §2.5.2 and §2.5.3)."""

MIN_DIGITS: Final = 4
MAX_DIGITS: Final = 12
DEFAULT_SECONDS: Final = 30

CONFIRM_NEW: Final = 0x01
ASK_CURRENT: Final = 0x02

_DISPLAY: Final = 0x0210
"""Two lines of sixteen characters."""
_ON_OK: Final = 0x02
"""An entry ends with the validation key."""
_MAX_APDU_DATA: Final = 0x10000

Transmit = Callable[[bytes], bytes]


class PinPad:
    """A PIN pad before one person. Entries come one at a time, whichever slot they are for."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._busy = Lock()

    def verify(self, request: bytes, transmit: Transmit, slot: str) -> bytes:
        """FEATURE_VERIFY_PIN_DIRECT: the card's status word, or one of the pad's own. Raises PinRequestError."""
        from bifente.reader.pinrequests import VERIFY

        asked = _parse(VERIFY, request)
        if not is_verify(asked.data):
            raise PinRequestError("the template is not VERIFY (INS 20 or 21) in a plain interindustry class")
        block = _Block.of(asked)
        try:
            with self._busy:
                pin = self._typed(Ask.PIN, asked, slot)
        except _Answer as answer:
            return answer.status
        body = block.set_in(_body(asked.data), 0, pin)
        return transmit(_command(asked.data, body))[-2:]

    def modify(self, request: bytes, transmit: Transmit, slot: str) -> bytes:
        """FEATURE_MODIFY_PIN_DIRECT: the card's status word, or one of the pad's own. Raises PinRequestError."""
        from bifente.reader.pinrequests import MODIFY

        asked = _parse(MODIFY, request)
        if not is_change(asked.data):
            raise PinRequestError(
                "the template is not CHANGE REFERENCE DATA (INS 24 or 25) or RESET RETRY COUNTER (2C or 2D) "
                "in a plain interindustry class"
            )
        block = _Block.of(asked)
        old = None
        try:
            with self._busy:
                if asked.confirm & ASK_CURRENT:
                    old = self._typed(Ask.CURRENT, asked, slot)
                new = self._typed(Ask.NEW, asked, slot)
                if asked.confirm & CONFIRM_NEW and self._typed(Ask.AGAIN, asked, slot) != new:
                    return SW_MISMATCH.to_bytes(2)
        except _Answer as answer:
            return answer.status
        body = _body(asked.data)
        offset_new = asked.offset_new
        if old is not None:
            body = block.set_in(body, asked.offset_old, old)
            if not block.size:
                # Blocks as long as their PINs: the new one follows the old one.
                offset_new = max(offset_new, asked.offset_old + len(block.coded(old)))
        body = block.set_in(body, offset_new, new)
        return transmit(_command(asked.data, body))[-2:]

    def _typed(self, ask: Ask, asked: "_Asked", slot: str) -> str:
        least = asked.min_digits or MIN_DIGITS
        most = asked.max_digits or MAX_DIGITS
        try:
            digits = self._entry.enter(Prompt(ask, slot, least, most, asked.timeout or DEFAULT_SECONDS))
        except EntryCancelled:
            raise _Answer(SW_CANCELLED) from None
        except EntryTimedOut:
            raise _Answer(SW_TIMEOUT) from None
        if not (digits.isascii() and digits.isdigit() and least <= len(digits) <= most):
            raise _Answer(SW_WRONG_SIZE)
        return digits


class _Answer(Exception):
    """The pad answers itself; the card is not asked."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04X}")
        self.status = status.to_bytes(2)


class _Asked(Protocol):
    """What the two requests have in common."""

    timeout: int
    format: int
    block: int
    length_format: int
    max_digits: int
    min_digits: int
    data: bytes


def _parse(declared: "Struct", request: bytes) -> "_AskedModify":
    from construct import ConstructError

    try:
        asked: _AskedModify = declared.parse(request)
    except ConstructError:
        raise PinRequestError("not the structure of a PIN request") from None
    if len(asked.data) < 4:
        raise PinRequestError("the template is not a command")
    return asked


class _AskedModify(_Asked, Protocol):
    offset_old: int
    offset_new: int
    confirm: int


@dataclass(frozen=True, slots=True)
class _Block:
    """How a PIN stands in a command (CCID 1.1 §6.1.11, which PC/SC part 10 refers to)."""

    size: int
    """Bytes of the block; 0: as long as the PIN."""
    position: int
    """Bits before the PIN, counted from the beginning of the data field (or of the insertion offset)."""
    right: bool
    coding: int
    """0 binary, 1 BCD, 2 ASCII."""
    length_bits: int
    length_position: int
    """Bits before the field that says how many digits there are."""

    @classmethod
    def of(cls, asked: _Asked) -> "_Block":
        unit = 8 if asked.format & 0x80 else 1
        length_unit = 8 if asked.length_format & 0x10 else 1
        coding = asked.format & 0x03
        if coding == 3:
            raise PinRequestError("no such coding of a PIN")
        position = (asked.format >> 3 & 0x0F) * unit
        if position % 8:
            raise PinRequestError("a PIN begins at a whole byte")
        return cls(
            asked.block & 0x0F,
            position,
            bool(asked.format & 0x04),
            coding,
            asked.block >> 4,
            (asked.length_format & 0x0F) * length_unit,
        )

    def coded(self, pin: str) -> bytes:
        """The digits in their coding; an odd number of BCD digits ends with F."""
        if self.coding == 2:
            return pin.encode("ascii")
        if self.coding == 1:
            return bytes.fromhex(pin + "F" * (len(pin) % 2))
        return bytes(int(digit) for digit in pin)

    def set_in(self, body: bytes, offset: int, pin: str) -> bytes:
        """*body* with the PIN at *offset*; bytes that the template does not give are FF."""
        coded = self.coded(pin)
        start = offset + self.position // 8
        size = self.size or len(coded)
        if len(coded) > size:
            raise PinRequestError("the PIN does not fit into its block")
        made = bytearray(body.ljust(start + size, b"\xff"))
        if not self.size:
            del made[start + size :]
        at = start + size - len(coded) if self.right else start
        made[at : at + len(coded)] = coded
        if self.length_bits:
            _set_bits(made, offset * 8 + self.length_position, self.length_bits, len(pin))
        return bytes(made)


def _set_bits(body: bytearray, position: int, bits: int, value: int) -> None:
    """Write *value* into *bits* bits at *position*, the most significant bit of a byte first."""
    total = len(body) * 8
    if position + bits > total or value >> bits:
        raise PinRequestError("the length of the PIN does not fit into its field")
    shift = total - position - bits
    whole = int.from_bytes(body)
    whole = whole & ~((1 << bits) - 1 << shift) | value << shift
    body[:] = whole.to_bytes(len(body))


def _body(template: bytes) -> bytes:
    """The data field of a template command, as far as it is there; its Lc may be missing."""
    if len(template) <= 5:
        return b""
    return template[5 : 5 + template[4]]


def _command(template: bytes, body: bytes) -> MarkedBytes:
    """The command with what was typed; all of its data field is marked, for nothing in it is the program's to see."""
    if len(body) > 255:
        raise PinRequestError("the command gets too long")
    made = template[:4] + bytes((len(body),)) + body
    return MarkedBytes(made, ((5, len(made)),))


def pin_properties(pin_pad: PinPad | None) -> bytes:
    """The answer to FEATURE_IFD_PIN_PROPERTIES; no display when there is no PIN pad."""
    from bifente.reader.pinrequests import PIN_PROPERTIES

    display, validation = (_DISPLAY, _ON_OK) if pin_pad else (0, 0)
    made: bytes = PIN_PROPERTIES.build({"display": display, "validation": validation, "timeout_2": 0})
    return made


def tlv_properties(pin_pad: PinPad | None) -> bytes:
    """The answer to FEATURE_GET_TLV_PROPERTIES (PC/SC part 10 §2.6.14): tag, length, value (little-endian)."""
    values: list[tuple[int, bytes]] = []
    if pin_pad is not None:
        values += [
            (1, _DISPLAY.to_bytes(2, "little")),
            (2, bytes((_ON_OK,))),
            (3, b"\0"),
            (6, bytes((MIN_DIGITS,))),
            (7, bytes((MAX_DIGITS,))),
        ]
    values += [
        (8, b"bifente"),
        (10, _MAX_APDU_DATA.to_bytes(4, "little")),
        (11, (0).to_bytes(2, "little")),
        (12, (0).to_bytes(2, "little")),
    ]
    return b"".join(bytes((tag, len(value))) + value for tag, value in values)
