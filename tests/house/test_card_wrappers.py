"""Whatever a card tells beside answering reaches the slot through everything that stands around it."""

import importlib
import itertools
import pkgutil
from collections.abc import Callable, Iterator
from functools import cache
from typing import Protocol, get_type_hints, runtime_checkable

import pytest
from echocard import T1_ATR

import bifente.apdu
from bifente.apdu.facets import CardAround, CountsResets, serial_of, speaks_tpdu
from bifente.apdu.link import Card, Link
from bifente.apdu.messaging import Protection
from bifente.apdu.refusal import Refusal, Why, refusal_of
from bifente.apdu.status import SW
from bifente.reader.wrappers.faults import FaultRules, Faulty
from bifente.reader.wrappers.latency import Latency, LineSpeed
from bifente.reader.wrappers.t0front import T0Front
from bifente.traces.files import TraceList
from bifente.traces.record import Recorder

ROOMS = ("apdu", "applets", "conformance", "reader", "terminal", "testing", "traces", "workbench")
REFUSAL = Refusal(SW.FILE_NOT_FOUND, Why("synthetic", "there is no such file"))


@runtime_checkable
class HasColour(Protocol):
    """A facet that nobody has thought of yet."""

    @property
    def colour(self) -> str | None: ...


def colour_of(card: object) -> str | None:
    return card.colour if isinstance(card, HasColour) else None


class Plain:
    """A card without any facet."""

    def power_on(self) -> bytes:
        return T1_ATR

    def reset(self) -> bytes:
        return T1_ATR

    def power_off(self) -> None:
        pass

    def transmit(self, command: bytes, /) -> bytes:
        return REFUSAL.sw.to_bytes_be()


class Talkative(Plain):
    """A card with every facet there is, and the toy one."""

    serial = "0123456789"
    speaks_tpdu = True
    last_refusal = REFUSAL
    colour = "yellow"


class Counting(CardAround):
    """A toy wrapper: one module, nothing about facets in it."""

    def __init__(self, card: Card) -> None:
        super().__init__(card)
        self.commands = 0

    def transmit(self, command: bytes, /) -> bytes:
        self.commands += 1
        return super().transmit(command)


WRAPPERS: dict[type[CardAround], Callable[[Card], CardAround]] = {
    T0Front: T0Front,
    Faulty: lambda card: Faulty(card, FaultRules(faults=())),
    Latency: lambda card: Latency(card, LineSpeed(115_200), sleep=lambda _seconds: None),
    Recorder: lambda card: Recorder(card, TraceList()),
    Counting: Counting,
}
OF_ITS_OWN = {(T0Front, "speaks_tpdu"), (T0Front, "last_refusal"), (Faulty, "last_refusal")}
"""The facets to which a wrapper itself adds something."""


def modules() -> Iterator[object]:
    for room in ROOMS:
        package = importlib.import_module(f"bifente.{room}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            try:
                yield importlib.import_module(module.name)
            except ImportError as error:  # a room that needs what is not installed here has no cards to try
                if (error.name or "bifente").startswith("bifente"):
                    raise


@cache
def cards() -> set[type]:
    """Every class of ours that is a card, or may be derived to one."""
    return {
        found
        for module in modules()
        for found in vars(module).values()
        if isinstance(found, type)
        and found.__module__.startswith("bifente.")
        and all(callable(getattr(found, name, None)) for name in ("power_on", "power_off", "transmit"))
        and not getattr(found, "_is_protocol", False)
    }


def holds_a_card(found: type) -> bool:
    return Card in get_type_hints(found.__init__).values()


def deaf(among: set[type]) -> set[type]:
    """Those that stand around a card and pass on only what they have thought of."""
    return {found for found in among if holds_a_card(found) and not issubclass(found, CardAround)}


def facets() -> set[str]:
    """The properties of the facets of cards that ``apdu`` declares."""
    declared = {
        found
        for _, name, _ in pkgutil.iter_modules(bifente.apdu.__path__)
        for found in vars(importlib.import_module(f"bifente.apdu.{name}")).values()
        if isinstance(found, type) and getattr(found, "_is_protocol", False) and found is not Protocol
    }
    return {
        name
        for facet in declared - {Card, Link, CountsResets, Protection}
        for name in vars(facet)
        if name[0] != "_"
    }


def test_whatever_holds_a_card_and_is_one_derives_from_the_one_base() -> None:
    assert {T0Front, Faulty, Latency, Recorder} <= {found for found in cards() if holds_a_card(found)}
    assert deaf(cards()) == set()


def test_every_wrapper_is_tried_here() -> None:
    bases = {CardAround, *(base for made in WRAPPERS for base in made.__mro__)}
    assert {found for found in cards() if issubclass(found, CardAround)} <= bases


def test_every_declared_facet_is_passed_on_by_the_base_and_changed_where_it_is_said() -> None:
    assert facets() == {"serial", "speaks_tpdu", "last_refusal"}
    assert {name for name in facets() if isinstance(vars(CardAround).get(name), property)} == facets()
    derived = {base for made in WRAPPERS for base in made.__mro__ if issubclass(base, CardAround)}
    changed = {(base, name) for base in derived - {CardAround} for name in facets() & set(vars(base))}
    assert changed == OF_ITS_OWN


@pytest.mark.parametrize("make", WRAPPERS.values(), ids=lambda make: next(
    known.__name__ for known, one in WRAPPERS.items() if one is make
))  # fmt: skip
class TestAWrapper:
    def test_tells_what_the_card_tells(self, make: Callable[[Card], CardAround]) -> None:
        wrapped = make(Talkative())
        wrapped.power_on()
        assert wrapped.transmit(bytes.fromhex("00A40000")) == bytes.fromhex("6A82")
        assert serial_of(wrapped) == Talkative.serial
        assert speaks_tpdu(wrapped)
        assert refusal_of(wrapped) == REFUSAL

    def test_tells_nothing_that_the_card_does_not(self, make: Callable[[Card], CardAround]) -> None:
        wrapped = make(Plain())
        wrapped.power_on()
        wrapped.transmit(bytes.fromhex("00A40000"))
        assert serial_of(wrapped) is None
        assert speaks_tpdu(wrapped) is isinstance(wrapped, T0Front)
        assert refusal_of(wrapped) is None

    def test_passes_a_new_facet_on(
        self, make: Callable[[Card], CardAround], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert colour_of(make(Talkative())) is None
        passed = property(lambda around: colour_of(around._card))
        monkeypatch.setattr(CardAround, "colour", passed, raising=False)
        assert colour_of(make(Talkative())) == "yellow"
        assert colour_of(make(Plain())) is None


def test_a_stack_of_wrappers_in_any_order_tells_what_the_card_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CardAround, "colour", property(lambda around: colour_of(around._card)), raising=False)
    for order in itertools.permutations(WRAPPERS.values()):
        wrapped: Card = Talkative()
        for make in order:
            wrapped = make(wrapped)
        wrapped.power_on()
        assert wrapped.transmit(bytes.fromhex("00A40000")) == bytes.fromhex("6A82")
        assert (serial_of(wrapped), colour_of(wrapped)) == (Talkative.serial, "yellow")
        assert speaks_tpdu(wrapped)
        assert refusal_of(wrapped) == REFUSAL


def test_a_wrapper_that_does_not_derive_is_found() -> None:
    class Silent(Plain):
        def __init__(self, card: Card) -> None:
            self.card = card

    assert deaf({Silent, Counting, Plain}) == {Silent}
