"""The professional on a sheet, held against the certificate of the CPS that signs it.

One set of comparisons, for who signs and for who verifies. What a certificate says of its holder are the subject's names
and identifier and the extensions of GIP-CPS: type of card (1.2.250.1.71.1.2.2), profession (.7) and, for a CPF, the
profession learnt (.8).
"""

import unicodedata
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
    named = sheet.professional
    wanted = f"{named.id_type}{named.national_id}{named.id_key}"
    _same("professional", wanted, _subject(certificate, NameOID.COMMON_NAME))
    _same("family name", named.family_name, _subject(certificate, NameOID.SURNAME))
    _same("given name", named.given_name, _subject(certificate, NameOID.GIVEN_NAME))
    card_type = _number(certificate, _CARD_TYPE)
    if named.card_type != str(card_type):
        raise InvalidSheet(
            f"the sheet names a card of type {named.card_type}, the signer's is of type {card_type}"
        )
    practised = profession_of(sheet.situation.speciality)
    profession = _number(certificate, _PROFESSION)
    if practised is not None and practised != _code(profession):
        raise InvalidSheet(
            f"the situation de facturation is that of a {_words(practised)}, "
            f"the signer is {_words(_code(profession)) or 'of no health profession'}"
        )


def check_holder(holder: CardHolder, certificate: x509.Certificate) -> None:
    """Raise InvalidSheet unless the data objects of the CPS name the profession that *certificate* names."""
    for what, said, oid in (
        ("profession", holder.profession, _PROFESSION),
        ("future profession", holder.future_profession, _FUTURE_PROFESSION),
    ):
        certified = _number(certificate, oid)
        if said != certified:
            raise InvalidSheet(f"the CPS names the {what} {_code(said)}, its certificate {_code(certified)}")


def card_number(certificate: x509.Certificate) -> str:
    """Issuer and number of the card (gipCardID, e.g. ``8025000001/2900000017``), or words that say there is none."""
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


# of each card that a caisse meets in a day
@lru_cache(maxsize=512)
def _subject(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    return ", ".join(str(one.value) for one in certificate.subject.get_attributes_for_oid(oid))


@lru_cache(maxsize=2048)
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
