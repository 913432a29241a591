"""Handles, share modes, dispositions, resets and transactions, as pcscd has them."""

import threading
import time
from pathlib import Path

import pytest
from pcscwire import BOTH_ATR, SECONDS, T0_ATR, FakeCard, Wire, serving, until

from bifente.reader.pcsclite.codes import Disposition, Rv, Share

CPS, VITALE = "R [CPS] 00 00", "R [Vitale] 00 01"
PRESENT = 0x34
COMMAND = bytes.fromhex("80010203AABB")


def test_a_command_and_its_answer(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (_, server), Wire(server.path) as one:
        card, protocol, rv = one.connect(CPS)
        assert (rv, protocol) == (Rv.SUCCESS, 2)
        assert one.transmit(card, COMMAND) == (Rv.SUCCESS, b"\xaa\xbb\x90\x00", 4)
        assert one.disconnect(card) == Rv.SUCCESS


def test_commands_and_answers_of_every_length(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (_, server), Wire(server.path) as one:
        card = one.card(CPS)
        for size in (4, 5, 261, 4055, 4056, 4057, 65535, 65536, 65544, 65548):
            command = bytes(4) + b"\x5a" * (size - 4)
            assert one.transmit(card, command)[:2] == (Rv.SUCCESS, command[4:] + b"\x90\x00")


def test_an_answer_longer_than_the_room_is_told_by_its_length(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard(answer=bytes(20) + b"\x90\x00")) as (_, server), Wire(server.path) as one:
        card = one.card(CPS)
        assert one.transmit(card, COMMAND, room=21) == (Rv.INSUFFICIENT_BUFFER, b"", 22)
        assert one.transmit(card, COMMAND, room=22)[0] == Rv.SUCCESS


def test_connect_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard(T0_ATR)) as (_, server), Wire(server.path) as one:
        assert one.connect("nobody")[2] == Rv.UNKNOWN_READER
        assert one.connect(VITALE)[2] == Rv.NO_SMARTCARD
        assert one.connect(CPS, protocols=2)[2] == Rv.PROTO_MISMATCH
        assert one.connect(CPS, protocols=0)[2] == Rv.PROTO_MISMATCH
        assert one.connect(CPS, share=4)[2] == Rv.INVALID_VALUE
        assert one.connect(CPS, protocols=1) != 0
        assert one.state(CPS).sharing == 1


@pytest.mark.parametrize(
    ("atr", "preferred", "active"),
    [
        (T0_ATR, 3, 1),
        (BOTH_ATR, 3, 2),
        (BOTH_ATR, 1, 1),
        (BOTH_ATR, 2, 2),
        (T0_ATR, 0x1000, 1),
        (T0_ATR, 4, 4),
    ],
)
def test_the_protocol_is_chosen_by_the_atr(tmp_path: Path, atr: bytes, preferred: int, active: int) -> None:
    with serving(tmp_path, FakeCard(atr)) as (_, server), Wire(server.path) as one:
        assert one.connect(CPS, protocols=preferred)[1:] == (active, Rv.SUCCESS)
        assert one.state(CPS).protocol == active


def test_a_spoken_protocol_stays_until_the_next_reset(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard(BOTH_ATR)) as (_, server), Wire(server.path) as one:
        card = one.card(CPS, protocols=2)
        assert one.connect(CPS, protocols=1)[2] == Rv.PROTO_MISMATCH
        assert one.transmit(card, COMMAND, protocol=1)[0] == Rv.PROTO_MISMATCH
        assert one.reconnect(card, Disposition.RESET, protocols=1) == (1, Rv.SUCCESS)
        assert one.transmit(card, b"\x80\x01\x00\x00", protocol=1)[0] == Rv.SUCCESS


def test_a_card_of_t0_only_gets_the_t0_front(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard(T0_ATR)) as (_, server), Wire(server.path) as one:
        card = one.card(CPS)
        # Case 4 with its Le: the Le is dropped, the data wait for GET RESPONSE.
        rv, answer, _ = one.transmit(card, bytes.fromhex("80CA000002AABB00"), protocol=1)
        assert (rv, answer.hex()) == (Rv.SUCCESS, "6104")
        assert one.transmit(card, bytes.fromhex("00C0000004"), protocol=1)[1].hex() == "02aabb009000"


def test_share_modes(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (_, server), Wire(server.path) as one, Wire(server.path) as two:
        first = one.card(CPS, Share.EXCLUSIVE)
        assert one.state(CPS).sharing == -1
        for share in Share:
            assert two.connect(CPS, share)[2] == Rv.SHARING_VIOLATION
        assert one.transmit(first, COMMAND)[0] == Rv.SUCCESS
        assert one.disconnect(first) == Rv.SUCCESS
        second = two.card(CPS)
        assert one.connect(CPS, Share.EXCLUSIVE)[2] == Rv.SHARING_VIOLATION
        third = one.card(CPS)
        assert one.state(CPS).sharing == 2
        assert one.reconnect(third, share=Share.EXCLUSIVE)[1] == Rv.SHARING_VIOLATION
        two.disconnect(second)
        assert one.reconnect(third, share=Share.EXCLUSIVE)[1] == Rv.SUCCESS
        assert one.state(CPS).sharing == -1
        assert one.reconnect(third, share=Share.SHARED)[1] == Rv.SUCCESS
        assert two.connect(CPS)[2] == Rv.SUCCESS


def test_direct_connection_needs_no_card(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, server), Wire(server.path) as one:
        card, protocol, rv = one.connect(CPS, Share.DIRECT, 0)
        assert (rv, protocol) == (Rv.SUCCESS, 0)
        assert one.transmit(card, COMMAND, protocol=1)[0] == Rv.NO_SMARTCARD
        assert one.control(card, 0x42000000 + 3400)[0] == Rv.SUCCESS
        assert one.reconnect(card)[1] == Rv.NO_SMARTCARD


@pytest.mark.parametrize("cold", [False, True])
def test_a_reset_is_told_to_the_other_handles_until_they_reconnect(tmp_path: Path, cold: bool) -> None:
    fake = FakeCard()
    with serving(tmp_path, fake) as (_, server), Wire(server.path) as one, Wire(server.path) as two:
        first, second = one.card(CPS), two.card(CPS)
        assert one.reconnect(first, Disposition.UNPOWER if cold else Disposition.RESET) == (2, Rv.SUCCESS)
        assert (fake.cold, fake.warm) == ((2, 0) if cold else (1, 1))
        assert one.transmit(first, COMMAND)[0] == Rv.SUCCESS
        for _ in range(2):
            assert two.transmit(second, COMMAND)[0] == Rv.RESET_CARD
            assert two.status(second) == Rv.RESET_CARD
            assert two.begin_once(second) == Rv.RESET_CARD
            assert two.attribute(second, 0x00090303)[0] == Rv.RESET_CARD
        assert two.reconnect(second) == (2, Rv.SUCCESS)
        assert two.transmit(second, COMMAND)[0] == Rv.SUCCESS
        assert len(fake.seen) == 2


@pytest.mark.parametrize("disposition", Disposition)
def test_dispositions_of_disconnect(tmp_path: Path, disposition: Disposition) -> None:
    fake = FakeCard()
    with serving(tmp_path, fake) as (_, server), Wire(server.path) as one, Wire(server.path) as two:
        first, second = one.card(CPS), two.card(CPS)
        assert one.disconnect(first, disposition) == Rv.SUCCESS
        touched = disposition in (Disposition.RESET, Disposition.UNPOWER)
        assert two.status(second) == (Rv.RESET_CARD if touched else Rv.SUCCESS)
        assert (fake.warm, fake.off) == (disposition == Disposition.RESET, disposition == Disposition.UNPOWER)
        assert two.state(CPS).bits == (4 if disposition == Disposition.UNPOWER else PRESENT)
        assert two.reconnect(second) == (2, Rv.SUCCESS)
        assert two.transmit(second, COMMAND)[0] == Rv.SUCCESS
        assert two.disconnect(second, 4) == Rv.INVALID_VALUE


def test_end_of_transaction_with_reset_tells_its_own_handle_too(tmp_path: Path) -> None:
    fake = FakeCard()
    with serving(tmp_path, fake) as (_, server), Wire(server.path) as one:
        card = one.card(CPS)
        assert one.begin(card) == Rv.SUCCESS
        assert one.end(card, Disposition.RESET) == Rv.SUCCESS
        assert one.transmit(card, COMMAND)[0] == Rv.RESET_CARD
        assert one.reconnect(card)[1] == Rv.SUCCESS
        assert one.end(card) == Rv.NOT_TRANSACTED
        assert fake.warm == 1


def test_a_transaction_keeps_others_off(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (_, server), Wire(server.path) as one, Wire(server.path) as two:
        first, second = one.card(CPS), two.card(CPS)
        assert one.begin(first) == Rv.SUCCESS
        assert one.begin(first) == Rv.SUCCESS
        assert two.transmit(second, COMMAND)[0] == Rv.SHARING_VIOLATION
        assert two.status(second) == Rv.SHARING_VIOLATION
        assert two.control(second, 0x42000000 + 3400)[0] == Rv.SHARING_VIOLATION
        assert two.attribute(second, 0x00090303)[0] == Rv.SHARING_VIOLATION
        assert two.reconnect(second)[1] == Rv.SHARING_VIOLATION
        assert two.end(second) == Rv.SHARING_VIOLATION
        assert two.begin_once(second) == Rv.SHARING_VIOLATION
        assert one.end(first) == Rv.SUCCESS
        assert two.transmit(second, COMMAND)[0] == Rv.SHARING_VIOLATION
        assert one.end(first) == Rv.SUCCESS
        assert two.begin(second) == Rv.SUCCESS
        assert two.end(second) == Rv.SUCCESS
        assert two.end(second) == Rv.NOT_TRANSACTED


def test_leaving_does_not_wait_for_a_transaction_but_resetting_does(tmp_path: Path) -> None:
    with (
        serving(tmp_path, FakeCard()) as (_, server),
        Wire(server.path) as one,
        Wire(server.path) as two,
        Wire(server.path) as three,
    ):
        first, second, third = one.card(CPS), two.card(CPS), three.card(CPS)
        one.begin(first)
        assert two.disconnect(second) == Rv.SUCCESS
        done = threading.Event()

        def reset() -> None:
            assert three.disconnect(third, Disposition.RESET) == Rv.SUCCESS
            done.set()

        thread = threading.Thread(target=reset)
        thread.start()
        assert not done.wait(0.15)
        assert one.transmit(first, COMMAND)[0] == Rv.SUCCESS
        one.end(first)
        assert done.wait(SECONDS)
        thread.join(SECONDS)
        assert one.transmit(first, COMMAND)[0] == Rv.RESET_CARD


def test_connecting_waits_for_the_transaction_of_another(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (_, server), Wire(server.path) as one, Wire(server.path) as two:
        first = one.card(CPS)
        one.begin(first)
        connected = threading.Event()
        thread = threading.Thread(target=lambda: two.connect(CPS)[2] == Rv.SUCCESS and connected.set())
        thread.start()
        assert not connected.wait(0.15)
        one.end(first)
        assert connected.wait(SECONDS)
        thread.join(SECONDS)


def test_turns_come_in_the_order_of_asking(tmp_path: Path) -> None:
    order: list[int] = []
    with serving(tmp_path, FakeCard()) as (_, server), Wire(server.path) as one:
        first = one.card(CPS)
        others = [Wire(server.path) for _ in range(8)]
        cards = [other.card(CPS) for other in others]
        one.begin(first)
        slot = server.slot(CPS.encode())

        def take(number: int) -> None:
            assert others[number].begin(cards[number]) == Rv.SUCCESS
            order.append(number)
            others[number].end(cards[number])

        threads = []
        for number in range(len(others)):
            thread = threading.Thread(target=take, args=(number,))
            thread.start()
            threads.append(thread)
            until(lambda n=number: slot.queued == n + 1)
        one.end(first)
        for thread in threads:
            thread.join(SECONDS)
        assert order == list(range(len(others)))
        for other in others:
            other.close()


def test_no_turn_comes_into_a_command_under_way(tmp_path: Path) -> None:
    fake = FakeCard()
    fake.hold = threading.Event()
    with serving(tmp_path, fake) as (_, server), Wire(server.path) as one, Wire(server.path) as two:
        first, second = one.card(CPS), two.card(CPS)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(one.transmit(first, COMMAND)[0]))
        thread.start()
        assert fake.busy.wait(SECONDS)
        began = threading.Event()
        other = threading.Thread(target=lambda: two.begin(second) == Rv.SUCCESS and began.set())
        other.start()
        assert not began.wait(0.1)
        fake.hold.set()
        assert began.wait(SECONDS)
        thread.join(SECONDS)
        other.join(SECONDS)
        assert answers == [Rv.SUCCESS]


def test_a_client_that_dies_in_its_transaction_leaves_a_reset_card(tmp_path: Path) -> None:
    fake = FakeCard()
    with serving(tmp_path, fake) as (_, server), Wire(server.path) as one:
        first = one.card(CPS)
        dying = Wire(server.path)
        assert dying.begin(dying.card(CPS)) == Rv.SUCCESS
        dying.kill()
        assert one.begin(first) in (Rv.SUCCESS, Rv.RESET_CARD)
        until(lambda: fake.warm == 1)
        until(lambda: one.transmit(first, COMMAND)[0] == Rv.RESET_CARD)
        assert one.reconnect(first)[1] == Rv.SUCCESS
        until(lambda: one.state(CPS).sharing == 1)


def test_releasing_the_context_gives_everything_back(tmp_path: Path) -> None:
    from bifente.reader.pcsclite.messages import Command

    with serving(tmp_path, FakeCard()) as (_, server), Wire(server.path) as one:
        for _ in range(3):
            one.card(CPS)
        assert one.state(CPS).sharing == 3
        assert one.call(Command.RELEASE_CONTEXT, one.context + 1, 0)[1] == Rv.INVALID_VALUE
        assert one.call(Command.RELEASE_CONTEXT, one.context, 0)[1] == Rv.SUCCESS
        assert one.state(CPS).sharing == 0
        assert one.call(Command.RELEASE_CONTEXT, one.context, 0)[1] == Rv.INVALID_HANDLE
        assert one.connect(CPS)[2] == Rv.INVALID_HANDLE


def test_removal_and_return(tmp_path: Path) -> None:
    fake = FakeCard()
    with serving(tmp_path, fake) as (reader, server), Wire(server.path) as one, Wire(server.path) as two:
        first, second = one.card(CPS), two.card(CPS)
        one.begin(first)
        reader.remove("CPS")
        for wire, card in ((one, first), (two, second)):
            assert wire.transmit(card, COMMAND)[0] == Rv.REMOVED_CARD
            assert wire.status(card) == Rv.REMOVED_CARD
            assert wire.reconnect(card)[1] == Rv.NO_SMARTCARD
        state = one.state(CPS)
        assert (state.counter, state.bits, state.atr, state.protocol) == (1, 2, b"", 0)
        reader.insert("CPS", fake)
        assert (one.state(CPS).counter, one.state(CPS).bits) == (2, PRESENT)
        assert one.transmit(first, COMMAND)[0] == Rv.REMOVED_CARD
        assert one.reconnect(first) == (2, Rv.SUCCESS)
        assert one.transmit(first, COMMAND)[0] == Rv.SUCCESS
        assert two.disconnect(second) == Rv.SUCCESS
        assert one.disconnect(first) == Rv.SUCCESS
        assert one.state(CPS).sharing == 0


def test_removal_in_the_middle_of_a_command(tmp_path: Path) -> None:
    fake = FakeCard()
    fake.hold = threading.Event()
    with serving(tmp_path, fake) as (reader, server), Wire(server.path) as one:
        card = one.card(CPS)
        answers: list[int] = []
        thread = threading.Thread(target=lambda: answers.append(one.transmit(card, COMMAND)[0]))
        thread.start()
        assert fake.busy.wait(SECONDS)
        remover = threading.Thread(target=reader.remove, args=("CPS",))
        remover.start()
        until(lambda: reader.status("CPS").present is False)
        fake.hold.set()
        thread.join(SECONDS)
        remover.join(SECONDS)
        assert answers == [Rv.NOT_TRANSACTED]
        assert one.transmit(card, COMMAND)[0] == Rv.REMOVED_CARD


def test_removal_of_one_card_resets_the_other_and_tells(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard(), FakeCard()) as (reader, server), Wire(server.path) as one:
        vitale = one.card(VITALE)
        reader.remove("CPS")
        assert one.transmit(vitale, COMMAND)[0] == Rv.RESET_CARD
        assert one.reconnect(vitale)[1] == Rv.SUCCESS
        assert one.transmit(vitale, COMMAND)[0] == Rv.SUCCESS


def test_a_reset_from_inside_the_process_is_told(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (reader, server), Wire(server.path) as one:
        card = one.card(CPS)
        reader.warm_reset("CPS")
        assert one.transmit(card, COMMAND)[0] == Rv.RESET_CARD
        assert one.reconnect(card)[1] == Rv.SUCCESS
        assert one.transmit(card, COMMAND)[0] == Rv.SUCCESS


def test_an_exclusive_link_in_the_process_excludes_clients(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (reader, server), Wire(server.path) as one:
        with reader.link("CPS", exclusive=True):
            assert one.connect(CPS)[2] == Rv.SHARING_VIOLATION
        assert one.connect(CPS)[2] == Rv.SUCCESS


def test_an_unused_card_loses_its_supply(tmp_path: Path) -> None:
    fake = FakeCard()
    with serving(tmp_path, fake, idle_power_off=0.05) as (_, server), Wire(server.path) as one:
        until(lambda: fake.off == 1)
        assert one.state(CPS).bits == PRESENT
        card = one.card(CPS)
        assert fake.cold == 2
        assert one.transmit(card, COMMAND)[0] == Rv.SUCCESS
        time.sleep(0.15)
        assert fake.off == 1, "a card in use keeps its supply"
        one.disconnect(card)
        until(lambda: fake.off == 2)
        assert one.state(CPS).protocol == 0


class Broken(FakeCard):
    """Raises what no link raises."""

    def transmit(self, command: bytes, /) -> bytes:
        raise RuntimeError("out of order")


def test_a_card_that_fails_does_not_end_the_client(tmp_path: Path) -> None:
    with serving(tmp_path, Broken()) as (_, server), Wire(server.path) as one:
        card = one.card(CPS)
        assert one.transmit(card, COMMAND)[0] == Rv.NOT_TRANSACTED
        assert one.status(card) == Rv.SUCCESS


class Dead(FakeCard):
    """Cannot be reset."""

    def reset(self) -> bytes:
        raise RuntimeError("mute")


def test_a_card_that_does_not_answer_to_reset(tmp_path: Path) -> None:
    with serving(tmp_path, Dead()) as (_, server), Wire(server.path) as one:
        card = one.card(CPS)
        assert one.reconnect(card, Disposition.RESET)[1] == Rv.UNRESPONSIVE_CARD
        state = one.state(CPS)
        assert (state.bits, state.atr) == (0x0C, b"")


def test_the_reader_goes_away(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (reader, server), Wire(server.path) as one:
        card = one.card(CPS)
        reader.close()
        assert one.transmit(card, COMMAND)[0] == Rv.READER_UNAVAILABLE
        assert one.connect(CPS)[2] == Rv.READER_UNAVAILABLE
        assert one.state(CPS).bits == 1
        assert one.disconnect(card) == Rv.SUCCESS
