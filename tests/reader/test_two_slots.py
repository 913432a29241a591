"""The two-slot reader: cards come and go, links share them, and nobody waits for ever."""

import gc
import threading
import time

import pytest
from echocard import BOTH_ATR, BOUND, T0_ATR, T1_ATR, EchoCard, in_thread

from bifente.apdu.link import (
    Card,
    CardAbsent,
    CardRemoved,
    Link,
    LinkError,
    LinkTimeout,
    TransmissionProtocol,
)
from bifente.reader import (
    CardWasReset,
    DuplicateCard,
    HasSerial,
    ProtocolMismatch,
    SlotChange,
    SlotInUse,
    SlotOccupied,
    T0Front,
    TwoSlotReader,
    UnknownSlot,
)


def test_the_protocols_are_met(reader: TwoSlotReader, cps: EchoCard) -> None:
    link = reader.link("CPS")
    assert isinstance(link, Link)
    assert isinstance(cps, Card)
    assert isinstance(T0Front(cps), Card)
    assert isinstance(cps, HasSerial)
    assert isinstance(T0Front(cps), HasSerial)


def test_insertion_powers_the_card_on_and_keeps_its_atr(reader: TwoSlotReader) -> None:
    card = EchoCard()
    assert reader.insert("CPS", card) == T0_ATR
    assert card.calls == ["on"]
    link = reader.link("CPS")
    assert (link.atr, link.protocol, link.slot) == (T0_ATR, TransmissionProtocol.T0, "CPS")
    assert card.calls == ["on"]
    assert reader.card("CPS") is card
    assert reader.card("Vitale") is None


def test_a_t0_card_gets_the_front(reader: TwoSlotReader, cps: EchoCard) -> None:
    link = reader.link("CPS")
    assert link.transmit(bytes.fromhex("00A4040002ABCD00")) == bytes.fromhex("6103")
    assert link.transmit(bytes.fromhex("00C0000003")) == bytes.fromhex("ABCD009000")


@pytest.mark.parametrize(
    ("atr", "front", "expected"),
    [(T0_ATR, False, "ABCD9000"), (T1_ATR, None, "ABCD9000"), (T1_ATR, True, "6103"), (T0_ATR, True, "6103")],
)
def test_whether_the_front_stands_there_is_an_option(
    reader: TwoSlotReader, atr: bytes, front: bool | None, expected: str
) -> None:
    reader.insert("CPS", EchoCard(atr), front=front)
    assert reader.link("CPS").transmit(bytes.fromhex("00A4040002ABCD")) == bytes.fromhex(expected)


def test_a_card_that_speaks_tpdus_gets_no_second_front(reader: TwoSlotReader) -> None:
    reader.insert("CPS", T0Front(EchoCard()))
    link = reader.link("CPS")
    assert link.transmit(bytes.fromhex("00A4040002ABCD")) == bytes.fromhex("6103")
    assert link.transmit(bytes.fromhex("00C0000003")) == bytes.fromhex("ABCD009000")


def test_the_protocol_of_a_card_that_has_two(reader: TwoSlotReader) -> None:
    reader.insert("CPS", EchoCard(BOTH_ATR))
    select = bytes.fromhex("00A4040002ABCD")
    with reader.link("CPS", protocol=TransmissionProtocol.T1) as first:
        assert first.protocol is TransmissionProtocol.T1
        assert first.transmit(select) == bytes.fromhex("ABCD9000")
        with pytest.raises(ProtocolMismatch):
            reader.link("CPS", protocol=TransmissionProtocol.T0)
        first.reset()
        assert first.protocol is TransmissionProtocol.T1
    with reader.link("CPS", protocol=TransmissionProtocol.T0) as second:
        assert second.transmit(select) == bytes.fromhex("6103")


def test_a_protocol_the_card_has_not(reader: TwoSlotReader, cps: EchoCard) -> None:
    with pytest.raises(ProtocolMismatch, match="speaks T=0, not T=1"):
        reader.link("CPS", protocol=TransmissionProtocol.T1)
    assert reader.status("CPS").links == 0


