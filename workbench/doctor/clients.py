"""What ``bifente doctor`` says of the programs that use our cards: whether they can, and what they need to be told.

What each of them does is tried in ``tests/clients`` and written down in ``docs/clients.md``.
"""

import os
import re
from collections.abc import Iterator
from typing import Final

from bifente.workbench.doctor.checks import Check, State, program_path, run

NO_LOGIN: Final = ((0, 24), (0, 27, 1))
"""OpenSC's first release that cannot log in to an IAS-ECC card, and the last that was looked at.

In its ``iasecc_sdo_parse`` (commit 6d460d500 of 2023-10-12) a positive length is taken for an error: no VERIFY is sent,
and C_Login ends with CKR_DATA_INVALID.
"""

# Its programs look for readers when they start; they are not to wake a pcscd for this.
_NOWHERE: Final = {"PCSCLITE_CSOCK_NAME": "/nonexistent"}


def checks() -> Iterator[Check]:
    """A line for each program that is there; those of OpenSC and OpenSSL are missed when they are not."""
    yield opensc()
    yield openssl()
    yield from java()
    yield from gnupg()


def opensc() -> Check:
    """OpenSC's programs: that they know cards like the CPS (driver iasecc), and can log in to them."""
    environment = {**os.environ, **_NOWHERE}
    info = run(["opensc-tool", "--info"], environment)
    if info is None:
        found = "not installed; only needed for its programs and its PKCS#11 module"
        return Check("OpenSC", State.NOTE, found, "apt install opensc")
    words = info.stdout.split()
    version = words[1] if len(words) > 1 else "unknown version"
    listed = run(["opensc-tool", "--list-drivers"], environment)
    drivers = [line.split()[0] for line in (listed.stdout if listed else "").splitlines()[1:] if line.split()]
    if not drivers:
        return Check("OpenSC", State.NOTE, f"{version}; does not list its drivers")
    if "iasecc" not in drivers:
        cure = "take the line card_drivers out of opensc.conf, or add iasecc to it"
        return Check("OpenSC", State.NOTE, f"{version}; its driver iasecc is switched off: no CPS", cure)
    numbers = _numbers(version)
    if numbers >= NO_LOGIN[0]:
        first, last = (".".join(map(str, each)) for each in NO_LOGIN)
        if numbers > NO_LOGIN[1]:
            found = (
                f"{version}; from {first} to {last} OpenSC cannot log in to a CPS, and this one was not tried"
            )
            return Check("OpenSC", State.NOTE, found, "pkcs15-tool --verify-pin says whether it can")
        found = f"{version}; reads a CPS, but cannot log in to it: no release from {first} to {last} can"
        cure = "OpenSC 0.23 (Debian 12) can; or build it with rv < 0 in iasecc_sdo_parse (docs: clients)"
        return Check("OpenSC", State.NOTE, found, cure)
    return Check("OpenSC", State.OK, f"{version}; {len(drivers)} card drivers, iasecc among them")


def openssl() -> Check:
    """The openssl program: bifente needs it for nothing, its users for much."""
    done = run(["openssl", "version"])
    if done is None:
        return Check("openssl", State.NOTE, "no program openssl; bifente needs none", "apt install openssl")
    return Check("openssl", State.OK, " ".join(done.stdout.split()[1:2]) or "installed")


def java() -> Iterator[Check]:
    """Java's PKCS#11 provider: with OpenSC it asks the authentication key for what it cannot do."""
    done = run(["java", "-version"])
    if done is None or done.returncode:
        return
    version = re.search(r'"([^"]+)"', done.stderr)
    found = f"{version[1] if version else 'installed'}; SunPKCS11 cannot sign with a CPS as it is set up by default"
    yield Check("Java", State.NOTE, found, "disabledMechanisms in its configuration (docs: clients)")


def gnupg() -> Iterator[Check]:
    """GnuPG's scdaemon, which knows other cards."""
    done = run(["gpgconf", "--list-components"])
    if done is None or not any(line.startswith("scdaemon:") for line in done.stdout.splitlines()):
        return
    yield Check("GnuPG", State.NOTE, "its scdaemon knows no CPS: gpg --card-status finds no card")


def helpers() -> Iterator[Check]:
    """Programs that a command of bifente starts, where they are missing."""
    if not any(map(program_path, ("cc", "gcc", "clang"))):
        found = "none; bifente sesam builds its libraries with one, nothing else needs it"
        yield Check("C compiler", State.NOTE, found, "apt install gcc libc6-dev")
    if program_path("slapd") is None:
        found = "not installed; bifente annuaire ldap starts it, nothing else needs it"
        yield Check("slapd", State.NOTE, found, "apt install slapd")


def _numbers(version: str) -> tuple[int, ...]:
    """``0.26.0-rc1`` → (0, 26, 0); empty when it begins with none."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()
