"""The State's screen tool (``cpgeslux`` of Cryptolib CPS 5.2.2) prints what stands on our card.

The package is not ours to redistribute: ``Linux/5.2.2/CryptolibCPS-5.2.2-1.x86_64.rpm`` of github.com/ansforge/dops-cryptolib,
unpacked (``rpm2cpio … | cpio -id``) into the folder that BIFENTE_CRYPTOLIB names. The tool reads and writes below /etc/opt and
/var/opt, so it runs in a mount namespace of its own, which only root may make.
"""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
from pathlib import Path
from time import monotonic

import pytest
from clients import AUTHENTICATION, PIN, TIMEOUT, TODAY, Desk

from bifente.layouts.codecs import cps2terdata

RIGHT, DOWN, ENTER, TAB = "\x1b[C", "\x1b[B", "\r", "\t"
QUIET = 1.0
"""Seconds without output after which a screen is drawn."""

SCRIPT = """
set -e
mount --make-rprivate /
for folder in /etc/opt /var/opt /opt; do mkdir -p $folder; mount -t tmpfs tmpfs $folder; done
cp -a "$BIFENTE_CRYPTOLIB/etc/opt/." /etc/opt
cp -a "$BIFENTE_CRYPTOLIB/opt/." /opt
mkdir -p /var/opt/santesocial/CPS/cache /var/opt/santesocial/CPS/Coffre
lib=/opt/santesocial/CPS/lib
ln -sf libcps3_pkcs11_lux.so $lib/libcps3_pkcs11_lux.so.0
ln -sf /lib/x86_64-linux-gnu/libncurses.so.6 $lib/libncurses.so
LD_LIBRARY_PATH=$lib exec /opt/santesocial/CPS/bin/cpgeslux
"""


@pytest.fixture
def package() -> Path:
    given = os.environ.get("BIFENTE_CRYPTOLIB")
    if given is None or not (Path(given) / "opt/santesocial/CPS/bin/cpgeslux").is_file():
        pytest.skip("the State's tool is not here (set BIFENTE_CRYPTOLIB to the unpacked package)")
    if os.geteuid() != 0:
        pytest.skip("the State's tool needs a mount namespace of its own, which only root may make")
    return Path(given)


