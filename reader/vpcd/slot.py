"""One slot of a reader, offered to a vpcd driver over one connection at a time.

The driver and pcscd behave so (vsmartcard ``src/ifd-vpcd/ifd-vpcd.c``, pcsc-lite ``src/eventhandler.c``), and this is
what is done about it:

* They ask for the ATR every 400 ms, to see whether the card is there, also while it is off: answered from what the
  reader knows, the card is not asked.
* They power the card off whenever nobody is connected: the card's volatile state is gone, as on any reader.
* The driver waits for an answer without limit. A card that takes longer than *answer_limit* is taken out of the driver:
  its connection is closed, and so is that of a card that has gone mute. The application is told of success with an
  answer of no bytes; the driver knows no better word for it.
* A one-byte "command" of an application arrives as a control. If it is one that is never answered, application and
  driver would wait for ever; a driver that used to poll and says nothing more gets its connection closed.
* It moves no message above 65 535 bytes: a longer command makes it close the connection, and the card comes back; a
  longer answer is replaced by ``6700``.
* A connection closed in the middle of a command can be followed by a new one before the next poll: then pcscd would
  take the card for the same. The next connection therefore waits for *absence* seconds. Not so where the driver calls
  and it was the driver that left: so pcscd ends, and its successor, which may come at once, must not find the slot empty
  (Debian 12's driver calls only once).
"""

import logging
import socket
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock, Thread
from time import monotonic
from typing import Final

from bifente.apdu.link import CardRemoved, LinkError, LinkTimeout
from bifente.apdu.status import SW
from bifente.reader.slots.events import SlotChange, SlotEvent
from bifente.reader.slots.link import SlotLink
from bifente.reader.slots.twoslot import TwoSlotReader
from bifente.reader.vpcd.connections import BASE_PORT, ConnectionSource, Wakeup
from bifente.reader.vpcd.wire import LIMIT, ConnectionEnded, Control, Wire

logger = logging.getLogger(__name__)

_UNEXPECTED: Final = SW.NO_PRECISE_DIAGNOSIS.to_bytes_be()
_WRONG_LENGTH: Final = SW.WRONG_LENGTH.to_bytes_be()
_UNANSWERED: Final = frozenset({Control.POWER_OFF, Control.POWER_ON, Control.RESET})
_POLLS: Final = 2
"""So many questions for the ATR make a driver one that polls."""


@dataclass(frozen=True, slots=True)
class VpcdSettings:
    """How cards are offered to a vpcd driver. All times in seconds."""

    host: str = "127.0.0.1"
    """Where the driver listens; with *listen*, the loopback address to listen on."""
    port: int = BASE_PORT
    """Of the first slot; each further slot has the port after it. 0, with *listen* only: the system chooses."""
    listen: bool = False
    """False: we call the driver. True: a driver with ``DEVICENAME localhost:<port>`` calls us."""
    any_user: bool = False
    """With *listen*: let callers in that are neither root nor pcscd nor the user of this process."""
    retry: float = 0.5
    """Between two calls, while no driver is there."""
    absence: float = 1.0
    """How long a card that left stays away: two and a half polls of pcscd."""
    answer_limit: float = 120.0
    """After that a card that does not answer is taken out of the driver."""
    silence_limit: float = 5.0
    """After that a driver that polled and says nothing more after a control loses the connection."""


class VpcdSlotState(StrEnum):
    """How a slot stands with its driver."""

    EMPTY = "no card"
    WAITING = "waiting for the driver"
    CONNECTED = "connected, the driver has said nothing yet"
    SERVED = "in use by the driver"
    STOPPED = "stopped"


_SERVED = VpcdSlotState.SERVED