def test_an_atr_nobody_can_read_does_not_keep_a_card_out(reader: TwoSlotReader) -> None:
    reader.insert("CPS", EchoCard(b"\x00\x01"))
    assert reader.link("CPS").protocol is TransmissionProtocol.T0


def test_refusals(reader: TwoSlotReader, cps: EchoCard) -> None:
    with pytest.raises(SlotOccupied):
        reader.insert("CPS", EchoCard())
    with pytest.raises(UnknownSlot, match="no slot Third; this reader has CPS, Vitale"):
        reader.insert("Third", EchoCard())
    with pytest.raises(CardAbsent):
        reader.link("Vitale")
    with pytest.raises(CardAbsent):
        reader.remove("Vitale")
    with pytest.raises(CardAbsent):
        reader.warm_reset("Vitale")


def test_two_cards_of_one_serial_are_refused(reader: TwoSlotReader, cps: EchoCard) -> None:
    twin = EchoCard(serial="99000001")
    with pytest.raises(DuplicateCard, match="serial number 99000001 is in slot CPS already"):
        reader.insert("Vitale", twin)
    with pytest.raises(DuplicateCard):
        reader.insert("Vitale", T0Front(twin))
    with pytest.raises(DuplicateCard):
        reader.insert("Vitale", cps)
    assert twin.calls == []
    assert not reader.status("Vitale").present
    reader.remove("CPS")
    reader.insert("Vitale", twin)


def test_a_serial_that_only_a_powered_card_tells(reader: TwoSlotReader, cps: EchoCard) -> None:
    class Shy(EchoCard):
        def power_on(self) -> bytes:
            self.serial = "99000001"
            return super().power_on()

    twin = Shy()
    with pytest.raises(DuplicateCard, match="serial number 99000001 is in slot CPS already"):
        reader.insert("Vitale", twin)
    assert twin.calls == ["on", "off"]
    assert not reader.status("Vitale").present
    assert reader.event_number == 1


def test_cards_without_a_serial_may_be_two(reader: TwoSlotReader) -> None:
    reader.insert("CPS", EchoCard())
    reader.insert("Vitale", EchoCard())


def test_a_card_that_cannot_start_leaves_the_slot_empty(reader: TwoSlotReader) -> None:
    class Dead(EchoCard):
        def power_on(self) -> bytes:
            raise OSError("its file is in use")

    with pytest.raises(OSError, match="its file is in use"):
        reader.insert("CPS", Dead())
    assert not reader.status("CPS").present
    assert reader.event_number == 0
    reader.insert("CPS", EchoCard())


def test_removal(reader: TwoSlotReader, cps: EchoCard) -> None:
    link = reader.link("CPS")
    assert reader.remove("CPS") is cps
    assert cps.calls == ["on", "off"]
    for use in (lambda: link.transmit(b"\0\0\0\0"), link.reset, link.cold_reset, link.power_off):
        with pytest.raises(CardRemoved):
            use()
    with pytest.raises(CardRemoved), link.transaction():
        pass
    assert not link.alive
    reader.insert("CPS", cps)
    with pytest.raises(CardRemoved):
        link.transmit(b"\0\0\0\0")
    assert reader.link("CPS").transmit(b"\0\x20\0\1") == b"\x90\x00"


def test_removal_in_the_middle_of_a_command(reader: TwoSlotReader, cps: EchoCard) -> None:
    cps.hold = threading.Event()
    link = reader.link("CPS")
    sender = in_thread(lambda: link.transmit(b"\0\xb0\0\0\1"))
    assert cps.entered.wait(BOUND)
    remover = in_thread(lambda: reader.remove("CPS"))
    deadline = time.monotonic() + BOUND
    while reader.status("CPS").present:
        assert time.monotonic() < deadline
    cps.hold.set()
    with pytest.raises(CardRemoved):
        sender.get()
    assert remover.get() is cps
    assert cps.calls == ["on", "off"]


