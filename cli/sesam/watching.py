"""What is printed while the libraries are answered: each call, the APDUs that it causes, how it ended."""

from threading import Lock
from typing import TYPE_CHECKING

from bifente.cli.visible import say

if TYPE_CHECKING:
    from bifente.sesam.journal import CallEnd, CallRecord
    from bifente.traces.model import Item


class ShownCalls:
    """A journal of calls and a sink of a recorder at once, on stderr."""

    def __init__(self) -> None:
        self._lock = Lock()

    def began(self, call: "CallRecord") -> None:
        """A line with the parameters that may be shown."""
        with self._lock:
            say(f"{call.number} {call.line()}", err=True)

    def ended(self, end: "CallEnd") -> None:
        """A line with the code."""
        with self._lock:
            say(f"{end.call.number} -> {end.line()}", err=True)

    def write(self, item: "Item", /) -> None:
        """One line for an exchange with a card, none for an event."""
        from bifente.traces.model import Exchange
        from bifente.traces.slotnames import short_names

        if isinstance(item, Exchange):
            slot = short_names([item.slot])[item.slot]
            answer = item.response.hex() or "no answer"
            with self._lock:
                say(
                    f"    [{slot}] {item.command.hex()} -> {answer} ({item.duration / 1000:.1f} ms)", err=True
                )
                if item.why is not None:
                    say(f"    [{slot}]   why: {item.why}", err=True)
