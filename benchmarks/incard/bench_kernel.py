"""APDUs in process: the card kernel, with a store in memory, against the least that is still a card."""

from collections.abc import Callable, Iterator

from cards import powered
from frame import Result, pinned, rate_against
from honestcard import HonestCard

APPLICATION = bytes.fromhex("E828BD080F8025000001FF0010")
SELECT_APPLICATION = bytes.fromhex("00A4040C0D") + APPLICATION
VERIFY = bytes.fromhex("002000010431323334")
SELECT = bytes.fromhex("00A4020402D12000")
READ = bytes.fromhex("00B0000010")
TURNS = 5_000


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
    floor = HonestCard(APPLICATION, {bytes.fromhex("D120"): bytes(64)}, b"1234")
    for one in (card, floor):
        for command in (SELECT_APPLICATION, VERIFY, SELECT, READ):
            assert one.transmit(command)[-2:] == b"\x90\x00", command.hex()
    with pinned():
        for name, commands, most in (
            ("SELECT EF with FCP + READ BINARY 16 under PIN", (SELECT, READ), 4.5),
            ("VERIFY, right PIN, store in memory", (VERIFY,), 8.0),
        ):
            yield rate_against(
                name,
                repeated(card.transmit, *commands),
                repeated(floor.transmit, *commands),
                len(commands) * TURNS,
                rounds=21,
                most=most,
                note="times an honest minimal card in Python",
            )
