"""A reader with a card that pyscard sees, and a connection to it. Without pyscard the modules here skip themselves."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from pyscardtests import BOUND, EchoCard

from bifente.reader import TwoSlotReader

if TYPE_CHECKING:
    from smartcard.CardConnection import CardConnection


@pytest.fixture
def reader() -> Iterator[TwoSlotReader]:
    from bifente.reader import pyscard as bridge

    reader = TwoSlotReader("test reader", wait=BOUND)
    bridge.register(reader)
    yield reader
    bridge.unregister(reader)
    reader.close()


@pytest.fixture
def card(reader: TwoSlotReader) -> EchoCard:
    card = EchoCard()
    reader.insert("CPS", card)
    return card


@pytest.fixture
def connection(card: EchoCard, reader: TwoSlotReader) -> "CardConnection":
    from bifente.reader import pyscard as bridge

    return bridge.pyscard_readers(reader)[0].createConnection()
