"""Faults of a PC/SC service in what it tells: events, states, attributes, long answers, readers and contexts."""

from functools import partial
from typing import Any

from mutantkit import World
from mutantkit import mutant as declare

from bifente.reader.pcsclite import attributes, slotstate
from bifente.reader.pcsclite.client import Client
from bifente.reader.pcsclite.codes import SHARING_EXCLUSIVE, ReaderState, Rv, Share
from bifente.reader.pcsclite.server import PcscServer
from bifente.reader.pcsclite.slot import Handle, PcscSlot
from bifente.reader.slots.events import SlotChange

mutant = partial(declare, over="socket")


@mutant("nobody is told of a change", "removal-wakes")
def _lost(world: World) -> None:
    world.set(PcscServer, "_changed", lambda self, at_once: None)


@mutant("the removal is not told, the insertion is", "removal-wakes", "moves-not-lost", "removed-card")
def _lost_removal(world: World) -> None:
    good = PcscSlot.happened
    world.set(
        PcscSlot,
        "happened",
        lambda self, event: None if event.change is SlotChange.REMOVED else good(self, event),
    )


@mutant("events are not counted", "moves-not-lost", "removal-wakes")
def _not_counted(world: World) -> None:
    world.set(PcscSlot, "_count", lambda self: None)


@mutant("events are counted for every slot", "other-slot-quiet")
def _every_slot(world: World) -> None:
    good = PcscServer._happened

    def happened(self: PcscServer, reader: int, event: Any) -> None:
        good(self, reader, event)
        if event.change in (SlotChange.INSERTED, SlotChange.REMOVED):
            for other in self._slots:
                if other.slot != event.slot:
                    other._count()
                    other._packed = None

    world.set(PcscServer, "_happened", happened)


@mutant("a wait cannot be cancelled", "cancel")
def _cancel(world: World) -> None:
    world.set(PcscServer, "cancel", lambda self, context: Rv.SUCCESS)


@mutant("cancelling a wait is a change", "cancel")
def _cancel_changes(world: World) -> None:
    good = Client.notify
    world.set(Client, "notify", lambda self, rv: good(self, Rv.SERVICE_STOPPED if rv == Rv.CANCELLED else rv))


@mutant("a card is never in use", "in-use-shown")
def _in_use(world: World) -> None:
    good = slotstate.reader_state
    world.set(
        slotstate,
        "reader_state",
        lambda name, counter, bits, sharing, *rest: good(name, counter, bits, 0, *rest),
    )


@mutant("a card held exclusively is shown as shared", "exclusive-shown")
def _exclusive_shown(world: World) -> None:
    good = slotstate.reader_state
    world.set(
        slotstate,
        "reader_state",
        lambda name, counter, bits, sharing, *rest: good(
            name, counter, bits, 1 if sharing == SHARING_EXCLUSIVE else sharing, *rest
        ),
    )


@mutant("a reader without power", "status")
def _power(world: World) -> None:
    good = slotstate.reader_state
    world.set(
        slotstate,
        "reader_state",
        lambda name, counter, bits, *rest: good(name, counter, bits & ~ReaderState.POWERED, *rest),
    )


@mutant("the states tell another ATR", "atr-everywhere")
def _atr(world: World) -> None:
    good = slotstate.reader_state
    world.set(
        slotstate,
        "reader_state",
        lambda name, counter, bits, sharing, atr, protocol: good(
            name, counter, bits, sharing, atr[:-1], protocol
        ),
    )


def _attribute(which: int, value: bytes) -> Any:
    def make(world: World) -> None:
        good = attributes._value
        world.set(
            attributes, "_value", lambda one, unit, asked: value if asked == which else good(one, unit, asked)
        )

    return make


mutant("the attribute tells another ATR", "atr-everywhere")(_attribute(0x00090303, b"\x3b\x00"))
mutant("an attribute that does not exist", "attributes")(_attribute(0x00FF00FF, b"\x00"))
mutant("the vendor has no name", "attributes")(_attribute(0x00010100, b"\x00"))