def test_a_hung_card_does_not_hold_the_reader_up(cps: EchoCard, reader: TwoSlotReader) -> None:
    other = EchoCard()
    reader.insert("Vitale", other)
    reader.wait = 0.05
    cps.hold = threading.Event()
    link = reader.link("CPS")
    sender = in_thread(lambda: link.transmit(b"\0\xb0\0\0\1"))
    assert cps.entered.wait(BOUND)
    with pytest.raises(LinkTimeout):
        reader.remove("CPS")
    assert not reader.status("CPS").present
    assert other.calls == ["on", "reset"]
    assert cps.calls == ["on"]
    cps.hold.set()
    with pytest.raises(CardRemoved):
        sender.get()
    assert cps.calls == ["on", "off"]


def test_waiting_for_a_busy_card_is_bounded() -> None:
    with TwoSlotReader(wait=0.05) as reader:
        card = EchoCard()
        reader.insert("CPS", card)
        card.hold = threading.Event()
        first, second = reader.link("CPS"), reader.link("CPS")
        sender = in_thread(lambda: first.transmit(b"\0\xb0\0\0\1"))
        assert card.entered.wait(BOUND)
        with pytest.raises(LinkTimeout):
            second.transmit(b"\0\xb0\0\0\1")
        with pytest.raises(LinkTimeout), second.transaction():
            pass
        card.hold.set()
        sender.get()
        assert not reader.status("CPS").in_transaction


def test_resets_and_power(reader: TwoSlotReader, cps: EchoCard) -> None:
    link = reader.link("CPS")
    assert link.reset() == T0_ATR
    assert link.cold_reset() == T0_ATR
    assert reader.warm_reset("CPS") == T0_ATR
    assert reader.cold_reset("CPS") == T0_ATR
    assert cps.calls == ["on", "reset", "off", "on", "reset", "off", "on"]
    assert link.resets == 4
    cps.calls.clear()
    link.power_off()
    link.power_off()
    assert not reader.status("CPS").powered
    assert link.transmit(b"\0\xa4\0\0") == b"\x90\x00"
    assert cps.calls == ["off", "on"]


def test_a_reset_drops_what_waits_for_get_response(reader: TwoSlotReader, cps: EchoCard) -> None:
    link = reader.link("CPS")
    for restart in (link.reset, link.cold_reset, link.power_off):
        assert link.transmit(bytes.fromhex("00A4040002ABCD")) == bytes.fromhex("6103")
        restart()
        assert link.transmit(bytes.fromhex("00C0000003")) == bytes.fromhex("6985")


def test_a_link_may_ask_to_be_told_of_resets(reader: TwoSlotReader, cps: EchoCard) -> None:
    told, other = reader.link("CPS", tell_resets=True), reader.link("CPS")
    told.reset()
    assert told.transmit(b"\0\x20\0\1") == b"\x90\x00"
    other.reset()
    for _ in range(2):
        with pytest.raises(CardWasReset):
            told.transmit(b"\0\x88\0\0")
    told.acknowledge_resets()
    assert told.transmit(b"\0\x88\0\0") == b"\x69\x82"
    other.power_off()
    with pytest.raises(CardWasReset):
        told.transmit(b"\0\x88\0\0")
    told.reset()
    assert told.transmit(b"\0\x20\0\1") == b"\x90\x00"


def test_exclusive_links(reader: TwoSlotReader, cps: EchoCard) -> None:
    shared = reader.link("CPS")
    with pytest.raises(SlotInUse):
        reader.link("CPS", exclusive=True)
    shared.close()
    shared.close()
    alone = reader.link("CPS", exclusive=True)
    with pytest.raises(SlotInUse):
        reader.link("CPS")
    assert reader.status("CPS").exclusive
    alone.close()
    with pytest.raises(CardRemoved):
        alone.transmit(b"\0\0\0\0")
    reader.link("CPS")


def test_a_forgotten_link_does_not_block_its_card(reader: TwoSlotReader, cps: EchoCard) -> None:
    reader.link("CPS", exclusive=True)
    gc.collect()
    assert reader.status("CPS").links == 0
    reader.link("CPS")


