"""What a person asks the annuaire, in words; certificates taken out of it; who a letter is enciphered for."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bifente.codes import gip
from bifente.codes.departements import DEPARTEMENTS, departement_code, departement_label
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.igc.annuaire import Annuaire, AnnuaireQuery, AnnuaireRecipient, EntryKind
    from bifente.igc.annuaire.values import (
        Labelled,
        ListedCertificate,
        ListedProfessional,
        ListedServer,
        ListedStructure,
        SearchAnswer,
    )

LONGEST_QUESTION: Final = 200
"""Characters of one field of a search."""

_SHORTEST: Final = 3


class CertificateForm(Enum):
    """How a certificate is taken away."""

    DER = "der"
    PEM = "pem"
    CHAIN = "chain"
    """PEM, with the authorities above it."""


@dataclass(frozen=True, slots=True)
class TakenCertificate:
    """A certificate as a file: its name and bytes, and what they are called on the web (RFC 2585 §4, RFC 8555 §9.1)."""

    name: str
    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class AskedWords:
    """The fields of a search as a person fills them in; what is empty does not matter."""

    text: str = ""
    name: str = ""
    given_name: str = ""
    identifier: str = ""
    card: str = ""
    mail: str = ""
    serial: str = ""
    departement: str = ""
    commune: str = ""
    profession: str = ""
    skill: str = ""


def query_of(kind: "EntryKind", asked: AskedWords, annuaire: "Annuaire | None" = None) -> "AnnuaireQuery":
    """The search that somebody means: a département by number or name, a profession by code or label.

    Raises WorkbenchError for a field that cannot mean anything, or that has less than three letters.
    """
    from bifente.igc.annuaire import AnnuaireQuery

    for field in asked.__slots__:
        _check_length(field, getattr(asked, field))
    departement = ""
    if asked.departement.strip():
        departement = departement_code(asked.departement) or ""
        if not departement:
            raise WorkbenchError(
                f"no département is called {asked.departement!r}", hint="its number or name: 88, or Vosges"
            )
    query = AnnuaireQuery(
        kind,
        text=asked.text.strip(),
        family_name=asked.name.strip(),
        given_name=asked.given_name.strip(),
        identifier=asked.identifier.strip(),
        card=asked.card.strip(),
        mail=asked.mail.strip(),
        serial=asked.serial.strip(),
        departement=departement,
        commune=asked.commune.strip(),
        profession=_code("profession", "G15", asked.profession, annuaire),
        skill=_code("skill", "R01", asked.skill, annuaire),
    )
    if query.empty:
        raise WorkbenchError("nothing is asked for", hint="a name, an identifier, a département …")
    return query


def departements() -> "list[Labelled]":
    """What the search offers: each département as ``Vosges (88)``."""
    from bifente.igc.annuaire.values import Labelled

    return [Labelled(code, departement_label(code)) for code in DEPARTEMENTS]


def professions(annuaire: "Annuaire | None" = None) -> "list[Labelled]":
    """The professions that may be asked for: those of the extracts, else those of the cards' nomenclature."""
    from bifente.igc.annuaire.values import Labelled

    told = annuaire.labels("profession") if annuaire is not None else []
    known = {one.code for one in told}
    ours = [Labelled(code, label) for code, label in gip.TABLES["G15"].items() if code not in known]
    return sorted([*told, *ours], key=lambda one: one.label.casefold())


def find_entry(
    annuaire: "Annuaire", identifier: str
) -> "ListedProfessional | ListedStructure | ListedServer":
    """The one entry of that identifier, whatever it is: with or without its type digit. Raises NotListed, AnnuaireError."""
    from bifente.igc.annuaire import AnnuaireQuery, EntryKind, NotListed

    ways = (annuaire.professional, annuaire.structure, annuaire.server)
    for typed in (identifier, f"8{identifier}", f"0{identifier}"):
        for look in ways:
            try:
                return look(typed)
            except NotListed:
                continue
    by_card = annuaire.search(AnnuaireQuery(EntryKind.PROFESSIONAL, card=identifier), size=2)
    if by_card.total == 1:
        return annuaire.professional(by_card.entries[0].identifier)
    raise NotListed(f"the annuaire has nobody and nothing with the identifier {identifier}")


def take_certificate(annuaire: "Annuaire", serial: str, form: CertificateForm) -> TakenCertificate:
    """A published certificate as a file. Raises NotListed, AnnuaireError."""
    from bifente.igc.annuaire import NotListed

    found = annuaire.certificates(serial)
    if not found:
        raise NotListed(f"the annuaire has no certificate with the serial number {serial[:80]}")
    return as_file(annuaire, max(found, key=lambda one: one.not_before), form)


def as_file(
    annuaire: "Annuaire", certificate: "ListedCertificate", form: CertificateForm
) -> TakenCertificate:
    """A certificate as a file."""
    if form is CertificateForm.DER:
        return TakenCertificate(f"{certificate.serial}.cer", certificate.der, "application/pkix-cert")
    several = [certificate, *(annuaire.chain(certificate) if form is CertificateForm.CHAIN else ())]
    content = b"".join(_pem(one.der) for one in several)
    name = f"{certificate.serial}{'-chain' if form is CertificateForm.CHAIN else ''}.pem"
    return TakenCertificate(name, content, "application/pem-certificate-chain")


