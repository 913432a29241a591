"""A report as JUnit XML, which every continuous integration reads."""

from xml.etree import ElementTree

from bifente.conformance.case import SUITES
from bifente.conformance.model import Outcome, Report, Verdict


def junit(report: Report) -> str:
    """The report as XML: one ``testsuite`` for each suite that ran, one ``testcase`` for each case."""
    root = ElementTree.Element("testsuites", name=f"bifente conform: {report.target}")
    _count(root, report.outcomes)
    for suite in SUITES:
        outcomes = [outcome for outcome in report.outcomes if outcome.suite == suite]
        if not outcomes:
            continue
        element = ElementTree.SubElement(root, "testsuite", name=suite, timestamp=report.date)
        _count(element, outcomes)
        for outcome in outcomes:
            _case(element, outcome)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _count(element: ElementTree.Element, outcomes: list[Outcome]) -> None:
    verdicts = [outcome.verdict for outcome in outcomes]
    element.set("tests", str(len(verdicts)))
    element.set("failures", str(verdicts.count(Verdict.FAILED)))
    element.set("skipped", str(verdicts.count(Verdict.SKIPPED)))
    element.set("time", f"{sum(outcome.seconds for outcome in outcomes):.3f}")


def _case(suite: ElementTree.Element, outcome: Outcome) -> None:
    name = outcome.case.partition("/")[2]
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=f"bifente.conformance.{outcome.suite}",
        name=name,
        time=f"{outcome.seconds:.3f}",
    )
    if outcome.verdict is Verdict.SKIPPED:
        ElementTree.SubElement(case, "skipped", message=_text(outcome.reason))
    elif outcome.verdict is Verdict.FAILED:
        failure = ElementTree.SubElement(case, "failure", message=_text(outcome.reason))
        lines = [
            f"{outcome.title} ({outcome.clause})",
            *(f"{s.where}: {s.sent} -> {s.came}" for s in outcome.steps),
        ]
        failure.text = _text("\n".join(lines))


def _text(text: str) -> str:
    """Only characters that XML 1.0 has: a reader's name may hold anything."""
    return "".join(
        character
        if character in "\t\n" or " " <= character <= "\ud7ff" or character >= "\ue000"
        else "\ufffd"
        for character in text
    )
