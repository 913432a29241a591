"""A small card of our own for the kernel's tests, and the rule that no card may fail unexpectedly."""

import json
import logging
from collections.abc import Callable, Iterator

import pytest
from explained import explained

from bifente.apdu.files.security import Operation
from bifente.applets import SmartCard
from bifente.applets.commands import binary, cardholder, dataobjects, selection
from bifente.applets.kernel.files import decode_content
from bifente.applets.kernel.instruction import table
from bifente.applets.store.stores import MemoryStore
from bifente.layouts.access import ALWAYS, NEVER, Pin
from bifente.layouts.codec import RawCodec
from bifente.layouts.nodes import DF, EF, SYNTHETIC, Layout, PinObject, ef_access

FREE = EF("FREE", 0x2001, RawCodec(), ef_access(read=ALWAYS, update=ALWAYS), SYNTHETIC, 0x01)
GUARDED = EF("GUARDED", 0x2002, RawCodec(), ef_access(read=Pin(1), update=Pin(1)), SYNTHETIC, 0x02)
CLOSED = EF("CLOSED", 0x2003, RawCodec(), ef_access(read=NEVER), SYNTHETIC)

_PIN_RULES = {
    Operation.CHANGE: ALWAYS,
    Operation.VERIFY: ALWAYS,
    Operation.RESET: Pin(2),
    Operation.GET: ALWAYS,
}
_PUK_RULES = {
    Operation.CHANGE: NEVER,
    Operation.VERIFY: ALWAYS,
    Operation.RESET: NEVER,
    Operation.GET: ALWAYS,
}

LAYOUT = Layout(
    "mini",
    "mini",
    "a mini card",
    bytes.fromhex("3B00"),
    bytes.fromhex("A000000001"),
    DF(
        "MF",
        0x3F00,
        SYNTHETIC,
        bytes.fromhex("A000000001"),
        children=(
            FREE,
            DF("ADF 1", 0x0001, SYNTHETIC, bytes.fromhex("A00000000101"), children=(GUARDED, CLOSED)),
            DF("ADF 2", 0x0002, SYNTHETIC, bytes.fromhex("A00000000102")),
        ),
        pins=(
            PinObject("PIN", 1, _PIN_RULES, 3, SYNTHETIC, "pin", unblocked_by=2),
            PinObject("PUK", 2, _PUK_RULES, 10, SYNTHETIC, "puk", min_length=8, uses=2),
        ),
    ),
    frozenset({0x00, 0x04, 0x0C}),
    SYNTHETIC,
)

INSTRUCTIONS = table(
    (
        selection.instruction(LAYOUT.select_answers),
        binary.READ_BINARY,
        binary.UPDATE_BINARY,
        dataobjects.GET_DATA,
        cardholder.VERIFY,
        cardholder.CHANGE_REFERENCE_DATA,
        cardholder.RESET_RETRY_COUNTER,
    )
)


def mini_records() -> dict[str, bytes]:
    """The records of a fresh small card."""
    return {
        "meta": json.dumps({"kind": "mini", "serial": "1"}).encode(),
        "file/3F00/2001": decode_content(FREE, bytes(range(200)) + bytes(200)),
        "file/3F00/0001/2002": decode_content(GUARDED, b"guarded."),
        "file/3F00/0001/2003": decode_content(CLOSED, b"closed"),
        "pin/01": b"1234",
        "pin/01/left": b"\x03",
        "pin/02": b"12345678",
        "pin/02/left": b"\x0a",
        "pin/02/uses": b"\x00\x02",
    }


Talk = Callable[[str], str]


@pytest.fixture(scope="session")
def make_mini() -> Callable[[], SmartCard]:
    """Makes powered small cards."""

    def make() -> SmartCard:
        card = SmartCard(MemoryStore(mini_records()), LAYOUT, INSTRUCTIONS)
        card.power_on()
        return card

    return make


@pytest.fixture
def mini(make_mini: Callable[[], SmartCard]) -> SmartCard:
    """A powered small card."""
    return make_mini()


@pytest.fixture
def talk(mini: SmartCard) -> Talk:
    """Send hexadecimal, get hexadecimal."""

    def send(command: str) -> str:
        return explained(mini, mini.transmit(bytes.fromhex(command))).hex().upper()

    return send


@pytest.fixture(autouse=True)
def no_unexpected_failure(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """6F00 with a logged traceback fails the test that caused it."""
    with caplog.at_level(logging.ERROR, logger="bifente.applets"):
        yield
    failures = [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    assert not failures, f"the card failed unexpectedly: {failures[0].getMessage()} {failures[0].exc_info}"
