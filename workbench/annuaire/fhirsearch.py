"""What a program asks the annuaire as FHIR asks: the parameters of a search, and the resources that answer."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, urlencode

from bifente.workbench.annuaire.refusals import AnnuaireRefusal, refusal_of
from bifente.workbench.annuaire.searching import AskedWords, query_of
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.igc.annuaire import Annuaire, EntryKind
    from bifente.igc.annuaire.fhir import Resource

PARAMETERS: Final[dict[str, dict[str, str]]] = {
    "Practitioner": {
        "identifier": "identifier",
        "name": "text",
        "family": "name",
        "given": "given_name",
        "number-smartcard": "card",
        "mailbox-mss": "mail",
        "qualification-code": "profession",
        "address-city": "commune",
    },
    "Organization": {
        "identifier": "identifier",
        "name": "name",
        "address-city": "commune",
        "address-postalcode": "commune",
        "mailbox-mss": "mail",
    },
}
"""Resource → parameter of the guide → field of a search."""

_COUNT: Final = 20
_MOST_COUNT: Final = 100
_MOST_PARAMETERS: Final = 12
_PROFESSION: Final = re.compile("[0-9]{2}")


class FhirRefused(WorkbenchError):
    """What was asked is no search that is answered here; ``code`` is FHIR's for the issue."""

    def __init__(self, what: str, code: str = "invalid") -> None:
        super().__init__(what, hint="Practitioner?family=… or Organization?name=…, for example")
        self.code = code


def answer(annuaire: "Annuaire", asked: str, base: str = "") -> "Resource":
    """The answer to ``Practitioner?family=fic``, ``Organization/R101…`` or ``metadata``: a Bundle or a resource.

    Raises FhirRefused, NotListed, WorkbenchError, AnnuaireError.
    """
    path, _, query = asked.strip().lstrip("/").partition("?")
    kind, _, identifier = path.partition("/")
    if path == "metadata":
        from bifente.igc.annuaire.fhir import capability

        known: dict[str, Iterable[str]] = {name: tuple(one) for name, one in PARAMETERS.items()}
        return capability(base, known, datetime.now(UTC))
    if kind not in PARAMETERS:
        raise FhirRefused(f"no resource {kind[:40]!r} is served here", "not-supported")
    if identifier:
        return _read(annuaire, kind, identifier)
    try:
        given = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS, errors="strict")
    except ValueError:
        raise FhirRefused("the parameters cannot be read, or are too many") from None
    return _search(annuaire, kind, given, base)


def _search(annuaire: "Annuaire", kind: str, given: Sequence[tuple[str, str]], base: str) -> "Resource":
    from bifente.igc.annuaire.fhir import bundle

    words: dict[str, str] = {}
    size, page = _COUNT, 1
    for name, value in given:
        plain = name.partition(":")[0]
        if plain == "_count":
            size = _number(value, _MOST_COUNT)
        elif plain == "_page":
            page = _number(value, 1000)
        elif plain in PARAMETERS[kind]:
            field, wanted = _field(kind, plain, value.rpartition("|")[2])
            words[field] = f"{words[field]} {wanted}" if field in words else wanted
        elif plain != "_format":
            raise FhirRefused(f"no parameter {plain[:40]!r} of {kind} is known", "not-supported")
    found = annuaire.search(query_of(_kind(kind), AskedWords(**words), annuaire), page=page, size=size)
    resources = [_resource(annuaire, kind, one.identifier) for one in found.entries]
    rest = [(name, value) for name, value in given if name != "_page"]
    own = f"{base}/{kind}?{urlencode([*rest, ('_page', str(page))], quote_via=quote)}"
    following = ""
    if page * size < found.total:
        following = f"{base}/{kind}?{urlencode([*rest, ('_page', str(page + 1))], quote_via=quote)}"
    return bundle(resources, found.total, base, own, following)


def _field(kind: str, parameter: str, value: str) -> tuple[str, str]:
    """The field of a search that a parameter is; a qualification is a profession (two figures) or a savoir-faire."""
    if parameter == "qualification-code" and not _PROFESSION.fullmatch(value):
        return "skill", value
    if parameter == "address-postalcode" and len(value) < 3:
        return "departement", value
    return PARAMETERS[kind][parameter], value


def _read(annuaire: "Annuaire", kind: str, identifier: str) -> "Resource":
    from bifente.igc.annuaire import NotListed

    try:
        return _resource(annuaire, kind, identifier)
    except NotListed:
        # an employee's identifier has a slash, which no id of FHIR may have
        if "-" not in identifier:
            raise
        return _resource(annuaire, kind, identifier.replace("-", "/", 1))


def _resource(annuaire: "Annuaire", kind: str, identifier: str) -> "Resource":
    from bifente.igc.annuaire.fhir import organization, practitioner

    if kind == "Practitioner":
        return practitioner(annuaire.professional(identifier))
    return organization(annuaire.structure(identifier))


def _kind(kind: str) -> "EntryKind":
    from bifente.igc.annuaire import EntryKind

    return EntryKind.PROFESSIONAL if kind == "Practitioner" else EntryKind.STRUCTURE


def _number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= most):
        raise FhirRefused(f"a number from 1 to {most} was expected")
    return int(text)


def answer_from(asked: str, annuaire: Path | None = None) -> "Resource":
    """As :func:`answer`, from the annuaire in a file."""
    from bifente.workbench.annuaire.files import open_annuaire

    with open_annuaire(annuaire) as opened:
        return answer(opened, asked)


def refused(error: Exception) -> "tuple[int, Resource]":
    """The status and OperationOutcome of one of :data:`~bifente.workbench.annuaire.refusals.REFUSALS`."""
    from bifente.igc.annuaire.fhir import outcome

    refusal = refusal_of(error)
    if refusal is AnnuaireRefusal.NOT_NOW:
        return refusal.value, outcome("transient", "the annuaire cannot be read at the moment")
    code = "not-found" if refusal is AnnuaireRefusal.NOT_FOUND else getattr(error, "code", "invalid")
    return refusal.value, outcome(code, str(error))
