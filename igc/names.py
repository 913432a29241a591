"""Names and addresses of an authority: the form of IGC-Santé's, the words our own.

The real chain (public test certificates in erickriegel/esignsante) is ``C=FR, O=ASIP-SANTE, OU=0002 187512751,
OU=IGC-SANTE TEST, CN=TEST AC IGC-SANTE FORT PERSONNES``. Here organisation, SIREN and hosts are invented, and all
hosts lie below ``.invalid`` (RFC 2606 §2): nobody may take a certificate for the State's.
"""

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Final
from urllib.parse import quote, urlsplit

from cryptography.x509 import Name, NameAttribute
from cryptography.x509.oid import NameOID

_SIREN = "0002 000000000"
"""ISO 6523 code 0002 (SIREN) and a number that no organisation has."""

_HTTP: Final = "http://igc.bifente.invalid"
_LDAP: Final = "ldap://annuaire-igc.bifente.invalid"
_OCSP: Final = "http://ocsp.bifente.invalid"
OCSP_PATH: Final = "/OCSP"
"""Where the responder is below the base of an authority that has one (the real one has a host of its own)."""
_LONGEST_URL: Final = 200
_URL: Final = re.compile(r"[!-;=?-~]+")

UPN_DOMAIN = "carte-cps.invalid"
"""After the ``@`` of a holder's user principal name; on a real card ``carte-cps.fr``."""

_CRL_ATTRIBUTE = "certificaterevocationlist;binary"
_DELTA_ATTRIBUTE = "deltarevocationlist;binary"


class Gamme(Enum):
    """The levels of assurance of IGC-Santé from which cards are certified."""

    FORT = "FORT"
    """CPS and CPF."""
    STANDARD = "STANDARD"
    """CDE, CPE and CPA."""

    @classmethod
    def of_card_type(cls, card_type: int) -> "Gamme":
        """The level for a G02 card type."""
        return cls.FORT if card_type in (0, 1) else cls.STANDARD

    @property
    def abbreviation(self) -> str:
        """As in the names of the published files: FO, ST."""
        return self.value[:2]


class OrganisationGamme(Enum):
    """The level of assurance of IGC-Santé from which servers and software of organisations are certified."""

    ELEMENTAIRE = "ELEMENTAIRE"

    @property
    def abbreviation(self) -> str:
        """As in the names of the published files: EL."""
        return self.value[:2]


AnyGamme = Gamme | OrganisationGamme


@dataclass(frozen=True, slots=True)
class PublicationUrls:
    """Where an authority is published: what stands in its certificates. Without a base nobody serves it."""

    base: str = ""
    """``http://127.0.0.1:8470``: lists, certificates and responder are below it; empty: hosts that no network has."""
    ldap: str = ""
    """``ldap://127.0.0.1:3389``; empty: a host that no network has."""

    def __post_init__(self) -> None:
        if self.base:
            _check_url(self.base, "http")
        if self.ldap:
            _check_url(self.ldap, "ldap")

    @property
    def published(self) -> bool:
        """Whether the URLs by HTTP lead anywhere."""
        return bool(self.base)


