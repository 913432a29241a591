"""Waiting for a card in the registered in-process readers, behind pyscard's ``CardRequest``. Needs pyscard."""

from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic

from smartcard.AbstractCardRequest import AbstractCardRequest
from smartcard.Card import Card
from smartcard.CardService import CardService
from smartcard.Exceptions import CardRequestTimeoutException
from smartcard.scard import SCARD_E_TIMEOUT

from bifente.reader.pyscard.bridge import SlotReader, registered, unwatch, watch
from bifente.reader.slots.events import SlotChange, SlotEvent, Subscription
from bifente.reader.slots.twoslot import TwoSlotReader

_FOREVER = 3600.0
"""The longest single wait of a request that has no time-out; it then looks again."""

_COMING = (SlotChange.INSERTED, SlotChange.PLUGGED)


class SlotCardRequest(AbstractCardRequest):  # type: ignore[misc]  # pyscard has no types
    """Does for registered readers what pyscard's own request does for those of PC/SC."""

    def __init__(
        self,
        newcardonly: bool,
        readers: list[object] | None,
        cardType: object,  # pyscard's names
        cardServiceClass: object,
        timeout: float | None,
    ) -> None:
        AbstractCardRequest.__init__(self, newcardonly, readers, cardType, cardServiceClass, timeout)
        self._news: SimpleQueue[SlotEvent | None] = SimpleQueue()
        self._seen: dict[str, int] = {}
        self._subscribed: dict[int, tuple[TwoSlotReader, Subscription]] = {}
        # Neither list may keep the request alive: pyscard lets go of it without a word.
        self._wake = partial(self._news.put, None)
        watch(self._wake)
        self._follow()

    def __del__(self) -> None:
        self.release()

    def release(self) -> None:
        """Watch the readers no more."""
        unwatch(self._wake)
        while self._subscribed:
            self._subscribed.popitem()[1][1].close()

    def _asked(self) -> list[SlotReader]:
        names = None if self.readersAsked is None else {str(reader) for reader in self.readersAsked}
        return [reader for reader in registered() if names is None or reader.name in names]

    def _follow(self) -> list[SlotReader]:
        """Subscribe to the readers that are new; returns those to look at now."""
        asked = self._asked()
        for reader in asked:
            if id(reader.home) not in self._subscribed:
                subscription = reader.home.subscribe(self._news.put)
                self._subscribed[id(reader.home)] = (reader.home, subscription)
        return asked

    def _next(self, deadline: float | None) -> SlotEvent | None:
        """Wait for something to happen; None when it was the list of readers or the wait was long enough."""
        remaining = _FOREVER if deadline is None else deadline - monotonic()
        if remaining > 0:
            try:
                return self._news.get(timeout=min(remaining, _FOREVER))
            except Empty:
                pass
        if deadline is not None and monotonic() >= deadline:
            raise CardRequestTimeoutException(hresult=SCARD_E_TIMEOUT)
        return None

    def _service(self, reader: SlotReader, atr: bytes) -> CardService | None:
        if self.cardType.matches(list(atr), reader) and self.cardServiceClass.supports("dummy"):
            return self.cardServiceClass(reader.createConnection())
        return None

    def waitforcard(self) -> CardService:
        """A card service on the first card that matches; CardRequestTimeoutException when none comes in time."""
        deadline = None if self.timeout is None else monotonic() + self.timeout
        before = {reader.name: reader.home.status(reader.slot).counter for reader in self._follow()}
        while True:
            for reader in self._follow():
                status = reader.home.status(reader.slot)
                fresh = before.get(reader.name, -1) != status.counter
                if status.present and (fresh or not self.newcardonly):
                    service = self._service(reader, status.atr)
                    if service is not None:
                        return service
                before[reader.name] = status.counter
            while (event := self._next(deadline)) is not None and event.change not in _COMING:
                pass

    def waitforcardevent(self) -> list[Card]:
        """The cards that are present, after the next insertion or removal; at the first call those present now."""
        deadline = None if self.timeout is None else monotonic() + self.timeout
        while True:
            states = [(reader, reader.home.status(reader.slot)) for reader in self._follow()]
            now = {reader.name: status.counter for reader, status in states}
            if now != self._seen:
                self._seen = now
                return [Card(reader.name, list(status.atr)) for reader, status in states if status.present]
            self._next(deadline)
