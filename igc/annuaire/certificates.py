"""What a certificate says of its holder: a person with a card, a structure's software, a server, a caisse, an authority.

The subjects are those of spec/pki.md §1.3: a person is one RDN of given name, common name and surname; a server or an
application has a common name beside ``OU`` (identifier of the structure), ``O`` and ``ST`` (or ``L``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bifente.apdu.errors import ApduError
from bifente.apdu.tlv import decode_one
from bifente.codes.departements import departement_code
from bifente.codes.holder import CardHolder
from bifente.igc.annuaire.errors import AnnuaireError
from bifente.igc.annuaire.values import CertificateUse

_GIP = "1.2.250.1.71.1.2."
_CARD_TYPE, _CARD_ID, _PROFESSION, _FUTURE_PROFESSION = (
    x509.ObjectIdentifier(_GIP + last) for last in ("2", "3", "7", "8")
)
_SHORT_NAMES = {NameOID.SURNAME: "SN", NameOID.GIVEN_NAME: "GN", NameOID.TITLE: "title"}


@dataclass(frozen=True, slots=True)
class PracticePlace:
    """A place of practice that a card tells: identifier with its type digit (G07), name; codes of G17 and R02."""

    structure: str
    name: str
    mode: str = ""
    sector: str = ""


@dataclass(frozen=True, slots=True)
class CertifiedPerson:
    """Whom a card's certificate names, and its card. ``card_type`` is a code of G02, ``profession`` of G15 or G16."""

    identifier: str
    family_name: str
    given_name: str
    card: str
    card_type: str
    profession: str = ""
    skill: str = ""
    civility: str = ""
    departement: str = ""
    structure: str = ""
    structure_name: str = ""
    places: tuple[PracticePlace, ...] = ()


@dataclass(frozen=True, slots=True)
class CertifiedCard:
    """A card that its contactless certificate names; whose card it is, the others say."""

    number: str


@dataclass(frozen=True, slots=True)
class CertifiedServer:
    """A server, an application or a caisse that a certificate names, and the structure to which it belongs."""

    name: str
    organisation: str
    structure: str
    departement: str


@dataclass(frozen=True, slots=True)
class ReadCertificate:
    """A certificate as the annuaire keeps it, and whom it names."""

    fingerprint: bytes
    serial: str
    use: CertificateUse
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    der: bytes
    owner: "CertifiedPerson | CertifiedCard | CertifiedServer | None"
    """None: an authority."""
    mails: tuple[str, ...] = ()


def read_certificate(
    der: bytes, holder: CardHolder | None = None, places: tuple[PracticePlace, ...] = ()
) -> ReadCertificate:
    """What the certificate says; *holder* and *places* are what the card on which it stands adds. Raises AnnuaireError."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        extensions = certificate.extensions
        names = _names(certificate.subject)
    except (ValueError, x509.DuplicateExtension):
        raise AnnuaireError("not an X.509 certificate") from None
    authority = _is_authority(extensions)
    owner = None if authority else _owner(names, extensions, holder, places)
    technical = isinstance(owner, CertifiedCard)
    return ReadCertificate(
        certificate.fingerprint(SHA256()),
        serial_text(f"{certificate.serial_number:x}"),
        CertificateUse.TECHNICAL if technical else CertificateUse.OTHER if authority else use_of(extensions),
        shown_name(certificate.subject),
        shown_name(certificate.issuer),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        certificate.public_bytes(Encoding.DER),
        owner,
        _mails(extensions),
    )


def serial_text(written: str) -> str:
    """A serial number as the directory writes it: hexadecimal, small letters, whole bytes. *written* may have colons, blanks,
    capitals, ``0x`` and zeros in front."""
    digits = "".join(written.lower().split()).replace(":", "").removeprefix("0x").lstrip("0")
    return digits if len(digits) % 2 == 0 and digits else f"0{digits}"


def shown_name(name: x509.Name) -> str:
    """A DN as RFC 4514 writes it, with names instead of numbers for what a person's has."""
    return name.rfc4514_string(_SHORT_NAMES)


