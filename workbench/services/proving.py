"""What a third party finds, which has the roots and neither surgery nor caisse: openssl, where it is installed."""

import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bifente.crypto.cms import read_signed_data
from bifente.crypto.errors import CryptoError
from bifente.documents import new_file
from bifente.igc import TrustStore, UntrustedCertificate

_PATIENCE: Final = 20.0
_COMMAND: Final = ("cms", "-verify", "-binary", "-inform", "DER", "-purpose", "any")


@dataclass(frozen=True, slots=True)
class ThirdPartyFinding:
    """Whether a signature holds up to the roots: by which check, how it ended, and its last line."""

    check: str
    code: str
    words: str
    holds: bool


def third_party(signed: bytes, trust: TrustStore) -> ThirdPartyFinding:
    """Have openssl verify a CMS SignedData (DER) up to the roots of *trust*; without openssl bifente does it, and says so."""
    program = shutil.which("openssl")
    return _by_openssl(program, signed, trust) if program else _by_bifente(signed, trust)


def roots_pem(trust: TrustStore) -> bytes:
    """The authorities of *trust* in PEM, as openssl takes them."""
    return b"".join(one.public_bytes(Encoding.PEM) for one in (*trust.anchors, *trust.intermediates))


def _by_openssl(program: str, signed: bytes, trust: TrustStore) -> ThirdPartyFinding:
    with TemporaryDirectory(prefix="bifente-judge-") as name:
        folder = Path(name)
        new_file(folder / "signed.p7m", signed)
        new_file(folder / "roots.pem", roots_pem(trust))
        places = ("-in", "signed.p7m", "-CAfile", "roots.pem", "-out", "content")
        done = subprocess.run(
            [program, *_COMMAND, *places],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    words = ": ".join(_said(line) for line in done.stderr.splitlines() if line.strip())
    return ThirdPartyFinding("openssl cms -verify", f"exit {done.returncode}", words, done.returncode == 0)


def _said(line: str) -> str:
    """The reason in a line of openssl's error queue (``thread:error:code:library:function:reason:file:line``), or the line."""
    fields = line.split(":")
    return fields[5] if len(fields) > 5 and fields[1] == "error" else line.strip()


def _by_bifente(signed: bytes, trust: TrustStore) -> ThirdPartyFinding:
    check = "bifente (openssl is not installed)"
    try:
        found = read_signed_data(signed)
        along = tuple(map(x509.load_der_x509_certificate, found.chain))
        store = TrustStore(trust.anchors, (*trust.intermediates, *along), trust.cv_roots)
        store.verify_certificate(found.certificate, datetime.now(UTC))
    except (CryptoError, UntrustedCertificate, ValueError) as error:
        return ThirdPartyFinding(check, type(error).__name__, str(error).splitlines()[0], False)
    return ThirdPartyFinding(check, "verified", "the signature holds up to the roots", True)
