"""Whose turn it is: the owner of a transaction and those who wait for it, first come, first served.

A PC/SC client waits in short pieces: it asks, is refused after a tenth of a second, and asks again, so that another
thread may use the same connection in between. Its place in the queue is kept while it does.
"""

from threading import Lock
from time import monotonic
from typing import Final, Generic, TypeVar

PIECE: Final = 0.1
"""Seconds that one request waits (pcscd: PCSCLITE_LOCK_POLL_RATE)."""

KEPT: Final = 1.0
"""Seconds that the place of a client is kept which has not asked again."""

Who = TypeVar("Who")


class _Place:
    """A place in the queue; ``here`` is locked until the turn has come."""

    __slots__ = ("here", "until", "waiting")

    def __init__(self) -> None:
        self.here = Lock()
        self.waiting = False
        self.until = 0.0


class Turns(Generic[Who]):
    """An owner, how deep its transactions nest, and a queue. Thread-safe; all waits are bounded."""

    def __init__(self) -> None:
        self.owner: Who | None = None
        """Read without lock by who only wants to know whether it must wait."""
        self._depth = 0
        self._lock = Lock()
        self._queue: dict[Who, _Place] = {}

    @property
    def queued(self) -> int:
        """How many wait."""
        return len(self._queue)

    @property
    def free(self) -> bool:
        """Nobody has the turn and nobody waits for it."""
        return self.owner is None and not self._queue

    def enter(self, who: Who) -> None:
        """Go one level deeper; *who* has the turn already or nobody has it."""
        with self._lock:
            self.owner = who
            self._depth += 1

    def take(self, who: Who, wait: float = PIECE) -> bool:
        """Have the turn, one level deeper when it was had before. False when it did not come within *wait* seconds."""
        with self._lock:
            if self.owner is who or (self.owner is None and self._is_next(who)):
                self._queue.pop(who, None)
                self.owner = who
                self._depth += 1
                return True
            place = self._queue.setdefault(who, _Place())
            place.here.acquire(blocking=False)
            place.waiting = True
        place.here.acquire(timeout=wait)
        with self._lock:
            place.waiting = False
            if self.owner is who:
                return True
            place.until = monotonic() + KEPT
            return False

    def _is_next(self, who: Who) -> bool:
        """Nobody who waits at this moment came before *who*."""
        for other, place in self._queue.items():
            if other is who:
                return True
            if place.waiting:
                return False
        return True

    def leave(self, who: Who, *, least: int = 0) -> bool:
        """One level up, not below *least*; the last one hands the turn on. False when there was no such level."""
        with self._lock:
            if self.owner is not who or self._depth <= least:
                return False
            self._depth -= 1
            if not self._depth:
                self._hand_on()
            return True

    def forget(self, who: Who) -> None:
        """*who* is gone: its turn, or its place, is free."""
        with self._lock:
            self._queue.pop(who, None)
            if self.owner is who:
                self._hand_on()

    def dissolve(self) -> None:
        """Nobody has the turn and nobody waits for it any more; who waits is refused at once."""
        with self._lock:
            self.owner, self._depth = None, 0
            for place in self._queue.values():
                if place.waiting and place.here.locked():
                    place.here.release()
            self._queue.clear()

    def _hand_on(self) -> None:
        now = monotonic()
        for who, place in list(self._queue.items()):
            if place.waiting:
                del self._queue[who]
                self.owner, self._depth = who, 1
                place.here.release()
                return
            if place.until < now:
                del self._queue[who]
        self.owner, self._depth = None, 0
