"""The calls in a recorded trace, beside the APDUs that they cause, and in several places at once."""

from collections.abc import Callable

from bifente.sesam.journal import CallEnd, CallJournal, CallRecord
from bifente.traces.files import Sink
from bifente.traces.model import EventKind, ReaderEvent

LANE = "GALSS/SSV"
"""The slot under which calls stand in a trace: no card is in it."""


class RecordedCalls:
    """A journal that writes into a trace."""

    def __init__(self, sink: Sink, clock: Callable[[], int]) -> None:
        self._sink = sink
        self._clock = clock

    def began(self, call: CallRecord) -> None:
        """One event for the call."""
        self._note(f"{call.number} {call.line()}")

    def ended(self, end: CallEnd) -> None:
        """One event for its end."""
        self._note(f"{end.call.number} → {end.line()}")

    def _note(self, words: str) -> None:
        self._sink.write(ReaderEvent(EventKind.CALL, self._clock(), LANE, words=words))


class SeveralJournals:
    """Tells each of *journals*, which may grow until the first call."""

    def __init__(self, *journals: CallJournal) -> None:
        self.journals = list(journals)

    def began(self, call: CallRecord) -> None:
        """A call begins."""
        for one in self.journals:
            one.began(call)

    def ended(self, end: CallEnd) -> None:
        """It has ended."""
        for one in self.journals:
            one.ended(end)
