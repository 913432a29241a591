"""Conformance runs: against which target, which cases, and several reports side by side."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.conformance.case import ConformanceCase
    from bifente.conformance.model import Outcome, Report
    from bifente.conformance.target import ConformanceTarget


def kinds_in(slots: Sequence[str], kinds: Sequence[str] = ()) -> tuple[str, ...]:
    """The kinds of the emulated cards in *slots* (name, part of it, or number), all without any; of *kinds* only.

    Raises ReaderError.
    """
    from bifente.reader.choose import choose
    from bifente.workbench.targets import slots as slots_of_kinds

    places = slots_of_kinds()
    wanted = {list(places)[choose("slot", slot, list(places.values()))] for slot in slots}
    return tuple(kind for kind in places if (not kinds or kind in kinds) and (not slots or kind in wanted))


@contextmanager
def emulated_target(kinds: tuple[str, ...], *, socket: bool) -> "Iterator[ConformanceTarget]":
    """Fresh cards of those kinds, in this process or behind a *socket*. Raises WorkbenchError without pyscard."""
    from bifente.reader.pyscard import CURE
    from bifente.workbench.cards.maker import CardMaker
    from bifente.workbench.targets import emulated_cards, in_process, over_socket

    cards = emulated_cards(CardMaker(), kinds)
    if not socket:
        with in_process(cards) as target:
            yield target
        return
    try:
        with over_socket(cards) as target:
            yield target
    except ImportError as error:
        raise WorkbenchError("PC/SC needs pyscard", hint=CURE) from error


def real_target(
    readers: Sequence[str],
    kinds: Sequence[str],
    serial: str | None,
    *,
    slots: Sequence[str] = (),
    emulated: bool = False,
    destructive: bool = False,
    pin: bytes | None = None,
    puk: bytes | None = None,
) -> "ConformanceTarget":
    """The cards in those PC/SC readers (``bifente.conformance.detect``). Raises WorkbenchError without pyscard."""
    from bifente.reader.pyscard import CURE

    try:
        from bifente.conformance.detect import pcsc_target
    except ImportError as error:
        raise WorkbenchError("PC/SC needs pyscard", hint=CURE) from error
    return pcsc_target(
        readers, kinds, serial, slots=slots, emulated=emulated, destructive=destructive, pin=pin, puk=puk
    )


def run_cases(
    cases: "list[ConformanceCase]",
    target: "ConformanceTarget",
    *,
    measured: bool,
    told: "Callable[[Outcome], None]",
) -> "Report":
    """Run *cases* on *target*; *told* hears of each outcome. With *measured* also what has no verdict, only a figure."""
    from bifente.conformance.case import Bench
    from bifente.conformance.cases.readers import measure
    from bifente.conformance.engine import run

    report = run(cases, target, told=told)
    if measured:
        for kind in target.cards:
            report.measured |= measure(Bench(target), kind)
    return report


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The verdicts of several reports: all by case, and those that are passed in one and failed in another."""

    reports: "tuple[Report, ...]"
    verdicts: dict[str, list[str]]
    differing: dict[str, list[str]]

    @property
    def partly(self) -> int:
        """How many cases were not run everywhere."""
        return sum(len(set(found)) > 1 for found in self.verdicts.values()) - len(self.differing)


def side_by_side(paths: Sequence[Path]) -> SideBySide:
    """Put the reports in those files side by side. Raises ConformanceError, DocumentError."""
    from bifente.conformance.model import load_report

    loaded = [load_report(path) for path in paths]
    verdicts: dict[str, list[str]] = {}
    for number, report in enumerate(loaded):
        for outcome in report.outcomes:
            verdicts.setdefault(outcome.case, ["not chosen"] * len(loaded))[number] = str(outcome.verdict)
    differing = {case: found for case, found in verdicts.items() if {"passed", "failed"} <= set(found)}
    return SideBySide(tuple(loaded), verdicts, differing)
