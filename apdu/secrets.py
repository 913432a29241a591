"""Which bytes of a dialogue are secret: PINs, PUKs, keys, deciphered data.

One place decides it, from the command's meaning, for every log, trace and error. Who inserts a secret into a command
says where it stands (:mod:`bifente.apdu.marked`); that is hidden besides, whatever the command means.
"""

from bifente.apdu.marked import marks

_REFERENCE_DATA = frozenset({0x20, 0x21, 0x24, 0x25, 0x2C, 0x2D})
"""VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER: their data field is a PIN or a PUK."""

_LOADING = frozenset({0xDA, 0xDB, 0xD8})
"""PUT DATA, and LOAD KEY FILE of the CPS2ter: they may load keys and reference data."""

_ENVELOPE = frozenset({0xC2, 0xC3})
"""ENVELOPE carries another command, of which nothing is known here."""

_SECRET_DATA = _REFERENCE_DATA | _LOADING | _ENVELOPE

_PSO = 0x2A
_PLAIN = 0x80
"""P1 or P2 of PSO: a plain value comes out (DECIPHER) or goes in (ENCIPHER) (ISO/IEC 7816-8:2021 §5.3)."""

_HASH = 0x90
"""P1 of PSO HASH: what is hashed is no secret."""

_GET_DATA = frozenset({0xCA, 0xCB})
_SECRET_OBJECTS = (b"\x7f\x41", b"\x7f\x48")
"""The value of a PIN and that of a private key, in an IAS-ECC card. A good card refuses them to GET DATA."""

_SESSION_KEYS = frozenset({0x46, 0x48, 0x4A, 0x4C})
"""GenerateSessionKey to RecoverSessionKey of the CPS2ter, class A0 (ansforge/dops-cryptolib)."""

_GET_RESPONSE = 0xC0


def _data_start(raw: bytes) -> int:
    """Where the data field of a command APDU begins; right behind P2 when its lengths do not add up."""
    size = len(raw)
    if raw[4]:
        return 5 if size - raw[4] in (5, 6) else 4
    if size > 7 and size - (raw[5] << 8 | raw[6]) in (7, 9):
        return 7
    return 5


def secret_span(raw: bytes) -> tuple[int, int] | None:
    """The half-open range of a command's bytes that must not be shown, or None. Any byte string is accepted.

    The range reaches to the end of the command, an Le field included: when a terminal miscounts, the last digits of a
    PIN stand there.
    """
    if len(raw) <= 5:
        return None
    enciphered = raw[1] == _PSO and raw[3] == _PLAIN and raw[2] != _HASH
    if raw[1] in _SECRET_DATA or enciphered or _session_key(raw):
        return _data_start(raw), len(raw)
    return None


def _session_key(raw: bytes) -> bool:
    return raw[0] & 0xFE == 0xA0 and raw[1] in _SESSION_KEYS


def secret_response(raw: bytes) -> bool:
    """True when the answer's data to this command must not be shown.

    GET RESPONSE fetches what another command has left: see :class:`ResponseSecrecy`.
    """
    if len(raw) < 4:
        return False
    if raw[1] in _GET_DATA:
        return any(tag in raw[2:] for tag in _SECRET_OBJECTS)
    return (raw[1] == _PSO and raw[2] == _PLAIN) or _session_key(raw)


def shown_command(raw: bytes) -> str:
    """A command in hexadecimal, with ``**`` for each secret byte."""
    span = secret_span(raw)
    digits = [f"{byte:02X}" for byte in bytes(raw)]
    for start, end in (*marks(raw), *(() if span is None else (span,))):
        digits[start:end] = ["**"] * (end - start)
    return "".join(digits)


def shown_response(command: bytes, response: bytes) -> str:
    """An answer in hexadecimal, with ``**`` for each secret byte; the status word is always shown."""
    return _masked(response) if secret_response(command) or marks(command) else response.hex().upper()


def _masked(response: bytes) -> str:
    return "**" * max(0, len(response) - 2) + response[-2:].hex().upper()


class ResponseSecrecy:
    """Tells for each command of one dialogue, in order, whether the data of its answer are secret.

    Under T=0 deciphered data come with GET RESPONSE, so the answer depends on the command before.
    """

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending = False

    def of(self, command: bytes) -> bool:
        """True when the answer's data to *command*, the next one of the dialogue, must not be shown."""
        if len(command) < 4 or command[1] != _GET_RESPONSE:
            # A card that answers with what it was given answers a secret.
            self._pending = secret_response(command) or bool(marks(command))
        return self._pending

    def shown(self, command: bytes, response: bytes) -> tuple[str, str]:
        """The next command and its answer in hexadecimal, with ``**`` for each secret byte."""
        return shown_command(command), _masked(response) if self.of(command) else response.hex().upper()
