"""An application of pages: its groups, the headers that each answer has, errors as pages, and what a request may be like."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bifente.web.words import LANGUAGES, translator

_HERE: Final = Path(__file__).parent

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""On every answer, errors among them."""

HOSTS: Final = ("127.0.0.1", "localhost", "[::1]")
"""Names by which a browser may call a page on loopback: no other site's name leads here (DNS rebinding)."""

LONGEST_ADDRESS: Final = 4096
"""Characters of a request's path and query."""

_STATUS_WORDS: Final = {
    400: "La demande n'est pas compréhensible.",
    404: "Cette page n'existe pas.",
    405: "Cette page se lit seulement.",
    414: "L'adresse est trop longue.",
    421: "Ce serveur ne répond pas à ce nom.",
    500: "Une erreur s'est produite dans le serveur.",
    503: "L'annuaire ne peut pas être lu pour le moment.",
}


@dataclass(frozen=True, slots=True)
class PageGroup:
    """Pages that belong together: their routes, and what is to be closed when the application ends."""

    routes: Sequence[BaseRoute]
    close: Callable[[], None] = lambda: None


_ENVIRONMENT: Final = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def make_application(groups: Sequence[PageGroup], *, start: str = "/{language}/") -> Starlette:
    """An application of *groups*. ``/`` leads to *start* in the language that the browser prefers."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        for group in groups:
            group.close()

    async def front(request: Request) -> Response:
        return RedirectResponse(start.format(language=preferred_language(request)), 302)

    routes: list[BaseRoute] = [Route("/", front)]
    routes += [route for group in groups for route in group.routes]
    routes.append(Mount("/static", StaticFiles(directory=_HERE / "static")))
    application = Starlette(
        routes=routes,
        middleware=[Middleware(_Guard)],
        exception_handlers={HTTPException: _refused, Exception: _failed},
        lifespan=lifespan,
    )
    application.router.redirect_slashes = False
    return application


def render(request: Request, template: str, code: int = 200, /, **values: object) -> HTMLResponse:
    """A page in the language of its address."""
    language = language_of(request)
    page = _ENVIRONMENT.get_template(template).render(
        language=language,
        t=translator(language),
        languages=[(one, name, _in_language(request, one)) for one, name in LANGUAGES.items()],
        **values,
    )
    return HTMLResponse(page, code, headers={"Content-Language": language, "Vary": "Accept-Language"})


def language_of(request: Request) -> str:
    """The language in the address; else the one that the browser prefers."""
    named = request.url.path.split("/", 2)[1:2]
    return named[0] if named and named[0] in LANGUAGES else preferred_language(request)


def preferred_language(request: Request) -> str:
    """French, unless the browser would rather have English."""
    wanted = request.headers.get("accept-language", "")[:200].casefold()
    ranks = {code: wanted.find(code) for code in LANGUAGES}
    asked = {code: rank for code, rank in ranks.items() if rank >= 0}
    return min(asked, key=lambda code: asked[code]) if asked else "fr"


def error_page(request: Request, status: int, why: str = "") -> Response:
    """An error as a page; *why* is what the workbench says of it."""
    words = _STATUS_WORDS.get(status, _STATUS_WORDS[400 if status < 500 else 500])
    return render(request, "error.html", status, status=status, words=words, why=why)


def _in_language(request: Request, code: str) -> str:
    """The address of this page in another language."""
    path = request.url.path
    first, *rest = path.lstrip("/").split("/", 1)
    if first not in LANGUAGES:
        return f"/{code}/"
    query = f"?{request.url.query}" if request.url.query else ""
    return f"/{code}/{rest[0] if rest else ''}{query}"


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    answer = error_page(request, error.status_code)
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


async def _failed(request: Request, _: Exception) -> Response:
    return error_page(request, 500)


class _Guard:
    """Bounds what is asked, and puts the headers on whatever is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = _refusal(scope)
        await (self.app if refusal is None else refusal)(scope, receive, with_headers)


def _refusal(scope: Scope) -> Response | None:
    """Why a request is not looked at: its host, its length, its method."""
    host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    if name not in HOSTS:
        return PlainTextResponse("421: this server does not go by that name", 421)
    if (
        len(scope["raw_path"] if "raw_path" in scope else scope["path"]) + len(scope["query_string"])
        > LONGEST_ADDRESS
    ):
        return PlainTextResponse("414: the address is too long", 414)
    if scope["method"] not in ("GET", "HEAD"):
        return PlainTextResponse("405: these pages are only read", 405, headers={"Allow": "GET, HEAD"})
    return None
