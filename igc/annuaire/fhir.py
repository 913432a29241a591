"""Entries in the shape of FHIR R4, with the field names of the Annuaire Santé (ansforge/IG-fhir-annuaire).

``as-ext-smartcard`` and ``as-ext-digital-certificate`` are written as their definitions say; systems are those of the guide. It is
a shape and no conforming server: what the guide takes from elsewhere (diplomas, authorisations, metadata) is not there, and a code
whose system the guide does not name with it (savoir-faire, type of card) has none.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final

from bifente.igc.annuaire.values import (
    CertificateUse,
    Labelled,
    ListedCard,
    ListedCertificate,
    ListedProfessional,
    ListedStructure,
    Practice,
)

Resource = dict[str, object]

_GUIDE: Final = "https://interop.esante.gouv.fr/ig/fhir/annuaire/StructureDefinition/"
_CORE: Final = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203"
_NOS: Final = "https://mos.esante.gouv.fr/NOS/"
_PERSON, _STRUCTURE = "urn:oid:1.2.250.1.71.4.2.1", "urn:oid:1.2.250.1.71.4.2.2"
_RPPS: Final = "https://rpps.esante.gouv.fr"
_FINESS: Final = "https://finess.esante.gouv.fr"
_SIRET: Final = "http://sirene.fr"
_PROFESSION: Final = f"{_NOS}TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante"
_USAGES: Final = {
    CertificateUse.SIGNATURE: "nonRepudiation",
    CertificateUse.AUTHENTICATION: "digitalSignature",
    CertificateUse.ENCIPHERMENT: "keyEncipherment",
    CertificateUse.TECHNICAL: "digitalSignature",
    CertificateUse.SERVER: "digitalSignature keyEncipherment",
    CertificateUse.OTHER: "",
}


def resource_id(identifier: str) -> str:
    """The id of a resource: what FHIR allows of an identifier (R4, datatype id: letters, figures, ``-`` and ``.``)."""
    return re.sub(r"[^A-Za-z0-9.-]", "-", identifier)[:64]


def practitioner(entry: ListedProfessional) -> Resource:
    """Somebody as Practitioner (``as-practitioner``)."""
    name: Resource = {"use": "usual", "family": entry.family_name, "given": entry.given_name.split()}
    if entry.civility.label:
        name["prefix"] = [entry.civility.label]
    if entry.exercise_civility.label:
        name["suffix"] = [entry.exercise_civility.label]
    found: Resource = {
        "resourceType": "Practitioner",
        "id": resource_id(entry.identifier),
        "meta": {"profile": [f"{_GUIDE}as-practitioner"]},
        "extension": [
            *(_smartcard(card) for card in entry.cards),
            *(_digital_certificate(one) for one in entry.certificates),
        ],
        "identifier": _person_identifiers(entry.identifier),
        "active": True,
        "name": [name],
        "telecom": [_mail(address) for address in entry.mails],
        "qualification": _qualifications(entry.practices),
    }
    return _without_empty(found)


def organization(entry: ListedStructure) -> Resource:
    """A structure as Organization (``as-organization``)."""
    national = entry.national_identifier
    identifiers = [_identifier(_STRUCTURE, national, "IDNST")]
    if entry.finess:
        identifiers.append(_identifier(_FINESS, entry.finess, "FINEG"))
    if entry.siret:
        identifiers.append(_identifier(_SIRET, entry.siret, "SIRET"))
    telecom = [
        *({"system": "phone", "value": phone} for phone in (entry.phone, entry.phone_2) if phone),
        *({"system": "fax", "value": fax} for fax in (entry.fax,) if fax),
        *({"system": "email", "value": mail} for mail in (entry.mail,) if mail),
    ]
    address = _without_empty(
        {
            "line": [line for line in entry.address.lines if line != _town(entry)],
            "city": entry.address.commune.label,
            "district": entry.address.departement.code,
            "postalCode": entry.address.postcode,
            "country": entry.address.country.label,
        }
    )
    found: Resource = {
        "resourceType": "Organization",
        "id": resource_id(entry.identifier),
        "meta": {"profile": [f"{_GUIDE}as-organization"]},
        "extension": [_digital_certificate(one) for one in entry.certificates],
        "identifier": identifiers,
        "active": True,
        "name": entry.name,
        "alias": [entry.sign] if entry.sign else [],
        "telecom": telecom,
        "address": [address] if address else [],
    }
    return _without_empty(found)


def bundle(resources: Sequence[Resource], total: int, base: str, own: str, following: str = "") -> Resource:
    """The answers of a search; *own* and *following* are the addresses of this page and of the next."""
    links = [{"relation": "self", "url": own}]
    if following:
        links.append({"relation": "next", "url": following})
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": total,
        "link": links,
        "entry": [
            {
                "fullUrl": f"{base}/{one['resourceType']}/{one['id']}",
                "resource": one,
                "search": {"mode": "match"},
            }
            for one in resources
        ],
    }


def outcome(code: str, words: str) -> Resource:
    """What went wrong (``not-found``, ``invalid``, ``not-supported``)."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": code, "diagnostics": words}],
    }


