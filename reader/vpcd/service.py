"""Offer a reader's slots to the system's pcscd through vsmartcard's driver."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Final

from bifente.apdu.link import Card, LinkTimeout
from bifente.reader.errors import ReaderError
from bifente.reader.slots.events import SlotEvent
from bifente.reader.slots.twoslot import TwoSlotReader
from bifente.reader.vpcd.connections import Calling, ConnectionSource, Listening
from bifente.reader.vpcd.slot import OfferedSlot, VpcdSettings, VpcdSlotState

_DEFAULT: Final = VpcdSettings()
_DRIVER_SLOTS: Final = 2
"""As the driver is packaged (``--enable-vpcdslots``)."""
_WAIT: Final = 5.0
"""Seconds that a card at work may hold up the end of a service."""


@dataclass(frozen=True, slots=True)
class VpcdStatus:
    """How one slot stands with the driver."""

    slot: str
    port: int
    state: VpcdSlotState
    commands: int
    """Command APDUs answered so far."""


class VpcdService:
    """The slots of *reader*, offered to a vpcd driver as *settings* say, from now until :meth:`stop`.

    Calling, we call again and again: the driver may come later, and go and come back. The cards may come and go in the
    reader meanwhile. Raises ReaderError when a port cannot be had.
    """

    def __init__(self, reader: TwoSlotReader, settings: VpcdSettings = _DEFAULT) -> None:
        self.reader = reader
        self._stop = Event()
        self._interval = max(min(settings.answer_limit, settings.silence_limit, 4.0) / 4, 0.01)
        sources: list[ConnectionSource] = []
        try:
            sources.extend(_source(settings, number) for number in range(len(reader.slots)))
        except BaseException:
            for source in sources:
                source.close()
            raise
        self._slots = {
            slot: OfferedSlot(reader, slot, source, settings)
            for slot, source in zip(reader.slots, sources, strict=True)
        }
        self._events = reader.subscribe(self._happened)
        self._monitor = Thread(target=self._watch, name="vpcd monitor", daemon=True)
        self._monitor.start()
        for offered in self._slots.values():
            offered.start()

    @property
    def ports(self) -> tuple[int, ...]:
        """The TCP ports, in the order of the reader's slots."""
        return tuple(offered.source.port for offered in self._slots.values())

    def status(self) -> list[VpcdStatus]:
        """How each slot stands with the driver now."""
        return [
            VpcdStatus(one.slot, one.source.port, one.state, one.commands) for one in self._slots.values()
        ]

    def stop(self, timeout: float = 5.0) -> None:
        """Take the cards out of the driver; they stay in the reader. Stopping twice is allowed.

        LinkTimeout when a card was still at work after *timeout* seconds; its thread ends with that work.
        """
        deadline = monotonic() + timeout
        self._stop.set()
        self._events.close()
        for offered in self._slots.values():
            offered.stop()
        busy = [one for one in self._slots.values() if not one.join(deadline - monotonic())]
        self._monitor.join(max(deadline - monotonic(), 0))
        if busy:
            raise LinkTimeout(f"the card in slot {busy[0].slot}", timeout)

    def __enter__(self) -> "VpcdService":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _happened(self, event: SlotEvent) -> None:
        self._slots[event.slot].happened(event)

    def _watch(self) -> None:
        while not self._stop.wait(self._interval):
            now = monotonic()
            for offered in self._slots.values():
                offered.look(now)


def _source(settings: VpcdSettings, number: int) -> ConnectionSource:
    """The way in for slot *number*."""
    port = settings.port + number if settings.port else 0
    if port > 0xFFFF or (not port and not settings.listen):
        raise ReaderError(f"slot {number} of the driver cannot have port {port}")
    if settings.listen:
        return Listening(settings.host, port, any_user=settings.any_user)
    return Calling(settings.host, port, settings.retry)


class CardsOnVpcd(VpcdService):
    """A service with a reader of its own, which is closed with it."""

    def stop(self, timeout: float = 5.0) -> None:
        """Take the cards out of the driver, then out of the reader, powered off."""
        try:
            super().stop(timeout)
        finally:
            self.reader.close()


def serve_vpcd(cards: Sequence[Card], settings: VpcdSettings = _DEFAULT) -> CardsOnVpcd:
    """Offer *cards* to a vpcd driver, the first in its first slot and so on; see VpcdService.

    Cards that speak T=0 get the T=0 front. Debian's driver has two slots; listening, we turn its calls for a second card
    away when there is none. Stop the service, or use it in a ``with``
    block. Raises ReaderError, or what a card raises that cannot start.
    """
    count = max(len(cards), _DRIVER_SLOTS) if settings.listen else len(cards)
    slots = tuple(f"slot {number}" for number in range(count))
    reader = TwoSlotReader("vpcd", slots, wait=_WAIT)
    try:
        for slot, card in zip(slots, cards, strict=False):
            reader.insert(slot, card)
        return CardsOnVpcd(reader, settings)
    except BaseException:
        reader.close()
        raise
