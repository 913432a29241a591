"""One slot as PC/SC sees it: handles, sharing, transactions, and who has been told what.

The rules are those of pcscd (pcsc-lite, ``src/winscard.c``, ``readerfactory.c``, ``eventhandler.c``), where it says
less than a faithful server must do, the PC/SC specification, part 5. Each slot has two locks: ``_work`` is held while
the card works; ``_state`` guards the fields, is held for moments, and nothing of the reader is called under it.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, RLock
from time import monotonic
from typing import Final

from bifente.apdu.link import CardAbsent, CardRemoved, LinkError, ReaderGone, TransmissionProtocol
from bifente.reader.errors import CardWasReset, ProtocolMismatch, SlotInUse
from bifente.reader.events import SlotChange, SlotEvent
from bifente.reader.link import SlotLink
from bifente.reader.pcsclite.codes import (
    PROTOCOL_ANY_OLD,
    PROTOCOL_RAW,
    PROTOCOL_T0,
    PROTOCOL_T1,
    PROTOCOL_UNDEFINED,
    SHARING_EXCLUSIVE,
    Disposition,
    ReaderState,
    Rv,
    Share,
)
from bifente.reader.pcsclite.messages import reader_state
from bifente.reader.pcsclite.turns import Turns
from bifente.reader.seat import offered_protocols
from bifente.reader.twoslot import TwoSlotReader

MAX_HANDLES: Final = 200
"""Handles of one reader (pcscd: PCSC_MAX_READER_HANDLES)."""

_log = logging.getLogger(__name__)

_POWERED: Final = ReaderState.PRESENT | ReaderState.POWERED | ReaderState.NEGOTIABLE
_ANY: Final = PROTOCOL_T0 | PROTOCOL_T1
_USABLE: Final = _ANY | PROTOCOL_RAW | PROTOCOL_ANY_OLD

Observer = Callable[[str, bytes, bytes | None, float], None]
"""Called after each command with the reader's name, the command, the answer (None when there was none) and seconds."""


class Refused(Exception):
    """A PC/SC call that fails with :attr:`rv`."""

    def __init__(self, rv: Rv) -> None:
        super().__init__(rv.name)
        self.rv = rv


class Handle:
    """A card handle (SCARDHANDLE) of one client."""

    __slots__ = ("event", "number", "slot")

    def __init__(self, number: int, slot: "PcscSlot") -> None:
        self.number = number
        self.slot = slot
        self.event: Rv | None = None
        """RESET_CARD or REMOVED_CARD until the handle is reconnected."""


