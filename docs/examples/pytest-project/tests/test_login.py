"""The PIN, in process: no reader, no daemon, a fresh card for each test."""

import pytest
from cabinet.login import Refused, log_in


def test_the_right_pin(cps):
    log_in(cps.link(), "1234")
    assert cps.session().pin_status().verified


def test_a_wrong_pin_tells_the_tries_left(cps, trace):
    with pytest.raises(Refused) as refused:
        log_in(cps.link(), "9999")
    assert refused.value.tries_left == 2
    assert trace.commands == ["0020000104********"]  # a trace shows no PIN


def test_a_blocked_card(blocked_cps):
    with pytest.raises(Refused, match="card blocked"):
        log_in(blocked_cps.link(), "1234")


@pytest.mark.bifente(changes={"pin/01/left": b"\x01"})
def test_the_last_try(cps):
    with pytest.raises(Refused, match="card blocked"):
        log_in(cps.link(), "9999")


@pytest.mark.bifente(cps="nurse")
def test_another_professional(cps):
    assert cps.session().holder().profession == 60
