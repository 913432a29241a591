"""The recorder: a ``Card`` around a ``Card`` that notes what is said."""

from collections.abc import Callable
from time import monotonic_ns

from bifente.apdu.facets import CardAround
from bifente.apdu.link import Card
from bifente.traces.cleaning.mask import Masker
from bifente.traces.files import Sink
from bifente.traces.maskedbytes import MaskedBytes, plain_octets
from bifente.traces.model import EventKind, Exchange, Level, ReaderEvent

_new = tuple.__new__
"""Makes an Exchange without the detour of its generated constructor, while the terminal waits."""


def _unmasked(command: bytes, response: bytes) -> tuple[MaskedBytes, MaskedBytes]:
    return plain_octets(bytes(command)), plain_octets(bytes(response))


class Stopwatch:
    """Microseconds since it was made: the clock of a trace. Recorders of one trace share one."""

    __slots__ = ("_start",)

    def __init__(self) -> None:
        self._start = monotonic_ns()

    def __call__(self) -> int:
        return (monotonic_ns() - self._start) // 1000


class Recorder(CardAround):
    """Notes every exchange and reset of a card in *sink*.

    What is secret is masked before it is noted (see ``bifente.traces.cleaning.mask``), unless *unmask* is set: then the trace's
    header must say so. *level* says on which side of a T=0 front the recorder stands: around
    ``bifente.reader.T0Front`` it is TPDU, inside or without one it is APDU. *clock* gives microseconds since the
    beginning of the trace.

    A command to which the card gave no answer, because it raised, is noted with an empty response. Of a refusal that
    the card explains, the reason is noted too.
    """

    def __init__(
        self,
        card: Card,
        sink: Sink,
        *,
        slot: str = "",
        level: Level = Level.APDU,
        unmask: bool = False,
        clock: Callable[[], int] | None = None,
    ) -> None:
        super().__init__(card)
        self._sink = sink
        self._slot = slot
        self._level = level
        self._masker = None if unmask else Masker()
        self._mask = _unmasked if self._masker is None else self._masker.mask
        self._clock = clock or Stopwatch()

    def power_on(self) -> bytes:
        """Cold reset of the card inside, noted with its ATR."""
        return self._restarted(EventKind.COLD_RESET, self._card.power_on())

    def reset(self) -> bytes:
        """Warm reset of the card inside, noted with its ATR."""
        return self._restarted(EventKind.WARM_RESET, self._card.reset())

    def power_off(self) -> None:
        """Power the card inside off, and note it."""
        self._card.power_off()
        self._restarted(EventKind.POWERED_OFF, b"")

    def transmit(self, command: bytes, /) -> bytes:
        """Pass one command on, note it with its answer, and give the answer back."""
        clock = self._clock
        begin = clock()
        response = b""
        try:
            response = self._card.transmit(command)
        finally:
            duration = clock() - begin
            asked, said = self._mask(command, response)
            why = None
            if response and (refusal := self._refusal_behind(response)) is not None:
                why = refusal.why
            self._sink.write(_new(Exchange, (asked, said, begin, duration, self._slot, self._level, why)))
        return response

    def _restarted(self, kind: EventKind, atr: bytes) -> bytes:
        if self._masker is not None:
            self._masker.reset()
        self._sink.write(ReaderEvent(kind, self._clock(), self._slot, atr))
        return atr
