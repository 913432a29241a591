"""The card's end of vpcd's wire, against drivers made here: one sends in two pieces as Debian 12's, one whole."""

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic

import pytest
from vpcddriver import ATR_T1, GET_ATR, OFF, ON, RESET, WAIT, Driver, PlainCard

from bifente.apdu.link import LinkTimeout
from bifente.reader import TwoSlotReader
from bifente.reader.vpcd import (
    LIMIT,
    VpcdService,
    VpcdSettings,
    VpcdSlotState,
    serve_vpcd,
)
from bifente.reader.wrappers.faults import Faulty, parse_faults

ATR_T0 = bytes.fromhex("3B751300004309EA9000")


class Machine:
    """Where drivers and cards meet: makes the drivers of one flavour and one direction, and closes what it made."""

    def __init__(self, *, pieces: int, listen: bool) -> None:
        self.pieces = pieces
        self.listen = listen
        self.open: list[socket.socket] = []
        self.listener: socket.socket | None = None

    def settings(self, **changed: object) -> VpcdSettings:
        made: dict[str, object] = {"retry": 0.02, "absence": 0.02, **changed}
        if self.listen:
            return VpcdSettings(listen=True, port=0, **made)  # type: ignore[arg-type]  # names are the settings' own
        if self.listener is None:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.listener.settimeout(WAIT)
            self.open.append(self.listener)
        return VpcdSettings(port=self.listener.getsockname()[1], **made)  # type: ignore[arg-type]  # likewise

    def meet(self, service: VpcdService, slot: int = 0) -> Driver:
        """A connection with a card at the other end."""
        until = monotonic() + WAIT
        while True:
            if self.listen:
                connection = socket.create_connection(("127.0.0.1", service.ports[slot]), WAIT)
            else:
                assert self.listener is not None
                connection, _ = self.listener.accept()
            self.open.append(connection)
            driver = Driver(connection, pieces=self.pieces)
            try:
                driver.ask(GET_ATR)
            except (EOFError, ConnectionError):
                # Listening, the card turns callers away while it is absent: a driver calls again with its next poll.
                assert self.listen
                assert monotonic() < until
                continue
            return driver

    def close(self) -> None:
        for one in self.open:
            one.close()


@pytest.fixture(
    params=[(2, False), (1, False), (2, True), (1, True)],
    ids=lambda p: f"{p[0]}-{'listen' if p[1] else 'call'}",
)
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    pieces, listen = request.param
    made = Machine(pieces=pieces, listen=listen)
    yield made
    made.close()


@pytest.fixture
def caller() -> Iterator[Machine]:
    made = Machine(pieces=2, listen=False)
    yield made
    made.close()


@contextmanager
def served(machine: Machine, card: object, **changed: object) -> Iterator[tuple[VpcdService, Driver]]:
    with serve_vpcd([card], machine.settings(**changed)) as service:  # type: ignore[list-item]  # a Card by its shape
        yield service, machine.meet(service)


def test_controls_have_no_answer_and_reach_the_card(machine: Machine) -> None:
    card = PlainCard()
    with served(machine, card) as (_, driver):
        card.done.clear()
        for control in (ON, RESET, OFF, ON):
            driver.say(control)
        assert driver.ask(GET_ATR) == ATR_T1
        assert driver.ask(bytes.fromhex("00A4040002CAFE")) == bytes.fromhex("02CAFE9000")
    assert card.done == ["off", "on", "reset", "off", "on", "00a4040002cafe", "off"]


def test_polling_does_not_reach_the_card(machine: Machine) -> None:
    card = PlainCard()
    with served(machine, card) as (_, driver):
        driver.say(OFF)
        before = list(card.done)
        assert {driver.ask(GET_ATR) for _ in range(50)} == {ATR_T1}
        assert [one for one in card.done if one != "off"] == [one for one in before if one != "off"]


def test_a_command_after_power_off_finds_a_fresh_card(machine: Machine) -> None:
    card = PlainCard()
    with served(machine, card) as (_, driver):
        driver.say(OFF)
        assert driver.ask(b"\x00\x84\x00\x00\x08") == b"\x08\x90\x00"
    assert card.done[-4:] == ["off", "on", "0084000008", "off"]


def test_messages_may_come_in_one_segment_or_byte_by_byte(machine: Machine) -> None:
    card = PlainCard()
    with served(machine, card) as (_, driver):
        driver.socket.sendall(bytes.fromhex("000101 000104 0005 00B0000005 000104"))
        assert [driver.hear() for _ in range(3)] == [ATR_T1, bytes.fromhex("059000"), ATR_T1]
        driver.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in bytes.fromhex("0005 00B0000007"):
            driver.socket.sendall(bytes((byte,)))
        assert driver.hear() == bytes.fromhex("079000")


