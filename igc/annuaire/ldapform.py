"""The annuaire as LDAP shows it: the tree of the old directory with its certificates, and the authorities as IGC-Santé has them.

Structures, and what belongs to them, stand below their département: ``cn=01349@349.01.rss.fr,ou=339172288100045,l=Sarthe (72),
o=gip-cps,c=fr``. Authorities are ``pkiCA`` with ``cACertificate;binary``, ``certificateRevocationList;binary`` and
``deltaRevocationList;binary``, where the addresses in certificates say: below their root as an ``ou`` (spec/pki.md §1.2, §1.7,
corrections 25). Where persons without a structure stood is not public; here they stand below the base (synthetic).
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from bifente.codes.departements import departement_label
from bifente.igc.annuaire.values import (
    AnnuaireAuthority,
    ListedCertificate,
    ListedProfessional,
    ListedServer,
    ListedStructure,
)

Attribute = tuple[str, str | bytes]
LdapEntry = tuple[str, Sequence[Attribute]]
"""A distinguished name, and attributes in their order."""

BASE: Final = "o=gip-cps-test,c=fr"
"""The old directory's for test cards; that of real ones is ``o=gip-cps,c=fr``."""

_SPECIAL: Final = re.compile(r'[,+"\\<>;=#]')
_SAFE: Final = re.compile(r"[!-9;=-~][ -~]*")
_SHORT: Final = {
    NameOID.COMMON_NAME: "cn",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "ou",
    NameOID.ORGANIZATION_NAME: "o",
    NameOID.COUNTRY_NAME: "c",
}