class OfferedSlot:
    """A slot and the thread that serves it. :class:`~bifente.reader.vpcd.service.VpcdService` makes them."""

    def __init__(
        self,
        reader: TwoSlotReader,
        slot: str,
        source: ConnectionSource,
        settings: VpcdSettings,
    ) -> None:
        self.slot = slot
        self.source = source
        self.state = VpcdSlotState.WAITING
        self.commands = 0
        """Command APDUs answered so far, over all connections."""
        self._reader = reader
        self._settings = settings
        self._wakeup = Wakeup()
        self._lock = Lock()
        self._connection: socket.socket | None = None
        self._stopped = False
        self._away_until = 0.0
        self._working_since: float | None = None
        self._silent_since: float | None = None
        self._polls = 0
        self._hung_up = False
        self._driver_left = False
        """It was the driver that ended the last connection."""
        self._thread = Thread(target=self._run, name=f"vpcd {slot}", daemon=True)

    def start(self) -> None:
        """Begin to offer what is in the slot."""
        self._thread.start()

    def happened(self, event: SlotEvent) -> None:
        """Something happened to the slot. Called with the reader locked: asks it nothing."""
        if event.change in (SlotChange.REMOVED, SlotChange.READER_GONE, SlotChange.UNPLUGGED):
            self._hang_up()
        self._wakeup.wake()

    def look(self, now: float) -> None:
        """Close the connection when the card or the driver has been silent for too long."""
        working, silent = self._working_since, self._silent_since
        if working is not None and now - working > self._settings.answer_limit:
            logger.warning("slot %s: no answer from the card for %g s", self.slot, now - working)
            self._hang_up()
        elif silent is not None and self._polls >= _POLLS and now - silent > self._settings.silence_limit:
            logger.warning("slot %s: the driver waits for the answer to a control", self.slot)
            self._hang_up()

    def stop(self) -> None:
        """Offer nothing more; does not wait."""
        with self._lock:
            self._stopped = True
        self._hang_up()
        self._wakeup.wake()

    def join(self, timeout: float) -> bool:
        """True when the thread has ended; False when its card was still busy after *timeout* seconds."""
        if self._thread.ident is not None:
            self._thread.join(max(timeout, 0))
        if self._thread.is_alive():
            return False
        self.source.close()
        self._wakeup.close()
        return True

    def _hang_up(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._hung_up = True
                with suppress(OSError):
                    self._connection.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        while not self._stopped:
            try:
                self._offer()
            except Exception:
                logger.exception("slot %s", self.slot)
                self._away_until = monotonic() + self._settings.absence
        self.state = VpcdSlotState.STOPPED

    def _offer(self) -> None:
        """Wait for one connection, and serve it to its end."""
        present = self._reader.status(self.slot).present
        self.state = VpcdSlotState.WAITING if present else VpcdSlotState.EMPTY
        away = max(self._away_until - monotonic(), 0)
        connection = self.source.next(self._wakeup, closed_for=away if present else None)
        if connection is None:
            return
        try:
            with self._reader.link(self.slot) as link:
                self._serve(connection, link)
        except LinkError as error:
            logger.info("slot %s: %s", self.slot, error)
        finally:
            away = 0.0 if self._driver_left and self.source.comes_back else self._settings.absence
            self._away_until = monotonic() + away
            with self._lock:
                self._connection = None
            connection.close()

    def _serve(self, connection: socket.socket, link: SlotLink) -> None:
        with self._lock:
            if self._stopped:
                return
            self._connection = connection
            self._hung_up = False
        self.state = VpcdSlotState.CONNECTED
        self._polls = 0
        self._driver_left = False
        try:
            self._converse(Wire(connection), link)
        except ConnectionEnded as end:
            self._driver_left = link.alive and not self._hung_up
            logger.debug("slot %s: %s", self.slot, end)
        except CardRemoved:
            logger.debug("slot %s: the card was pulled out", self.slot)
        finally:
            self._silent_since = None
            with suppress(LinkError):
                link.power_off()

    def _converse(self, wire: Wire, link: SlotLink) -> None:
        # A command comes here after a wait, with cold caches: what is not needed for it is left out of its way.
        read, write, transmit = wire.read, wire.write, link.transmit
        while True:
            message = read()
            self.state = _SERVED
            self._silent_since = None
            if not link.alive:
                return
            if len(message) == 1:
                self._told(wire, link, message[0])
                continue
            self._working_since = monotonic()
            try:
                answer = transmit(message)
            except LinkError:
                raise
            except Exception:
                logger.exception("slot %s: the card failed", self.slot)
                answer = _UNEXPECTED
            finally:
                self._working_since = None
            self.commands += 1
            if not 2 <= len(answer) <= LIMIT:
                answer = self._unfit(answer)
            write(answer)

    def _told(self, wire: Wire, link: SlotLink, control: int) -> None:
        """A message of one byte: a control, or what an application sent as a command."""
        if control == Control.ATR:
            self._polls += 1
            wire.write(link.atr)
        elif control in _UNANSWERED:
            wire.acknowledge()
            self._control(link, Control(control))
            self._silent_since = monotonic()
        else:
            wire.write(_WRONG_LENGTH)  # no driver says that: an application sent one byte as a command

    def _unfit(self, answer: bytes) -> bytes:
        """What to say instead of an answer that the wire cannot carry."""
        if len(answer) < 2:
            logger.error("slot %s: the card answered without a status word", self.slot)
            return _UNEXPECTED
        logger.warning("slot %s: %d bytes of answer do not fit into a message", self.slot, len(answer))
        return _WRONG_LENGTH

    def _control(self, link: SlotLink, control: Control) -> None:
        try:
            if control is Control.POWER_OFF:
                link.power_off()
            elif control is Control.POWER_ON:
                link.cold_reset()
            else:
                link.reset()
        except LinkTimeout as error:
            # Another program of ours holds the card; its security state is not the driver's to end.
            logger.warning("slot %s: %s not done: %s", self.slot, control.name, error)
