"""What must not stand in a trace, decided while it is recorded: PINs, PUKs, keys, deciphered data.

``bifente.apdu.secrets`` knows it for one command, and who inserted a secret has marked it (``bifente.apdu.marked``). A
dialogue needs memory besides: deciphered data that wait for GET RESPONSE, an answer that echoes a PIN, a command in
several ENVELOPEs. When in doubt a byte is hidden.
"""

from typing import Final

from bifente.apdu.errors import ApduError
from bifente.apdu.marked import marks
from bifente.apdu.sdo import CHV_DATA_TAG, PRIVATE_KEY_TAG, SdoRequest
from bifente.apdu.secrets import secret_response, secret_span
from bifente.traces.octets import Octets

_GET_RESPONSE: Final = 0xC0
_REFERENCE_DATA: Final = frozenset({0x20, 0x21, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2C, 0x2D})
_SHOWN: Final = frozenset({
    0x04, 0x0E, 0x0F, 0x22, 0x2A, 0x2B, 0x44, 0x46, 0x47, 0x70, 0x82, 0x84, 0x86, 0x87, 0x88, 0xA0, 0xA1, 0xA2,
    0xA4, 0xA8, 0xB0, 0xB1, 0xB2, 0xB3, 0xC0, 0xCA, 0xCB, 0xD0, 0xD1, 0xD2, 0xD6, 0xD7, 0xDC, 0xDD, 0xE0, 0xE2,
    0xE4, 0xE6, 0xE8, 0xEE, 0xF2, 0xFE,
})  # fmt: skip
"""Instructions whose data field is no secret by their standard (ISO/IEC 7816-4, -8, -9), and the echo EE of our T=1
test card. Of any other instruction nobody knows, so its data are hidden: a VERIFY that has lost its class byte is one.
"""

_PSO: Final = frozenset({0x2A, 0x2B})
_PLAIN: Final = 0x80
"""P1 or P2 of PSO: a plain value comes out or goes in (ISO/IEC 7816-8:2021 §5.3). What is hashed is no secret."""

_HASH: Final = 0x90

_GET_DATA: Final = frozenset({0xCA, 0xCB})
_SESSION_KEYS: Final = frozenset({0x46, 0x48, 0x4A, 0x4C})
"""GenerateSessionKey to RecoverSessionKey of the CPS2ter, class A0 (ansforge/dops-cryptolib)."""


class Masker:
    """Masks one dialogue with one card; it must see every command in order, and every reset."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting = False

    def reset(self) -> None:
        """The card was reset or powered off: nothing waits any more."""
        self._waiting = False

    def mask(self, command: bytes, response: bytes) -> tuple[Octets, Octets]:
        """The next command and its answer, without what is secret in them."""
        spans = [*marks(command), *_command_spans(command)]
        status = response[-2:]
        waits = status[:1] in (b"\x61", b"\x9f") and len(response) >= 2
        if len(command) >= 2 and command[1] == _GET_RESPONSE:
            secret = self._waiting
            # What is left after a portion is still the same secret; a refusal leaves it where it is.
            if secret and len(response) > 2 and not waits:
                self._waiting = False
        else:
            secret = bool(spans) or _secret_answer(command)
            if secret or waits:
                self._waiting = secret
        hidden = [(0, len(response) - 2)] if secret else []
        return Octets.hiding(command, spans), Octets.hiding(response, hidden)


def _command_spans(raw: bytes) -> list[tuple[int, int]]:
    size = len(raw)
    if size < 5:
        return []
    instruction = raw[1]
    if size == 5:
        # A case 2 has nothing to hide, but P3 of a VERIFY without data may be a digit.
        return [(4, 5)] if instruction in _REFERENCE_DATA and raw[4] else []
    plain_in = instruction in _PSO and raw[3] == _PLAIN and raw[2] != _HASH
    keys = raw[0] & 0xFE == 0xA0 and instruction in _SESSION_KEYS
    if secret_span(raw) is None and instruction in _SHOWN and not plain_in and not keys:
        return []
    return [(_data_start(raw), size)]


def _data_start(raw: bytes) -> int:
    """Where the data field begins; right behind INS when the lengths do not add up, for then P1 may be a digit."""
    size = len(raw)
    if raw[4]:
        return 5 if size - raw[4] in (5, 6) else 2
    return 7 if size > 7 and size - (raw[5] << 8 | raw[6]) in (7, 9) else 2


def _secret_answer(raw: bytes) -> bool:
    if secret_response(raw):
        return True
    if len(raw) < 4:
        return False
    if raw[1] in _PSO and raw[2] == _PLAIN:
        return True
    if raw[0] & 0xFE == 0xA0 and raw[1] in _SESSION_KEYS:
        return True
    return raw[1] in _GET_DATA and _asks_for_secrets(raw)


def _asks_for_secrets(raw: bytes) -> bool:
    """GET DATA on the value of a PIN or of a private key; a good card refuses it."""
    if raw[2:4] in (CHV_DATA_TAG.to_bytes(2, "big"), PRIVATE_KEY_TAG.to_bytes(2, "big")):
        return True
    try:
        wanted = SdoRequest.parse(raw[5 : 5 + raw[4]] if len(raw) > 5 else b"").wanted
    except ApduError:
        # A header list that cannot be read is searched for the tags themselves.
        return any(tag.to_bytes(2, "big") in raw[4:] for tag in (CHV_DATA_TAG, PRIVATE_KEY_TAG))
    return CHV_DATA_TAG in wanted or PRIVATE_KEY_TAG in wanted