def test_a_transaction_keeps_others_out(reader: TwoSlotReader, cps: EchoCard) -> None:
    mine, other = reader.link("CPS"), reader.link("CPS")
    order: list[str] = []

    def intrude() -> None:
        other.transmit(b"\0\xb0\0\0\1")
        order.append("other")

    with mine.transaction():
        with mine.transaction():
            mine.transmit(b"\0\xb0\0\0\1")
        intruder = in_thread(intrude)
        intruder.thread.join(0.05)
        assert intruder.thread.is_alive()
        mine.transmit(b"\0\xb0\0\0\1")
        order.append("mine")
        assert reader.status("CPS").in_transaction
    intruder.get()
    assert order == ["mine", "other"]
    assert not reader.status("CPS").in_transaction


def test_closing_a_link_ends_its_transaction(reader: TwoSlotReader, cps: EchoCard) -> None:
    mine, other = reader.link("CPS"), reader.link("CPS")
    with mine.transaction():
        waiting = in_thread(lambda: other.transmit(b"\0\x20\0\1"))
        mine.close()
        assert waiting.get() == b"\x90\x00"


def test_removal_wakes_who_waits_for_a_transaction(reader: TwoSlotReader, cps: EchoCard) -> None:
    mine, other = reader.link("CPS"), reader.link("CPS")
    with mine.transaction():
        waiting = [in_thread(lambda: other.transmit(b"\0\x20\0\1")), in_thread(other.reset)]
        started = time.monotonic()
        reader.remove("CPS")
        for outcome in waiting:
            with pytest.raises(CardRemoved):
                outcome.get()
        assert time.monotonic() - started < BOUND / 2


def test_the_slots_work_in_parallel(reader: TwoSlotReader, cps: EchoCard, vitale: EchoCard) -> None:
    cps.hold = threading.Event()
    slow = in_thread(lambda: reader.link("CPS").transmit(b"\0\xb0\0\0\1"))
    assert cps.entered.wait(BOUND)
    link = reader.link("Vitale")
    for _ in range(100):
        assert link.transmit(b"\0\x20\0\1") == b"\x90\x00"
    assert reader.status("CPS").present
    cps.hold.set()
    slow.get()


def test_many_threads_share_a_card(reader: TwoSlotReader, cps: EchoCard) -> None:
    """The card itself fails when it is entered twice; each transaction sees its own commands only."""
    seen: list[int] = []

    def work(number: int) -> None:
        link = reader.link("CPS")
        for _ in range(50):
            with link.transaction():
                seen.append(number)
                link.transmit(b"\0\xb0\0\0\1")
                link.transmit(b"\0\xb0\0\0\1")
                seen.append(number)
        link.close()

    for outcome in [in_thread(lambda n=n: work(n)) for n in range(6)]:
        outcome.get()
    assert len(seen) == 600
    assert all(seen[i] == seen[i + 1] for i in range(0, 600, 2))


def test_cards_come_and_go_under_load(reader: TwoSlotReader) -> None:
    stop = threading.Event()

    def use(slot: str) -> int:
        done = 0
        while not stop.is_set():
            try:
                with reader.link(slot) as link:
                    while True:
                        link.transmit(b"\0\xb0\0\0\1")
                        done += 1
            except LinkError:
                continue
        return done

    users = [in_thread(lambda slot=slot: use(slot)) for slot in ("CPS", "CPS", "Vitale", "Vitale")]
    cards = {"CPS": EchoCard(), "Vitale": EchoCard()}
    with reader.subscribe() as events:
        for turn in range(40):
            slot = "CPS" if turn % 2 else "Vitale"
            reader.insert(slot, cards[slot])
            reader.link(slot).reset()
            assert reader.remove(slot) is cards[slot]
            assert not cards[slot].on
        changes = [
            event.change
            for event in events.pending()
            if event.change in (SlotChange.INSERTED, SlotChange.REMOVED)
        ]
    stop.set()
    for user in users:
        assert isinstance(user.get(), int)
    assert changes == [SlotChange.INSERTED, SlotChange.REMOVED] * 40
