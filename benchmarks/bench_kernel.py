"""APDUs in process: the card kernel, with a store in memory."""

from collections.abc import Callable, Iterator

from cards import powered
from frame import Result, per_second

SELECT_APPLICATION = bytes.fromhex("00A4040C0DE828BD080F8025000001FF0010")
VERIFY = bytes.fromhex("002000010431323334")
SELECT = bytes.fromhex("00A4020402D120")
READ = bytes.fromhex("00B0000010")
TURNS = 20_000


def dictionary_card() -> Callable[[bytes], bytes]:
    """The floor: the least that any card can do, an answer out of a dictionary."""
    answers = {SELECT: bytes(40) + b"\x90\x00", READ: bytes(16) + b"\x90\x00", VERIFY: b"\x90\x00"}

    class Card:
        def transmit(self, command: bytes, /) -> bytes:
            return answers.get(command, b"\x6d\x00")

    return Card().transmit


def repeated(transmit: Callable[[bytes], bytes], *commands: bytes) -> Callable[[], None]:
    """*commands* in turn, TURNS times."""

    def work() -> None:
        for _ in range(TURNS):
            for command in commands:
                transmit(command)

    return work


def results() -> Iterator[Result]:
    """SELECT with FCP and READ BINARY under a PIN rule; VERIFY."""
    card = powered("gp")
    for command in (SELECT_APPLICATION, VERIFY, SELECT, READ):
        assert card.transmit(command)[-2:] == b"\x90\x00", command.hex()
    floor = dictionary_card()
    yield per_second(
        "SELECT EF with FCP + READ BINARY 16 under PIN",
        repeated(card.transmit, SELECT, READ),
        2 * TURNS,
        floor=repeated(floor, SELECT, READ),
        least=200_000,
    )
    yield per_second(
        "VERIFY, right PIN, store in memory",
        repeated(card.transmit, VERIFY),
        TURNS,
        floor=repeated(floor, VERIFY),
        least=100_000,
    )
