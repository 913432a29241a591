"""Which bytes of a dialogue are secret: PINs, PUKs, keys, deciphered data.

One place decides it, from the command's meaning, for every log, trace and error.
"""

_REFERENCE_DATA = frozenset({0x20, 0x21, 0x24, 0x25, 0x2C, 0x2D})
"""VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER: their data field is a PIN or a PUK."""

_PUT_DATA = frozenset({0xDA, 0xDB})
"""PUT DATA may load keys and reference data."""

_DECIPHER = (0x2A, 0x80)
"""PSO with P1 = 80: plain data come back (ISO/IEC 7816-8:2021 §5.3.8)."""


def _data_field(raw: bytes) -> tuple[int, int]:
    """Where the data field of a command APDU lies; everything after P3 when the lengths do not add up."""
    size = len(raw)
    if size <= 5 or (size == 7 and not raw[4]):
        return size, size
    if raw[4] and size - raw[4] in (5, 6):
        return 5, 5 + raw[4]
    if not raw[4] and size > 7:
        length = raw[5] << 8 | raw[6]
        if size - length in (7, 9):
            return 7, 7 + length
    return 5, size


def secret_span(raw: bytes) -> tuple[int, int] | None:
    """The half-open range of a command's bytes that must not be shown, or None. Any byte string is accepted."""
    if len(raw) < 5:
        return None
    if raw[1] in _REFERENCE_DATA or raw[1] in _PUT_DATA:
        start, end = _data_field(raw)
        return (start, end) if end > start else None
    return None


def secret_response(raw: bytes) -> bool:
    """True when the answer's data to this command must not be shown."""
    return len(raw) >= 4 and (raw[1], raw[2]) == _DECIPHER


def shown_command(raw: bytes) -> str:
    """A command in hexadecimal, with ``**`` for each secret byte."""
    span = secret_span(raw)
    if span is None:
        return raw.hex().upper()
    start, end = span
    return raw[:start].hex().upper() + "**" * (end - start) + raw[end:].hex().upper()


def shown_response(command: bytes, response: bytes) -> str:
    """An answer in hexadecimal, with ``**`` for each secret byte; the status word is always shown."""
    if not secret_response(command) or len(response) <= 2:
        return response.hex().upper()
    return "**" * (len(response) - 2) + response[-2:].hex().upper()
