"""The tables of states: what they allow, what they refuse, and that they hang together."""

import pytest

from bifente.fse.cabinet.errors import EventRefused
from bifente.fse.cabinet.machine import StateEffect, StateMachine, Transition
from bifente.fse.cabinet.states import (
    ANSWERED,
    LOT,
    SHEET,
    SHEETS_OF,
    LotEvent,
    LotState,
    SheetEvent,
    SheetState,
)


@pytest.mark.parametrize("machine", [SHEET, LOT], ids=["sheet", "lot"])
def test_every_state_is_reached_and_every_event_used(machine: StateMachine) -> None:
    lines = machine.transitions
    states, events = type(lines[0].after), type(lines[0].event)
    reached: set[object] = {None}
    for _ in states:
        reached |= {line.after for line in lines if line.before in reached}
    assert reached == {None, *states}
    assert {line.event for line in lines} == set(events)


def test_what_ends_a_life() -> None:
    assert SHEET.final() == {SheetState.PAID, SheetState.REPLACED, SheetState.WITHDRAWN}
    assert LOT.final() == {LotState.SETTLED, LotState.RELEASED}


def test_a_lot_that_is_awaited_has_a_deadline_and_no_other_has() -> None:
    """Of each way into a state it is known what becomes of the deadline; so none stays by mistake."""
    deadlines = {StateEffect.AWAIT_RETURN, StateEffect.RETRANSMIT_SOON, StateEffect.NO_DEADLINE}
    awaited = {LotState.SENT, LotState.RESENT}
    late = {LotState.REFUSED, LotState.NO_RETURN, LotState.UNDELIVERED}
    for line in LOT.transitions:
        if line.before is line.after:
            continue
        found = deadlines & set(line.effects)
        if line.after in awaited:
            assert found == {StateEffect.AWAIT_RETURN}, line
        elif line.after in late:
            assert found == {StateEffect.RETRANSMIT_SOON}, line
        elif line.before in awaited | late:
            assert found == {StateEffect.NO_DEADLINE}, line


def test_the_sheets_of_a_lot_can_follow_it() -> None:
    """Where a lot goes, a sheet in the same state can go by the event that belongs to it."""
    same = {
        state: SheetState(state.value)
        for state in LotState
        if state.value in {one.value for one in SheetState}
    }
    for line in LOT.transitions:
        if (
            StateEffect.SHEETS_FOLLOW not in line.effects
            or line.event is LotEvent.RELEASE
            or line.before not in same
        ):
            continue
        if line.before is line.after:
            continue
        way = SHEET.step(same[line.before], SHEETS_OF[line.event])
        assert way.after is same[line.after], line


def test_processing_means_to_wait() -> None:
    assert LOT.find(LotState.PROCESSING, LotEvent.RETRANSMIT) is None
    assert LOT.find(LotState.PROCESSING, LotEvent.SILENCE) is None


def test_a_rejected_invoice_goes_again_only_as_another() -> None:
    left = {line.event for line in SHEET.transitions if line.before is SheetState.REJECTED}
    assert left == {SheetEvent.REPLACE}
    assert StateEffect.NEW_NUMBER in SHEET.step(SheetState.REJECTED, SheetEvent.REPLACE).effects
    assert {SheetState.REJECTED, SheetState.REPLACED, SheetState.PAID} <= ANSWERED


def test_an_event_that_does_not_fit_is_refused_with_what_would() -> None:
    with pytest.raises(EventRefused) as refused:
        SHEET.step(SheetState.PAID, SheetEvent.PUT_IN_LOT, "sheet n° 000000012")
    assert (
        str(refused.value)
        == "sheet n° 000000012 is 'paid': 'put in lot' does not fit; possible: nothing more"
    )
    with pytest.raises(EventRefused, match="possible: sign, withdraw"):
        SHEET.step(SheetState.PREPARED, SheetEvent.SEND)


def test_a_table_in_which_one_event_goes_two_ways_is_no_table() -> None:
    line = Transition(LotState.MADE, LotEvent.SEND, LotState.SENT)
    with pytest.raises(ValueError, match="two ways"):
        StateMachine("lot", (line, Transition(LotState.MADE, LotEvent.SEND, LotState.RESENT)))
