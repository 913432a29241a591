"""The orders to the reader inside ``Echange``: power, presence, and one command to the card.

spec/ssv.md §2. A message is application (00), logical device, order, and what the order takes; an answer begins with the
report of the reader, the state of the card (0 absent, 1 off, 3 on) and the counter, which changes with every insertion,
removal and reset. An order for a command carries the counter that its caller knows.

========  =====================================  =============================================
order     message behind it                      answer
========  =====================================  =============================================
``14``                                           report, state, counter, ATR
``15``    ``01``: the card stays in              report, state, counter
``16``                                           report, state, counter
``00``    counter, CLA INS P1 P2 Lc, data        report, state, counter, status word (61xx: data wait)
``01``    counter, CLA INS P1 P2 Le              report, state, counter, data, status word
========  =====================================  =============================================

61xx and 6Cxx are the caller's: GET RESPONSE and the repetition come from it. A report alone means that the reader did not
come to ask the card.
"""

from collections.abc import Callable
from enum import IntEnum
from threading import Lock
from typing import Final

from bifente.apdu.link import CardAbsent, CardRemoved, LinkError
from bifente.sesam.codes import ReturnCode
from bifente.sesam.desk import CardSlot
from bifente.sesam.errors import CallFailed


class ReaderReport(IntEnum):
    """The first byte of an answer."""

    OK = 0x00
    NO_APPLICATION = 0x01
    NO_ORDER = 0x02
    REFUSED = 0x03
    NOT_SUPPORTED = 0x10
    MUTE = 0x11
    STILL_PRESENT = 0x12
    INCOHERENT = 0x13
    COUNTER = 0x16
    ABSENT = 0x17


class ReaderOrder(IntEnum):
    """The third byte of a message."""

    INCOMING = 0x00
    OUTGOING = 0x01
    POWER_ON = 0x14
    POWER_OFF = 0x15
    PRESENCE = 0x16


STATE_ABSENT: Final = 0
STATE_OFF: Final = 1
STATE_ON: Final = 3

_HEADER: Final = 5
"""CLA INS P1 P2 P3."""


class OrderedSlot:
    """A slot as the orders see it: a card is off until an order has powered it on."""

    def __init__(self, slot: CardSlot, lad: int) -> None:
        self._slot = slot
        self._lad = lad
        self._lock = Lock()
        self._epoch: int | None = None
        self._counter = 0
        self._on = False
        self._orders: dict[int, Callable[[bytes], bytes]] = {
            ReaderOrder.INCOMING: self._incoming,
            ReaderOrder.OUTGOING: self._outgoing,
            ReaderOrder.POWER_ON: self._power_on,
            ReaderOrder.POWER_OFF: self._power_off,
            ReaderOrder.PRESENCE: self._presence,
        }

    def exchange(self, message: bytes) -> bytes:
        """The answer to *message*. Raises CallFailed (0400) when the reader is gone or a card does not answer in time."""
        if len(message) < 3:
            raise CallFailed(ReturnCode.PARAMETER, "a message names application, logical device and order")
        if message[0] != 0x00:
            return bytes((ReaderReport.NO_APPLICATION,))
        if message[1] != self._lad:
            return bytes((ReaderReport.INCOHERENT,))
        order = self._orders.get(message[2])
        if order is None:
            return bytes((ReaderReport.NO_ORDER,))
        with self._lock:
            try:
                return order(message[3:])
            except (CardAbsent, CardRemoved):
                return self._report(ReaderReport.ABSENT)
            except LinkError as error:
                raise CallFailed(ReturnCode.TIMEOUT, str(error)) from error

    def _look(self) -> int:
        """The state of the card; the counter moves when the card is not as it was left."""
        state = self._slot.state()
        if state.epoch != self._epoch:
            if self._epoch is not None:
                self._counter = (self._counter + 1) & 0xFF
            self._epoch, self._on = state.epoch, False
        if not state.present:
            return STATE_ABSENT
        return STATE_ON if self._on else STATE_OFF

    def _report(self, report: ReaderReport, more: bytes = b"") -> bytes:
        state = self._look()
        return bytes((report, state, self._counter)) + more

    def _presence(self, _more: bytes) -> bytes:
        return self._report(ReaderReport.OK)

    def _power_on(self, _more: bytes) -> bytes:
        if self._look() == STATE_ABSENT:
            return self._report(ReaderReport.OK)
        try:
            atr = self._slot.power_on()
        except (CardAbsent, CardRemoved):
            raise
        except LinkError:
            return self._report(ReaderReport.MUTE)
        self._look()
        self._on = True
        return self._report(ReaderReport.OK, atr)

    def _power_off(self, _more: bytes) -> bytes:
        if self._look() == STATE_ABSENT:
            return self._report(ReaderReport.OK)
        self._slot.power_off()
        self._look()
        self._on = False
        return self._report(ReaderReport.STILL_PRESENT)

    def _incoming(self, more: bytes) -> bytes:
        known, command = more[:1], more[1:]
        size = command[4] if len(command) >= _HEADER else 0
        if len(command) < _HEADER or len(command) != _HEADER + size:
            return self._report(ReaderReport.INCOHERENT)
        return self._ask(known, command if size else command[:4], data=False)

    def _outgoing(self, more: bytes) -> bytes:
        known, command = more[:1], more[1:]
        if len(command) != _HEADER:
            return self._report(ReaderReport.INCOHERENT)
        return self._ask(known, command, data=True)

    def _ask(self, known: bytes, command: bytes, *, data: bool) -> bytes:
        state = self._look()
        if state == STATE_ABSENT:
            return self._report(ReaderReport.ABSENT)
        if known[0] != self._counter:
            return self._report(ReaderReport.COUNTER)
        if state == STATE_OFF:
            return self._report(ReaderReport.REFUSED)
        link = self._slot.link()
        try:
            answer = link.transmit(command)
        finally:
            link.close()
        return self._report(ReaderReport.OK, answer if data else answer[-2:])
