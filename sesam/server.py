"""The process that answers the forwarders: it listens, and gives each connection a thread of its own."""

import hmac
import logging
import os
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path
from threading import BoundedSemaphore, Event, Lock, Thread
from types import TracebackType
from typing import Final

from bifente.sesam.calls import CALLS, HELLO, MAGIC
from bifente.sesam.errors import WireBroken
from bifente.sesam.service import SesamService
from bifente.sesam.wire import Question, Receiver

MOST_CONNECTIONS: Final = 512
_HELLO_SECONDS: Final = 5.0
"""How long a connection may take to say who it is."""
_LARGEST_HELLO: Final = 4096
"""Nobody who has not said the token yet makes us keep more."""
_PAUSE: Final = 0.1
_CREDENTIALS: Final = struct.Struct("3i")

_log = logging.getLogger(__name__)


class SesamServer:
    """Serves *service* on a listening socket until :meth:`close`; the socket is the caller's to make and to remove.

    With a *token* only whoever says it is answered: on loopback everybody of this machine may connect. A Unix socket answers
    its own user (and root) only.
    """

    def __init__(self, listening: socket.socket, service: SesamService, *, token: str | None = None) -> None:
        self._listening = listening
        self._service = service
        self._token = token
        self._closing = Event()
        self._free = BoundedSemaphore(MOST_CONNECTIONS)
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        self._threads: set[Thread] = set()
        self._thread = Thread(target=self._accept, name="sesam accept", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer no more: connections are cut, calls under way end first or are left behind."""
        self._closing.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        with self._lock:
            open_now, threads = list(self._open), list(self._threads)
        for connection in open_now:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)

    def __enter__(self) -> "SesamServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError as error:
                if not self._closing.is_set():
                    _log.warning("a connection could not be accepted: %s", error)
                self._closing.wait(_PAUSE)
                continue
            if not self._free.acquire(blocking=False):
                _log.warning("%d connections are open: one more is refused", MOST_CONNECTIONS)
                connection.close()
                continue
            thread = Thread(target=self._serve, args=(connection,), name="sesam caller", daemon=True)
            with self._lock:
                self._open.add(connection)
                self._threads.add(thread)
            try:
                thread.start()
            except RuntimeError:  # no more threads
                self._ended(connection, thread)

    def _ended(self, connection: socket.socket, thread: Thread) -> None:
        with self._lock:
            self._open.discard(connection)
            self._threads.discard(thread)
        connection.close()
        self._free.release()

    def _serve(self, connection: socket.socket) -> None:
        from threading import current_thread

        try:
            self._converse(connection)
        except WireBroken as broken:
            _log.warning("a connection is closed: %s", broken)
        except OSError:
            pass
        finally:
            self._ended(connection, current_thread())

    def _converse(self, connection: socket.socket) -> None:
        receiver = Receiver(connection)
        connection.settimeout(_HELLO_SECONDS)
        first = receiver.next(_LARGEST_HELLO)
        if first is None:
            return
        pid, initialised = self._greeted(first)
        peer = self._peer(connection)
        connection.settimeout(None)
        if connection.family == socket.AF_INET:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        caller = self._service.arrived((peer, pid), _name(peer, pid), initialised=initialised)
        try:
            while (question := receiver.next()) is not None:
                connection.sendall(self._service.answer(caller, question))
        finally:
            self._service.left(caller)

    def _greeted(self, question: Question) -> tuple[int, bool]:
        if question.call != HELLO:
            raise WireBroken("the first message is not a hello")
        magic, pid, initialised, token = CALLS[HELLO].values(question.fields)
        if magic != MAGIC or not isinstance(pid, int):
            raise WireBroken("a forwarder of another release: build the libraries anew")
        given = token.encode("latin-1") if isinstance(token, str) else b""
        if self._token is not None and not hmac.compare_digest(given, self._token.encode()):
            raise WireBroken("a connection without the token")
        return pid, bool(initialised)

    @staticmethod
    def _peer(connection: socket.socket) -> int:
        """The process on the other side as the system knows it, 0 when it does not. Raises WireBroken for another user's."""
        if connection.family != getattr(socket, "AF_UNIX", None) or not sys.platform.startswith("linux"):
            return 0
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        pid, user, _ = _CREDENTIALS.unpack(raw)
        if user not in (os.getuid(), 0):
            raise WireBroken("a connection of another user")
        return int(pid)


def _name(peer: int, pid: int) -> str:
    """The program of a process and its number, for the trace."""
    if peer:
        with suppress(OSError):
            name = Path(f"/proc/{peer}/comm").read_text(encoding="utf-8", errors="replace").strip()
            return f"{name}[{peer}]"
    return f"process[{pid}]"
