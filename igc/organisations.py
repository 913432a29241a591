"""Certificates of organisations: of a server, and of software that signs, authenticates or opens what is enciphered for it.

Issued by ELEMENTAIRE ORGANISATIONS as the public certificate of software is (spec/pki.md §1.3), with its subject: country,
department, organisation, structure identifier, name. A software's signature is that certificate field by field. The others are
**synthetic**: a server has the usages of the old class 4 (spec/pki.md §1.3) in that form, valid three years and a month as
those of 2016; software to authenticate or to decipher has what follows from its use.
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bifente.igc.caisses import is_caisse_address
from bifente.igc.errors import CertificateRefused
from bifente.igc.issuingkey import IssuingKey
from bifente.igc.names import AuthorityNames
from bifente.igc.profiles import (
    Extension,
    category,
    key_usage,
    leaf_beginning,
    leaf_pointers,
    policies,
    private_key_usage_period,
    rdn,
)
from bifente.igc.register import CertificatePurpose

STRUCTURE: Final = "3" + "0" * 14
"""Type 3 (SIRET, G08) and a number that no organisation has."""
DEPARTMENT: Final = "Paris (75)"
USES: Final = ("signature", "authentication", "encryption")
"""What software may be certified for."""

_SERVER, _SOFTWARE, _TEST = 0x02, 0x03, 0x80
_MOST_NAMES: Final = 50
_A_MONTH: Final = timedelta(days=31)
_LABEL: Final = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST: Final = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*")
_STRUCTURE_FORM: Final = re.compile(r"[0-9][0-9A-Za-z]{1,30}")


@dataclass(frozen=True, slots=True)
class OrganisationRequest:
    """Who asks: the common name, and the organisation that stands for it. Without *organisation* it is the authority's own.

    ``hosts`` are a server's names and addresses; software has none, and a ``use``.
    """

    name: str
    organisation: str = ""
    department: str = DEPARTMENT
    structure: str = STRUCTURE
    hosts: tuple[str, ...] = ()
    use: str = "signature"

    @property
    def purpose(self) -> CertificatePurpose:
        """Whose it is."""
        return CertificatePurpose.SERVER if self.hosts else CertificatePurpose.SOFTWARE

    def end(self, three_years_later: datetime) -> datetime:
        """When it ends unless that is given: a server's a month later than all others."""
        return three_years_later + _A_MONTH if self.hosts else three_years_later

    def subject(self, names: AuthorityNames) -> x509.Name:
        """The subject DN. Raises CertificateRefused."""
        if not _STRUCTURE_FORM.fullmatch(self.structure):
            raise CertificateRefused(
                f"not a structure identifier: {self.structure[:40]!r}",
                hint="its type and its number, 3 and fourteen digits of a SIRET for example",
            )
        return x509.Name(
            [
                rdn((NameOID.COUNTRY_NAME, "FR", "country")),
                rdn((NameOID.STATE_OR_PROVINCE_NAME, self.department, "department")),
                rdn((NameOID.ORGANIZATION_NAME, self.organisation or names.organisation, "organisation")),
                rdn((NameOID.ORGANIZATIONAL_UNIT_NAME, self.structure, "structure identifier")),
                rdn((NameOID.COMMON_NAME, self.name, "name")),
            ]
        )

    def extensions(
        self,
        names: AuthorityNames,
        public_key: RSAPublicKey,
        issuer: IssuingKey,
        period: tuple[datetime, datetime],
    ) -> Iterator[Extension]:
        """The extensions, in the order of the real leaves. Raises CertificateRefused."""
        server, use = bool(self.hosts), self.use
        yield from leaf_beginning(public_key, issuer.public_key)
        yield (
            key_usage(
                digital_signature=server or use != "encryption",
                non_repudiation=not server and use == "signature",
                key_encipherment=server or use == "encryption",
            ),
            True,
        )
        yield policies(names.policy, names.policy_uri), False
        if server:
            usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            yield x509.ExtendedKeyUsage(usages), False
            yield x509.SubjectAlternativeName([_general_name(host) for host in self.hosts]), False
        elif use == "authentication":
            yield x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False
        else:
            yield x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False
        if not server and use == "signature":
            yield private_key_usage_period(*period), False
        yield from leaf_pointers(names, issuer)
        code = _SERVER if server else _SOFTWARE
        yield category(code | (_TEST if names.is_test else 0)), False


def server_request(
    hosts: tuple[str, ...],
    *,
    organisation: str = "",
    department: str = DEPARTMENT,
    structure: str = STRUCTURE,
) -> OrganisationRequest:
    """What a server asks for; its first name is the common name. Raises CertificateRefused."""
    if not hosts:
        raise CertificateRefused("a server needs a name", hint="name it, or have its request name it")
    if len(hosts) > _MOST_NAMES:
        raise CertificateRefused(f"{len(hosts)} names for one server: at most {_MOST_NAMES}")
    distinct = tuple(dict.fromkeys(hosts))
    for host in distinct:
        _general_name(host)
    return OrganisationRequest(distinct[0], organisation, department, structure, distinct)


def software_request(
    name: str,
    use: str = "signature",
    *,
    organisation: str = "",
    department: str = DEPARTMENT,
    structure: str = STRUCTURE,
) -> OrganisationRequest:
    """What software asks for. Raises CertificateRefused."""
    if is_caisse_address(name):
        raise CertificateRefused(f"{name} is the address of a caisse: no other software may pass for one")
    if use not in USES:
        raise CertificateRefused(f"software is certified for {', '.join(USES)}, not for {use!r}")
    return OrganisationRequest(name, organisation, department, structure, use=use)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    if not _HOST.fullmatch(host) or len(host) > 64:
        raise CertificateRefused(
            f"not the name of a server: {host[:80]!r}", hint="www.example.test, for example"
        )
    return x509.DNSName(host)
