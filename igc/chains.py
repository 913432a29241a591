"""Certificates as an authority makes them: the chain of a gamme with its files, and the signing of any one."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from bifente.apdu.cvc import Car, CvKey
from bifente.crypto import rsa
from bifente.igc import storage
from bifente.igc.description import DOMAINS, AuthorityDescription
from bifente.igc.errors import AuthorityDamaged
from bifente.igc.issuingkey import IssuingKey
from bifente.igc.names import AnyGamme, AuthorityNames, Gamme, OrganisationGamme
from bifente.igc.profiles import Extension, intermediate_extensions, root_extensions

CA_NOT_BEFORE = datetime(2000, 1, 1, tzinfo=UTC)
CA_NOT_AFTER = datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The authorities are valid from the first date of a CV certificate for as long as UTCTime reaches, so that cards of the
day of any official card's rights, expired and future ones can be made. (Real ones: 20 years.)"""


ORGANISATIONS = "organisations"
"""The folder below an authority's with the chain for organisations; it is there once one was certified."""

_CA_SERIAL_SIZE = 18
LEAF_SERIAL_SIZE = 16


def ca_name(kind: str, gamme: AnyGamme, generation: int = 1) -> str:
    """The file of a CA's certificate or key, without its ending; those of organisations are in a folder of their own."""
    folder = f"{ORGANISATIONS}/" if isinstance(gamme, OrganisationGamme) else ""
    number = f"-{generation}" if generation > 1 else ""
    return f"{folder}{kind}-{gamme.value.lower()}{number}"


def issuer_kind(gamme: AnyGamme) -> str:
    """What the issuing authority below the root certifies: persons or organisations."""
    return "organisations" if isinstance(gamme, OrganisationGamme) else "persons"


def chain_files(
    names: AuthorityNames,
    gamme: AnyGamme,
    keys: Mapping[str, RSAPrivateKey],
    *,
    not_after: datetime = CA_NOT_AFTER,
    passphrase: bytes | None = None,
) -> dict[str, bytes]:
    """The certificates and keys of a gamme's root and issuing authority, by the names of their files."""
    root_file, file = ca_name("root", gamme), ca_name(issuer_kind(gamme), gamme)
    root_key, key = keys[root_file], keys[file]
    period = (CA_NOT_BEFORE, not_after)
    return {
        f"{root_file}.key": rsa.private_pem(root_key, passphrase),
        f"{file}.key": rsa.private_pem(key, passphrase),
        f"{root_file}.pem": pem(sign_root(names, gamme, root_key, period)),
        f"{file}.pem": pem(sign_intermediate(names, gamme, key.public_key(), root_key, period)),
    }


def sign_root(
    names: AuthorityNames, gamme: AnyGamme, key: RSAPrivateKey, period: tuple[datetime, datetime]
) -> x509.Certificate:
    """The certificate of a root, signed by itself."""
    name, public = names.root(gamme), key.public_key()
    return sign(name, name, public, period, _CA_SERIAL_SIZE, root_extensions(names, public), key)


def sign_intermediate(
    names: AuthorityNames,
    gamme: AnyGamme,
    public_key: RSAPublicKey,
    root_key: RSAPrivateKey,
    period: tuple[datetime, datetime],
    *,
    root_generation: int = 1,
) -> x509.Certificate:
    """The certificate of an issuing authority, by the key of its root."""
    extensions = intermediate_extensions(names, gamme, public_key, root_key.public_key(), root_generation)
    return sign(
        names.intermediate(gamme),
        names.root(gamme),
        public_key,
        period,
        _CA_SERIAL_SIZE,
        extensions,
        root_key,
    )


def authority_files(
    names: AuthorityNames,
    keys: Mapping[str, RSAPrivateKey],
    *,
    not_after: datetime = CA_NOT_AFTER,
    passphrase: bytes | None = None,
) -> dict[str, bytes]:
    """Everything that is in the folder of a new authority; the description last."""
    cv_keys = {name: key for name, key in keys.items() if name.startswith("cv-")}
    files = {f"{name}.key": rsa.private_pem(key, passphrase) for name, key in cv_keys.items()}
    for gamme in Gamme:
        files |= chain_files(names, gamme, keys, not_after=not_after, passphrase=passphrase)
    cv_roots = {}
    for domain in DOMAINS:
        numbers = keys[cv_name(domain)].public_key().public_numbers()
        cv_roots[domain] = CvKey(Car(domain, names.environment).encode(), numbers.n, numbers.e)
    files[storage.DESCRIPTION] = AuthorityDescription(names, cv_roots).document()
    return files


def cv_name(domain: str) -> str:
    """The file of the private half of a CV root, without its ending."""
    return f"cv-{domain.lower()}"


def read_keys(folder: Path, names: AuthorityNames, gammes: Iterable[AnyGamme]) -> list[IssuingKey]:
    """The roots and the issuing authorities of the gammes, the earlier of several keys first. Raises AuthorityDamaged."""
    found = []
    for gamme in gammes:
        for kind, name in (("root", names.root(gamme)), (issuer_kind(gamme), names.intermediate(gamme))):
            generation = 1
            while generation == 1 or (folder / f"{ca_name(kind, gamme, generation)}.pem").exists():
                file = ca_name(kind, gamme, generation)
                certificate = _certificate(folder, file)
                if certificate.subject != name:
                    raise AuthorityDamaged(folder / f"{file}.pem", "is the certificate of another authority")
                found.append(IssuingKey(file, gamme, generation, kind == "root", certificate))
                generation += 1
    return found


def _certificate(folder: Path, name: str) -> x509.Certificate:
    path = folder / f"{name}.pem"
    try:
        return x509.load_pem_x509_certificate(storage.read_file(folder, f"{name}.pem"))
    except ValueError:
        raise AuthorityDamaged(path, "is not a certificate") from None


def pem(certificate: x509.Certificate) -> bytes:
    """A certificate as a PEM block."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def _serial(size: int) -> int:
    """A random serial of exactly *size* bytes, positive in DER."""
    return secrets.randbelow(0x7F << 8 * (size - 1)) + (1 << 8 * (size - 1))


def sign(
    subject_name: x509.Name,
    issuer_name: x509.Name,
    public_key: RSAPublicKey,
    period: tuple[datetime, datetime],
    serial_size: int,
    extensions: Iterable[Extension],
    signer: RSAPrivateKey,
) -> x509.Certificate:
    """A certificate of that name, issuer, key and period, with a random serial number of *serial_size* bytes."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject_name)
        .issuer_name(issuer_name)
        .public_key(public_key)
        .not_valid_before(period[0])
        .not_valid_after(period[1])
        .serial_number(_serial(serial_size))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, hashes.SHA256())
