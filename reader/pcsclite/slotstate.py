"""What is known of a slot: its card, its power, what clients are told of it; and how all that changes.

The rules are those of pcscd (pcsc-lite, ``src/eventhandler.c``, ``winscard.c``, ``prothandler.c``). ``_work`` is held
while the card works; ``_state`` guards the fields, is held for moments, and nothing of the reader is called under it.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, RLock
from time import monotonic
from typing import Final

from bifente.apdu.link import CardAbsent, CardRemoved, LinkError, ReaderGone, TransmissionProtocol
from bifente.reader.errors import CardMute, ProtocolMismatch, SlotInUse
from bifente.reader.pcsclite.codes import (
    PROTOCOL_ANY_OLD,
    PROTOCOL_T0,
    PROTOCOL_T1,
    PROTOCOL_UNDEFINED,
    ReaderState,
    Rv,
)
from bifente.reader.pcsclite.handle import Handle, Refused
from bifente.reader.pcsclite.messages import NO_READER, reader_state
from bifente.reader.pcsclite.turns import Turns
from bifente.reader.protocols import offered_protocols
from bifente.reader.slots.events import SlotChange, SlotEvent
from bifente.reader.slots.link import SlotLink
from bifente.reader.slots.twoslot import TwoSlotReader

_log = logging.getLogger(__name__)

_NEWS: Final = frozenset(SlotChange) - {SlotChange.COLD_RESET, SlotChange.WARM_RESET, SlotChange.POWERED_OFF}
"""What clients are told at once: cards and readers that come and go."""
_POWERED: Final = ReaderState.PRESENT | ReaderState.POWERED | ReaderState.NEGOTIABLE
_ANY: Final = PROTOCOL_T0 | PROTOCOL_T1


class SlotState:
    """A slot and its card, without what clients do to it.

    *changed* is called, with no lock of the slot held, whenever something changes that a waiting client must hear of; with
    True when it is to hear at once.
    *idle_power_off* is the time in seconds after which an unused card loses its supply, as under pcscd; None: never.
    """

    def __init__(
        self,
        reader: TwoSlotReader,
        slot: str,
        name: str,
        *,
        changed: Callable[[bool], None],
        idle_power_off: float | None,
    ) -> None:
        self.reader = reader
        self.slot = slot
        self.name = name
        self.idle_power_off = idle_power_off
        self.atr = b""
        self.protocol = PROTOCOL_UNDEFINED
        self.bits: int = ReaderState.ABSENT
        self.counter = 0
        self.sharing = 0
        self.idle_since: float | None = None
        self.plugged = reader.plugged
        """The reader is there; without it clients do not see the slot at all."""
        self._name = name.encode()
        self._changed = changed
        self._handles: set[Handle] = set()
        self._turns: Turns[Handle] = Turns()
        self._work = RLock()
        self._state = Lock()
        self._link: SlotLink | None = None
        self._resetting: int | None = None
        self._packed: bytes | None = None
        self.refresh()

    # What clients read, and what happens to the slot

    @property
    def present(self) -> bool:
        """There is a card."""
        return bool(self.bits & ReaderState.PRESENT)

    def packed_state(self) -> bytes:
        """The reader state as clients receive it."""
        packed = self._packed
        if packed is None:
            with self._state:
                packed = NO_READER
                if self.plugged:
                    packed = reader_state(
                        self._name, self.counter, self.bits, self.sharing, self.atr, self.protocol
                    )
                self._packed = packed
        return packed

    # What happens to the slot

    def happened(self, event: SlotEvent) -> None:
        """Take note of an event of the reader; called with the reader locked, so nothing of it is asked."""
        with self._state:
            match event.change:
                case SlotChange.INSERTED:
                    self._count()
                    self._arrived(event.atr)
                case SlotChange.REMOVED:
                    self._count()
                    self._gone(ReaderState.ABSENT)
                case SlotChange.READER_GONE:
                    self._count()
                    self._gone(ReaderState.UNKNOWN)
                case SlotChange.UNPLUGGED:
                    self._gone(ReaderState.ABSENT)
                    self._forget_all()
                    self.plugged = False
                case SlotChange.PLUGGED:
                    # A reader that comes back is a new one.
                    self.plugged, self.counter, self.bits = True, 0, ReaderState.ABSENT
                    if event.atr:
                        self._arrived(event.atr)
                case SlotChange.COLD_RESET | SlotChange.WARM_RESET:
                    self.atr = event.atr
                    self._by_others()
                case SlotChange.POWERED_OFF:
                    self._by_others()
            self._packed = None
        # Cards that come and go are news; a reset is nothing that a client waits for.
        self._changed(event.change in _NEWS)

    def refresh(self) -> None:
        """Look whether a card is there already; what happens later comes as events."""
        status = self.reader.status(self.slot)
        with self._state:
            if status.present and not self.present:
                self._arrived(status.atr)
            elif not status.present and self.present:
                self._gone(ReaderState.ABSENT)
            self._packed = None

    def _count(self) -> None:
        self.counter = (self.counter + 1) & 0xFFFF

    def _arrived(self, atr: bytes) -> None:
        self.atr, self.bits, self.protocol = atr, _POWERED, PROTOCOL_UNDEFINED
        self.idle_since = monotonic()

    def _gone(self, bits: int) -> None:
        self.atr, self.bits, self.protocol = b"", bits, PROTOCOL_UNDEFINED
        self.idle_since = None
        for handle in self._handles:
            handle.event = Rv.REMOVED_CARD
        self._turns.dissolve()

    def _forget_all(self) -> None:
        """The handles are good for nothing any more; each closes in its own time."""
        for handle in self._handles:
            handle.gone, handle.event = True, Rv.INVALID_VALUE
        self._handles.clear()
        self.sharing = 0
        self._link = None

    def _by_others(self) -> None:
        """The card was reset; unless this slot is doing it, its handles are told."""
        if self._resetting != threading.get_ident():
            self._tell_reset()

    def _tell_reset(self) -> None:
        for handle in self._handles:
            handle.event = Rv.RESET_CARD

    # Power and protocol; the work is held

    def _open_link(self) -> None:
        """Have a link to the card that is in now, and the card powered."""
        if self._link is not None and not self._link.alive:
            self._link.close()
            self._link = None
        try:
            if self._link is None:
                self._link = self.reader.link(self.slot, tell_resets=True)
            if not self._link.powered or self.bits & ReaderState.SWALLOWED:
                with self._own_reset():
                    self._link.cold_reset()
                # As under pcscd the protocol stays: RAW, when a direct handle has chosen it for the card without supply.
                self._powered(self._link.atr, self.protocol)
        except CardMute as error:
            _log.error("%s: %s", self.name, error)
            raise Refused(Rv.UNRESPONSIVE_CARD) from None
        except LinkError as error:
            raise Refused(_connecting(error)) from None

    def _agree(self, preferred: int) -> None:
        """Choose the protocol, or see that the one that is spoken is wanted."""
        if preferred & PROTOCOL_ANY_OLD:
            preferred |= _ANY
        if self.protocol != PROTOCOL_UNDEFINED:
            if not preferred & self.protocol:
                raise Refused(Rv.PROTO_MISMATCH)
            return
        link = self._link
        assert link is not None
        # The link's own card is asked: what the slot knows may be of another one, which came or went in the meantime.
        offered = 0
        for one in offered_protocols(link.atr):
            offered |= one
        wanted = preferred & offered
        if not wanted:
            raise Refused(Rv.PROTO_MISMATCH)
        chosen = TransmissionProtocol.T1 if wanted & PROTOCOL_T1 else TransmissionProtocol.T0
        if link.protocol is not chosen:
            link.close()
            self._link = None
            try:
                self._link = link = self.reader.link(self.slot, protocol=chosen, tell_resets=True)
            except LinkError as error:
                raise Refused(_connecting(error)) from None
        with self._state:
            if link.alive:
                self.protocol = int(chosen)

    def _restart(self, *, cold: bool) -> None:
        """Reset the card and tell every handle."""
        with self._state:
            self._tell_reset()
        if not self.present:
            raise Refused(Rv.NO_SMARTCARD)
        self._open_link()
        link = self._link
        assert link is not None
        try:
            with self._own_reset():
                atr = link.cold_reset() if cold else link.reset()
        except LinkError as error:
            if isinstance(error, CardMute):
                _log.error("%s: %s", self.name, error)
            # A card that has left says nothing of the one that may have come since.
            if self.present and link.alive:
                with self._state:
                    self.bits = ReaderState.PRESENT | ReaderState.SWALLOWED
                    self.atr, self.protocol, self._packed = b"", PROTOCOL_UNDEFINED, None
                raise Refused(Rv.UNRESPONSIVE_CARD) from None
            raise Refused(Rv.NO_SMARTCARD) from None
        self._powered(atr)

    def _powered(self, atr: bytes, protocol: int = PROTOCOL_UNDEFINED) -> None:
        with self._state:
            if self.present:
                self.atr, self.bits, self.protocol = atr, _POWERED, protocol
            self._packed = None

    def _power_off(self) -> None:
        with self._state:
            self._tell_reset()
        self._open_link()
        try:
            with self._own_reset():
                if self._link is not None:
                    self._link.power_off()
        except LinkError:
            return
        with self._state:
            if self.present:
                self.bits, self.protocol, self._packed = ReaderState.PRESENT, PROTOCOL_UNDEFINED, None

    @contextmanager
    def _own_reset(self) -> Iterator[None]:
        """The events that come now are of our own making."""
        self._resetting = threading.get_ident()
        try:
            yield
        finally:
            self._resetting = None

    def power_off_if_idle(self, now: float) -> float | None:
        """Take the supply of a card that nobody has used for a while; when to look again, if at all."""
        if self.idle_power_off is None or self.idle_since is None:
            return None
        due = self.idle_since + self.idle_power_off
        if due > now:
            return due
        with self._work:
            with self._state:
                if self._handles or self.idle_since is None:
                    return None
                self.idle_since = None
            try:
                if not self._rest():
                    return None
            except LinkError:
                return None
        with self._state:
            self.protocol, self._packed = PROTOCOL_UNDEFINED, None
        return None

    def _rest(self) -> bool:
        """Take the supply of a card that has one and no link. False when it keeps what it has."""
        status = self.reader.status(self.slot)
        if status.links or not status.powered:
            return False
        with self._own_reset():
            self.reader.power_off(self.slot)
        return True

    def begin_anew(self) -> None:
        """The service has restarted: the card had no supply meanwhile, and its events are counted anew."""
        with self._work:
            if self.present:
                try:
                    with self._own_reset():
                        self._powered(self.reader.cold_reset(self.slot))
                except LinkError as error:
                    _log.error("%s: %s", self.name, error)
            with self._state:
                self.counter, self._packed = 0, None
                self.idle_since = monotonic() if self.present else None

    def close(self) -> None:
        """Let go of the card."""
        link, self._link = self._link, None
        if link is not None:
            link.close()


def _connecting(error: LinkError) -> Rv:
    """What a client is told when the card cannot be had."""
    if isinstance(error, CardAbsent | CardRemoved):
        return Rv.NO_SMARTCARD
    if isinstance(error, ReaderGone):
        return Rv.READER_UNAVAILABLE
    if isinstance(error, SlotInUse):
        return Rv.SHARING_VIOLATION
    if isinstance(error, ProtocolMismatch):
        return Rv.PROTO_MISMATCH
    return Rv.UNRESPONSIVE_CARD