def capability(base: str, parameters: dict[str, Iterable[str]], now: datetime) -> Resource:
    """What may be asked, as a CapabilityStatement."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": now.date().isoformat(),
        "kind": "instance",
        "implementation": {"description": "An annuaire of bifente: fictitious or public data", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "resource": [
                    {
                        "type": kind,
                        "interaction": [{"code": "read"}, {"code": "search-type"}],
                        "searchParam": [{"name": name, "type": "string"} for name in names],
                    }
                    for kind, names in parameters.items()
                ],
            }
        ],
    }


def _smartcard(card: ListedCard) -> Resource:
    parts = [
        _part("type", "valueCodeableConcept", _concept("", card.kind)),
        _part("number", "valueString", card.number),
        _part("period", "valuePeriod", _period(card.start, card.end)),
        _part("oppositionDate", "valueDateTime", card.opposed.isoformat() if card.opposed else ""),
    ]
    return {"url": f"{_GUIDE}as-ext-smartcard", "extension": [part for part in parts if part]}


def _digital_certificate(certificate: ListedCertificate) -> Resource:
    name = re.search(r"(?:^|[,+])CN=((?:\\.|[^,+\\])*)", certificate.subject)
    attachment = {"contentType": "application/pkix-cert", "data": b64encode(certificate.der).decode()}
    parts = [
        _part("serialNumber", "valueString", certificate.serial),
        _part("issuer", "valueString", certificate.issuer),
        _part("subject", "valueString", certificate.subject),
        _part("validity", "valuePeriod", _period(certificate.not_before, certificate.not_after)),
        _part("domain", "valueString", name[1] if name else ""),
        _part("keyUsage", "valueString", _USAGES[certificate.use]),
        _part("value", "valueAttachment", attachment),
    ]
    return {"url": f"{_GUIDE}as-ext-digital-certificate", "extension": [part for part in parts if part]}


def _part(url: str, kind: str, value: object) -> Resource:
    return {"url": url, kind: value} if value else {}


def _person_identifiers(identifier: str) -> list[Resource]:
    found = [_identifier(_PERSON, identifier, "IDNPS")]
    if identifier.startswith("8"):
        found.append(_identifier(_RPPS, identifier[1:], "RPPS"))
    return found


def _identifier(system: str, value: str, code: str) -> Resource:
    return {
        "use": "official",
        "type": {"coding": [{"system": _CORE, "code": code}]},
        "system": system,
        "value": value,
    }


def _mail(address: str) -> Resource:
    found: Resource = {"system": "email", "value": address}
    if address.casefold().endswith(".mssante.fr"):
        kind = {"system": f"{_NOS}TRE_R256-TypeMessagerie/FHIR/TRE-R256-TypeMessagerie", "code": "MSSANTE"}
        url = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-contact-point-email-type"
        found["extension"] = [{"url": url, "valueCoding": kind}]
    return found


def _qualifications(practices: Sequence[Practice]) -> list[Resource]:
    codes: dict[tuple[str, Labelled], None] = {}
    for one in practices:
        if one.profession.code:
            codes[_PROFESSION, one.profession] = None
        if one.skill.code:
            codes["", one.skill] = None
    return [{"code": _concept(system, code)} for system, code in codes]


def _concept(system: str, labelled: Labelled) -> Resource:
    if not labelled.code:
        return {}
    return {"coding": [_without_empty({"system": system, "code": labelled.code, "display": labelled.label})]}


def _period(start: date | datetime | None, end: date | datetime | None) -> Resource:
    named = (("start", start), ("end", end))
    return {name: when.isoformat() for name, when in named if when is not None}


def _town(entry: ListedStructure) -> str:
    return " ".join(part for part in (entry.address.postcode, entry.address.commune.label) if part)


def _without_empty(resource: Resource) -> Resource:
    found = {}
    for name, value in resource.items():
        kept = [one for one in value if one] if isinstance(value, list) else value
        if kept or kept is False:
            found[name] = kept
    return found