def screens(desk: Desk, package: Path, *keys: str) -> str:
    """What the tool draws until it is quiet after the last key; escape sequences are line breaks."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 100, 0, 0))
    environment = {**desk.environment, "BIFENTE_CRYPTOLIB": str(package), "TERM": "linux", "LC_ALL": "C"}
    tool = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", SCRIPT],
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    drawn = b""
    try:
        for key in ("", *keys):
            os.write(ours, key.encode())
            drawn += _until_quiet(ours, at_least=not key)
    finally:
        tool.kill()
        tool.wait(TIMEOUT)
        os.close(ours)
    return re.sub(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][0-9A-Z]|.)|[\x0e\x0f]", "\n", drawn.decode("latin-1"))


def _until_quiet(terminal: int, *, at_least: bool) -> bytes:
    """What comes until nothing comes any more; with *at_least* something must come."""
    read = b""
    deadline = monotonic() + TIMEOUT
    while monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], TIMEOUT if at_least and not read else QUIET)
        if not ready:
            return read
        try:
            read += os.read(terminal, 65536)
        except OSError:
            return read
    raise AssertionError(f"the tool was not quiet within {TIMEOUT} s")


def test_the_screen_tool_prints_holder_dates_activities_and_situations(desk, package) -> None:
    at_the_desk = desk("gp", "vitale-single")
    drawn = screens(at_the_desk, package, RIGHT, ENTER, DOWN, DOWN, ENTER, PIN, TAB, ENTER, "")
    for text in (
        "Madame FICTIF-LEROUX CAMILLE",
        "8 99700000013",
        "de test",
        f"mise le {TODAY:%d/%m/%Y}",
        "Profession : Médecin",
        "Nom d'exercice : FICTIF-LEROUX",
        "Qualifié en Médecine Générale (SM)",
        "CABINET FICTIF DU DR FICTIF-LEROUX",
        "Id Cabinet RPPS 99700000013001",
        "Secteur d'activité RPPS : Cabinet individuel",
        "Identifiant : 991000019",
        "Médecine générale",
        "Conventionné",
        "Indemnités kilométriques plaine",
        "autorisé à signer les FSE",
        "autorisé à signer les lots",
        "CLINIQUE FICTIVE DES TROIS OIES",
        "FINESS 0B0990011",
    ):
        assert text in drawn, f"{text} is not among:\n{drawn}"


def test_its_library_lists_and_reads_the_objects_of_the_cps2ter(desk, package, tmp_path) -> None:
    """Class A0 is spoken by the State's PKCS#11 library itself, for objects that no EF.DODF lists."""
    at_the_desk = desk("gp", "vitale-single")
    module = "/opt/santesocial/CPS/lib/libcps3_pkcs11_lux.so"
    login = ["pkcs11-tool", "--module", module, "--login", "--pin", PIN]
    script = SCRIPT.replace("exec /opt/santesocial/CPS/bin/cpgeslux", 'exec "$@"')
    environment = {**at_the_desk.environment, "BIFENTE_CRYPTOLIB": str(package), "LC_ALL": "C"}

    def run(*options: str) -> bytes:
        command = ["unshare", "-m", "sh", "-c", script, "sh", *login, *options]
        done = subprocess.run(command, env=environment, capture_output=True, timeout=TIMEOUT, check=False)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout

    listed = run("--list-objects", "--type", "data").decode("latin-1")
    assert "'CPS2TER_ACTIVITY_01_PS'" in listed
    assert "'CPS2TER_ACTIVITY_02_PS'" in listed
    activity = run("--read-object", "--type", "data", "--label", "CPS2TER_ACTIVITY_01_PS")
    value = cps2terdata.ACTIVITY.decode(activity)
    assert isinstance(value, dict)
    assert value["raison_sociale"] == "CABINET FICTIF DU DR FICTIF-LEROUX"


def test_its_library_signs_and_deciphers_with_a_cps4(desk, package, tmp_path) -> None:
    """On channel 1, with PSS, as the State's driver for the CPS4 does."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    at_the_desk = desk("gp-cps4")
    script = SCRIPT.replace("exec /opt/santesocial/CPS/bin/cpgeslux", 'exec "$@"')
    environment = {**at_the_desk.environment, "BIFENTE_CRYPTOLIB": str(package), "LC_ALL": "C"}

    def run(*options: str) -> None:
        module = "/opt/santesocial/CPS/lib/libcps3_pkcs11_lux.so"
        tool = ["pkcs11-tool", "--module", module, "--login", "--pin", PIN, "--id", AUTHENTICATION, *options]
        command = ["unshare", "-m", "sh", "-c", script, "sh", *tool]
        done = subprocess.run(command, env=environment, capture_output=True, timeout=TIMEOUT, check=False)
        assert done.returncode == 0, done.stderr.decode(errors="replace")

    certificate, message, signature = (tmp_path / name for name in ("certificate", "message", "signature"))
    message.write_bytes(b"what TLS 1.3 signs")
    run("--read-object", "--type", "cert", "-o", str(certificate))
    run("--sign", "-m", "SHA256-RSA-PKCS-PSS", "-i", str(message), "-o", str(signature))
    key = x509.load_der_x509_certificate(certificate.read_bytes()).public_key()
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    key.verify(signature.read_bytes(), message.read_bytes(), pss, hashes.SHA256())
    (tmp_path / "cryptogram").write_bytes(key.encrypt(b"secret", padding.PKCS1v15()))
    run("--decrypt", "-m", "RSA-PKCS", "-i", str(tmp_path / "cryptogram"), "-o", str(tmp_path / "plain"))
    assert (tmp_path / "plain").read_bytes() == b"secret"
