"""Our slotted dataclasses behave as those of the standard library, option by option."""

import copy
import dataclasses
import inspect
import pickle
import typing
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest

from bifente import slotted
from bifente.slotted import replace

Decorator = Callable[..., Any]


def _classes(dataclass: Decorator, field: Callable[..., Any]) -> dict[str, type]:
    """The same classes, made by one of the two decorators."""

    class Rule(ABC):
        __slots__ = ()

        @abstractmethod
        def allows(self) -> bool: ...

    @dataclass(frozen=True, slots=True)
    class Always(Rule):
        """Without fields, of an abstract base."""

        def allows(self) -> bool:
            return True

    @dataclass(frozen=True, slots=True)
    class Pin(Rule):
        """With a text of its own."""

        reference: int
        environment: int = 3
        known: ClassVar[int] = 7

        def allows(self) -> bool:
            return False

        def __str__(self) -> str:
            return f"pin({self.reference})"

    @dataclass(frozen=True, slots=True)
    class Single:
        """One field, whose values may be equal to themselves only."""

        value: object

    @dataclass(frozen=True, slots=True)
    class Table:
        """A checked value with an index that is neither shown nor compared."""

        rows: tuple[tuple[str, int], ...]
        notes: list[str] = field(default_factory=list)
        index: Mapping[str, int] = field(init=False, repr=False, compare=False)

        def __post_init__(self) -> None:
            if not self.rows:
                raise ValueError("no rows")
            object.__setattr__(self, "index", dict(self.rows))

    @dataclass(frozen=True, slots=True)
    class Below(Pin):
        """Inherits fields, and gives one another default."""

        environment: int = 4
        name: "str | None" = None

    @dataclass(slots=True)
    class Chain:
        """May be changed: it has no hash."""

        header: tuple[int, int]
        data: bytearray = field(default_factory=bytearray)

    @dataclass(frozen=True, slots=True, eq=False)
    class Same:
        """Equal to itself only."""

        value: int

    @dataclass(frozen=True, slots=True, repr=False)
    class Silent:
        """Does not show itself, and compares in its own way."""

        value: int

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Silent) and self.value % 2 == other.value % 2

        def __hash__(self) -> int:
            return self.value % 2

        def __repr__(self) -> str:
            return "Silent(…)"

    made = (Always, Pin, Single, Table, Below, Chain, Same, Silent)
    return {one.__name__: one for one in made}


OURS = _classes(slotted.dataclass, slotted.field)
THEIRS = _classes(dataclasses.dataclass, dataclasses.field)
NOT_A_NUMBER = float("nan")

VALUES: list[tuple[str, tuple[object, ...], dict[str, object]]] = [
    ("Always", (), {}),
    ("Pin", (1,), {}),
    ("Pin", (1, 2), {}),
    ("Pin", (), {"environment": 5, "reference": 1}),
    ("Single", (NOT_A_NUMBER,), {}),
    ("Single", ("a",), {}),
    ("Single", (["not", "hashable"],), {}),
    ("Table", ((("a", 1),),), {}),
    ("Table", ((("a", 1),), ["noted"]), {}),
    ("Below", (1,), {}),
    ("Below", (1,), {"name": "PIN"}),
    ("Chain", ((0, 0xA4),), {}),
    ("Chain", ((0, 0xA4), bytearray(b"a")), {}),
    ("Same", (1,), {}),
    ("Silent", (1,), {}),
    ("Silent", (3,), {}),
]
WRONG: list[tuple[str, tuple[object, ...], dict[str, object]]] = [
    ("Always", (1,), {}),
    ("Pin", (), {}),
    ("Pin", (1, 2, 3), {}),
    ("Pin", (1,), {"unknown": 1}),
    ("Table", ((),), {}),
    ("Table", ((("a", 1),), [], {}), {}),
]


def outcome(do: Callable[[], object]) -> object:
    """What *do* gives, or the class and words of what it raises."""
    try:
        return do()
    except Exception as error:  # noqa: BLE001 - whatever it is, both raise the same
        return type(error), str(error)


def both(do: Callable[[dict[str, type]], object]) -> None:
    ours, theirs = outcome(lambda: do(OURS)), outcome(lambda: do(THEIRS))
    assert ours == theirs


