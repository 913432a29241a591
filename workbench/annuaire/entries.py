"""An entry whole, as a person reads it and as JSON: the fields of the directory's tabs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bifente.codes.departements import departement_label

if TYPE_CHECKING:
    from bifente.igc.annuaire import Annuaire
    from bifente.igc.annuaire.values import (
        FoundEntry,
        Labelled,
        ListedCard,
        ListedCertificate,
        ListedProfessional,
        ListedServer,
        ListedStructure,
        Practice,
    )

    Entry = ListedProfessional | ListedStructure | ListedServer

Section = tuple[str, Sequence[tuple[str, str]]]
"""A title, and names with what they are."""

UNKNOWN = "- non renseigné -"
"""What the directory's screens say of an empty field."""

_USES = {
    "signature": "Certificat de signature",
    "authentication": "Certificat d'authentification",
    "encipherment": "Certificat de chiffrement",
    "technical": "Certificat technique (sans contact)",
    "server": "Certificat de serveur",
    "other": "Certificat",
}
_STATUS = {"valid": "valide", "expired": "expiré", "future": "pas encore valide", "revoked": "révoqué"}


def whole_entry(identifier: str, annuaire: Path | None = None) -> "Entry":
    """The entry of that identifier. Raises NotListed, AnnuaireError, OSError."""
    from bifente.workbench.annuaire.files import open_annuaire
    from bifente.workbench.annuaire.searching import find_entry

    with open_annuaire(annuaire) as opened:
        return find_entry(opened, identifier)


@dataclass(frozen=True, slots=True)
class CertificateSheet:
    """A certificate as the tab shows it."""

    title: str
    serial: str
    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class EntrySheet:
    """An entry as the directory's three tabs show it; ``places`` and ``certificates`` may be empty.

    ``structures`` are the identifiers of the places, in their order, as far as they are entries themselves.
    """

    title: str
    holder: Sequence[Section]
    places: Sequence[Section] = ()
    certificates: Sequence[CertificateSheet] = ()
    structures: Sequence[str] = ()


def sheet_of(entry: "Entry", now: datetime | None = None) -> EntrySheet:
    """The tabs of an entry, in the words of the directory: infos titulaire, lieu d'exercice, certificats."""
    from bifente.igc.annuaire.values import ListedProfessional, ListedStructure

    when = now or datetime.now(UTC)
    certificates = [
        CertificateSheet(_USES[one.use.value], one.serial, certificate_rows(one, when))
        for one in entry.certificates
    ]
    if isinstance(entry, ListedProfessional):
        holder: list[Section] = [("Identité", _identity(entry))]
        holder += [("Profession", _profession(one, entry.identifier)) for one in entry.practices]
        holder += [("Carte", _card(one)) for one in entry.cards]
        structures = [one.structure for one in entry.practices if one.structure is not None]
        places: list[Section] = [("Lieu d'exercice", structure_rows(one)) for one in structures]
        return EntrySheet(
            entry.full_name, holder, places, certificates, [one.identifier for one in structures]
        )
    if isinstance(entry, ListedStructure):
        return EntrySheet(
            entry.name or entry.identifier, [("Structure", structure_rows(entry))], (), certificates
        )
    rows = [
        ("Nom", entry.name),
        ("Organisation", entry.organisation or UNKNOWN),
        ("Structure", entry.structure or UNKNOWN),
        ("Département", departement_label(entry.departement) or UNKNOWN),
    ]
    return EntrySheet(entry.name, [("Serveur", rows)], (), certificates)


def sections_of(entry: "Entry", now: datetime | None = None) -> list[Section]:
    """The sections of all tabs."""
    sheet = sheet_of(entry, now)
    return [*sheet.holder, *sheet.places, *((one.title, one.rows) for one in sheet.certificates)]


def certificate_rows(certificate: "ListedCertificate", when: datetime) -> list[tuple[str, str]]:
    """A certificate as the tab shows it, and who issued it."""
    return [
        ("Numéro de série", certificate.serial),
        ("Date de début", _time(certificate.not_before)),
        ("Date de fin", _time(certificate.not_after)),
        ("État", _STATUS[certificate.status_at(when)]),
        ("Titulaire", certificate.subject),
        ("Émetteur", certificate.issuer),
    ]


def structure_rows(structure: "ListedStructure") -> list[tuple[str, str]]:
    """A structure: names, numbers, address."""
    numbers = [
        ("Identification", structure.national_identifier),
        ("Raison sociale", structure.name),
        ("Enseigne commerciale", structure.sign),
        ("FINESS", structure.finess),
        ("FINESS de l'établissement juridique", structure.finess_legal),
        ("SIRET", structure.siret),
        ("SIREN", structure.siren),
        ("Adresse", ", ".join(structure.address.lines)),
        ("Département", structure.address.departement_label),
        ("Téléphone", ", ".join(filter(None, (structure.phone, structure.phone_2)))),
        ("Télécopie", structure.fax),
        ("Mail", structure.mail),
    ]
    always = {"Identification", "Raison sociale", "Adresse", "Département"}
    return [(name, text or UNKNOWN) for name, text in numbers if text or name in always]


