"""The cases as pytest tests: ``pytest --pyargs bifente.conformance``, with the options of bifente's pytest plugin."""

import pytest

from bifente.conformance.case import ConformanceCase
from bifente.conformance.engine import chosen, run_case
from bifente.conformance.model import Verdict
from bifente.conformance.target import ConformanceTarget


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each case of the suites that ``--suite`` names."""
    if "case" in metafunc.fixturenames:
        suites: list[str] = metafunc.config.getoption("bifente_suites", None) or []
        cases = chosen(suites)
        metafunc.parametrize("case", cases, ids=[case.id for case in cases])


def test_conformance(case: ConformanceCase, conformance_target: ConformanceTarget) -> None:
    """One case; its clause, and the steps up to the failure, are in the failure's text."""
    outcome = run_case(case, conformance_target)
    if outcome.verdict is Verdict.SKIPPED:
        pytest.skip(outcome.reason)
    if outcome.verdict is Verdict.FAILED:
        steps = "\n".join(f"  {step.where}: {step.sent} -> {step.came}" for step in outcome.steps)
        pytest.fail(f"{outcome.reason}\n{outcome.title} ({outcome.clause})\n{steps}", pytrace=False)
