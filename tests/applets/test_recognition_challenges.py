"""What burns the challenge of a recognition, and what ends it."""

import pytest
from pair import (
    CPS,
    VITALE,
    Terminal,
    card,
    send,
)
from recognitiontests import reads, to_step_3


@pytest.fixture
def terminal() -> Terminal:
    return Terminal(card(CPS), card(VITALE))


REFUSED_UNREAD = [
    ("a P1", "00{ins}010001AA", "6A86"),
    ("a P2", "00{ins}000101AA", "6A86"),
    ("no data", "00{ins}0000", "6700"),
    ("a length that does not add up", "00{ins}000003AAAA", "6700"),
    ("a proprietary class", "80{ins}000001AA", "6E00"),
    ("a logical channel", "01{ins}000001AA", "6881"),
    ("secure messaging", "0C{ins}000001AA", "6985"),
]


@pytest.mark.parametrize(
    ("command", "status"), [row[1:] for row in REFUSED_UNREAD], ids=[row[0] for row in REFUSED_UNREAD]
)
def test_a_token_refused_before_it_is_looked_at_burns_the_challenge(
    terminal: Terminal, command: str, status: str
) -> None:
    to_step_3(terminal)
    signature, _ = terminal.cps_signs()
    assert send(terminal.vitale, command.format(ins="82"))[1] == status
    assert terminal.vitale_verifies(signature)[1] == "6985"


@pytest.mark.parametrize(
    ("command", "status"), [row[1:] for row in REFUSED_UNREAD], ids=[row[0] for row in REFUSED_UNREAD]
)
def test_and_ends_an_earlier_recognition(terminal: Terminal, command: str, status: str) -> None:
    assert terminal.recognise() == "9000"
    assert send(terminal.vitale, command.format(ins="82"))[1] == status
    assert terminal.vitale.proven.recognition is None
    assert reads(terminal.vitale, "2101") == "6982"


@pytest.mark.parametrize(
    ("command", "status"), [row[1:] for row in REFUSED_UNREAD], ids=[row[0] for row in REFUSED_UNREAD]
)
def test_so_does_the_request_for_a_token(terminal: Terminal, command: str, status: str) -> None:
    to_step_3(terminal)
    send(terminal.cps, "002241A4068001E1840183")
    assert send(terminal.cps, command.format(ins="88"))[1] == status
    assert terminal.cps_signs()[1] == "6985"


def test_a_chain_that_is_too_long_burns_the_challenge(terminal: Terminal) -> None:
    to_step_3(terminal)
    signature, _ = terminal.cps_signs()
    block = "10820000FF" + "00" * 255
    assert [send(terminal.vitale, block)[1] for _ in range(258)] == ["9000"] * 257 + ["6700"]
    assert terminal.vitale_verifies(signature)[1] == "6985"


def test_a_broken_chain_burns_the_challenge(terminal: Terminal) -> None:
    to_step_3(terminal)
    signature, _ = terminal.cps_signs()
    assert send(terminal.vitale, "1082000001AA")[1] == "9000"
    assert send(terminal.vitale, "1082000101AA")[1] == "6883"
    assert terminal.vitale_verifies(signature)[1] == "6985"


def test_what_the_host_has_signed_for_itself_burns_nothing(terminal: Terminal) -> None:
    """TLS with key 82 between the challenge and the token, refused and not."""
    to_step_3(terminal)
    assert send(terminal.cps, "002241A406800102840182")[1] == "9000"
    assert send(terminal.cps, "0088010001AA00")[1] == "6A86"
    assert send(terminal.cps, "0088000001AA00")[1] == "9000"
    assert terminal.cps_signs()[1] == "9000"
