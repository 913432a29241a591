"""Running cases: which ones, in which order, and what becomes of what they raise."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from time import perf_counter

from bifente import __version__
from bifente.apdu.link import LinkError
from bifente.conformance.case import SUITES, Bench, ConformanceCase
from bifente.conformance.errors import CannotRun, ConformanceError, Nonconformity
from bifente.conformance.model import Outcome, Report, Verdict
from bifente.conformance.surroundings import surroundings
from bifente.conformance.target import ConformanceTarget
from bifente.layouts import registry


def all_cases() -> tuple[ConformanceCase, ...]:
    """Every case, suite by suite: the card scripts first, then those written in Python. Raises ScriptError."""
    return _all_cases(registry.kinds())


@cache
def _all_cases(known: tuple[str, ...]) -> tuple[ConformanceCase, ...]:
    from bifente.conformance.cases import cps, lengths, readers, sessions, vitale, vitale1
    from bifente.conformance.pcsc import buffers, contexts, events, sharing
    from bifente.conformance.script import shipped_scripts
    from bifente.conformance.scriptrun import cases_of

    found = [case for script in shipped_scripts() for case in cases_of(script)]
    for module in (readers, lengths, buffers, contexts, sharing, events, cps, vitale, vitale1, sessions):
        found += module.CASES.cases(known)
    found.sort(key=lambda case: SUITES.index(case.suite))
    names = [case.id for case in found]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ConformanceError(f"cases of the same name: {', '.join(sorted(twice))}")
    return tuple(found)


def chosen(
    suites: Iterable[str] = (), kinds: Iterable[str] = (), names: Iterable[str] = ()
) -> list[ConformanceCase]:
    """The cases of *suites* that concern *kinds* and whose name contains one of *names*; empty means all.

    Raises ConformanceError for an unknown suite.
    """
    suites, kinds, names = set(suites), set(kinds), tuple(names)
    unknown = suites - set(SUITES)
    if unknown:
        raise ConformanceError(
            f"there is no suite {', '.join(sorted(unknown))}", hint=f"the suites are {', '.join(SUITES)}"
        )
    return [
        case
        for case in all_cases()
        if (not suites or case.suite in suites)
        and (not kinds or not case.kinds or kinds & set(case.kinds))
        and (not names or any(name in case.id for name in names))
    ]


def run_case(case: ConformanceCase, target: ConformanceTarget) -> Outcome:
    """The verdict on one case. Never raises but for an interruption: what a case raises is its verdict."""

    def outcome(verdict: Verdict, reason: str = "") -> Outcome:
        return Outcome(
            case.id,
            case.suite,
            case.title,
            case.clause,
            verdict,
            reason,
            round(perf_counter() - begin, 6),
            tuple(bench.steps),
        )

    begin = perf_counter()
    bench = Bench(target)
    missing = case.missing(target)
    if missing is not None:
        return outcome(Verdict.SKIPPED, missing)
    try:
        with bench:
            case.run(bench)
    except CannotRun as why:
        return outcome(Verdict.SKIPPED, str(why))
    except Nonconformity as complaint:
        return outcome(Verdict.FAILED, str(complaint))
    except LinkError as error:
        return outcome(Verdict.FAILED, f"the link failed: {error}")
    except Exception as error:  # noqa: BLE001 - a card that makes the terminal side stumble is not conforming
        return outcome(Verdict.FAILED, f"unexpected {type(error).__name__}: {error}")
    return outcome(Verdict.PASSED)


def run(
    cases: Sequence[ConformanceCase],
    target: ConformanceTarget,
    *,
    told: Callable[[Outcome], None] | None = None,
    stop_at_failure: bool = False,
) -> Report:
    """Run *cases* on *target*; *told* hears of each verdict as it falls."""
    report = Report(
        target.name,
        __version__,
        datetime.now(UTC).isoformat(timespec="seconds"),
        environment=surroundings(target),
    )
    for case in cases:
        outcome = run_case(case, target)
        report.outcomes.append(outcome)
        if told is not None:
            told(outcome)
        if stop_at_failure and outcome.verdict is Verdict.FAILED:
            break
    return report
