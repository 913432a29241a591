"""Conformance: what cards and readers promise, as cases that run against any of them, with their reports."""

from bifente.conformance.errors import ConformanceError, Nonconformity, ScriptError
from bifente.conformance.model import Outcome, Report, Verdict, load_report

__all__ = [
    "ConformanceError",
    "Nonconformity",
    "Outcome",
    "Report",
    "ScriptError",
    "Verdict",
    "load_report",
]
