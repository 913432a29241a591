"""Which bytes of a dialogue are secret: PINs, PUKs, keys, deciphered data.

One place decides it, for every ``repr``, log, trace, page and error. Three things are asked: who inserted a secret has
marked it (:class:`MarkedBytes`); the table of instructions says whether a data field is one
(:mod:`bifente.apdu.instructions`); and where the lengths do not add up, or the bytes look like a PIN without a command,
nobody knows what stands where. When in doubt a byte is hidden.
"""

import re
from typing import Final, SupportsIndex, overload

from bifente.apdu.classbyte import CLASS_BYTES, SecureMessaging
from bifente.apdu.errors import ApduError
from bifente.apdu.files.sdo import CHV_DATA_TAG, PRIVATE_KEY_TAG, SdoRequest
from bifente.apdu.instructions import (
    BY_CODE,
    GET_RESPONSE,
    PSO_HASH,
    PSO_PLAIN,
    TABLE,
    AnswerData,
    CommandData,
    Effect,
    codes,
    instruction,
)
from bifente.apdu.protectedobjects import is_protected, read_objects

Span = tuple[int, int]
"""A half-open range of bytes."""

SECRET_TAGS: Final = frozenset({CHV_DATA_TAG, PRIVATE_KEY_TAG})
"""Data objects whose content is never shown: the value of a PIN and a private key, in an IAS-ECC card."""


