"""The professional on a sheet, held against the certificate of the CPS that signs it.

One set of comparisons, for who signs and for who verifies. What a certificate says of its holder are the subject's names
and identifier and the extensions of GIP-CPS: type of card (1.2.250.1.71.1.2.2), profession (.7) and, for a CPF, the
profession learnt (.8).
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from bifente.codes.gip import label
from bifente.codes.holder import CardHolder
from bifente.codes.specialities import profession_of
from bifente.fse.errors import InvalidSheet
from bifente.fse.sheet.model import CareSheet

_GIP = "1.2.250.1.71.1.2."
_CARD_TYPE: Final = x509.ObjectIdentifier(_GIP + "2")
_CARD_ID: Final = x509.ObjectIdentifier(_GIP + "3")
_PROFESSION: Final = x509.ObjectIdentifier(_GIP + "7")
_FUTURE_PROFESSION: Final = x509.ObjectIdentifier(_GIP + "8")


def check_signer(sheet: CareSheet, certificate: x509.Certificate) -> None:
    """Raise InvalidSheet unless the holder of *certificate* is the professional on *sheet*, with his kind of card.

    Identifier, names and type of card are compared, and the speciality of the billing situation with the profession: who
    has none bills nobody's.
    """
    named, certified = sheet.professional, _certified(certificate)
    _same("professional", f"{named.id_type}{named.national_id}{named.id_key}", certified.name)
    _same("family name", named.family_name, certified.family_name)
    _same("given name", named.given_name, certified.given_name)
    if named.card_type != str(certified.card_type):
        raise InvalidSheet(
            f"the sheet names a card of type {named.card_type}, the signer's is of type {certified.card_type}"
        )
    practised = profession_of(sheet.situation.speciality)
    if practised is not None and practised != _code(certified.profession):
        raise InvalidSheet(
            f"the situation de facturation is that of a {_words(practised)}, "
            f"the signer is {_words(_code(certified.profession)) or 'of no health profession'}"
        )


def check_holder(holder: CardHolder, certificate: x509.Certificate) -> None:
    """Raise InvalidSheet unless the data objects of the CPS name the profession that *certificate* names."""
    certified = _certified(certificate)
    for what, said, named in (
        ("profession", holder.profession, certified.profession),
        ("future profession", holder.future_profession, certified.future_profession),
    ):
        if said != named:
            raise InvalidSheet(f"the CPS names the {what} {_code(said)}, its certificate {_code(named)}")


def card_number(certificate: x509.Certificate) -> str:
    """Issuer and number of the card (gipCardID, e.g. ``8025000001/2900000017``), or words that say there is none."""
    return _certified(certificate).card_number


def common_name(certificate: x509.Certificate) -> str:
    """The common name of the subject; several stand with commas between them."""
    return _certified(certificate).name


@dataclass(frozen=True, slots=True)
class CertifiedHolder:
    """What a certificate says of the card and its holder; None for a number that it does not name."""

    name: str
    family_name: str
    given_name: str
    card_number: str
    card_type: int | None
    profession: int | None
    future_profession: int | None


# of each card that a caisse meets in a day; all at once, because a certificate takes long to be found again
@lru_cache(maxsize=512)
def _certified(certificate: x509.Certificate) -> CertifiedHolder:
    return CertifiedHolder(
        _subject(certificate, NameOID.COMMON_NAME),
        _subject(certificate, NameOID.SURNAME),
        _subject(certificate, NameOID.GIVEN_NAME),
        _card_number(certificate),
        _number(certificate, _CARD_TYPE),
        _number(certificate, _PROFESSION),
        _number(certificate, _FUTURE_PROFESSION),
    )


def _card_number(certificate: x509.Certificate) -> str:
    raw = _extension(certificate, _CARD_ID)
    try:
        return raw[2:].decode("ascii") if raw else "no card number"
    except ValueError:
        return "no card number"


def _same(what: str, named: str, certified: str) -> None:
    if _folded(named) != _folded(certified):
        raise InvalidSheet(f"the sheet names {what} {named}, the signer is {certified}")


def _folded(text: str) -> str:
    """Cards and certificates may write one name in two ways: composed or not, capital or not."""
    return unicodedata.normalize("NFC", text).casefold()


def _subject(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    return ", ".join(str(one.value) for one in certificate.subject.get_attributes_for_oid(oid))


def _extension(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> bytes:
    try:
        return certificate.extensions.get_extension_for_oid(oid).value.public_bytes()
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return b""


def _number(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> int | None:
    """The INTEGER of an extension; None when there is none."""
    raw = _extension(certificate, oid)
    if len(raw) < 3 or raw[0] != 0x02 or raw[1] != len(raw) - 2:
        return None
    return int.from_bytes(raw[2:], "big", signed=True)


def _code(number: int | None) -> str:
    return "none" if number is None else f"{number:02}"


def _words(profession: str) -> str:
    return label("G15", profession) or ""
