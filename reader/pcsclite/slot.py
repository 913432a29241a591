"""One slot as PC/SC sees it: handles, sharing, transactions, and who has been told what.

The rules are those of pcscd (pcsc-lite, ``src/winscard.c``, ``readerfactory.c``); where it says less than a faithful
server must do, those of the PC/SC specification, part 5.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from bifente.apdu.link import LinkError
from bifente.reader.errors import CardWasReset, ServiceRestarts
from bifente.reader.pcsclite.codes import (
    PROTOCOL_ANY_OLD,
    PROTOCOL_RAW,
    PROTOCOL_T0,
    PROTOCOL_T1,
    SHARING_EXCLUSIVE,
    Disposition,
    ReaderState,
    Rv,
    Share,
)
from bifente.reader.pcsclite.handle import ClientGone, Handle, Refused
from bifente.reader.pcsclite.slotstate import SlotState
from bifente.reader.slots.link import SlotLink
from bifente.reader.slots.twoslot import TwoSlotReader

MAX_HANDLES: Final = 200
"""Handles of one reader (pcscd: PCSC_MAX_READER_HANDLES)."""

SLOW: Final = 0.0005
"""Seconds from which on a command is a long one: other clients would notice that they wait for it."""

_log = logging.getLogger(__name__)

_SHARES: Final = frozenset(map(int, Share))
_DISPOSITIONS: Final = frozenset(map(int, Disposition))
_USABLE: Final = PROTOCOL_T0 | PROTOCOL_T1 | PROTOCOL_RAW | PROTOCOL_ANY_OLD

Observer = Callable[[str, bytes, bytes | None, float], None]
"""Called after each command with the reader's name, the command, the answer (None when there was none) and seconds."""


