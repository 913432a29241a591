"""The certificate of a caisse: whom envelopes are for, and who signs what it answers.

Real ones stand in the directory below ``ou=339172288100045,l=Sarthe (72),o=gip-cps,c=fr`` with the caisse's mail address as
common name, ``01349@349.01.rss.fr`` (spec/pki.md §1.7); none of them is public. So the profile here is that of the public
certificate of software (issued by ELEMENTAIRE ORGANISATIONS, spec/pki.md §1.3), **synthetic** in what it certifies: one key
both to encipher and to sign, no privateKeyUsagePeriod, and an organisation that does not exist. The domain of the address is
below ``.test`` (RFC 6761 §6.2), so that no letter of a test ever leaves for the real network.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bifente.igc.errors import CertificateRefused
from bifente.igc.issuingkey import IssuingKey
from bifente.igc.names import AuthorityNames
from bifente.igc.profiles import (
    CARD_CATEGORY,
    Extension,
    category,
    key_usage,
    leaf_beginning,
    leaf_pointers,
    policies,
    rdn,
)

if TYPE_CHECKING:
    from bifente.crypto.cms import KeySigner

CAISSE_DOMAIN: Final = "rss.test"
"""In the place of the real ``rss.fr``."""

_STRUCTURE: Final = "3" + "0" * 14
"""Type 3 (SIRET, G08) and a number that no organisation has."""
_DEPARTMENT: Final = "Sarthe (72)"
"""Where the directory has the real caisses' certificates."""

_SOFTWARE: Final = 0x03
_TEST: Final = 0x80

_CODE: Final = re.compile(r"([0-9]{2})([0-9]{3})")
_DOMAIN: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
_ADDRESS: Final = re.compile(rf"([0-9]{{2}})([0-9]{{3}})@\2\.\1\.{_DOMAIN.pattern}")


@dataclass(frozen=True, slots=True)
class IssuedCaisse:
    """A caisse's key and certificate (DER); ``chain`` is the authority's that issued it."""

    regime: str
    caisse: str
    key: RSAPrivateKey
    certificate: bytes
    chain: tuple[bytes, ...]

    @property
    def signer(self) -> "KeySigner":
        """Who signs for the caisse."""
        from bifente.crypto.cms import KeySigner

        return KeySigner(self.key, self.certificate, self.chain)


def caisse_address(regime: str, caisse: str, domain: str = CAISSE_DOMAIN) -> str:
    """The mail address of a caisse: ``01349@349.01.rss.test`` (spec/fse.md §2.4). Raises CertificateRefused."""
    if not _CODE.fullmatch(regime + caisse) or len(regime) != 2:
        raise CertificateRefused(
            f"a caisse is two digits of régime and three of caisse, not {regime!r} and {caisse!r}",
            hint="01 and 349, for example",
        )
    if not _DOMAIN.fullmatch(domain) or len(domain) > 40:
        raise CertificateRefused(f"not a domain for mail: {domain!r}", hint="rss.test, for example")
    return f"{regime}{caisse}@{caisse}.{regime}.{domain}"


def is_caisse_address(name: str) -> bool:
    """Whether a common name has the form by which caisses are known."""
    return _ADDRESS.fullmatch(name) is not None


def caisse_of(certificate: x509.Certificate) -> tuple[str, str] | None:
    """The régime and caisse that a certificate names; None when it is not that of a caisse.

    Its common name is a caisse's address, and it is a certificate of software (G01), never a card's: no holder of a card may
    pass for a caisse.
    """
    names = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    found = _ADDRESS.fullmatch(names[0]) if len(names) == 1 else None
    if found is None:
        return None
    try:
        extension = certificate.extensions.get_extension_for_oid(CARD_CATEGORY)
    except (x509.ExtensionNotFound, ValueError):
        return None
    if extension.value not in (category(_SOFTWARE), category(_SOFTWARE | _TEST)):
        return None
    return found[1], found[2]


def caisse_subject(names: AuthorityNames, regime: str, caisse: str, domain: str) -> x509.Name:
    """The subject DN, in the order of a certificate of software. Raises CertificateRefused."""
    return x509.Name(
        [
            rdn((NameOID.COUNTRY_NAME, "FR", "country")),
            rdn((NameOID.STATE_OR_PROVINCE_NAME, _DEPARTMENT, "department")),
            rdn((NameOID.ORGANIZATION_NAME, names.organisation, "organisation")),
            rdn((NameOID.ORGANIZATIONAL_UNIT_NAME, _STRUCTURE, "structure identifier")),
            rdn((NameOID.COMMON_NAME, caisse_address(regime, caisse, domain), "address")),
        ]
    )


def caisse_extensions(
    names: AuthorityNames, public_key: RSAPublicKey, issuer: IssuingKey
) -> Iterator[Extension]:
    """The extensions of a caisse's certificate, in the order of the real leaves."""
    yield from leaf_beginning(public_key, issuer.public_key)
    yield key_usage(digital_signature=True, non_repudiation=True, key_encipherment=True), True
    yield policies(names.policy, names.policy_uri), False
    yield x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False
    yield from leaf_pointers(names, issuer)
    yield category(_SOFTWARE | (_TEST if names.is_test else 0)), False
