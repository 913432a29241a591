"""Pseudonyms for what a real card says of a person: other letters for letters, other digits for digits, as many.

Which answers are meant: those of READ BINARY and READ RECORD, and of GET RESPONSE behind them, unless the file is known
to say nothing of a person; of a card that nobody knows, also those of GET DATA. The numbers of the card itself stay. In
BER-TLV, tags and lengths stay what they are, so the file can still be decoded. The same byte of the same file has the
same pseudonym throughout one trace, and another one in another trace.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final

from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.instructions import BER_TLV, Effect, Purpose, codes
from bifente.traces.explanation.cardstate import CardState
from bifente.traces.explanation.commands import read_target
from bifente.traces.maskedbytes import MaskedBytes

_READ: Final = codes(lambda known: known.holds_file and known.purpose is Purpose.READING)
_READ_OBJECT: Final = codes(lambda known: not known.holds_file and known.purpose is Purpose.READING)
_WRITE: Final = codes(lambda known: known.holds_file and known.purpose is Purpose.WRITING)
_ADDRESSING: Final = codes(lambda known: known.effect is Effect.ADDRESSES)
_CONTINUING: Final = codes(lambda known: known.effect is Effect.CONTINUES)
_PUBLIC_FILES: Final = frozenset({0x2F00, 0x2F01})
"""EF.DIR and EF.ATR (ISO/IEC 7816-4:2020 §12.2) hold no person's data on any card."""
_PUBLIC_NAMES: Final = frozenset({
    "EF.DIR", "EF.ATR", "EF.SN.ICC", "EF.ODF", "EF.ODF (CL)", "EF.CIAInfo", "EF.AODF", "EF.PrKDF", "EF.CDF", "EF.DODF",
    "EF.PAN", "EF.CVC", "EF.CVC.SHEET", "POINTERS",
})  # fmt: skip
"""Files of the described cards that tell of the card, not of its holder. A certificate tells a name."""

_DER_KEPT: Final = frozenset({0x01, 0x05, 0x06, 0x17, 0x18})
"""BOOLEAN, NULL, OBJECT IDENTIFIER and times: what makes a certificate one."""

_UNCHANGED: Final = frozenset({0x00, 0x20, 0xFF, *b"*+,-./:;<=>?[\\]^_{|}~\x7f"})


def _classes() -> list[bytes]:
    """For each byte, those among which its pseudonym is chosen."""
    upper, lower, digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"abcdefghijklmnopqrstuvwxyz", b"0123456789"
    table = []
    for byte in range(256):
        if byte in _UNCHANGED:
            table.append(bytes((byte,)))
        elif byte in digits:
            table.append(digits)
        elif byte in upper or byte == 0x40:
            table.append(upper)
        elif byte in lower or byte == 0x60:
            table.append(lower)
        elif byte < 0x20:
            table.append(bytes(each for each in range(1, 0x20) if each & 0x0F <= 9))
        elif byte < 0x30:
            table.append(bytes(range(0x21, 0x2A)))  # packed decimals, or ! to )
        else:
            table.append(bytes(range(0x80, 0xFF)))
    return table


_CLASSES: Final = _classes()


