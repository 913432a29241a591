"""The two slots over time: what is told of them, their status, and any order of what may happen."""

import pytest
from echocard import BOUND, T0_ATR, EchoCard, in_thread
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bifente.apdu.link import (
    CardAbsent,
    CardRemoved,
    LinkTimeout,
    ReaderGone,
)
from bifente.reader import (
    DuplicateCard,
    SlotChange,
    SlotOccupied,
    TwoSlotReader,
)


def test_events_are_told_in_order(reader: TwoSlotReader) -> None:
    cps, vitale = EchoCard(), EchoCard()
    with reader.subscribe() as events:
        reader.insert("CPS", cps)
        reader.insert("Vitale", vitale)
        reader.link("CPS").cold_reset()
        reader.link("CPS").power_off()
        reader.remove("CPS")
        told = [(e.number, e.slot, e.change.value, e.counter, e.atr) for e in events.pending()]
        assert told == [
            (1, "CPS", "inserted", 1, T0_ATR),
            (2, "Vitale", "inserted", 1, T0_ATR),
            (3, "CPS", "cold reset", 1, T0_ATR),
            (4, "CPS", "powered off", 1, T0_ATR),
            (5, "CPS", "removed", 2, b""),
            (6, "Vitale", "warm reset", 1, T0_ATR),
        ]
        assert reader.event_number == 6
        with pytest.raises(LinkTimeout):
            events.get(0.01)
    reader.remove("Vitale")
    assert events.pending() == []
    assert reader.status("CPS").counter == 2


def test_waiting_for_an_event(reader: TwoSlotReader) -> None:
    with pytest.raises(LinkTimeout):
        reader.wait_for_event(0, 0.01)
    waiting = in_thread(lambda: reader.wait_for_event(0, BOUND))
    reader.insert("CPS", EchoCard())
    assert waiting.get() == 1
    assert reader.wait_for_event(0, 0) == 1


def test_events_may_be_delivered_elsewhere(reader: TwoSlotReader) -> None:
    got: list[SlotChange] = []
    subscription = reader.subscribe(lambda event: got.append(event.change))
    reader.insert("CPS", EchoCard())
    subscription.close()
    subscription.close()
    reader.remove("CPS")
    assert got == [SlotChange.INSERTED]


def test_closing_the_reader(cps: EchoCard, vitale: EchoCard, reader: TwoSlotReader) -> None:
    link = reader.link("CPS")
    waiting = in_thread(lambda: reader.wait_for_event(reader.event_number + 2, BOUND))
    with reader.subscribe() as events:
        reader.close()
        assert [event.change for event in events.pending()] == [SlotChange.READER_GONE] * 2
    reader.close()
    with pytest.raises(ReaderGone):
        link.transmit(b"\0\0\0\0")
    with pytest.raises(ReaderGone):
        reader.link("CPS")
    with pytest.raises(ReaderGone):
        reader.insert("CPS", EchoCard())
    with pytest.raises(ReaderGone):
        waiting.get()
    assert cps.calls[-1] == vitale.calls[-1] == "off"
    assert not reader.status("CPS").present


def test_status(reader: TwoSlotReader, cps: EchoCard) -> None:
    empty = reader.status("Vitale")
    assert (empty.present, empty.powered, empty.atr, empty.protocol, empty.counter) == (
        False,
        False,
        b"",
        None,
        0,
    )
    link = reader.link("CPS")
    status = reader.status("CPS")
    assert (status.present, status.powered, status.atr, status.counter) == (True, True, T0_ATR, 1)
    assert (status.links, status.exclusive, status.in_transaction, status.resets) == (1, False, False, 0)
    with link.transaction():
        assert reader.status("CPS").in_transaction


def test_names() -> None:
    reader = TwoSlotReader("Example bi-fente")
    assert reader.slot_name("CPS") == "Example bi-fente [CPS] 00 00"
    assert reader.slot_name("Vitale") == "Example bi-fente [Vitale] 00 01"
    with pytest.raises(ValueError, match="127 bytes"):
        TwoSlotReader("x" * 120)
    for slots in ((), ("A", "A"), tuple("ABCDEFGHIJKLMNOPQ")):
        with pytest.raises(ValueError):
            TwoSlotReader(slots=slots)


def test_what_a_card_raises_passes_through(reader: TwoSlotReader) -> None:
    class Full(EchoCard):
        def transmit(self, command: bytes) -> bytes:
            raise OSError("no space left")

    reader.insert("CPS", Full())
    link = reader.link("CPS")
    for _ in range(2):
        with pytest.raises(OSError, match="no space left"):
            link.transmit(b"\0\0\0\0")


class SlotMachine(RuleBasedStateMachine):
    """Insertions, removals and links in any order, against a model of a dozen lines."""

    def __init__(self) -> None:
        super().__init__()
        self.reader = TwoSlotReader(wait=1)
        self.model: dict[str, EchoCard] = {}
        self.links: list[tuple[object, EchoCard, str]] = []

    slots = st.sampled_from(["CPS", "Vitale"])

    @rule(slot=slots, serial=st.sampled_from(["1", "2", None]))
    def insert(self, slot: str, serial: str | None) -> None:
        card = EchoCard(serial=serial)
        taken = any(serial is not None and other.serial == serial for other in self.model.values())
        try:
            self.reader.insert(slot, card)
        except SlotOccupied:
            assert slot in self.model
        except DuplicateCard:
            assert taken
        else:
            assert slot not in self.model
            assert not taken
            self.model[slot] = card

    @rule(slot=slots)
    def remove(self, slot: str) -> None:
        card = self.model.pop(slot, None)
        if card is None:
            with pytest.raises(CardAbsent):
                self.reader.remove(slot)
            return
        assert self.reader.remove(slot) is card
        for other in self.model.values():
            assert not other.verified

    @rule(slot=slots)
    def open(self, slot: str) -> None:
        if slot in self.model:
            self.links.append((self.reader.link(slot), self.model[slot], slot))

    @precondition(lambda self: self.links)
    @rule(data=st.data(), what=st.sampled_from(["transmit", "reset", "cold_reset", "power_off", "close"]))
    def use(self, data: st.DataObject, what: str) -> None:
        link, card, slot = data.draw(st.sampled_from(self.links))
        there = self.model.get(slot) is card and not link.closed  # type: ignore[attr-defined]
        work = {"transmit": lambda: link.transmit(b"\0\x20\0\1")}.get(what) or getattr(link, what)  # type: ignore[attr-defined]
        if there or what == "close":
            work()
            assert what != "transmit" or card.verified
            assert what not in ("reset", "cold_reset", "power_off") or not card.verified
        else:
            with pytest.raises(CardRemoved):
                work()

    @invariant()
    def agree(self) -> None:
        for slot in ("CPS", "Vitale"):
            assert self.reader.status(slot).present == (slot in self.model)
            if slot in self.model:
                assert self.reader.status(slot).powered == self.model[slot].on

    def teardown(self) -> None:
        self.reader.close()
        assert not any(card.on for card in self.model.values())


SlotMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestSlotMachine = SlotMachine.TestCase
