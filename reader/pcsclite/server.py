"""The server: readers on one side, clients of libpcsclite on the other, a Unix socket between them.

A program that is started with ``PCSCLITE_CSOCK_NAME`` set to the socket's path sees these readers instead of those
of a system pcscd. No daemon, no driver and no root are needed.
"""

import logging
import socket
import sys
from collections.abc import Sequence
from functools import partial
from os import urandom
from pathlib import Path
from threading import Condition, Event, Lock, Thread
from time import monotonic
from types import TracebackType
from typing import Final

from bifente.reader.pcsclite.client import Client
from bifente.reader.pcsclite.codes import MAX_NAME, MAX_READERS, Rv
from bifente.reader.pcsclite.handle import Refused
from bifente.reader.pcsclite.messages import NO_READER
from bifente.reader.pcsclite.ownsocket import OwnSocket, runtime_folder, same_user
from bifente.reader.pcsclite.slot import Observer, PcscSlot
from bifente.reader.pcsclite.workers import Workers
from bifente.reader.pinpad import PinPad
from bifente.reader.slots.events import SlotChange, SlotEvent, Subscription
from bifente.reader.slots.twoslot import TwoSlotReader

MAX_CLIENTS: Final = 200
"""Clients at once (pcscd: PCSC_MAX_CONTEXT_THREADS)."""

FEW_CLIENTS: Final = 4
"""So many have a thread each, which answers a quarter faster; beyond, passing the turn on costs more than that."""

IDLE_POWER_OFF: Final = 5.0
"""Seconds after which an unused card loses its supply (pcscd: PCSCLITE_POWER_OFF_GRACE_PERIOD)."""

STATUS_POLL: Final = 0.4
"""Seconds in which changes are gathered that are not told at once (pcscd: PCSCLITE_STATUS_POLL_RATE)."""

_USUAL_SWITCH: Final = 0.005
_MOST_EVENTS: Final = 0x7FFF
_log = logging.getLogger(__name__)


