"""Linux's table of TCP sockets (proc(5), ``/proc/net/tcp``): who listens where, and whose socket calls us."""

import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Final

LISTEN: Final = 0x0A

_TABLES: Final = (Path("/proc/thread-self/net/tcp"), Path("/proc/thread-self/net/tcp6"))
"""Of the calling thread: a thread may stand in another network namespace than its process."""


@dataclass(frozen=True, slots=True)
class TcpSocket:
    """One line of the table."""

    address: IPv4Address | IPv6Address
    port: int
    peer: IPv4Address | IPv6Address
    peer_port: int
    state: int
    user: int

    @property
    def listens(self) -> bool:
        """It waits for callers."""
        return self.state == LISTEN

    @property
    def on_every_address(self) -> bool:
        """It listens to the whole network."""
        return self.address.is_unspecified


def parse_table(text: str) -> Iterator[TcpSocket]:
    """The sockets of ``/proc/net/tcp`` or ``tcp6``; a line that is not one (the heading, or a later format) is left out."""
    for line in text.splitlines():
        fields = line.split()
        try:
            address, port = _endpoint(fields[1])
            peer, peer_port = _endpoint(fields[2])
            yield TcpSocket(address, port, peer, peer_port, int(fields[3], 16), int(fields[7]))
        except (IndexError, ValueError):
            continue


def tcp_sockets() -> list[TcpSocket]:
    """The sockets of this network namespace; none where there is no such table."""
    found: list[TcpSocket] = []
    for table in _TABLES:
        try:
            found += parse_table(table.read_text(encoding="ascii"))
        except (OSError, UnicodeDecodeError):
            continue
    return found


def accepted_from(connection: socket.socket) -> int | None:
    """The user whose process called, when the caller is on this machine and the system tells; else None."""
    if not sys.platform.startswith("linux"):
        return None
    here, there = connection.getsockname(), connection.getpeername()
    for one in tcp_sockets():
        if (one.port, one.peer_port) == (there[1], here[1]) and _unmapped(one.address) == ip_address(
            there[0]
        ):
            return one.user
    return None


def _unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address of which an IPv6 socket speaks as ``::ffff:127.0.0.1``."""
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _endpoint(text: str) -> tuple[IPv4Address | IPv6Address, int]:
    """``0100007F:8C7B``: an address as 32-bit words in the machine's order, and a port."""
    words, _, port = text.partition(":")
    if len(words) not in (8, 32):
        raise ValueError(text)
    raw = b"".join(int(words[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(words), 8))
    return (IPv4Address(raw) if len(raw) == 4 else IPv6Address(raw)), int(port, 16)
