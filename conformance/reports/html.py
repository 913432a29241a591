"""Reports as one HTML page: what failed first, then a column for each reader or card, each case with its APDUs.

The page needs nothing from elsewhere. It is complete without its script, which only hides rows.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from bifente.conformance.case import SUITES
from bifente.conformance.model import CaseStep, Outcome, Report, Verdict
from bifente.conformance.reports.pagestyle import SCRIPT, STYLE
from bifente.documents.visible import escaped

_WORDS: Final = {Verdict.PASSED: "✓ passed", Verdict.FAILED: "✗ failed", Verdict.SKIPPED: "– not run"}
_SHOWN: Final[tuple[tuple[str, str], ...]] = (
    ("all", "all"),
    ("failed", "failed"),
    ("skipped", "not run"),
    ("passed", "passed"),
    ("differs", "differing"),
)


def page(reports: Sequence[Report]) -> str:
    """One page. Cases whose verdicts differ are marked; those that failed stand at the top, too."""
    names = [report.target for report in reports]
    title = "Conformance: " + " · ".join(names)
    suites = [(suite, rows) for suite in SUITES if (rows := list(_rows(reports, suite)))]
    body = [
        f"<header><h1>{escaped(title)}</h1>{_banner(reports)}</header>",
        _failures(reports),
        _filter(reports, [suite for suite, _ in suites]),
    ]
    heads = "".join(f"<th>{escaped(name)}</th>" for name in names)
    for suite, rows in suites:
        body.append(
            f'<section class="suite" id="suite-{suite}"><h2>{suite} <span class="count">{len(rows)} cases</span></h2>\n'
            f"<table>\n<thead><tr><th>case</th>{heads}</tr></thead>\n<tbody>\n{''.join(rows)}</tbody></table></section>"
        )
    body += [_measures(reports), _surroundings(reports)]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f"<title>{escaped(title)}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(part for part in body if part)
        + f"\n<script>{SCRIPT}</script>\n</body></html>\n"
    )


def _banner(reports: Sequence[Report]) -> str:
    """One card for each report: the verdict, the counts, when and by what."""
    cards = []
    for report in reports:
        failed = report.count(Verdict.FAILED)
        verdict = f"{failed} of {len(report.outcomes)} failed" if failed else "everything that ran is kept"
        counts = " · ".join(
            f'<b class="{verdict_}">{report.count(verdict_)}</b> {word}'
            for verdict_, word in (
                (Verdict.FAILED, "failed"),
                (Verdict.PASSED, "passed"),
                (Verdict.SKIPPED, "not run"),
            )
        )
        passed, ran = report.count(Verdict.PASSED), len(report.outcomes) or 1
        bar = (
            f'<div class="bar" role="img" aria-label="{escaped(verdict)}">'
            f'<i class="bad" style="width:{100 * failed / ran:.2f}%"></i>'
            f'<i class="good" style="width:{100 * passed / ran:.2f}%"></i></div>'
        )
        cards.append(
            f'<div class="card {"bad" if failed else "good"}"><h2>{escaped(report.target)}</h2>'
            f'<p class="verdict">{escaped(verdict)}</p>{bar}<p>{counts}</p>'
            f'<p class="quiet">{escaped(report.date)} · bifente {escaped(report.version)}'
            + "".join(
                f"<br>{escaped(name)}: {escaped(value)}"
                for name, value in report.environment.items()
                if name == "host" or name.startswith("driver")
            )
            + "</p></div>"
        )
    return f'<div class="cards">{"".join(cards)}</div>'


def _failures(reports: Sequence[Report]) -> str:
    """Each failure with its reason and a link to its row."""
    items = [
        f'<li><a href="#{_anchor(outcome.case)}">{escaped(outcome.case)}</a> '
        + (f'<span class="target">{escaped(report.target)}</span> ' if len(reports) > 1 else "")
        + f'{escaped(outcome.title)}<br><span class="failed">{"<br>".join(map(escaped, outcome.reason.splitlines()))}</span> '
        f'<span class="clause">{escaped(outcome.clause)}</span></li>'
        for report in reports
        for outcome in report.failures
    ]
    if not items:
        return ""
    return f'<section class="failures"><h2>What failed</h2><ol>{"".join(items)}</ol></section>'


def _filter(reports: Sequence[Report], suites: Sequence[str]) -> str:
    shown = [one for one in _SHOWN if one[0] != "differs" or len(reports) > 1]
    buttons = "".join(
        f'<button type="button" data-show="{kind}" aria-pressed="{"true" if kind == "all" else "false"}">{word}</button>'
        for kind, word in shown
    )
    links = "".join(f'<a href="#suite-{suite}">{suite}</a>' for suite in suites)
    return (
        f'<nav class="tools"><span class="links">{links}</span><span class="filter" hidden>'
        '<input type="search" placeholder="case, clause, status word…" aria-label="Filter the cases">'
        f'{buttons}<output aria-live="polite"></output></span></nav>'
    )


def _rows(reports: Sequence[Report], suite: str) -> Iterator[str]:
    """The rows of a suite, those with a failure first."""
    found = [
        {outcome.case: outcome for outcome in report.outcomes if outcome.suite == suite} for report in reports
    ]
    cases = dict.fromkeys(case for column in found for case in column)
    rows = [(case, [column.get(case) for column in found]) for case in cases]
    rows.sort(key=lambda row: not any(one is not None and one.verdict is Verdict.FAILED for one in row[1]))
    for case, outcomes in rows:
        yield _row(case, outcomes)


def _row(case: str, outcomes: list[Outcome | None]) -> str:
    known = next(outcome for outcome in outcomes if outcome is not None)
    kinds = {str(outcome.verdict) if outcome else "absent" for outcome in outcomes}
    classes = sorted(kinds) + (["differs"] if len(kinds) > 1 else [])
    anchor = _anchor(case)
    cells = "".join(f'<td class="v">{_cell(outcome)}</td>' for outcome in outcomes)
    return (
        f'<tr id="{anchor}" class="{" ".join(classes)}"><td>{escaped(known.title)}'
        f'<br><a class="case" href="#{anchor}">{escaped(case)}</a> <span class="clause">{escaped(known.clause)}</span></td>'
        f"{cells}</tr>\n"
    )


def _anchor(case: str) -> str:
    return "case-" + "".join(one if one.isascii() and one.isalnum() else "-" for one in case)


def _cell(outcome: Outcome | None) -> str:
    if outcome is None:
        return '<span class="skipped">– not chosen</span>'
    said = f'<span class="{outcome.verdict}">{_WORDS[outcome.verdict]}</span>'
    if outcome.reason:
        said += f' <span class="reason">{"<br>".join(map(escaped, outcome.reason.splitlines()))}</span>'
    if outcome.steps:
        opened = " open" if outcome.verdict is Verdict.FAILED else ""
        count = f"{len(outcome.steps)} {'step' if len(outcome.steps) == 1 else 'steps'}"
        said += f"<details{opened}><summary>{count}</summary>{_steps(outcome.steps)}</details>"
    return said


def _steps(steps: Sequence[CaseStep]) -> str:
    lines = "".join(
        f"<li><span>{escaped(step.where)}</span> <code>{escaped(step.sent)}</code><br>→ <code>{escaped(step.came)}</code></li>"
        for step in steps
    )
    return f'<ol class="steps">{lines}</ol>'


def _measures(reports: Sequence[Report]) -> str:
    return _facts("Latency and throughput", reports, [report.measured for report in reports])


def _surroundings(reports: Sequence[Report]) -> str:
    return _facts("Host, reader and driver", reports, [report.environment for report in reports])


def _facts(title: str, reports: Sequence[Report], facts: Sequence[dict[str, str]]) -> str:
    names = list(dict.fromkeys(name for one in facts for name in one))
    if not names:
        return ""
    heads = "".join(f"<th>{escaped(report.target)}</th>" for report in reports)
    rows = "".join(
        f"<tr><th scope=row>{escaped(name)}</th>"
        + "".join(f"<td>{escaped(one.get(name, '–'))}</td>" for one in facts)
        + "</tr>\n"
        for name in names
    )
    return (
        f'<section class="facts"><h2>{title}</h2><table>\n<thead><tr><th></th>{heads}</tr></thead>\n'
        f"<tbody>{rows}</tbody></table></section>"
    )
