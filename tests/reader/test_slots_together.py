"""What the removal of one card does to the other one, and what becomes of a card that does not start again."""

import threading

import pytest
from echocard import BOUND, EchoCard, in_thread

from bifente.apdu.link import CardRemoved
from bifente.reader import CardMute, SlotChange, TwoSlotReader


def test_the_other_card_is_warm_reset_when_one_leaves(
    reader: TwoSlotReader, cps: EchoCard, vitale: EchoCard
) -> None:
    link = reader.link("Vitale")
    link.transmit(b"\0\x20\0\1")
    assert link.transmit(b"\0\x88\0\0") == b"\x61\x06"
    reader.remove("CPS")
    assert vitale.calls == ["on", "reset"]
    assert link.transmit(b"\0\x88\0\0") == b"\x69\x82"
    assert link.resets == 1


def test_even_out_of_a_transaction(reader: TwoSlotReader, cps: EchoCard, vitale: EchoCard) -> None:
    link = reader.link("Vitale")
    with link.transaction():
        link.transmit(b"\0\x20\0\1")
        reader.remove("CPS")
        assert link.transmit(b"\0\x88\0\0") == b"\x69\x82"


def test_a_busy_card_is_reset_before_its_next_command(
    cps: EchoCard, vitale: EchoCard, reader: TwoSlotReader
) -> None:
    link = reader.link("Vitale")
    link.transmit(b"\0\x20\0\1")
    vitale.hold = threading.Event()
    vitale.entered.clear()
    sender = in_thread(lambda: link.transmit(b"\0\xb0\0\0\1"))
    assert vitale.entered.wait(BOUND)
    reader.wait = 0.05
    reader.remove("CPS")
    vitale.hold.set()
    assert sender.get() == b"\x90\x00"
    assert link.transmit(b"\0\x88\0\0") == b"\x69\x82"
    assert vitale.calls == ["on", "reset"]


def test_a_busy_card_that_leaves_takes_at_once_what_it_has_opened(
    cps: EchoCard, vitale: EchoCard, reader: TwoSlotReader
) -> None:
    """A slow CPS is pulled in the middle of a command: nobody waits for its answer to close the Vitale."""
    link, other = reader.link("Vitale"), reader.link("CPS")
    link.transmit(b"\0\x20\0\1")
    cps.hold = threading.Event()
    cps.entered.clear()
    sender = in_thread(lambda: other.transmit(b"\0\xb0\0\0\1"))
    assert cps.entered.wait(BOUND)
    with reader.subscribe() as events:
        removal = in_thread(lambda: reader.remove("CPS"))
        seen = [(event.slot, event.change) for event in (events.get(BOUND), events.get(BOUND))]
    assert seen == [("CPS", SlotChange.REMOVED), ("Vitale", SlotChange.WARM_RESET)]
    assert link.transmit(b"\0\x88\0\0") == b"\x69\x82"
    assert "off" not in cps.calls, "the CPS is still at work"
    cps.hold.set()
    with pytest.raises(CardRemoved):
        sender.get()
    assert removal.get() is cps
    assert cps.calls[-1] == "off"


def test_a_card_that_does_not_start_again_is_mute(reader: TwoSlotReader, cps: EchoCard) -> None:
    """Its file was taken by another program while it had no supply, say."""
    link = reader.link("CPS")
    link.power_off()

    def refuse() -> bytes:
        raise OSError("x.card: in use")

    cps.power_on = refuse  # type: ignore[method-assign]  # a card that fails from now on
    for attempt in (lambda: link.transmit(b"\0\xb0\0\0\1"), link.reset, link.cold_reset):
        with pytest.raises(CardMute, match=r"in slot CPS does not start: x\.card: in use"):
            attempt()
    del cps.power_on
    assert link.transmit(b"\0\xb0\0\0\1") == b"\x90\x00"


def test_that_reset_is_an_option() -> None:
    with TwoSlotReader(warm_reset_other=False) as reader:
        cps, vitale = EchoCard(), EchoCard()
        reader.insert("CPS", cps)
        reader.insert("Vitale", vitale)
        reader.remove("CPS")
        assert vitale.calls == ["on"]
