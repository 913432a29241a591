"""A slot as PC/SC sees it, when cards come and go in the middle of what a client asks."""

from collections.abc import Callable, Iterator

import pytest

from bifente.apdu.link import LinkTimeout
from bifente.reader import TwoSlotReader
from bifente.reader.errors import CardPulled
from bifente.reader.pcsclite.codes import PROTOCOL_T0, PROTOCOL_T1, Disposition, Rv, Share
from bifente.reader.pcsclite.handle import Handle, Refused
from bifente.reader.pcsclite.slot import PcscSlot

T1_ONLY = bytes.fromhex("3B800181")
T0_ONLY = bytes.fromhex("3B00")
BOTH = PROTOCOL_T0 | PROTOCOL_T1


class Hooked:
    """A card that calls *hook* when it is reset, once."""

    def __init__(self, atr: bytes = T1_ONLY) -> None:
        self.atr = atr
        self.hook: Callable[[], None] | None = None

    def power_on(self) -> bytes:
        return self.atr

    def reset(self) -> bytes:
        hook, self.hook = self.hook, None
        if hook is not None:
            hook()
        return self.atr

    def power_off(self) -> None:
        return

    def transmit(self, command: bytes, /) -> bytes:
        return b"\x90\x00"


def always() -> bool:
    return True


class OneSlot:
    """A reader, its first slot as PC/SC sees it, and numbers for handles."""

    def __init__(self, reader: TwoSlotReader) -> None:
        self.reader = reader
        self.seen = PcscSlot(
            reader, "CPS", "R 00 00", changed=lambda _: None, idle_power_off=None, service_ends=lambda _: None
        )
        reader.subscribe(lambda event: self.seen.happened(event) if event.slot == "CPS" else None)
        self.number = 0

    def connect(self, protocols: int = BOTH) -> tuple[Handle, int]:
        self.number += 1
        return self.seen.connect(self.number, Share.SHARED, protocols, always)


@pytest.fixture
def one() -> Iterator[OneSlot]:
    with TwoSlotReader("R", wait=0.05) as reader:
        yield OneSlot(reader)


def test_a_card_that_leaves_during_its_reset_says_nothing_of_the_next_one(one: OneSlot) -> None:
    first, second = Hooked(), Hooked()
    one.reader.insert("CPS", first)
    handle, _ = one.connect()

    def swap() -> None:
        with pytest.raises(LinkTimeout):  # the card is busy: with this reset
            one.reader.remove("CPS")
        one.reader.insert("CPS", second)
        raise CardPulled("CPS")

    first.hook = swap
    with pytest.raises(Refused) as refused:
        one.seen.reconnect(handle, Share.SHARED, BOTH, Disposition.RESET)
    assert refused.value.rv == Rv.NO_SMARTCARD
    assert one.seen.atr == T1_ONLY
    assert one.connect()[1] == PROTOCOL_T1


def test_a_card_that_did_not_come_back_from_its_reset_is_started_anew(one: OneSlot) -> None:
    card = Hooked()
    one.reader.insert("CPS", card)
    handle, _ = one.connect()

    def fail() -> None:
        raise RuntimeError("mute")

    card.hook = fail
    with pytest.raises(Refused) as refused:
        one.seen.reconnect(handle, Share.SHARED, BOTH, Disposition.RESET)
    assert refused.value.rv == Rv.UNRESPONSIVE_CARD
    assert one.connect()[1] == PROTOCOL_T1


@pytest.mark.parametrize("swap", [True, False], ids=["another card", "no card"])
def test_a_card_that_leaves_while_a_client_connects(
    one: OneSlot, swap: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.reader.insert("CPS", Hooked(T1_ONLY))
    agree = one.seen._agree

    def late(preferred: int) -> None:
        monkeypatch.undo()
        one.reader.remove("CPS")
        if swap:
            one.reader.insert("CPS", Hooked(T0_ONLY))
        agree(preferred)

    monkeypatch.setattr(one.seen, "_agree", late)
    with pytest.raises(Refused) as refused:
        one.connect()
    assert refused.value.rv == Rv.NO_SMARTCARD
    if swap:
        assert one.connect()[1] == PROTOCOL_T0


def test_who_leaves_last_does_not_take_the_link_of_who_is_coming(
    one: OneSlot, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.reader.insert("CPS", Hooked())
    leaving, _ = one.connect()
    agree = one.seen._agree

    def late(preferred: int) -> None:
        agree(preferred)
        one.seen.disconnect(leaving, Disposition.LEAVE, always)

    monkeypatch.setattr(one.seen, "_agree", late)
    coming, active = one.connect()
    assert one.seen.transmit(coming, active, bytes.fromhex("0084000008")) == b"\x90\x00"
    monkeypatch.undo()
    one.seen.disconnect(coming, Disposition.LEAVE, always)
    assert one.reader.status("CPS").links == 0


def test_who_is_refused_leaves_no_link_behind(one: OneSlot) -> None:
    one.reader.insert("CPS", Hooked(T1_ONLY))
    with pytest.raises(Refused) as refused:
        one.connect(PROTOCOL_T0)
    assert refused.value.rv == Rv.PROTO_MISMATCH
    assert one.reader.status("CPS").links == 0
