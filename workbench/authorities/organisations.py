"""Certificates of servers and of software, for a key made here or for a request that somebody has made (PKCS #10)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.documents import make_folder, new_file, read_bytes
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from cryptography import x509

    from bifente.igc import Authority
    from bifente.igc.keys import Progress
    from bifente.igc.organisations import OrganisationRequest

_LONGEST = 1 << 16
_LEAST_BITS = 2048
_FOLDER_MODE = 0o700


@dataclass(frozen=True, slots=True)
class OrganisationFiles:
    """What was written. ``key`` is None when the key is the asker's own."""

    name: str
    serial: str
    certificate: Path
    chain: Path
    key: Path | None
    not_after: datetime


def issue_server(
    authority: "Authority",
    hosts: tuple[str, ...],
    folder: Path,
    *,
    csr: Path | None = None,
    organisation: str = "",
    replace: bool = False,
    progress: "Progress | None" = None,
) -> OrganisationFiles:
    """Certify a server of these names, or of those that its request names, and write the files into *folder*.

    Raises WorkbenchError, DocumentError, CertificateRefused, IgcError, OSError.
    """
    from bifente.igc.organisations import server_request

    request = _request(csr) if csr is not None else None
    names = hosts or (_hosts(request) if request is not None else ())
    asked = server_request(names, organisation=organisation)
    return _issued(authority, asked, "server", folder, request, replace=replace, progress=progress)


def issue_software(
    authority: "Authority",
    name: str,
    folder: Path,
    *,
    use: str = "signature",
    csr: Path | None = None,
    organisation: str = "",
    replace: bool = False,
    progress: "Progress | None" = None,
) -> OrganisationFiles:
    """Certify software of that name, or of the common name of its request, and write the files into *folder*.

    Raises WorkbenchError, DocumentError, CertificateRefused, IgcError, OSError.
    """
    from bifente.igc.organisations import software_request

    request = _request(csr) if csr is not None else None
    asked = software_request(name or _common_name(request), use, organisation=organisation)
    return _issued(authority, asked, "software", folder, request, replace=replace, progress=progress)


def _issued(
    authority: "Authority",
    asked: "OrganisationRequest",
    stem: str,
    folder: Path,
    request: "x509.CertificateSigningRequest | None",
    *,
    replace: bool,
    progress: "Progress | None",
) -> OrganisationFiles:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import Encoding

    from bifente.crypto import rsa
    from bifente.igc import OrganisationGamme

    certificate_path, chain_path = folder / f"{stem}.pem", folder / "chain.pem"
    key_path = folder / f"{stem}.key" if request is None else None
    for path in (certificate_path, chain_path, key_path):
        if path is not None and path.exists() and not replace:
            raise WorkbenchError(f"{path}: already exists", "input.files-there", hint="name another folder")
    asked.subject(authority.names)  # what is wrong with the names is said before anything is made
    make_folder(folder, _FOLDER_MODE)
    key = rsa.generate() if request is None else None
    public = key.public_key() if key is not None else request.public_key() if request is not None else None
    if not isinstance(public, RSAPublicKey):
        raise WorkbenchError("only RSA keys are certified", "input.request")
    der = authority.issue_organisation(asked, public, datetime.now(UTC), progress=progress)
    certificate = x509.load_der_x509_certificate(der)
    if key is not None and key_path is not None:
        new_file(key_path, rsa.private_pem(key), replace=replace)
    chain = authority.chain_pem(OrganisationGamme.ELEMENTAIRE)
    new_file(chain_path, chain, mode=0o644, replace=replace)
    new_file(certificate_path, certificate.public_bytes(Encoding.PEM), mode=0o644, replace=replace)
    return OrganisationFiles(
        asked.name,
        f"{certificate.serial_number:032x}",
        certificate_path,
        chain_path,
        key_path,
        certificate.not_valid_after_utc,
    )


def _request(path: Path) -> "x509.CertificateSigningRequest":
    """A request from a file, PEM or DER, signed by its own key. Raises WorkbenchError, DocumentError, OSError."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    content = read_bytes(path, _LONGEST)
    load = x509.load_pem_x509_csr if b"-----BEGIN" in content else x509.load_der_x509_csr
    try:
        request = load(content)
        key = request.public_key()
        proven = request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise WorkbenchError(
            f"{path}: not a request for a certificate (PKCS #10)",
            "input.request",
            hint="openssl req -new makes one",
        ) from None
    if not isinstance(key, RSAPublicKey) or key.key_size < _LEAST_BITS:
        raise WorkbenchError(
            f"{path}: its key is not an RSA key of {_LEAST_BITS} bits or more", "input.request"
        )
    if not proven:
        raise WorkbenchError(f"{path}: is not signed by the key that it wants certified", "input.request")
    return request


def _hosts(request: "x509.CertificateSigningRequest") -> tuple[str, ...]:
    """The names that a server's request gives: its alternative names, else its common name."""
    from cryptography import x509

    try:
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return (found,) if (found := _common_name(request)) else ()
    dns = names.get_values_for_type(x509.DNSName)
    return (*dns, *map(str, names.get_values_for_type(x509.IPAddress)))


def _common_name(request: "x509.CertificateSigningRequest | None") -> str:
    from cryptography.x509.oid import NameOID

    found = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME) if request is not None else []
    return str(found[0].value) if found else ""