def _identity(entry: "ListedProfessional") -> list[tuple[str, str]]:
    now = [card for card in entry.cards if card.opposed is None] or list(entry.cards)
    card = max(now, key=lambda one: (one.start or date.min, one.number), default=None)
    return [
        ("Identification", entry.identifier),
        ("Civilité", entry.civility.label or UNKNOWN),
        ("Civilité d'exercice", entry.exercise_civility.label or UNKNOWN),
        ("Nom", entry.family_name),
        ("Prénom", entry.given_name or UNKNOWN),
        ("Mail(s)", ", ".join(entry.mails) or UNKNOWN),
        ("Type de carte", str(card.kind) if card is not None and str(card.kind) else UNKNOWN),
        ("Numéro de carte", card.number if card is not None else UNKNOWN),
        ("Historique ADELI", ", ".join(entry.former_adeli) or UNKNOWN),
    ]


def _profession(practice: "Practice", identifier: str) -> list[tuple[str, str]]:
    """The R01 and other savoir-faire of who is in the RPPS is the *qualification d'exercice RPPS* of the screens."""
    skill = _said(practice.skill)
    rpps = identifier.startswith("8")
    always = [
        ("Profession", _said(practice.profession) or UNKNOWN),
        ("Spécialité", practice.skill.label or skill or UNKNOWN),
        ("Qualif. d'exercice RPPS", skill if rpps and skill else UNKNOWN),
        ("Rôle dans la structure", _said(practice.role) or UNKNOWN),
    ]
    rows = [
        ("Type de savoir-faire", _said(practice.skill_kind)),
        ("Catégorie", _said(practice.category)),
        ("Mode d'exercice", _said(practice.mode)),
        ("Secteur d'activité", _said(practice.sector)),
        ("Section (pharmaciens)", _said(practice.section)),
        ("Genre d'activité", _said(practice.activity_kind)),
        ("Autorité d'enregistrement", practice.registered_by),
    ]
    return always + [(name, text) for name, text in rows if text]


def _card(card: "ListedCard") -> list[tuple[str, str]]:
    rows = [
        ("Type de carte", _said(card.kind) or UNKNOWN),
        ("Numéro de carte", card.number),
        ("Identifiant dans la carte", card.identifier),
        ("Valable du", _day(card.start)),
        ("au", _day(card.end)),
        ("En opposition depuis", _day(card.opposed)),
        ("Mise à jour", _day(card.updated)),
    ]
    return [(name, text) for name, text in rows if text]


def document_of(entry: "Entry") -> dict[str, Any]:
    """An entry as JSON takes it: every field by its name, certificates as DER in hexadecimal."""
    found = _plain(entry)
    assert isinstance(found, dict)
    kind = type(entry).__name__.removeprefix("Listed").casefold()
    return {"kind": kind, **found}


def _plain(value: object) -> Any:
    from dataclasses import fields, is_dataclass
    from enum import Enum

    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def _said(labelled: "Labelled") -> str:
    return f"{labelled.label} ({labelled.code})" if labelled.label and labelled.code else str(labelled)


def _time(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _day(day: date | None) -> str:
    return day.isoformat() if day is not None else ""


@dataclass(frozen=True, slots=True)
class AuthoritySheet:
    """An authority on its page."""

    title: str
    serial: str
    above: str
    rows: Sequence[tuple[str, str]]
    has_list: bool
    has_delta: bool


def entry_sheet(annuaire: "Annuaire", kind: str, identifier: str, now: datetime | None = None) -> EntrySheet:
    """The tabs of the entry of that kind (``professional``, ``structure``, ``server``). Raises NotListed, AnnuaireError."""
    looks: dict[str, Callable[[str], Entry]] = {
        "professional": annuaire.professional,
        "structure": annuaire.structure,
        "server": annuaire.server,
    }
    return sheet_of(looks[kind](identifier), now)


def people_of(annuaire: "Annuaire", structure: str) -> "list[FoundEntry]":
    """Who practises at a structure. Raises AnnuaireError."""
    return annuaire.people_at(structure)


def authority_sheets(annuaire: "Annuaire", now: datetime | None = None) -> list[AuthoritySheet]:
    """The authorities' page. Raises AnnuaireError."""
    when = now or datetime.now(UTC)
    return [
        AuthoritySheet(
            _common_name(one.name),
            one.certificate.serial,
            _common_name(one.issuer),
            certificate_rows(one.certificate, when),
            one.crl is not None,
            one.delta_crl is not None,
        )
        for one in annuaire.authorities()
    ]


def _common_name(name: str) -> str:
    """The common name of a DN, for a title."""
    return next((part[3:] for part in name.split(",") if part.startswith("CN=")), name)