def test_two_cards_in_two_slots(machine: Machine) -> None:
    if not machine.listen:
        base = 0
        for candidate in range(42000, 60000, 2):
            with suppress(OSError):
                pair = [socket.create_server(("127.0.0.1", candidate + n)) for n in range(2)]
                base = candidate
                break
        machine.open += pair
        settings = VpcdSettings(port=base, retry=0.02, absence=0.02)
    else:
        settings = machine.settings()
    first, second = PlainCard(), PlainCard(ATR_T0)
    with serve_vpcd([first, second], settings) as service:
        drivers = []
        for number in range(2):
            if not machine.listen:
                pair[number].settimeout(WAIT)
                machine.listener = pair[number]
            drivers.append(machine.meet(service, number))
        assert [driver.ask(GET_ATR) for driver in drivers] == [ATR_T1, ATR_T0]
        assert drivers[0].ask(b"\x00\xb0\x00\x00\x01") == b"\x01\x90\x00"
        assert [one.state for one in service.status()] == [VpcdSlotState.SERVED, VpcdSlotState.SERVED]
        assert [one.commands for one in service.status()] == [1, 0]
        if not machine.listen:
            assert service.ports == (base, base + 1)


def test_a_t0_card_has_its_front(machine: Machine) -> None:
    card = PlainCard(ATR_T0)
    card.answers = lambda _: bytes(12) + b"\x90\x00"
    with served(machine, card) as (_, driver):
        assert driver.ask(bytes.fromhex("0088000001AA00")) == b"\x61\x0c"
        assert driver.ask(bytes.fromhex("00C000000C")) == bytes(12) + b"\x90\x00"
        assert driver.ask(bytes.fromhex("00B0000000000100")) == b"\x67\x00"


@pytest.mark.parametrize("size", [0, 2, 5, 255, 256, 257, 4096, LIMIT])
def test_commands_of_all_sizes(machine: Machine, size: int) -> None:
    card = PlainCard()
    card.answers = lambda command: len(command).to_bytes(3) + b"\x90\x00"
    with served(machine, card) as (_, driver):
        assert driver.ask(bytes(size)) == size.to_bytes(3) + b"\x90\x00"


@pytest.mark.parametrize("size", [2, 256, 258, 65_534, LIMIT])
def test_answers_of_all_sizes(caller: Machine, size: int) -> None:
    card = PlainCard()
    card.answers = lambda _: bytes(size - 2) + b"\x90\x00"
    with served(caller, card) as (_, driver):
        assert len(driver.ask(b"\x00\xb0\x00\x00\x00")) == size


@pytest.mark.parametrize(
    ("answer", "told"),
    [(bytes(LIMIT + 1), "6700"), (b"", "6F00"), (b"\x90", "6F00")],
    ids=["long", "empty", "one"],
)
def test_what_the_wire_cannot_carry_is_never_sent(caller: Machine, answer: bytes, told: str) -> None:
    card = PlainCard()
    card.answers = lambda _: answer
    with served(caller, card) as (_, driver):
        assert driver.ask(b"\x00\xb0\x00\x00\x00") == bytes.fromhex(told)
        assert driver.ask(GET_ATR) == ATR_T1


def test_a_card_that_fails_answers_6f00_and_says_why(
    caller: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: bytes) -> bytes:
        raise ZeroDivisionError("a bug")

    card = PlainCard()
    card.answers = fail
    with served(caller, card) as (_, driver), caplog.at_level(logging.ERROR):
        assert driver.ask(b"\x00\xb0\x00\x00\x00") == b"\x6f\x00"
        assert driver.ask(GET_ATR) == ATR_T1
    assert "a bug" in caplog.text


def test_a_byte_that_no_driver_says_is_a_command(caller: Machine) -> None:
    with served(caller, PlainCard()) as (_, driver):
        for byte in (3, 5, 0x42, 0xFF):
            assert driver.ask(bytes((byte,))) == b"\x67\x00"


def test_a_driver_that_waits_for_the_answer_to_a_control_is_let_go(machine: Machine) -> None:
    with served(machine, PlainCard(), silence_limit=0.1) as (service, driver):
        driver.ask(GET_ATR)
        driver.say(OFF)
        assert driver.ended()
        assert machine.meet(service).ask(GET_ATR) == ATR_T1


def test_a_driver_that_never_polled_may_be_silent(caller: Machine) -> None:
    with served(caller, PlainCard(), silence_limit=0.05) as (_, driver):
        driver.say(OFF)  # one question for the ATR was asked so far
        driver.socket.settimeout(0.4)
        with pytest.raises(TimeoutError):
            driver.socket.recv(1)


def test_a_card_that_hangs_leaves_the_driver(machine: Machine) -> None:
    release = threading.Event()
    card = PlainCard()
    card.answers = lambda _: b"\x90\x00" if release.wait(WAIT) else b""
    with served(machine, card, answer_limit=0.1) as (service, driver):
        driver.say(b"\x00\xb0\x00\x00\x00")
        assert driver.ended()
        release.set()
        assert machine.meet(service).ask(GET_ATR) == ATR_T1


def test_a_mute_card_leaves_the_driver_and_comes_back(machine: Machine) -> None:
    card = Faulty(PlainCard(), parse_faults("faults: [{ins: B0, nth: 1, fault: mute}]"))
    with served(machine, card) as (service, driver):
        driver.say(b"\x00\xb0\x00\x00\x01")
        assert driver.ended()
        again = machine.meet(service)
        assert again.ask(b"\x00\xb0\x00\x00\x01") == b"\x01\x90\x00"


