"""Which bytes of a dialogue are secret: PINs, PUKs, keys, deciphered data.

One place decides it, for every ``repr``, log, trace, page and error. Three things are asked: who inserted a secret has
marked it (:mod:`bifente.apdu.marked`); the instruction says whether its data field is one; and where the lengths do not
add up, or the bytes look like a PIN without a command, nobody knows what stands where. When in doubt a byte is hidden.
"""

import re
from typing import Final

from bifente.apdu.errors import ApduError
from bifente.apdu.marked import Span, marks
from bifente.apdu.sdo import CHV_DATA_TAG, PRIVATE_KEY_TAG, SdoRequest

_REFERENCE_DATA: Final = frozenset({0x20, 0x21, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2C, 0x2D})
"""VERIFY, CHANGE REFERENCE DATA, DISABLE and ENABLE VERIFICATION REQUIREMENT, RESET RETRY COUNTER."""

_REFERENCE_P1: Final = frozenset({0x00, 0x01, 0x02, 0x03, 0xFF})
"""What their P1 can be (ISO/IEC 7816-4:2020 §11.6); another one may be a digit."""

_SHOWN: Final = frozenset({
    0x04, 0x0E, 0x0F, 0x22, 0x2A, 0x2B, 0x44, 0x46, 0x47, 0x70, 0x82, 0x84, 0x86, 0x87, 0x88, 0xA0, 0xA1, 0xA2,
    0xA4, 0xA8, 0xB0, 0xB1, 0xB2, 0xB3, 0xC0, 0xCA, 0xCB, 0xD0, 0xD1, 0xD2, 0xD6, 0xD7, 0xDC, 0xDD, 0xE0, 0xE2,
    0xE4, 0xE6, 0xE8, 0xEE, 0xF2, 0xFE,
})  # fmt: skip
"""Instructions whose data field is no secret by their standard (ISO/IEC 7816-4, -8, -9), and the echo EE of our T=1
test card. Of any other instruction nobody knows, so its data are hidden: PUT DATA and LOAD KEY FILE load keys, ENVELOPE
carries another command, a VERIFY that has lost its class byte is one of the unknown."""

_HIDDEN: Final = frozenset({0xC2, 0xC3, 0xD8, 0xDA, 0xDB})
"""ENVELOPE, LOAD KEY FILE of the CPS2ter, PUT DATA: known, and hidden all the same."""

_KNOWN: Final = _SHOWN | _REFERENCE_DATA | _HIDDEN

_PSO: Final = frozenset({0x2A, 0x2B})
_PLAIN: Final = 0x80
"""P1 or P2 of PSO: a plain value comes out (DECIPHER) or goes in (ENCIPHER) (ISO/IEC 7816-8:2021 §5.3)."""
_HASH: Final = 0x90
"""P1 of PSO HASH: what is hashed is no secret."""

_SESSION_KEYS: Final = frozenset({0x46, 0x48, 0x4A, 0x4C})
"""GenerateSessionKey to RecoverSessionKey of the CPS2ter, class A0 (ansforge/dops-cryptolib)."""

_LOAD_KEYS: Final = b"\xff\x82"
"""LOAD KEYS into the reader itself (PC/SC part 3 §3.2.2.1.4)."""

_SELDOM_SECRET: Final = _PSO | _SESSION_KEYS | {0x82}
"""Instructions of which the class or the parameters decide."""

_GET_DATA: Final = frozenset({0xCA, 0xCB})
_SECRET_OBJECTS: Final = tuple(tag.to_bytes(2, "big") for tag in (CHV_DATA_TAG, PRIVATE_KEY_TAG))
"""The value of a PIN and that of a private key, in an IAS-ECC card. A good card refuses them to GET DATA."""
_GET_RESPONSE: Final = 0xC0

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
    if start >= size:
        return marks(command)
    return (*marks(command), (start, size))


