"""What the annuaire says, as values: professionals, structures, servers, and their cards and certificates.

The fields are those of the screens of the real one (infos titulaire, lieu d'exercice, certificats: spec/pki.md §1.7) and of
the public extracts that it publishes (:mod:`bifente.igc.annuaire.extracts`).
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum

from bifente.codes.departements import departement_label


class EntryKind(Enum):
    """The three things that the directory's search chooses between."""

    PROFESSIONAL = "professional"
    STRUCTURE = "structure"
    SERVER = "server"


class CertificateUse(Enum):
    """What a published certificate is for, as its extensions say."""

    SIGNATURE = "signature"
    AUTHENTICATION = "authentication"
    ENCIPHERMENT = "encipherment"
    """To encipher for, and perhaps to sign: software of an organisation, a caisse."""
    TECHNICAL = "technical"
    """The contactless one of a card: it names the card, not the holder."""
    SERVER = "server"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A code of a nomenclature and what it is called; either may be empty."""

    code: str = ""
    label: str = ""

    def __str__(self) -> str:
        return self.label or self.code


@dataclass(frozen=True, slots=True)
class PlaceAddress:
    """Where a structure is, in the parts of the extract; ``departement`` is a code."""

    recipient: str = ""
    location: str = ""
    number: str = ""
    repetition: str = ""
    way_type: Labelled = Labelled()
    way: str = ""
    distribution: str = ""
    cedex: str = ""
    postcode: str = ""
    commune: Labelled = Labelled()
    country: Labelled = Labelled()
    departement: Labelled = Labelled()

    @property
    def lines(self) -> tuple[str, ...]:
        """As on a letter, without the name."""
        way_type = self.way_type.code or self.way_type.label
        way = " ".join(part for part in (self.number, self.repetition, way_type, self.way) if part)
        town = self.cedex or " ".join(part for part in (self.postcode, self.commune.label) if part)
        parts = (self.recipient, self.location, way, self.distribution, town, self.country.label)
        return tuple(part for part in parts if part)

    @property
    def departement_label(self) -> str:
        """``Vosges (88)``; empty when it is not known."""
        return departement_label(self.departement.code) if self.departement.code else ""


@dataclass(frozen=True, slots=True)
class ListedCertificate:
    """A published certificate. Times are in UTC; ``serial`` is in hexadecimal, small letters."""

    serial: str
    use: CertificateUse
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    der: bytes = field(repr=False)
    card: str = ""
    revoked: datetime | None = None

    def status_at(self, when: datetime) -> str:
        """``valid``, ``future``, ``expired`` or ``revoked``."""
        if self.revoked is not None and self.revoked <= when:
            return "revoked"
        if when > self.not_after:
            return "expired"
        return "future" if when < self.not_before else "valid"


@dataclass(frozen=True, slots=True)
class ListedCard:
    """A card as the extract of cards tells it. ``kind`` is CPS, CPF, CDE, CPE or CPA; ``identifier`` is the one inside."""

    number: str
    kind: Labelled = Labelled()
    identifier: str = ""
    start: date | None = None
    end: date | None = None
    opposed: date | None = None
    updated: date | None = None


@dataclass(frozen=True, slots=True)
class ListedStructure:
    """A place where professionals practise, or an organisation that has certificates."""

    identifier: str
    """Technical identifier of the extract; with its type digit for what certificates name (``1`` + FINESS, ``3`` + SIRET)."""
    name: str = ""
    sign: str = ""
    siret: str = ""
    siren: str = ""
    finess: str = ""
    finess_legal: str = ""
    former: str = ""
    address: PlaceAddress = PlaceAddress()
    phone: str = ""
    phone_2: str = ""
    fax: str = ""
    mail: str = ""
    certificates: tuple[ListedCertificate, ...] = ()

    @property
    def national_identifier(self) -> str:
        """The directory's identifier with its type digit (G07): FINESS, else SIRET, else SIREN, else what there is."""
        for kind, number in (("1", self.finess), ("3", self.siret), ("2", self.siren)):
            if number:
                return kind + number
        return self.identifier


@dataclass(frozen=True, slots=True)
class Practice:
    """One activity of a professional: a row of the extract, less the person."""

    profession: Labelled = Labelled()
    category: Labelled = Labelled()
    skill_kind: Labelled = Labelled()
    skill: Labelled = Labelled()
    mode: Labelled = Labelled()
    registered_by: str = ""
    sector: Labelled = Labelled()
    section: Labelled = Labelled()
    role: Labelled = Labelled()
    activity_kind: Labelled = Labelled()
    structure: ListedStructure | None = None


@dataclass(frozen=True, slots=True)
class ListedProfessional:
    """Somebody in the directory: identity, cards, certificates, and where he or she practises."""

    identifier: str
    """National identifier with its type digit: ``8`` + RPPS, ``0`` + ADELI."""
    family_name: str
    given_name: str
    civility: Labelled = Labelled()
    exercise_civility: Labelled = Labelled()
    mails: tuple[str, ...] = ()
    former_adeli: tuple[str, ...] = ()
    practices: tuple[Practice, ...] = ()
    cards: tuple[ListedCard, ...] = ()
    certificates: tuple[ListedCertificate, ...] = ()

    @property
    def full_name(self) -> str:
        """Civility of practice (or civility), given name, name."""
        title = self.exercise_civility.label or self.civility.label
        return " ".join(part for part in (title, self.given_name, self.family_name) if part)


@dataclass(frozen=True, slots=True)
class ListedServer:
    """A server, an application or a caisse: what has a certificate and is no person. ``name`` is its common name."""

    name: str
    organisation: str = ""
    structure: str = ""
    departement: str = ""
    certificates: tuple[ListedCertificate, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundEntry:
    """One answer of a search: enough for a line."""

    kind: EntryKind
    identifier: str
    name: str
    what: str = ""
    """Professions; the trading name of a structure; the organisation of a server."""
    place: str = ""
    """Commune and département of the first place."""


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """The answers on one page. ``total`` counts them up to the bound of a search; ``more`` says that it was reached."""

    entries: tuple[FoundEntry, ...]
    total: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class AnnuaireQuery:
    """What is looked for; what is empty does not matter. Names are beginnings of words, accents and case as one likes.

    ``text`` is a name or an identifier, as in the quick search; ``departement`` a code; ``profession`` a code of G15,
    ``skill`` of R01 or another nomenclature of savoir-faire.
    """

    kind: EntryKind = EntryKind.PROFESSIONAL
    text: str = ""
    family_name: str = ""
    given_name: str = ""
    identifier: str = ""
    card: str = ""
    mail: str = ""
    serial: str = ""
    departement: str = ""
    commune: str = ""
    profession: str = ""
    skill: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing is asked for: a search without an end."""
        asked = (
            self.text,
            self.family_name,
            self.given_name,
            self.identifier,
            self.card,
            self.mail,
            self.serial,
            self.departement,
            self.commune,
            self.profession,
            self.skill,
        )
        return not any(part.strip() for part in asked)


@dataclass(frozen=True, slots=True)
class AnnuaireAuthority:
    """An authority on the authorities' page: its certificate, and its lists where they are known."""

    name: str
    certificate: ListedCertificate
    issuer: str = ""
    """The name of the one above; empty for a root."""
    crl: bytes | None = field(default=None, repr=False)
    delta_crl: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AnnuaireCounts:
    """How much there is."""

    professionals: int
    structures: int
    servers: int
    cards: int
    certificates: int
    authorities: int
