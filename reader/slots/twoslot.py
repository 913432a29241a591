"""The two-slot reader, in process: the *lecteur bi-fente* in which a CPS and a carte Vitale meet."""

import logging
from collections.abc import Callable
from functools import partial
from threading import Condition, Lock, Timer
from time import monotonic
from types import TracebackType

from bifente.apdu.link import (
    Card,
    CardAbsent,
    CardRemoved,
    LinkError,
    LinkTimeout,
    ReaderGone,
    TransmissionProtocol,
)
from bifente.apdu.refusal import Refusal
from bifente.reader.errors import (
    CardPulled,
    DuplicateCard,
    ReaderError,
    ReaderUnplugged,
    SlotOccupied,
    UnknownSlot,
)
from bifente.reader.slots.events import SlotChange, SlotEvent, Subscription
from bifente.reader.slots.insertedcard import InsertedCard
from bifente.reader.slots.link import SlotLink
from bifente.slotted import dataclass

CPS_SLOT = "CPS"
VITALE_SLOT = "Vitale"

_log = logging.getLogger(__name__)

_MAX_NAME = 127
"""PC/SC gives a reader's name 128 bytes with its terminator (pcsc-lite, MAX_READERNAME)."""


@dataclass(frozen=True, slots=True)
class SlotStatus:
    """What a slot is like at one moment."""

    slot: str
    present: bool
    powered: bool
    atr: bytes
    protocol: TransmissionProtocol | None
    counter: int
    """Insertions and removals so far."""
    resets: int
    """Resets of the card that is in, since its insertion."""
    links: int
    exclusive: bool
    in_transaction: bool
    plugged: bool = True
    """The reader is there: False while it is unplugged."""
    last_refusal: Refusal | None = None
    """Why the card answered its last command as it did; None after success, or when it does not say."""


