"""pyscard's ``Reader`` for a slot, and the list of those that pyscard is told of. Needs pyscard.

``ReaderFactory.factorymethods`` is pyscard's own hook for further kinds of reader. Three of its classes know PC/SC
only: ``CardRequest``, ``ExclusiveTransmitCardConnection`` and ``ExclusiveConnectCardConnection``. They get a first look
at whether the reader is one of ours; anything else goes on to pyscard.
"""

from collections.abc import Callable
from threading import Lock

import smartcard.CardRequest
from smartcard.CardConnectionDecorator import CardConnectionDecorator
from smartcard.Exceptions import CardServiceNotFoundException, CardServiceStoppedException
from smartcard.ExclusiveConnectCardConnection import ExclusiveConnectCardConnection
from smartcard.ExclusiveTransmitCardConnection import ExclusiveTransmitCardConnection
from smartcard.pcsc.PCSCExceptions import EstablishContextException
from smartcard.pcsc.PCSCReader import PCSCReader
from smartcard.reader.Reader import Reader
from smartcard.reader.ReaderFactory import ReaderFactory

from bifente.reader.errors import ReaderError
from bifente.reader.pyscard.connection import SlotConnection
from bifente.reader.slots.twoslot import TwoSlotReader

DEFAULT_GROUP = "SCard$DefaultReaders"


class SlotReader(Reader):  # type: ignore[misc]  # pyscard has no types
    """One slot of an in-process reader, as a pyscard reader. Equal to another of the same name."""

    def __init__(self, reader: TwoSlotReader, slot: str) -> None:
        Reader.__init__(self, reader.slot_name(slot))
        self.home = reader
        self.slot = slot
        self.groups = {DEFAULT_GROUP}
        _take_a_first_look()

    def addtoreadergroup(self, groupname: str) -> None:
        """Be listed in that group too."""
        self.groups.add(groupname)

    def removefromreadergroup(self, groupname: str) -> None:
        """Be no longer listed in that group."""
        self.groups.discard(groupname)

    def createConnection(self) -> CardConnectionDecorator:  # pyscard's name
        """A connection to the card, not yet connected."""
        return CardConnectionDecorator(SlotConnection(self.home, self.slot))

    class Factory:
        """Makes readers from names for ``ReaderFactory.createReader``."""

        @staticmethod
        def create(readername: str) -> "SlotReader":
            """The registered reader of that name; ReaderError without one."""
            for reader in registered():
                if reader.name == readername:
                    return reader
            raise ReaderError(f"no reader {readername} is registered")


_lock = Lock()
_registered: dict[str, SlotReader] = {}
_watchers: list[Callable[[], None]] = []
_hooked = False
_first_look = False


def registered(groups: list[str] | str | None = None) -> list[SlotReader]:
    """The readers pyscard is told of, those of *groups* when groups are named, in the order of registration."""
    wanted = {groups} if isinstance(groups, str) else set(groups or ())
    with _lock:
        there = [reader for reader in _registered.values() if reader.home.plugged]
    return [reader for reader in there if not wanted or wanted & reader.groups]


def readers_of(reader: TwoSlotReader) -> list[SlotReader]:
    """The pyscard readers of *reader*: those registered, else new ones."""
    return [_registered.get(reader.slot_name(slot)) or SlotReader(reader, slot) for slot in reader.slots]


def register(reader: TwoSlotReader) -> list[SlotReader]:
    """Have pyscard list the slots of *reader*. ReaderError when the name is taken by another reader."""
    slots = [SlotReader(reader, slot) for slot in reader.slots]
    with _lock:
        for slot in slots:
            known = _registered.get(slot.name)
            if known is not None and known.home is not reader:
                raise ReaderError(f"another reader is registered as {slot.name}")
        for slot in slots:
            _registered.setdefault(slot.name, slot)
        _hook()
        listed = [_registered[slot.name] for slot in slots]
    _announce()
    return listed


def unregister(reader: TwoSlotReader) -> None:
    """Have pyscard list *reader* no more."""
    with _lock:
        for name in [name for name, slot in _registered.items() if slot.home is reader]:
            del _registered[name]
        if not _registered:
            _unhook()
    _announce()


def watch(changed: Callable[[], None]) -> None:
    """Call *changed* whenever a reader is registered or taken off."""
    with _lock:
        _watchers.append(changed)


def unwatch(changed: Callable[[], None]) -> None:
    """Call it no more."""
    with _lock:
        if changed in _watchers:
            _watchers.remove(changed)


def _announce() -> None:
    with _lock:
        watchers = list(_watchers)
    for changed in watchers:
        changed()


def _system_readers(groups: list[str] | None = None) -> list[Reader]:
    """The readers of PC/SC; none when its service does not run."""
    try:
        return list(PCSCReader.readers(groups))
    except (EstablishContextException, CardServiceNotFoundException, CardServiceStoppedException):
        return []


_system_listing = PCSCReader.readers


def _hook() -> None:
    global _hooked  # noqa: PLW0603  # pyscard's factory is one per process as well
    if not _hooked:
        methods = ReaderFactory.factorymethods
        methods[:] = [
            registered,
            *(_system_readers if method is _system_listing else method for method in methods),
        ]
        _hooked = True


def _unhook() -> None:
    global _hooked  # noqa: PLW0603
    if _hooked:
        methods = ReaderFactory.factorymethods
        methods[:] = [
            _system_listing if method is _system_readers else method
            for method in methods
            if method is not registered
        ]
        _hooked = False


def _inner(decorator: CardConnectionDecorator) -> SlotConnection | None:
    """The connection of ours inside pyscard's decorators, if it is one of ours."""
    component = decorator
    while isinstance(component, CardConnectionDecorator):
        component = component.component
    return component if isinstance(component, SlotConnection) else None


def _take_a_first_look() -> None:
    """Put our question before the three classes of pyscard that know PC/SC only, once per process."""
    global _first_look  # noqa: PLW0603
    with _lock:
        if _first_look:
            return
        _first_look = True
    transmit, connect = ExclusiveTransmitCardConnection, ExclusiveConnectCardConnection
    system_lock, system_unlock, system_connect = transmit.lock, transmit.unlock, connect.connect
    system_request = smartcard.CardRequest.PCSCCardRequest

    def lock(self: CardConnectionDecorator) -> None:
        ours = _inner(self)
        if ours is None:
            system_lock(self)
        else:
            ours.lock()

    def unlock(self: CardConnectionDecorator) -> None:
        ours = _inner(self)
        if ours is None:
            system_unlock(self)
        else:
            ours.unlock()

    def connect_exclusive(
        self: CardConnectionDecorator,
        protocol: int | None = None,
        mode: int | None = None,
        disposition: int | None = None,
    ) -> None:
        ours = _inner(self)
        if ours is None:
            system_connect(self, protocol, mode, disposition)
        else:
            ours.connect_exclusive(protocol, disposition)

    def request(
        newcardonly: bool = False,
        readers: list[object] | None = None,
        cardType: object = None,  # pyscard's names
        cardServiceClass: object = None,
        timeout: float | None = 1,
    ) -> object:
        from bifente.reader.pyscard.request import SlotCardRequest

        names = {reader.name for reader in registered()}
        if not names or (readers is not None and not names & {str(reader) for reader in readers}):
            return system_request(newcardonly, readers, cardType, cardServiceClass, timeout)
        return SlotCardRequest(newcardonly, readers, cardType, cardServiceClass, timeout)

    transmit.lock, transmit.unlock, connect.connect = lock, unlock, connect_exclusive
    smartcard.CardRequest.PCSCCardRequest = request
