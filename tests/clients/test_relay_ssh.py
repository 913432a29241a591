"""A real reader on another machine: the card behind Debian's pcscd, relayed through a socket that a real sshd forwards.

The "real" card is one of ours behind pcscd and the vpcd driver; sshd and ssh speak over loopback; the programs at the far
end are unmodified. The far end sees nothing but the socket that sshd has made.
"""

import os
import pwd
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from time import monotonic

import pytest
from clients import Lines, records
from loopback import called_by_inetd
from pcscd import DRIVER, Pcscd, isolated_pcscd, unavailable

from bifente.applets import card_of
from bifente.applets.store.stores import MemoryStore
from bifente.reader.errors import ReaderError
from bifente.reader.tunnel import Tunnel, TunnelFailed
from bifente.reader.vpcd import CardsOnVpcd, VpcdSettings, serve_vpcd
from bifente.reader.vpcd.tcptable import tcp_sockets

pytest.importorskip("smartcard")

BIFENTE = str(Path(sys.executable).with_name("bifente"))
ME = pwd.getpwuid(os.getuid()).pw_name
WAIT = 60.0
NAME = "Virtual PCD 00 00"

_SSHD = """
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/key.pub
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PrintMotd no
"""
_SSH = """
Host far
  HostName 127.0.0.1
  Port {port}
  User {me}
  IdentityFile {folder}/key
  IdentitiesOnly yes
  IdentityAgent none
  BatchMode yes
  UserKnownHostsFile {folder}/known
  StrictHostKeyChecking yes
"""


