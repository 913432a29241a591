"""The example of a server that cards log in to: certificate, authorities of the cards, revocation lists, configuration."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bifente.documents import new_file, read_bytes
from bifente.workbench.authorities.organisations import issue_server
from bifente.workbench.authorities.publishing import write_revocation_lists
from bifente.workbench.authorities.servers import apache, nginx
from bifente.workbench.authorities.servers.values import (
    CARDS,
    CERTIFICATE,
    LISTS,
    ROOT,
    ServerExample,
    SiteFacts,
)
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from bifente.igc import Authority
    from bifente.igc.keys import Progress

SERVERS: Final = ("nginx", "apache")
LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1")

_LONGEST: Final = 1 << 16
_MODULE_FOLDERS: Final = (
    "/usr/lib/apache2/modules",
    "/usr/lib64/httpd/modules",
    "/usr/lib/httpd/modules",
    "/usr/libexec/apache2",
)
_RESPONDER: Final = re.compile(r"http://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?")


def write_server_example(
    authority: "Authority",
    server: str,
    folder: Path,
    *,
    port: int,
    responder: str = "",
    replace: bool = False,
    progress: "Progress | None" = None,
) -> ServerExample:
    """Write a configuration of *server* on loopback into *folder*, with all that it names.

    With a *responder* (its URL) the server asks it about each card; else it reads revocation lists, which end.
    Raises WorkbenchError, IgcError, CertificateRefused, OSError.
    """
    from cryptography.x509.oid import NameOID

    from bifente.igc import Gamme

    if responder and not _is_responder(responder):
        raise WorkbenchError(
            f"not the address of a responder: {responder!r}",
            "input.responder",
            hint="http://127.0.0.1:8470/OCSP, for example",
        )
    folder = folder.absolute()
    issuer = authority.issuer(Gamme.FORT).certificate.subject
    name = str(issuer.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    site = SiteFacts(folder, LOOPBACK_NAMES[0], port, name, responder)
    made, start, reload = _described(server, site)
    texts = {folder / path: text.encode() for path, text in made.items()}
    persons = [key.certificate for key in authority.issuing_keys if isinstance(key.gamme, Gamme)]
    texts[folder / CARDS] = _pem(persons)
    others = [folder / ROOT, folder / CERTIFICATE, *([] if responder else [folder / LISTS])]
    there = [path for path in (*texts, *others) if path.exists()]
    if there and not replace:
        raise WorkbenchError(f"{there[0]}: already exists", "input.files-there", hint="name another folder")

    issued = issue_server(authority, LOOPBACK_NAMES, folder / "server", replace=replace, progress=progress)
    chain = _certificates(issued.chain)
    own = read_bytes(issued.certificate, _LONGEST)
    news = [] if responder else write_revocation_lists(authority, (folder / LISTS).parent, replace=replace)
    texts[folder / CERTIFICATE] = own + _pem(chain[:-1])
    texts[folder / ROOT] = _pem(chain[-1:])
    for path, content in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        new_file(path, content, mode=0o644, replace=replace)
    return ServerExample(
        server,
        f"https://{site.host}:{port}/",
        folder,
        folder / next(iter(made)),
        folder / ROOT,
        start(site),
        reload(site),
        None if responder else (folder / LISTS).parent,
        min((one.next_update for one in news if not one.path.stem.endswith("-DELTA")), default=None),
    )


def _described(
    server: str, site: SiteFacts
) -> tuple[dict[str, str], Callable[..., tuple[str, ...]], Callable[..., tuple[str, ...]]]:
    """The texts of a server, its configuration first, and what makes the commands that start and reload it."""
    if server == "nginx":
        return nginx.files(site), nginx.start, nginx.reload
    found = [one for one in _MODULE_FOLDERS if Path(one, "mod_ssl.so").is_file()]
    return apache.files(site, found[0] if found else _MODULE_FOLDERS[0]), apache.start, apache.reload


def _is_responder(address: str) -> bool:
    """Whether it is an HTTP address that a configuration can hold as it stands."""
    try:
        return (
            bool(_RESPONDER.fullmatch(address) and urlsplit(address).hostname) and urlsplit(address).port != 0
        )
    except ValueError:
        return False


def _certificates(path: Path) -> "list[Certificate]":
    from cryptography.x509 import load_pem_x509_certificates

    return load_pem_x509_certificates(read_bytes(path, _LONGEST))


def _pem(certificates: "list[Certificate]") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)