def _secret_start(raw: bytes, size: int) -> int:
    """Where what is secret begins; *size* or more when nothing is."""
    if size < 4:
        return 0 if size > 1 else size  # no command: nobody knows what it is
    instruction = raw[1]
    whole = _adds_up(raw, size)
    plausible = whole and raw[2:4] != _FILLING and raw[0] & 0xE0 != _RESERVED
    if plausible and instruction in _SHOWN:
        return _data_start(raw, size) if instruction in _SELDOM_SECRET and _secret_for_once(raw) else size
    start = size
    if not whole:
        start = 2
    elif instruction in _REFERENCE_DATA and size <= 5:
        start = _without_data(raw, size)
    elif instruction not in _SHOWN or _secret_for_once(raw):
        start = _data_start(raw, size)
    if plausible and instruction in _KNOWN and (size > 5 or raw[0] in _USUAL_CLASSES):
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
    """Of a VERIFY without data P3 may be a digit, and what is no P1 too."""
    if raw[2] not in _REFERENCE_P1:
        return 2
    return 4 if size == 5 and raw[4] else size


def _secret_for_once(raw: bytes) -> bool:
    """An instruction whose data are seldom secret, and this time are."""
    instruction = raw[1]
    if instruction in _PSO:
        return raw[3] == _PLAIN and raw[2] != _HASH
    return _session_key(raw) or raw[:2] == _LOAD_KEYS


def _session_key(raw: bytes) -> bool:
    return raw[0] & 0xFE == 0xA0 and raw[1] in _SESSION_KEYS


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
    if raw[1] in _GET_DATA:
        return _asks_for_secrets(raw)
    return (raw[1] in _PSO and raw[2] == _PLAIN) or _session_key(raw)


def _asks_for_secrets(raw: bytes) -> bool:
    """GET DATA on the value of a PIN or of a private key; a good card refuses it."""
    if raw[2:4] in _SECRET_OBJECTS:
        return True
    try:
        wanted = SdoRequest.parse(raw[5 : 5 + raw[4]] if len(raw) > 5 else b"").wanted
    except ApduError:
        # A header list that cannot be read is searched for the tags themselves.
        return any(tag in raw[4:] for tag in _SECRET_OBJECTS)
    return CHV_DATA_TAG in wanted or PRIVATE_KEY_TAG in wanted


def shown_command(command: bytes) -> str:
    """A command in hexadecimal, with ``**`` for each secret byte."""
    spans = secret_spans(command)
    if not spans:
        return bytes(command).hex().upper()
    digits = [f"{byte:02X}" for byte in bytes(command)]
    for start, end in spans:
        digits[start:end] = ["**"] * (end - start)
    return "".join(digits)


def shown_response(command: bytes, response: bytes) -> str:
    """An answer in hexadecimal, with ``**`` for each secret byte; the status word is always shown."""
    return _masked(response) if secret_response(command) else response.hex().upper()


def _masked(response: bytes) -> str:
    return "**" * max(0, len(response) - 2) + response[-2:].hex().upper()


_WAITS: Final = frozenset({b"\x61", b"\x9f"})
"""SW1 of an answer that waits for GET RESPONSE; 9F is that of SIM cards (3GPP TS 51.011 §9.4)."""
_ORDINARY: Final = _SHOWN - _SELDOM_SECRET - _GET_DATA - {_GET_RESPONSE}


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

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting = False

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
        if len(command) >= 2 and command[1] == _GET_RESPONSE:
            secret = self._waiting
            # What is left after a portion is still the same secret; a refusal leaves it where it is.
            if secret and len(response) > 2 and not waits:
                self._waiting = False
            return spans, secret
        secret = bool(spans) or _tells_secrets(command)
        if secret or waits:
            self._waiting = secret
        return spans, secret

    def shown(self, command: bytes, response: bytes) -> tuple[str, str]:
        """The next command and its answer in hexadecimal, with ``**`` for each secret byte."""
        _, secret = self.of(command, response)
        return shown_command(command), _masked(response) if secret else response.hex().upper()