class PcscSlot:
    """One slot of a reader under its PC/SC name.

    *changed* is called, with no lock of the slot held, whenever something changes that a waiting client must hear of.
    *idle_power_off* is the time in seconds after which an unused card loses its supply, as under pcscd; None: never.
    """

    def __init__(
        self,
        reader: TwoSlotReader,
        slot: str,
        name: str,
        *,
        changed: Callable[[], None],
        idle_power_off: float | None,
        observe: Observer | None = None,
    ) -> None:
        self.reader = reader
        self.slot = slot
        self.name = name
        self.idle_power_off = idle_power_off
        self.observe = observe
        self.atr = b""
        self.protocol = PROTOCOL_UNDEFINED
        self.bits = ReaderState.ABSENT
        self.counter = 0
        self.sharing = 0
        self.idle_since: float | None = None
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

    # What clients read

    @property
    def present(self) -> bool:
        """There is a card."""
        return bool(self.bits & ReaderState.PRESENT)

    @property
    def queued(self) -> int:
        """How many handles wait for a transaction."""
        return self._turns.queued

    def packed_state(self) -> bytes:
        """The reader state as clients receive it."""
        packed = self._packed
        if packed is None:
            with self._state:
                packed = self._packed = reader_state(
                    self._name, self.counter, self.bits, self.sharing, self.atr, self.protocol
                )
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
                case SlotChange.COLD_RESET | SlotChange.WARM_RESET:
                    self.atr = event.atr
                    self._by_others()
                case SlotChange.POWERED_OFF:
                    self._by_others()
            self._packed = None
        self._changed()

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

    def _gone(self, bits: ReaderState) -> None:
        self.atr, self.bits, self.protocol = b"", bits, PROTOCOL_UNDEFINED
        self.idle_since = None
        for handle in self._handles:
            handle.event = Rv.REMOVED_CARD
        self._turns.dissolve()

    def _by_others(self) -> None:
        """The card was reset; unless this slot is doing it, its handles are told."""
        if self._resetting != threading.get_ident():
            self._tell_reset()

    def _tell_reset(self) -> None:
        for handle in self._handles:
            handle.event = Rv.RESET_CARD

    # Handles

    def connect(
        self, number: int, share: int, preferred: int, alive: Callable[[], bool]
    ) -> tuple[Handle, int]:
        """SCardConnect: the new handle and the active protocol. Raises Refused.

        Waits while another handle has a transaction, for as long as *alive* says that the client is still there.
        """
        if share != Share.DIRECT and not preferred & _USABLE:
            raise Refused(Rv.PROTO_MISMATCH)
        if share not in tuple(Share):
            raise Refused(Rv.INVALID_VALUE)
        self._check_reader()
        if self.sharing == SHARING_EXCLUSIVE:
            raise Refused(Rv.SHARING_VIOLATION)
        handle = Handle(number, self)
        with self._turn(handle, alive), self._work:
            if share != Share.DIRECT:
                if not self.present:
                    raise Refused(Rv.NO_SMARTCARD)
                self._open_link()
                if not preferred & PROTOCOL_RAW:
                    self._agree(preferred)
            if preferred & PROTOCOL_RAW:
                self.protocol = PROTOCOL_RAW
            with self._state:
                if self.sharing == SHARING_EXCLUSIVE or (share == Share.EXCLUSIVE and self.sharing):
                    raise Refused(Rv.SHARING_VIOLATION)
                if len(self._handles) >= MAX_HANDLES:
                    raise Refused(Rv.INTERNAL_ERROR)
                self._handles.add(handle)
                self.sharing = SHARING_EXCLUSIVE if share == Share.EXCLUSIVE else self.sharing + 1
                self.idle_since = None
                self._packed = None
            if share == Share.EXCLUSIVE:
                # An exclusive handle holds the card as if in a transaction that never ends.
                self._turns.enter(handle)
            active = self.protocol
        self._changed()
        return handle, active

    def reconnect(self, handle: Handle, share: int, preferred: int, initialization: int) -> int:
        """SCardReconnect: the active protocol. Raises Refused."""
        if initialization not in (Disposition.LEAVE, Disposition.RESET, Disposition.UNPOWER):
            raise Refused(Rv.INVALID_VALUE)
        if share not in tuple(Share):
            raise Refused(Rv.INVALID_VALUE)
        if share != Share.DIRECT and not preferred & _USABLE:
            raise Refused(Rv.PROTO_MISMATCH)
        self._check_reader()
        with self._work:
            self._check_turn(handle)
            if initialization == Disposition.LEAVE:
                if self.bits & ReaderState.ABSENT:
                    raise Refused(Rv.NO_SMARTCARD)
                if self.bits & ReaderState.SWALLOWED:
                    raise Refused(Rv.UNRESPONSIVE_CARD)
            else:
                self._restart(cold=initialization == Disposition.UNPOWER)
            if preferred & PROTOCOL_RAW:
                self.protocol = PROTOCOL_RAW
            elif share != Share.DIRECT:
                self._open_link()
                self._agree(preferred)
            self._share_anew(handle, share)
            if self._link is not None:
                self._link.acknowledge_resets()
            handle.event = None
            active = self.protocol
        self._packed = None
        self._changed()
        return active

    def _share_anew(self, handle: Handle, share: int) -> None:
        with self._state:
            if share == Share.EXCLUSIVE and self.sharing != SHARING_EXCLUSIVE:
                if self.sharing != 1:
                    raise Refused(Rv.SHARING_VIOLATION)
                self.sharing = SHARING_EXCLUSIVE
                self._turns.enter(handle)
            elif share != Share.EXCLUSIVE and self.sharing == SHARING_EXCLUSIVE:
                self.sharing = 1
                self._turns.leave(handle)

    def disconnect(self, handle: Handle, disposition: int, alive: Callable[[], bool]) -> None:
        """SCardDisconnect. Raises Refused; then the handle is still there."""
        if disposition not in tuple(Disposition):
            raise Refused(Rv.INVALID_VALUE)
        if disposition in (Disposition.RESET, Disposition.UNPOWER):
            # Who resets a card waits for the transaction of another; who leaves it does not.
            with self._turn(handle, alive), self._work:
                self._dispose(handle, disposition)
        self._forget(handle)

    def _dispose(self, handle: Handle, disposition: int) -> None:
        """Reset the card or take its supply away; what fails here does not keep the handle from being closed."""
        try:
            if disposition == Disposition.RESET:
                self._restart(cold=False)
            elif self.present:
                self._power_off()
        except Refused:
            return

    def _forget(self, handle: Handle) -> None:
        with self._state:
            if handle not in self._handles:
                return
            self._handles.discard(handle)
            self.sharing = max(0, self.sharing - 1)
            self._turns.forget(handle)
            link = None
            if not self._handles:
                self.idle_since = monotonic()
                link, self._link = self._link, None
            self._packed = None
        if link is not None:
            link.close()
        self._changed()

    def abandon(self, handle: Handle) -> None:
        """The client released its context or died: a card in its transaction is reset, unless that has happened."""
        if self._turns.owner is handle and handle.event is None and self.present:
            with self._work:
                self._dispose(handle, Disposition.RESET)
        self._forget(handle)

    # Transactions

    def begin(self, handle: Handle) -> None:
        """SCardBeginTransaction, once: SHARING_VIOLATION after a while, and the client asks again.

        The handle keeps its place in the queue while it does.
        """
        self._check_reader()
        self._check_event(handle)
        if not self._turns.take(handle):
            self._check_event(handle)
            raise Refused(Rv.SHARING_VIOLATION)
        # A command of another handle that was let in before may still be at work.
        with self._work:
            pass

    def end(self, handle: Handle, disposition: int) -> None:
        """SCardEndTransaction. Raises Refused."""
        if disposition not in tuple(Disposition):
            raise Refused(Rv.INVALID_VALUE)
        self._check_event(handle)
        self._check_turn(handle)
        least = 1 if self.sharing == SHARING_EXCLUSIVE else 0
        left = False
        try:
            if disposition in (Disposition.RESET, Disposition.UNPOWER):
                with self._work:
                    # As under pcscd, the handle that did it is told as well and has to reconnect.
                    self._restart(cold=disposition == Disposition.UNPOWER)
        finally:
            left = self._turns.leave(handle, least=least)
        if not left:
            raise Refused(Rv.NOT_TRANSACTED)

    @contextmanager
    def _turn(self, handle: Handle, alive: Callable[[], bool]) -> Iterator[None]:
        """Have the turn while something runs that must wait for the transactions of others."""
        if self._turns.owner is handle:
            yield
            return
        while not self._turns.take(handle):
            if not alive():
                self._turns.forget(handle)
                raise Refused(Rv.SHARING_VIOLATION)
            self._check_reader()
        try:
            yield
        finally:
            self._turns.leave(handle)

    # The card

    def transmit(self, handle: Handle, protocol: int, command: bytes) -> bytes:
        """SCardTransmit: the answer. Raises Refused."""
        with self._work:
            owner = self._turns.owner
            if owner is not None and owner is not handle:
                raise Refused(Rv.SHARING_VIOLATION)
            if handle.event is not None:
                self._check_reader()
                raise Refused(handle.event)
            if protocol != self.protocol:
                self._check_protocol(protocol)
            link = self._link
            if link is None:
                raise Refused(self._without_link())
            if self.observe is not None:
                return self._observed(link, command)
            try:
                return link.transmit(command)
            except Exception as error:  # noqa: BLE001 - whatever a card raises, its client gets an answer
                raise self._failed(error) from None

    def _observed(self, link: SlotLink, command: bytes) -> bytes:
        answer = None
        begin = monotonic()
        try:
            answer = link.transmit(command)
        except Exception as error:  # noqa: BLE001 - whatever a card raises, its client gets an answer
            raise self._failed(error) from None
        finally:
            if self.observe is not None:
                self.observe(self.name, command, answer, monotonic() - begin)
        return answer

    def _check_protocol(self, protocol: int) -> None:
        self._check_reader()
        if protocol == PROTOCOL_RAW:
            return
        if self.bits & ReaderState.ABSENT:
            raise Refused(Rv.NO_SMARTCARD)
        if protocol != PROTOCOL_ANY_OLD:
            raise Refused(Rv.PROTO_MISMATCH)

    def _without_link(self) -> Rv:
        """Why a command cannot go to the card: only direct handles are open, or no card is there."""
        return Rv.NOT_TRANSACTED if self.present else Rv.NO_SMARTCARD

    def _failed(self, error: Exception) -> Refused:
        if isinstance(error, CardWasReset):
            with self._state:
                self._tell_reset()
            if self._link is not None:
                self._link.acknowledge_resets()
            return Refused(Rv.RESET_CARD)
        if not isinstance(error, LinkError):
            _log.error("the card in %s failed: %s", self.name, error)
        # Whatever happened under way, the command's effect is unknown.
        return Refused(Rv.NOT_TRANSACTED)

    def check(self, handle: Handle, *, events: bool = True) -> None:
        """The checks of SCardStatus and, without *events*, of SCardControl. Raises Refused."""
        self._check_turn(handle)
        self._check_reader()
        if events:
            self._check_event(handle)

    def _check_reader(self) -> None:
        if self.bits & ReaderState.UNKNOWN:
            raise Refused(Rv.READER_UNAVAILABLE)

    def _check_event(self, handle: Handle) -> None:
        if handle.event is not None:
            raise Refused(handle.event)

    def _check_turn(self, handle: Handle) -> None:
        if self._turns.owner not in (None, handle):
            raise Refused(Rv.SHARING_VIOLATION)

    # Power and protocol; the work is held

    def _open_link(self) -> None:
        """Have a link to the card that is in now, and the card powered."""
        if self._link is not None and not self._link.alive:
            self._link.close()
            self._link = None
        try:
            if self._link is None:
                self._link = self.reader.link(self.slot, tell_resets=True)
            if not self.reader.status(self.slot).powered:
                with self._own_reset():
                    self._link.cold_reset()
                self._powered(self._link.atr)
        except LinkError as error:
            raise Refused(_connecting(error)) from None
        except Exception as error:  # noqa: BLE001 - a card whose file is gone, say, does not answer
            _log.error("the card in %s cannot be powered: %s", self.name, error)
            raise Refused(Rv.UNRESPONSIVE_CARD) from None

    def _agree(self, preferred: int) -> None:
        """Choose the protocol, or see that the one that is spoken is wanted."""
        if preferred & PROTOCOL_ANY_OLD:
            preferred |= _ANY
        if self.protocol != PROTOCOL_UNDEFINED:
            if not preferred & self.protocol:
                raise Refused(Rv.PROTO_MISMATCH)
            return
        offered = 0
        for one in offered_protocols(self.atr):
            offered |= one
        wanted = preferred & offered
        if not wanted:
            raise Refused(Rv.PROTO_MISMATCH)
        chosen = TransmissionProtocol.T1 if wanted & PROTOCOL_T1 else TransmissionProtocol.T0
        if self._link is not None and self._link.protocol is not chosen:
            self._link.close()
            self._link = None
            try:
                self._link = self.reader.link(self.slot, protocol=chosen, tell_resets=True)
            except LinkError as error:
                raise Refused(_connecting(error)) from None
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
        except Exception as error:  # noqa: BLE001 - a card that cannot be reset does not answer
            if not isinstance(error, LinkError):
                _log.error("the card in %s cannot be reset: %s", self.name, error)
            if self.present:
                with self._state:
                    self.bits = ReaderState.PRESENT | ReaderState.SWALLOWED
                    self.atr, self.protocol, self._packed = b"", PROTOCOL_UNDEFINED, None
                raise Refused(Rv.UNRESPONSIVE_CARD) from None
            raise Refused(Rv.NO_SMARTCARD) from None
        self._powered(atr)

    def _powered(self, atr: bytes) -> None:
        with self._state:
            if self.present:
                self.atr, self.bits, self.protocol = atr, _POWERED, PROTOCOL_UNDEFINED
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
                self._rest()
            except LinkError:
                return None
        with self._state:
            self.protocol, self._packed = PROTOCOL_UNDEFINED, None
        return None

    def _rest(self) -> None:
        if self.reader.status(self.slot).links == 0:
            with self._own_reset():
                self.reader.power_off(self.slot)

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
