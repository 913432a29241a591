"""A real pcscd of one's own, for one test: no other pcscd, no service manager, no network is touched.

It runs in its own mount and network namespaces (root only), so that its socket and the driver's ports, which listen on
every address, are nobody else's. Clients need no namespace: they reach the socket through PCSCLITE_CSOCK_NAME. Cards
that are to meet the driver are started with :meth:`Pcscd.inside`.
"""

import ctypes
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Event, Thread
from typing import TypeVar

from bifente.apdu.link import Card

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
PORT = 0x8C7B
READER = "Virtual PCD"

_NEWNS, _NEWNET = 0x00020000, 0x40000000
_MS_REC, _MS_PRIVATE, _MS_BIND = 0x4000, 0x40000, 0x1000
_PR_SET_PDEATHSIG = 1
_WAIT = 20.0


def unavailable() -> str | None:
    """Why this machine cannot run one, when the packages are not the reason; else None."""
    if not sys.platform.startswith("linux"):
        return "namespaces are Linux's"
    if os.geteuid() != 0:
        return "a pcscd of one's own needs root"
    probe = subprocess.run(
        [sys.executable, __file__, "--probe"], capture_output=True, text=True, timeout=_WAIT, check=False
    )
    if probe.returncode == 0:
        return None
    return f"no namespaces here: {(probe.stderr.strip().splitlines() or ['no word why'])[-1]}"


Result = TypeVar("Result")


class Pcscd:
    """A running daemon; :func:`isolated_pcscd` makes it."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self.socket = folder / "run" / "pcscd.comm"
        self.log: list[str] = []
        self._command = command
        self._said = Condition()
        self._ready = Event()
        self.start()

    def start(self) -> None:
        """Start it, at first or after :meth:`stop`."""
        self._ready.clear()
        self.process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def environment(self) -> dict[str, str]:
        """What a client's environment must be to use this daemon."""
        return {**os.environ, "PCSCLITE_CSOCK_NAME": str(self.socket), "LC_ALL": "C"}

    def run(
        self, *command: str, timeout: float = 30, standard_input: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """A client program, to its end."""
        return subprocess.run(
            command,
            env=self.environment,
            input=standard_input,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )

    def inside(self, call: Callable[[], Result]) -> Result:
        """Do *call* in the daemon's network; threads that it starts stay there."""
        done: list[Result] = []
        failed: list[BaseException] = []

        def work() -> None:
            try:
                namespace = os.open(f"/proc/{self.process.pid}/ns/net", os.O_RDONLY)
                try:
                    _libc("setns", namespace, _NEWNET)
                finally:
                    os.close(namespace)
                done.append(call())
            except BaseException as error:  # noqa: BLE001 - raised again in the thread of the test
                failed.append(error)

        thread = Thread(target=work, daemon=True)
        thread.start()
        thread.join(_WAIT)
        if failed:
            raise failed[0]
        if not done:
            raise TimeoutError("the call inside the network of pcscd did not end")
        return done[0]

    def await_ready(self) -> None:
        """Until the daemon says that it is ready."""
        if not self._ready.wait(_WAIT):
            raise TimeoutError("pcscd did not start:\n" + "".join(self.log))

    def await_card(self, count: int = 1) -> None:
        """Until the daemon has seen that many insertions, all in all.

        A program is started after that. ``--wait`` of OpenSC's tools does not do: it waits for an insertion *after* its
        first look, and for ever when the daemon has been faster.
        """
        with self._said:
            if not self._said.wait_for(lambda: sum("Card ATR" in line for line in self.log) >= count, _WAIT):
                raise TimeoutError("pcscd saw no card:\n" + "".join(self.log))

    def stop(self) -> None:
        """End it, whatever it is doing."""
        self.process.terminate()
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(_WAIT)
        self._reader.join(_WAIT)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout:
            for line in self.process.stdout:
                with self._said:
                    self.log.append(line)
                    self._said.notify_all()
                if "daemon ready" in line:
                    self._ready.set()


@contextmanager
def isolated_pcscd(
    device: str = f"/dev/null:{PORT}", driver: Path = DRIVER, options: tuple[str, ...] = ("--info",)
) -> Iterator[Pcscd]:
    """A pcscd with the vpcd driver, configured with *device* as its DEVICENAME; *options* say what it logs.

    ``/dev/null:<port>``: the driver listens, in a network of its own (:meth:`Pcscd.inside`);
    ``localhost:<port>``: it calls a card that listens on this machine's loopback. Any other *device* is the affair of
    another *driver*.
    """
    network = "shared" if device.startswith("localhost:") else "own"
    folder = Path(tempfile.mkdtemp(prefix="pcscd-"))
    try:
        (folder / "run").mkdir()
        (folder / "reader.conf.d").mkdir()
        (folder / "reader.conf.d" / "vpcd").write_text(
            f'FRIENDLYNAME "{READER}"\nDEVICENAME {device}\nLIBPATH {driver}\nCHANNELID 0x8C7B\n'
        )
        daemon = Pcscd(folder, [sys.executable, __file__, str(folder), network, *options])
        try:
            daemon.await_ready()
            yield daemon
        finally:
            daemon.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def be_a_card(connection: socket.socket, card: Card) -> None:
    """A card behind the vpcd driver: two bytes of length, big-endian, each way. One byte is an order: 0 power off, 1 power
    on, 2 reset, 4 the ATR."""
    atr = card.power_on()
    with connection, connection.makefile("rb") as coming:
        while len(length := coming.read(2)) == 2:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            message = coming.read(int.from_bytes(length))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            if len(message) == 1 and message != b"\x04":
                if message == b"\x01":
                    card.power_on()
                elif message == b"\x02":
                    card.reset()
                continue
            answer = atr if message == b"\x04" else card.transmit(message)
            connection.sendall(len(answer).to_bytes(2) + answer)


def _libc(name: str, *arguments: int | bytes | None) -> None:
    """A system call through libc; OSError with its errno."""
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _separate(network: str) -> None:
    """Leave the machine's mounts and, for a network of one's own, its network: there, only loopback is up."""
    import fcntl

    _libc("unshare", _NEWNS)
    _libc("mount", b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
    if network != "own":
        return
    _libc("unshare", _NEWNET)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        up_and_running = struct.pack("16sH14x", b"lo", 0x1 | 0x40)
        fcntl.ioctl(control, 0x8914, up_and_running)  # SIOCSIFFLAGS


def _become_pcscd(folder: str, network: str, *options: str) -> None:
    """Separate, put the folder's ``run`` where pcscd keeps its socket, and become pcscd."""
    _libc("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL)
    _separate(network)
    _libc("mount", b"none", b"/run", b"tmpfs", 0, None)
    os.mkdir("/run/pcscd")
    _libc("mount", f"{folder}/run".encode(), b"/run/pcscd", None, _MS_BIND, None)
    pcscd = shutil.which("pcscd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if pcscd is None:
        raise FileNotFoundError("pcscd")
    os.execv(pcscd, [pcscd, "--foreground", *options, "--config", f"{folder}/reader.conf.d"])


if __name__ == "__main__":
    if sys.argv[1] == "--probe":
        _separate("own")
    else:
        _become_pcscd(*sys.argv[1:])
