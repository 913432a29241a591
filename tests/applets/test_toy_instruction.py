"""An instruction is added by one value: its code, its request and what it does."""

from typing import NamedTuple

import pytest
from issued import issued

from bifente.apdu.command import CommandAPDU
from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets import SmartCard
from bifente.applets.families import family_of
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.instruction import Instruction, table
from bifente.applets.kernel.refusals import require
from bifente.layouts.access import Pin


class CountRequest(NamedTuple):
    """Count the files whose identifier begins with ``first``."""

    first: int


def _request(apdu: CommandAPDU) -> CountRequest:
    if apdu.p2:
        raise CardError(SW.INCORRECT_P1_P2, Why("synthetic", "P2 is {}, not 00", (apdu.p2,)))
    return CountRequest(apdu.p1)


def _count(card: SmartCard, request: CountRequest) -> bytes:
    require("COUNT FILES", "the card", Pin(1), card.proven)
    return bytes((sum(fid >> 8 == request.first for fid in card.channel.directory.by_fid),))


COUNT_FILES = Instruction(0x50, "COUNT FILES", _request, _count)


@pytest.fixture
def card() -> SmartCard:
    """A CPS3 that has one instruction more."""
    given, family = issued("gp"), family_of("cps3")
    more = table((*family.instructions().values(), COUNT_FILES))
    made = SmartCard(given.store, family.layout, more)
    made.power_on()
    return made


def answer(card: SmartCard, command: str) -> str:
    return card.transmit(bytes.fromhex(command)).hex().upper()


def test_it_is_dispatched_refused_and_explained(card: SmartCard) -> None:
    assert answer(card, "0050D0000100"[:10]) == "6982"
    assert card.last_refusal is not None
    assert "COUNT FILES" in str(card.last_refusal.why)
    assert answer(card, "0020000104 31323334") == "9000"
    assert answer(card, "0050D00000") == "019000"
    assert answer(card, "0050D00100") == "6A86"
    assert answer(card, "1050D00000") == "6884"


def test_a_code_is_taken_once() -> None:
    with pytest.raises(ValueError, match="50"):
        table((COUNT_FILES, COUNT_FILES))
