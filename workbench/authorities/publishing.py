"""An authority published on loopback, and its lists written into a folder for servers that read files."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.documents import make_folder, new_file

if TYPE_CHECKING:
    from bifente.igc import Authority

LISTS, CHAIN = "lists.pem", "chain.pem"


@dataclass(frozen=True, slots=True)
class ServedAuthority:
    """Where an authority is published: the base, and every path below it with what is there. ``named`` is whether the
    certificates name this address."""

    url: str
    paths: tuple[tuple[str, str], ...]
    named: bool


@dataclass(frozen=True, slots=True)
class ListNews:
    """A list that was written."""

    path: Path
    number: int
    revoked: int
    next_update: datetime


@contextmanager
def serving(
    authority: "Authority",
    *,
    port: int | None = None,
    tell: Callable[[str], object] | None = None,
) -> Iterator[ServedAuthority]:
    """Publish *authority* on loopback while the block runs. Raises PublicationRefused, IgcError, OSError."""
    from bifente.igc.names import OCSP_PATH
    from bifente.igc.status import AuthoritySite, published

    for key in authority.issuing_keys:
        authority.private_key(key)  # what is wrong with a key, or its passphrase, is said now
    with published(authority, port=port, tell=tell) as there:
        paths = (*AuthoritySite(authority).paths(), (OCSP_PATH, "OCSP responder"))
        yield ServedAuthority(there.url, paths, there.url == authority.names.urls.base)


def write_revocation_lists(authority: "Authority", folder: Path, *, replace: bool = False) -> list[ListNews]:
    """Write each list of *authority* into *folder* (DER), all together as ``lists.pem``, and the chain of its certificates.

    nginx, Apache and OpenSSL take the two PEM files. Raises IgcError, OSError.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    from bifente.igc.status import RevocationLists

    make_folder(folder)
    news, blocks = [], []
    for key, made in RevocationLists(authority).all():
        names = authority.names
        path = folder / Path(names.crl_path(key.gamme, key.generation, root=key.root)).name
        new_file(path, made.complete, mode=0o644, replace=replace)
        loaded = x509.load_der_x509_crl(made.complete)
        blocks.append(loaded.public_bytes(Encoding.PEM))
        news.append(ListNews(path, made.number, len(loaded), made.next_update))
        if not key.root:
            path = folder / Path(names.delta_path(key.gamme, key.generation)).name
            new_file(path, made.delta, mode=0o644, replace=replace)
            delta = x509.load_der_x509_crl(made.delta)
            news.append(ListNews(path, made.number, len(delta), delta.next_update_utc or made.next_update))
    new_file(folder / LISTS, b"".join(blocks), mode=0o644, replace=replace)
    chain = b"".join(one.public_bytes(Encoding.PEM) for one in authority.certificates.values())
    new_file(folder / CHAIN, chain, mode=0o644, replace=replace)
    return news
