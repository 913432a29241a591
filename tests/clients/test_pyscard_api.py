"""pyscard, unmodified and in a process of its own, through libpcsclite and the socket server."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clients import Desk, Ended, Lines, card

from bifente.reader import CPS_SLOT, VITALE_SLOT

PROGRAMS = str(Path(__file__).with_name("pyscard_programs.py"))

SHARING_VIOLATION, RESET_CARD, REMOVED_CARD = "8010000B", "80100068", "80100069"
PROTO_MISMATCH, NO_SMARTCARD = "8010000F", "8010000C"

Start = Callable[[Desk, str], tuple["subprocess.Popen[bytes]", Lines]]


def _run(made: Desk, name: str) -> Ended:
    return made.run(sys.executable, PROGRAMS, name).ok()


@pytest.fixture
def start() -> Iterator[Start]:
    running: list[subprocess.Popen[bytes]] = []

    def started(made: Desk, name: str) -> tuple["subprocess.Popen[bytes]", Lines]:
        program = subprocess.Popen(
            [sys.executable, PROGRAMS, name],
            cwd=made.folder,
            env=made.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        running.append(program)
        return program, Lines(program)

    yield started
    for program in running:
        with program:
            program.kill()


def _go_on(program: "subprocess.Popen[bytes]") -> None:
    assert program.stdin is not None
    program.stdin.write(b"\n")
    program.stdin.flush()


def test_monitoring_tells_readers_and_cards_as_they_come_and_go(desk, start: Start):
    made = desk("gp")
    program, lines = start(made, "monitor")
    lines.until("inserted CPS 3B AC 00 40 2A")
    made.reader.insert(VITALE_SLOT, card("vitale-single"))
    lines.until("inserted Vitale 3B 75 13 00 00 47")
    made.reader.remove(CPS_SLOT)
    lines.until("removed CPS")
    made.reader.insert(CPS_SLOT, card("nurse"))
    lines.until("inserted CPS 3B AC")
    made.reader.remove(VITALE_SLOT)
    lines.until("removed Vitale")
    assert program.stdin is not None
    program.stdin.close()
    lines.until("done")
    assert program.wait(20) == 0


def test_a_request_is_met_by_the_card_that_comes(desk, start: Start):
    made = desk(None, "vitale-single")
    program, lines = start(made, "request")
    lines.until("waiting")
    made.reader.remove(VITALE_SLOT)
    made.reader.insert(VITALE_SLOT, card("vitale-family"))
    made.reader.insert(CPS_SLOT, card("gp"))
    lines.until("3B AC 00 40 2A 00 12 25 00 64 80 00 03 10 00 90 00")
    lines.until("9000")
    assert program.wait(20) == 0


def test_a_request_that_nobody_meets_ends(desk):
    _run(desk("gp"), "no_request").says("^nobody came$")


def test_an_exclusive_connection_keeps_others_out(desk):
    told = _run(desk("gp", "vitale-single"), "exclusive")
    told.says(f"^kept out {SHARING_VIOLATION}$", "^neighbour 3B 75 13")
    assert told.output.count("(144, 0)") == 2 or told.output.count("[144, 0]") == 2, str(told)


def test_a_transaction_is_not_disturbed(desk):
    told = _run(desk("gp"), "transaction")
    assert told.output.split("\n")[:2] == ["undisturbed", "the other selected the master file"], str(told)


def test_the_protocol_is_the_cards(desk):
    made = desk("gp")
    made.reader.insert(VITALE_SLOT, card("t1test"))
    told = _run(made, "protocols").output.splitlines()
    assert [line.rsplit("00 0", 1)[1] for line in told] == [
        "0 1 connected 1",
        f"0 2 {PROTO_MISMATCH}",
        f"1 1 {PROTO_MISMATCH}",
        "1 2 connected 2",
    ]


def test_extended_lengths_to_the_t1_test_card(desk):
    told = _run(desk("t1test"), "extended").output.splitlines()
    sizes = (1, 255, 256, 257, 4096, 32767, 65533, 65535)
    assert told == [f"{7 + size + 2} {size + 2} same 9000" for size in sizes] + ["longest answer 65538 9000"]


def test_a_reset_is_told_to_the_other_connection_and_forgets_the_pin(desk):
    told = _run(desk("gp"), "reconnect").output.replace("(", "[").replace(")", "]").splitlines()
    verified, not_verified = "[144, 0]", "[99, 195]"
    assert told == [f"{verified} {verified}", verified] + [f"told {RESET_CARD}", not_verified] * 2


def test_a_removal_is_told_and_the_next_card_is_taken(desk, start: Start):
    made = desk("gp")
    program, lines = start(made, "removal")
    lines.until("take it away")
    made.reader.remove(CPS_SLOT)
    _go_on(program)
    lines.until(f"told {REMOVED_CARD}")
    lines.until("no card 801000")
    lines.until("put one in")
    made.reader.insert(CPS_SLOT, card("pharmacist"))
    _go_on(program)
    lines.until(r"144, 0")
    assert program.wait(20) == 0
