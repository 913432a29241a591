"""A two-slot reader with echo cards in it."""

from collections.abc import Iterator

import pytest
from echocard import BOUND, EchoCard

from bifente.reader import TwoSlotReader


@pytest.fixture
def reader() -> Iterator[TwoSlotReader]:
    reader = TwoSlotReader("test", wait=BOUND)
    yield reader
    reader.close()


@pytest.fixture
def cps(reader: TwoSlotReader) -> EchoCard:
    card = EchoCard(serial="99000001")
    reader.insert("CPS", card)
    return card


@pytest.fixture
def vitale(reader: TwoSlotReader) -> EchoCard:
    card = EchoCard(serial="99000002")
    reader.insert("Vitale", card)
    return card
