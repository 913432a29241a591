"""Mail addresses: their form, those in a header, and those that a certificate names."""

import re
from email.utils import getaddresses
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from bifente.igc import caisse_of
from bifente.mail.errors import MessageRefused

_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_LONGEST: Final = 254


def check_address(address: str, whose: str) -> None:
    """Refuse what is not a plain mail address in ASCII. Raises MessageRefused."""
    if len(address) > _LONGEST or not _ADDRESS.fullmatch(address):
        raise MessageRefused(
            f"not the address of a {whose}: {address[:60]!r}", hint="alice@cabinet.example, for example"
        )


def addresses_in(value: str) -> tuple[str, ...]:
    """The addresses in the value of a header, without the names before them. Raises MessageRefused."""
    found = tuple(one for _, one in getaddresses([value]))
    for one in found:
        check_address(one, "person in the mail")
    return found


def same_address(first: str, second: str) -> bool:
    """Whether two addresses lead to one box; capitals make no difference, as almost everywhere."""
    return first.casefold() == second.casefold()


def addresses_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """The mail addresses that a certificate names (RFC 8550 §3): none, of a card's.

    In subjectAltName, in the subject (emailAddress), or as the common name of a caisse.
    """
    found = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)]
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found += names.get_values_for_type(x509.RFC822Name)
    except (x509.ExtensionNotFound, ValueError):
        pass
    if caisse_of(certificate) is not None:
        found += [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return tuple(dict.fromkeys(found))
