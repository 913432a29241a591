"""What happens to the slots of a reader, and how to wait for it."""

from collections.abc import Callable
from enum import StrEnum
from queue import Empty, SimpleQueue
from types import TracebackType

from bifente.apdu.link import LinkTimeout
from bifente.slotted import dataclass


class SlotChange(StrEnum):
    """The kinds of event."""

    INSERTED = "inserted"
    REMOVED = "removed"
    COLD_RESET = "cold reset"
    WARM_RESET = "warm reset"
    POWERED_OFF = "powered off"
    READER_GONE = "reader gone"
    UNPLUGGED = "reader unplugged"
    PLUGGED = "reader plugged in"


@dataclass(frozen=True, slots=True)
class SlotEvent:
    """One change of one slot.

    ``number`` counts all events of the reader from 1; ``counter`` counts the insertions and removals of this slot,
    as the event counter of PC/SC does. ``atr`` is empty when there is none any more. A reader that is unplugged or plugged
    in tells it for each of its slots, empty or not.
    """

    number: int
    slot: str
    change: SlotChange
    counter: int
    atr: bytes = b""


class Subscription:
    """The events of a reader from now on, in order and without loss. Close it, or use it in a ``with`` block."""

    def __init__(
        self, close: Callable[["Subscription"], None], deliver: Callable[[SlotEvent], None] | None
    ) -> None:
        self._close = close
        self._events: SimpleQueue[SlotEvent] = SimpleQueue()
        self.deliver: Callable[[SlotEvent], None] = deliver or self._events.put

    def get(self, timeout: float) -> SlotEvent:
        """The next event; waits at most *timeout* seconds, then raises LinkTimeout."""
        try:
            return self._events.get(timeout=max(timeout, 0))
        except Empty:
            raise LinkTimeout("the next event of the reader", timeout) from None

    def pending(self) -> list[SlotEvent]:
        """The events that have come and not been fetched; does not wait."""
        events = []
        while True:
            try:
                events.append(self._events.get_nowait())
            except Empty:
                return events

    def close(self) -> None:
        """Receive nothing more. Closing twice is allowed."""
        self._close(self)

    def __enter__(self) -> "Subscription":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
