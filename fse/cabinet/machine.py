"""State machines as tables: state × event → state and effects. The documentation draws them from the same tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from bifente.fse.cabinet.errors import EventRefused

State = TypeVar("State", bound=Enum)
Event = TypeVar("Event", bound=Enum)


class StateEffect(Enum):
    """What comes with a change of state, in the same transaction. The values stand in the documentation."""

    SHEETS_FOLLOW = "the sheets of the lot go the same way, where it is open to them"
    AWAIT_RETURN = "a return is awaited until a day of the settings"
    RETRANSMIT_SOON = "to be retransmitted within two working days"
    NO_DEADLINE = "nothing more is due"
    LEAVE_LOT = "the sheet leaves its lot"
    NEW_NUMBER = "the sheet that takes its place has a new number and names it"


@dataclass(frozen=True, slots=True)
class Transition(Generic[State, Event]):
    """One line of a table. ``before`` is None for what is not in the store yet."""

    before: State | None
    event: Event
    after: State
    effects: tuple[StateEffect, ...] = ()


class StateMachine(Generic[State, Event]):
    """A table that is asked: no state changes but by one of its lines."""

    def __init__(self, subject: str, transitions: Sequence[Transition[State, Event]]) -> None:
        self.subject = subject
        self.transitions = tuple(transitions)
        self._by_event = {(line.before, line.event): line for line in transitions}
        if len(self._by_event) != len(self.transitions):
            raise ValueError(f"a {subject} in one state goes two ways by one event")

    def find(self, before: State | None, event: Event) -> Transition[State, Event] | None:
        """The line for this state and event, or None."""
        return self._by_event.get((before, event))

    def step(self, before: State | None, event: Event, what: str = "") -> Transition[State, Event]:
        """The line for this state and event; *what* names the subject. Raises EventRefused with what is possible."""
        line = self.find(before, event)
        if line is None:
            state = "not there" if before is None else str(before.value)
            possible = tuple(str(one.event.value) for one in self.transitions if one.before is before)
            raise EventRefused(what or f"the {self.subject}", state, str(event.value), possible)
        return line

    def final(self) -> frozenset[State]:
        """The states that no event leaves."""
        leaving = {line.before for line in self.transitions if line.before is not line.after}
        return frozenset(line.after for line in self.transitions if line.after not in leaving)
