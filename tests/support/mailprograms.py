"""Homes of other programs that read and write S/MIME: GnuPG (gpgsm, and mutt above it) and NSS (cmsutil)."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, pkcs12

from bifente.igc import Authority

_PASSPHRASE = "x"
_PINENTRY = f"""#!/bin/sh
echo OK
while read -r line; do
  case "$line" in
    GETPIN) echo "D {_PASSPHRASE}"; echo OK ;;
    BYE*) echo OK; exit 0 ;;
    *) echo OK ;;
  esac
done
"""


def fingerprint(der: bytes) -> str:
    """How gpgsm calls a certificate."""
    return x509.load_der_x509_certificate(der).fingerprint(SHA1()).hex().upper()


def bag(key: RSAPrivateKey, der: bytes, name: str) -> bytes:
    """Key and certificate in the form of PKCS #12 that old programs read."""
    protection = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2000)
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(SHA1())
        .build(_PASSPHRASE.encode())
    )
    certificate = x509.load_der_x509_certificate(der)
    return pkcs12.serialize_key_and_certificates(name.encode(), key, certificate, None, protection)


class ProgramHome:
    """A folder in which a program has the authorities and one key with its certificate."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            **environment,
        }

    def run(self, *command: str, given: bytes = b"", code: int | None = 0) -> tuple[bytes, str]:
        """A program to its end: what it printed, and what it said."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            input=given,
            capture_output=True,
            timeout=30,
            check=False,
        )
        said = done.stderr.decode("utf-8", "replace")
        if code is not None:
            assert done.returncode == code, f"{' '.join(command)}\n{said}"
        return done.stdout, said

    def write(self, name: str, content: bytes) -> str:
        """A file in the folder; its name."""
        (self.folder / name).write_bytes(content)
        return name


@contextmanager
def gnupg_home(authority: Authority, key: RSAPrivateKey, der: bytes) -> Iterator[ProgramHome]:
    """gpgsm that trusts *authority* and has *key*; its agent ends with the block."""
    # a socket's path has 108 bytes at most
    folder = Path(tempfile.mkdtemp(prefix="bf-"))
    home = ProgramHome(folder, {"GNUPGHOME": str(folder)})
    try:
        store = authority.trust_store
        roots = [one.fingerprint(SHA1()).hex().upper() for one in store.anchors]
        home.write("trustlist.txt", "".join(f"{one} S relax\n" for one in roots).encode())
        home.write("gpgsm.conf", b"disable-crl-checks\nbatch\n")
        pinentry = folder / "pinentry"
        pinentry.write_text(_PINENTRY)
        pinentry.chmod(0o700)
        home.write("gpg-agent.conf", f"pinentry-program {pinentry}\n".encode())
        home.write("authorities", b"".join(_pem([*store.anchors, *store.intermediates])))
        home.write("own.p12", bag(key, der, "own"))
        home.run("gpgsm", "--import", "authorities")
        home.run("gpgsm", "--import", "own.p12")
        yield home
    finally:
        home.run("gpgconf", "--kill", "all", code=None)
        shutil.rmtree(folder, ignore_errors=True)


def nss_home(folder: Path, authority: Authority, *bags: tuple[RSAPrivateKey, bytes, str]) -> ProgramHome:
    """NSS with a database that trusts *authority* and has the keys and certificates of *bags*, by their names."""
    folder.mkdir()
    home = ProgramHome(folder, {})
    home.run("certutil", "-N", "-d", "sql:.", "--empty-password")
    store = authority.trust_store
    for number, one in enumerate((*store.anchors, *store.intermediates)):
        trust = ",C," if number < len(store.anchors) else ",,"
        home.write("one.pem", one.public_bytes(Encoding.PEM))
        home.run("certutil", "-A", "-d", "sql:.", "-n", f"ca{number}", "-t", trust, "-i", "one.pem", "-a")
    for key, der, name in bags:
        home.write("one.p12", bag(key, der, name))
        home.run("pk12util", "-i", "one.p12", "-d", "sql:.", "-W", _PASSPHRASE, "-K", "")
    for number in range(len(store.anchors)):
        # a key of the pool may be an authority's too: what is imported with it loses its trust
        home.run("certutil", "-M", "-d", "sql:.", "-n", f"ca{number}", "-t", ",C,")
    return home


def _pem(certificates: Sequence[x509.Certificate]) -> Iterator[bytes]:
    return (one.public_bytes(Encoding.PEM) for one in certificates)
