"""Commands a second through a real pcscd and the packaged vpcd driver, against a card that does nothing else.

The floor is a loop over the socket that answers each command with two bytes and asks for acknowledgements at once, as
little as a card on this driver can do. Both are driven by the same client, in turns. Needs root, for a pcscd of its own.
"""

import socket
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from frame import ROUNDS, Result

from bifente.reader.vpcd import VpcdSettings, serve_vpcd

sys.path.append(str(Path(__file__).parents[2] / "tests" / "support"))
from pcscd import DRIVER, PORT, Pcscd, isolated_pcscd, unavailable

COUNT = 300
LEAST = 0.9
_ROUNDS = 3 * ROUNDS
"""Three processes on few cores are noisy: the median of many pairs."""
_ATR = bytes.fromhex("3B8F80010031B86404B0ECC1739401808290000E")
_CLIENT = """
import sys, time
from smartcard import scard
_, context = scard.SCardEstablishContext(0)
cards = []
for reader in sys.argv[2:]:
    state = 0
    while not state & scard.SCARD_STATE_PRESENT:
        _, ((_, state, _),) = scard.SCardGetStatusChange(context, 15000, [(reader, state)])
    _, card, protocol = scard.SCardConnect(context, reader, scard.SCARD_SHARE_SHARED, 3)
    cards.append((card, protocol))
command = [0x00, 0x10, 0x00, 0x00, 0x00]
for line in sys.stdin:
    card, protocol = cards[int(line)]
    begin = time.perf_counter()
    for _ in range(int(sys.argv[1])):
        result, answer = scard.SCardTransmit(card, protocol, command)
        assert result == 0 and answer == [0x90, 0x00], (result, answer)
    print(time.perf_counter() - begin, flush=True)
"""


class _Silent:
    """A card that answers nothing but success."""

    def power_on(self) -> bytes:
        return _ATR

    def reset(self) -> bytes:
        return _ATR

    def power_off(self) -> None:
        """Nothing to lose."""

    def transmit(self, command: bytes, /) -> bytes:
        return b"\x90\x00"


def _echo(connection: socket.socket) -> None:
    """The floor."""
    with connection:
        while True:
            length = connection.recv(2, socket.MSG_WAITALL)
            if len(length) < 2:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            message = connection.recv(int.from_bytes(length), socket.MSG_WAITALL)
            if len(message) > 1:
                connection.sendall(b"\x00\x02\x90\x00")
            elif message == b"\x04":
                connection.sendall(len(_ATR).to_bytes(2) + _ATR)


@contextmanager
def _client(daemon: Pcscd) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", _CLIENT, str(COUNT), "Virtual PCD 00 00", "Virtual PCD 00 01"]
    process = subprocess.Popen(
        command, env=daemon.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _seconds(client: "subprocess.Popen[str]", slot: int) -> float:
    assert client.stdin is not None
    assert client.stdout is not None
    client.stdin.write(f"{slot}\n")
    client.stdin.flush()
    return float(client.stdout.readline())


def results() -> Iterator[Result]:
    """Our service in the driver's first slot, the floor in its second."""
    name = "vpcd, pyscard client"
    reason = unavailable() or (None if DRIVER.exists() else "vsmartcard-vpcd is not installed")
    if reason is not None:
        yield Result(name, "APDU/s", 0.0, note=f"not measured: {reason}")
        return
    with isolated_pcscd() as daemon:
        floor = daemon.inside(lambda: socket.create_connection(("127.0.0.1", PORT + 1), 5))
        floor.settimeout(None)
        Thread(target=_echo, args=(floor,), daemon=True).start()
        with (
            daemon.inside(lambda: serve_vpcd([_Silent()], VpcdSettings(retry=0.05))),
            _client(daemon) as client,
        ):
            for slot in (0, 1):
                _seconds(client, slot)
            subjects: list[float] = []
            floors: list[float] = []
            for number in range(_ROUNDS):
                order = [(0, subjects), (1, floors)]
                for slot, seconds in order if number % 2 else reversed(order):
                    seconds.append(_seconds(client, slot))
    ratio = statistics.median(one / other for one, other in zip(subjects, floors, strict=True))
    note = f"times the floor's duration; {COUNT} commands a round"
    yield Result(
        name,
        "APDU/s",
        COUNT / statistics.median(subjects),
        COUNT / statistics.median(floors),
        ratio,
        most=1 / LEAST,
        note=note,
    )