class PcscServer:
    """Offers the slots of *readers* to PC/SC programs of this user.

    *path* is the socket's; by default ``pcscd.comm`` in :func:`~.place.runtime_folder`. *names* are the PC/SC names of
    all slots in order; by default those that pcscd would make of the readers' names. At most 16 slots. A process that only
    serves gives *switch_seconds*, the interpreter's switch interval for few clients (``sys.setswitchinterval``).

    Serves from :meth:`start`, or from the beginning of a ``with`` block, until :meth:`close`. The readers stay open.
    """

    def __init__(
        self,
        *readers: TwoSlotReader,
        path: Path | None = None,
        names: Sequence[str] | None = None,
        pin_pad: PinPad | None = None,
        idle_power_off: float | None = IDLE_POWER_OFF,
        status_poll: float = STATUS_POLL,
        observe: Observer | None = None,
        max_clients: int = MAX_CLIENTS,
        switch_seconds: float | None = None,
    ) -> None:
        places = [(reader, slot) for reader in readers for slot in reader.slots]
        if not 1 <= len(places) <= MAX_READERS:
            raise ValueError(f"1 to {MAX_READERS} slots can be offered, not {len(places)}")
        given = tuple(names) if names is not None else default_names(readers)
        if len(given) != len(places) or len(set(given)) != len(given):
            raise ValueError(f"{len(places)} slots need as many different names")
        if any(not name or "\0" in name or len(name.encode()) >= MAX_NAME for name in given):
            raise ValueError(f"a reader's name has 1 to {MAX_NAME - 1} bytes")
        self.path = path if path is not None else runtime_folder() / "pcscd.comm"
        self.names = given
        self.pin_pad = pin_pad
        self.max_clients = max_clients
        self._switch_seconds = switch_seconds
        self.reader_events = 1
        """Counts the readers' coming and going for GET_READER_EVENTS; 0 would mean "unknown" to a client."""
        self.closing = False
        self._readers = readers
        self._waiting_lock = Lock()
        self._waiting: dict[Client, None] = {}
        self._clients_lock = Condition(Lock())
        self._clients: dict[Client, None] = {}
        self._workers: Workers[Client] | None = None
        self._status_poll = status_poll
        self._status = Event()
        self._stirred = False
        self._told = b""
        self._ended = Event()
        self._own: OwnSocket | None = None
        self._life = Lock()
        self.crowded = False
        """There are too many clients to give each a thread of its own."""
        self.shutting = False
        """No client is served any more, at least for now."""
        self._accepting: Thread | None = None
        self._watching: Thread | None = None
        self._subscriptions: list[Subscription] = []
        self._slots = [
            PcscSlot(
                reader,
                slot,
                name,
                changed=self._changed,
                idle_power_off=idle_power_off,
                observe=observe,
                service_ends=self._service_ends,
            )
            for (reader, slot), name in zip(places, given, strict=True)
        ]
        self._by_name = {slot.name.encode(): slot for slot in self._slots}
        self._by_place = {(id(slot.reader), slot.slot): slot for slot in self._slots}
        self._padding = NO_READER * (MAX_READERS - len(self._slots))

    def __repr__(self) -> str:
        return f"<PcscServer on {self.path}, {len(self._slots)} slots>"

    @property
    def environment(self) -> dict[str, str]:
        """What a program's environment needs."""
        return {"PCSCLITE_CSOCK_NAME": str(self.path)}

    @property
    def waiting(self) -> int:
        """How many clients wait for a change."""
        return len(self._waiting)

    @property
    def clients(self) -> int:
        """How many clients are connected."""
        return len(self._clients)

    # Life

    def start(self) -> None:
        """Make the socket and serve. Raises ServerRunning, SocketPathRefused, OSError."""
        self._own = OwnSocket(self.path)
        for reader in self._readers:
            self._subscriptions.append(reader.subscribe(partial(self._happened, id(reader))))
        for slot in self._slots:
            slot.refresh()
        self._workers = Workers(self._gone, most=self.max_clients)
        self._watching = Thread(target=self._watch, name="pcsc status", daemon=True)
        self._watching.start()
        self._open(self._own)

    def close(self) -> None:
        """Serve no more: the socket is taken away and every client loses its connection. Closing twice is allowed."""
        own = self._own
        if own is None or self.closing:
            return
        self.closing = True
        self._ended.set()
        self._status.set()
        with self._life:
            self._shut(own)
        if self._workers is not None:
            self._workers.close(5)
        if self._watching is not None:
            self._watching.join(5)
        for subscription in self._subscriptions:
            subscription.close()
        for slot in self._slots:
            slot.close()
        own.close()

    def restart(self, seconds: float = 0.0) -> None:
        """The service ends and is there again after *seconds*, as when an administrator restarts pcscd.

        Clients lose their connections, and with them contexts and handles; meanwhile there is no socket. The cards lose
        their supply. Raises what :meth:`start` raises when the socket cannot be had again.
        """
        own = self._own
        with self._life:
            if own is None or self.closing:
                return
            self._shut(own)
            own.vanish()
            self._ended.wait(seconds)
            for slot in self._slots:
                slot.begin_anew()
            self.reader_events = 1
            if not self.closing:
                own.come_back()
                self._open(own)

    def _service_ends(self, seconds: float) -> None:
        """The same, from a client's own thread: it cannot wait for its own end."""
        Thread(target=self.restart, args=(seconds,), name="pcsc restart", daemon=True).start()

    def _open(self, own: OwnSocket) -> None:
        self.shutting = False
        self._accepting = Thread(target=self._accept, args=(own,), name="pcsc accept", daemon=True)
        self._accepting.start()

    def _shut(self, own: OwnSocket) -> None:
        """Accept nobody more, and end every client."""
        self.shutting = True
        own.wake()
        with self._clients_lock:
            clients = list(self._clients)
        for client in clients:
            client.hang_up()
        if self._accepting is not None:
            self._accepting.join(5)
        with self._clients_lock:
            self._clients_lock.wait_for(lambda: not self._clients, 5)

    def __enter__(self) -> "PcscServer":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _accept(self, own: OwnSocket) -> None:
        while not self.shutting:
            try:
                connection, _ = own.listening.accept()
            except OSError as error:
                if self.shutting:
                    return
                # Out of descriptors, say: those that are there go on being served.
                _log.warning("a client could not be accepted: %s", error)
                self._ended.wait(0.1)
                continue
            if not same_user(connection):
                _log.warning("a client of another user was sent away")
                connection.close()
                continue
            self._serve(connection)

    def _share_time(self) -> None:
        """See whether the clients are many, and let the interpreter pass its turn on the more rarely.

        With one or two a card that computes must not keep the other slot waiting for the usual five milliseconds. With
        many, whoever waits asks for the turn at the end of each interval, and at half a millisecond most of the time goes
        into passing it on: half of the throughput of ten clients was lost.
        """
        self.crowded = len(self._clients) > FEW_CLIENTS
        if self._switch_seconds is not None:
            sys.setswitchinterval(min(_USUAL_SWITCH, self._switch_seconds * max(1, len(self._clients) - 1)))

    def _serve(self, connection: socket.socket) -> None:
        client = Client(self, connection)
        with self._clients_lock:
            if self.shutting or len(self._clients) >= self.max_clients:
                connection.close()
                return
            self._clients[client] = None
            self._share_time()
        try:
            Thread(target=self._run, args=(client,), name="pcsc client", daemon=True).start()
        except RuntimeError:  # no more threads: this client goes, the others stay
            self._gone(client)
            connection.close()

    def _run(self, client: Client) -> None:
        stays = False
        try:
            stays = client.serve()
            if stays:
                assert self._workers is not None
                self._workers.add(client)
        except Exception:  # noqa: BLE001 - one client's fault must not end the others' service
            _log.exception("a client's service ended")
            stays = False
        finally:
            if not stays:
                self._gone(client)

    def _gone(self, client: Client) -> None:
        with self._clients_lock:
            self._clients.pop(client, None)
            self._share_time()
            self._clients_lock.notify_all()

    # What clients ask

    def slot(self, name: bytes) -> PcscSlot:
        """The slot of that PC/SC name. Refused: UNKNOWN_READER."""
        slot = self._by_name.get(name)
        if slot is None or not slot.plugged:
            raise Refused(Rv.UNKNOWN_READER)
        return slot

    def unit(self, slot: PcscSlot) -> int:
        """The number of the slot among those served."""
        return self._slots.index(slot)

    def states(self) -> bytes:
        """The states of all sixteen possible readers, for a client."""
        states = self._states()
        if states != self._told:
            # This client knows more than the others: should it all change back, it has to be told.
            self._told = b""
        return states

    def _states(self) -> bytes:
        return b"".join([slot.packed_state() for slot in self._slots]) + self._padding

    def name_context(self, client: Client) -> None:
        """Give the client a context number that no other has."""
        with self._clients_lock:
            taken = {other.context for other in self._clients}
            number = 0
            while not number or number in taken:
                number = int.from_bytes(urandom(4)) >> 1
            client.context = number

    def relieve(self) -> None:
        """What a client has asked for may take a while: its thread is not to be the one that waits for others."""
        if self._workers is not None:
            self._workers.relieve()

    def wait(self, client: Client) -> None:
        """The client wants to be told of the next change."""
        with self._waiting_lock:
            self._waiting[client] = None

    def stop_waiting(self, client: Client) -> bool:
        """The client waits no more. False when it has been told of a change already."""
        with self._waiting_lock:
            return self._waiting.pop(client, 0) is None

    def cancel(self, context: int) -> Rv:
        """SCardCancel: end the wait of the client with that context."""
        with self._clients_lock:
            found = [client for client in self._clients if client.context == context and context]
        if not found:
            return Rv.INVALID_HANDLE
        if self.stop_waiting(found[0]):
            found[0].notify(Rv.CANCELLED)
        return Rv.SUCCESS

    def forget(self, client: Client) -> None:
        """The client is gone."""
        self.stop_waiting(client)

    # What happens to the slots

    def _happened(self, reader: int, event: SlotEvent) -> None:
        if event.change in (SlotChange.UNPLUGGED, SlotChange.PLUGGED):
            self.reader_events = self.reader_events % _MOST_EVENTS + 1
        self._by_place[reader, event.slot].happened(event)

    def _changed(self, at_once: bool) -> None:
        """A slot has changed. Cards and readers that come and go are told at once, the rest is gathered.

        Who shares a reader may change ten thousand times a second. As under pcscd, where its status thread looks every
        0.4 s, a hundred waiting clients then hear of it once, and the one who connects does not wait for them.
        """
        if at_once:
            self._tell()
        if not self._stirred:
            self._stirred = True
            self._status.set()

    def _tell(self) -> None:
        """Tell every waiting client that something has changed."""
        self._told = self._states()
        with self._waiting_lock:
            waiting, self._waiting = self._waiting, {}
        for client in waiting:
            client.notify(Rv.SUCCESS)

    def _watch(self) -> None:
        """What the status threads of pcscd do: tell what was gathered, power unused cards off."""
        while not self.closing:
            now = monotonic()
            dues = [due for slot in self._slots if (due := slot.power_off_if_idle(now)) is not None]
            self._status.wait(max(0.0, min(dues) - monotonic()) if dues else None)
            self._status.clear()
            if self._stirred:
                self._ended.wait(self._status_poll)
                # In this order: what changes from here on stirs again, what did before is seen below.
                self._stirred = False
                if not self.closing and self._states() != self._told:
                    self._tell()


def default_names(readers: Sequence[TwoSlotReader]) -> tuple[str, ...]:
    """The names that pcscd would give: name, interface, number of the reader, number of the slot."""
    return tuple(
        f"{reader.name} [{slot}] {number:02X} {index:02X}"
        for number, reader in enumerate(readers)
        for index, slot in enumerate(reader.slots)
    )