class Pseudonyms:
    """Replaces the personal data of one trace. *key* makes the choice repeatable; by default nobody knows it."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = secrets.token_bytes(32) if key is None else key
        self._walkers: dict[str, _Walker] = {}

    def replace(
        self, command: MaskedBytes, response: MaskedBytes, state: CardState, slot: str = ""
    ) -> tuple[MaskedBytes, MaskedBytes, str | None]:
        """The exchange with pseudonyms, and the file that was meant; None when it says nothing personal.

        *state* is that of the card before the exchange.
        """
        found = personal(command, response, state)
        if found is None:
            return command, response, None
        path = f"{slot}/{found.path}"
        if found.written:
            command = self._changed(command, found.start, found.stop, f"{path} written", found.offset)
        else:
            response = self._changed(response, found.start, found.stop, path, found.offset)
        return command, response, path

    def _changed(
        self, masked_bytes: MaskedBytes, start: int, stop: int, path: str, offset: int
    ) -> MaskedBytes:
        data = masked_bytes.shown[start:stop]
        walker = self._walkers.get(path)
        if walker is None or offset <= 0:
            walker = self._walkers[path] = _Walker(data)
        kept = walker.structure(data, max(offset, 0))
        stream = _stream(self._key, path, max(offset, 0), len(data))
        changed = bytearray(masked_bytes.shown)
        for at, byte in enumerate(data):
            if not kept[at]:
                choice = _CLASSES[byte]
                changed[start + at] = choice[stream[at] % len(choice)]
        return MaskedBytes.hiding(bytes(changed), masked_bytes.hidden)


@dataclass(frozen=True, slots=True)
class Personal:
    """Which bytes of an exchange say something of a person: of the command when they are written, else of the answer."""

    path: str
    """The file, by a name."""
    offset: int
    """Where in the file they stand; −1 when nobody knows."""
    written: bool
    start: int
    stop: int


def personal(command: MaskedBytes, response: MaskedBytes, state: CardState) -> Personal | None:
    """What an exchange says of a person, with a card that was in *state* before it; None when it says nothing."""
    if command.hides(2, 5):
        return None
    try:
        asked = meant = CommandAPDU.parse(command.shown)
        if asked.ins in _CONTINUING and state.waiting is not None:
            meant = CommandAPDU.parse(state.waiting.command)
    except ApduError:
        return None
    reads = meant.ins in _READ or (meant.ins in _READ_OBJECT and state.layout is None)
    writes = asked.ins in _WRITE
    place = _place(meant, state) if reads or writes else None
    if place is None:
        return None
    path, offset = place
    if asked.ins in _CONTINUING or meant.ins not in _READ | _WRITE or meant.ins & BER_TLV:
        offset = -1  # somewhere: what comes is taken by itself
    if writes and asked.data:
        start = command.shown.index(asked.data, 4) if len(command) > 5 else len(command)
        return Personal(path, offset, True, start, start + len(asked.data))
    return Personal(path, offset, False, 0, len(response) - 2) if len(response) > 2 else None


def _place(command: CommandAPDU, state: CardState) -> tuple[str, int] | None:
    """The file that is read or written, by a name, and the offset; None when it holds nothing personal."""
    if command.ins in _ADDRESSING:
        file, sfi, offset = read_target(command, state)
        if file is not None:
            if file.name in _PUBLIC_NAMES and not file.personal:
                return None
            return f"{state.directory_name}/{file.name}", offset
        if sfi is None and state.fid in _PUBLIC_FILES:
            return None
        return f"{state.directory_name}/{'SFI ' + str(sfi) if sfi is not None else state.file_name}", offset
    return f"{state.directory_name}/{state.file_name}/{command.ins:02X}{command.p1:02X}{command.p2:02X}", 0


_BLOCK: Final = 32


def _stream(key: bytes, path: str, offset: int, size: int) -> bytes:
    """Bytes that depend on the place alone."""
    first, last = offset // _BLOCK, (offset + size) // _BLOCK
    blocks = b"".join(
        hmac.digest(key, f"{path}:{number}".encode(), hashlib.sha256) for number in range(first, last + 1)
    )
    return blocks[offset - first * _BLOCK :][:size]


class _Walker:
    """Tells tags and lengths of BER-TLV from values while a file is read portion by portion.

    A file that does not begin with a constructed data object is taken to be all values.
    """

    __slots__ = ("_count", "_expected", "_keep", "_left", "_phase", "_tag", "_tlv")

    def __init__(self, beginning: bytes) -> None:
        self._tlv = (
            len(beginning) > 1 and beginning[0] & 0x20 == 0x20 and beginning[0] not in b" -./?>=<;:+*,"
        )
        self._expected = 0
        self._phase = "tag"
        self._tag = 0
        self._left = 0
        self._count = 0
        self._keep = False

    def structure(self, data: bytes, offset: int) -> list[bool]:
        """For each byte whether it belongs to the structure and has to stay."""
        if not self._tlv or offset != self._expected:
            self._tlv = False  # what was not read in order cannot be told apart
            return [False] * len(data)
        self._expected += len(data)
        return [self._next(byte) for byte in data]

    def _next(self, byte: int) -> bool:
        if self._phase == "value":
            self._left -= 1
            if self._left == 0:
                self._phase = "tag"
            return self._keep
        if self._phase == "tag":
            if byte in (0x00, 0xFF):
                return True
            self._tag = byte
            self._phase = "more tag" if byte & 0x1F == 0x1F else "length"
        elif self._phase == "more tag":
            self._phase = "more tag" if byte & 0x80 else "length"
        elif self._phase == "length":
            if byte > 0x80:
                self._count, self._left, self._phase = byte & 0x7F, 0, "more length"
            else:
                self._begin(byte)
        else:
            self._left = self._left << 8 | byte
            self._count -= 1
            if self._count == 0:
                self._begin(self._left)
        return True

    def _begin(self, length: int) -> None:
        """The value begins; that of a constructed object is more objects."""
        self._left = length
        self._phase = "tag" if self._tag & 0x20 or length == 0 else "value"
        self._keep = self._tag in _DER_KEPT or (self._tag == 0x02 and length == 1)
