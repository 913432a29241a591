"""Faults of a PC/SC service in what it lets programs do: handles that are told nothing, transactions that hold nobody off."""

from functools import partial
from typing import Any

from mutantkit import World
from mutantkit import mutant as declare

from bifente.reader.pcsclite.codes import Disposition, Rv, Share
from bifente.reader.pcsclite.server import PcscServer
from bifente.reader.pcsclite.slot import Handle, PcscSlot
from bifente.reader.pcsclite.slotstate import Refused
from bifente.reader.pcsclite.turns import Turns

mutant = partial(declare, over="socket")


@mutant("a shared handle is not told of a reset", "reset-seen", "transaction-end-resets", "disconnect-reset")
def _not_told(world: World) -> None:
    world.set(PcscSlot, "_tell_reset", lambda self: None)
    good = PcscSlot.transmit

    def transmit(self: PcscSlot, handle: Handle, protocol: int, command: bytes) -> bytes:
        if self._link is not None:
            self._link.acknowledge_resets()
        return good(self, handle, protocol, command)

    world.set(PcscSlot, "transmit", transmit)


@mutant("a handle is told of a reset once only", "reset-seen")
def _told_once(world: World) -> None:
    good = PcscSlot.transmit

    def transmit(self: PcscSlot, handle: Handle, protocol: int, command: bytes) -> bytes:
        try:
            return good(self, handle, protocol, command)
        finally:
            if handle.event is Rv.RESET_CARD:
                handle.event = None

    world.set(PcscSlot, "transmit", transmit)


@mutant("a handle is told of its own reset", "reset-own", "reconnect-active")
def _own(world: World) -> None:
    good = PcscSlot.reconnect

    def reconnect(self: PcscSlot, handle: Handle, share: int, preferred: int, initialization: int) -> int:
        active = good(self, handle, share, preferred, initialization)
        if initialization != Disposition.LEAVE:
            handle.event = Rv.RESET_CARD
        return active

    world.set(PcscSlot, "reconnect", reconnect)


@mutant("a reconnection does not reset", "reset-own", "reconnect-active")
def _no_restart(world: World) -> None:
    good = PcscSlot.reconnect
    world.set(
        PcscSlot,
        "reconnect",
        lambda self, handle, share, preferred, how: good(self, handle, share, preferred, Disposition.LEAVE),
    )


@mutant("SCardStatus tells of no reset", "reset-status")
def _status(world: World) -> None:
    world.set(PcscSlot, "check", lambda self, handle, events=True: None)


@mutant("a handle is not told of a removal", "removed-card")
def _removal(world: World) -> None:
    good = PcscSlot._gone

    def gone(self: PcscSlot, bits: int) -> None:
        good(self, bits)
        for handle in self._handles:
            handle.event = None

    world.set(PcscSlot, "_gone", gone)


@mutant("a handle is well again when the card comes back", "removed-card")
def _well_again(world: World) -> None:
    good = PcscSlot._arrived

    def arrived(self: PcscSlot, atr: bytes) -> None:
        good(self, atr)
        for handle in self._handles:
            handle.event = None
        self.protocol = 1

    world.set(PcscSlot, "_arrived", arrived)

    opened = PcscSlot.transmit

    def transmit(self: PcscSlot, handle: Handle, protocol: int, command: bytes) -> bytes:
        self._open_link()
        if self._link is not None:
            self._link.acknowledge_resets()
        return opened(self, handle, protocol, command)

    world.set(PcscSlot, "transmit", transmit)


@mutant("an exclusive handle keeps nobody out", "share-exclusive-keeps-out")
def _exclusive(world: World) -> None:
    good = PcscSlot.connect
    world.set(
        PcscSlot,
        "connect",
        lambda self, number, share, preferred, alive: good(
            self, number, Share.SHARED if share == Share.EXCLUSIVE else share, preferred, alive
        ),
    )


@mutant("an exclusive handle to a shared card", "share-no-exclusive")
def _shared_exclusive(world: World) -> None:
    good = PcscSlot.connect

    def connect(self: PcscSlot, number: int, share: int, preferred: int, alive: Any) -> Any:
        if share == Share.EXCLUSIVE and self.sharing > 0:
            share = Share.SHARED
        return good(self, number, share, preferred, alive)

    world.set(PcscSlot, "connect", connect)


