"""The certificate and key of a caisse, in a folder for whoever plays it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.documents import make_folder, new_file
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.igc import Authority
    from bifente.igc.keys import Progress

CERTIFICATE, CHAIN, KEY = "caisse.pem", "chain.pem", "caisse.key"


@dataclass(frozen=True, slots=True)
class CaisseFiles:
    """What was written: the certificate, the chain above it and, readable by its owner only, the key."""

    address: str
    certificate: Path
    chain: Path
    key: Path
    not_before: datetime
    not_after: datetime


def issue_caisse(
    authority: "Authority",
    code: str,
    folder: Path,
    *,
    domain: str | None = None,
    replace: bool = False,
    now: datetime | None = None,
    progress: "Progress | None" = None,
) -> CaisseFiles:
    """Certify the caisse *code* (``01349``: régime and caisse) and write its files into *folder*, which may be there.

    Nothing that is there is replaced unless *replace* says so. Making the authority's chain for organisations, the first time, takes seconds:
    *progress* is told of each key. Raises IgcError, WorkbenchError, OSError.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    from bifente.crypto import rsa
    from bifente.igc import CAISSE_DOMAIN, OrganisationGamme, caisse_address

    address = caisse_address(code[:2], code[2:], domain or CAISSE_DOMAIN)
    paths = {name: folder / name for name in (KEY, CHAIN, CERTIFICATE)}
    there = next((path for path in paths.values() if path.exists()), None)
    if there is not None and not replace:
        raise WorkbenchError(f"{there}: already exists", "input.files-there", hint="name another folder")
    make_folder(folder, 0o700)
    issued = authority.issue_caisse(
        code[:2],
        code[2:],
        not_before=now or datetime.now(UTC),
        domain=domain or CAISSE_DOMAIN,
        progress=progress,
    )
    certificate = x509.load_der_x509_certificate(issued.certificate)
    new_file(paths[KEY], rsa.private_pem(issued.key), replace=replace)
    new_file(paths[CHAIN], authority.chain_pem(OrganisationGamme.ELEMENTAIRE), mode=0o644, replace=replace)
    new_file(paths[CERTIFICATE], certificate.public_bytes(Encoding.PEM), mode=0o644, replace=replace)
    return CaisseFiles(
        address,
        paths[CERTIFICATE],
        paths[CHAIN],
        paths[KEY],
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
    )
