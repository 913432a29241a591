"""What can be known of the vpcd drivers of a system without pcscd: their configuration, where they listen, how they send."""

import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bifente.documents import DocumentError, read_bytes
from bifente.reader.vpcd.connections import BASE_PORT
from bifente.reader.vpcd.tcptable import TcpSocket

CONFIGURATION: Final = Path("/etc/reader.conf.d")
"""Where pcscd reads its readers from, unless it was told otherwise."""

MAX_SIZE: Final = 1 << 18
"""Longer files configure no readers."""

_LISTENS: Final = "/dev/null"


@dataclass(frozen=True, slots=True)
class ConfiguredDriver:
    """One reader of pcscd's configuration that is a vpcd driver."""

    file: Path
    name: str
    library: Path
    host: str | None
    """Whom the driver calls; None when it listens."""
    port: int
    """Of its first slot."""

    def listeners(self, sockets: list[TcpSocket], slots: int = 2) -> list[TcpSocket]:
        """Those of *sockets* that listen on a port of its *slots*."""
        ports = range(self.port, self.port + slots)
        return [one for one in sockets if one.listens and one.port in ports]


@dataclass(frozen=True, slots=True)
class DriverFacts:
    """What a driver's library shows when it is tried."""

    slots: int
    whole_messages: bool
    """Length and body come in one segment; apart, a card without TCP_QUICKACK loses some 40 ms a command."""


def configured_drivers(folder: Path = CONFIGURATION) -> list[ConfiguredDriver]:
    """The vpcd drivers that the files of *folder* name, in the order of the file names. What cannot be read is left out."""
    found: list[ConfiguredDriver] = []
    try:
        files = sorted(one for one in folder.iterdir() if not one.name.startswith("."))
    except OSError:
        return []
    for file in files:
        try:
            text = read_bytes(file, MAX_SIZE).decode("utf-8", "replace")
        except (OSError, DocumentError):
            continue
        found += parse_configuration(text, file)
    return found


def parse_configuration(text: str, file: Path) -> list[ConfiguredDriver]:
    """The vpcd drivers in a reader.conf(5): a reader begins with FRIENDLYNAME, the order of the rest is free."""
    readers: list[dict[str, str]] = []
    for line in text.splitlines():
        word, _, value = line.strip().partition("#")[0].strip().partition(" ")
        word, tab, rest = word.partition("\t")
        value = (rest + " " + value if tab else value).strip().strip('"')
        if word == "FRIENDLYNAME" or (word and not readers):
            readers.append({})
        if word:
            readers[-1][word] = value
    return [
        _driver(reader, file) for reader in readers if "vpcd" in Path(reader.get("LIBPATH", "")).name.lower()
    ]


def _driver(reader: dict[str, str], file: Path) -> ConfiguredDriver:
    """Host and port as ``IFDHCreateChannelByName`` of ifd-vpcd.c takes them."""
    host, colon, digits = reader.get("DEVICENAME", _LISTENS).partition(":")
    return ConfiguredDriver(
        file,
        reader.get("FRIENDLYNAME", ""),
        Path(reader["LIBPATH"]),
        None if host == _LISTENS or not colon else host,
        _c_number(digits) if colon else BASE_PORT,
    )


def _c_number(text: str) -> int:
    """A number as strtoul(3) takes it with base 0: ``0x8C7B``, ``0105173`` (octal) or ``35963``; 0 for none."""
    text = text.strip().lower()
    try:
        if text.startswith("0") and not text.startswith("0x"):
            return int(text, 8) & 0xFFFF
        return int(text, 0) & 0xFFFF
    except ValueError:
        return 0


def probe_listening(port: int, host: str = "127.0.0.1", timeout: float = 1.5) -> bool | None:
    """Be a card for one question of a driver that listens: True when it sends whole messages, None when it asks nothing.

    The question for the ATR comes with the next poll of pcscd, after 400 ms at most; leaving without an answer is
    "no card" to the driver. It asks nothing when its slot is taken.
    """
    try:
        with socket.create_connection((host, port), timeout) as card:
            _delay_acknowledgements(card)
            return len(card.recv(_ASKED_FOR_ATR + 1)) == _ASKED_FOR_ATR
    except OSError:
        return None


def probe_library(library: Path, timeout: float = 5.0) -> DriverFacts | None:
    """Load the driver in a process of its own and let it call a listener of ours, as in the reversed mode.

    None when it cannot be loaded outside pcscd (Debian's cannot: it wants pcscd's log functions), does not show its
    functions, or does not call within *timeout* seconds.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _PROBE, str(library)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        slots, first = map(int, done.stdout.split())
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return DriverFacts(slots, first == _ASKED_FOR_ATR)


def _delay_acknowledgements(connection: socket.socket) -> None:
    """Take the kernel's quick start away: then the second part of a message waits, and the first comes alone."""
    if sys.platform.startswith("linux"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)


_ASKED_FOR_ATR: Final = 3
"""Bytes of the question for the ATR: length and control."""

_PROBE: Final = """
import ctypes, os, socket, sys, threading
dlopen = ctypes.CDLL(None).dlopen
dlopen.restype, dlopen.argtypes = ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_int]
driver = ctypes.CDLL(sys.argv[1], handle=dlopen(os.fsencode(sys.argv[1]), os.RTLD_LAZY))
driver.vicc_init.restype = ctypes.c_void_p
driver.vicc_getatr.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
driver.vicc_getatr.restype = ctypes.c_ssize_t
listener = socket.create_server(("127.0.0.1", 0))
listener.settimeout(3)
context = driver.vicc_init(b"127.0.0.1", ctypes.c_ushort(listener.getsockname()[1]))
card, _ = listener.accept()
card.settimeout(3)
card.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
answer = ctypes.c_void_p()
threading.Thread(target=driver.vicc_getatr, args=(context, ctypes.byref(answer)), daemon=True).start()
print(ctypes.c_ubyte.in_dll(driver, "vicc_max_slots").value, len(card.recv(4)))
"""
"""Bound lazily where the library allows it, for ctypes itself would insist on every function."""