@mutant("a transaction holds nobody off", "transaction-excludes")
def _no_transaction(world: World) -> None:
    good = PcscSlot.transmit

    def transmit(self: PcscSlot, handle: Handle, protocol: int, command: bytes) -> bytes:
        owner, self._turns.owner = self._turns.owner, None
        try:
            return good(self, handle, protocol, command)
        finally:
            self._turns.owner = owner

    world.set(PcscSlot, "transmit", transmit)


@mutant("two transactions at once", "transaction-waits", "transaction-fair")
def _two(world: World) -> None:
    world.set(Turns, "take", lambda self, who, wait=0.1: True)
    world.set(Turns, "leave", lambda self, who, *, least=0: True)


@mutant("a transaction that was not begun is ended", "transaction-not-begun")
def _not_begun(world: World) -> None:
    good = Turns.leave

    def leave(self: Any, who: object, *, least: int = 0) -> bool:
        good(self, who, least=least)
        return True

    world.set(Turns, "leave", leave)


@mutant("anybody ends a transaction", "transaction-not-anothers")
def _anybody(world: World) -> None:
    def end(self: PcscSlot, handle: Handle, disposition: int) -> None:
        self._turns.dissolve()

    world.set(PcscSlot, "end", end)


@mutant("transactions do not nest", "transaction-nested")
def _nest(world: World) -> None:
    good = Turns.leave

    def leave(self: Any, who: object, *, least: int = 0) -> bool:
        left = good(self, who, least=least)
        while good(self, who, least=least):
            pass
        return left

    world.set(Turns, "leave", leave)


@mutant("a transaction outlives its program", "transaction-dies-with-holder")
def _outlives(world: World) -> None:
    good = Turns.forget

    def forget(self: Any, who: object) -> None:
        if self.owner is not who:
            good(self, who)

    world.set(Turns, "forget", forget)


@mutant("a transaction outlives its card", "removal-ends-transaction")
def _outlives_card(world: World) -> None:
    world.set(Turns, "dissolve", lambda self: None)


@mutant("a transaction that ends with a reset does not reset", "transaction-end-resets")
def _end(world: World) -> None:
    good = PcscSlot.end
    world.set(PcscSlot, "end", lambda self, handle, disposition: good(self, handle, Disposition.LEAVE))


@mutant("a transaction always ends with a reset", "transaction-end-leaves")
def _end_always(world: World) -> None:
    good = PcscSlot.end
    world.set(PcscSlot, "end", lambda self, handle, disposition: good(self, handle, Disposition.RESET))


@mutant("a disconnection never resets", "disconnect-reset", "pin-of-another")
def _disconnect(world: World) -> None:
    good = PcscSlot.disconnect
    world.set(
        PcscSlot,
        "disconnect",
        lambda self, handle, disposition, alive: good(
            self, handle, disposition if disposition > 3 else Disposition.LEAVE, alive
        ),
    )


@mutant("a disconnection always resets", "disconnect-leave")
def _disconnect_always(world: World) -> None:
    good = PcscSlot.disconnect
    world.set(
        PcscSlot,
        "disconnect",
        lambda self, handle, disposition, alive: good(self, handle, disposition or Disposition.RESET, alive),
    )


@mutant("any disposition is taken", "disconnect-bad")
def _disposition(world: World) -> None:
    good = PcscSlot.disconnect
    world.set(
        PcscSlot,
        "disconnect",
        lambda self, handle, disposition, alive: good(self, handle, disposition & 3, alive),
    )


@mutant("any protocol is taken", "protocol-choice", "protocol-shared")
def _protocol(world: World) -> None:
    good = PcscSlot.connect
    world.set(
        PcscSlot,
        "connect",
        lambda self, number, share, preferred, alive: good(self, number, share, preferred | 3, alive),
    )


@mutant("the protocol told is another", "protocol-choice", "status")
def _told(world: World) -> None:
    good = PcscSlot.connect

    def connect(self: PcscSlot, number: int, share: int, preferred: int, alive: Any) -> Any:
        handle, _ = good(self, number, share, preferred, alive)
        return handle, preferred & 2 or 1

    world.set(PcscSlot, "connect", connect)


@mutant("the protocol of a command is not looked at", "transmit-other-protocol")
def _command_protocol(world: World) -> None:
    world.set(PcscSlot, "_check_protocol", lambda self, protocol: None)


@mutant("an unknown reader is one without a card", "connect-unknown")
def _unknown(world: World) -> None:
    good = PcscServer.slot

    def found(self: PcscServer, name: bytes) -> PcscSlot:
        try:
            return good(self, name)
        except Refused:
            raise Refused(Rv.NO_SMARTCARD) from None

    world.set(PcscServer, "slot", found)