@pytest.mark.parametrize(("name", "arguments", "named"), VALUES + WRONG)
def test_a_value_is_made_shown_and_refused_alike(
    name: str, arguments: tuple[object, ...], named: dict[str, object]
) -> None:
    both(lambda classes: repr(classes[name](*arguments, **named)))
    both(lambda classes: str(classes[name](*arguments, **named)))
    both(lambda classes: dataclasses.asdict(classes[name](*arguments, **named)))
    both(lambda classes: repr(copy.deepcopy(classes[name](*arguments, **named))))
    both(lambda classes: repr(copy.copy(classes[name](*arguments, **named))))


def test_the_same_values_are_equal_and_have_a_hash() -> None:
    pairs = [(one, other) for one in VALUES for other in VALUES]

    def equal(classes: dict[str, type]) -> list[bool]:
        return [
            classes[name](*arguments, **named) == classes[other](*others, **others_named)
            for (name, arguments, named), (other, others, others_named) in pairs
        ]

    both(equal)
    assert any(equal(OURS))
    for name, arguments, named in VALUES:
        ours, theirs = OURS[name](*arguments, **named), THEIRS[name](*arguments, **named)
        known = outcome(lambda one=theirs: hash(one))
        if name == "Same":  # by its place in memory
            assert isinstance(hash(ours), int)
        else:
            assert outcome(lambda one=ours: hash(one)) == known


@pytest.mark.parametrize("name", OURS)
def test_a_class_tells_the_same_of_itself(name: str) -> None:
    ours, theirs = OURS[name], THEIRS[name]
    assert ours.__match_args__ == theirs.__match_args__
    assert ours.__slots__ == theirs.__slots__
    assert ours.__qualname__ == theirs.__qualname__
    assert ours.__doc__ == theirs.__doc__
    assert ours.__init__.__qualname__ == theirs.__init__.__qualname__
    assert not hasattr(ours, "__dict__") or "__dict__" not in dir(ours)
    assert typing.get_type_hints(ours.__init__) == typing.get_type_hints(theirs.__init__)
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)
    assert [
        (one.name, one.type, one.init, one.repr, one.compare, one.default) for one in dataclasses.fields(ours)
    ] == [
        (one.name, one.type, one.init, one.repr, one.compare, one.default)
        for one in dataclasses.fields(theirs)
    ]
    assert dataclasses.is_dataclass(ours)


def test_who_is_frozen_refuses_a_change_and_who_is_not_takes_it() -> None:
    def change(classes: dict[str, type]) -> None:
        classes["Pin"](1).reference = 2

    def delete(classes: dict[str, type]) -> None:
        del classes["Pin"](1).reference

    both(change)
    both(delete)
    with pytest.raises(dataclasses.FrozenInstanceError):
        change(OURS)
    chain = OURS["Chain"]((0, 1))
    chain.header = (2, 3)
    assert chain.header == (2, 3)
    with pytest.raises(AttributeError):
        chain.other = 1


def test_what_a_factory_makes_is_each_instance_s_own() -> None:
    first, second = OURS["Chain"]((0, 1)), OURS["Chain"]((0, 1))
    first.data += b"a"
    assert second.data == b""


def test_a_value_with_another_field() -> None:
    both(lambda classes: repr(dataclasses.replace(classes["Pin"](1), reference=2)))
    both(lambda classes: repr(dataclasses.replace(classes["Table"]((("a", 1),)), rows=(("b", 2),))))
    both(lambda classes: repr(dataclasses.replace(classes["Table"]((("a", 1),)), index={})))
    assert dataclasses.replace(OURS["Table"]((("a", 1),)), rows=(("b", 2),)).index == {"b": 2}


def test_our_own_replace_makes_the_same() -> None:
    assert replace(OURS["Pin"](1), reference=2) == dataclasses.replace(OURS["Pin"](1), reference=2)
    table = OURS["Table"]((("a", 1),))
    assert repr(replace(table, rows=(("b", 2),))) == repr(dataclasses.replace(table, rows=(("b", 2),)))
    with pytest.raises(TypeError):
        replace(table, nothing=1)


def test_a_pattern_matches() -> None:
    match OURS["Pin"](1, 2):
        case OURS_PIN(reference, environment):
            assert (reference, environment) == (1, 2)
        case _:
            pytest.fail("it did not match")


OURS_PIN = OURS["Pin"]


@slotted.dataclass(frozen=True, slots=True)
class Kept:
    """At the top of a module, as pickle wants it."""

    number: int
    text: str = "a"


def test_a_frozen_value_is_pickled() -> None:
    assert pickle.loads(pickle.dumps(Kept(1))) == Kept(1)


def test_a_class_with_a_place_for_anything_is_not_ours() -> None:
    with pytest.raises(TypeError, match="slots"):
        slotted.dataclass(frozen=True, slots=False)