class DirectoryTree:
    """Collects entries below *base*; those above an entry are made with it, once."""

    def __init__(self, base: str = BASE) -> None:
        self.base = base
        self._entries: dict[str, LdapEntry] = {}
        self.suffixes: list[str] = []
        """The naming contexts: *base* first, then those of authorities."""
        self._naming_context(base)

    def __len__(self) -> int:
        return len(self._entries)

    def add_professional(self, entry: ListedProfessional) -> None:
        """Somebody with certificates."""
        place = next((one.structure for one in entry.practices if one.structure is not None), None)
        above = self._structure(place) if place is not None else self._locality("")
        trades = dict.fromkeys(one.profession.label for one in entry.practices if one.profession.label)
        self._put(
            f"cn={escaped(entry.identifier)},{above}",
            [
                *(
                    ("objectClass", name)
                    for name in ("top", "person", "organizationalPerson", "inetOrgPerson")
                ),
                ("cn", entry.identifier),
                ("cn", f"{entry.given_name} {entry.family_name}".strip()),
                ("sn", entry.family_name),
                ("givenName", entry.given_name),
                ("uid", entry.identifier),
                *(("title", trade) for trade in trades),
                *(("mail", mail) for mail in entry.mails if mail.isascii()),
                *_certificates(entry.certificates),
            ],
        )

    def add_server(self, entry: ListedServer) -> None:
        """A server, an application or a caisse."""
        above = self._locality(entry.departement)
        if entry.structure:
            above = self._unit(entry.structure, entry.organisation, above)
        self._put(
            f"cn={escaped(entry.name)},{above}",
            [
                *(
                    ("objectClass", name)
                    for name in ("top", "applicationProcess", "strongAuthenticationUser")
                ),
                ("cn", entry.name),
                *_certificates(entry.certificates),
            ],
        )

    def add_authority(self, entry: AnnuaireAuthority) -> None:
        """An authority, with its lists where they are known."""
        certificate = x509.load_der_x509_certificate(entry.certificate.der)
        parts = [
            (_SHORT[one.oid], str(one.value))
            for one in reversed(list(certificate.subject))
            if one.oid in _SHORT
        ]
        if not parts or parts[0][0] != "cn":
            return  # the old authorities have no common name, and were not in such a tree
        if certificate.issuer != certificate.subject:
            root = certificate.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
            parts[1:1] = [("ou", str(one.value)) for one in root[:1]]
        names = [f"{kind}={escaped(value)}" for kind, value in parts]
        top = next((place for place, (kind, _) in enumerate(parts) if kind == "o"), None)
        if top is None:
            return
        self._naming_context(",".join(names[top:]))
        for place in range(top - 1, 0, -1):
            self._put(
                ",".join(names[place:]), [("objectClass", "organizationalUnit"), ("ou", parts[place][1])]
            )
        attributes: list[Attribute] = [
            ("objectClass", "applicationProcess"),
            ("objectClass", "pkiCA"),
            *([("objectClass", "deltaCRL")] if entry.delta_crl is not None else []),
            ("cn", parts[0][1]),
            ("cACertificate;binary", entry.certificate.der),
        ]
        if entry.crl is not None:
            attributes.append(("certificateRevocationList;binary", entry.crl))
        if entry.delta_crl is not None:
            attributes.append(("deltaRevocationList;binary", entry.delta_crl))
        self._put(",".join(names), attributes)

    def ldif(self, suffix: str) -> Iterator[bytes]:
        """The entries of a naming context as LDIF (RFC 2849), each after those above it."""
        for dn, attributes in self._entries.values():
            if dn == suffix or dn.endswith(f",{suffix}"):
                yield ldif_of(dn, attributes)

    def _put(self, dn: str, attributes: Sequence[Attribute]) -> None:
        key = dn.casefold()
        if key not in self._entries:
            self._entries[key] = (dn, attributes)

    def _naming_context(self, dn: str) -> None:
        if dn.casefold() in (one.casefold() for one in self.suffixes):
            return
        self.suffixes.append(dn)
        kind, _, value = _unescaped(dn.split(",", maxsplit=1)[0]).partition("=")
        name = {"o": "organization", "c": "country"}.get(kind.casefold(), "organizationalUnit")
        self._put(dn, [("objectClass", name), (kind, value)])

    def _locality(self, departement: str) -> str:
        if not departement:
            return self.base
        name = departement_label(departement)
        dn = f"l={escaped(name)},{self.base}"
        self._put(dn, [("objectClass", "locality"), ("l", name)])
        return dn

    def _structure(self, structure: ListedStructure) -> str:
        above = self._locality(structure.address.departement.code)
        return self._unit(structure.national_identifier, structure.name, above)

    def _unit(self, identifier: str, name: str, above: str) -> str:
        dn = f"ou={escaped(identifier)},{above}"
        attributes: list[Attribute] = [("objectClass", "organizationalUnit"), ("ou", identifier)]
        self._put(dn, [*attributes, ("description", name)] if name else attributes)
        return dn


def ldif_of(dn: str, attributes: Iterable[Attribute]) -> bytes:
    """An entry as LDIF; what is not plain text stands in Base64. Empty values are left out."""
    lines = [_line("dn", dn)]
    seen = set()
    for name, value in attributes:
        if value and (name, value) not in seen:
            seen.add((name, value))
            lines.append(_line(name, value))
    return "\n".join(lines).encode("ascii") + b"\n\n"


def escaped(value: str) -> str:
    """A value in a distinguished name (RFC 4514 §2.4)."""
    found = _SPECIAL.sub(lambda one: f"\\{ord(one[0]):02x}", value).replace("\0", "\\00")
    if found.startswith(" "):
        found = f"\\20{found[1:]}"
    return f"{found[:-1]}\\20" if found.endswith(" ") else found


def _unescaped(text: str) -> str:
    return re.sub(r"\\([0-9a-fA-F]{2})", lambda one: chr(int(one[1], 16)), text)


def _line(name: str, value: str | bytes) -> str:
    if isinstance(value, str) and _SAFE.fullmatch(value) and not value.endswith(" "):
        return f"{name}: {value}"
    raw = value.encode() if isinstance(value, str) else value
    return f"{name}:: {b64encode(raw).decode()}"


def _certificates(certificates: Sequence[ListedCertificate]) -> Iterator[Attribute]:
    for one in certificates:
        yield "userCertificate;binary", one.der
