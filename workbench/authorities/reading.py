"""A certificate from a file, in words: of IGC-Santé, of the IGC-CPS before it, or of an authority of one's own."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.documents import read_bytes
from bifente.workbench.authority import authority_at_hand
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from cryptography import x509

    from bifente.igc.annuaire.certificates import ReadCertificate

_LONGEST = 1 << 17


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says, line by line, and what is known of its state. ``generation`` is that of the IGC."""

    read: "ReadCertificate"
    generation: str
    algorithm: str
    key: str
    holder: tuple[tuple[str, str], ...]
    addresses: tuple[tuple[str, str], ...]
    state: str
    revocation: str


def certificate_facts(
    file: Path, authority: Path | None = None, *, now: datetime | None = None
) -> CertificateFacts:
    """What the first certificate in *file* says (PEM or DER); the register of *authority*, or of the default one, tells whether it
    is revoked when it has issued it. Raises WorkbenchError, DocumentError, IgcError, OSError."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import Encoding

    from bifente.igc.annuaire.certificates import read_certificate
    from bifente.igc.annuaire.errors import AnnuaireError

    content = read_bytes(file, _LONGEST)
    load = x509.load_pem_x509_certificate if b"-----BEGIN" in content else x509.load_der_x509_certificate
    try:
        made = load(content)
        read = read_certificate(made.public_bytes(Encoding.DER))
        key = made.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm, AnnuaireError) as error:
        raise WorkbenchError(
            f"{file}: {error if isinstance(error, AnnuaireError) else 'not an X.509 certificate (PEM or DER)'}",
            "input.certificate",
        ) from None
    digest = made.signature_hash_algorithm
    return CertificateFacts(
        read,
        _generation(made),
        digest.name.upper() if digest is not None else "unknown",
        f"RSA {key.key_size}" if isinstance(key, RSAPublicKey) else type(key).__name__,
        tuple(_holder(read)),
        tuple(_addresses(made)),
        _state(read, now or datetime.now(UTC)),
        _revocation(made, authority),
    )


def _generation(certificate: "x509.Certificate") -> str:
    """By the form of the issuer's name (spec/pki.md §1.1)."""
    from cryptography.x509.oid import NameOID

    issuer = certificate.issuer
    units = [str(one.value) for one in issuer.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)]
    organisations = [str(one.value) for one in issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    old = next((unit for unit in units if "CLASSE-" in unit.upper()), None)
    if old is not None or any(one.startswith("GIP-CPS") for one in organisations):
        return f"IGC-CPS{f', {old}' if old else ''}"
    return next((unit for unit in units if unit.startswith("IGC-")), "")


def _holder(read: "ReadCertificate") -> list[tuple[str, str]]:
    from bifente.codes import gip
    from bifente.igc.annuaire.certificates import CertifiedCard, CertifiedPerson, CertifiedServer

    match read.owner:
        case CertifiedPerson() as person:
            trade = gip.label("G15", person.profession) if person.profession else ""
            found = [
                ("holder", f"{person.given_name} {person.family_name}".strip()),
                ("identifier", person.identifier),
                ("profession", trade or person.profession),
                ("structure", f"{person.structure_name} {person.structure}".strip()),
                ("card", person.card),
            ]
        case CertifiedServer() as server:
            found = [
                ("name", server.name),
                ("organisation", f"{server.organisation} {server.structure}".strip()),
            ]
        case CertifiedCard() as card:
            found = [("card", card.number)]
        case _:
            found = [("holder", "an authority")]
    return [(what, told) for what, told in found if told]


def _addresses(certificate: "x509.Certificate") -> list[tuple[str, str]]:
    from bifente.igc.status.addresses import freshest_uris, list_uris, responder_uris

    return [
        *(("revocation list", uri) for uri in list_uris(certificate)),
        *(("delta list", uri) for uri in freshest_uris(certificate)),
        *(("OCSP", uri) for uri in responder_uris(certificate)),
    ]


def _state(read: "ReadCertificate", now: datetime) -> str:
    if now < read.not_before:
        return "not valid yet"
    return "expired" if now > read.not_after else "within its validity"


def _revocation(certificate: "x509.Certificate", folder: Path | None) -> str:
    """What the authority at hand knows; empty when it is not the issuer."""
    authority = authority_at_hand(folder)
    if authority is None or authority.issuer_of(certificate) is None:
        return ""
    from bifente.igc.status import status_checker

    return status_checker([authority]).status(certificate).words
