"""What a card's issuer writes on it after it was made (*mise à jour*, at a kiosk): several files at once, in one message.

Provenance: **synthetic**. That cartes Vitale are updated by kiosks is public, how they are is not. The message travels under
secure messaging with the issuer's key set and is one command, chained where it is long: so the card has all of it or
nothing. BER-TLV, the data field of PUT DATA ``00 DB 3F FF``::

    E7 { 80 day of the update, AAMMJJ as BCD
         E6 { 51 path of a file, 3F00 first
              53 its content; without it the file is taken away }* }
"""

from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple

from bifente.apdu import tlv
from bifente.apdu.cvc import decode_date, encode_date
from bifente.apdu.errors import ApduError

PARAMETERS: Final = (0x3F, 0xFF)
"""P1-P2 of PUT DATA."""

_UPDATE, _DAY, _FILE, _PATH, _CONTENT = 0xE7, 0x80, 0xE6, 0x51, 0x53


class IssuerUpdate(NamedTuple):
    """The day, and the new content of each file by its path (``3F00/0001/2101``); None takes the file away."""

    day: date
    files: Mapping[str, bytes | None]


def encode_update(update: IssuerUpdate) -> bytes:
    """The data field. Raises ApduError for a day that no certificate could have."""
    body = tlv.encode(_DAY, encode_date(update.day))
    for path, content in update.files.items():
        file = tlv.encode(_PATH, bytes.fromhex(path.replace("/", "")))
        body += tlv.encode(_FILE, file + (b"" if content is None else tlv.encode(_CONTENT, content)))
    return tlv.encode(_UPDATE, body)


def decode_update(data: bytes) -> IssuerUpdate:
    """The update in a data field. Raises ApduError when it is none, or names a file twice."""
    (outer,) = _only(tlv.decode(data), _UPDATE)
    items = tlv.decode(outer.value)
    if not items or items[0].tag != _DAY:
        raise ApduError("an update begins with its day (80)")
    files: dict[str, bytes | None] = {}
    for item in _only(items[1:], _FILE):
        parts = {part.tag: part.value for part in tlv.decode(item.value)}
        raw = parts.pop(_PATH, b"")
        content = parts.pop(_CONTENT, None)
        path = "/".join(raw[at : at + 2].hex().upper() for at in range(0, len(raw), 2))
        if parts or len(raw) % 2 or not raw or path in files:
            raise ApduError(
                f"file {path or 'without path'}: a path (51) and a content (53) are expected, once each"
            )
        files[path] = content
    return IssuerUpdate(decode_date(items[0].value), files)


def _only(items: list[tlv.Tlv], tag: int) -> list[tlv.Tlv]:
    if any(item.tag != tag for item in items) or not items:
        raise ApduError(f"data objects {tag:02X} are expected")
    return items
