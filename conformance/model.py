"""Verdicts and reports: what a run found, as values that JSON can carry."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from bifente.conformance.errors import ConformanceError

FORMAT: Final = "bifente-conformance/1"


class Verdict(StrEnum):
    """How a case ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done in a case: ``where`` (slot or handle), what was sent or called, what came back.

    Both are text already masked: neither PIN nor personal data stands in them.
    """

    where: str
    sent: str
    came: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on one case. ``reason`` says why it failed or could not run; empty when it passed."""

    case: str
    suite: str
    title: str
    clause: str
    verdict: Verdict
    reason: str = ""
    seconds: float = 0.0
    steps: tuple[Step, ...] = ()


@dataclass(slots=True)
class Report:
    """A whole run against one target."""

    target: str
    version: str
    date: str
    outcomes: list[Outcome] = field(default_factory=list)
    measured: dict[str, str] = field(default_factory=dict)
    """Latency and throughput by name, with their unit."""

    def count(self, verdict: Verdict) -> int:
        """How many cases ended so."""
        return sum(outcome.verdict is verdict for outcome in self.outcomes)

    @property
    def failures(self) -> list[Outcome]:
        """The cases that failed."""
        return [outcome for outcome in self.outcomes if outcome.verdict is Verdict.FAILED]

    def dumps(self) -> str:
        """The report as JSON (format ``bifente-conformance/1``)."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"


def load_report(path: Path) -> Report:
    """Read a report that ``bifente conform --json`` wrote. Raises ConformanceError, OSError."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if value.pop("format") != FORMAT:
            raise ConformanceError(f"{path}: another format than {FORMAT}")
        outcomes = [_outcome(item) for item in value.pop("outcomes")]
        report = Report(**value)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ConformanceError(
            f"{path}: this is no conformance report", hint="make one: bifente conform --json FILE"
        ) from None
    report.outcomes = outcomes
    return report


def _outcome(item: dict[str, object]) -> Outcome:
    steps = item.pop("steps")
    verdict = Verdict(str(item.pop("verdict")))
    assert isinstance(steps, list)
    return Outcome(verdict=verdict, steps=tuple(Step(**step) for step in steps), **item)  # type: ignore[arg-type]  # TypeError when it does not fit


def summary(outcomes: Iterable[Outcome]) -> str:
    """``312 passed, 0 failed, 4 not run``."""
    found = [outcome.verdict for outcome in outcomes]
    return (
        f"{found.count(Verdict.PASSED)} passed, {found.count(Verdict.FAILED)} failed,"
        f" {found.count(Verdict.SKIPPED)} not run"
    )
