"""Many clients: they share threads, and nobody waits for a card that another one uses, nor for a person."""

import threading
from contextlib import ExitStack
from pathlib import Path

from pcscwire import SECONDS, FakeCard, Wire, serving, until

from bifente.reader.pcsclite.codes import Rv
from bifente.reader.pcsclite.server import FEW_CLIENTS
from bifente.reader.pinpad import PinPad, Prompt

CPS, VITALE = "R [CPS] 00 00", "R [Vitale] 00 01"
READ = bytes.fromhex("00B0000004")
VERIFY_DIRECT = 0x42330006
VERIFY = bytes.fromhex("1E00820000" + "0804" + "0201" + "0000" + "00" + "000000" + "04000000" + "00200001")
MANY = 40


def threads(name: str) -> int:
    return sum(thread.name == name for thread in threading.enumerate())


def test_many_clients_share_a_few_threads(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (_, server), ExitStack() as connections:
        wires = [connections.enter_context(Wire(server.path)) for _ in range(MANY)]
        cards = [wire.card(CPS) for wire in wires]
        for _ in range(20):
            for wire, card in zip(wires, cards, strict=True):
                assert wire.transmit(card, READ)[0] == Rv.SUCCESS
        # One after the other: no more are at work than one, whatever the machine does besides.
        assert threads("pcsc client") <= FEW_CLIENTS + 4
        connections.close()
        until(lambda: server.clients == 0)


def test_cards_at_work_keep_nobody_else_waiting(tmp_path: Path) -> None:
    """Twelve commands to a card that does not answer yet, twelve wait for its transaction; the other slot goes on."""
    held = FakeCard()
    held.hold = threading.Event()
    with (
        serving(tmp_path, held, FakeCard()) as (_, server),
        ExitStack() as connections,
        Wire(server.path) as one,
    ):
        wires = [connections.enter_context(Wire(server.path)) for _ in range(24)]
        cards = [wire.card(CPS) for wire in wires]
        vitale = one.card(VITALE)
        results: list[int] = []
        working = [
            threading.Thread(
                target=lambda wire, card: results.append(wire.transmit(card, READ)[0]), args=pair
            )
            for pair in zip(wires[:12], cards[:12], strict=True)
        ]
        for thread in working:
            thread.start()
        assert held.busy.wait(SECONDS)
        for _ in range(50):
            assert one.transmit(vitale, READ)[0] == Rv.SUCCESS
        held.hold.set()
        for thread in working:
            thread.join(SECONDS)
        assert results == [Rv.SUCCESS] * 12

        wires[0].begin(cards[0])
        waiting = [
            threading.Thread(target=lambda wire, card: (wire.begin(card), wire.end(card)), args=pair)
            for pair in zip(wires[1:12], cards[1:12], strict=True)
        ]
        for thread in waiting:
            thread.start()
        until(lambda: server.slot(CPS.encode()).queued > 5)
        for _ in range(50):
            assert one.transmit(vitale, READ)[0] == Rv.SUCCESS
        assert wires[0].end(cards[0]) == Rv.SUCCESS
        for thread in waiting:
            thread.join(SECONDS)
            assert not thread.is_alive()


def test_somebody_who_types_keeps_nobody_waiting(tmp_path: Path) -> None:
    asked, go_on = threading.Event(), threading.Event()

    class Thinker:
        def enter(self, prompt: Prompt) -> str:
            asked.set()
            assert go_on.wait(SECONDS)
            return "1234"

    with (
        serving(tmp_path, FakeCard(answer=b"\x90\x00"), FakeCard(), pin_pad=PinPad(Thinker())) as (_, server),
        ExitStack() as connections,
    ):
        wires = [connections.enter_context(Wire(server.path)) for _ in range(FEW_CLIENTS + 3)]
        cards = [wire.card(VITALE) for wire in wires[1:]]
        card = wires[0].card(CPS)
        results: list[tuple[int, bytes]] = []
        typing = threading.Thread(
            target=lambda: results.append(wires[0].control(card, VERIFY_DIRECT, VERIFY))
        )
        typing.start()
        assert asked.wait(SECONDS)
        for wire, other in zip(wires[1:], cards, strict=True):
            assert wire.transmit(other, READ)[0] == Rv.SUCCESS
        go_on.set()
        typing.join(SECONDS)
        assert results == [(Rv.SUCCESS, b"\x90\x00")]


def test_half_a_message_keeps_nobody_waiting(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (_, server), ExitStack() as connections:
        wires = [connections.enter_context(Wire(server.path)) for _ in range(MANY)]
        for wire in wires[: MANY // 2]:
            wire.raw(b"\x20\x00\x00")
        for wire in wires[MANY // 2 :]:
            assert wire.transmit(wire.card(CPS), READ)[0] == Rv.SUCCESS
        for wire in wires[: MANY // 2]:
            wire.kill()
        until(lambda: server.clients == MANY // 2)


def test_messages_sent_together_are_all_answered(tmp_path: Path) -> None:
    """Nothing tells again of what came with the first."""
    with serving(tmp_path, FakeCard()) as (_, server), ExitStack() as connections:
        wires = [connections.enter_context(Wire(server.path)) for _ in range(FEW_CLIENTS + 2)]
        for wire in wires:
            assert wire.events()[1] == Rv.SUCCESS
            for _ in range(5):
                wire.raw((0).to_bytes(4, "little") + (0x15).to_bytes(4, "little"))
            wire.raw(((0).to_bytes(4, "little") + (0x15).to_bytes(4, "little")) * 20)
            assert len(wire.receive(25 * 8)) == 200


def test_closing_ends_the_threads(tmp_path: Path) -> None:
    with serving(tmp_path, FakeCard()) as (_, server), ExitStack() as connections:
        for _ in range(MANY):
            connections.enter_context(Wire(server.path)).card(CPS)
        server.close()
        assert threads("pcsc client") == threads("pcsc relief") == 0