def use_of(extensions: x509.Extensions) -> CertificateUse:
    """What a key is for, by keyUsage and extendedKeyUsage."""
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return CertificateUse.OTHER
    try:
        purposes = set(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        purposes = set()
    if ExtendedKeyUsageOID.SERVER_AUTH in purposes:
        return CertificateUse.SERVER
    if usage.key_encipherment:
        return CertificateUse.ENCIPHERMENT
    if usage.content_commitment:
        return CertificateUse.SIGNATURE
    return CertificateUse.AUTHENTICATION if usage.digital_signature else CertificateUse.OTHER


def _is_authority(extensions: x509.Extensions) -> bool:
    try:
        return extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _names(name: x509.Name) -> dict[x509.ObjectIdentifier, str]:
    """The first value of each attribute of a DN."""
    found: dict[x509.ObjectIdentifier, str] = {}
    for attribute in name:
        found.setdefault(attribute.oid, str(attribute.value))
    return found


def _owner(
    names: dict[x509.ObjectIdentifier, str],
    extensions: x509.Extensions,
    holder: CardHolder | None,
    places: tuple[PracticePlace, ...],
) -> CertifiedPerson | CertifiedCard | CertifiedServer:
    if NameOID.SURNAME in names and NameOID.COMMON_NAME in names:
        return _person(names, extensions, holder, places)
    card = _text(extensions, _CARD_ID).rpartition("/")[2]
    return CertifiedCard(card) if card else _server(names)


def _person(
    names: dict[x509.ObjectIdentifier, str],
    extensions: x509.Extensions,
    holder: CardHolder | None,
    places: tuple[PracticePlace, ...],
) -> CertifiedPerson:
    card = _text(extensions, _CARD_ID).rpartition("/")[2]
    profession = _number(extensions, _PROFESSION)
    trade = f"{profession:02}" if profession is not None else ""
    card_type = _number(extensions, _CARD_TYPE)
    kind = f"{card_type:02}" if card_type is not None else ""
    place = names.get(NameOID.STATE_OR_PROVINCE_NAME) or names.get(NameOID.LOCALITY_NAME) or ""
    return CertifiedPerson(
        names[NameOID.COMMON_NAME],
        names[NameOID.SURNAME],
        names.get(NameOID.GIVEN_NAME, ""),
        card,
        kind,
        trade,
        (holder.speciality or "") if holder is not None else "",
        f"{holder.civility:02}" if holder is not None else "",
        departement_code(place) or "",
        names.get(NameOID.ORGANIZATIONAL_UNIT_NAME, "") if NameOID.ORGANIZATION_NAME in names else "",
        names.get(NameOID.ORGANIZATION_NAME, ""),
        places,
    )


def _server(names: dict[x509.ObjectIdentifier, str]) -> CertifiedServer:
    name = names.get(NameOID.COMMON_NAME) or names.get(NameOID.ORGANIZATIONAL_UNIT_NAME) or ""
    if not name:
        raise AnnuaireError("the certificate names nobody: it has no common name")
    place = names.get(NameOID.STATE_OR_PROVINCE_NAME) or names.get(NameOID.LOCALITY_NAME) or ""
    return CertifiedServer(
        name,
        names.get(NameOID.ORGANIZATION_NAME, ""),
        names.get(NameOID.ORGANIZATIONAL_UNIT_NAME, "") if NameOID.COMMON_NAME in names else "",
        departement_code(place) or "",
    )


def _mails(extensions: x509.Extensions) -> tuple[str, ...]:
    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    addresses: Sequence[str] = names.get_values_for_type(x509.RFC822Name)
    return tuple(addresses)


def _value(extensions: x509.Extensions, oid: x509.ObjectIdentifier) -> bytes | None:
    """What the TLV in an extension of GIP-CPS holds; None without one, or when it is none."""
    try:
        extension = extensions.get_extension_for_oid(oid).value
    except x509.ExtensionNotFound:
        return None
    if not isinstance(extension, x509.UnrecognizedExtension):
        return None
    try:
        return decode_one(extension.value)[0].value
    except ApduError:
        return None


def _text(extensions: x509.Extensions, oid: x509.ObjectIdentifier) -> str:
    return (_value(extensions, oid) or b"").decode("ascii", "replace")


def _number(extensions: x509.Extensions, oid: x509.ObjectIdentifier) -> int | None:
    value = _value(extensions, oid)
    return int.from_bytes(value) if value else None
