"""What a mutant is: one fault in a good card or reader, put in for the time of one run and taken out again."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from bifente.apdu.facets import CardAround
from bifente.apdu.refusal import Why
from bifente.applets import SmartCard
from bifente.applets.kernel.instruction import Instruction
from bifente.conformance.engine import chosen, run
from bifente.conformance.model import Report
from bifente.reader import TwoSlotReader
from bifente.workbench.cards.maker import CardMaker
from bifente.workbench.targets import emulated_cards, in_process, over_socket

MISSING = object()
MUTANT = Why("tests/mutants", "a mutant refuses")


class World:
    """The good cards and what may be done to them and to the code around them."""

    def __init__(self, cards: dict[str, Any], stack: ExitStack) -> None:
        self.cards = cards
        self._stack = stack
        self.at_reader: list[Callable[[TwoSlotReader], None]] = []

    def set(self, owner: Any, name: str, value: Any) -> Any:
        """Replace an attribute; the old one is returned, and put back afterwards."""
        own = owner.__dict__.get(name, MISSING) if hasattr(owner, "__dict__") else getattr(owner, name)
        old = getattr(owner, name)
        setattr(owner, name, value)

        def restore() -> None:
            if own is MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, own)

        self._stack.callback(restore)
        return old

    def change(self, ins: int, changed: Callable[[Instruction[Any]], Mapping[str, Any]], *kinds: str) -> None:
        """Replace parts of an instruction of the cards of *kinds* (all)."""
        for kind, card in self.cards.items():
            if (not kinds or kind in kinds) and isinstance(card, SmartCard) and ins in card.instructions:
                old = card.instructions[ins]
                card.instructions = {**card.instructions, ins: replace(old, **changed(old))}

    def wrap(self, wrapper: Callable[[Any], Any], *kinds: str) -> None:
        """Put *wrapper* around the cards of *kinds* (all)."""
        for kind in kinds or tuple(self.cards):
            self.cards[kind] = wrapper(self.cards[kind])


class ChangedAnswers(CardAround):
    """A card around a card that changes its answers: *answer* gets the command and the true answer."""

    def __init__(self, card: Any, answer: Callable[[bytes, bytes], bytes]) -> None:
        super().__init__(card)
        self.card = card
        self.answer = answer

    def transmit(self, command: bytes, /) -> bytes:
        return self.answer(command, self.card.transmit(command))


def answers(change: Callable[[bytes, bytes], bytes], *kinds: str) -> Callable[[World], None]:
    """A mutant whose cards of *kinds* answer otherwise."""
    return lambda world: world.wrap(lambda card: ChangedAnswers(card, change), *kinds)


@dataclass(frozen=True)
class Mutant:
    """One fault: its name, where it shows, the cases that are expected to find it, and how it is made."""

    name: str
    over: str
    hints: tuple[str, ...]
    make: Callable[[World], None]


MUTANTS: list[Mutant] = []


def mutant(
    name: str, *hints: str, over: str = "process"
) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
    """Declare a mutant."""

    def declare(make: Callable[[World], None]) -> Callable[[World], None]:
        assert name not in {other.name for other in MUTANTS}, name
        MUTANTS.append(Mutant(name, over, hints, make))
        return make

    return declare


@contextmanager
def _target(maker: CardMaker, over: str, make: Callable[[World], None] | None) -> Iterator[Any]:
    with ExitStack() as stack:
        world = World(emulated_cards(maker), stack)
        if make is not None:
            make(world)
        way = in_process if over == "process" else over_socket
        target = stack.enter_context(way(world.cards))
        for change in world.at_reader:
            change(target)
        yield target


def judge(maker: CardMaker, mutant_: Mutant | None, over: str = "process", *, hinted: bool = True) -> Report:
    """Run the cases against a mutant (None: the good cards) until one fails.

    *hinted*: only those cases that are expected to find it.
    """
    hints = mutant_.hints if mutant_ is not None and hinted else ()
    cases = chosen(names=hints)
    if mutant_ is not None and mutant_.over == "socket" and not hinted:
        cases = [case for case in cases if case.suite == "reader"]
    with _target(maker, mutant_.over if mutant_ else over, mutant_.make if mutant_ else None) as target:
        return run(cases, target, stop_at_failure=mutant_ is not None)
