"""The suites against emulated cards in this process: all pass, and what cannot run says why."""

from collections.abc import Iterator
from dataclasses import replace
from threading import Event

import pytest

from bifente.conformance.case import SUITES, Bench, ConformanceCase, Need, same, within
from bifente.conformance.engine import all_cases, chosen, run, run_case
from bifente.conformance.errors import ConformanceError, Nonconformity
from bifente.conformance.model import Verdict
from bifente.conformance.target import ConformanceTarget, InProcessTarget, require_serial, serial_of
from bifente.workbench.cards.maker import CardMaker
from bifente.workbench.targets import emulated_cards, in_process


@pytest.fixture(scope="module")
def maker() -> CardMaker:
    return CardMaker()


@pytest.fixture
def target(maker: CardMaker) -> Iterator[ConformanceTarget]:
    with in_process(emulated_cards(maker)) as made:
        yield made


def real(target: ConformanceTarget, **changes: object) -> ConformanceTarget:
    """The same cards, taken for those of a person."""
    assert isinstance(target, InProcessTarget)
    target.cards = {
        kind: replace(card, real=True, **changes)  # type: ignore[arg-type]
        for kind, card in target.cards.items()
    }
    target.destructive = False
    target.hands = None
    return target


@pytest.mark.parametrize("suite", SUITES)
def test_emulated_cards_pass(target: ConformanceTarget, suite: str) -> None:
    report = run(chosen([suite]), target)
    assert [(outcome.case, outcome.reason) for outcome in report.failures] == []
    assert report.count(Verdict.PASSED) >= 20
    reasons = {outcome.reason for outcome in report.outcomes if outcome.verdict is Verdict.SKIPPED}
    assert reasons <= {f"needs {Need.PCSC}"}


def test_every_suite_passes_twice_on_the_same_cards(target: ConformanceTarget) -> None:
    """Whatever a case changes it puts back."""
    assert run(all_cases(), target).failures == []
    assert run(tuple(reversed(all_cases())), target).failures == []


def test_each_case_names_its_clause_and_stands_in_a_suite() -> None:
    cases = all_cases()
    assert len(cases) > 350
    assert all(case.clause and case.title and case.suite in SUITES for case in cases)
    assert all(case.id.startswith(f"{case.suite}/") for case in cases)


def test_nothing_is_consumed_or_shown_of_a_real_card(target: ConformanceTarget) -> None:
    """A real card without PIN: no try is spent, no PIN presented, and what it holds is not in the report."""
    personal = b"PERRIN".hex().upper()
    shown = run(chosen(["vitale"]), target).dumps()
    assert personal in shown.upper()
    report = run(all_cases(), real(target, pin=None, puk=None))
    assert report.failures == []
    text = report.dumps()
    assert personal not in text.upper()
    needed = [outcome.reason for outcome in report.outcomes if outcome.verdict is Verdict.SKIPPED]
    assert f"needs {Need.DESTRUCTIVE}" in needed
    assert f"needs {Need.PIN}" in needed
    assert f"needs {Need.KNOWN}" in needed
    assert "002000010431323334" not in text
    sent = [step.sent for outcome in report.outcomes for step in outcome.steps]
    assert not [
        command
        for command in sent
        if command.startswith(("0024", "002C", "00D6")) and len(command) > 10 and "*" in command
    ]


def test_a_pin_never_stands_in_a_report(target: ConformanceTarget) -> None:
    text = run(chosen(["cps", "terminal"]), target).dumps()
    assert (
        "31323334" not in text.replace("00240001", "").replace("0431323334", "")
        or "002000010431323334" not in text
    )
    assert "0020000104********" in text


def test_a_real_card_wants_its_serial(target: ConformanceTarget) -> None:
    assert isinstance(target, InProcessTarget)
    cps = {"cps3": target.cards["cps3"]}
    target.cards = cps
    link = target.link("cps3")
    serial = serial_of(link, "cps3")
    link.close()
    real(target)
    with pytest.raises(ConformanceError, match="serial number is given"):
        require_serial(target, None)
    with pytest.raises(ConformanceError, match="not the card 00000000"):
        require_serial(target, "00000000")
    require_serial(target, serial)


def test_emulated_cards_want_none(target: ConformanceTarget) -> None:
    require_serial(target, None)


def test_a_card_that_is_not_there(maker: CardMaker) -> None:
    with in_process(emulated_cards(maker, ("vitale2",))) as target:
        report = run(chosen(["cps"]), target)
    assert {outcome.verdict for outcome in report.outcomes} == {Verdict.SKIPPED}
    assert {outcome.reason for outcome in report.outcomes} == {
        "needs a card of kind cps3",
        "needs a card of kind cps4",
    }


def _case(run_: object) -> ConformanceCase:
    return ConformanceCase("cps/x", "cps", "x", "none", (), frozenset(), run_)  # type: ignore[arg-type]


def test_what_a_case_raises_is_its_verdict(target: ConformanceTarget) -> None:
    def stumbles(bench: Bench) -> None:
        raise KeyError("x")

    def complains(bench: Bench) -> None:
        same(1, 2, "the figure")

    assert run_case(_case(stumbles), target).reason == "unexpected KeyError: 'x'"
    outcome = run_case(_case(complains), target)
    assert (outcome.verdict, outcome.reason) == (Verdict.FAILED, "the figure: 1 instead of 2")


def test_a_call_that_does_not_come_back() -> None:
    never = Event()
    with pytest.raises(Nonconformity, match=r"it has not returned after 0\.01 s"):
        within(0.01, "it", never.wait)
    never.set()


def test_an_unknown_suite_is_refused() -> None:
    with pytest.raises(ConformanceError, match="no suite cards"):
        chosen(["cards"])


def test_cases_are_chosen_by_kind_and_name() -> None:
    assert all(case.kinds == () or "vitale2" in case.kinds for case in chosen(kinds=["vitale2"]))
    assert [case.id for case in chosen(names=["pin-verify"])] == ["cps/pin-verify"]
