"""Verdicts and reports: what a run found, as values that JSON can carry."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from bifente.conformance.errors import ConformanceError, NotAReport
from bifente.documents import DocumentError, DocumentTooLong, Fields, NotADocument, read_json

FORMAT: Final = "bifente-conformance/1"
MAX_REPORT: Final = 64 << 20
"""Bytes of a report that is read: a whole run with its steps has less than one MiB."""


class Verdict(StrEnum):
    """How a case ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class CaseStep:
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
    steps: tuple[CaseStep, ...] = ()


@dataclass(slots=True)
class Report:
    """A whole run against one target."""

    target: str
    version: str
    date: str
    outcomes: list[Outcome] = field(default_factory=list)
    measured: dict[str, str] = field(default_factory=dict)
    """Latency and throughput by name, with their unit."""
    environment: dict[str, str] = field(default_factory=dict)
    """Host, programs, readers and drivers by name; empty in reports of earlier releases."""

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
    """Read a report that ``bifente conform --json-file`` wrote. Raises ConformanceError, DocumentError, OSError."""
    try:
        fields = Fields(read_json(path, MAX_REPORT), str(path))
        if fields.text("format") != FORMAT:
            raise ConformanceError(f"{path}: another format than {FORMAT}")
        report = Report(
            target=fields.text("target"),
            version=fields.text("version"),
            date=fields.text("date"),
            outcomes=[_outcome(item) for item in fields.objects("outcomes")],
            measured=fields.text_map("measured"),
            environment=fields.text_map("environment") if fields.has("environment") else {},
        )
        fields.end()
    except (NotADocument, DocumentTooLong):
        raise
    except DocumentError as error:
        raise NotAReport(f"{error} (not a conformance report)") from None
    return report


def _outcome(fields: Fields) -> Outcome:
    name = fields.text("verdict")
    if name not in set(Verdict):
        fields.refuse(f"one of {', '.join(Verdict)} was expected", "verdict")
    outcome = Outcome(
        case=fields.text("case"),
        suite=fields.text("suite"),
        title=fields.text("title"),
        clause=fields.text("clause"),
        verdict=Verdict(name),
        reason=fields.text("reason"),
        seconds=fields.number("seconds"),
        steps=tuple(_report_step(step) for step in fields.objects("steps")),
    )
    fields.end()
    return outcome


def _report_step(fields: Fields) -> CaseStep:
    step = CaseStep(fields.text("where"), fields.text("sent"), fields.text("came"))
    fields.end()
    return step


def summary(outcomes: Iterable[Outcome]) -> str:
    """``312 passed, 0 failed, 4 not run``."""
    found = [outcome.verdict for outcome in outcomes]
    return (
        f"{found.count(Verdict.PASSED)} passed, {found.count(Verdict.FAILED)} failed,"
        f" {found.count(Verdict.SKIPPED)} not run"
    )