class PcscSlot(SlotState):
    """One slot of a reader under its PC/SC name; *observe* is told of each command.

    *service_ends* is called when the card says that the service ends under its command, with the seconds until it is back.
    """

    def __init__(
        self,
        reader: TwoSlotReader,
        slot: str,
        name: str,
        *,
        changed: Callable[[bool], None],
        idle_power_off: float | None,
        observe: Observer | None = None,
        service_ends: Callable[[float], None],
    ) -> None:
        self.observe = observe
        self.slow = True
        """The last command took long, so the next one may."""
        self._joining = False
        self._service_ends = service_ends
        super().__init__(reader, slot, name, changed=changed, idle_power_off=idle_power_off)

    @property
    def taken(self) -> bool:
        """Some handle has a transaction, or waits for one."""
        return not self._turns.free

    @property
    def queued(self) -> int:
        """How many handles wait for a transaction."""
        return self._turns.queued

    def connect(
        self, number: int, share: int, preferred: int, alive: Callable[[], bool]
    ) -> tuple[Handle, int]:
        """SCardConnect: the new handle and the active protocol. Raises Refused.

        Waits while another handle has a transaction, for as long as *alive* says that the client is still there.
        """
        if share != Share.DIRECT and not preferred & _USABLE:
            raise Refused(Rv.PROTO_MISMATCH)
        if share not in _SHARES:
            raise Refused(Rv.INVALID_VALUE)
        self._check_reader()
        if self.sharing == SHARING_EXCLUSIVE:
            raise Refused(Rv.SHARING_VIOLATION)
        handle = Handle(number, self)
        if self._turns.free:
            active = self._connect(handle, share, preferred)
        else:
            self._take_turn(handle, alive)
            try:
                active = self._connect(handle, share, preferred)
            finally:
                self._turns.leave(handle)
        self._changed(False)
        return handle, active

    def _connect(self, handle: Handle, share: int, preferred: int) -> int:
        """Add the handle; the active protocol."""
        with self._work:
            if not self.plugged:
                raise Refused(Rv.UNKNOWN_READER)
            with self._kept_link():
                if share != Share.DIRECT:
                    if not self.present:
                        raise Refused(Rv.NO_SMARTCARD)
                    self._open_link()
                    if not preferred & PROTOCOL_RAW:
                        self._agree(preferred)
                if preferred & PROTOCOL_RAW:
                    self.protocol = PROTOCOL_RAW
                self._add(handle, share)
            if share == Share.EXCLUSIVE:
                # An exclusive handle holds the card as if in a transaction that never ends.
                self._turns.enter(handle)
            return self.protocol

    @contextmanager
    def _kept_link(self) -> Iterator[None]:
        """A handle is coming: whoever leaves last meanwhile, without waiting for the card, does not take the link along."""
        self._joining = True
        try:
            yield
        finally:
            with self._state:
                self._joining = False
                link = self._let_go()
            if link is not None:
                link.close()

    def _let_go(self) -> SlotLink | None:
        """The link to close, when nobody needs it any more; the state is held."""
        if self._handles or self._joining:
            return None
        self.idle_since = monotonic() if self.present else None
        link, self._link = self._link, None
        return link

    def _add(self, handle: Handle, share: int) -> None:
        with self._state:
            if self.sharing == SHARING_EXCLUSIVE or (share == Share.EXCLUSIVE and self.sharing):
                raise Refused(Rv.SHARING_VIOLATION)
            if len(self._handles) >= MAX_HANDLES:
                raise Refused(Rv.INTERNAL_ERROR)
            if share != Share.DIRECT and (self._link is None or not self._link.alive):
                raise Refused(Rv.NO_SMARTCARD)  # it has left since it was asked
            self._handles.add(handle)
            self.sharing = SHARING_EXCLUSIVE if share == Share.EXCLUSIVE else self.sharing + 1
            self.idle_since = None
            self._packed = None

    def reconnect(self, handle: Handle, share: int, preferred: int, initialization: int) -> int:
        """SCardReconnect: the active protocol. Raises Refused."""
        if initialization not in (Disposition.LEAVE, Disposition.RESET, Disposition.UNPOWER):
            raise Refused(Rv.INVALID_VALUE)
        if share not in _SHARES:
            raise Refused(Rv.INVALID_VALUE)
        if share != Share.DIRECT and not preferred & _USABLE:
            raise Refused(Rv.PROTO_MISMATCH)
        self._check_known(handle)
        self._check_reader()
        with self._work:
            self._check_known(handle)
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
        self._changed(False)
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
        if disposition not in _DISPOSITIONS:
            raise Refused(Rv.INVALID_VALUE)
        if handle.gone:
            return
        if disposition in (Disposition.RESET, Disposition.UNPOWER):
            # Who resets a card waits for the transaction of another; who leaves it does not.
            self._take_turn(handle, alive)
            try:
                with self._work:
                    if not handle.gone:
                        self._dispose(handle, disposition)
            finally:
                self._turns.leave(handle)
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
            if not self._turns.free:
                self._turns.forget(handle)
            link = self._let_go()
            self._packed = None
        if link is not None:
            link.close()
        self._changed(False)

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
        self._check_known(handle)
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
        if disposition not in _DISPOSITIONS:
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

    def _take_turn(self, handle: Handle, alive: Callable[[], bool]) -> None:
        """Go into the turn, one level deeper when it is the handle's already. Waits for the transactions of others."""
        while not self._turns.take(handle):
            if not alive():
                self._turns.forget(handle)
                raise Refused(Rv.SHARING_VIOLATION)
            self._check_reader()

    # The card

    def transmit(self, handle: Handle, protocol: int, command: bytes) -> bytes:
        """SCardTransmit: the answer. Raises Refused."""
        with self._work:
            owner = self._turns.owner
            if owner is not None and owner is not handle:
                self._check_known(handle)
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
            begin = monotonic()
            try:
                return link.transmit(command)
            except Exception as error:  # noqa: BLE001 - whatever a card raises, its client gets an answer
                raise self._failed(error) from None
            finally:
                self.slow = monotonic() - begin > SLOW

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
        """What a client is told when a command failed. Raises ClientGone when it is told nothing."""
        if isinstance(error, CardWasReset):
            with self._state:
                self._tell_reset()
            if self._link is not None:
                self._link.acknowledge_resets()
            return Refused(Rv.RESET_CARD)
        if isinstance(error, ServiceRestarts):
            self._service_ends(error.seconds)
            raise ClientGone
        if not isinstance(error, LinkError):
            _log.error("the card in %s failed: %s", self.name, error)
        # Whatever happened under way, the command's effect is unknown.
        return Refused(Rv.NOT_TRANSACTED)

    def check(self, handle: Handle, *, events: bool = True) -> None:
        """The checks of SCardStatus and, without *events*, of SCardControl. Raises Refused."""
        self._check_known(handle)
        self._check_turn(handle)
        self._check_reader()
        if events:
            self._check_event(handle)

    def _check_known(self, handle: Handle) -> None:
        """As pcscd, which has forgotten the handles of a reader that was unplugged."""
        if handle.gone:
            raise Refused(Rv.INVALID_VALUE)

    def _check_reader(self) -> None:
        if self.bits & ReaderState.UNKNOWN:
            raise Refused(Rv.READER_UNAVAILABLE)

    def _check_event(self, handle: Handle) -> None:
        if handle.event is not None:
            raise Refused(handle.event)

    def _check_turn(self, handle: Handle) -> None:
        if self._turns.owner not in (None, handle):
            raise Refused(Rv.SHARING_VIOLATION)
