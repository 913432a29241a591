"""Names and addresses of an authority: the form of IGC-Santé's, the words our own.

The real chain (public test certificates in erickriegel/esignsante) is ``C=FR, O=ASIP-SANTE, OU=0002 187512751,
OU=IGC-SANTE TEST, CN=TEST AC IGC-SANTE FORT PERSONNES``. Here organisation, SIREN and hosts are invented, and all
hosts lie below ``.invalid`` (RFC 2606 §2): nobody may take a certificate for the State's.
"""

from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote

from cryptography.x509 import Name, NameAttribute
from cryptography.x509.oid import NameOID

_SIREN = "0002 000000000"
"""ISO 6523 code 0002 (SIREN) and a number that no organisation has."""

_HTTP = "http://igc.bifente.invalid"
_LDAP = "ldap://annuaire-igc.bifente.invalid"
_OCSP = "http://ocsp.bifente.invalid"

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
class AuthorityNames:
    """Everything that an authority of one environment is called. ``environment``: T test, P production-like."""

    environment: str

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
        return f"{_HTTP}/PC{self._url_mark}"

    @property
    def ocsp_uri(self) -> str:
        """Where an OCSP responder would be."""
        return _OCSP

    def root(self, gamme: AnyGamme) -> Name:
        """The DN of a root."""
        return self._name(self._root_cn(gamme))

    def intermediate(self, gamme: AnyGamme) -> Name:
        """The DN of the authority that issues for persons, or for organisations."""
        return self._name(self._intermediate_cn(gamme))

    def root_crl_uris(self, gamme: AnyGamme) -> list[str]:
        """Where the root's revocation list would be: by http and by LDAP."""
        query = f"?{_CRL_ATTRIBUTE}?base?objectclass=pkiCA"
        parts = [("CN", self._root_cn(gamme)), *self._directory_base(upper=True)]
        return [f"{_HTTP}/CRL/ACR-{gamme.abbreviation}{self._file_mark}.crl", _ldap(parts, query)]

    def crl_uris(self, gamme: AnyGamme) -> list[str]:
        """Where the issuing authority's revocation list would be: by http and by LDAP."""
        return [
            f"{_HTTP}/CRL/{self._file(gamme)}.crl",
            self._ldap_of(gamme, f"?{_CRL_ATTRIBUTE}?base?objectClass=pkiCA"),
        ]

    def delta_crl_uri(self, gamme: AnyGamme) -> str:
        """Where the delta list would be: by LDAP only."""
        return self._ldap_of(gamme, f"?{_DELTA_ATTRIBUTE}?base?objectClass=pkiCA")

    def issuer_uri(self, gamme: AnyGamme) -> str:
        """Where the issuing authority's certificate would be."""
        return f"{_HTTP}/AC{self._url_mark}/{self._file(gamme)}.cer"

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

    def _file(self, gamme: AnyGamme) -> str:
        holders = "ORG" if isinstance(gamme, OrganisationGamme) else "PP"
        return f"ACI-{gamme.abbreviation}-{holders}{self._file_mark}"

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
        return _ldap(parts, query)


def _ldap(parts: list[tuple[str, str]], query: str) -> str:
    return f"{_LDAP}/" + ",".join(f"{kind}={quote(value)}" for kind, value in parts) + query
