"""How the connection to a vpcd driver comes about: the card calls, or the driver calls.

The driver's default is to listen, on every address of the machine and without asking who comes; then the card calls.
Reversed (``DEVICENAME localhost:0x8C7B`` in pcscd's reader configuration) the driver calls the card at each poll; then
we listen, on loopback only, and let in root, pcscd's own user and whoever runs this process.

Reversed is for virtualsmartcard 0.9 and later. Debian 12's driver (3.3+dfsg-2) calls when pcscd starts and never again:
after a refused call, or when a card has left, it waits for callers on a socket that it does not have, and the C library
ends pcscd (``FD_SET(-1)`` in ``waitforclient``; seen). With that driver reversed, there must be a card for each of its
slots before pcscd starts, and none may leave.
"""

import logging
import os
import select
import socket
from contextlib import suppress
from ipaddress import ip_address
from time import monotonic
from typing import Final, Protocol

from bifente.reader.errors import ReaderError
from bifente.reader.vpcd.tcptable import accepted_from

logger = logging.getLogger(__name__)

BASE_PORT: Final = 0x8C7B
"""35963, the port of the first slot in the packaged configuration; slot *i* has this port + *i*."""

_CONNECT_TIMEOUT: Final = 2.0
_MANY: Final = 4096
_FAREWELL: Final = 0.5
"""Seconds for a caller that is turned away to close its end."""


class Wakeup:
    """Wakes one waiting thread, which may wait for a socket at the same time."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def wake(self) -> None:
        """Let the present or the next wait end."""
        try:
            self._writer.send(b"\0")
        except BlockingIOError:
            return  # so full of wake-ups that the next wait ends anyway
        except OSError:
            return  # closed: nobody waits

    def wait(self, timeout: float | None, other: socket.socket | None = None) -> bool:
        """True when *other* became readable; False after a wake-up or *timeout* seconds."""
        watched = [self._reader] if other is None else [self._reader, other]
        ready, _, _ = select.select(watched, [], [], timeout)
        if self._reader in ready:
            self._reader.recv(_MANY)
        return other is not None and other in ready

    def close(self) -> None:
        """Give the descriptors back."""
        self._reader.close()
        self._writer.close()


class ConnectionSource(Protocol):
    """Where the connection for one slot comes from."""

    comes_back: bool
    """Who left may call again when it likes: it is not we who decide how soon there is a next connection."""

    @property
    def port(self) -> int:
        """The TCP port."""

    def next(self, wakeup: Wakeup, *, closed_for: float | None) -> socket.socket | None:
        """Wait for a connection; None when there is none yet or the waiter was woken.

        *closed_for*: how many seconds no card is to be offered, 0 when there is one, None when none is in sight.
        """

    def close(self) -> None:
        """Take no more connections."""


class Calling:
    """We call a driver that listens."""

    comes_back = False

    def __init__(self, host: str, port: int, retry: float) -> None:
        self.host = host
        self._port = port
        self._retry = retry

    @property
    def port(self) -> int:
        """The driver's port."""
        return self._port

    def next(self, wakeup: Wakeup, *, closed_for: float | None) -> socket.socket | None:
        """Call; after a refusal, wait before the next try. Without a card, wait for one."""
        if closed_for != 0:
            wakeup.wait(closed_for)
            return None
        try:
            connection = socket.create_connection((self.host, self._port), _CONNECT_TIMEOUT)
        except OSError as error:
            logger.debug("no vpcd driver at %s:%d: %s", self.host, self._port, error)
            wakeup.wait(self._retry)
            return None
        if connection.getsockname() == connection.getpeername():
            connection.close()  # TCP lets a port of ours call itself when nobody listens there
            wakeup.wait(self._retry)
            return None
        connection.settimeout(None)
        return connection

    def close(self) -> None:
        """Nothing to close."""


class Listening:
    """A driver calls us.

    The listener stays there while the slot is empty, and turns callers away: the driver takes a refused call for a
    connection that it made (``connectsock`` of vpcd.c returns the closed descriptor) and writes to whatever has that
    number next. It is turned away in order: a connection closed with the driver's question unread would be reset.
    """

    comes_back = True

    def __init__(self, host: str, port: int, *, any_user: bool = False) -> None:
        address = ip_address(socket.gethostbyname(host) if ":" not in host else host)
        if not address.is_loopback:
            raise ReaderError(
                f"a card is offered on loopback only, not on {host}: whoever calls can use it without asking"
            )
        self._any_user = any_user
        try:
            self._listener = socket.create_server(
                (str(address), port),
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                backlog=4,
            )
        except OSError as error:
            raise ReaderError(f"cannot listen on {host}, port {port}: {error.strerror or error}") from error
        self._listener.setblocking(False)
        self._port = int(self._listener.getsockname()[1])

    @property
    def port(self) -> int:
        """The port we listen on."""
        return self._port

    def next(self, wakeup: Wakeup, *, closed_for: float | None) -> socket.socket | None:
        """Wait for a caller. Without a card, or when it is not the caller's to use, the call is ended at once."""
        if not wakeup.wait(closed_for or None, self._listener):
            return None
        try:
            connection, caller = self._listener.accept()
        except OSError:
            return None  # gone again
        if closed_for != 0:
            _turn_away(connection)
            return None
        connection.setblocking(True)
        if not self._any_user:
            user = accepted_from(connection)
            if user is not None and user not in _welcome():
                logger.warning(
                    "a process of user %d called for the card on port %d: refused", user, caller[1]
                )
                _turn_away(connection)
                return None
        return connection

    def close(self) -> None:
        """Close the listener."""
        self._listener.close()


def _turn_away(connection: socket.socket) -> None:
    """Close a connection, and take what comes until the other side has seen it: then it is not reset."""
    with connection, suppress(OSError):
        connection.settimeout(_FAREWELL)
        connection.shutdown(socket.SHUT_WR)
        deadline = monotonic() + _FAREWELL
        while connection.recv(_MANY) and monotonic() < deadline:
            pass


def _welcome() -> set[int]:
    """The users that may be the driver: root, we ourselves, and the user that newer systems run pcscd as."""
    import pwd  # only where there is a table of sockets to compare with

    users = {0, os.getuid()}
    with suppress(KeyError):
        users.add(pwd.getpwnam("pcscd").pw_uid)
    return users
