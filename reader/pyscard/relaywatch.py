"""A reader of ours that holds what a real one holds: its card comes and goes as the real one does.

One thread asks the PC/SC service, with a bound on each wait, and inserts or removes a
:class:`~bifente.reader.pyscard.relay.RelayCard`. When the real reader goes away, or the service, ours is unplugged until it is back.
"""

from collections.abc import Callable
from threading import Event, Thread
from types import ModuleType, TracebackType
from typing import Final

from bifente.apdu.link import Card, CardAbsent, LinkError
from bifente.reader.errors import ReaderError
from bifente.reader.pyscard.relay import RelayCard, pcsc
from bifente.reader.slots.twoslot import TwoSlotReader

LOOK: Final = 0.5
"""Seconds of one wait for a change; no stop and no lost service goes unnoticed for longer."""

_COUNTER: Final = 16
"""pcsc-lite counts insertions and removals in the upper half of a state."""


class RelayWatch:
    """Keeps *reader*, which has one slot, as the real reader *name* is, from :meth:`start` to :meth:`close`.

    *around* wraps each card. *told* gets a line when the reader, its card or the service comes, goes or is refused. The
    card is held exclusively while it is powered: what is proven to it is not for other programs of this machine.
    """

    def __init__(
        self,
        reader: TwoSlotReader,
        name: str,
        *,
        around: Callable[[Card], Card] = lambda card: card,
        told: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.name = name
        self._reader = reader
        (self._slot,) = reader.slots
        self._around = around
        self._told = told
        self._last = ""
        self._stop = Event()
        self._scard: ModuleType = pcsc()
        self._thread = Thread(target=self._run, name=f"relay {name}", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def close(self) -> None:
        """Watch no more; the card stays in the slot, which is its owner's to close."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(10 * LOOK)

    def __enter__(self) -> "RelayWatch":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        scard = self._scard
        while not self._stop.is_set():
            result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
            if result == scard.SCARD_S_SUCCESS:
                try:
                    self._follow(context)
                finally:
                    scard.SCardReleaseContext(context)
            if not self._stop.is_set():
                self._unplug("the PC/SC service is gone")
                self._stop.wait(LOOK)

    def _follow(self, context: int) -> None:
        """Follow the reader's states until the service fails or it is time to stop."""
        scard = self._scard
        known, held = scard.SCARD_STATE_UNAWARE, -1
        while not self._stop.is_set():
            result, states = scard.SCardGetStatusChange(context, int(LOOK * 1000), [(self.name, known)])
            if result == scard.SCARD_E_TIMEOUT:
                if known & scard.SCARD_STATE_PRESENT and self._reader.card(self._slot) is None:
                    self._fill()  # somebody else had the card
                continue
            if result in (scard.SCARD_E_UNKNOWN_READER, scard.SCARD_E_READER_UNAVAILABLE):
                self._unplug("the reader is gone")
                known, held = scard.SCARD_STATE_UNAWARE, -1
                self._stop.wait(LOOK)
                continue
            if result != scard.SCARD_S_SUCCESS:
                return
            _, state, _ = states[0]
            known = state & ~scard.SCARD_STATE_CHANGED
            if state & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE):
                self._unplug("the reader is gone")
                known, held = scard.SCARD_STATE_UNAWARE, -1
                self._stop.wait(LOOK)
                continue
            self._reader.plug()
            if state & scard.SCARD_STATE_PRESENT and not state & scard.SCARD_STATE_MUTE:
                counter = state >> _COUNTER
                if counter != held:
                    self._empty()  # another card, or this one for the second time
                    held = counter
                self._fill()
            else:
                held = -1
                self._empty()
                self._say(f"{self.name}: no card")

    def _unplug(self, why: str) -> None:
        self._say(f"{self.name}: {why}")
        if self._reader.plugged:
            self._empty()
            self._reader.unplug()

    def _fill(self) -> None:
        if self._reader.card(self._slot) is not None:
            return
        try:
            self._reader.insert(self._slot, self._around(RelayCard(self.name, exclusive=True)))
        except (LinkError, ReaderError) as error:
            self._say(f"{self.name}: {error}")
        else:
            self._say(f"{self.name}: a card")

    def _empty(self) -> None:
        try:
            self._reader.remove(self._slot)
        except CardAbsent:
            return
        except LinkError as error:
            self._say(f"{self.name}: {error}")

    def _say(self, line: str) -> None:
        """Tell what is new."""
        if line != self._last:
            self._last = line
            self._told(line)
