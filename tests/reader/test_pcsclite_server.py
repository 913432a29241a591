"""Versions, states, events, cancel, attributes; clients that misbehave; sockets and their rights."""

import random
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pcscwire import SECONDS, T1_ATR, FakeCard, Wire, serving, until

from bifente.reader import TwoSlotReader
from bifente.reader.pcsclite import PcscServer
from bifente.reader.pcsclite.codes import Rv, Share
from bifente.reader.pcsclite.messages import HEADER, LAYOUTS, Command

CPS, VITALE = "R [CPS] 00 00", "R [Vitale] 00 01"

COMMAND = bytes.fromhex("80010203AABB")


@pytest.mark.parametrize("minor", [4, 5, 6])
def test_versions_that_are_spoken(tmp_path: Path, minor: int) -> None:
    with serving(tmp_path) as (_, server), Wire(server.path, None) as one:
        assert one.call(Command.VERSION, 4, minor, 0) == (4, minor, Rv.SUCCESS)


@pytest.mark.parametrize("version", [(4, 3), (4, 7), (3, 6), (5, 4), (-1, -1)])
def test_versions_that_are_not(tmp_path: Path, version: tuple[int, int]) -> None:
    with serving(tmp_path) as (_, server), Wire(server.path, None) as one:
        assert one.call(Command.VERSION, *version, 0) == (4, 6, Rv.SERVICE_STOPPED)
        # A newer client tries again with the version that it was told.
        assert one.call(Command.VERSION, 4, 6, 0)[2] == Rv.SUCCESS


def test_contexts(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, server), Wire(server.path) as one, Wire(server.path) as two:
        assert one.context
        assert one.context != two.context
        assert one.call(Command.ESTABLISH_CONTEXT, 4, 0, 0)[2] == Rv.INVALID_VALUE