class TwoSlotReader:
    """A reader whose slots hold anything that is a ``Card``.

    The two slots work in parallel. By default the removal of a card warm-resets the other one, for a carte Vitale
    that a CPS has opened cannot see the CPS leave. Cards that speak T=0 get the T=0 front of
    ``bifente.reader.wrappers.t0front``. *wait* bounds, in seconds, every wait for a card or for the transaction of another link.

    Another number of slots from 1 to 16 is possible; their names are those of *slots*, in order.
    """

    def __init__(
        self,
        name: str = "bifente",
        slots: tuple[str, ...] = (CPS_SLOT, VITALE_SLOT),
        *,
        warm_reset_other: bool = True,
        wait: float = 30.0,
    ) -> None:
        if not 1 <= len(slots) <= 16 or len(set(slots)) != len(slots):
            raise ValueError("a reader has 1 to 16 slots of different names")
        self.name = name
        self.slots = tuple(slots)
        self.warm_reset_other = warm_reset_other
        self.wait = wait
        for slot in slots:
            if len(self.slot_name(slot).encode()) > _MAX_NAME:
                raise ValueError(f"the name of slot {slot} exceeds the {_MAX_NAME} bytes of PC/SC")
        self._state = Condition(Lock())
        self._inserted: dict[str, InsertedCard | None] = dict.fromkeys(slots)
        self._counters = dict.fromkeys(slots, 0)
        self._number = 0
        self._subscriptions: list[Subscription] = []
        self._closed = False
        self._returning: set[str] = set()
        self._parked: dict[str, InsertedCard] | None = None
        """The cards in the slots of an unplugged reader."""

    def __repr__(self) -> str:
        return f"TwoSlotReader({self.name!r}, {self.slots!r})"

    def slot_name(self, slot: str) -> str:
        """The slot's name as PC/SC would list it: name, interface in brackets, reader and slot number."""
        return f"{self.name} [{slot}] 00 {self._index(slot):02X}"

    def _index(self, slot: str) -> int:
        try:
            return self.slots.index(slot)
        except ValueError:
            raise UnknownSlot(slot, self.slots) from None

    def insert(self, slot: str, card: Card, *, front: bool | None = None) -> bytes:
        """Put *card* into *slot* and power it on. Returns the ATR.

        *front* says whether a T=0 front stands before the card: None decides by the ATR (and leaves out a card that
        says ``speaks_tpdu``), False gives links the card as it is, True puts one in any case.

        Raises UnknownSlot, SlotOccupied, DuplicateCard, ReaderGone, or what the card raises when it cannot start: then the
        slot stays empty.
        """
        self._index(slot)
        inserted = self._new_insertion(slot, card, front)
        with self._state:
            self._check_open()
            if self._inserted[slot] is not None:
                raise SlotOccupied(slot)
            self._check_single(inserted)
            self._inserted[slot] = inserted
        try:
            inserted.start()
            with self._state:
                self._check_open()
                # Most cards can tell their serial number only now.
                self._check_single(inserted)
                inserted.ready = True
                self._counters[slot] += 1
                self._tell(slot, SlotChange.INSERTED, inserted.atr)
        except BaseException:
            with self._state:
                self._inserted[slot] = None
            inserted.remove()
            inserted.await_rest(self.wait)
            raise
        return inserted.atr

    def remove(self, slot: str) -> Card:
        """Take the card out, whatever it is doing, and return it, powered off.

        A command under way ends with CardRemoved for whoever sent it. The cards in the other slots are warm-reset
        when the reader is made so. Raises CardAbsent for an empty slot; LinkTimeout when a card did not come to rest
        within *wait* (the slot is empty all the same, and the card is put to rest as soon as it answers); ReaderGone
        while the reader is unplugged.
        """
        self._index(slot)
        with self._state:
            self._check_plugged()
            inserted = self._inserted[slot]
            if inserted is None or not inserted.ready:
                raise CardAbsent(slot)
            self._inserted[slot] = None
            self._counters[slot] += 1
            self._tell(slot, SlotChange.REMOVED)
            others = [other for other in self._inserted.values() if other is not None and other.ready]
        deadline = monotonic() + self.wait
        inserted.remove()
        # Demanded before anything is waited for: no command of theirs finds what this card has opened.
        resets = others if self.warm_reset_other else []
        for other in resets:
            other.demand_warm_reset()
        try:
            for other in resets:
                other.await_warm_reset(deadline - monotonic())
        finally:
            rested = inserted.await_rest(deadline - monotonic())
        if not rested:
            raise LinkTimeout(f"the card taken out of slot {slot}", self.wait)
        return inserted.card

    def link(
        self,
        slot: str,
        *,
        exclusive: bool = False,
        protocol: TransmissionProtocol | None = None,
        tell_resets: bool = False,
    ) -> SlotLink:
        """A link to the card that is in *slot*.

        *exclusive* keeps other links out until it is closed. *protocol* insists on T=0 or T=1. With *tell_resets* the
        link raises CardWasReset once somebody else has reset the card, as PC/SC does.
        Raises CardAbsent, ReaderGone, SlotInUse, ProtocolMismatch or UnknownSlot.
        """
        return SlotLink(self._card_in(slot), exclusive=exclusive, protocol=protocol, tell_resets=tell_resets)

    def warm_reset(self, slot: str) -> bytes:
        """Warm-reset the card as from the reader's side; waits for a transaction to end. Returns the ATR."""
        return self._card_in(slot).restart(self, cold=False)

    def cold_reset(self, slot: str) -> bytes:
        """Take the supply of the card away and give it back. Returns the ATR."""
        return self._card_in(slot).restart(self, cold=True)

    def power_off(self, slot: str) -> None:
        """Take the supply of the card away until the next command."""
        self._card_in(slot).power_off(self)

    def card(self, slot: str) -> Card | None:
        """The card in *slot*, as it was inserted."""
        self._index(slot)
        with self._state:
            inserted = self._inserted[slot] if self._parked is None else self._parked.get(slot)
        return inserted.card if inserted is not None and inserted.ready else None

    def status(self, slot: str) -> SlotStatus:
        """What the slot is like now. Also of a closed reader."""
        self._index(slot)
        with self._state:
            inserted, counter, plugged = self._inserted[slot], self._counters[slot], self._parked is None
        if inserted is None or not inserted.ready:
            return SlotStatus(slot, False, False, b"", None, counter, 0, 0, False, False, plugged)
        return SlotStatus(
            slot,
            True,
            inserted.powered,
            inserted.atr,
            inserted.protocol,
            counter,
            inserted.resets,
            inserted.open_links,
            inserted.exclusive,
            inserted.in_transaction,
            last_refusal=inserted.last_refusal,
        )

    @property
    def event_number(self) -> int:
        """The number of the last event; what :meth:`wait_for_event` waits beyond."""
        return self._number

    @property
    def closed(self) -> bool:
        """The reader has gone away."""
        return self._closed

    def wait_for_event(self, after: int, timeout: float) -> int:
        """Wait until an event has a number above *after*; returns the last number.

        Raises LinkTimeout after *timeout* seconds, ReaderGone when the reader is closed and nothing more will come.
        """
        with self._state:
            if not self._state.wait_for(lambda: self._number > after or self._closed, max(timeout, 0)):
                raise LinkTimeout(f"an event of reader {self.name}", timeout)
            if self._number > after:
                return self._number
        raise ReaderGone(self.name)

    def subscribe(self, deliver: Callable[[SlotEvent], None] | None = None) -> Subscription:
        """Receive every event from now on.

        *deliver*, when given, is called with each :class:`~bifente.reader.slots.events.SlotEvent` in the thread that caused
        it and with the reader's state locked: it must only put the event somewhere, and call nothing of the reader.
        """
        subscription = Subscription(self._unsubscribe, deliver)
        with self._state:
            self._subscriptions.append(subscription)
        return subscription

    def _unsubscribe(self, subscription: Subscription) -> None:
        with self._state:
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)

    @property
    def plugged(self) -> bool:
        """The reader is there; False between :meth:`unplug` and :meth:`plug`."""
        return self._parked is None

    def unplug(self, seconds: float | None = None) -> None:
        """Pull the reader's plug: its cards stay in their slots, without supply; links raise ReaderGone.

        Until :meth:`plug`, which comes by itself after *seconds* when they are given, whatever needs the reader raises
        ReaderGone. Raises ReaderGone when it is unplugged or closed already, LinkTimeout as :meth:`remove`.
        """
        with self._state:
            self._check_open()
            self._parked = {
                name: inserted
                for name, inserted in self._inserted.items()
                if inserted is not None and inserted.ready
            }
            parked = list(self._parked.values())
            for name in self.slots:
                self._inserted[name] = None
                self._counters[name] += name in self._parked
                self._tell(name, SlotChange.UNPLUGGED)
        if seconds is not None:
            self._later(seconds, self.plug)
        deadline = monotonic() + self.wait
        for inserted in parked:
            inserted.remove(reader_gone=True)
        busy = [inserted for inserted in parked if not inserted.await_rest(deadline - monotonic())]
        if busy:
            raise LinkTimeout(f"the card in slot {busy[0].slot}", self.wait)

    def plug(self) -> None:
        """Plug the reader in again: its cards start, as after an insertion. Does nothing to a reader that is plugged.

        Raises ReaderGone for a closed reader, and what a card raises that does not start: its slot is empty then.
        """
        with self._state:
            if self._closed:
                raise ReaderGone(self.name)
            if self._parked is None:
                return
            parked, self._parked = self._parked, None
            # Nobody else takes their places meanwhile: they are there, but not ready.
            cards = {
                name: self._new_insertion(name, inserted.card, inserted.front)
                for name, inserted in parked.items()
            }
            self._inserted.update(cards)
        failed: Exception | None = None
        for inserted in cards.values():
            try:
                inserted.start()
            except Exception as error:  # noqa: BLE001 - the other cards are to start; it is raised below
                failed = error
                inserted.remove()
                inserted.await_rest(self.wait)
        with self._state:
            if not self._closed:
                for name in self.slots:
                    started = cards.get(name)
                    if started is not None and started.removed:
                        self._inserted[name] = started = None
                    if started is not None:
                        started.ready = True
                        self._counters[name] += 1
                    self._tell(name, SlotChange.PLUGGED, b"" if started is None else started.atr)
        if failed is not None:
            raise failed

    def _left(self, inserted: InsertedCard, error: CardRemoved | ReaderUnplugged) -> None:
        """A card says that it was pulled out, or that the reader was: do so, once; perhaps it comes back."""
        try:
            if isinstance(error, ReaderUnplugged):
                self.unplug(error.seconds)
                return
            seconds = error.seconds if isinstance(error, CardPulled) else None
            if seconds is not None:
                self._returning.add(inserted.slot)
            card = self.remove(inserted.slot)
        except (CardAbsent, ReaderGone):
            self._returning.discard(inserted.slot)
            return  # somebody was faster
        if seconds is not None:
            self._later(seconds, partial(self._return, inserted.slot, card, inserted.front))

    def _return(self, slot: str, card: Card, front: bool | None) -> None:
        try:
            self.insert(slot, card, front=front)
        finally:
            self._returning.discard(slot)

    def comes_back(self, slot: str) -> bool:
        """The card that was pulled out of *slot* is put in again by itself, in a while."""
        return slot in self._returning

    def _later(self, seconds: float, call: Callable[[], object]) -> None:
        """Do *call* in *seconds*, unless something else has taken the place meanwhile."""

        def do() -> None:
            if self._closed:
                return
            try:
                call()
            except (ReaderError, LinkError) as error:
                _log.warning("reader %s: what was to come back does not: %s", self.name, error)

        timer = Timer(seconds, do)
        timer.daemon = True
        timer.start()

    def close(self) -> None:
        """The reader goes away: every card is taken out and put to rest; links raise ReaderGone.

        Closing twice is allowed. Raises LinkTimeout when a card is still busy after *wait*.
        """
        with self._state:
            if self._closed:
                return
            self._closed = True
            cards = [
                inserted for inserted in self._inserted.values() if inserted is not None and inserted.ready
            ]
            for inserted in cards:
                self._inserted[inserted.slot] = None
                self._counters[inserted.slot] += 1
                self._tell(inserted.slot, SlotChange.READER_GONE)
            self._state.notify_all()
        deadline = monotonic() + self.wait
        for inserted in cards:
            inserted.remove(reader_gone=True)
        busy = [inserted for inserted in cards if not inserted.await_rest(deadline - monotonic())]
        if busy:
            raise LinkTimeout(f"the card in slot {busy[0].slot}", self.wait)

    def __enter__(self) -> "TwoSlotReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check_single(self, inserted: InsertedCard) -> None:
        """Refuse a card that is in another slot, or the twin of one that is; the state is locked."""
        for other in self._inserted.values():
            if other is not None and other is not inserted and inserted.is_like(other):
                raise DuplicateCard(inserted.serial, other.slot)

    def _new_insertion(self, slot: str, card: Card, front: bool | None) -> InsertedCard:
        return InsertedCard(
            slot, self.name, card, front=front, wait=self.wait, report=self._happened, leave=self._left
        )

    def _check_open(self) -> None:
        if self._closed:
            raise ReaderGone(self.name)
        self._check_plugged()

    def _check_plugged(self) -> None:
        if self._parked is not None:
            raise ReaderGone(self.name)

    def _card_in(self, slot: str) -> InsertedCard:
        self._index(slot)
        with self._state:
            self._check_open()
            inserted = self._inserted[slot]
            if inserted is None or not inserted.ready:
                raise CardAbsent(slot)
            return inserted

    def _happened(self, inserted: InsertedCard, change: SlotChange) -> None:
        with self._state:
            if not inserted.removed:
                self._tell(inserted.slot, change, inserted.atr)

    def _tell(self, slot: str, change: SlotChange, atr: bytes = b"") -> None:
        """Number an event and hand it out; the state is locked."""
        self._number += 1
        event = SlotEvent(self._number, slot, change, self._counters[slot], atr)
        for subscription in self._subscriptions:
            subscription.deliver(event)
        self._state.notify_all()
