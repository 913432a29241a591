"""The state machines of the surgery, drawn from their tables: a rail for each state, a row for each event."""

from collections.abc import Iterator, Sequence
from enum import Enum

from drawing import COLOURS, HEAD, LEFT, WIDTH, figure, words

from bifente.fse.cabinet.machine import StateMachine, Transition
from bifente.fse.cabinet.states import LOT, SHEET

_ROW, _NAMES, _SLANT = 26, 130, 42
"""How high a row is, how wide the names of the events are, and what the name of the last state takes beyond its rail."""

AnyMachine = StateMachine[Enum, Enum]
Way = tuple[Enum, Enum, tuple[Enum | None, ...], tuple[str, ...]]
"""Event, state after it, states before it (None: not in the store), what comes with it."""


def ways(lines: Sequence[Transition[Enum, Enum]]) -> list[Way]:
    """The lines of a table that have event, end and effects in common, as one row each."""
    rows: dict[tuple[Enum, Enum, tuple[str, ...]], list[Enum | None]] = {}
    for line in lines:
        effects = tuple(effect.value for effect in line.effects)
        # what comes back to where it was is a row of its own
        rows.setdefault((line.event, line.after, effects), []).append(line.before)
    return [(event, after, tuple(before), effects) for (event, after, effects), before in rows.items()]


def ladder(title: str, machine: AnyMachine) -> str:
    """The figure: from each state before an event a line to the state after it, which has the larger dot."""
    states = list(type(machine.transitions[0].after))
    gap = (WIDTH - 2 * LEFT - _NAMES - _SLANT) / (len(states) - 1)
    at = {state: LEFT + _NAMES + place * gap for place, state in enumerate(states)}
    rows = ways(machine.transitions)
    top = HEAD + 10
    end = top + len(rows) * _ROW
    parts = []
    for state in states:
        parts.append(words(at[state] + 2, HEAD - 4, str(state.value), "small", -42))
        parts.append(
            f'<line class="rail" x1="{at[state]:g}" y1="{HEAD}" x2="{at[state]:g}" y2="{end - 8:g}"/>'
        )
    for number, (event, after, before, _) in enumerate(rows):
        y = top + number * _ROW + 8
        colour = COLOURS[states.index(after) % len(COLOURS)]
        parts.append(words(LEFT, y + 4, str(event.value), "small"))
        reached = [at[one] for one in before if one is not None] + [at[after]]
        if None in before:
            reached.append(LEFT + _NAMES - 18)
        parts.append(f'<path class="road" stroke="{colour}" d="M{min(reached):g} {y:g}H{max(reached):g}"/>')
        parts += (
            f'<circle cx="{at[one]:g}" cy="{y:g}" r="4" fill="{colour}"/>'
            for one in before
            if one is not None and one is not after
        )
        parts.append(f'<circle cx="{at[after]:g}" cy="{y:g}" r="7" fill="{colour}"/>')
    return figure(title, end, parts)


def table(machine: AnyMachine) -> Iterator[str]:
    """The same in Markdown."""
    yield "| event | from | to | with it |"
    yield "|---|---|---|---|"
    for event, after, before, effects in ways(machine.transitions):
        names = ", ".join("–" if one is None else str(one.value) for one in before)
        yield f"| {event.value} | {names} | {after.value} | {'; '.join(effects)} |"


def figures() -> Iterator[tuple[str, str]]:
    """Name and content of the figures and the tables."""
    for machine in (SHEET, LOT):
        yield f"states-{machine.subject}.svg", ladder(f"The life of a {machine.subject}", machine)  # type: ignore[arg-type]
        yield f"states-{machine.subject}.md", "\n".join(table(machine)) + "\n"  # type: ignore[arg-type]
