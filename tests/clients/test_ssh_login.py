"""A login by ssh with the key of a card, against an sshd on loopback."""

import os
import pwd
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clients import PIN, Desk, Ended, certificate, tries_left
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from loopback import called_by_inetd

RequireTool = Callable[[str], str]

ME = pwd.getpwuid(os.getuid()).pw_name

_CONFIGURATION = """
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/authorized
AuthenticationMethods publickey
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PrintMotd no
LogLevel VERBOSE
"""


@pytest.fixture
def sshd(tmp_path: Path, require_tool: RequireTool) -> Iterator[int]:
    """The port of an sshd that lets in whose key stands in the file ``authorized``."""
    program = require_tool("sshd")
    if os.geteuid() != 0:
        pytest.skip("an sshd that lets somebody in needs root")
    # Where sshd locks itself up; the path is compiled in, and made by the service, which must not run here.
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    keygen = (require_tool("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "host"))
    subprocess.run(keygen, check=True, timeout=20)
    settings, log = tmp_path / "sshd_config", tmp_path / "sshd.log"
    settings.write_text(_CONFIGURATION.format(folder=tmp_path))
    (tmp_path / "authorized").touch()
    with called_by_inetd(program, "-i", "-e", "-f", str(settings), log=log) as port:
        host_key = " ".join((tmp_path / "host.pub").read_text().split()[:2])
        (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}\n")
        yield port


def _ssh(made: Desk, module: str, port: int, *command: str, pin: str = PIN) -> Ended:
    askpass = made.folder / "askpass"
    askpass.write_text(f"#!/bin/sh\necho {pin}\n")
    askpass.chmod(0o700)
    return made.run(
        *("ssh", "-F", "none", "-I", module, "-p", str(port), "-l", ME, "-o", "StrictHostKeyChecking=yes"),
        *("-o", f"UserKnownHostsFile={made.folder}/known_hosts", "-o", "GlobalKnownHostsFile=/dev/null"),
        *("-o", "PreferredAuthentications=publickey", "-o", "IdentityAgent=none", "-o", "ConnectTimeout=10"),
        *("127.0.0.1", *command),
        environment={"SSH_ASKPASS": str(askpass), "SSH_ASKPASS_REQUIRE": "force"},
    )


def _public_line(profile: str, file: str = "D002") -> str:
    key = certificate(profile, file).public_key()
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _log(made: Desk) -> str:
    return (made.folder / "sshd.log").read_text(errors="replace")


def test_ssh_keygen_lists_the_keys_of_the_card(desk, opensc_module: str, require_tool: RequireTool):
    keygen = require_tool("ssh-keygen")
    listed = desk("gp").run(keygen, "-D", opensc_module).ok()
    assert {line.split(" ")[1] for line in listed.output.splitlines()} == {
        _public_line("gp", file).split(" ")[1] for file in ("D001", "D002")
    }


def test_the_holder_logs_in(desk, sshd: int, opensc_module: str, tmp_path: Path, require_tool: RequireTool):
    require_tool("ssh")
    made = desk("gp", "vitale-single")
    (tmp_path / "authorized").write_text(_public_line("gp") + "\n")
    inside = _ssh(made, opensc_module, sshd, "printf 'bonjour %s' \"$USER\"")
    assert (inside.code, inside.output) == (0, f"bonjour {ME}"), f"{inside}\n{_log(made)}"
    assert "Accepted publickey" in _log(made)
    assert inside.asked("00880000"), str(inside)


def test_another_card_or_a_wrong_pin_does_not_log_in(desk, sshd: int, opensc_module: str, tmp_path: Path):
    made = desk("gp")
    (tmp_path / "authorized").write_text(_public_line("nurse") + "\n")
    _ssh(made, opensc_module, sshd, "true").failed("Permission denied")

    (tmp_path / "authorized").write_text(_public_line("gp") + "\n")
    _ssh(made, opensc_module, sshd, "true", pin="0000").failed("Permission denied")
    assert tries_left(made) < 3


def test_the_signature_key_does_not_log_in(desk, sshd: int, opensc_module: str, tmp_path: Path):
    made = desk("gp")
    (tmp_path / "authorized").write_text(_public_line("gp", "D001") + "\n")
    refused = _ssh(made, opensc_module, sshd, "true").failed("Permission denied")
    assert not refused.asked("002A"), str(refused)
