"""What a screen shows of an X.509 certificate (RFC 5280 §4.1), read without loading ``cryptography``.

Names are written as RFC 4514 writes them. What a usual certificate does not hold raises LayoutError: whoever wants to know
more of such a one asks ``cryptography``. Nothing is verified here.
"""

from datetime import UTC, datetime
from typing import Final, NamedTuple

from bifente.apdu import tlv
from bifente.apdu.errors import ApduError
from bifente.apdu.tlv import Tlv
from bifente.layouts.codecs.der import SEQUENCE, ObjectIdentifier
from bifente.layouts.errors import LayoutError

_INTEGER, _OID, _SET, _VERSION = 0x02, 0x06, 0x31, 0xA0
_V3: Final = bytes((_INTEGER, 1, 2))
_TEXTS: Final = {0x0C: "utf-8", 0x13: "ascii", 0x16: "ascii"}
"""UTF8String, PrintableString and IA5String."""
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18

_ATTRIBUTES: Final = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.42": "GN",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
}
"""The short names of RFC 4514 §3, and SN, GN and title, which the names of health professionals have."""


class Certificate(NamedTuple):
    """The names, number and validity of a certificate."""

    subject: str
    issuer: str
    serial: int
    not_before: datetime
    not_after: datetime


def read_certificate(data: bytes) -> Certificate:
    """The certificate that *data* are. Raises LayoutError for bytes that are not a usual one."""
    try:
        [outer] = tlv.decode(data)
        body, _algorithm, _signature = _items(outer, SEQUENCE)
        fields = _items(body, SEQUENCE)
        if fields[0].tag == _VERSION and fields.pop(0).value != _V3:
            raise ValueError("not of version 3")
        serial, _, issuer, validity, subject, *_ = fields
        not_before, not_after = map(_time, _items(validity, SEQUENCE))
        return Certificate(_name(subject), _name(issuer), _positive(serial), not_before, not_after)
    except (ApduError, ValueError, IndexError) as error:
        raise LayoutError(f"not a usual X.509 certificate: {error}") from None


def _items(item: Tlv, tag: int) -> list[Tlv]:
    if item.tag != tag:
        raise ValueError(f"{item.tag:02X} instead of {tag:02X}")
    return tlv.decode(item.value)


def _positive(item: Tlv) -> int:
    if item.tag != _INTEGER or not item.value or item.value[0] & 0x80:
        raise ValueError("the number is not a positive one")
    return int.from_bytes(item.value, "big")


def _time(item: Tlv) -> datetime:
    """In the only forms that a certificate may have (RFC 5280 §4.1.2.5)."""
    text = item.value.decode("ascii")
    if item.tag == _UTC_TIME:
        text = ("19" if text >= "50" else "20") + text
    digits = text.removesuffix("Z")
    if item.tag not in (_UTC_TIME, _GENERALIZED_TIME) or len(text) != 15 or not digits.isdigit():
        raise ValueError("the validity is not two times")
    month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(4, 14, 2))
    return datetime(int(digits[:4]), month, day, hour, minute, second, tzinfo=UTC)


def _name(item: Tlv) -> str:
    """A distinguished name as RFC 4514 §2.1 writes it: what is most particular first."""
    parts = ["+".join(map(_attribute, _items(relative, _SET))) for relative in _items(item, SEQUENCE)]
    return ",".join(reversed(parts))


def _attribute(item: Tlv) -> str:
    kind, value = _items(item, SEQUENCE)
    if kind.tag != _OID or value.tag not in _TEXTS:
        raise ValueError("an attribute of a name is not a text")
    identifier = str(ObjectIdentifier().read(kind.value, "attribute"))
    return f"{_ATTRIBUTES.get(identifier, identifier)}={_escaped(value.value.decode(_TEXTS[value.tag]))}"


def _escaped(text: str) -> str:
    """RFC 4514 §2.4."""
    for letter in '\\"+,;<>':
        text = text.replace(letter, f"\\{letter}")
    text = text.replace("\0", "\\00")
    if len(text) > 1 and text.endswith(" "):
        text = f"{text[:-1]}\\ "
    return f"\\{text}" if text[:1] in ("#", " ") else text