def recipient_at(
    address: str, annuaire: Path | None = None, *, now: datetime | None = None
) -> "AnnuaireRecipient":
    """Whom a letter to *address* is enciphered for. Raises NobodyToEncipherFor, AnnuaireError, OSError."""
    from bifente.igc.annuaire import find_recipient
    from bifente.workbench.annuaire.files import open_annuaire

    with open_annuaire(annuaire) as opened:
        return find_recipient(opened, address, now or datetime.now(UTC))


def directory_of(annuaire: Path | None = None) -> "Callable[[str], list[bytes]]":
    """What gives the certificates (DER) of an address, good and bad ones, out of an annuaire: for who writes mail.

    It opens the annuaire each time. Raises AnnuaireError, OSError when it is called.
    """

    def find(address: str) -> list[bytes]:
        from bifente.igc.annuaire import certificates_for
        from bifente.workbench.annuaire.files import open_annuaire

        with open_annuaire(annuaire) as opened:
            return certificates_for(opened, address)

    return find


def _pem(der: bytes) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def _check_length(field: str, text: str) -> None:
    if len(text) > LONGEST_QUESTION:
        raise WorkbenchError(f"{len(text)} characters are too many", hint=f"at most {LONGEST_QUESTION}")
    wanted = text.strip()
    if field in ("text", "name", "given_name", "identifier", "card", "mail", "commune") and wanted:
        letters = re.findall(r"\w", wanted)
        if len(letters) < _SHORTEST:
            raise WorkbenchError(f"{wanted!r} is too short", hint=f"give the first {_SHORTEST} letters")


def _code(kind: str, table: str, asked: str, annuaire: "Annuaire | None") -> str:
    """The code that somebody means by a code or a label. Raises WorkbenchError."""
    wanted = asked.strip()
    if not wanted:
        return ""
    told = {one.code: one.label for one in annuaire.labels(kind)} if annuaire is not None else {}
    known = {**gip.TABLES[table], **told}
    if wanted.upper() in known:
        return wanted.upper()
    same = [code for code, label in known.items() if label.casefold() == wanted.casefold()]
    begin = same or [code for code, label in known.items() if label.casefold().startswith(wanted.casefold())]
    if len(begin) == 1:
        return begin[0]
    if kind == "skill" and re.fullmatch(r"[A-Za-z]{1,5}[0-9]{0,4}", wanted):
        return wanted.upper()
    what = "profession" if kind == "profession" else "savoir-faire"
    if not begin:
        raise WorkbenchError(f"no {what} is called {wanted!r}", hint="10, or Médecin, for example")
    several = ", ".join(sorted(known[code] for code in begin[:6]))
    raise WorkbenchError(
        f"{wanted!r} is more than one {what}: {several}", hint="give the code or more letters"
    )


def search_words(
    kind: str, asked: AskedWords, annuaire: Path | None = None, *, page: int = 1, size: int = 20
) -> "SearchAnswer":
    """A page of the answers to what a person asked. Raises WorkbenchError, AnnuaireError, OSError."""
    from bifente.workbench.annuaire.files import open_annuaire

    with open_annuaire(annuaire) as opened:
        return search_in(opened, kind, asked, page=page, size=size)


def search_in(
    annuaire: "Annuaire", kind: str, asked: AskedWords, *, page: int = 1, size: int = 20
) -> "SearchAnswer":
    """As :func:`search_words`, in an annuaire that is open."""
    from bifente.igc.annuaire import EntryKind

    return annuaire.search(query_of(EntryKind(kind), asked, annuaire), page=page, size=size)


def published_list(annuaire: "Annuaire", name: str) -> TakenCertificate:
    """A revocation list as a file: ``<serial of the authority>.crl``, with ``-delta`` its changes. Raises NotListed."""
    from bifente.igc.annuaire import NotListed

    delta = name.endswith("-delta.crl")
    serial = name.removesuffix(".crl").removesuffix("-delta")
    for one in annuaire.authorities():
        content = one.delta_crl if delta else one.crl
        if one.certificate.serial == serial and content is not None and name.endswith(".crl"):
            return TakenCertificate(name, content, "application/pkix-crl")
    raise NotListed(f"the annuaire has no revocation list {name[:80]!r}")


def certificate_file(serial: str, form: str, annuaire: Path | None = None) -> TakenCertificate:
    """A published certificate as a file. Raises NotListed, AnnuaireError, OSError."""
    from bifente.workbench.annuaire.files import open_annuaire

    with open_annuaire(annuaire) as opened:
        return take_certificate(opened, serial, CertificateForm(form))


def save_certificate(taken: TakenCertificate, path: Path, *, replace: bool = False) -> None:
    """Write it; anybody may read it. Raises OSError."""
    from bifente.documents import new_file

    new_file(path, taken.content, replace=replace, mode=0o644)
