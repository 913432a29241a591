"""Who serves the clients: as few threads as the cards at work need, not one for each client.

Python runs one thread at a time, and passing the turn on costs more than answering a command does: with a thread for each
of a hundred clients the turns take most of the time, and whose it is next is chance. Here one thread waits for all
connections and answers whoever asks, in the order in which they asked. A card may take its time, though, and so may a
person at a PIN pad. Who knows that it may take long calls :meth:`Workers.relieve` first, and another thread takes over
the waiting; for who did not know somebody does it when for a millisecond no thread has come round.
"""

import logging
import select
import socket
from collections import deque
from collections.abc import Callable
from threading import Event, Lock, Semaphore, Thread, current_thread
from time import sleep
from typing import Final, Generic, Protocol, TypeVar

TICK: Final = 0.001
"""Seconds in which a thread comes round, or another one takes over."""
REST: Final = 100
"""Ticks without any work after which nobody looks any more, until there is some."""
SPARE: Final = 5.0
"""Seconds for which a thread stands by that nobody needs."""
_AT_ONCE: Final = 64

_ENDING: Final = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR

_log = logging.getLogger(__name__)


class Served(Protocol):
    """A client: one connection that asks and is answered."""

    def fileno(self) -> int:
        """The descriptor of the connection."""

    def step(self, *, ending: bool) -> bool:
        """Answer what has come, all of it; to the end when it is *ending*, for then nothing tells of more.

        False when the client is gone, and everything of it cleaned up.
        """


Who = TypeVar("Who", bound=Served)


class _ServedClient(Generic[Who]):
    """A client as the threads see it: one of them serves it, and knows when there is more."""

    __slots__ = ("again", "busy", "client", "ending")

    def __init__(self, client: Who) -> None:
        self.client = client
        self.busy = Lock()
        self.again = False
        self.ending = False


class _Worker:
    """What the others know of a thread."""

    __slots__ = ("polling", "rounds")

    def __init__(self) -> None:
        self.polling = False
        self.rounds = 0


class Workers(Generic[Who]):
    """Threads that serve clients. *gone* is told of each client that went."""

    def __init__(self, gone: Callable[[Who], None], *, most: int) -> None:
        self._gone = gone
        self._most = most + 1
        self._epoll = select.epoll()
        self._wake, self._bell = socket.socketpair()
        self._epoll.register(self._wake.fileno(), select.EPOLLIN)
        self._clients: dict[int, _ServedClient[Who]] = {}
        self._ready: deque[_ServedClient[Who]] = deque()
        self._lock = Lock()
        self._workers: set[_Worker] = set()
        self._threads: set[Thread] = set()
        self._closing = False
        self._leading = Lock()
        """Held by the one thread that waits for clients."""
        self._needed = Semaphore(0)
        self._standing_by = 0
        self._busy = Event()
        self._resting = True
        self._add()
        self._monitor = Thread(target=self._watch, name="pcsc relief", daemon=True)
        self._monitor.start()

    @property
    def count(self) -> int:
        """How many threads there are."""
        return len(self._workers)

    def add(self, client: Who) -> None:
        """Serve *client* until it goes. Raises OSError when its connection cannot be waited for."""
        number = client.fileno()
        # What was known of a client that went may still be here; its descriptor is the new one's now.
        self._clients[number] = _ServedClient(client)
        # Told once of what comes: who serves the client reads all of it.
        self._epoll.register(number, select.EPOLLIN | select.EPOLLET | select.EPOLLRDHUP)

    def close(self, seconds: float) -> None:
        """End the threads; those that are at work get *seconds* each. The clients are to be gone already."""
        self._closing = True
        self._busy.set()
        self._bell.send(b"\0")
        for _ in range(self._most):
            self._needed.release()
        for thread in (self._monitor, *list(self._threads)):
            thread.join(seconds)
        self._wake.close()
        self._bell.close()
        self._epoll.close()

    def relieve(self) -> None:
        """The thread that calls may take its time: another one is to wait for the other clients."""
        if not self._leading.locked():
            if self._standing_by:
                self._needed.release()
            elif len(self._workers) < self._most:
                self._add()

    # The threads

    def _add(self) -> None:
        worker = _Worker()
        thread = Thread(target=self._run, args=(worker,), name="pcsc client", daemon=True)
        with self._lock:
            self._workers.add(worker)
            self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:  # no more threads: those there are do what they can
            _log.warning("no thread more can be had")
            with self._lock:
                self._workers.discard(worker)
                self._threads.discard(thread)

    def _run(self, worker: _Worker) -> None:
        ready, leading, poll = self._ready, self._leading, self._epoll.poll
        try:
            while not self._closing:
                if ready:
                    try:
                        served = ready.popleft()
                    except IndexError:
                        continue  # another thread was faster
                elif leading.acquire(blocking=False):
                    try:
                        if ready:
                            continue
                        worker.polling = True
                        events = poll(-1, _AT_ONCE)
                        worker.polling = False
                        found = self._found(events)
                    finally:
                        leading.release()
                    if found is None:
                        continue
                    served = found
                elif self._stand_by():
                    continue
                else:
                    return
                worker.rounds += 1
                self._serve(served)
        finally:
            with self._lock:
                self._workers.discard(worker)
                self._threads.discard(current_thread())

    def _found(self, events: list[tuple[int, int]]) -> _ServedClient[Who] | None:
        """The first of the clients that ask; the others wait for whoever comes round."""
        if self._resting:
            self._resting = False
            self._busy.set()
        first = None
        for number, what in events:
            served = self._clients.get(number)
            if served is None:
                continue
            if what & _ENDING:
                served.ending = True
            if first is None:
                first = served
            else:
                self._ready.append(served)
        return first

    def _stand_by(self) -> bool:
        with self._lock:
            self._standing_by += 1
        try:
            return self._needed.acquire(timeout=SPARE)
        finally:
            with self._lock:
                self._standing_by -= 1

    def _serve(self, served: _ServedClient[Who]) -> None:
        served.again = True
        # Another thread that serves this client just now sees that there is more, and does it.
        while served.again and served.busy.acquire(blocking=False):
            stays = True
            try:
                served.again = False
                stays = self._step(served)
            finally:
                # A client that went stays busy: nobody serves it again.
                if stays:
                    served.busy.release()
            if not stays:
                return

    def _step(self, served: _ServedClient[Who]) -> bool:
        client = served.client
        try:
            stays = client.step(ending=served.ending)
        except Exception:  # noqa: BLE001 - one client's fault must not end the others' service
            _log.exception("a client's service ended")
            stays = False
        if not stays:
            self._gone(client)
        return stays

    def _watch(self) -> None:
        """Have somebody wait for clients when all threads are at work."""
        seen: dict[_Worker, int] = {}
        quiet = 0
        while not self._closing:
            if quiet >= REST:
                self._rest()
                quiet = 0
            sleep(TICK)
            with self._lock:
                now = {worker: worker.rounds for worker in self._workers}
                polling = any(worker.polling for worker in self._workers)
            if polling and not self._ready:
                quiet = quiet + 1 if now == seen else 0
            elif now == seen:
                self.relieve()
                quiet = 0
            seen = now

    def _rest(self) -> None:
        """Wait until there is work again. A thread that begins to work looks whether it must wake us up."""
        self._busy.clear()
        self._resting = True
        with self._lock:
            idle = any(worker.polling for worker in self._workers) and not self._ready
        if idle and not self._closing:
            self._busy.wait()
