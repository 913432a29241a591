"""What the register holds, as values: certificates, opposed cards, published lists."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from cryptography import x509
from cryptography.x509 import ReasonFlags


class CertificatePurpose(Enum):
    """For whom and what a certificate was issued."""

    SIGNATURE = "signature"
    """A card's, to sign with."""
    AUTHENTICATION = "authentication"
    """A card's, to authenticate with."""
    TECHNICAL = "technical"
    """A card's, for its key without PIN."""
    CAISSE = "caisse"
    SERVER = "server"
    SOFTWARE = "software"
    AUTHORITY = "authority"
    """An authority below a root."""
    UNKNOWN = "unknown"
    """Told by a list of opposed cards that is older than the register: only its serial number is known."""


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate that an authority has issued. Times are in UTC.

    ``number`` grows with each one: whoever has read up to one asks for those after it. ``authority`` is the issuing key by
    the name of its files (``persons-fort``); ``holder`` the common name, for a professional the national identifier;
    ``card`` the number printed on the card, empty for what is on none. ``der`` is None where only the serial is known.
    """

    number: int
    authority: str
    serial: int
    purpose: CertificatePurpose
    holder: str
    card: str
    not_before: datetime | None
    not_after: datetime | None
    issued: datetime
    der: bytes | None
    revoked: datetime | None = None
    reason: ReasonFlags | None = None

    @property
    def serial_hex(self) -> str:
        """The serial number as it is written: 32 hexadecimal digits, or 36 for an authority's."""
        return serial_text(self.serial)

    def certificate(self) -> x509.Certificate | None:
        """The certificate, decoded; None where only the serial is known."""
        return None if self.der is None else x509.load_der_x509_certificate(self.der)

    def status_at(self, when: datetime) -> str:
        """``valid``, ``future``, ``expired``, ``revoked`` or ``on hold``."""
        if self.revoked is not None and self.revoked <= when:
            return "on hold" if self.reason is ReasonFlags.certificate_hold else "revoked"
        if self.not_after is not None and when > self.not_after:
            return "expired"
        if self.not_before is not None and when < self.not_before:
            return "future"
        return "valid"


@dataclass(frozen=True, slots=True)
class OppositionEntry:
    """A card declared lost or stolen. ``kind`` is ``cps`` or ``vitale``; ``pan`` is a Vitale's, ``gamme`` a CPS's."""

    kind: str
    card: str
    since: date
    pan: str = ""
    gamme: str = ""
    certificates: tuple[int, ...] = ()
    """The serial numbers of a CPS's certificates."""


@dataclass(frozen=True, slots=True)
class Publication:
    """The lists of an issuing key as they were last signed. ``change`` is the last change that the complete one knows.

    The delta list tells what changed since the list ``base_number``.
    """

    authority: str
    number: int
    this_update: datetime
    next_update: datetime
    change: int
    complete: bytes
    base_number: int
    base_change: int
    base_update: datetime
    delta: bytes


def serial_text(serial: int) -> str:
    """A serial number in hexadecimal, whole bytes."""
    text = f"{serial:x}"
    return text if len(text) % 2 == 0 else f"0{text}"


def printed_number(card: str) -> str:
    """The number of ten digits that is printed on a card and stands in its certificates; a serial of eight is a part of it."""
    return f"29{card}" if len(card) == 8 and card.isdigit() else card


def card_serial(card: str) -> str:
    """The serial of eight digits by which lists of opposed cards name a card."""
    return card[2:] if len(card) == 10 and card.startswith("29") else card