@dataclass(frozen=True, slots=True)
class AuthorityNames:
    """Everything that an authority of one environment is called. ``environment``: T test, P production-like."""

    environment: str
    urls: PublicationUrls = field(default_factory=PublicationUrls)

    def __post_init__(self) -> None:
        if self.environment not in ("T", "P"):
            raise ValueError(f"the environment of an authority is T or P, not {self.environment!r}")

    @property
    def is_test(self) -> bool:
        """Certificates are marked TEST, cards have category 80."""
        return self.environment == "T"

    @property
    def policy(self) -> str:
        """The certificate policy of leaves, in the arc that ITU-T X.660 keeps for examples (2.999)."""
        return "2.999.1.1" if self.is_test else "2.999.1.2"

    @property
    def policy_uri(self) -> str:
        """Where the certification practice statement would be."""
        return f"{self._http}/PC{self._url_mark}"

    @property
    def ocsp_uri(self) -> str:
        """Where the OCSP responder is."""
        return self.urls.base + OCSP_PATH if self.urls.base else _OCSP

    @property
    def _http(self) -> str:
        return self.urls.base or _HTTP

    def root(self, gamme: AnyGamme) -> Name:
        """The DN of a root."""
        return self._name(self._root_cn(gamme))

    def intermediate(self, gamme: AnyGamme) -> Name:
        """The DN of the authority that issues for persons, or for organisations."""
        return self._name(self._intermediate_cn(gamme))

    def root_crl_uris(self, gamme: AnyGamme, generation: int = 1) -> list[str]:
        """Where the root's revocation list is: by http and by LDAP."""
        query = f"?{_CRL_ATTRIBUTE}?base?objectclass=pkiCA"
        parts = [("CN", self._root_cn(gamme)), *self._directory_base(upper=True)]
        return [self._http + self.crl_path(gamme, generation, root=True), self._ldap(parts, query)]

    def crl_uris(self, gamme: AnyGamme, generation: int = 1) -> list[str]:
        """Where the issuing authority's revocation list is: by http and by LDAP."""
        return [
            self._http + self.crl_path(gamme, generation),
            self._ldap_of(gamme, f"?{_CRL_ATTRIBUTE}?base?objectClass=pkiCA"),
        ]

    def delta_crl_uris(self, gamme: AnyGamme, generation: int = 1) -> list[str]:
        """Where the delta list is: by LDAP, as in the real certificates; before it by http where that leads anywhere."""
        ldap = self._ldap_of(gamme, f"?{_DELTA_ATTRIBUTE}?base?objectClass=pkiCA")
        http = [self._http + self.delta_path(gamme, generation)] if self.urls.published else []
        return [*http, ldap]

    def issuer_uri(self, gamme: AnyGamme, generation: int = 1) -> str:
        """Where the issuing authority's certificate is."""
        return self._http + self.certificate_path(gamme, generation)

    def crl_path(self, gamme: AnyGamme, generation: int = 1, *, root: bool = False) -> str:
        """The path of a list: ``/CRL/ACI-FO-PP-TEST.crl`` (spec/pki.md §1.2); later keys of an authority are numbered."""
        return f"/CRL/{self._file(gamme, generation, root=root)}.crl"

    def delta_path(self, gamme: AnyGamme, generation: int = 1) -> str:
        """The path of a delta list: synthetic, the real ones are published by LDAP only."""
        return f"/CRL/{self._file(gamme, generation)}-DELTA.crl"

    def certificate_path(self, gamme: AnyGamme, generation: int = 1, *, root: bool = False) -> str:
        """The path of an authority's certificate: ``/AC%20TEST/ACI-FO-PP-TEST.cer``."""
        return f"/AC{self._url_mark}/{self._file(gamme, generation, root=root)}.cer"

    @property
    def chain_path(self) -> str:
        """The path of all certificates in one file, as ``/AC%20TEST/Chaine_de_certification-IGC-Sante-TEST.p7b``."""
        return f"/AC{self._url_mark}/Chaine_de_certification-IGC-BIFENTE{self._file_mark}.p7b"

    @property
    def _url_mark(self) -> str:
        return "%20TEST" if self.is_test else ""

    @property
    def _file_mark(self) -> str:
        return "-TEST" if self.is_test else ""

    @property
    def organisation(self) -> str:
        """The organisation in whose name everything is certified."""
        return "BIFENTE-TEST" if self.is_test else "BIFENTE"

    @property
    def _igc(self) -> str:
        return "IGC-BIFENTE TEST" if self.is_test else "IGC-BIFENTE"

    def _file(self, gamme: AnyGamme, generation: int, *, root: bool = False) -> str:
        number = f"-{generation}" if generation > 1 else ""
        if root:
            return f"ACR-{gamme.abbreviation}{self._file_mark}{number}"
        holders = "ORG" if isinstance(gamme, OrganisationGamme) else "PP"
        return f"ACI-{gamme.abbreviation}-{holders}{self._file_mark}{number}"

    def _root_cn(self, gamme: AnyGamme) -> str:
        return f"{'TEST ' if self.is_test else ''}AC RACINE BIFENTE {gamme.value}"

    def _intermediate_cn(self, gamme: AnyGamme) -> str:
        holders = "ORGANISATIONS" if isinstance(gamme, OrganisationGamme) else "PERSONNES"
        return f"{'TEST ' if self.is_test else ''}AC BIFENTE {gamme.value} {holders}"

    def _name(self, common_name: str) -> Name:
        return Name(
            [
                NameAttribute(NameOID.COUNTRY_NAME, "FR"),
                NameAttribute(NameOID.ORGANIZATION_NAME, self.organisation),
                NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, _SIREN),
                NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, self._igc),
                NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )

    def _directory_base(self, *, upper: bool) -> list[tuple[str, str]]:
        base = [("ou", self._igc), ("ou", _SIREN), ("o", self.organisation), ("c", "FR")]
        return [(kind.upper(), value) for kind, value in base] if upper else base

    def _ldap_of(self, gamme: AnyGamme, query: str) -> str:
        # the directory's entry lies below its root's, which the certificate's issuer DN does not show
        parts = [
            ("cn", self._intermediate_cn(gamme)),
            ("ou", self._root_cn(gamme)),
            *self._directory_base(upper=False),
        ]
        return self._ldap(parts, query)

    def _ldap(self, parts: list[tuple[str, str]], query: str) -> str:
        host = self.urls.ldap or _LDAP
        return f"{host}/" + ",".join(f"{kind}={quote(value)}" for kind, value in parts) + query


def _check_url(url: str, scheme: str) -> None:
    """Raise ValueError unless *url* can stand in certificates with a path after it."""
    example = "http://127.0.0.1:8470" if scheme == "http" else "ldap://127.0.0.1:3389"
    wrong = f"not an address to publish at: {url[:80]!r}; {example}, for example"
    try:
        parts = urlsplit(url)
        there = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise ValueError(wrong) from None
    plain = _URL.fullmatch(url) and not (parts.query or parts.fragment or parts.username or parts.password)
    if (
        parts.scheme != scheme
        or not there
        or not plain
        or url.endswith(("/", "?", "#"))
        or len(url) > _LONGEST_URL
    ):
        raise ValueError(wrong)
