"""The annuaire's pages: quick and advanced search, answers, entries, authorities, downloads, and FHIR-shaped JSON."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bifente.web.application import PageGroup, error_page, language_of, render
from bifente.web.words import LANGUAGES
from bifente.workbench.annuaire.entries import authority_sheets, entry_sheet, people_of
from bifente.workbench.annuaire.fhirsearch import answer, refused
from bifente.workbench.annuaire.pool import AnnuairePool
from bifente.workbench.annuaire.refusals import REFUSALS, AnnuaireRefusal, refusal_of
from bifente.workbench.annuaire.searching import (
    AskedWords,
    CertificateForm,
    departements,
    professions,
    published_list,
    search_in,
    take_certificate,
)
from bifente.workbench.errors import WorkbenchError

KINDS: Final = {
    "professional": "Professionnels de santé",
    "structure": "Structures",
    "server": "Serveurs",
}
_FIELDS: Final = tuple(AskedWords.__slots__)
_SIZE: Final = 20
_MOST_PAGES: Final = 1000
_FORMS: Final = {
    ".cer": CertificateForm.DER,
    ".pem": CertificateForm.PEM,
    "-chain.pem": CertificateForm.CHAIN,
}

Page = Callable[[Request], Response]


def annuaire_pages(path: Path) -> PageGroup:
    """The pages of the annuaire in *path*."""
    pool = AnnuairePool(path)
    pages = _AnnuairePages(pool)
    language = "/{language}"
    routes = [
        Route(f"{language}/", _guarded(pages.front), name="front"),
        Route(f"{language}/advanced", _guarded(pages.advanced), name="advanced"),
        Route(f"{language}/search", _guarded(pages.results), name="search"),
        Route(f"{language}/authorities", _guarded(pages.authorities), name="authorities"),
        *(
            Route(f"{language}/{kind}/{{identifier:path}}", _guarded(pages.entry(kind)), name=kind)
            for kind in KINDS
        ),
        Route("/certificates/{name}", _guarded(pages.certificate), name="certificate"),
        Route("/lists/{name}", _guarded(pages.revocation_list), name="list"),
        Route("/fhir/{question:path}", pages.fhir, name="fhir"),
    ]
    return PageGroup(routes, pool.close)


class _AnnuairePages:
    """Each method is a page; Starlette runs them in threads, and each borrows an annuaire."""

    def __init__(self, pool: AnnuairePool) -> None:
        self._pool = pool

    def front(self, request: Request) -> Response:
        """Quick search."""
        return render(
            request,
            "annuaire-front.html",
            kinds=KINDS,
            departements=departements(),
            asked=AskedWords(),
            kind="",
        )

    def advanced(self, request: Request) -> Response:
        """Every field."""
        kind = _kind(request)
        with self._pool.borrowed() as annuaire:
            known = professions(annuaire)
        return render(
            request,
            "annuaire-advanced.html",
            kinds=KINDS,
            kind=kind,
            departements=departements(),
            professions=known,
            asked=_asked(request),
            why="",
        )

    def results(self, request: Request) -> Response:
        """The answers, a page of them; what cannot be asked is said above the form."""
        kind, asked, page = _kind(request), _asked(request), _page(request)
        try:
            with self._pool.borrowed() as annuaire:
                found = search_in(annuaire, kind, asked, page=page, size=_SIZE)
        except WorkbenchError as error:
            with self._pool.borrowed() as annuaire:
                known = professions(annuaire)
            return render(
                request,
                "annuaire-advanced.html",
                400,
                kinds=KINDS,
                kind=kind,
                departements=departements(),
                professions=known,
                asked=asked,
                why=_said(error),
            )
        language = language_of(request)
        return render(
            request,
            "annuaire-results.html",
            kind=kind,
            title=KINDS[kind],
            entries=[(one, address(language, one.kind.value, one.identifier)) for one in found.entries],
            found=found,
            page=page,
            pages=-(-found.total // _SIZE),
            change=f"/{language}/advanced?{_query(kind, asked)}",
            turn=lambda number: f"/{language}/search?{_query(kind, asked)}&page={number}",
        )

    def entry(self, kind: str) -> Page:
        """The page of one entry of that kind."""

        def page(request: Request) -> Response:
            identifier = request.path_params["identifier"][:200]
            language = language_of(request)
            with self._pool.borrowed() as annuaire:
                sheet = entry_sheet(annuaire, kind, identifier)
                people = people_of(annuaire, identifier) if kind == "structure" else []
            return render(
                request,
                "annuaire-entry.html",
                kind=KINDS[kind],
                sheet=sheet,
                people=[(one, address(language, "professional", one.identifier)) for one in people],
                structures=[address(language, "structure", one) for one in sheet.structures],
            )

        return page

    def authorities(self, request: Request) -> Response:
        """The authorities, and their lists."""
        with self._pool.borrowed() as annuaire:
            sheets = authority_sheets(annuaire)
        return render(request, "annuaire-authorities.html", authorities=sheets)

    def certificate(self, request: Request) -> Response:
        """A certificate as a file."""
        name = request.path_params["name"]
        form = next((form for ending, form in reversed(_FORMS.items()) if name.endswith(ending)), None)
        if form is None:
            return error_page(request, 404)
        serial = next(name.removesuffix(ending) for ending in reversed(_FORMS) if name.endswith(ending))
        with self._pool.borrowed() as annuaire:
            taken = take_certificate(annuaire, serial[:80], form)
        return _file(taken.name, taken.content, taken.media_type)

    def revocation_list(self, request: Request) -> Response:
        """A revocation list as a file: ``/lists/<serial of the authority>.crl``, with ``-delta`` its changes."""
        with self._pool.borrowed() as annuaire:
            taken = published_list(annuaire, request.path_params["name"][:100])
        return _file(taken.name, taken.content, taken.media_type)

    def fhir(self, request: Request) -> Response:
        """FHIR-shaped JSON; so are errors."""
        base = f"{request.url.scheme}://{request.url.netloc}/fhir"
        question = request.path_params["question"]
        if request.url.query:
            question += f"?{request.url.query}"
        status = 200
        try:
            with self._pool.borrowed() as annuaire:
                found = answer(annuaire, question, base)
        except REFUSALS as error:
            status, found = refused(error)
        return Response(json.dumps(found, ensure_ascii=False), status, media_type="application/fhir+json")


def address(language: str, kind: str, identifier: str) -> str:
    """The page of an entry."""
    return f"/{language}/{kind}/{quote(identifier)}"


def _guarded(page: Page) -> Page:
    """What the workbench and the annuaire refuse becomes a page; so does a language that there is not."""

    def guarded(request: Request) -> Response:
        if request.path_params.get("language", "fr") not in LANGUAGES:
            return error_page(request, 404)
        try:
            return page(request)
        except REFUSALS as error:
            refusal = refusal_of(error)
            return error_page(
                request, refusal.value, "" if refusal is AnnuaireRefusal.NOT_NOW else _said(error)
            )

    return guarded


def _said(error: Exception) -> str:
    hint = getattr(error, "hint", "")
    return f"{error} ({hint})" if hint else str(error)


def _file(name: str, content: bytes, media_type: str) -> Response:
    return Response(
        content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _kind(request: Request) -> str:
    kind = request.query_params.get("kind", "professional")
    return kind if kind in KINDS else "professional"


def _asked(request: Request) -> AskedWords:
    return AskedWords(**{name: request.query_params.get(name, "") for name in _FIELDS})


def _page(request: Request) -> int:
    text = request.query_params.get("page", "1")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1
    return min(max(number, 1), _MOST_PAGES)


def _query(kind: str, asked: AskedWords) -> str:
    given = [(name, value) for name in _FIELDS if (value := getattr(asked, name))]
    return urlencode([("kind", kind), *given])