def test_states_of_sixteen_readers(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (_, server), Wire(server.path) as one:
        first, second, *rest = one.states()
        assert (first.name, first.bits, first.atr, first.sharing) == (CPS, 0x34, T1_ATR, 0)
        assert (second.name, second.bits, second.atr) == (VITALE, 2, b"")
        assert [state.name for state in rest] == [""] * 14
        assert one.events() == (1, Rv.SUCCESS)


def test_states_of_protocol_4_6(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (reader, server), Wire(server.path, (4, 6)) as one:
        one.send(Command.WAIT_READER_STATE_CHANGE)
        one.send(Command.GET_READERS_STATE_SIZE)
        assert int.from_bytes(one.receive(4), "little") == 16
        # News that come before the states must not be taken for them.
        reader.remove("CPS")
        one.send(Command.GET_READERS_STATE_ARRAY)
        assert one.read_states()[0].bits == 2
        assert one.news() == Rv.SUCCESS


def test_a_waiting_client_hears_of_a_change_once(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (reader, server), Wire(server.path) as one:
        assert one.wait()[0].counter == 0
        reader.remove("CPS")
        assert one.news() == Rv.SUCCESS
        # Told already: stopping is not answered, so the next answer is that to the next question.
        one.send(Command.STOP_WAITING_READER_STATE_CHANGE)
        assert one.state(CPS).counter == 1
        one.wait()
        one.send(Command.STOP_WAITING_READER_STATE_CHANGE)
        assert one.news() == Rv.SUCCESS


def test_connecting_and_leaving_are_changes(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (_, server), Wire(server.path) as one, Wire(server.path) as two:
        one.wait()
        card = two.card(CPS)
        assert one.news() == Rv.SUCCESS
        assert one.wait()[0].sharing == 1
        two.disconnect(card)
        assert one.news() == Rv.SUCCESS


def test_the_turn_is_passed_on_the_more_rarely_the_more_clients_there_are(tmp_path: Path) -> None:
    before = sys.getswitchinterval()
    try:
        with serving(tmp_path, FakeCard(), switch_seconds=0.0005) as (_, server), ExitStack() as connections:
            for count, interval in ((1, 0.0005), (2, 0.0005), (3, 0.001), (4, 0.0015), (20, 0.005)):
                while server.clients < count:
                    connections.enter_context(Wire(server.path))
                assert sys.getswitchinterval() == pytest.approx(interval)
            connections.close()
            until(lambda: server.clients == 0)
            until(lambda: sys.getswitchinterval() == pytest.approx(0.0005))
    finally:
        sys.setswitchinterval(before)


NEVER = 3600.0
"""A poll of the status thread that does not come within a test."""


def test_connections_are_told_together_cards_at_once(tmp_path: Path) -> None:
    """A hundred clients wait: five hundred connections send them nothing, a card sends one message to each."""
    with (
        ExitStack() as connections,
        serving(tmp_path, FakeCard(), status_poll=NEVER) as (reader, server),
        Wire(server.path) as one,
    ):
        waiting = [connections.enter_context(Wire(server.path)) for _ in range(100)]
        for each in waiting:
            each.wait()
        for _ in range(500):
            assert one.disconnect(one.card(CPS)) == Rv.SUCCESS
        reader.insert("Vitale", FakeCard())
        for each in waiting:
            assert each.news() == Rv.SUCCESS
            # Had anything else been sent, it would be taken for the states.
            assert [state.bits for state in each.states()[:2]] == [0x34, 0x34]


def test_a_connection_costs_the_same_however_many_wait(tmp_path: Path) -> None:
    """Counted in calls of Python functions, in the thread of the client that connects."""

    def calls(waiting: int) -> int:
        with serving(tmp_path, FakeCard(), status_poll=NEVER) as (_, server):
            for number in range(waiting):
                server.wait(number)  # type: ignore[arg-type] # whoever it is: nobody may be told
            slot, counted = server.slot(CPS.encode()), 0

            def count(frame: object, event: str, argument: object) -> None:
                nonlocal counted
                counted += event in ("call", "c_call")

            slot.connect(1, Share.SHARED, 3, lambda: True)
            sys.setprofile(count)
            try:
                for number in range(2, 12):
                    slot.disconnect(slot.connect(number, Share.SHARED, 3, lambda: True)[0], 0, lambda: True)
            finally:
                sys.setprofile(None)
            for number in range(waiting):
                assert server.stop_waiting(number)  # type: ignore[arg-type]
            return counted

    alone = calls(0)
    assert calls(1) == calls(100) == alone
    assert alone <= 10 * 60


def test_who_knows_more_than_the_others_is_told_when_it_is_over(tmp_path: Path) -> None:
    """Connected and left between two polls: who looked meanwhile saw a connection that nobody else was told of."""
    with (
        serving(tmp_path, FakeCard(), status_poll=0.05) as (_, server),
        Wire(server.path) as one,
        Wire(server.path) as two,
    ):
        for _ in range(20):
            card = two.card(CPS)
            seen = one.wait()[0].sharing
            two.disconnect(card)
            while seen:
                assert one.news() == Rv.SUCCESS
                seen = one.wait()[0].sharing
            one.send(Command.STOP_WAITING_READER_STATE_CHANGE)
            one.news()


def test_cancel_from_a_second_connection(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (_, server), Wire(server.path) as one:
        one.wait()
        with Wire(server.path, None) as two:
            assert two.call(Command.CANCEL, one.context, 0)[1] == Rv.SUCCESS
            assert one.news() == Rv.CANCELLED
            assert two.call(Command.CANCEL, one.context, 0)[1] == Rv.SUCCESS
            assert two.call(Command.CANCEL, one.context ^ 1, 0)[1] == Rv.INVALID_HANDLE
        assert one.state(CPS).bits == 0x34


def test_no_event_is_lost_while_cards_come_and_go(tmp_path: Path) -> None:
    fake, rounds = FakeCard(), 40
    with serving(tmp_path, fake) as (reader, server), Wire(server.path) as one:

        def come_and_go() -> None:
            for _ in range(rounds):
                reader.remove("CPS")
                reader.insert("CPS", fake)

        thread = threading.Thread(target=come_and_go)
        thread.start()
        while one.wait()[0].counter < 2 * rounds:
            assert one.news() == Rv.SUCCESS
        thread.join(SECONDS)


def test_the_event_counter_wraps(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (reader, server), Wire(server.path) as one:
        server.slot(CPS.encode()).counter = 0xFFFF
        reader.remove("CPS")
        assert one.state(CPS).counter == 0


def test_attributes(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (_, server), Wire(server.path) as one:
        card = one.card(CPS)
        assert one.attribute(card, 0x00090303) == (Rv.SUCCESS, T1_ATR, 4)
        assert one.attribute(card, 0x00010100)[1] == b"bifente\0"
        assert one.attribute(card, 0x0007A007)[1] == (65538).to_bytes(4, "little")
        assert one.attribute(card, 0x7FFF0003)[1] == CPS.encode() + b"\0"
        assert one.attribute(card, 0x00090300)[1] == b"\x02"
        assert one.attribute(card, 0x00080201)[1] == (2).to_bytes(4, "little")
        assert one.attribute(card, 0x00090303, room=3) == (Rv.INSUFFICIENT_BUFFER, b"", 4)
        assert one.attribute(card, 0x00090304)[1] == b"\x01"
        assert one.attribute(card, 0x0003FFFF)[0] == Rv.UNSUPPORTED_FEATURE
        for which in (0x00010101, 0x00010102, 0x00010103, 0x00020110, 0x00090301, 0x7FFF0001, 0x7FFF0004):
            assert one.attribute(card, which)[0] == Rv.SUCCESS
        assert one.call(Command.SET_ATTRIB, card, 0x7FFF0003, b"x", 1, 0)[-1] == Rv.UNSUPPORTED_FEATURE


def test_sixteen_slots_of_eight_readers(tmp_path: Path) -> None:
    readers = [TwoSlotReader("R") for _ in range(8)]
    with PcscServer(*readers, path=tmp_path / "s") as server, Wire(server.path) as one:
        names = [state.name for state in one.states()]
        assert names[0] == CPS
        assert names[15] == "R [Vitale] 07 01"
        readers[7].insert("Vitale", FakeCard())
        card = one.card(names[15])
        assert one.transmit(card, COMMAND)[0] == Rv.SUCCESS
        assert one.attribute(card, 0x7FFF0001)[1] == (15).to_bytes(4, "little")
    with pytest.raises(ValueError, match="16"):
        PcscServer(*readers, TwoSlotReader("S"), path=tmp_path / "s")


@pytest.mark.parametrize("names", [("a",), ("a", "a"), ("a", ""), ("a", "b" * 128), ("a", "b\0")])
def test_names_that_are_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="name"):
        PcscServer(TwoSlotReader("R"), path=tmp_path / "s", names=names)


# Clients that misbehave


def _message(command: int, body: bytes) -> bytes:
    return HEADER.pack(len(body), command) + body


BAD = {
    "no command 0": _message(0, b""),
    "no command 3": _message(3, b""),
    "no command 0C": _message(0x0C, b""),
    "no command 0E": _message(0x0E, b""),
    "no command 18": _message(0x18, b""),
    "no command FFFFFFFF": _message(0xFFFFFFFF, b""),
    "too short": _message(Command.VERSION, bytes(11)),
    "too long": _message(Command.VERSION, bytes(13)),
    "endless": HEADER.pack(0xFFFFFFFF, Command.CONNECT),
    "a handle that is not there": _message(Command.STATUS, bytes(8)),
    "transmit to nothing": _message(Command.TRANSMIT, bytes(32)),
    "control of nothing": _message(Command.CONTROL, bytes(24)),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_message_ends_the_connection(tmp_path: Path, what: str) -> None:
    with serving(tmp_path, FakeCard()) as (_, server), Wire(server.path) as good:
        card = good.card(CPS)
        with Wire(server.path) as bad:
            bad.card(CPS)
            bad.raw(BAD[what])
            assert bad.hung_up()
        until(lambda: good.state(CPS).sharing == 1)
        assert good.transmit(card, COMMAND)[0] == Rv.SUCCESS


@pytest.mark.parametrize("command", [Command.TRANSMIT, Command.CONTROL])
def test_a_length_beyond_the_limit_ends_the_connection(tmp_path: Path, command: Command) -> None:
    with serving(tmp_path, FakeCard()) as (_, server), Wire(server.path) as one:
        card = one.card(CPS)
        fields = [card, 2, 16, 65549, 3, 16, 300, 0]
        if command == Command.CONTROL:
            fields = [card, 0x42000D48, 65549, 0, 0, 0]
        one.send(command, *fields)
        assert one.hung_up()


def test_an_attribute_longer_than_its_field_ends_the_connection(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (_, server), Wire(server.path) as one:
        card = one.card(CPS)
        one.send(Command.GET_ATTRIB, card, 0x00090303, b"", 265, 0)
        assert one.hung_up()


def test_somebody_elses_handle_ends_the_connection(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (_, server), Wire(server.path) as one, Wire(server.path) as two:
        card = one.card(CPS)
        two.send(Command.DISCONNECT, card, 0, 0)
        assert two.hung_up()
        assert one.transmit(card, COMMAND)[0] == Rv.SUCCESS


def _dialogue(context: int, card: int) -> bytes:
    """Messages of a whole session, in one string of bytes."""
    reader = CPS.encode()
    parts = [
        (Command.GET_READERS_STATE, (), b""),
        (Command.CONNECT, (context, reader, 2, 3, 0, 0, 0), b""),
        (Command.WAIT_READER_STATE_CHANGE, (), b""),
        (Command.STOP_WAITING_READER_STATE_CHANGE, (), b""),
        (Command.BEGIN_TRANSACTION, (card, 0), b""),
        (Command.TRANSMIT, (card, 2, 16, len(COMMAND), 3, 16, 300, 0), COMMAND),
        (Command.END_TRANSACTION, (card, 0, 0), b""),
    ]
    return b"".join(
        _message(command, LAYOUTS[command].pack(*fields) if fields else b"") + extra
        for command, fields, extra in parts
    )


def test_clients_killed_at_every_byte_leave_nothing_behind(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (_, server), Wire(server.path) as good:
        card = good.card(CPS)
        length = len(_dialogue(1, 1))
        for cut in range(0, length, 3):
            dying = Wire(server.path)
            dying.raw(_dialogue(dying.context, dying.card(CPS))[:cut])
            dying.kill()
        until(lambda: server.clients == 1)
        assert good.state(CPS).sharing == 1
        assert good.transmit(card, COMMAND)[0] in (Rv.SUCCESS, Rv.RESET_CARD)
        assert good.reconnect(card)[1] == Rv.SUCCESS
        assert good.begin(card) == Rv.SUCCESS
        assert good.end(card) == Rv.SUCCESS


@pytest.fixture(scope="module")
def long_lived(tmp_path_factory: pytest.TempPathFactory):
    with serving(tmp_path_factory.mktemp("garbage"), FakeCard()) as (_, server):
        yield server


@given(st.binary(max_size=600))
@settings(max_examples=40)
def test_garbage_harms_nobody(long_lived: PcscServer, garbage: bytes) -> None:
    with Wire(long_lived.path) as good:
        card = good.card(CPS)
        for before in (b"", HEADER.pack(32, Command.TRANSMIT), HEADER.pack(152, Command.CONNECT)):
            bad = Wire(long_lived.path)
            bad.raw(before + garbage)
            bad.close()
        assert good.transmit(card, COMMAND)[0] in (Rv.SUCCESS, Rv.RESET_CARD)


def test_a_client_that_never_reads_holds_nobody_up(tmp_path: Path) -> None:
    with (
        serving(tmp_path, FakeCard()) as (reader, server),
        Wire(server.path) as good,
        Wire(server.path) as lazy,
    ):
        lazy.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            lazy.raw(HEADER.pack(0, Command.GET_READERS_STATE) * 1_000_000)
        for _ in range(5):
            reader.remove("CPS")
            reader.insert("CPS", FakeCard())
        card = good.card(CPS)
        assert good.transmit(card, COMMAND)[0] == Rv.SUCCESS


def test_a_hundred_clients_at_once(tmp_path: Path) -> None:
    clients, rounds = 100, 5
    wrong: list[str] = []
    with serving(tmp_path, FakeCard(), FakeCard()) as (_, server):

        def work(number: int) -> None:
            dice = random.Random(number)
            with Wire(server.path) as one:
                card = one.card((CPS, VITALE)[number % 2])
                for count in range(rounds):
                    if dice.random() < 0.5:
                        if one.begin(card) != Rv.SUCCESS:
                            wrong.append("no turn")
                        mine = bytes((0, 0, number, count, number, count))
                        if one.transmit(card, mine)[1] != mine[4:] + b"\x90\x00":
                            wrong.append("not my answer")
                        one.end(card)
                    elif one.transmit(card, COMMAND)[0] not in (Rv.SUCCESS, Rv.SHARING_VIOLATION):
                        wrong.append("no answer")
                one.disconnect(card)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in threads)
        assert not wrong
        until(lambda: server.clients == 0)
        with Wire(server.path) as one:
            assert {state.sharing for state in one.states()} == {0}


def test_clients_beyond_the_limit_are_sent_away(tmp_path: Path) -> None:
    with (
        serving(tmp_path, max_clients=2) as (_, server),
        Wire(server.path),
        Wire(server.path),
        Wire(server.path, None) as third,
    ):
        assert third.hung_up()