def test_a_card_that_is_pulled_out_in_a_command_empties_its_slot(machine: Machine) -> None:
    card = Faulty(PlainCard(), parse_faults("faults: [{ins: B0, nth: 1, fault: removed}]"))
    with served(machine, card) as (service, driver):
        number = service.reader.event_number
        driver.say(b"\x00\xb0\x00\x00\x01")
        assert driver.ended()
        service.reader.wait_for_event(number, WAIT)
        assert not service.reader.status("slot 0").present
        service.reader.insert("slot 0", card)
        assert machine.meet(service).ask(b"\x00\xb0\x00\x00\x01") == b"\x01\x90\x00"


def test_a_card_that_is_taken_out_leaves_the_driver(machine: Machine) -> None:
    card = PlainCard()
    with served(machine, card) as (service, driver):
        service.reader.remove("slot 0")
        assert driver.ended()
        service.reader.insert("slot 0", PlainCard(ATR_T0))
        assert machine.meet(service).ask(GET_ATR) == ATR_T0
    assert card.done[-1] == "off"


def test_a_card_that_left_stays_away_for_a_while(caller: Machine) -> None:
    with served(caller, PlainCard(), absence=0.3) as (service, driver):
        driver.socket.close()
        begin = monotonic()
        caller.meet(service)
        assert monotonic() - begin > 0.25


@pytest.mark.parametrize("at", ["between two commands", "in a command"])
def test_a_driver_that_calls_again_at_once_is_served(at: str) -> None:
    """pcscd is started anew: its driver calls within the second, and perhaps never again."""
    machine, card, go_on = Machine(pieces=1, listen=True), PlainCard(), threading.Event()
    entered = threading.Event()

    def slow(command: bytes) -> bytes:
        entered.set()
        go_on.wait(WAIT)
        return b"\x90\x00"

    with served(machine, card, absence=60.0) as (service, driver):
        if at == "in a command":
            card.answers = slow
            driver.say(b"\x00\xb0\x00\x00")
            assert entered.wait(WAIT)
        driver.socket.close()
        go_on.set()
        with socket.create_connection(("127.0.0.1", service.ports[0]), WAIT) as again:
            assert Driver(again, pieces=1).ask(GET_ATR) == ATR_T1
    machine.close()


def test_a_driver_is_turned_away_in_order() -> None:
    """While a card is absent its driver gets an end of file, although nobody has read its question; never a reset."""
    machine = Machine(pieces=1, listen=True)
    with served(machine, PlainCard(), absence=60.0) as (service, driver):
        service.reader.remove("slot 0")
        assert driver.ended()
        service.reader.insert("slot 0", PlainCard())
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", service.ports[0]), WAIT) as again:
                again.settimeout(WAIT)
                again.sendall(b"\0\1\4")
                assert again.recv(1) == b""
    machine.close()


def test_the_driver_may_go_and_come_back(machine: Machine) -> None:
    card = PlainCard()
    with served(machine, card) as (service, driver):
        driver.say(b"\x00\xb0\x00\x00\x01"[:3])  # dies inside a message
        driver.socket.sendall(b"\x00")
        driver.socket.close()
        assert machine.meet(service).ask(b"\x00\xb0\x00\x00\x01") == b"\x01\x90\x00"


def test_the_driver_may_come_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as placeholder:
        port = placeholder.getsockname()[1]
    with serve_vpcd([PlainCard()], VpcdSettings(port=port, retry=0.02)) as service:
        assert service.status()[0].state is VpcdSlotState.WAITING
        with socket.create_server(("127.0.0.1", port)) as listener:
            listener.settimeout(WAIT)
            connection, _ = listener.accept()
            with connection:
                assert Driver(connection, pieces=1).ask(GET_ATR) == ATR_T1


def test_nothing_is_left_when_it_stops(machine: Machine) -> None:
    card = PlainCard()
    machine.settings()
    descriptors = len(os.listdir("/proc/self/fd"))
    threads = set(threading.enumerate())
    service = serve_vpcd([card], machine.settings())
    driver = machine.meet(service)
    service.stop()
    service.stop()
    assert driver.ended()
    assert set(threading.enumerate()) <= threads
    while machine.open and machine.open[-1] is not machine.listener:
        machine.open.pop().close()
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert card.done[-1] == "off"
    assert service.reader.closed
    assert {one.state for one in service.status()} == {VpcdSlotState.STOPPED}


def test_stopping_says_when_a_card_is_still_at_work(caller: Machine) -> None:
    release, begun = threading.Event(), threading.Event()

    def slow(_: bytes) -> bytes:
        begun.set()
        release.wait(WAIT)
        return b"\x90\x00"

    card = PlainCard()
    card.answers = slow
    reader = TwoSlotReader(slots=("one",), wait=WAIT)
    reader.insert("one", card)
    service = VpcdService(reader, caller.settings())
    caller.meet(service).say(b"\x00\xb0\x00\x00\x00")
    assert begun.wait(WAIT)
    with pytest.raises(LinkTimeout):
        service.stop(0.05)
    release.set()
    service.stop()
    reader.close()
