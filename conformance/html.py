"""Reports as one HTML page: a column for each reader or card, each case with its clause, its APDUs and its verdicts."""

from collections.abc import Sequence
from html import escape
from typing import Final

from bifente.conformance.case import SUITES
from bifente.conformance.model import Outcome, Report, Step, Verdict

_STYLE: Final = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; color: #1b1f24 }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #d5dbe1; padding: .3rem .5rem; text-align: left; vertical-align: top }
td.v { width: 22%; overflow-wrap: anywhere } .clause { color: #57606a; font-size: .85em }
.passed { color: #116329 } .failed { color: #a40e26; font-weight: 600 } .skipped { color: #6e5b00 }
tr.differs { background: #fff6dd }
details { margin-top: .2rem } summary { cursor: pointer; color: #57606a; font-size: .85em }
pre { font: 12px/1.4 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; margin: .3rem 0 }
@media (prefers-color-scheme: dark) {
 body { background: #14181d; color: #dde3ea } th, td { border-color: #333c46 } tr.differs { background: #3a3216 }
 .passed { color: #5ac67d } .failed { color: #ff8a98 } .skipped { color: #d8bd4c } .clause, summary { color: #9aa6b2 }
}
"""

_WORDS: Final = {Verdict.PASSED: "✓ passed", Verdict.FAILED: "✗ failed", Verdict.SKIPPED: "– not run"}


def page(reports: Sequence[Report]) -> str:
    """One page, without anything from the network. Cases whose verdicts differ are marked."""
    names = [report.target for report in reports]
    title = "Conformance: " + " · ".join(names)
    body = [f"<h1>{escape(title)}</h1>", _summary(reports)]
    for suite in SUITES:
        rows = _rows(reports, suite)
        if rows:
            heads = "".join(f"<th>{escape(name)}</th>" for name in names)
            body.append(f"<h2>{suite}</h2>\n<table>\n<tr><th>case</th>{heads}</tr>\n{rows}</table>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _summary(reports: Sequence[Report]) -> str:
    lines = [
        f"<tr><td>{escape(report.target)}</td><td>{escape(report.date)}</td><td>{escape(report.version)}</td>"
        + "".join(
            f'<td class="{verdict if report.count(verdict) else ""}">{report.count(verdict)}</td>'
            for verdict in Verdict
        )
        + "</tr>"
        for report in reports
    ]
    table = (
        "<table>\n<tr><th>target</th><th>date</th><th>bifente</th><th>passed</th><th>failed</th><th>not run</th></tr>\n"
        + "\n".join(lines)
        + "\n</table>"
    )
    measures = list(dict.fromkeys(name for report in reports for name in report.measured))
    if not measures:
        return table
    heads = "".join(f"<th>{escape(report.target)}</th>" for report in reports)
    rows = "\n".join(
        f"<tr><td>{escape(name)}</td>"
        + "".join(f"<td>{escape(report.measured.get(name, '–'))}</td>" for report in reports)
        + "</tr>"
        for name in measures
    )
    return f"{table}\n<h2>latency and throughput</h2>\n<table>\n<tr><th></th>{heads}</tr>\n{rows}\n</table>"


def _rows(reports: Sequence[Report], suite: str) -> str:
    found = [
        {outcome.case: outcome for outcome in report.outcomes if outcome.suite == suite} for report in reports
    ]
    cases = list(dict.fromkeys(case for column in found for case in column))
    return "".join(_row(case, [column.get(case) for column in found]) for case in cases)


def _row(case: str, outcomes: list[Outcome | None]) -> str:
    known = next(outcome for outcome in outcomes if outcome is not None)
    verdicts = {outcome.verdict if outcome else None for outcome in outcomes}
    mark = ' class="differs"' if len(verdicts) > 1 else ""
    cells = "".join(f'<td class="v">{_cell(outcome)}</td>' for outcome in outcomes)
    return (
        f'<tr{mark}><td>{escape(known.title)} <span class="clause">{escape(case)}<br>{escape(known.clause)}</span></td>'
        f"{cells}</tr>\n"
    )


def _cell(outcome: Outcome | None) -> str:
    if outcome is None:
        return '<span class="skipped">– not chosen</span>'
    said = f'<span class="{outcome.verdict}">{_WORDS[outcome.verdict]}</span>'
    if outcome.reason:
        said += f"<br>{escape(outcome.reason)}"
    if outcome.steps:
        said += f"<details><summary>{len(outcome.steps)} {'step' if len(outcome.steps) == 1 else 'steps'}</summary><pre>{_steps(outcome.steps)}</pre></details>"
    return said


def _steps(steps: Sequence[Step]) -> str:
    return "\n".join(escape(f"{step.where}  {step.sent}\n  → {step.came}") for step in steps)