class MarkedBytes(bytes):
    """The bytes of a command or of its data field, and the ranges of them (:attr:`secret`) that nobody may be shown.

    It is equal to the same bytes without marks. Slices, and what is put before or behind it, keep the marks, for a T=0
    front cuts an Le off; ``bytes(command)`` is without. The ``repr`` shows ``**`` for each marked byte.
    """

    secret: tuple[Span, ...]

    def __new__(cls, raw: bytes, secret: tuple[Span, ...]) -> "MarkedBytes":
        """*raw* with the ranges *secret* marked; what reaches beyond its end is cut."""
        made = super().__new__(cls, raw)
        kept = ((max(start, 0), min(stop, len(raw))) for start, stop in secret)
        made.secret = tuple(span for span in kept if span[0] < span[1])
        return made

    @classmethod
    def whole(cls, raw: bytes) -> "MarkedBytes":
        """*raw*, all of it marked."""
        return cls(raw, ((0, len(raw)),))

    @overload
    def __getitem__(self, key: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> bytes: ...
    def __getitem__(self, key: SupportsIndex | slice) -> int | bytes:
        if not isinstance(key, slice):
            return super().__getitem__(key)
        part = super().__getitem__(key)
        first, _, step = key.indices(len(self))
        if step != 1:
            # Nobody turns a command round; should anybody, all of it is hidden.
            return MarkedBytes.whole(part)
        return MarkedBytes(part, tuple((start - first, stop - first) for start, stop in self.secret))

    def __add__(self, more: bytes) -> bytes:  # type: ignore[override] # bytes takes any buffer; commands are bytes
        behind = ((start + len(self), stop + len(self)) for start, stop in marks(more))
        return MarkedBytes(super().__add__(more), (*self.secret, *behind))

    def __radd__(self, before: bytes) -> bytes:
        size = len(before)
        return MarkedBytes(before.__add__(self), tuple((a + size, b + size) for a, b in self.secret))

    def __repr__(self) -> str:
        digits = [f"{byte:02X}" for byte in self]
        for start, stop in self.secret:
            digits[start:stop] = ["**"] * (stop - start)
        return f"MarkedBytes({''.join(digits)})"

    __str__ = __repr__


def marks(command: bytes) -> tuple[Span, ...]:
    """The ranges of *command* that whoever made it has marked as secret; none for plain bytes."""
    return command.secret if isinstance(command, MarkedBytes) else ()


_REFERENCE_P1: Final = frozenset({0x00, 0x01, 0x02, 0x03, 0xFF})
"""What P1 of an instruction with a PIN can be (ISO/IEC 7816-4:2020 §11.6); another one may be a digit."""

_SHOWN: Final = codes(lambda known: known.data in (CommandData.OPEN, CommandData.BY_P2), BY_CODE)
"""Instructions whose data field is seldom or never a secret, whatever their class. Of one that is not in the table nobody
knows, so its data are hidden: a VERIFY that has lost its class byte is one of the unknown."""
_REFERENCE_DATA: Final = codes(lambda known: known.data is CommandData.PIN, BY_CODE)
_KNOWN: Final = codes(lambda known: known.data is not CommandData.UNKNOWN, BY_CODE)
_SELDOM_SECRET: Final = _SHOWN & {known.code for known in TABLE if known.data is not CommandData.OPEN}
"""Instructions of which the class or the parameters decide."""

_SECRET_OBJECTS: Final = tuple(tag.to_bytes(2, "big") for tag in SECRET_TAGS)

_DIGITS: Final = re.compile(rb"[0-9]{3,}|(?:[0-9]\0){3,}|(?:\0[0-9]){4,}")
"""Digits as letters, of one byte or two."""
_PACKED: Final = re.compile(r"(?:2[4-9a-c])?[0-9]{4,16}(f*)")
"""Packed digits, filled up with F, perhaps behind control and length nibble (ISO 9564-1, format 2)."""
_USUAL_CLASSES: Final = frozenset({0x00, 0x80, 0x90, 0xA0})
"""The bytes that begin commands of their own makers; digits seldom begin so."""
_PIN_BLOCK: Final = 8
_FILLING: Final = b"\xff\xff"
_RESERVED: Final = 0x20
"""The three high bits of the classes that ISO/IEC 7816-4:2020 §5.4.1 reserves: ASCII digits begin so."""


def secret_spans(command: bytes) -> tuple[Span, ...]:
    """The half-open ranges of a command's bytes that must not be shown. Any byte string is accepted.

    The range of a data field reaches to the end of the command, an Le field included: when a terminal miscounts, the
    last digits of a PIN stand there. What was marked comes first; ranges may overlap.
    """
    size = len(command)
    start = _secret_start(command, size)
    if start >= size or _sealed(command):
        return marks(command)
    return (*marks(command), (start, size))


def _sealed(raw: bytes) -> bool:
    """A command under secure messaging, whose data nobody reads without the session keys."""
    size = len(raw)
    if size < 6 or not is_protected(raw[0]) or not _adds_up(raw, size):
        return False
    start = _data_start(raw, size)
    length = raw[4] or (raw[5] << 8 | raw[6])
    try:
        read_objects(raw[start : start + length], odd=bool(raw[1] & 1), answer=False)
    except ApduError:
        return False
    return True


def _sealed_answer(cla: int, response: bytes) -> bool:
    """The data of an answer to a command of such a class are enciphered as a whole."""
    if not is_protected(cla):
        return False
    for odd in (False, True):  # GET RESPONSE does not tell
        try:
            read_objects(response[:-2], odd=odd, answer=True)
        except ApduError:
            continue
        return True
    return False


def _secret_start(raw: bytes, size: int) -> int:
    """Where what is secret begins; *size* or more when nothing is."""
    if size < 4:
        return 0 if size > 1 else size  # no command: nobody knows what it is
    ins = raw[1]
    whole = _adds_up(raw, size)
    plausible = whole and raw[2:4] != _FILLING and raw[0] & 0xE0 != _RESERVED
    if plausible and ins in _SHOWN:
        return _data_start(raw, size) if ins in _SELDOM_SECRET and _secret_for_once(raw) else size
    start = size
    if not whole:
        start = 2
    elif ins in _REFERENCE_DATA and size <= 5:
        start = _without_data(raw, size)
    elif ins not in _SHOWN or _secret_for_once(raw):
        start = _data_start(raw, size)
    if plausible and ins in _KNOWN and (size > 5 or raw[0] in _USUAL_CLASSES):
        return start
    return min(start, _bare_pin(raw, size))


def _adds_up(raw: bytes, size: int) -> bool:
    """The length fields agree with the bytes that follow them (ISO/IEC 7816-3:2006 §12.1.3)."""
    if size <= 5:
        return True
    if raw[4]:
        return size - raw[4] in (5, 6)
    length = raw[5] << 8 | raw[6] if size > 6 else 0
    return size == 7 or (length > 0 and size - length in (7, 9))


def _data_start(raw: bytes, size: int) -> int:
    """Where the data field of a command begins whose lengths add up; two digits may look like an extended Le."""
    if size <= 5:
        return size
    return 5 if raw[4] or size == 7 else 7


def _without_data(raw: bytes, size: int) -> int:
    """Of a VERIFY without data P3 may be a digit, and what is not a P1 too."""
    if raw[2] not in _REFERENCE_P1:
        return 2
    return 4 if size == 5 and raw[4] else size


def _secret_for_once(raw: bytes) -> bool:
    """An instruction whose data are seldom secret, and this time are."""
    known = instruction(raw[0], raw[1])
    if known is None or known.data is CommandData.OPEN:
        return False
    return known.data is not CommandData.BY_P2 or (raw[3] == PSO_PLAIN and raw[2] != PSO_HASH)


def _bare_pin(raw: bytes, size: int) -> int:
    """Where a PIN seems to begin that was sent without a command, or with part of one; *size* when none does.

    A known instruction in a class that makers use is taken for one, also where its lengths lie, unless its parameters
    are filling.
    """
    known = raw[1] in _KNOWN and raw[0] & 0xE0 != _RESERVED
    usual = raw[0] in _USUAL_CLASSES
    packed = _PACKED.fullmatch(raw.hex()) if size <= 2 * _PIN_BLOCK else None
    if packed is not None and packed[1] and not (known and usual and raw[2:4] != _FILLING):
        return 0
    if known:
        return size
    digits = _DIGITS.search(raw)
    if digits is not None:
        return digits.start()
    if packed is not None and not usual:
        return 0
    # ISO 9564-1, formats 0, 1 and 3: a length nibble, two digits, the rest in disguise.
    return 0 if size == _PIN_BLOCK and raw[0] < 0x40 and 4 <= raw[0] & 0x0F <= 12 else size


def secret_response(command: bytes) -> bool:
    """True when the answer's data to this command must not be shown.

    A card may answer with what it was given, so the answer to a secret is one. GET RESPONSE fetches what another
    command has left: see :class:`DialogueSecrecy`.
    """
    return bool(secret_spans(command)) or _tells_secrets(command)


def _tells_secrets(raw: bytes) -> bool:
    if len(raw) < 4:
        return False
    known = instruction(raw[0], raw[1])
    if known is None or known.answer is AnswerData.OPEN:
        return False
    if known.answer is AnswerData.BY_OBJECT:
        return _asks_for_secrets(raw)
    return known.answer is AnswerData.HIDDEN or raw[2] == PSO_PLAIN


def _asks_for_secrets(raw: bytes) -> bool:
    """GET DATA on the value of a PIN or of a private key; a good card refuses it."""
    if raw[2:4] in _SECRET_OBJECTS:
        return True
    try:
        wanted = SdoRequest.parse(raw[5 : 5 + raw[4]] if len(raw) > 5 else b"").wanted
    except ApduError:
        # A header list that cannot be read is searched for the tags themselves.
        return any(tag in raw[4:] for tag in _SECRET_OBJECTS)
    return not SECRET_TAGS.isdisjoint(wanted)


def shown_command(command: bytes) -> str:
    """A command in hexadecimal, with ``**`` for each secret byte."""
    spans = secret_spans(command)
    if not spans:
        return bytes(command).hex().upper()
    digits = [f"{byte:02X}" for byte in bytes(command)]
    for start, end in spans:
        digits[start:end] = ["**"] * (end - start)
    return "".join(digits)


def _masked(response: bytes) -> str:
    return "**" * max(0, len(response) - 2) + response[-2:].hex().upper()


_WAITS: Final = frozenset({b"\x61", b"\x9f"})
"""SW1 of an answer that waits for GET RESPONSE; 9F is that of SIM cards (3GPP TS 51.011 §9.4)."""
_ORDINARY: Final = (
    _SHOWN
    - _SELDOM_SECRET
    - {
        known.code
        for known in TABLE
        if known.answer is not AnswerData.OPEN or known.effect is Effect.CONTINUES
    }
)


def _ordinary(raw: bytes) -> bool:
    """Nine commands of ten: certainly no secret, which is what the longer way would find too."""
    size = len(raw)
    if size < 5 or raw[1] not in _ORDINARY or raw[2] == 0xFF or raw[0] & 0xE0 == _RESERVED:
        return False
    return size == 5 or (raw[4] > 0 and size - raw[4] in (5, 6))


class DialogueSecrecy:
    """Tells for each exchange with one card, in order, what of it is secret; it must hear of every reset.

    A dialogue has a memory: deciphered data that wait for GET RESPONSE, an answer that echoes a PIN.
    """

    __slots__ = ("_class", "_waiting")

    def __init__(self) -> None:
        self._waiting = False
        self._class = 0

    def reset(self) -> None:
        """The card was reset or powered off: nothing waits any more."""
        self._waiting = False

    def of(self, command: bytes, response: bytes) -> tuple[tuple[Span, ...], bool]:
        """The secret ranges of the next command, and whether the data of its answer are secret."""
        if type(command) is bytes and _ordinary(command):
            if response[-2:-1] in _WAITS:
                self._waiting = False
            return (), False
        spans = secret_spans(command)
        waits = response[-2:-1] in _WAITS
        if len(command) >= 2 and command[1] == GET_RESPONSE:
            secret = self._waiting and not _sealed_answer(self._class, response)
            # What is left after a portion is still the same secret; a refusal leaves it where it is.
            if secret and len(response) > 2 and not waits:
                self._waiting = False
            return spans, secret
        secret = bool(spans) or _tells_secrets(command)
        if secret or waits:
            self._waiting = secret
            self._class = command[0] if command else 0
        secret = secret and not _sealed_answer(self._class, response)
        return spans, secret

    def shown(self, command: bytes, response: bytes) -> tuple[str, str]:
        """The next command and its answer in hexadecimal, with ``**`` for each secret byte."""
        _, secret = self.of(command, response)
        return shown_command(command), _masked(response) if secret else response.hex().upper()


_PRESENTING: Final = codes(lambda known: known.effect is Effect.PRESENTS_PIN)
_REPLACING: Final = codes(lambda known: known.effect is Effect.REPLACES_PIN)


def _plain_class(cla: int) -> bool:
    """Interindustry, one whole command, not under secure messaging: there INS means what ISO/IEC 7816-4 says."""
    meaning = CLASS_BYTES[cla]
    return meaning.interindustry and not meaning.chaining and meaning.secure_messaging is SecureMessaging.NONE


def is_verify(command: bytes) -> bool:
    """VERIFY, in a class that means it: its data field is one PIN (ISO/IEC 7816-4:2020 §11.6.6)."""
    return len(command) >= 4 and command[1] in _PRESENTING and _plain_class(command[0])


def is_change(command: bytes) -> bool:
    """CHANGE REFERENCE DATA or RESET RETRY COUNTER, in a class that means it (ISO/IEC 7816-4:2020 §11.6.7, §11.6.10)."""
    return len(command) >= 4 and command[1] in _REPLACING and _plain_class(command[0])
