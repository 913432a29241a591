"""An entry whole, as a person reads it and as JSON: the fields of the directory's tabs."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bifente.codes.departements import departement_label

if TYPE_CHECKING:
    from bifente.igc.annuaire.values import (
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


def sections_of(entry: "Entry", now: datetime | None = None) -> list[Section]:
    """The sections of an entry, in the words of the directory."""
    from bifente.igc.annuaire.values import ListedProfessional, ListedStructure

    when = now or datetime.now(UTC)
    if isinstance(entry, ListedProfessional):
        sections: list[Section] = [("Identité", _identity(entry))]
        sections += [("Profession et lieu d'exercice", _practice(one)) for one in entry.practices]
        sections += [("Carte", _card(one)) for one in entry.cards]
    elif isinstance(entry, ListedStructure):
        sections = [("Structure", structure_rows(entry))]
    else:
        sections = [
            (
                "Serveur",
                [
                    ("Nom", entry.name),
                    ("Organisation", entry.organisation or UNKNOWN),
                    ("Structure", entry.structure or UNKNOWN),
                    ("Département", departement_label(entry.departement) or UNKNOWN),
                ],
            )
        ]
    sections += [(_USES[one.use.value], certificate_rows(one, when)) for one in entry.certificates]
    return sections


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
    return [
        ("Identification", entry.identifier),
        ("Civilité", entry.civility.label or UNKNOWN),
        ("Civilité d'exercice", entry.exercise_civility.label or UNKNOWN),
        ("Nom", entry.family_name),
        ("Prénom", entry.given_name or UNKNOWN),
        ("Mail(s)", ", ".join(entry.mails) or UNKNOWN),
        ("Historique ADELI", ", ".join(entry.former_adeli) or UNKNOWN),
    ]


def _practice(practice: "Practice") -> list[tuple[str, str]]:
    rows = [
        ("Profession", _said(practice.profession) or UNKNOWN),
        ("Spécialité", _said(practice.skill) or UNKNOWN),
        ("Type de savoir-faire", _said(practice.skill_kind)),
        ("Catégorie", _said(practice.category)),
        ("Mode d'exercice", _said(practice.mode)),
        ("Rôle dans la structure", _said(practice.role) or UNKNOWN),
        ("Secteur d'activité", _said(practice.sector)),
        ("Section (pharmaciens)", _said(practice.section)),
        ("Genre d'activité", _said(practice.activity_kind)),
        ("Autorité d'enregistrement", practice.registered_by),
    ]
    found = [(name, text) for name, text in rows if text]
    return found + (structure_rows(practice.structure) if practice.structure is not None else [])


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
