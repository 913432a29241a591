"""A card while it is in a slot: its power, its resets and whose turn it is.

One lock is held while the card works, so that a card (which is not thread-safe) is asked one thing at a time. A
second, never held during work, orders the transactions. A removal therefore takes effect at once, whatever the card
is doing: the command under way ends with :class:`~bifente.apdu.link.CardRemoved`, and whoever holds the card last
powers it off.
"""

from collections.abc import Callable
from threading import Condition, Lock
from time import monotonic
from weakref import WeakSet, ref

from bifente.apdu.facets import serial_of, speaks_tpdu
from bifente.apdu.link import Card, CardRemoved, LinkError, LinkTimeout, ReaderGone, TransmissionProtocol
from bifente.apdu.refusal import Refusal, refusal_of
from bifente.reader.errors import CardMute, CardWasReset, ProtocolMismatch, ReaderUnplugged, SlotInUse
from bifente.reader.protocols import T0, T1, offered_protocols, protocol_name
from bifente.reader.slots.events import SlotChange
from bifente.reader.wrappers.t0front import T0Front


class InsertedCard:
    """One card in one slot, from insertion to removal. Part of the reader: links and reader call it."""

    def __init__(
        self,
        slot: str,
        reader: str,
        card: Card,
        *,
        front: bool | None,
        wait: float,
        report: Callable[["InsertedCard", SlotChange], None],
        leave: Callable[["InsertedCard", CardRemoved | ReaderUnplugged], None],
    ) -> None:
        self.slot = slot
        self.reader = reader
        self.card = card
        self.wait = wait
        self.atr = b""
        self.offered: tuple[TransmissionProtocol, ...] = ()
        self.protocol = T0
        self.powered = False
        self.ready = False
        self.removed = False
        self.resets = 0
        self._reader_gone = False
        self._front = front
        self._report = report
        self._leaves = leave
        self._fronted: Card = card
        self._asked: Card = card
        self._work = Lock()
        self._turn = Condition(Lock())
        self._owner: object | None = None
        self._depth = 0
        self._links: WeakSet[object] = WeakSet()
        self._exclusive: ref[object] | None = None
        self._warm_reset_due = False

    @property
    def front(self) -> bool | None:
        """Whether a T=0 front was wanted before the card, as given."""
        return self._front

    @property
    def serial(self) -> str | None:
        """The card's serial number; some cards know it only once they are powered."""
        return serial_of(self.card) or None

    @property
    def last_refusal(self) -> Refusal | None:
        """Why the card answered its last command as it did, whosever that was; None when it does not say."""
        return refusal_of(self._asked)

    def is_like(self, other: "InsertedCard") -> bool:
        """The same card, or one of the same serial number."""
        return self.card is other.card or (self.serial is not None and self.serial == other.serial)

    @property
    def in_transaction(self) -> bool:
        """Some link holds the card for itself at this moment."""
        return self._owner is not None

    @property
    def open_links(self) -> int:
        """How many links are open."""
        return len(self._links)

    @property
    def exclusive(self) -> bool:
        """The open link excludes others."""
        return self._exclusive is not None and self._exclusive() is not None

    def gone(self) -> LinkError:
        """The error of a link whose card has left."""
        return ReaderGone(self.reader) if self._reader_gone else CardRemoved(self.slot)

    def start(self) -> None:
        """Power the card on for the first time. What the card raises passes through."""
        with self._work:
            self._accept(self.card.power_on())

    def open(self, link: object, *, exclusive: bool, protocol: TransmissionProtocol | None) -> None:
        """Let *link* use the card. SlotInUse or ProtocolMismatch when it cannot have it so."""
        with self._turn:
            if self.removed:
                raise self.gone()
            if self.exclusive or (exclusive and self._links):
                raise SlotInUse(self.slot)
            if protocol is not None and protocol is not self.protocol:
                # The protocol is chosen once after a reset; who comes later takes what is spoken.
                offered = (self.protocol,) if self._links else self.offered
                if protocol not in offered:
                    raise ProtocolMismatch(
                        self.slot, protocol_name(protocol), " or ".join(map(protocol_name, offered))
                    )
                self._choose(protocol)
            self._links.add(link)
            if exclusive:
                self._exclusive = ref(link)

    def close(self, link: object) -> None:
        """*link* is done with the card; a transaction it left open ends."""
        with self._turn:
            self._links.discard(link)
            if self._exclusive is not None and self._exclusive() in (link, None):
                self._exclusive = None
            if self._owner is link:
                self._owner, self._depth = None, 0
                self._turn.notify_all()

    def transmit(self, who: object, command: bytes, resets: int | None = None) -> bytes:
        """One command to the card. CardRemoved or ReaderGone when it has left, even in the middle.

        With *resets*, CardWasReset when the card has been reset more often than that: the command is not sent.
        """
        self._take(who, self.wait)
        try:
            try:
                if self._warm_reset_due or not self.powered:
                    self._settle()
                if resets is not None and resets != self.resets:
                    raise CardWasReset(self.slot)
                answer = self._asked.transmit(command)
            finally:
                if self.removed:
                    self._leave()
                else:
                    self._work.release()
        except (CardRemoved, ReaderUnplugged) as error:
            if not self.removed:  # the card itself says that it has left, or its reader
                self._leaves(self, error)
            raise
        if self.removed:
            raise self.gone()
        return answer

    def begin(self, who: object) -> None:
        """Start a transaction of *who*, or one inside its own."""
        deadline = monotonic() + self.wait
        with self._turn:
            self._await_turn(who, deadline)
            self._owner = who
            self._depth += 1
        # A command of another link that was let in before may still be at work.
        if not self._work.acquire(timeout=max(deadline - monotonic(), 0)):
            self.end(who)
            raise LinkTimeout(f"the card in slot {self.slot}", self.wait)
        self._leave()

    def end(self, who: object) -> None:
        """End the innermost transaction of *who*, if it still has one."""
        with self._turn:
            if self._owner is who:
                self._depth -= 1
                if not self._depth:
                    self._owner = None
                    self._turn.notify_all()

    def restart(self, who: object, *, cold: bool) -> bytes:
        """Cold or warm reset; of a card that is off, always cold. Returns the ATR."""
        self._take(who, self.wait)
        try:
            self._reset(cold=cold)
        finally:
            self._leave()
        if self.removed:
            raise self.gone()
        return self.atr

    def power_off(self, who: object) -> None:
        """Take the supply away; the next command powers the card on again, cold."""
        self._take(who, self.wait)
        try:
            if self.powered:
                self._rest()
                self._report(self, SlotChange.POWERED_OFF)
        finally:
            self._leave()

    def demand_warm_reset(self) -> None:
        """From now on the card is warm-reset before anything else happens with it, whoever has it in a transaction."""
        self._warm_reset_due = True

    def await_warm_reset(self, timeout: float) -> bool:
        """Make the reset that was demanded. True when that is done; False when the card was still busy after
        *timeout* seconds: then it is reset before its next command.
        """
        if not self._work.acquire(timeout=max(timeout, 0)):
            return False
        try:
            if self._warm_reset_due and not self.removed:
                self._settle()
        finally:
            self._leave()
        return True

    def remove(self, *, reader_gone: bool = False) -> None:
        """Take the card out now, whatever it is doing; never waits."""
        self._reader_gone = reader_gone
        self.removed = True
        with self._turn:
            self._turn.notify_all()

    def await_rest(self, timeout: float) -> bool:
        """True when the removed card is at rest; False when it was still busy after *timeout* seconds: then it is
        powered off as soon as it answers.
        """
        if not self._work.acquire(timeout=max(timeout, 0)):
            return False
        self._leave()
        return True

    def _take(self, who: object, timeout: float) -> None:
        """Hold the card for one piece of work, when no transaction of another stands against it."""
        if not self._work.acquire(timeout=timeout):
            raise LinkTimeout(f"the card in slot {self.slot}", timeout)
        if not self.removed and (self._owner is None or self._owner is who):
            return
        deadline = monotonic() + timeout
        while True:
            self._leave()
            with self._turn:
                self._await_turn(who, deadline)
            if not self._work.acquire(timeout=max(deadline - monotonic(), 0)):
                raise LinkTimeout(f"the card in slot {self.slot}", timeout)
            if self._owner in (None, who) and not self.removed:
                return

    def _await_turn(self, who: object, deadline: float) -> None:
        """Wait until no other link has a transaction; ``_turn`` is held."""
        while not self.removed and self._owner not in (None, who):
            if not self._turn.wait(max(deadline - monotonic(), 0)):
                raise LinkTimeout(f"the transaction of another link on slot {self.slot}", self.wait)
        if self.removed:
            raise self.gone()

    def _leave(self) -> None:
        """End of a piece of work: the last one out of a removed card puts it to rest."""
        try:
            if self.removed and self.powered:
                self._rest()
        finally:
            self._work.release()

    def _settle(self) -> None:
        """Bring the card into the state in which a command may run; the work is held."""
        if self._warm_reset_due and self.powered:
            self._reset(cold=False)
        self._warm_reset_due = False
        if not self.powered:
            self._reset(cold=True)

    def _reset(self, *, cold: bool) -> None:
        self._warm_reset_due = False
        if cold and self.powered:
            self._rest()
        change = SlotChange.WARM_RESET if self.powered else SlotChange.COLD_RESET
        self.resets += 1
        spoken = self.protocol
        try:
            atr = self._fronted.reset() if self.powered else self._fronted.power_on()
        except LinkError:
            raise
        except Exception as error:
            raise CardMute(self.slot, error) from error
        self._accept(atr)
        if spoken in self.offered:
            self._choose(spoken)
        self._report(self, change)

    def _rest(self) -> None:
        self.powered = False
        self._fronted.power_off()

    def _accept(self, atr: bytes) -> None:
        self.atr = bytes(atr)
        self.offered = offered_protocols(self.atr)
        if self._fronted is self.card and self._wants_front():
            self._fronted = T0Front(self.card)
        # pcsc-lite tries T=1 first when a card has both.
        self._choose(T1 if T1 in self.offered else T0)
        self.powered = True

    def _wants_front(self) -> bool:
        if self._front is not None:
            return self._front
        return T0 in self.offered and not speaks_tpdu(self.card)

    def _choose(self, protocol: TransmissionProtocol) -> None:
        self.protocol = protocol
        self._asked = self._fronted if protocol is T0 or self._front else self.card