@mutant("attributes can be set", "attributes-set")
def _set(world: World) -> None:
    def change(self: Client, card: int, which: int, value: bytes, length: int, rv: int) -> None:
        from bifente.reader.pcsclite.messages import Command

        self._answer(Command.SET_ATTRIB, card, which, value, length, Rv.SUCCESS)

    from bifente.reader.pcsclite import client
    from bifente.reader.pcsclite.messages import Command

    world.set(client, "_ANSWERS", {**client._ANSWERS, Command.SET_ATTRIB: change})


def _control(change: Any) -> Any:
    def make(world: World) -> None:
        from bifente.reader.pcsclite import client

        good = client.control

        def control(one: PcscSlot, handle: Handle, code: int, data: bytes, *rest: Any) -> bytes:
            return change(code, lambda: good(one, handle, code, data, *rest))

        world.set(client, "control", control)

    return make


mutant("any control code succeeds", "control-unknown")(
    _control(lambda code, good: b"" if code == 0x42001234 else good())
)
mutant("a list of features that is cut", "features")(
    _control(lambda code, good: good()[:-1] if code == attributes.GET_FEATURE_REQUEST else good())
)
mutant("features that stand twice", "features")(
    _control(lambda code, good: good() * 2 if code == attributes.GET_FEATURE_REQUEST else good())
)
mutant("properties that are cut", "feature-properties")(
    _control(lambda code, good: good()[:-1] if code != attributes.GET_FEATURE_REQUEST else good())
)


@mutant("a long answer is cut to the buffer", "buffer-transmit")
def _cut(world: World) -> None:
    good = PcscSlot.transmit

    def transmit(self: PcscSlot, handle: Handle, protocol: int, command: bytes) -> bytes:
        return good(self, handle, protocol, command)[:17]

    world.set(PcscSlot, "transmit", transmit)


@mutant("long answers are cut at 256 bytes", "transmit-long", "case-2e")
def _cut_long(world: World) -> None:
    good = PcscSlot.transmit

    def transmit(self: PcscSlot, handle: Handle, protocol: int, command: bytes) -> bytes:
        answer = good(self, handle, protocol, command)
        return answer if len(answer) <= 258 else answer[:256] + answer[-2:]

    world.set(PcscSlot, "transmit", transmit)


@mutant("the reader is not listed", "readers-listed")
def _unlisted(world: World) -> None:
    good = PcscServer.states

    def states(self: PcscServer) -> bytes:
        return self._slots[1].packed_state() * 2 + good(self)[2 * len(self._slots[0].packed_state()) :]

    world.at_reader.append(lambda target: world.set(PcscServer, "states", states))


@mutant("contexts end never", "context-life")
def _context(world: World) -> None:
    from bifente.reader.pcsclite import client
    from bifente.reader.pcsclite.messages import Command

    def release(self: Client, context: int, rv: int) -> None:
        self._answer(Command.RELEASE_CONTEXT, context, Rv.INVALID_VALUE)

    world.set(client, "_ANSWERS", {**client._ANSWERS, Command.RELEASE_CONTEXT: release})


@mutant("an empty slot connects", "connect-no-card")
def _empty(world: World) -> None:
    good = PcscSlot.connect

    def connect(self: PcscSlot, number: int, share: int, preferred: int, alive: Any) -> Any:
        if not self.present:
            return good(self, number, Share.DIRECT, preferred, alive)
        return good(self, number, share, preferred, alive)

    world.set(PcscSlot, "connect", connect)


@mutant("no direct connection without a card", "connect-no-card")
def _no_direct(world: World) -> None:
    good = PcscSlot.connect
    world.set(
        PcscSlot,
        "connect",
        lambda self, number, share, preferred, alive: good(
            self, number, Share.SHARED if share == Share.DIRECT else share, preferred or 3, alive
        ),
    )


@mutant("a new handle resets the card of the others", "share-two")
def _resets(world: World) -> None:
    good = PcscSlot.connect

    def connect(self: PcscSlot, number: int, share: int, preferred: int, alive: Any) -> Any:
        made = good(self, number, share, preferred, alive)
        with self._work:
            self._restart(cold=False)
        made[0].event = None
        if self._link is not None:
            self._link.acknowledge_resets()
        return made

    world.set(PcscSlot, "connect", connect)