@pytest.fixture
def ssh(tmp_path: Path, require_tool: Callable[[str], str]) -> Iterator[str]:
    """The command that reaches the machine ``far``: an sshd of our own on loopback, with a key of the test."""
    program, keygen = require_tool("sshd"), require_tool("ssh-keygen")
    require_tool("ssh")
    if os.geteuid() != 0:
        pytest.skip("an sshd that lets somebody in needs root")
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    for name in ("host", "key"):
        subprocess.run(
            (keygen, "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name), check=True, timeout=20
        )
    settings, config = tmp_path / "sshd_config", tmp_path / "ssh_config"
    settings.write_text(_SSHD.format(folder=tmp_path))
    with called_by_inetd(program, "-i", "-e", "-f", str(settings), log=tmp_path / "sshd.log") as port:
        key = " ".join((tmp_path / "host.pub").read_text().split()[:2])
        (tmp_path / "known").write_text(f"[127.0.0.1]:{port} {key}\n")
        config.write_text(_SSH.format(folder=tmp_path, port=port, me=ME))
        yield f"ssh -F {config}"


@pytest.fixture
def pcscd(require_tool: Callable[[str], str]) -> Iterator[Pcscd]:
    reason = unavailable()
    if reason is not None:
        pytest.skip(reason)
    for name in ("pcscd", "vpcd-config", "pkcs15-tool", "opensc-tool"):
        require_tool(name)
    assert DRIVER.exists()
    with isolated_pcscd() as daemon:
        yield daemon


@pytest.fixture
def real(pcscd: Pcscd) -> Iterator[CardsOnVpcd]:
    """A CPS in the "real" reader."""
    card = card_of(MemoryStore(records("gp")), "cps3")
    with pcscd.inside(lambda: serve_vpcd([card], VpcdSettings(retry=0.05))) as service:
        until(lambda: pcscd.run("opensc-tool", "--reader", NAME, "--atr").returncode == 0)
        yield service


def until(condition: Callable[[], object]) -> None:
    deadline = monotonic() + WAIT
    pause = Event()
    while not condition():
        assert monotonic() < deadline, "it did not become true in time"
        pause.wait(0.05)


@contextmanager
def relay(
    pcscd: Pcscd, ssh: str, runtime: Path, *options: str
) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """``bifente reader serve --relay … --to far``, and the socket that it makes there."""
    process = subprocess.Popen(
        [BIFENTE, "reader", "serve", "--relay", "PCD 00 00", "--to", "far", "--ssh", ssh, *options],
        env={**pcscd.environment, "XDG_RUNTIME_DIR": str(runtime), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        far = Path(Lines(process).until(r"export PCSCLITE_CSOCK_NAME=(\S+)", WAIT)[1])
        yield process, far
    finally:
        process.kill()
        process.communicate(timeout=WAIT)


@pytest.fixture
def runtime() -> Iterator[Path]:
    """Where the sockets lie. A socket's path has 107 bytes at most, a test's folder often more."""
    with TemporaryDirectory(prefix="bf-") as folder:
        yield Path(folder)


def there(far: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """A program of the far machine."""
    return subprocess.run(
        command,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "PCSCLITE_CSOCK_NAME": str(far), "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=WAIT,
        check=False,
    )


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_the_far_machine_uses_the_real_card(
    pcscd: Pcscd, real: CardsOnVpcd, ssh: str, runtime: Path, tmp_path: Path
) -> None:
    with relay(pcscd, ssh, runtime) as (process, far):
        assert stat.S_IMODE(far.stat().st_mode) == 0o600
        assert stat.S_IMODE((runtime / "bifente" / "pcscd.comm").stat().st_mode) == 0o600
        listed = there(far, "opensc-tool", "-l")
        assert NAME in listed.stdout, listed
        assert there(far, "opensc-tool", "-n").stdout.endswith("IAS-ECC\n")
        verified = there(far, "pkcs15-tool", "--verify-pin", "--pin", "1234")
        assert verified.returncode == 0, verified
        digest = tmp_path / "digest"
        digest.write_bytes(bytes.fromhex("3031300D060960864801650304020105000420") + bytes(32))
        signed = there(
            far,
            *(
                "pkcs11-tool",
                "--module",
                "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so",
                "--login",
                "--pin",
                "1234",
            ),
            *("--sign", "-m", "RSA-PKCS", "--id", "e828bd080f8025000001ff001002"),
            *(
                "-i",
                __file__ if Path(__file__).stat().st_size < 240 else "/etc/hostname",
                "-o",
                str(tmp_path / "s"),
            ),
        )
        assert signed.returncode == 0, signed
        assert len((tmp_path / "s").read_bytes()) == 256

        # Neither bifente nor its ssh listens on any network address.
        inodes = {
            os.readlink(one) for pid in (process.pid, *children(process.pid)) for one in descriptors(pid)
        }
        listening = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        listening += [line.split() for line in Path("/proc/net/tcp6").read_text().splitlines()[1:]]
        assert tcp_sockets()
        assert not [one for one in listening if one[3] == "0A" and f"socket:[{one[9]}]" in inodes]

        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT) == 0
    until(lambda: not far.exists())
    assert not list((runtime / "bifente").iterdir())


def descriptors(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/fd").iterdir())


def test_the_real_card_comes_and_goes_there_too(
    pcscd: Pcscd, real: CardsOnVpcd, ssh: str, runtime: Path
) -> None:
    with relay(pcscd, ssh, runtime) as (_, far):
        assert there(far, "opensc-tool", "-a").returncode == 0
        card = real.reader.remove("slot 0")
        until(lambda: "Card not present" in there(far, "opensc-tool", "-a").stderr)
        real.reader.insert("slot 0", card)
        until(lambda: there(far, "opensc-tool", "-a").returncode == 0)


def test_a_lost_connection_is_a_reader_that_is_gone(
    pcscd: Pcscd, real: CardsOnVpcd, ssh: str, runtime: Path
) -> None:
    """The ssh here is killed: the programs there end, and so does our command, saying so."""
    with relay(pcscd, ssh, runtime) as (process, far):
        assert there(far, "opensc-tool", "-a").returncode == 0
        waiting = subprocess.Popen(
            ["opensc-tool", "--wait", "--reader", "Nobody", "-a"],
            env={"PATH": "/usr/bin:/bin", "PCSCLITE_CSOCK_NAME": str(far)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        (client,) = children(process.pid)
        os.kill(client, signal.SIGKILL)
        assert process.wait(WAIT) == 8
        assert waiting.wait(WAIT) != 0
        assert there(far, "opensc-tool", "-a").returncode != 0
        until(lambda: not far.exists())


def test_a_connection_that_falls_silent_is_lost_on_both_sides(tmp_path: Path, ssh: str) -> None:
    """Nothing is closed, nothing comes any more: both sides find out by themselves."""
    import socket

    lost = Event()
    path = tmp_path.parent / "s"
    with socket.socket(socket.AF_UNIX) as served:
        served.bind(str(path))
        served.listen()
        tunnel = Tunnel(path, "far", command=ssh.split(), lost=lost.set, beat=0.2, patience=1.0)
        assert 0 < tunnel.start() < WAIT
        try:
            with socket.socket(socket.AF_UNIX) as program:
                program.settimeout(WAIT)
                program.connect(tunnel.far_path)
                ours, _ = served.accept()
                with ours:
                    ours.sendall(b"x")
                    assert program.recv(1) == b"x"
                    assert tunnel._process is not None
                    tunnel._process.send_signal(signal.SIGSTOP)
                    assert program.recv(1) == b"", "the far side has not noticed"
            assert lost.wait(WAIT)
            until(lambda: not Path(tunnel.far_path).exists())
        finally:
            assert tunnel._process is not None
            tunnel._process.send_signal(signal.SIGCONT)
            tunnel.close()
            path.unlink()


def test_a_socket_of_a_chosen_name(tmp_path: Path, ssh: str, runtime: Path) -> None:
    far = runtime / "there.sock"
    with Tunnel(tmp_path / "s", f"far:{far}", command=ssh.split()) as tunnel:
        assert tunnel.far_path == str(far)
        assert stat.S_IMODE(far.stat().st_mode) == 0o600
        second = Tunnel(tmp_path / "s", f"far:{far}", command=ssh.split())
        with pytest.raises(TunnelFailed, match="no connection to far"):
            second.start()
        assert far.exists(), "the second took the first one's socket away"
    until(lambda: not far.exists())


@pytest.mark.parametrize(
    "destination", ["", "-oProxyCommand=true", "far away", "far:/tmp/$(id)", "far:/a b", ":/tmp/x"]
)
def test_destinations_that_are_none(destination: str, tmp_path: Path) -> None:
    with pytest.raises(ReaderError):
        Tunnel(tmp_path, destination)


def test_an_ssh_that_is_not_there_or_fails(tmp_path: Path) -> None:
    with pytest.raises(TunnelFailed, match="No such file"):
        Tunnel(tmp_path, "far", command=["/nonexistent/ssh"]).start()
    with pytest.raises(TunnelFailed, match="no connection to far"):
        Tunnel(tmp_path, "far", command=["false"]).start()


def test_options_that_do_not_fit(runtime: Path) -> None:
    for options, word in (
        (("--relay", "x", "a.card"), "takes no cards"),
        (("--relay", "x", "--record", "t"), "takes no cards"),
        (("--to", "far", "a.card"), "--to is for a real reader"),
    ):
        done = subprocess.run(
            [BIFENTE, "reader", "serve", *options],
            env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)},
            capture_output=True,
            text=True,
            timeout=WAIT,
            check=False,
        )
        assert done.returncode == 2
        assert word in done.stderr
