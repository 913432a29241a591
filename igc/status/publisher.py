"""An authority published over HTTP: certificates, revocation lists and the OCSP responder, on loopback.

Threads of the standard library's server: a request is a read of the register and at most one signature.
"""

import base64
import binascii
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from bifente.igc.errors import IgcError, PublicationRefused
from bifente.igc.names import OCSP_PATH
from bifente.igc.status.lists import RevocationLists
from bifente.igc.status.responder import MOST_BYTES, OcspResponder

if TYPE_CHECKING:
    from bifente.igc.authority import Authority

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_SECONDS: Final = 10
"""How long a client may take for its request."""


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """What is answered to a GET."""

    content_type: str
    content: bytes


class AuthoritySite:
    """What *authority* publishes, by path; a path is the one that stands in the certificates, without the base."""

    def __init__(self, authority: "Authority", clock: Callable[[], datetime] | None = None) -> None:
        self._authority = authority
        self._lists = RevocationLists(authority, clock)
        self._responder = OcspResponder(authority, clock)

    def paths(self) -> Iterator[tuple[str, str]]:
        """Every path but the responder's, and what is there."""
        names = self._authority.names
        for key in self._authority.issuing_keys:
            what = key.certificate.subject.rfc4514_string().partition(",")[0].removeprefix("CN=")
            what += f" (key {key.generation})" if key.generation > 1 else ""
            place = (key.gamme, key.generation)
            yield names.certificate_path(*place, root=key.root), f"certificate of {what}"
            yield names.crl_path(*place, root=key.root), f"revocation list of {what}"
            if not key.root:
                yield names.delta_path(*place), f"delta list of {what}"
        yield names.chain_path, "all certificates of the authority"

    def get(self, path: str) -> PublishedFile | None:
        """What is at *path*, None when nothing is. Raises IgcError, OSError."""
        names, wanted = self._authority.names, unquote(path)
        if wanted in ("", "/"):
            return PublishedFile("text/plain; charset=utf-8", self._index())
        if wanted == unquote(names.chain_path):
            everyone = list(self._authority.certificates.values())
            chain = pkcs7.serialize_certificates(everyone, Encoding.DER)
            return PublishedFile("application/x-pkcs7-certificates", chain)
        for key in self._authority.issuing_keys:
            place = (key.gamme, key.generation)
            if wanted == unquote(names.certificate_path(*place, root=key.root)):
                return PublishedFile("application/pkix-cert", key.certificate.public_bytes(Encoding.DER))
            if wanted == names.crl_path(*place, root=key.root):
                return PublishedFile("application/pkix-crl", self._lists.current(key).complete)
            if wanted == names.delta_path(*place) and not key.root:
                return PublishedFile("application/pkix-crl", self._lists.current(key).delta)
        return None

    def ocsp(self, request: bytes) -> bytes:
        """The answer of the responder. Raises IgcError, OSError."""
        return self._responder.answer(request)

    def _index(self) -> bytes:
        kind = "TEST " if self._authority.is_test else ""
        lines = [f"{kind}authority {self._authority.names.organisation} (synthetic)", ""]
        lines += [f"{path}  {what}" for path, what in self.paths()]
        return "\n".join([*lines, f"{OCSP_PATH}  OCSP responder", ""]).encode()


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server_version = "bifente-igc"
    sys_version = ""
    timeout = _SECONDS
    server: "_Server"

    def do_GET(self) -> None:
        path = self._path()
        if path.startswith(f"{OCSP_PATH}/"):
            try:
                request = base64.b64decode(unquote(path.removeprefix(f"{OCSP_PATH}/")), validate=True)
            except (binascii.Error, ValueError):
                self._send(400, "text/plain; charset=utf-8", b"not a request in base64\n")
                return
            self._ocsp(request)
            return
        try:
            found = self.server.site.get(path)
        except (IgcError, OSError) as error:
            self._failed(error)
            return
        if found is None:
            self._send(404, "text/plain; charset=utf-8", b"nothing is published here\n")
        else:
            self._send(200, found.content_type, found.content)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self._path() != OCSP_PATH or not length.isascii() or not length.isdigit():
            self.close_connection = True
            self._send(
                404 if length.isdigit() else 411, "text/plain; charset=utf-8", b"nothing is asked here\n"
            )
        elif len(length) > 9 or int(length) > MOST_BYTES:
            self.close_connection = True
            self._send(413, "text/plain; charset=utf-8", b"too long for a request\n")
        else:
            self._ocsp(self.rfile.read(int(length)))

    def _path(self) -> str:
        path = urlsplit(self.path).path
        return path.removeprefix(self.server.base)

    def _ocsp(self, request: bytes) -> None:
        try:
            answer = self.server.site.ocsp(request)
        except (IgcError, OSError) as error:
            self._failed(error)
            return
        self._send(200, "application/ocsp-response", answer)

    def _failed(self, error: Exception) -> None:
        self.server.tell(f"{self.path}: {error}")
        self._send(500, "text/plain; charset=utf-8", b"the authority cannot be read just now\n")

    def _send(self, status: int, content_type: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Tell whoever wants to know; nothing is printed."""
        self.server.tell(format % args)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(
        self, host: str, port: int, site: AuthoritySite, base: str, tell: Callable[[str], object] | None
    ) -> None:
        self.site, self.base = site, base
        self.tell = tell or _nobody
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is not an error of ours."""


@dataclass(frozen=True, slots=True)
class PublishedAuthority:
    """Where an authority is published: ``url`` is its base, as it could stand in certificates."""

    url: str
    port: int


@contextmanager
def published(
    authority: "Authority",
    *,
    host: str = "",
    port: int | None = None,
    clock: Callable[[], datetime] | None = None,
    tell: Callable[[str], object] | None = None,
) -> Iterator[PublishedAuthority]:
    """Publish *authority* on loopback while the block runs.

    Without *host* and *port* they are those of the base that stands in its certificates, or, without one, a free port of
    127.0.0.1; *tell* hears of each request. Raises PublicationRefused when another program has the port, or for a host that
    is not this machine's loopback.
    """
    base = urlsplit(authority.names.urls.base)
    here = base.hostname in LOOPBACK
    address = host or (base.hostname if here and base.hostname else "127.0.0.1")
    if address not in LOOPBACK:
        raise PublicationRefused(
            f"{address} is not an address of this machine's loopback", hint="127.0.0.1 is one"
        )
    if port is None:
        port = (base.port or 80) if here else 0

    try:
        server = _Server(address, port, AuthoritySite(authority, clock), base.path if here else "", tell)
    except OSError as error:
        raise PublicationRefused(
            f"{address}:{port} cannot be listened on: {error.strerror or error}",
            hint="end the other program, or name another port",
        ) from None
    taken = int(server.server_address[1])
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="igc-publisher", daemon=True
    )
    thread.start()
    try:
        shown = f"[{address}]" if ":" in address else address
        yield PublishedAuthority(f"http://{shown}:{taken}{base.path if here else ''}", taken)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _nobody(_line: str) -> None:
    """Hears of requests when nobody else wants to."""
